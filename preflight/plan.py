"""Where to cut: as few pieces as possible, at the best boundaries, then evenly filled. Pure.

What is balanced is the measure closest to its limit. The arithmetic is in :mod:`preflight.cuts`. All sums are whole
numbers (seconds count as microseconds): equal input gives equal output on every machine.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from preflight.cuts import piece_ends
from preflight.limits import raw_bytes_max
from preflight.model import Plan, PlannedPiece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from preflight.model import Limit, Measure, SecondsRange, UnitEstimate

DEEPEST_LEVEL = 9
"""Boundaries deeper than this count as this deep."""
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceLimits:
    """What one piece may hold; None where nothing limits it.

    Attributes:
        bytes: Bytes of the piece as a file, before base64, with what every piece shares.
        pages: Pages or frames.
        tokens: Tokens, overhead of the request included; held against the high end of the estimate.
        seconds: Seconds at the target; held against the high end of the estimate.
        words: White-space separated words.
        images: Images the target counts.
    """

    bytes: int | None = None
    pages: int | None = None
    tokens: int | None = None
    seconds: float | None = None
    words: int | None = None
    images: int | None = None

    @classmethod
    def of(cls, limits: Iterable[Limit]) -> PieceLimits:
        """Take from effective limits those that cutting can keep; of several on one measure the tightest."""
        tightest: dict[Measure, float] = {}
        for limit in limits:
            value = raw_bytes_max(limit) if limit.measure == "bytes" else limit.max
            tightest[limit.measure] = min(value, tightest.get(limit.measure, value))
        whole = {measure: int(value) for measure, value in tightest.items()}
        return cls(
            bytes=whole.get("bytes"),
            pages=whole.get("pages"),
            tokens=whole.get("tokens"),
            seconds=tightest.get("seconds"),
            words=whole.get("words"),
            images=whole.get("images"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """A natural place to cut.

    Attributes:
        before: Number of the unit that would begin the next piece.
        level: 1 for a chapter, deeper headings count up.
        title: Title of what begins there; may be empty.
    """

    before: int
    level: int
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What is known of the document as it is, where that of units is estimated.

    Attributes:
        bytes: Its size.
        seconds: Seconds it takes at the target; None when they are not known.
    """

    bytes: int
    seconds: SecondsRange | None = None

    def fits(self, measure: str, limits: PieceLimits) -> bool:
        """Whether it is known to be within the limit on a measure, whatever its units add up to."""
        if measure == "byte":
            return limits.bytes is not None and self.bytes <= limits.bytes
        if measure == "time":
            return limits.seconds is not None and self.seconds is not None and self.seconds.high <= limits.seconds
        return False

    def as_unit(self, unit: UnitEstimate, fixed: _Overhead) -> UnitEstimate:
        """Return what the only unit brings besides what every piece carries."""
        seconds, base = self.seconds, fixed.microseconds / MICROSECONDS
        if seconds is not None and unit.seconds is not None:
            unit = replace(
                unit,
                seconds=replace(
                    seconds, low=seconds.low - base, likely=seconds.likely - base, high=seconds.high - base
                ),
            )
        return replace(unit, bytes=self.bytes - fixed.bytes)


@dataclass(frozen=True, slots=True)
class _Overhead:
    """What every piece carries besides its units."""

    bytes: int
    tokens: int
    microseconds: int


@dataclass(frozen=True, slots=True)
class _Measure:
    """One limit with running sums: ``prefix[j] - prefix[i]`` is what units i to j - 1 take of ``room``."""

    name: str
    room: int
    prefix: list[int]

    @property
    def total(self) -> int:
        return self.prefix[-1]

    @property
    def pressure(self) -> float:
        """How many times over the room the whole is."""
        return self.total / self.room if self.room > 0 else float("inf")


def make_plan(
    units: Sequence[UnitEstimate],
    limits: PieceLimits,
    *,
    boundaries: Sequence[Boundary] = (),
    shared_bytes: int = 0,
    overhead_tokens: int = 0,
    overhead_seconds: float = 0.0,
    page_units: bool = True,
    whole: Whole | None = None,
) -> Plan:
    """Cut ``units`` into pieces that stay within ``limits``, all of them together.

    Ranges count with their high end: a wrong "fits" costs more than one cut too many. A unit over a limit by itself
    becomes a piece of its own and is listed in ``Plan.oversize``. Seconds that are unknown (None) count as zero.

    Args:
        units: What each unit adds, in order.
        limits: What one piece may hold.
        boundaries: Natural places to cut, in any order; those outside the document are ignored.
        shared_bytes: Bytes every piece carries besides its units.
        overhead_tokens: Tokens every request carries besides its units.
        overhead_seconds: Seconds every request takes besides its units.
        page_units: Whether a unit counts as a page; not so for blocks of flowing text.
        whole: The document as it is. Bytes of units, and the seconds these take, are estimates; where nothing needs to
            be cut, the file itself is the piece, and its real size and its seconds count.

    Returns:
        The plan with the fewest pieces, then the best boundaries, then the least spread. No units, no pieces.
    """
    if not units:
        return Plan(pieces=())
    fixed = _Overhead(shared_bytes, overhead_tokens, _microseconds(overhead_seconds))
    if len(units) == 1 and whole is not None:
        units = [whole.as_unit(units[0], fixed)]
    every = _measures(units, limits, fixed, page_units=page_units)
    measures = _exceeded(every, limits, whole)
    reach = _reach(measures, len(units))
    best = _best_boundaries(units, boundaries)
    levels = {place: min(max(boundary.level, 1), DEEPEST_LEVEL) for place, boundary in best.items()}
    fullest = max(measures, key=lambda measure: measure.pressure).prefix if measures else []
    spans = list(pairwise((0, *piece_ends(reach, levels, fullest))))
    sums = _Sums.of(units, fixed, whole if len(spans) == 1 and not measures else None)
    pieces = tuple(
        sums.piece(index, start, end, _reason(start, end, reach=reach, best=best, measures=measures))
        for index, (start, end) in enumerate(spans, start=1)
    )
    return Plan(pieces=pieces, oversize=tuple(unit.number for at, unit in enumerate(units) if reach[at] == at))


def _measures(
    units: Sequence[UnitEstimate], limits: PieceLimits, fixed: _Overhead, *, page_units: bool
) -> list[_Measure]:
    seconds = None if limits.seconds is None else int(limits.seconds * MICROSECONDS)
    rows: tuple[tuple[str, int | None, int, Callable[[UnitEstimate], int]], ...] = (
        ("page", limits.pages if page_units else None, 0, lambda _: 1),
        ("token", limits.tokens, fixed.tokens, lambda unit: unit.tokens.high),
        ("byte", limits.bytes, fixed.bytes, lambda unit: unit.bytes),
        ("time", seconds, fixed.microseconds, lambda unit: _microseconds(unit.seconds.high) if unit.seconds else 0),
        ("word", limits.words, 0, lambda unit: unit.words),
        ("image", limits.images, 0, lambda unit: unit.images),
    )
    return [
        _Measure(name, limit - overhead, list(accumulate(map(value, units), initial=0)))
        for name, limit, overhead, value in rows
        if limit is not None
    ]


def _exceeded(every: Sequence[_Measure], limits: PieceLimits, whole: Whole | None) -> list[_Measure]:
    """Measures of which the whole document has too much: only these can force a cut."""
    over = [measure for measure in every if measure.total > measure.room]
    if whole is not None and all(whole.fits(measure.name, limits) for measure in over):
        return []
    return over


def _microseconds(seconds: float) -> int:
    return round(seconds * MICROSECONDS)


def _reach(measures: Sequence[_Measure], count: int) -> list[int]:
    """For each unit, the end of the longest run from it that fits; the unit itself when it alone is over."""
    reach = [count] * count
    for measure in measures:
        prefix, room = measure.prefix, measure.room
        for start in range(count):
            end = bisect_right(prefix, prefix[start] + room) - 1
            if end < reach[start]:
                reach[start] = max(start, end)
    # No run goes across a unit that is over by itself, also not when its neighbours weigh nothing.
    wall = count
    for start in range(count - 1, -1, -1):
        if reach[start] == start:
            wall = start
        elif reach[start] > wall:
            reach[start] = wall
    return reach


def _best_boundaries(units: Sequence[UnitEstimate], boundaries: Sequence[Boundary]) -> dict[int, Boundary]:
    """The most important boundary before each place that has one; the first named wins among equals."""
    if not boundaries:
        return {}
    place = {unit.number: at for at, unit in enumerate(units)}
    best: dict[int, Boundary] = {}
    for boundary in boundaries:
        at = place.get(boundary.before, 0)
        if at and (at not in best or boundary.level < best[at].level):
            best[at] = boundary
    return best


def _reason(start: int, end: int, *, reach: list[int], best: dict[int, Boundary], measures: Sequence[_Measure]) -> str:
    """Why a piece ends at ``end``, in words."""
    if reach[start] == start:
        return "unit over a limit"
    if end == len(reach):
        return "end of document"
    boundary = best.get(end)
    if boundary is not None:
        name = "chapter boundary" if boundary.level <= 1 else "heading"
        return f"{name}: {boundary.title}" if boundary.title else name
    if reach[end] == end:
        return "next unit over a limit"
    if reach[start] > end:
        return "balanced"
    full = next(m for m in measures if m.prefix[end + 1] - m.prefix[start] > m.room)
    return f"{full.name} limit"


@dataclass(frozen=True, slots=True)
class _Sums:
    """Running sums of what a planned piece tells: likely tokens, bytes, likely microseconds, unknown seconds."""

    units: Sequence[UnitEstimate]
    fixed: _Overhead
    whole: Whole | None
    tokens: list[int]
    bytes: list[int]
    microseconds: list[int]
    unknown: list[int]

    @classmethod
    def of(cls, units: Sequence[UnitEstimate], fixed: _Overhead, whole: Whole | None) -> _Sums:
        def running(values: Iterator[int]) -> list[int]:
            return list(accumulate(values, initial=0))

        return cls(
            units,
            fixed,
            whole,
            running(unit.tokens.likely for unit in units),
            running(unit.bytes for unit in units),
            running(_microseconds(unit.seconds.likely) if unit.seconds else 0 for unit in units),
            running(int(unit.seconds is None) for unit in units),
        )

    def piece(self, index: int, start: int, end: int, reason: str) -> PlannedPiece:
        """The piece from place ``start`` to place ``end``; its seconds are None when those of a unit are."""
        size = self.fixed.bytes + self.bytes[end] - self.bytes[start]
        took = self.fixed.microseconds + self.microseconds[end] - self.microseconds[start]
        seconds = None if self.unknown[end] > self.unknown[start] else took / MICROSECONDS
        if self.whole is not None and self.whole.seconds is not None and seconds is not None:
            seconds = self.whole.seconds.likely
        return PlannedPiece(
            index=index,
            first=self.units[start].number,
            last=self.units[end - 1].number,
            tokens=self.fixed.tokens + self.tokens[end] - self.tokens[start],
            bytes=size if self.whole is None else self.whole.bytes,
            seconds=seconds,
            reason=reason,
        )
