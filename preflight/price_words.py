"""What requests were priced by, in words: the tokens of each, the tier that applied to it, the fee. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from preflight.model import Range
from preflight.wording import counted, interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from genai_prices.types import PriceCalculation

_MILLION = 1_000_000


def token_price_words(listed: PriceCalculation, requests: Sequence[Range]) -> str:
    """Say what requests cost: how many tokens at which price, and why at that price.

    The price of a request is asked of the price list itself, by its tokens, so that the words follow the sum.

    Args:
        listed: The model in the price list; it has a price for input.
        requests: Tokens of each request.
    """
    words = [counted(len(requests), "request") + f", {interval(_total(requests))} tokens"]
    ends = {
        "low": _rates(listed, [one.low for one in requests]),
        "likely": _rates(listed, [one.likely for one in requests]),
        "high": _rates(listed, [one.high for one in requests]),
    }
    used = {rate for rates in ends.values() for rate in rates}
    if len(used) == 1:
        words.append(f" at {_plain(used.pop())} USD a million")
    else:
        words.append("; " + ", ".join(f"{name}: {_spread(rates)}" for name, rates in ends.items() if rates))
    return "".join(words) + _tiers(listed) + _fee(listed)


def _rates(listed: PriceCalculation, counts: Sequence[int]) -> Mapping[Decimal, int]:
    """Count requests by the price of a million of their tokens."""
    from genai_prices import Usage

    found: Counter[Decimal] = Counter()
    for tokens, times in Counter(counts).items():
        if tokens:
            cost: Decimal = listed.model_price.calc_price(Usage(input_tokens=tokens))["input_price"]
            found[round(cost * _MILLION / tokens, 6)] += times
    return found


def _spread(rates: Mapping[Decimal, int]) -> str:
    named = [f"{counted(count, 'request')} at {_plain(rate)}" for rate, count in sorted(rates.items())]
    return " and ".join(named) + " USD a million"


def _tiers(listed: PriceCalculation) -> str:
    from genai_prices.types import TieredPrices

    price = listed.model_price.input_mtok
    if not isinstance(price, TieredPrices):
        return ""
    steps = "".join(f", {_plain(tier.price)} over {tier.start:,}" for tier in price.tiers)
    return f" (tiers by the tokens of one request: {_plain(price.base)}{steps})"


def _fee(listed: PriceCalculation) -> str:
    from genai_prices import Usage

    parts = listed.model_price.calc_price(Usage(input_tokens=1))
    fee = parts["total_price"] - parts["input_price"]
    return f", and {_plain(fee)} USD a request" if fee else ""


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")


def _total(parts: Sequence[Range]) -> Range:
    return Range(
        low=sum(one.low for one in parts),
        likely=sum(one.likely for one in parts),
        high=sum(one.high for one in parts),
    )
