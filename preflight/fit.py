"""Cuts, measures and cuts anew until every piece fits, in as few pieces as measurements show to be enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.cutting_tasks import Span
from preflight.fitting import MARGINS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.cutting import Bench, Piece
    from preflight.fitting import Fitting, Run

ATTEMPTS = 3
"""How often fewer pieces are tried. Each attempt cuts the document once more."""
EXACT_BYTES = 32_000_000
"""Documents up to this size are cut as often as it takes to be sure that fewer pieces do not do."""
EXACT_PIECES = 60


class Fit:
    """One document on its way to pieces that fit."""

    def __init__(self, bench: Bench, fitting: Fitting, known: Sequence[Piece] = ()) -> None:
        """Begin with nothing, or with pieces that fit and together hold all units: fewer are looked for then."""
        self._bench = bench
        self._fitting = fitting
        self._pieces: dict[Run, Piece] = {(piece.span.first, piece.span.last): piece for piece in known}
        self._known = list(self._pieces)
        for run, piece in self._pieces.items():
            fitting.learn(run, piece.size_bytes)
        if known:
            fitting.settle(self._known)

    def pieces(self) -> list[Piece]:
        """Return the pieces in order. Those of a single unit may still be too large; all others fit.

        Raises:
            Stopped: The document as a whole cannot be cut, or nothing can be written.
        """
        runs = self._known or self._until_all_fit()
        for _ in range(ATTEMPTS):
            self._probe(runs)
            if not self._fitting.fewer(runs):
                break
            better = self._attempt(most_pieces=len(runs) - 1)
            if better is None:
                break
            runs = better
        runs = self._exact(runs) or runs
        self._drop_all_but(runs)
        return [self._pieces[run] for run in runs]

    def _until_all_fit(self) -> list[Run]:
        runs = self._attempt()
        if runs is not None:
            return runs
        runs = self._cut(None)
        while over := self._too_large(runs):
            runs = [part for run in runs for part in (self._fitting.halves(run) if run in over else [run])]
            runs = self._cut(runs)
        return runs

    def _attempt(self, *, most_pieces: int | None = None) -> list[Run] | None:
        """Plan and cut until all fit; None when that takes more pieces than allowed, or does not come to an end."""
        for margin in MARGINS:
            runs = self._fitting.plan(margin)
            if most_pieces is not None and len(runs) > most_pieces:
                return None
            runs = self._cut(runs, margin)
            self._fitting.settle(runs)
            if not self._too_large(runs):
                return runs if most_pieces is None or len(runs) <= most_pieces else None
        return None

    def _exact(self, runs: Sequence[Run]) -> list[Run] | None:
        """Fill each piece as far as it goes, which takes the fewest; None where that is not fewer, or too dear."""
        fitting = self._fitting
        size = fitting.frame.whole_bytes
        if size is None or size > EXACT_BYTES or len(runs) > EXACT_PIECES or not fitting.in_doubt(runs):
            return None
        found: list[Run] = []
        numbers = [unit.number for unit in fitting.frame.units if unit.number not in fitting.lost]
        while numbers:
            if len(found) + 1 >= len(runs):
                return None
            run = self._filled(numbers[0])
            if run is None:
                return None
            found.append(run)
            numbers = [number for number in numbers if number > run[1]]
        return found

    def _filled(self, first: int) -> Run | None:
        """Find the longest piece from a unit that fits: near where it is likely, then by halving."""
        ends = self._fitting.farthest(first)
        if not ends:
            return None
        good, bad = -1, len(ends)  # places in ends: the last known to fit, the first known not to
        place = min(max(0, ends.index(min(self._fitting.likely_end(first), ends[-1]))), len(ends) - 1)
        step = 1
        while bad - good > 1:
            run = (first, ends[place])
            if self._cut([run]) != [run]:
                return None
            if self._fitting.over([run]):
                bad, place = place, max(good + 1, place - step)
            else:
                good, place = place, min(bad - 1, place + step)
            step *= 2
            if good >= 0 and bad < len(ends):
                place = (good + bad) // 2
        return (first, ends[max(0, good)])

    def _too_large(self, runs: Sequence[Run]) -> set[Run]:
        return {run for run in self._fitting.over(runs) if run[0] < run[1]}

    def _cut(self, runs: Sequence[Run] | None, margin: float = MARGINS[-1]) -> list[Run]:
        """Cut what was not cut before; where a unit turns out to be bad, plan anew without it."""
        wanted = self._fitting.plan(margin) if runs is None else list(runs)
        while True:
            spans = [_span(run) for run in wanted if run not in self._pieces]
            most = {span: self._fitting.frame.room((span.first, span.last)) for span in spans}
            for span, piece in self._bench.cut(spans, most).items():
                run = (span.first, span.last)
                self._pieces[run] = piece
                self._fitting.learn(run, piece.size_bytes)
            if all(run in self._pieces for run in wanted):
                return wanted
            if not self._bench.bad.keys() - self._fitting.lost:
                raise RuntimeError("a piece was asked for and never came")
            self._fitting.lost.update(self._bench.bad)
            wanted = [part for run in wanted for part in _around(run, self._fitting.lost)]

    def _probe(self, runs: Sequence[Run]) -> None:
        pair = self._fitting.probe(runs)
        if pair is None:
            return
        span = _span(pair)
        piece = self._bench.cut([span], {span: None}).get(span)
        if piece is not None:
            self._bench.drop(piece)
            self._fitting.learn(pair, piece.size_bytes)
            self._fitting.learn_base(pair, runs)

    def _drop_all_but(self, runs: Sequence[Run]) -> None:
        for run in self._pieces.keys() - set(runs):
            self._bench.drop(self._pieces.pop(run))


def _span(run: Run) -> Span:
    return Span(first=run[0], last=run[1])


def _around(run: Run, lost: set[int]) -> list[Run]:
    """The parts of a range between lost units."""
    parts: list[Run] = []
    first = run[0]
    for number in range(run[0], run[1] + 2):
        if number in lost or number > run[1]:
            if first < number:
                parts.append((first, number - 1))
            first = number + 1
    return parts
