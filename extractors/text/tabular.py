"""CSV: blocks of rows, with the header remembered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractors.clean import safe_text
from extractors.facts import Finding, TableFacts
from extractors.text.blocks import MAX_BLOCK_CHARS, Block
from extractors.text.rows import Row, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from extractors.text.blocks import BlockWriter
    from extractors.text.lines import Line

ROWS_PER_BLOCK = 50
_NUMBER = re.compile(r"[-+(]?[\d.,' %€$£]*\d[\d.,' %€$£)]*")


def read_table(lines: Iterable[Line], writer: BlockWriter) -> tuple[Finding, ...]:
    """Write blocks of up to 50 rows; their Markdown repeats the header, their text is the source.

    The first row is the header when it names its columns: no cell is a number, one at most is empty, and no blank line
    stands before it. A row whose quotation marks do not end, or that is too long, is one line as it stands, and a
    finding says so. Reading on from the beginning of any block gives the same blocks, if the header is repeated there.
    """
    rows = Rows(lines)
    table = _Table(writer)
    for row in rows:
        if rows.hint:
            writer.repeat_before(row.start)
            rows.hint = False
        table.add(row)
    table.flush()
    if not rows.broken:
        return ()
    return (
        Finding(
            severity="warning",
            code="csv-malformed",
            message=(
                f"{rows.broken:,} line(s), the first in row {rows.first_broken:,}, are no regular CSV: a quotation "
                "mark is never closed, or a line never ends. They were read as they stand. Check the quotation marks "
                "there, or export the table again."
            ),
        ),
    )


class _Table:
    """Gathers rows into blocks."""

    def __init__(self, writer: BlockWriter) -> None:
        self._writer = writer
        self._header: Row | None = None
        self._first = True
        self._begins = False
        self._lead_ends = False
        self._rows: list[Row] = []
        self._texts: list[str] = []
        self._size = 0

    def add(self, row: Row) -> None:
        """Take one row. Blank lines belong to the block before them, and neither count nor weigh."""
        first, self._first = self._first, False
        if self._lead_ends and not first:
            self._writer.repeat_before(row.start)
            self._lead_ends = False
        if first and row.cells and is_header(row):
            self._header, self._begins, self._lead_ends = row, True, True
            return
        if not row.cells:
            if self._rows:
                self._texts.append(row.text)
            return
        self._rows.append(row)
        self._texts.append(row.text)
        self._size += len(row.text)
        if len(self._rows) >= ROWS_PER_BLOCK or self._size >= MAX_BLOCK_CHARS:
            self.flush()

    def flush(self) -> None:
        """Write the rows gathered so far."""
        if not self._rows and not self._begins:
            return
        names = self._header
        shown = [*([names] if names and self._begins else []), *self._rows]
        shape = TableFacts(
            rows=len(shown),
            columns=max(len(row.cells) for row in shown),
            header_rows=int(self._begins),
        )
        self._writer.add(
            Block(
                text="".join(self._texts),
                at=shown[0].start,
                kind="table",
                table=shape,
                markdown=markdown_table(names.cells if names else [], [row.cells for row in self._rows]),
                names=names.text if names else "",
                begins=self._begins,
                guarded=names is None and is_header(self._rows[0]),
            )
        )
        self._begins = False
        self._rows.clear()
        self._texts.clear()
        self._size = 0


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; columns without a header have an empty one, short rows are filled."""
    width = max([len(header), *map(len, rows)], default=0)

    def line(cells: Sequence[str]) -> str:
        padded = [*cells, *[""] * (width - len(cells))]
        return f"| {' | '.join(map(_cell, padded))} |"

    return "\n".join([line(header), f"|{' --- |' * width}", *map(line, rows)])


def _cell(text: str) -> str:
    return " ".join(safe_text(text).split()).replace("|", "\\|")


def is_header(row: Row) -> bool:
    """Whether a row names columns: no cell is a number, one at most is empty, and more may follow it."""
    filled = [cell.strip() for cell in row.cells if cell.strip()]
    return (
        not row.broken
        and row.text.endswith("\n")
        and len(filled) >= max(1, len(row.cells) - 1)
        and not any(_NUMBER.fullmatch(cell) for cell in filled)
    )
