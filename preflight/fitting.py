"""Which ranges to cut so that every piece fits, learned from pieces already written. Pure.

Bytes of a unit are an estimate until pieces have been written: pieces share fonts, content is compressed anew. So the
planner's ranges are cut and measured, and each measurement corrects the weights of its units; what every piece carries
besides its units (``base``) shows when the same units were once cut into more pieces and once into fewer. Planning
anew with corrected weights goes on until all pieces fit, and then until fewer pieces are shown not to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, fsum
from typing import TYPE_CHECKING

from preflight.estimate import overhead_s, resized
from preflight.plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from preflight.model import UnitEstimate
    from preflight.plan import Boundary, PieceLimits
    from preflight.profile import ServerRate

Run = tuple[int, int]
"""Numbers of the first and the last unit of a piece."""

MARGINS = (0.0, 0.002, 0.01, 0.03, 0.06, 0.12)
"""What is kept free of the byte limit, round by round: weights are less sure at the edges of measured pieces."""
_BASE_SHARE = 0.25
"""Of the byte limit that the base may be taken for before anything was measured."""
_OPTIMISM = 1.01
_CLOSE_BYTES = 1_000_000
"""Documents up to this size are looked at more closely: fonts that pieces share are much of their bytes."""
_SURE = 0.01
"""Estimates that come so close to all sizes, as a share of them, are taken for right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stays the same while ranges are chosen.

    Attributes:
        units: What each unit adds, as estimated.
        limits: What one piece may hold.
        boundaries: Natural places to cut.
        shared_bytes: Bytes every piece carries, as estimated.
        whole_bytes: Size of the document; no estimate of the whole may exceed it.
        page_units: Whether a unit counts as a page.
        rate: Speed of the target, for seconds that depend on bytes.
    """

    units: Sequence[UnitEstimate]
    limits: PieceLimits
    boundaries: Sequence[Boundary] = ()
    shared_bytes: int = 0
    whole_bytes: int | None = None
    page_units: bool = True
    rate: ServerRate | None = None

    @property
    def bytes_take_time(self) -> bool:
        """Whether seconds are limited, and depend on bytes."""
        return self.limits.seconds is not None and self.rate is not None and self.rate.megabyte[2] > 0

    @property
    def measured(self) -> bool:
        """Whether what fits depends on bytes, which only measuring tells."""
        return self.limits.bytes is not None or self.bytes_take_time

    def room(self, run: Run) -> int | None:
        """Bytes a piece of these units may have: the limit on bytes, and what the limit on seconds leaves."""
        seconds, rate, most = self.limits.seconds, self.rate, self.limits.bytes
        if seconds is not None and rate is not None and rate.megabyte[2] > 0:
            inside = (resized(unit, 0, rate) for unit in self.units if run[0] <= unit.number <= run[1])
            left = seconds - rate.request[2] - fsum(unit.seconds.high for unit in inside if unit.seconds)
            by_time = max(0, int(left / rate.megabyte[2] * 1_000_000))
            most = by_time if most is None else min(most, by_time)
        return most


class Fitting:
    """Chooses ranges and learns from what they came to."""

    def __init__(self, frame: Frame) -> None:
        """Begin with the estimates."""
        self.frame = frame
        self.sizes: dict[Run, int] = {}
        self.lost: set[int] = set()
        self._place = {unit.number: at for at, unit in enumerate(frame.units)}
        self._totals: dict[int, int] = {}
        self._lost_then = 0
        self._base = float(frame.shared_bytes)
        if frame.limits.bytes is not None:
            self._base = min(self._base, frame.limits.bytes * _BASE_SHARE)
        spread = (frame.shared_bytes - self._base) / max(1, len(frame.units))
        self._first_guess = [unit.bytes + spread for unit in frame.units]
        guessed, left = sum(self._first_guess), (frame.whole_bytes or 0) - self._base
        if frame.whole_bytes is not None and guessed > left > 0:
            self._first_guess = [weight * left / guessed for weight in self._first_guess]
        self._weights = list(self._first_guess)
        self._base_known = False

    def plan(self, margin: float = 0.0) -> list[Run]:
        """Return the ranges to cut under what is known, keeping a share of the byte limit free."""
        return self._planned(margin, self._base, self._weights)

    def learn(self, run: Run, size: int) -> None:
        """Take note of the size a range came to."""
        self.sizes[run] = size

    def settle(self, runs: Sequence[Run]) -> None:
        """Correct base and weights by the sizes of ranges that together hold all units."""
        if len(self.lost) != self._lost_then:  # sums over different units are not to be compared
            self._totals.clear()
            self._lost_then = len(self.lost)
        measured = [self.sizes[run] for run in runs]
        if len(runs) > 1 and all(abs(self._guess(run) - self.sizes[run]) <= _SURE * self.sizes[run] for run in runs):
            self._base_known = True  # a base missed would show in every piece
        self._totals[len(runs)] = sum(measured)
        if len(self._totals) > 1:
            few, many = min(self._totals), max(self._totals)
            self._take_base((self._totals[many] - self._totals[few]) / (many - few))
        # A piece holds more than its base; the smallest shows best.
        self._base = max(0.0, min(self._base, 0.95 * min(measured, default=0)))
        self._weights = self._corrected(self._base)

    def over(self, runs: Iterable[Run]) -> list[Run]:
        """Return those of the ranges that came out too large."""
        return [run for run in runs if (room := self.frame.room(run)) is not None and self.sizes[run] > room]

    def halves(self, run: Run) -> list[Run]:
        """Divide a range in two by weight; a single unit stays what it is."""
        first, last = run
        if first == last:
            return [run]
        at, end = self._place[first], self._place[last]
        half = sum(self._weights[at : end + 1]) / 2
        before = 0.0
        for place in range(at, end):
            before += self._weights[place]
            if before >= half or place == end - 1:
                cut = self.frame.units[place].number
                break
        return [(first, cut), (cut + 1, last)]

    def probe(self, runs: Sequence[Run]) -> Run | None:
        """Return a range worth cutting only to be measured, because fewer pieces might do; None when they cannot.

        As long as the base is not known, it may be as large as the smallest piece, and two might share that much.
        """
        if self._base_known or len(runs) < 2 or not self.frame.measured:
            return None
        most = min(self.sizes[run] for run in runs)
        if len(self._planned(1 - _OPTIMISM, most, self._corrected(most))) >= len(runs):
            return None
        pairs = [
            (self.sizes[one] + self.sizes[other], (one[0], other[1]))
            for one, other in pairwise(runs)
            if one[1] + 1 == other[0]
        ]
        return min(pairs)[1] if pairs else None

    def learn_base(self, pair: Run, runs: Sequence[Run]) -> None:
        """Take from a probe what its two halves have in common."""
        parts = [run for run in runs if pair[0] <= run[0] and run[1] <= pair[1]]
        self._take_base(sum(self.sizes[run] for run in parts) - self.sizes[pair])
        self._weights = self._corrected(self._base)

    def fewer(self, runs: Sequence[Run]) -> bool:
        """Whether fewer pieces than these might do, judged with a little optimism."""
        if not self.frame.measured:
            return False
        return len(self._planned(1 - _OPTIMISM, self._base, self._weights)) < len(runs)

    def in_doubt(self, runs: Sequence[Run]) -> bool:
        """Whether there are more pieces than other limits and the bytes of the whole ask for."""
        if not self.frame.measured or len(runs) < 2:
            return False
        measured = [self.sizes[run] for run in runs]
        total = sum(measured)
        whole = self.frame.whole_bytes or total
        if whole <= _CLOSE_BYTES:  # two pieces put together save what they share: at most the smaller of them
            total -= min(measured)
        least = self._least(min(total, whole))
        return len(runs) > max(least, len(self._planned(0.0, 0.0, [0.0] * len(self._weights))))

    def _least(self, total: int) -> int:
        """Pieces that so many bytes take at least, and the seconds they take."""
        limits, rate, least = self.frame.limits, self.frame.rate, 1
        if limits.bytes is not None:
            least = -(-total // max(1, limits.bytes))
        if limits.seconds is not None and rate is not None:
            took = rate.megabyte[2] * total / 1_000_000 + fsum(map(self._bare_seconds, self.frame.units))
            left = limits.seconds - rate.request[2]
            least = max(least, ceil(round(took / left, 9)) if left > 0 else 1)
        return least

    def _bare_seconds(self, unit: UnitEstimate) -> float:
        """Seconds (high end) of a unit besides those for its bytes."""
        seconds = resized(unit, 0, self.frame.rate).seconds
        return seconds.high if seconds and unit.number not in self.lost else 0.0

    def farthest(self, first: int) -> list[int]:
        """Return the units a piece from ``first`` may end at as far as all goes that does not depend on bytes."""
        limits, rate = self.frame.limits, self.frame.rate
        ends: list[int] = []
        tokens = words = images = 0
        seconds = rate.request[2] if rate else 0.0
        for unit in self.frame.units[self._place[first] :]:
            tokens, words, images = tokens + unit.tokens.high, words + unit.words, images + unit.images
            seconds += self._bare_seconds(unit)
            pages = len(ends) + 1 if self.frame.page_units else 0
            taken = ((tokens, limits.tokens), (words, limits.words), (images, limits.images), (pages, limits.pages))
            over = any(limit is not None and value > limit for value, limit in taken)
            if unit.number in self.lost or over or (limits.seconds is not None and seconds > limits.seconds):
                break
            ends.append(unit.number)
        return ends

    def likely_end(self, first: int) -> int:
        """Return where a piece from ``first`` likely is as large as it may be."""
        limits, rate = self.frame.limits, self.frame.rate
        size, took, end = self._base, rate.request[2] if rate else 0.0, first
        for at in range(self._place[first], len(self.frame.units)):
            unit = self.frame.units[at]
            size, took = size + self._weights[at], took + self._bare_seconds(unit)
            needed = took + (rate.megabyte[2] * size / 1_000_000 if rate else 0.0)
            if limits.bytes is not None and size > limits.bytes:
                break
            if limits.seconds is not None and needed > limits.seconds:
                break
            end = unit.number
        return end

    def _guess(self, run: Run) -> float:
        return self._base + sum(self._weights[self._place[run[0]] : self._place[run[1]] + 1])

    def _take_base(self, base: float) -> None:
        self._base, self._base_known = max(0.0, base), True

    def _corrected(self, base: float) -> list[float]:
        """Weights that explain the measured sizes; of ranges that overlap, the shortest tells most about its units."""
        weights = list(self._first_guess)
        for run in sorted(self.sizes, key=lambda one: (one[0] - one[1], one)):
            at, end = self._place.get(run[0]), self._place.get(run[1])
            if at is None or end is None:
                continue
            guessed = sum(self._first_guess[at : end + 1])
            target = max(self.sizes[run] - base, float(end - at + 1))
            for place in range(at, end + 1):
                share = self._first_guess[place] / guessed if guessed > 0 else 1 / (end - at + 1)
                weights[place] = target * share
        return weights

    def _planned(self, margin: float, base: float, weights: Sequence[float]) -> list[Run]:
        limits = self.frame.limits
        if limits.bytes is not None:
            limits = replace(limits, bytes=int(limits.bytes * (1 - margin)))
        if limits.seconds is not None and self.frame.bytes_take_time:
            limits = replace(limits, seconds=limits.seconds * (1 - margin))
        found: list[Run] = []
        for units in self._stretches(weights):
            plan = make_plan(
                units,
                limits,
                boundaries=self.frame.boundaries,
                shared_bytes=round(base),
                overhead_seconds=overhead_s(self.frame.rate, max(0.0, base)),
                page_units=self.frame.page_units,
            )
            found += [(piece.first, piece.last) for piece in plan.pieces]
        return found

    def _stretches(self, weights: Sequence[float]) -> Iterable[list[UnitEstimate]]:
        """Units with their weights as they are now, in stretches between units that are lost."""
        rate = self.frame.rate
        stretch: list[UnitEstimate] = []
        for unit, weight in zip(self.frame.units, weights, strict=True):
            if unit.number in self.lost:
                if stretch:
                    yield stretch
                stretch = []
                continue
            stretch.append(resized(unit, round(weight), rate))
        if stretch:
            yield stretch
