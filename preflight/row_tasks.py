"""What workers are asked about the rows of one table; the table of tasks is in :mod:`preflight.cutting_tasks`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, runtime_checkable

from extractors.base import CutOptions, Cuttable, ReadLimits, ReadOptions
from extractors.errors import UnsupportedFormat
from extractors.media import identify
from extractors.registry import extractor_for
from preflight.wire import dump

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import Change, Shrink
    from preflight.budget import Emit
    from preflight.worker import Files


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsTask:
    """Arguments of ``rows``.

    Attributes:
        unit: Number of the table.
        source_name: Display name of the document.
        media_type: What it is.
        password: Of the document.
        limits: Safety limits.
    """

    unit: int
    source_name: str
    media_type: str
    password: str | None = None
    limits: ReadLimits = field(default_factory=ReadLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPrintsTask:
    """Arguments of ``row-prints``.

    Attributes:
        unit: Number of the table in this document or piece.
        piece: Whether it is a piece that was cut by rows.
        name: Display name.
        password: Of the document.
        limits: Safety limits.
    """

    unit: int
    name: str
    piece: bool = False
    password: str | None = None
    limits: ReadLimits = field(default_factory=ReadLimits)


@runtime_checkable
class RowCutter(Protocol):
    """Optional for a cutter: a table larger than a piece can be cut by rows."""

    def row_lengths(self, unit: int) -> tuple[int, ...]:
        """Return how many characters of text each row of a table has; nothing when it is no table."""
        ...

    def cut_rows(
        self, unit: int, first_row: int, last_row: int, out: BinaryIO, *, shrink: Shrink | None = None
    ) -> tuple[Change, ...]:
        """Write some rows of a table as a document of its own, its header rows repeated.

        Raises:
            ExtractionError: The unit is no table, or has no such rows.
        """
        ...


@runtime_checkable
class RowPrinting(Protocol):
    """Optional for an extractor: rows of a table can be recognized again in a piece."""

    def row_fingerprints(
        self, file: BinaryIO, options: ReadOptions, unit: int, *, piece: bool = False
    ) -> Iterator[tuple[int, str]]:
        """Yield number and fingerprint of each row of a table; of a piece cut by rows, as in the document it is of.

        Header rows that cutting the piece repeated are left out.

        Raises:
            ExtractionError: The document cannot be opened, or the unit is no table.
        """
        ...


def rows(files: Files, payload: dict[str, Any], emit: Emit) -> bytes:
    """Return how many characters of text each row of a table has."""
    del emit
    task = RowsTask(**payload | {"limits": ReadLimits(**payload["limits"])})
    extractor = extractor_for(task.media_type)
    if not isinstance(extractor, Cuttable):
        return dump(())
    options = CutOptions(
        media_type=task.media_type,
        source_name=task.source_name,
        password=task.password,
        active_content="keep",
        limits=task.limits,
    )
    with extractor.cutter(files.document, options) as cutter:
        return dump(cutter.row_lengths(task.unit) if isinstance(cutter, RowCutter) else ())


def row_prints(files: Files, payload: dict[str, Any], emit: Emit) -> bytes:
    """Return number and fingerprint of each row of a table.

    Raises:
        UnsupportedFormat: Documents of this kind have no tables that are cut by rows.
        ExtractionError: The document cannot be opened, or the unit is no table.
    """
    del emit
    task = RowPrintsTask(**payload | {"limits": ReadLimits(**payload["limits"])})
    media_type = identify(files.document, task.name).media_type
    extractor = extractor_for(media_type)
    if not isinstance(extractor, RowPrinting):
        raise UnsupportedFormat("Documents of this kind have no tables that are cut by rows.", unit=task.unit)
    options = ReadOptions(media_type=media_type, password=task.password, limits=task.limits)
    return dump(list(extractor.row_fingerprints(files.document, options, task.unit, piece=task.piece)))
