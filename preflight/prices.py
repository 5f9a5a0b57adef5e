"""Money: what the requests of a plan cost, from the price list genai-prices carries in its wheel (no network).

A price tier applies to one request: gpt-5.6-sol costs twice as much a token once a request has over 272,000. So every
piece is priced by itself and the sum taken; pricing a document's total would price a request nobody sends.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING

from preflight.model import CostRange
from preflight.price_words import token_price_words
from preflight.target import model_of
from preflight.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from genai_prices.types import PriceCalculation

    from preflight.model import Estimate, Range
    from preflight.profile import Pricing, Target

_MICRO = Decimal("0.000001")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceSize:
    """What one request is priced by.

    Attributes:
        tokens: Input tokens; None when unknown.
        pages: Pages or frames of the piece; None for flowing text, which has none.
    """

    tokens: Range | None
    pages: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A price and where it comes from.

    Attributes:
        cost: Sum over all requests; None when unknown.
        basis: Source, or why it is unknown.
    """

    cost: CostRange | None
    basis: str


def price(target: Target, model: str | None, pieces: Sequence[PieceSize]) -> Priced:
    """Price the input of the requests of a plan; what the answers cost nobody knows beforehand.

    Args:
        target: The receiving service.
        model: Model id; None for its default.
        pieces: One entry a request.

    Raises:
        UnknownTarget: The target does not know the model.
    """
    pricing = target.pricing
    if pricing is None:
        return _unknown(f"the profile of {target.ref} has no price list")
    chosen = model_of(target, model)
    name = chosen.id if chosen else target.id
    listed = _listed(pricing, name)
    if pricing.per == "page":
        return _by_page(pricing, name, listed, pieces)
    if listed is None or listed.model_price.input_mtok is None:
        return _unknown(f"genai-prices {version('genai-prices')} has no input price of {name} at {pricing.provider}")
    ranges = [piece.tokens for piece in pieces if piece.tokens is not None]
    if len(ranges) < len(pieces):
        return _unknown("the tokens are unknown")
    known: dict[int, Decimal] = {}
    totals = [
        sum((_request(listed, tokens, known) for tokens in counts), Decimal(0))
        for counts in ([one.low for one in ranges], [one.likely for one in ranges], [one.high for one in ranges])
    ]
    return Priced(cost=_cost(totals), basis=_basis(pricing, name, listed, token_price_words(listed, ranges)))


def with_cost(estimate: Estimate, priced: Priced) -> Estimate:
    """Return the estimate with its cost and the basis of it filled in."""
    return replace(estimate, cost=priced.cost, basis={**estimate.basis, "cost": priced.basis})


def _unknown(why: str) -> Priced:
    return Priced(cost=None, basis=f"unknown: {why}")


def _listed(pricing: Pricing, model: str) -> PriceCalculation | None:
    """Find the model in the price list; None when it is not there."""
    from genai_prices import Usage, calc_price

    name = dict(pricing.names).get(model, model)
    day = dt.date.fromisoformat(pricing.as_of)
    # Noon: away from the night hours in which some providers charge other rates.
    moment = dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)
    try:
        return calc_price(Usage(input_tokens=0), name, provider_id=pricing.provider, genai_request_timestamp=moment)
    except LookupError:
        return None


def _request(listed: PriceCalculation, tokens: int, known: dict[int, Decimal]) -> Decimal:
    """Price one request by its tokens, with the fee a request where the list has one."""
    from genai_prices import Usage

    if tokens not in known:
        known[tokens] = listed.model_price.calc_price(Usage(input_tokens=tokens))["total_price"]
    return known[tokens]


def _by_page(pricing: Pricing, name: str, listed: PriceCalculation | None, pieces: Sequence[PieceSize]) -> Priced:
    from genai_prices import Usage

    counts = [piece.pages for piece in pieces if piece.pages is not None]
    if len(counts) < len(pieces):
        return _unknown(f"{name} is priced by the page, and flowing text has no pages until it is printed")
    pages = sum(counts)
    if listed is not None and listed.model_price.input_document_kpages is not None:
        total = listed.model_price.calc_price(Usage(input_document_pages=pages))["total_price"]
        per_thousand = f"{counted(pages, 'page')} at {listed.model_price.input_document_kpages} USD for 1,000"
        return Priced(cost=_cost([total] * 3), basis=_basis(pricing, name, listed, per_thousand))
    fact = pricing.fact
    if fact is None or isinstance(fact.value, bool | str | None):
        return _unknown(f"there is no price by the page of {name}")
    total = Decimal(str(fact.value)) * pages / 1000
    return Priced(
        cost=_cost([total] * 3), basis=f"{counted(pages, 'page')} at {fact.value} USD for 1,000 ({fact.cited})"
    )


def _basis(pricing: Pricing, name: str, listed: PriceCalculation, what: str) -> str:
    matched = f"{name}" if listed.model.id == name else f"{name} (listed as {listed.model.id})"
    source = f"genai-prices {version('genai-prices')}, prices of {pricing.as_of}"
    return f"{what}; input of {matched} at {pricing.provider}; {source}"


def _cost(totals: Sequence[Decimal]) -> CostRange:
    low, likely, high = (_written(total) for total in totals)
    return CostRange(low=low, likely=likely, high=high)


def _written(amount: Decimal) -> str:
    """Write an amount with up to six decimals and at least two."""
    rounded = amount.quantize(_MICRO, rounding=ROUND_HALF_EVEN).normalize()
    digits = rounded.as_tuple().exponent
    return format(rounded.quantize(_CENT) if isinstance(digits, int) and digits > -2 else rounded, "f")
