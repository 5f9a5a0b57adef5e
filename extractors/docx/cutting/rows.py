"""One table over several pieces: some of its rows, below its header rows.

Header rows that are not among the rows asked for are repeated. A cell that goes on from a row above the cut becomes a
cell of its own, without the text, which stays in the piece with its first row.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors.docx.cutting import marks
from extractors.docx.cutting.marks import ADDED, RANGE_ENDS, RANGE_STARTS, ROWS
from extractors.docx.cutting.notes import NOTE_REFERENCES
from extractors.docx.cutting.ranges import COMMENT_REFERENCE
from extractors.docx.names import W_SDT, W_SDT_CONTENT, W_T, W_TBL, W_TC, W_TR, W_VAL, is_on, w

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element

_ROWS = re.compile(r"(\d{1,9})-(\d{1,9})/(\d{1,9})$")
_HEADER, _V_MERGE = w("tblHeader"), w("vMerge")
_TR_PR, _TC_PR = w("trPr"), w("tcPr")
_ONCE = (*RANGE_STARTS, *RANGE_ENDS, *NOTE_REFERENCES, COMMENT_REFERENCE)


@dataclass(frozen=True, slots=True)
class Table:
    """Shape of a table as far as cutting it by rows goes.

    Attributes:
        rows: Number of rows, header rows included; 0 when the block is no table that can be cut.
        header_rows: Rows at its top that are repeated.
    """

    rows: int
    header_rows: int


def table_in(block: Element) -> Element | None:
    """Return the table that a block is, or the only one a content control holds; None when it is none."""
    if block.tag == W_TBL:
        return block
    if block.tag == W_SDT:
        content = block.find(W_SDT_CONTENT)
        children = [] if content is None else list(content)
        if len(children) == 1:
            return table_in(children[0])
    return None


def rows_of(table: Element) -> list[Element]:
    """Return the rows of a table, those inside content controls included."""
    return list(_rows(table))


def shape(block: Element) -> Table:
    """Return the shape of a block."""
    table = table_in(block)
    if table is None:
        return Table(0, 0)
    rows = rows_of(table)
    return Table(len(rows), _headers(rows))


def keep_rows(table: Element, first: int, last: int) -> tuple[list[Element], list[Element]]:
    """Keep some rows of a table.

    Args:
        table: The table; it is changed.
        first: First row, from 1.
        last: Last row.

    Returns:
        The rows before ``first``, which are not in the table any more, and the rows kept.
    """
    rows = rows_of(table)
    kept, before = rows[first - 1 : last], rows[: first - 1]
    table.set(ROWS, f"{first}-{last}/{len(rows)}")
    repeated = [_repeated(row) for row in before[: _headers(rows)]]
    for row in (*before, *rows[last:]):
        marks.drop(row)
    if kept:
        _reopen_cells(kept[0])
        top = kept[0]
        while top.getparent() is not table:
            parent = top.getparent()
            if parent is None:
                break
            top = parent
        at = table.index(top)
        table[at:at] = repeated
    _drop_empty_wrappers(table)
    return before, kept


def text_length(row: Element) -> int:
    """Return how many characters of text a row has, those of tables inside it included."""
    return sum(len(text.text or "") for text in row.iter(W_T))


def first_row(table: Element) -> int:
    """Return which row of the source a table begins with, repeated header rows aside."""
    hit = _ROWS.match(table.get(ROWS, ""))
    return int(hit[1]) if hit else 1


def own_rows(table: Element) -> tuple[int, list[Element]]:
    """Return which row of the source a table begins with, and its rows without the header rows repeated by that cut.

    What an earlier cut repeated is marked, too, and a row like any other: there are as many more rows than the mark of
    the table tells as this cut repeated.
    """
    found, hit = rows_of(table), _ROWS.match(table.get(ROWS, ""))
    if hit is None:
        return 1, [row for row in found if not is_repeated(row)]
    extra = 0
    while extra < len(found) - (int(hit[2]) - int(hit[1]) + 1) and is_repeated(found[extra]):
        extra += 1
    return int(hit[1]), found[extra:]


def next_row(table: Element) -> int:
    """Return the row of the source that follows those in a table."""
    hit = _ROWS.match(table.get(ROWS, ""))
    return int(hit[2]) + 1 if hit else len(rows_of(table)) + 1


def append_rows(table: Element, rest: Element) -> None:
    """Move the rows that a piece has of a table below those of the pieces before."""
    hit, more = _ROWS.match(table.get(ROWS, "")), _ROWS.match(rest.get(ROWS, ""))
    if hit and more:
        table.set(ROWS, f"{hit[1]}-{more[2]}/{hit[3]}")
    own = set(own_rows(rest)[1])
    for row in rows_of(rest):
        if row not in own:
            marks.drop(row)
    table.extend([child for child in rest if child.tag not in {w("tblPr"), w("tblGrid")}])


def is_repeated(row: Element) -> bool:
    """Tell whether a row is a header row that stands in another piece."""
    return row.get(ADDED) is not None


def _repeated(row: Element) -> Element:
    """Return a copy of a header row without what may stand in a document only once."""
    copy = deepcopy(row)
    copy.tail = None
    for each in list(copy.iter(*_ONCE)):
        marks.drop(each)
    copy.set(ADDED, "1")
    return copy


def _reopen_cells(row: Element) -> None:
    for cell in row.iter(W_TC):
        merge = cell.find(f"{_TC_PR}/{_V_MERGE}")
        if (
            merge is not None
            and next(cell.iterancestors(W_TR), None) is row
            and merge.get(W_VAL, "continue") == "continue"
        ):
            marks.change(merge, "restart")


def _headers(rows: list[Element]) -> int:
    """Return how many rows at the top are repeated; none when all are, for then they are no headers."""
    found = 0
    while found < len(rows) and _is_header(rows[found]):
        found += 1
    return found if found < len(rows) else 0


def _is_header(row: Element) -> bool:
    header = row.find(f"{_TR_PR}/{_HEADER}")
    return header is not None and is_on(header.get(W_VAL))


def _rows(container: Element) -> Iterator[Element]:
    for child in container:
        if child.tag == W_TR:
            yield child
        elif child.tag != W_TBL and next(child.iter(W_TR), None) is not None:
            yield from _rows(child)


def _drop_empty_wrappers(table: Element) -> None:
    for child in list(table):
        if child.tag == W_SDT and not rows_of(child):
            marks.drop(child)
