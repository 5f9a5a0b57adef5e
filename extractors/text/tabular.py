"""CSV: blocks of rows, with the header remembered; and whether a text is a table at all."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from itertools import islice
from typing import TYPE_CHECKING

from extractors.clean import safe_text
from extractors.facts import Finding, TableFacts
from extractors.text.blocks import MAX_BLOCK_CHARS, MAX_WHOLE_CHARS, Line
from extractors.text.paragraphs import read_paragraphs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from extractors.text.blocks import BlockWriter

DELIMITERS = ",;\t|"
ROWS_PER_BLOCK = 50
_SAMPLE_ROWS = 50
_REGULAR_SHARE = 0.8
_LONGEST_VALUE = 200
_NUMBER = re.compile(r"[-+(]?[\d.,' %€$£]*\d[\d.,' %€$£)]*")
_EXCEL_HINT = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def find_delimiter(begin: str) -> str | None:
    """Return the delimiter of a table by its first rows, or None when the text is no table.

    Four rows in five must have one and the same number of columns, two at least, or no row may have more cells than
    the header, nor less than half of them; a text without any delimiter is a table of one column when all its lines
    are short.

    Args:
        begin: The first few thousand characters; the last line may be cut.
    """
    hint = _EXCEL_HINT.match(begin)
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

    The first row is the header when all its cells are filled and none is a number. Where the rows stop making sense
    (a quote that is never closed, a line without end), the rest is written as plain text and a finding says so.
    """
    source = _Source(lines)
    table = _Table(writer)
    delimiter = source.delimiter()
    try:
        for row in csv.reader(source, delimiter=delimiter):
            table.add(row, source.taken())
    except csv.Error as error:
        row_number = table.rows + 1
        table.flush()
        read_paragraphs(source.rest(), writer)
        return (
            Finding(
                severity="warning",
                code="csv-malformed",
                message=(
                    f"From row {row_number:,} on this is no regular CSV ({error}); the rest was read as plain text. "
                    "Check the quotation marks there, or export the table again."
                ),
            ),
        )
    table.flush()
    return ()


class _Source:
    """Hands whole lines to the CSV reader and keeps the source of the row being read."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self._taken: list[str] = []
        self._ahead: deque[Line] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        whole = ""
        while not whole.endswith("\n"):
            line = self._ahead.popleft() if self._ahead else next(self._lines, None)
            if line is None:
                break
            self._taken.append(line.text)
            whole += line.text
            if len(whole) > MAX_WHOLE_CHARS:
                raise csv.Error(f"a line of more than {MAX_WHOLE_CHARS:,} characters")
        if not whole:
            raise StopIteration
        return whole

    def delimiter(self) -> str:
        """Look ahead as far as needed to find the delimiter; an Excel hint line (``sep=;``) is left out."""
        begin = ""
        while len(begin) < MAX_BLOCK_CHARS and (line := next(self._lines, None)) is not None:
            self._ahead.append(line)
            begin += line.text
        if _EXCEL_HINT.match(begin):
            self._ahead.popleft()
        return find_delimiter(begin) or ","

    def taken(self) -> str:
        """Source of the rows since the last call."""
        text = "".join(self._taken)
        self._taken.clear()
        return text

    def rest(self) -> Iterator[Line]:
        """Everything not yet given out as a row."""
        yield from (Line(text, begins=True) for text in self._taken)
        yield from self._ahead
        yield from self._lines


class _Table:
    """Gathers rows into blocks."""

    def __init__(self, writer: BlockWriter) -> None:
        self.rows = 0
        self._writer = writer
        self._header: list[str] | None = None
        self._block: list[list[str]] = []
        self._source: list[str] = []
        self._size = 0

    def add(self, row: list[str], source: str) -> None:
        """Take one row and its source."""
        self._source.append(source)
        self._size += len(source)
        if not row:
            return
        self._block.append(row)
        self.rows += 1
        if self.rows == 1 and _is_header(row):
            self._header = row
        if len(self._block) >= ROWS_PER_BLOCK or self._size >= MAX_BLOCK_CHARS:
            self.flush()

    def flush(self) -> None:
        """Write the rows gathered so far."""
        if not self._block:
            return
        begins = self.rows == len(self._block)
        body = self._block[1:] if begins and self._header else self._block
        shape = TableFacts(
            rows=len(self._block),
            columns=max(map(len, self._block)),
            header_rows=int(begins and self._header is not None),
        )
        markdown = markdown_table(self._header or [], body)
        self._writer.add("".join(self._source), "table", markdown=markdown, table=shape, whole=True)
        self._block.clear()
        self._source.clear()
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


def _is_header(row: list[str]) -> bool:
    return all(cell.strip() and not _NUMBER.fullmatch(cell.strip()) for cell in row)
