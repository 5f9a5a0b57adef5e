"""From what a worker told of a document to the report: estimate, limits, plan, verdict. Pure after :func:`prepare`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import import_module
from math import ceil
from typing import TYPE_CHECKING

from preflight.case import TargetView
from preflight.errors import UsageError
from preflight.estimate import estimate, overhead_s, rate_of
from preflight.limits import effective_limits, user_limit
from preflight.model import Range, Report, TargetRef, Verdict
from preflight.plan import Boundary, PieceLimits, Whole, make_plan
from preflight.prices import PieceSize, Priced, price, with_cost
from preflight.rows import share_of_rows, with_rows
from preflight.target import load_hop, load_target, model_of
from preflight.tokens import encodings_for
from preflight.verdict import judge
from preflight.wording import LIBRARY_WORDS, OrderWords, kinds_of_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.facts import DocumentFacts
    from preflight.messages import Examined
    from preflight.model import Estimate, Limit, Measure, Plan, PlannedPiece, UnitEstimate
    from preflight.profile import Hop, ModelInfo, Target
    from preflight.reading import Unread
    from preflight.vocabulary import Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLimits:
    """Limits the user adds to the target's, for one piece.

    Attributes:
        bytes: Bytes of the file.
        pages: Pages.
        tokens: Tokens.
        seconds: Seconds at the target.
    """

    bytes: int | None = None
    pages: int | None = None
    tokens: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked, in the caller's words.

    Attributes:
        target: Id or path of the receiving service; None to judge the document alone.
        hops: Ids or paths of gateways on the way.
        model: Model at the target; None for its default.
        limits: The user's own limits.
        words: What the caller calls these, for messages.
    """

    target: str | None = None
    hops: tuple[str, ...] = ()
    model: str | None = None
    limits: UserLimits = field(default_factory=UserLimits)
    words: OrderWords = LIBRARY_WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An order with its profiles loaded.

    Attributes:
        target: The receiving service; None to judge the document alone.
        hops: Gateways on the way.
        model: The model; None where there is none to choose.
        limits: The user's own limits.
        encodings: Token encodings to count.
    """

    target: Target | None
    hops: tuple[Hop, ...]
    model: ModelInfo | None
    limits: tuple[Limit, ...]
    encodings: tuple[Encoding, ...]

    @property
    def reference(self) -> TargetRef | None:
        """The target as the report names it."""
        if self.target is None:
            return None
        hops = tuple(hop.ref for hop in self.hops)
        return TargetRef(id=self.target.ref, hops=hops, model=self.model.id if self.model else None)

    def warm_up(self) -> None:
        """Load what judging and writing a report will need: price list and JSON types."""
        from preflight.messages import Examined
        from preflight.wire import adapter

        adapter(Examined)
        adapter(Report)
        if self.target is not None and self.target.pricing is not None:
            import_module("genai_prices.data")


def prepare(order: Order) -> Prepared:
    """Load what an order names.

    Raises:
        UnknownTarget: No such target, gateway or model.
        BadTarget: A profile file is not valid.
        UsageError: Gateways or a model without a target, or a limit that nothing can meet.
    """
    words = order.words
    if order.target is None and (order.hops or order.model):
        given = words.via if order.hops else words.model
        raise UsageError(f"A target is missing: name it with {words.target}, or leave {given} out.")
    target = load_target(order.target, words=words) if order.target else None
    model = model_of(target, order.model, words=words) if target else None
    tokenizer = model.tokenizer if model else target.tokenizer if target else None
    return Prepared(
        target=target,
        hops=tuple(load_hop(name, words=words) for name in order.hops),
        model=model,
        limits=tuple(_user_limits(order.limits, words)),
        encodings=encodings_for(tokenizer),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a document comes to, and what it may come to.

    Attributes:
        figures: The whole at the target, without its cost.
        units: Unit by unit.
        limits: Every limit on one piece, the user's own first.
    """

    figures: Estimate
    units: tuple[UnitEstimate, ...]
    limits: tuple[Limit, ...]


def weigh(examined: Examined, prepared: Prepared) -> Weighed:
    """Estimate a document that could be read, and find the limits that hold for it."""
    model = prepared.model.id if prepared.model else None
    figures, units = estimate(examined.facts, examined.measures, examined.source, prepared.target, model)
    return Weighed(figures=figures, units=units, limits=limits_for(prepared, examined.source.media_type))


def limits_for(prepared: Prepared, media_type: str) -> tuple[Limit, ...]:
    """Return every limit on one file of a media type, the user's own first."""
    limits: tuple[Limit, ...] = prepared.limits
    if prepared.target is not None:
        model = prepared.model.id if prepared.model else None
        limits += effective_limits(prepared.target, prepared.hops, media_type=media_type, model=model)
    return limits


def report_on(examined: Examined, prepared: Prepared) -> Report:
    """Judge a document that could be read."""
    source, facts, target = examined.source, examined.facts, prepared.target
    weighed = weigh(examined, prepared)
    figures, limits = weighed.figures, weighed.limits
    view = TargetView.of(target, source.media_type) if target else None
    refused = view is not None and view.sees == "refused"  # no piece of it would be taken
    plan = _plan(examined, weighed, target) if limits and not refused else None
    if target is not None:
        model = prepared.model.id if prepared.model else None
        sizes = [_size(facts, weighed, one) for one in plan.pieces] if plan else [_size(facts, weighed)]
        priced = price(target, model, sizes)
        if refused:
            priced = Priced(
                cost=None, basis=f"unknown: {target.ref} does not take {kinds_of_file((source.media_type,))}"
            )
        figures = with_cost(figures, priced)
    judgement = judge(
        source,
        facts,
        estimate=figures,
        units=weighed.units,
        limits=limits,
        target=view,
        plan=plan,
    )
    return Report(
        source=source,
        facts=facts,
        target=prepared.reference,
        estimate=figures,
        verdict=judgement.verdict,
        binding=judgement.binding,
        findings=(*judgement.findings, *facts.findings),
        plan=plan,
        limits=judgement.limits,
    )


def report_unread(unread: Unread, prepared: Prepared) -> Report:
    """Report on a document that could not be read."""
    return Report(
        source=unread.source,
        facts=None,
        target=prepared.reference,
        estimate=None,
        verdict=Verdict.UNREADABLE,
        binding=None,
        findings=(),
        plan=None,
        problem=unread.problem,
    )


def _user_limits(limits: UserLimits, words: OrderWords) -> Iterator[Limit]:
    given: tuple[tuple[Measure, float | None], ...] = (
        ("bytes", limits.bytes),
        ("pages", limits.pages),
        ("tokens", limits.tokens),
        ("seconds", limits.seconds),
    )
    for measure, value in given:
        if value is None:
            continue
        if not value > 0:
            raise UsageError(f"{words.limit.format(measure)} must be more than 0, not {value}.")
        yield user_limit(measure, value)


def _plan(examined: Examined, weighed: Weighed, target: Target | None) -> Plan:
    facts = examined.facts
    rate = rate_of(target, facts.unit_kind)
    plan = make_plan(
        weighed.units,
        PieceLimits.of(weighed.limits),
        boundaries=boundaries(facts),
        shared_bytes=facts.shared_bytes,
        overhead_seconds=overhead_s(rate, facts.shared_bytes),
        page_units=facts.unit_kind != "block",
        whole=Whole(bytes=examined.source.size_bytes, seconds=weighed.figures.seconds),
    )
    plan = with_rows(plan, facts, weighed.units, weighed.limits, examined.source.media_type)
    if weighed.figures.tokens is not None:
        return plan
    return replace(plan, pieces=tuple(replace(piece, tokens=None) for piece in plan.pieces))


def boundaries(facts: DocumentFacts) -> list[Boundary]:
    """Natural places to cut: where outline entries and headings point."""
    return [
        Boundary(before=entry.unit, level=entry.level, title=entry.title)
        for entry in facts.outline
        if entry.unit is not None
    ]


def _size(facts: DocumentFacts, weighed: Weighed, piece: PlannedPiece | None = None) -> PieceSize:
    """What the request of one piece is priced by; of the whole document without one."""
    run = weighed.units[piece.first - 1 : piece.last] if piece else weighed.units
    tokens = None
    if weighed.figures.tokens is not None:
        share = share_of_rows(facts.units[piece.first - 1], piece.rows) if piece and piece.rows else 1
        low, likely, high = (
            ceil(share * sum(column)) for column in zip(*(_ends(unit.tokens) for unit in run), strict=True)
        )
        tokens = Range(low=low, likely=likely, high=high)
    return PieceSize(tokens=tokens, pages=None if facts.unit_kind == "block" else len(run))


def _ends(tokens: Range) -> tuple[int, int, int]:
    return tokens.low, tokens.likely, tokens.high
