"""Reading order where Tesseract read across columns.

Its layout analysis sometimes misses the gap between two columns, by chance of scale and noise, and then interleaves
their lines with full confidence (measured: one rendering in ten of a two-column page; error rate 0.37 instead of
0.01). The boxes of the words still show the gap, so the words can be put in order afterwards. Tables look alike but
must be read row by row: columns are told by having several words on each side, line after line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from extractors.ocr.words import Word

MIN_LINES = 6
"""Lines each of two columns must have side by side."""

MIN_WORDS = 3.5
"""Mean words a line must have in a column; cells of tables have fewer."""

_GAP = 0.9  # heights of a line between two columns, at least
_SPACES = 2.2  # times a usual space; spaces below each other in typewriter text are no gap
_DEPTH = 3  # cuts within cuts: eight columns


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of Tesseract's, cut at nothing yet."""

    words: tuple[Word, ...]

    @property
    def middle(self) -> float:
        return sum(word.top + word.bottom for word in self.words) / (2 * len(self.words))

    def sides(self, gap: int) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
        """Words left and right of an x-position."""
        left = tuple(word for word in self.words if word.left + word.right <= 2 * gap)
        return left, tuple(word for word in self.words if word.left + word.right > 2 * gap)


@dataclass(frozen=True, slots=True)
class _Cut:
    """A gap between columns: where, and through which lines (indices from top to bottom, end exclusive)."""

    worth: int
    gap: int
    first: int
    end: int


def in_reading_order(words: Sequence[Word]) -> list[Word]:
    """Return the words with columns one after another wherever lines were read across them.

    Words on pages without such lines come back as they are.
    """
    lines = [_Line(tuple(line)) for _, line in groupby(words, key=lambda word: word.place)]
    if len(lines) < MIN_LINES:
        return list(words)
    regions = list(_regions(lines, _DEPTH))
    if len(regions) == 1:
        return list(words)
    ordered = []
    for number, region in enumerate(regions):
        for line in region:
            ordered += [
                replace(word, place=(number * len(lines) + word.place[0], *word.place[1:])) for word in line.words
            ]
    return ordered


def _regions(lines: list[_Line], depth: int) -> Iterator[list[_Line]]:
    """Yield parts of the page in reading order: above a gap, left of it, right of it, below."""
    by_height = sorted(lines, key=lambda line: line.middle)
    cut = _best_cut(by_height) if depth else None
    if cut is None:
        yield lines
        return
    inside = {id(line) for line in by_height[cut.first : cut.end]}
    above = {id(line) for line in by_height[: cut.first]}
    left, right = [], []
    for line in by_height[cut.first : cut.end]:
        sides = line.sides(cut.gap)
        left += [_Line(sides[0])] if sides[0] else []
        right += [_Line(sides[1])] if sides[1] else []
    parts = (
        [line for line in lines if id(line) in above],
        left,
        right,
        [line for line in lines if id(line) not in inside and id(line) not in above],
    )
    for part in parts:
        if part:
            yield from _regions(part, depth - 1)


def _best_cut(lines: list[_Line]) -> _Cut | None:
    """Return the gap with most words on its lesser side, through lines some of which were read across it."""
    if len(lines) < MIN_LINES:
        return None
    solid = [[word for word in line.words if any(char.isalnum() for char in word.text)] for line in lines]
    boxes = [word for line in solid for word in line]
    if not boxes:
        return None
    wide = _least_gap(boxes, solid)
    gaps = sorted({gap for line in solid for gap in _wide_gaps(line, wide)})
    cuts = (cut for gap in gaps for cut in _cuts_at(lines, solid, gap, wide))
    return max(cuts, key=lambda cut: cut.worth, default=None)


def _least_gap(boxes: list[Word], lines: list[list[Word]]) -> int:
    """Return the pixels at least between two columns."""
    spaces = [after.left - word.right for line in lines for word, after in pairwise(line) if after.left > word.right]
    height = median(word.bottom - word.top for word in boxes)
    return max(4, round(max(_GAP * height, _SPACES * median(spaces) if spaces else 0)))


def _wide_gaps(line: list[Word], wide: int) -> Iterator[int]:
    """Yield positions, a third of ``wide`` apart, in the gaps of a line that has two words and more on both sides."""
    step = max(1, wide // 3)
    for number in range(2, len(line) - 1):
        start, stop = line[number - 1].right + wide // 2, line[number].left - wide // 2
        yield from range(start - start % step + step, stop + 1, step)


def _cuts_at(lines: list[_Line], solid: list[list[Word]], gap: int, wide: int) -> Iterator[_Cut]:
    """Yield runs of lines that leave ``wide`` pixels around ``gap`` free and look like two columns."""
    left, right = gap - wide // 2, gap + wide // 2
    free = [not any(word.left < right and word.right > left for word in line) for line in solid]
    for is_free, run in groupby(range(len(lines)), key=free.__getitem__):
        if not is_free:
            continue
        numbers = list(run)
        first, end = numbers[0], numbers[-1] + 1
        worth = _worth([line.sides(gap) for line in lines[first:end]])
        if worth:
            yield _Cut(worth, gap, first, end)


def _worth(sides: list[tuple[tuple[Word, ...], tuple[Word, ...]]]) -> int:
    """Return the words of the lesser side; 0 where these are no columns, or no line was read across them."""
    across = sum(1 for left, right in sides if len(left) > 1 and len(right) > 1)
    counts = [[len(side[column]) for side in sides if side[column]] for column in (0, 1)]
    if not across or any(len(column) < MIN_LINES or sum(column) < MIN_WORDS * len(column) for column in counts):
        return 0
    return min(sum(column) for column in counts)
