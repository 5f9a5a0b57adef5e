"""Tables of HTML pages, row by row, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.facts import TableFacts
from extractors.text.blocks import MAX_BLOCK_CHARS, Block
from extractors.text.markup import CONTINUED, MARK, PASSED, REPEATED
from extractors.text.tabular import ROWS_PER_BLOCK, markdown_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractors.text.blocks import BlockWriter


class HtmlTable:
    """Gathers the cells of a table and writes blocks of rows; tables inside it become text of their cell.

    After each block it is as if the table had begun there, but for its header: pieces repeat that, marked, and a table
    goes on in the next piece.

    Attributes:
        header: The first row, if it has header cells only.
        begun: It has had a row.
        size: Characters of the current row, or of text outside all rows.
        spaced: They end with white space.
    """

    def __init__(self, writer: BlockWriter) -> None:
        self.header: list[str] = []
        self.begun = False
        self.size = 0
        self.spaced = True
        self._writer = writer
        self._depth = 1
        self._rows: list[list[str]] = []
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._loose: list[str] = []
        self._header_cells = 0
        self._header_waits = False
        self._repeats = False
        self._rows_size = 0
        self._merged = 0
        self._nested = 0
        self._images = 0

    @property
    def in_row(self) -> bool:
        """A row has begun and not ended."""
        return self._row is not None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins inside the table."""
        if attributes.get(MARK) == PASSED:
            return
        if tag == "table":
            self._depth += 1
            self._nested += 1
        elif self._depth > 1 or tag not in {"tr", "td", "th", "thead"}:
            self.space()
        elif tag == "thead":
            self._repeats = attributes.get(MARK) == REPEATED
            self.begun = self.begun or self._repeats
        elif tag == "tr":
            self._begin_row()
        else:
            self._begin_cell(tag, attributes)

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
            elif tag == "thead":
                self._end_row()
                self._repeats = False
        return False

    def put(self, text: str) -> None:
        """Text of the current cell; text outside all rows (a caption) is a block of its own."""
        if self._row is None:
            if text.strip():
                self._flush()
            self._loose.append(text)
        else:
            if self._cell is None:
                self._cell = []
            self._cell.append(text)
        self.size += len(text)
        self.spaced = text[-1:].isspace()

    def space(self) -> None:
        """Something parts words in the current cell."""
        if self._cell is not None:
            self._cell.append(" ")
            self.spaced = True

    def image(self) -> None:
        """An image stands here."""
        self._images += 1

    def cut(self) -> None:
        """The current row is too long for a block: write what there is of it; the rest is a row of its own."""
        if self._row is None:
            self._flush_loose()
            return
        first = not self.begun
        self._end_row()
        self._flush()
        if first:  # half a header is none for other rows
            self.begun, self.header = True, []
        self._row, self._cell = [], []

    def close(self) -> None:
        """The table ends."""
        self._end_row()
        self._flush()
        self._flush_loose()

    def _begin_row(self) -> None:
        self._end_row()
        self._flush_loose()
        self._row = []

    def _begin_cell(self, tag: str, attributes: Mapping[str, str]) -> None:
        """A cell begins; one that goes on from an earlier piece is where a row was cut, whatever it is inside of."""
        goes_on = attributes.get(MARK) == CONTINUED
        if not goes_on:
            self._end_cell()
        if self._row is None:
            self._begin_row()
        self._cell = []
        if not goes_on:
            self._header_cells += tag == "th"
            spans = (attributes.get(name, "1").strip() for name in ("colspan", "rowspan"))
            self._merged += any(span not in {"", "0", "1"} for span in spans)

    def _end_cell(self) -> None:
        if self._cell is not None and self._row is not None:
            self._row.append(" ".join("".join(self._cell).split()))
        self._cell = None

    def _end_row(self) -> None:
        self._end_cell()
        row, header_cells, size = self._row or [], self._header_cells, self.size
        if self._row is None:
            return
        self._row = None
        self._header_cells = self.size = 0
        self.spaced = True
        if not row:
            return
        first, self.begun = not self.begun, True
        if self._repeats or (first and header_cells == len(row)):
            self.header = row
            self._header_waits = not self._repeats
            return
        self._rows.append(row)
        self._rows_size += size
        if len(self._rows) >= ROWS_PER_BLOCK or self._rows_size > MAX_BLOCK_CHARS:
            self._flush()

    def _flush_loose(self) -> None:
        if self._loose:
            text = " ".join("".join(self._loose).split())
            if text:
                self._writer.add(Block(text=text, images=self._images))
                self._images = 0
            self._loose.clear()
            self.size = 0
            self.spaced = True

    def _flush(self) -> None:
        """Write the rows gathered so far."""
        rows, begins = self._rows, self._header_waits
        if not rows and not begins:
            return
        text = "\n".join("\t".join(row).rstrip() for row in rows)
        columns = max(len(row) for row in (*rows, self.header))
        if columns == 1 and not self.header:  # layout, not data
            self._writer.add(Block(text=text, images=self._images))
        else:
            shape = TableFacts(
                rows=len(rows) + begins,
                columns=columns,
                header_rows=int(begins),
                nested=self._nested,
                merged_cells=self._merged,
            )
            self._writer.add(
                Block(
                    text=text,
                    kind="table",
                    markdown=markdown_table(self.header, rows),
                    table=shape,
                    images=self._images,
                    names="\t".join(self.header).rstrip(),
                    begins=begins,
                )
            )
        self._rows = []
        self._header_waits = False
        self._rows_size = self._nested = self._merged = self._images = 0
