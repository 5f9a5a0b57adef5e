"""Which rows of a table to put into one piece, learned from pieces already written. Pure.

What a row adds is not known beforehand, only how long its text is. So the whole table and equal parts of it are cut and
measured: what all of them repeat (header rows, page headers, the file around them) shows in how much the parts come to
more than the whole, and the rest of each part is what its rows add, by length. Every piece measured afterwards corrects
the rows it holds.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from preflight.model import Range, SecondsRange, UnitEstimate
from preflight.plan import PieceLimits, make_plan
from preflight.rows import divided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from preflight.model import Measure
    from preflight.rows import RowSpan

Load = dict["Measure", int]
"""What a piece comes to, as far as it is known: bytes, tokens (high end), words, images."""

_PARTS = 1000
"""A row adds parts of a token where only what several rows add was measured; plans are made of whole numbers."""
_NO_SECONDS = SecondsRange(low=0.0, likely=0.0, high=0.0)


class RowFitting:
    """Chooses rows and learns from what they came to."""

    def __init__(self, rows: int, headers: int, limits: PieceLimits, lengths: Sequence[int] = ()) -> None:
        """Begin with the lengths of rows.

        Args:
            rows: RowSpan of the table, header rows included.
            headers: Header rows at its top, which every piece repeats; fewer than ``rows``.
            limits: What a piece may hold; of these bytes, tokens, words and images are planned by.
            lengths: Characters of each row, header rows included; rows count alike when there are none.
        """
        self.whole: RowSpan = (1, rows)
        self._headers = headers
        given: dict[Measure, int | None] = {
            "bytes": limits.bytes,
            "tokens": limits.tokens,
            "words": limits.words,
            "images": limits.images,
        }
        self._most = {measure: most for measure, most in given.items() if most is not None}
        self._base = dict.fromkeys(self._most, 0.0)
        known = lengths if len(lengths) == rows else [0] * rows
        self._weights = {measure: [1.0 + length for length in known[headers:]] for measure in self._most}

    def divided(self, rows: RowSpan, parts: int) -> list[RowSpan]:
        """Divide rows evenly into as many parts, or into single rows where there are fewer."""
        return divided(rows, self._headers, parts)

    def settle(self, loads: Mapping[RowSpan, Load]) -> None:
        """Take from the whole table and parts that together are the whole what pieces repeat and what rows add."""
        whole = loads[self.whole]
        parts = {rows: load for rows, load in loads.items() if rows != self.whole}
        for measure in self._most:
            measured = [load[measure] for load in parts.values() if measure in load]
            if measure in whole and len(measured) == len(parts) > 1:
                base = (sum(measured) - whole[measure]) / (len(parts) - 1)
                self._base[measure] = min(max(0.0, base), float(min(measured)))
        self.learn(self.whole, whole)
        for rows, load in parts.items():
            self.learn(rows, load)

    def learn(self, rows: RowSpan, load: Load) -> None:
        """Correct the rows of a piece by what it came to."""
        at, end = max(0, rows[0] - 1 - self._headers), rows[1] - self._headers
        for measure in self._most.keys() & load.keys():
            weights = self._weights[measure]
            added, before = max(0.0, load[measure] - self._base[measure]), sum(weights[at:end])
            weights[at:end] = (
                [weight * added / before for weight in weights[at:end]]
                if before > 0
                else [added / (end - at)] * (end - at)
            )

    def plan(self) -> list[RowSpan]:
        """Return the fewest pieces that fit under what is known, evenly filled."""
        left = {measure: max(0, round((most - self._base[measure]) * _PARTS)) for measure, most in self._most.items()}
        limits = replace(
            PieceLimits(),
            bytes=left.get("bytes"),
            tokens=left.get("tokens"),
            words=left.get("words"),
            images=left.get("images"),
        )
        pieces = make_plan(self._units(), limits, page_units=False).pieces
        return [(1 if one.index == 1 else one.first, one.last) for one in pieces]

    def _units(self) -> list[UnitEstimate]:
        """What each row adds, in parts of one, whole numbers that add up to the sums."""
        whole: dict[Measure, list[int]] = {}
        for measure, weights in self._weights.items():
            sums = [0, *(round(weight * _PARTS) for weight in accumulate(weights))]
            whole[measure] = [after - before for before, after in pairwise(sums)]
        nothing = [0] * (self.whole[1] - self._headers)
        columns = (whole.get(measure, nothing) for measure in ("bytes", "tokens", "words", "images"))
        return [
            UnitEstimate(
                number=self._headers + place,
                tokens=Range(low=tokens, likely=tokens, high=tokens),
                seconds=None,
                local_seconds=_NO_SECONDS,
                bytes=size,
                words=words,
                images=images,
            )
            for place, (size, tokens, words, images) in enumerate(zip(*columns, strict=True), start=1)
        ]
