"""One table that is larger than a piece may be: divided by rows, its header rows repeated in each piece.

All that can be known of rows is what pieces come to that hold them, so a table is cut more than once: first to measure
its rows, then as planned (:mod:`preflight.row_fitting`), and anew with what that taught until all pieces fit.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from extractors.base import ReadLimits
from preflight.cutting_tasks import Span
from preflight.errors import UnitOverLimit
from preflight.execution import Task
from preflight.judging import weigh
from preflight.manifest import ManifestUnit
from preflight.margins import Measured, read_limits
from preflight.plan import PieceLimits
from preflight.reread import read_again
from preflight.row_fitting import RowFitting
from preflight.row_tasks import RowsTask
from preflight.rows import rows_of as rows_of_unit
from preflight.splitting import Ready
from preflight.wire import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from preflight.cutting import Bench, Piece
    from preflight.judging import Weighed
    from preflight.messages import Examined
    from preflight.row_fitting import Load
    from preflight.rows import RowSpan
    from preflight.survey import Surveyed

logger = logging.getLogger(__name__)

ROUNDS = 8
"""Plans made at most; each knows the pieces of those before it."""
MEASURED = 32
"""Parts a table is measured in; those of smaller tables are single rows."""


def rows_of(surveyed: Surveyed, number: int) -> int:
    """Return how many rows a unit can be divided by; 0 when it is no such table."""
    return rows_of_unit(surveyed.examined.facts.units[number - 1], surveyed.examined.source.media_type)


def row_pieces(surveyed: Surveyed, bench: Bench, number: int, room: int | None) -> list[Ready]:
    """Divide one table into pieces that fit, as few as its rows allow.

    Args:
        surveyed: The document.
        bench: Where it is cut.
        number: The table.
        room: Bytes a piece may have; None when nothing limits them.

    Returns:
        The pieces in order; none when the table cannot be cut, and the bench says why.

    Raises:
        UnitOverLimit: One row alone is over a limit.
        Stopped: The document cannot be cut, or a piece cannot be read.
    """
    table = _Table(surveyed, bench, number, room)
    found = table.fitted()
    return [_ready(surveyed, *one, part=part, parts=len(found)) for part, one in enumerate(found, start=1)]


class _Table:
    """One table on its way to pieces that fit."""

    def __init__(self, surveyed: Surveyed, bench: Bench, number: int, room: int | None) -> None:
        table = surveyed.examined.facts.units[number - 1].table
        self._surveyed = surveyed
        self._bench = bench
        self._number = number
        self._room = room
        limits = replace(PieceLimits.of(surveyed.limits), bytes=room)
        self._only_bytes = (limits.tokens, limits.words, limits.images) == (None, None, None)
        headers, lengths = table.header_rows if table else 0, _row_lengths(surveyed, number)
        self._fitting = RowFitting(rows_of(surveyed, number), headers, limits, lengths)
        self._loads: dict[RowSpan, Load] = {}
        self._fit: dict[RowSpan, tuple[Piece, Examined, Weighed]] = {}

    def fitted(self) -> list[tuple[Piece, Examined, Weighed]]:
        """Return pieces that fit, in order; none when the table cannot be cut."""
        if not self._measure():
            return []
        best: list[RowSpan] | None = None
        runs: list[RowSpan] = []
        for _ in range(ROUNDS):
            before, runs = runs, self._fitting.plan()
            if runs == before or (best is not None and len(runs) >= len(best)):
                break
            if not self._cut(runs):
                return []
            if all(run in self._fit for run in runs):
                best = runs
            for run in runs:
                self._fitting.learn(run, self._loads[run])
        return self._kept(best if best is not None else self._halved(runs))

    def _measure(self) -> bool:
        """Cut the whole table and equal parts of it only to learn what rows come to; False when it cannot be cut."""
        fitting = self._fitting
        runs = [fitting.whole, *fitting.divided(fitting.whole, MEASURED)]
        # Where only bytes are limited, nothing has to be read, and no piece is kept at all.
        pieces = self._pieces(runs, 0 if self._only_bytes else None)
        if pieces is None:
            return False
        told = self._read(pieces)
        for piece in pieces.values():
            self._bench.drop(piece)
        fitting.settle({run: _load(piece, told.get(run)) for run, piece in pieces.items()})
        return True

    def _cut(self, runs: Sequence[RowSpan]) -> bool:
        """Cut and read what was not before; False when the table cannot be cut.

        Raises:
            UnitOverLimit: One row alone is over a limit.
        """
        pieces = self._pieces([run for run in runs if run not in self._loads], self._room)
        if pieces is None:
            return False
        told = self._read(pieces)
        for run, piece in pieces.items():
            self._loads[run] = _load(piece, told.get(run))
            if run in told and not self._over(piece, *told[run]):
                self._fit[run] = (piece, *told[run])
                continue
            self._bench.drop(piece)
            if len(self._fitting.divided(run, 2)) < 2:
                raise _row_over_limit(self._number, run[1])
        return True

    def _halved(self, runs: Sequence[RowSpan]) -> list[RowSpan]:
        """Halve pieces that do not fit until all do; nothing when the table cannot be cut."""
        found = list(runs)
        while any(run not in self._fit for run in found):
            found = [part for run in found for part in self._fitting.divided(run, 1 if run in self._fit else 2)]
            if not self._cut(found):
                return []
        return found

    def _kept(self, runs: Sequence[RowSpan]) -> list[tuple[Piece, Examined, Weighed]]:
        for run in self._fit.keys() - set(runs):
            self._bench.drop(self._fit[run][0])
        return [self._fit[run] for run in runs]

    def _pieces(self, runs: Sequence[RowSpan], most: int | None) -> dict[RowSpan, Piece] | None:
        """Cut rows out of the document; None when the table cannot be cut."""
        spans = {run: Span(first=self._number, last=self._number, rows=run) for run in runs}
        pieces = self._bench.cut(list(spans.values()), dict.fromkeys(spans.values(), most))
        if self._number in self._bench.bad:
            for piece in (*pieces.values(), *(one for one, _, _ in self._fit.values())):
                self._bench.drop(piece)
            return None
        return {run: pieces[span] for run, span in spans.items()}

    def _read(self, pieces: Mapping[RowSpan, Piece]) -> dict[RowSpan, tuple[Examined, Weighed]]:
        """Read the pieces that were written, and say what each comes to."""
        there = {run: (one.path, one.media_type) for run, one in pieces.items() if one.path is not None}
        read = read_again(self._surveyed, list(there.values()))
        return {run: (one, weigh(one, self._surveyed.prepared)) for run, one in zip(there, read, strict=True)}

    def _over(self, piece: Piece, examined: Examined, weighed: Weighed) -> bool:
        measured = Measured(
            size_bytes=piece.size_bytes, facts=examined.facts, estimate=weighed.figures, units=weighed.units
        )
        return any(reading.over for reading in read_limits(self._surveyed.limits, measured))


def _row_lengths(surveyed: Surveyed, number: int) -> tuple[int, ...]:
    """Ask how long the text of each row is; nothing when that cannot be told, and cutting will say why."""
    arguments = RowsTask(
        unit=number,
        source_name=surveyed.examined.source.name,
        media_type=surveyed.examined.source.media_type,
        password=surveyed.options.password,
        limits=ReadLimits(max_units=surveyed.settings.max_units),
    )
    settings = surveyed.settings
    task = Task(key=0, name="rows", document=surveyed.document, payload=asdict(arguments), cpu_s=settings.timeout)
    (outcome,) = surveyed.executor.run([task])
    if outcome.trace:
        logger.error("bug while reading the rows of a table:\n%s", outcome.trace)
    return () if outcome.result is None else load(tuple[int, ...], outcome.result)


def _load(piece: Piece, told: tuple[Examined, Weighed] | None) -> Load:
    """What a piece comes to, as far as it was looked at."""
    load: Load = {"bytes": piece.size_bytes}
    if told is not None:
        weighed = told[1]
        load["words"] = sum(unit.words for unit in weighed.units)
        load["images"] = sum(unit.images for unit in weighed.units)
        if weighed.figures.tokens is not None:
            load["tokens"] = weighed.figures.tokens.high
    return load


def _row_over_limit(number: int, row: int) -> UnitOverLimit:
    return UnitOverLimit(
        f"Row {row:,} of the table in block {number:,} alone is over a limit. Send its text (--as text), or choose a "
        "target that takes more.",
        unit=number,
    )


def _ready(surveyed: Surveyed, piece: Piece, examined: Examined, weighed: Weighed, *, part: int, parts: int) -> Ready:
    number = piece.span.first
    if piece.path is None or len(examined.prints) != 1:
        raise RuntimeError(f"a piece of one table has {len(examined.prints)} units")
    unit = ManifestUnit(
        number=number,
        content=surveyed.prints.get(number, ""),
        text=examined.prints[0],
        part=part,
        parts=parts,
    )
    return Ready(
        span=piece.span,
        path=piece.path,
        size_bytes=piece.size_bytes,
        sha256=piece.sha256,
        media_type=piece.media_type,
        units=(unit,),
        changes=piece.changes,
        tokens=weighed.figures.tokens if surveyed.counted else None,
        seconds=weighed.figures.seconds,
        words=sum(one.words for one in weighed.units),
        images=sum(one.images for one in weighed.units),
    )
