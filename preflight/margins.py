"""Each limit with the document's value beside it: the margin, units over it by themselves, pieces it forces. Pure."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from preflight.limits import counted_bytes, raw_bytes_max
from preflight.model import Binding, HeldLimit
from preflight.plan import MICROSECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from extractors.facts import DocumentFacts, UnitFacts
    from preflight.model import Estimate, Limit, Measure, UnitEstimate

CUTTABLE: frozenset[Measure] = frozenset({"bytes", "pages", "tokens", "seconds", "words", "images"})
"""Measures that grow with the document, so that cutting helps. The others are about one unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One limit and what the document comes to.

    Attributes:
        limit: The limit.
        value: The document's value (the high end of a range, the largest unit where the limit is about units); None
            when unknown.
        likely: The likely value where it is a range.
        alone: Numbers of units over the limit by themselves.
        pieces: Pieces this limit forces, units over by themselves counted as one each; 1 when it forces none.
    """

    limit: Limit
    value: float | None
    likely: float | None = None
    alone: tuple[int, ...] = ()
    pieces: int = 1

    @property
    def over(self) -> bool:
        """Whether the document as it is exceeds the limit."""
        return self.value is not None and self.value > self.limit.max

    @property
    def margin(self) -> float:
        """What is left as a share of the limit; negative when over, 1 when nothing is known."""
        if self.value is None:
            return 1.0
        if self.limit.max <= 0:
            return 0.0 if self.value <= 0 else float("-inf")
        return (self.limit.max - self.value) / self.limit.max

    def binding(self) -> Binding:
        """The reading as the report shows it.

        Raises:
            ValueError: The value is unknown, so it cannot bind.
        """
        if self.value is None:
            raise ValueError(f"{self.limit.field} of {self.limit.by} has no value to bind with; take one that has")
        return Binding(
            limit=self.limit.measure,
            value=self.value,
            max=self.limit.max,
            margin=self.limit.max - self.value,
            by=self.limit.by,
            source=self.limit.source,
            as_of=self.limit.as_of,
            status=self.limit.status,
            note=self.limit.note,
        )

    def held(self) -> HeldLimit:
        """The reading as the report lists it."""
        limit = self.limit
        return HeldLimit(
            limit=limit.measure,
            value=self.value,
            max=limit.max,
            by=limit.by,
            field=limit.field,
            source=limit.source,
            as_of=limit.as_of,
            status=limit.status,
            note=limit.note,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the limits are held against.

    Attributes:
        size_bytes: Size of the file.
        facts: Its facts.
        estimate: The whole at the target; None when nothing was estimated.
        units: Unit by unit, in order.
    """

    size_bytes: int
    facts: DocumentFacts
    estimate: Estimate | None
    units: Sequence[UnitEstimate]

    def sizes_alone(self) -> dict[int, int]:
        """Bytes of a piece that holds one unit alone, by number; of a single unit, the file itself."""
        if len(self.units) == 1:
            return {self.units[0].number: self.size_bytes}
        return {unit.number: unit.bytes + self.facts.shared_bytes for unit in self.units}


def read_limits(limits: Iterable[Limit], measured: Measured) -> tuple[Reading, ...]:
    """Hold a document against limits. Limits that do not apply (pages of flowing text) are left out."""
    return tuple(reading for limit in limits if (reading := _read(limit, measured)) is not None)


def binding_reading(readings: Sequence[Reading]) -> Reading | None:
    """The limit that decides; None when no value is known.

    Of limits exceeded: first one that a unit exceeds by itself (cutting does not help), then the one that forces the
    most pieces; otherwise the one with the least relative margin. Ties go to the earlier one.
    """
    known = [reading for reading in readings if reading.value is not None]
    over = [reading for reading in known if reading.over]
    if over:
        return min(over, key=lambda reading: (not reading.alone, -reading.pieces, reading.margin))
    return min(known, key=lambda reading: reading.margin, default=None)


_OF_UNIT: dict[Measure, Callable[[UnitEstimate], int]] = {
    "pages": lambda _: 1,
    "tokens": lambda unit: unit.tokens.high,
    "seconds": lambda unit: round(unit.seconds.high * MICROSECONDS) if unit.seconds else 0,
    "words": lambda unit: unit.words,
    "images": lambda unit: unit.images,
}
_LARGEST: dict[Measure, Callable[[UnitFacts], float]] = {
    "pixels-per-side": lambda unit: max(unit.width_px or 0, unit.height_px or 0),
    "megapixels": lambda unit: (unit.width_px or 0) * (unit.height_px or 0) / 1_000_000,
    "page-points": lambda unit: max(unit.width_pt or 0.0, unit.height_pt or 0.0),
}


def _read(limit: Limit, measured: Measured) -> Reading | None:
    if limit.measure in _LARGEST:
        return _largest(limit, measured, _LARGEST[limit.measure])
    if limit.measure == "bytes":
        return _bytes(limit, measured)
    if limit.measure == "pages" and measured.facts.unit_kind == "block":
        return None
    value, likely = _whole(limit.measure, measured)
    if value is None or value <= limit.max:
        return Reading(limit=limit, value=value, likely=likely)
    values = [_OF_UNIT[limit.measure](unit) for unit in measured.units]
    scale = MICROSECONDS if limit.measure == "seconds" else 1
    # What the whole has over the sum of its units is what every request carries besides them.
    room = int(limit.max * scale) - max(0, round(value * scale) - sum(values))
    alone = tuple(unit.number for unit, one in zip(measured.units, values, strict=True) if one > room)
    return Reading(limit=limit, value=value, likely=likely, alone=alone, pieces=_forced(values, room))


def _whole(measure: Measure, measured: Measured) -> tuple[float | None, float | None]:
    """The document's value (high end) and its likely value; None where unknown or not a range."""
    if measure == "pages":
        return measured.facts.unit_count, None
    if measure in {"tokens", "seconds"}:
        whole = measured.estimate and (measured.estimate.tokens if measure == "tokens" else measured.estimate.seconds)
        return (whole.high, whole.likely) if whole else (None, None)
    return sum(map(_OF_UNIT[measure], measured.units)), None


def _bytes(limit: Limit, measured: Measured) -> Reading:
    whole = counted_bytes(measured.size_bytes, limit)
    if whole <= limit.max:
        return Reading(limit=limit, value=whole)
    room = raw_bytes_max(limit)
    alone = tuple(number for number, size in measured.sizes_alone().items() if size > room)
    pieces = _forced([unit.bytes for unit in measured.units], room - measured.facts.shared_bytes)
    return Reading(limit=limit, value=whole, alone=alone, pieces=pieces)


def _largest(limit: Limit, measured: Measured, of_unit: Callable[[UnitFacts], float]) -> Reading | None:
    values = [(of_unit(unit), unit.number) for unit in measured.facts.units]
    largest = max((value for value, _ in values), default=0)
    if largest <= 0:
        return None
    return Reading(limit=limit, value=largest, alone=tuple(number for value, number in values if value > limit.max))


def _forced(values: Sequence[int], room: int) -> int:
    """Least number of pieces with sums of at most ``room``; a value over it counts as a piece."""
    sums = list(accumulate(values, initial=0))
    start = pieces = 0
    while start < len(values):
        start = max(start + 1, bisect_right(sums, sums[start] + room) - 1)
        pieces += 1
    return max(1, pieces)
