"""The rows of a CSV file, whatever its delimiter; and whether a text is a table at all."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from extractors.text.blocks import MAX_BLOCK_CHARS, MAX_WHOLE_CHARS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from extractors.text.lines import Line

DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 50
_REGULAR_SHARE = 0.8
_LONGEST_VALUE = 200
_EXCEL_HINT = re.compile(r"sep=([^\"\w])\r?\n", re.IGNORECASE)  # the line by which Excel is told the delimiter


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
        if _EXCEL_HINT.match(begin):
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
        cells = next(csv.reader(pull, delimiter=self.delimiter), None)
        if cells is None or pull.endless:
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
