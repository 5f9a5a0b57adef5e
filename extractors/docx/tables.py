"""Tables: their shape, and their text as rows of tabs and as Markdown.

``row.cells`` of python-docx repeats merged cells and makes a list as long as ``gridSpan`` says (5 × 10^7 in a hostile
file), so rows are read here, one at a time: a table as long as a book needs no more memory than its text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.docx.changes import changed_look
from extractors.docx.names import (
    W_CUSTOM_XML,
    W_DEL,
    W_INS,
    W_SDT,
    W_SDT_CONTENT,
    W_TC,
    W_TR,
    W_VAL,
    is_on,
    number,
    w,
)
from extractors.docx.pieces import NOTHING, Piece, join
from extractors.errors import SafetyLimitExceeded
from extractors.facts import TableFacts

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from extractors.docx.spans import Look
    from extractors.docx.story import Story

MAX_SPAN = 1_000
MAX_COLUMNS = 16_384  # as many as a spreadsheet; Word itself stops at 63
_TBL_PR, _TR_PR, _TC_PR = w("tblPr"), w("trPr"), w("tcPr")
_GRID_BEFORE, _GRID_AFTER, _HEADER, _HIDDEN = w("gridBefore"), w("gridAfter"), w("tblHeader"), w("hidden")
_GRID_SPAN, _V_MERGE, _H_MERGE = w("gridSpan"), w("vMerge"), w("hMerge")
_CELL_CHANGES = {w("cellIns"): W_INS, w("cellDel"): W_DEL}
PROPERTIES = frozenset(
    {_TBL_PR, w("tblGrid"), _TR_PR, _TC_PR, w("tblPrEx"), w("sectPr"), w("sdtPr"), w("sdtEndPr"), w("customXmlPr")}
)
# Markup of a row and of a cell with one run, in bytes.
_ROW_MARKUP, _CELL_MARKUP = 100, 250
_BETWEEN_NESTED = " · "


class Table:
    """One table, filled row by row."""

    def __init__(self, story: Story, *, look: Look | None = None) -> None:
        self._story = story
        self._look = look
        self._rows: list[list[Piece]] = []
        self._columns = 0
        self._headers = 0
        self._chars = self._header_chars = self._longest_row = 0
        self._merged = 0
        self._nested_before = story.reading.tally.nested_tables
        self._box: Piece | None = None
        self._weight = 0
        story.reading.tally.tables += 1

    def add(self, child: Element, *, sole: bool = False) -> None:
        """Read one child of the ``w:tbl``.

        Args:
            child: A row, or a wrapper around rows; anything else is passed over.
            sole: It is the only row of the table.

        Raises:
            SafetyLimitExceeded: A cell spans more columns than any table has.
        """
        if child.tag == W_TR:
            self._add_row(child, sole=sole)
        elif child.tag in {W_SDT, W_CUSTOM_XML}:
            content = child.find(W_SDT_CONTENT) if child.tag == W_SDT else child
            for each in content if content is not None else ():
                self.add(each)
        elif len(child) and child.tag not in PROPERTIES:
            for each in child:
                self.add(each)

    def take_weight(self) -> int:
        """Return about how many bytes of XML were read since this was asked last."""
        weight, self._weight = self._weight, 0
        return weight

    @property
    def facts(self) -> TableFacts:
        """Shape of the table as far as it is read."""
        return TableFacts(
            rows=len(self._rows),
            columns=self._columns,
            header_rows=self._headers,
            nested=self._story.reading.tally.nested_tables - self._nested_before,
            merged_cells=self._merged,
            chars=self._chars,
            header_chars=self._header_chars,
            longest_row_chars=self._longest_row,
        )

    def write(self) -> Piece:
        """Return the table: tabs between cells in plain text, a GitHub table in Markdown.

        A table of one cell is a frame around text, and is written as that text.
        """
        if self._box is not None:
            return self._box
        if not any(cell.plain for row in self._rows for cell in row):
            return NOTHING
        plain = "\n".join("\t".join(cell.plain for cell in row).rstrip("\t") for row in self._rows)
        head, *rest = ([cell.markdown for cell in row] for row in self._rows)
        head += [""] * (self._columns - len(head))
        lines = [_markdown_row(head), "|" + " --- |" * self._columns, *(_markdown_row(row) for row in rest)]
        return Piece(plain, "\n".join(lines))

    def flat(self) -> list[Piece]:
        """Return the table for use inside a cell of another one: a line a row."""
        if self._box is not None:
            return [self._box]
        return [
            Piece(
                _BETWEEN_NESTED.join(cell.plain for cell in row if cell.plain),
                _BETWEEN_NESTED.join(cell.markdown for cell in row if cell.plain),
            )
            for row in self._rows
        ]

    def _add_row(self, row: Element, *, sole: bool) -> None:
        look = self._look
        before = after = 0
        properties = row.find(_TR_PR)
        for child in properties if properties is not None else ():
            if child.tag == _GRID_BEFORE:
                before = _span(child)
            elif child.tag == _GRID_AFTER:
                after = _span(child)
            elif child.tag == _HEADER and is_on(child.get(W_VAL)):
                self._headers += self._headers == len(self._rows)
            elif child.tag in {W_INS, W_DEL}:
                self._story.reading.tally.count_change(child.tag)
                look = changed_look(child, look)
            elif child.tag == _HIDDEN and is_on(child.get(W_VAL)):
                self._story.gathered.hidden = True
                return
        cells = [NOTHING] * before
        found = list(_cells(row))
        for cell in found:
            self._add_cell(cell, cells, look, box=sole and len(found) == 1)
        cells.extend([NOTHING] * after)
        chars = sum([len(cell.plain) for cell in cells])
        self._weight += _ROW_MARKUP + _CELL_MARKUP * len(cells) + chars
        self._chars += chars
        if self._headers > len(self._rows):
            self._header_chars += chars
        else:
            self._longest_row = max(self._longest_row, chars)
        self._columns = max(self._columns, len(cells))
        self._rows.append(cells)

    def _add_cell(self, cell: Element, cells: list[Piece], look: Look | None, *, box: bool) -> None:
        span, goes_on = 1, False
        properties = cell.find(_TC_PR)
        for child in properties if properties is not None else ():
            if child.tag == _GRID_SPAN:
                span = max(_span(child), 1)
            elif child.tag in {_V_MERGE, _H_MERGE}:
                goes_on = child.get(W_VAL, "continue") == "continue"
            elif child.tag in _CELL_CHANGES:
                self._story.reading.tally.count_change(_CELL_CHANGES[child.tag])
                look = changed_look(child, look)
        self._merged += span > 1 or goes_on
        self._story.open_tables += 1
        pieces = self._story.flow(cell, look=look, cell=not box)
        self._story.open_tables -= 1
        if box:
            self._box = join(pieces)
        cells.append(_in_cell(pieces))
        cells.extend([NOTHING] * (span - 1))
        if len(cells) > MAX_COLUMNS:
            raise _too_wide(len(cells), MAX_COLUMNS)


def nested(story: Story, element: Element, *, look: Look | None, cell: bool) -> list[Piece]:
    """Read a table that is not a block of its own.

    Args:
        story: The story it stands in.
        element: The ``w:tbl``.
        look: What all of it is set in.
        cell: It stands inside a cell of another table.
    """
    if story.open_tables:
        story.reading.tally.nested_tables += 1
    table = Table(story, look=look)
    sole = is_sole(element)
    for child in element:
        table.add(child, sole=sole)
    return table.flat() if cell else [table.write()]


def is_sole(element: Element) -> bool:
    """Tell whether a complete table has exactly one row."""
    rows = [child for child in element if child.tag not in PROPERTIES]
    return len(rows) == 1 and rows[0].tag == W_TR


def _cells(row: Element) -> list[Element]:
    found: list[Element] = []
    for child in row:
        if child.tag == W_TC:
            found.append(child)
        elif child.tag not in PROPERTIES and len(child):
            found.extend(_cells(child))
    return found


def _in_cell(pieces: list[Piece]) -> Piece:
    kept = [piece for piece in pieces if piece.plain]
    if not kept:
        return NOTHING
    plain = " ".join(piece.plain for piece in kept).replace("\n", " ").replace("\t", " ")
    rich = "<br>".join(piece.markdown for piece in kept).replace("\n", "<br>").replace("\t", " ")
    return Piece(plain, rich.replace("|", "\\|"))


def _markdown_row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _span(element: Element) -> int:
    value = number(element.get(W_VAL))
    if value > MAX_SPAN:
        raise _too_wide(value, MAX_SPAN)
    return max(value, 0)


def _too_wide(value: int, limit: int) -> SafetyLimitExceeded:
    return SafetyLimitExceeded(
        f"A table is {value} columns wide; the limit is {limit}. Delete the broken table in Word, or turn it into text."
    )
