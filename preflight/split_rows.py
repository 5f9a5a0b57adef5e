"""One table that is larger than a piece may be: divided by rows, its header rows repeated in each piece."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.facts import Source
from preflight.cutting_tasks import Span
from preflight.errors import UnitOverLimit
from preflight.judging import weigh
from preflight.limits import raw_bytes_max
from preflight.manifest import ManifestUnit
from preflight.margins import Measured, read_limits
from preflight.oversize import tightest_on_bytes
from preflight.reading import Unread, examine_task, examined_from
from preflight.rows import divided, parts_needed
from preflight.rows import rows_of as rows_of_unit
from preflight.splitting import Ready, staged_document
from preflight.survey import stopped

if TYPE_CHECKING:
    from preflight.cutting import Bench, Piece
    from preflight.judging import Weighed
    from preflight.messages import Examined
    from preflight.survey import Surveyed


def rows_of(surveyed: Surveyed, number: int) -> int:
    """Return how many rows a unit can be divided by; 0 when it is no such table."""
    return rows_of_unit(surveyed.examined.facts.units[number - 1], surveyed.examined.source.media_type)


def row_pieces(surveyed: Surveyed, bench: Bench, number: int) -> list[Ready]:
    """Divide one table into pieces that fit.

    Raises:
        UnitOverLimit: One row alone is over a limit.
        Stopped: The table cannot be cut.
    """
    table = surveyed.examined.facts.units[number - 1].table
    rows, headers = rows_of(surveyed, number), table.header_rows if table else 0
    waiting = _divided(number, (1, rows), headers, _parts_needed(surveyed, number))
    found: list[tuple[Piece, Examined, Weighed]] = []
    limit = tightest_on_bytes(surveyed.limits)
    most = raw_bytes_max(limit) if limit else None
    while waiting:
        again: list[Span] = []
        for span, piece in bench.cut(waiting, dict.fromkeys(waiting, most)).items():
            told = None if piece.path is None else _weighed(surveyed, piece)
            if told is not None and not _over(surveyed, piece, *told):
                found.append((piece, *told))
                continue
            bench.drop(piece)
            again += _halves(span, headers)
        if number in bench.bad:
            for piece, _, _ in found:
                bench.drop(piece)
            return []
        waiting = again
    found.sort(key=lambda one: one[0].span.rows or (0, 0))
    return [_ready(surveyed, *one, part=part, parts=len(found)) for part, one in enumerate(found, start=1)]


def _parts_needed(surveyed: Surveyed, number: int) -> int:
    """Parts that the limits force at least, judged from what the table comes to as a whole."""
    facts = surveyed.examined.facts
    unit, cost = facts.units[number - 1], surveyed.weighed.units[number - 1]
    return parts_needed(unit, cost, surveyed.limits, shared_bytes=facts.shared_bytes)


def _divided(number: int, rows: tuple[int, int], headers: int, parts: int) -> list[Span]:
    return [Span(first=number, last=number, rows=span) for span in divided(rows, headers, parts)]


def _halves(span: Span, headers: int) -> list[Span]:
    rows = span.rows or (1, 1)
    halves = _divided(span.first, rows, headers, 2)
    if len(halves) < 2:
        raise UnitOverLimit(
            f"Row {rows[1]:,} of the table in block {span.first:,} alone is over a limit. Send its text (--as text), "
            "or choose a target that takes more.",
            unit=span.first,
        )
    return halves


def _weighed(surveyed: Surveyed, piece: Piece) -> tuple[Examined, Weighed]:
    """Read a piece and say what it comes to."""
    if piece.path is None:
        raise RuntimeError("a piece without a file cannot be read")
    document = staged_document(piece.path, piece.media_type)
    encodings = surveyed.prepared.encodings
    (outcome,) = surveyed.executor.run(
        [examine_task(document, surveyed.settings, encodings=encodings, prints=True)], lambda _key, _event: None
    )
    empty = Source(name=document.name, size_bytes=0, sha256="", media_type=piece.media_type)
    examined = examined_from(outcome, document, empty)
    if isinstance(examined, Unread):
        raise stopped(examined.problem)
    return examined, weigh(examined, surveyed.prepared)


def _over(surveyed: Surveyed, piece: Piece, examined: Examined, weighed: Weighed) -> bool:
    measured = Measured(
        size_bytes=piece.size_bytes, facts=examined.facts, estimate=weighed.figures, units=weighed.units
    )
    return any(reading.over for reading in read_limits(surveyed.limits, measured))


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
