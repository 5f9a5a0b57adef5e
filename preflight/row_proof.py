"""Holding the rows of tables that were cut by rows against the document: the table as a whole is in no piece."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from extractors.base import ReadLimits
from preflight.execution import Task
from preflight.problems import lies_in_document
from preflight.row_tasks import RowPrintsTask
from preflight.survey import stopped
from preflight.wire import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPiece:
    """A piece that holds some rows of one table and nothing else.

    Attributes:
        index: Number of the piece.
        document: Its file.
        unit: Number of the table in the document.
        rows: First and last row, from 1.
    """

    index: int
    document: Document
    unit: int
    rows: tuple[int, int]


def differing_rows(
    source: Document, pieces: Sequence[RowPiece], settings: Settings, executor: Executor, *, password: str | None
) -> tuple[RowPiece, ...]:
    """Return the pieces whose rows are not those of the document, each once and in order.

    A piece or table that has no such rows, or cannot be read, counts as differing: nothing speaks for it.

    Args:
        source: The document.
        pieces: Of the pieces those that hold rows.
        settings: How the work is done.
        executor: Where it is done.
        password: Of the document.

    Raises:
        Stopped: Rows could not be told for a reason that does not lie in the document: no time, no memory.
    """
    tables = sorted({piece.unit for piece in pieces})
    tasks = [_task(source, unit, settings, key=key, password=password) for key, unit in enumerate(tables)]
    tasks += [
        _task(one.document, 1, settings, key=key, piece=True) for key, one in enumerate(pieces, start=len(tables))
    ]
    found: dict[int, list[tuple[int, str]]] = {}
    for outcome in executor.run(tasks) if tasks else ():
        if outcome.trace:
            logger.error("bug while comparing the rows of a table:\n%s", outcome.trace)
        if outcome.result is not None:
            found[outcome.key] = load(list[tuple[int, str]], outcome.result)
        elif outcome.problem is None or not lies_in_document(outcome.problem):
            raise stopped(outcome.problem)
    whole = {unit: dict(found.get(key, ())) for key, unit in enumerate(tables)}
    return tuple(
        piece
        for key, piece in enumerate(pieces, start=len(tables))
        if not found.get(key) or found[key] != _between(whole[piece.unit], *piece.rows)
    )


def _between(rows: dict[int, str], first: int, last: int) -> list[tuple[int, str]]:
    return [(number, value) for number, value in rows.items() if first <= number <= last]


def _task(
    document: Document, unit: int, settings: Settings, *, key: int, piece: bool = False, password: str | None = None
) -> Task:
    limits = ReadLimits(max_units=settings.max_units)
    arguments = RowPrintsTask(unit=unit, piece=piece, name=document.name, password=password, limits=limits)
    return Task(key=key, name="row-prints", document=document, payload=asdict(arguments), cpu_s=settings.timeout)
