"""CSV: blocks of rows, with the header remembered; and whether a text is a table at all."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from extractors.clean import safe_text
from extractors.facts import Finding, TableFacts
from extractors.text.blocks import MAX_BLOCK_CHARS, MAX_WHOLE_CHARS, Block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from extractors.text.blocks import BlockWriter
    from extractors.text.lines import Line

DELIMITERS = ",;\t|"
ROWS_PER_BLOCK = 50
_SAMPLE_ROWS = 50
_REGULAR_SHARE = 0.8
_LONGEST_VALUE = 200
_NUMBER = re.compile(r"[-+(]?[\d.,' %€$£]*\d[\d.,' %€$£)]*")
EXCEL_HINT = re.compile(r"sep=([^\"\w])\r?\n", re.IGNORECASE)
"""The line by which Excel is told the delimiter."""


def find_delimiter(begin: str) -> str | None:
    """Return the delimiter of a table by its first rows, or None when the text is no table.

    Four rows in five must have one and the same number of columns, two at least, or no row may have more cells than
    the header, nor less than half of them; a text without any delimiter is a table of one column when all its lines
    are short.

    Args:
        begin: The first few thousand characters; the last line may be cut.
    """
    hint = EXCEL_HINT.match(begin)
    if hint is not None:
        return hint[1]
    lines = begin.splitlines(keepends=True)
    whole = lines if len(lines) < 2 or begin.endswith(("\n", "\r")) else lines[:-1]
    rated = [(regular, -order, mark) for order, mark in enumerate(DELIMITERS) if (regular := _regular(whole, mark))]
    if rated:
        return max(rated)[2]
    single = not any(mark in begin for mark in DELIMITERS) and all(len(line) <= _LONGEST_VALUE for line in whole)
    return "," if single and begin.strip() else None


def _regular(lines: list[str], delimiter: str) -> tuple[float, int] | None:
    """Share of rows with the usual number of columns, and that number; None when this is no delimiter of a table."""
    try:
        rows = (len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        widths = list(islice(rows, _SAMPLE_ROWS))
    except csv.Error:
        return None
    if not widths:
        return None
    width, count = Counter(widths).most_common(1)[0]
    if width > 1 and count >= len(widths) * _REGULAR_SHARE:
        return count / len(widths), width
    header = widths[0]
    ragged = header > 2 and max(widths) == header and min(widths) * 2 >= header
    return (count / len(widths), header) if ragged else None


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


def lead_end(lines: Iterable[Line]) -> int:
    """Return the byte before which stands what every piece of a table repeats: a hint line, a header, or nothing."""
    rows = Rows(lines)
    walk = iter(rows)
    first, second = next(walk, None), next(walk, None)
    if first is not None and second is not None and is_header(first):
        return second.start
    return first.start if first is not None and rows.hint else 0


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        cells: Its cells; none for a blank line.
        text: Its source.
        start: Where it begins in the file, in bytes.
        broken: Its cells are not to be relied on.
    """

    cells: list[str]
    text: str
    start: int
    broken: bool = False


class Rows:
    """The rows of a table, each decided by its own text and no more than 64,000 characters after it.

    Attributes:
        delimiter: What parts the cells.
        hint: The file begins with a line that tells the delimiter.
        broken: Rows that are no regular CSV.
        first_broken: Number of the first of them.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self.broken = 0
        self.first_broken = 0
        self.hint = False
        self._lines = iter(lines)
        self._ahead: deque[Line] = deque()
        self.delimiter = self._find_delimiter()

    def __iter__(self) -> Iterator[Row]:
        number = 0
        while line := self._next_line():
            row = self._row(line)
            number += bool(row.cells)
            if row.broken:
                self.broken += 1
                self.first_broken = self.first_broken or number
            yield row

    def _find_delimiter(self) -> str:
        """Look ahead as far as needed to find the delimiter; an Excel hint line (``sep=;``) is left out."""
        begin = ""
        while len(begin) < MAX_BLOCK_CHARS and (line := next(self._lines, None)) is not None:
            self._ahead.append(line)
            begin += line.text
        if EXCEL_HINT.match(begin):
            self._ahead.popleft()
            self.hint = True
        return find_delimiter(begin) or ","

    def _next(self) -> Line | None:
        return self._ahead.popleft() if self._ahead else next(self._lines, None)

    def _next_line(self) -> list[Line]:
        """Take a whole line; the first part alone of one that is too long for a row, or does not end."""
        taken: list[Line] = []
        size = 0
        while size <= MAX_WHOLE_CHARS and (line := self._next()) is not None:
            taken.append(line)
            size += len(line.text)
            if line.text.endswith("\n"):
                return taken
        self._ahead.extendleft(reversed(taken[1:]))
        return taken[:1]

    def _row(self, taken: list[Line]) -> Row:
        text = "".join(line.text for line in taken)
        bare = text.removesuffix("\n")
        start = taken[0].start
        if text is bare and self._ahead:  # more of a line that is too long
            return Row([bare], text, start, broken=True)
        if not bare:
            return Row([], text, start)
        if '"' not in text:
            return Row(bare.split(self.delimiter), text, start)
        pull = _Pull(taken, self._next_line)
        cells = next(csv.reader(pull, delimiter=self.delimiter))
        if pull.endless:
            self._ahead.extendleft(reversed(pull.taken[len(taken) :]))
            return Row([bare], text, start, broken=True)
        return Row(cells, "".join(line.text for line in pull.taken), start)


class _Pull:
    """Hands lines to the CSV reader as long as it asks for them: while a quotation mark is open.

    Attributes:
        taken: Lines handed out.
        endless: It asked for more than there is or may be.
    """

    def __init__(self, first: list[Line], more: Callable[[], list[Line]]) -> None:
        self.taken = list(first)
        self.endless = False
        self._more = more
        self._begun = False
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        lines = self._more() if self._begun else self.taken
        if self._begun:
            self.taken += lines
        self._begun = True
        text = "".join(line.text for line in lines)
        self._size += len(text)
        if not text or self._size > MAX_WHOLE_CHARS:
            self.endless = True
            raise StopIteration
        return text


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
    """Whether a row names columns: no cell is a number, and one at most is empty."""
    filled = [cell.strip() for cell in row.cells if cell.strip()]
    return (
        not row.broken
        and len(filled) >= max(1, len(row.cells) - 1)
        and not any(_NUMBER.fullmatch(cell) for cell in filled)
    )
