"""Tables of HTML pages, row by row, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.facts import TableFacts
from extractors.text.blocks import MAX_BLOCK_CHARS
from extractors.text.tabular import ROWS_PER_BLOCK, markdown_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractors.text.blocks import BlockWriter


class HtmlTable:
    """Gathers the cells of a table and writes blocks of rows; tables inside it become text of their cell."""

    def __init__(self, writer: BlockWriter) -> None:
        self._writer = writer
        self._depth = 1
        self._rows: list[list[str]] = []
        self._row: list[str] = []
        self._cell: list[str] | None = None
        self._loose: list[str] = []
        self._header: list[str] = []
        self._header_cells = 0
        self._size = 0
        self._merged = 0
        self._nested = 0
        self._written = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins inside the table."""
        if tag == "table":
            self._depth += 1
            self._nested += 1
        elif self._depth > 1:
            self.put(" ")
        elif tag == "tr":
            self._end_row()
        elif tag in {"td", "th"}:
            self._end_cell()
            self._cell = []
            self._header_cells += tag == "th"
            self._merged += any(
                attributes.get(name, "1").strip() not in {"", "0", "1"} for name in ("colspan", "rowspan")
            )
        else:
            self.put(" ")

    def end(self, tag: str) -> bool:
        """An element ends; True when it was the table itself."""
        if tag == "table":
            self._depth -= 1
            if self._depth == 0:
                self.close()
                return True
        elif self._depth == 1:
            if tag in {"td", "th"}:
                self._end_cell()
            elif tag == "tr":
                self._end_row()
        return False

    def put(self, text: str) -> None:
        """Text of the current cell; text outside all cells (a caption) goes before the table."""
        if self._cell is None:
            self._loose.append(text)
        else:
            self._cell.append(text)
            self._size += len(text)

    def close(self) -> None:
        """The table ends."""
        self._end_row()
        self._flush()

    def _end_cell(self) -> None:
        if self._cell is not None:
            self._row.append(" ".join("".join(self._cell).split()))
            self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row:
            if not self._rows and not self._written and self._header_cells == len(self._row):
                self._header = self._row
            self._rows.append(self._row)
            self._row = []
        self._header_cells = 0
        if len(self._rows) >= ROWS_PER_BLOCK or self._size > MAX_BLOCK_CHARS:
            self._flush()

    def _flush(self) -> None:
        self._writer.add(" ".join("".join(self._loose).split()))
        self._loose.clear()
        rows = self._rows
        if not rows:
            return
        text = "\n".join("\t".join(row).rstrip() for row in rows)
        columns = max(map(len, rows))
        has_header = bool(self._header) and not self._written
        if columns == 1 and not self._header:  # layout, not data
            self._writer.add(text)
        else:
            shape = TableFacts(
                rows=len(rows),
                columns=columns,
                header_rows=int(has_header),
                nested=self._nested,
                merged_cells=self._merged,
            )
            markdown = markdown_table(self._header, rows[1:] if has_header else rows)
            self._writer.add(text, "table", markdown=markdown, table=shape)
        self._written += len(rows)
        self._rows = []
        self._size = self._nested = self._merged = 0
