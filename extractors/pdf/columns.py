"""Finding columns whose lines a PDF writes across the gutter, line by line.

Some programs sort text by height before they write it, so that the first lines of all columns come first, then the
second lines, and so on. The rectangles PDFium keeps for runs of text give that away: reading on jumps back and forth
over the same gap. Only then is the page cut (a recursive XY-cut: at the gutter, and above and below what spans it).
"""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from itertools import groupby, islice, pairwise
from statistics import median
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c

from extractors.pdf.objects import address_of, fast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from extractors.pdf.streamed import Box

_MAX_RECTS = 6_000
_RUN = 8
_RUNS = 3
_LONG_RUN = 150
_MIN_HOPS = 6
_NEAR = 1.2
"""Largest difference in height between two lines side by side, in heights of a line."""
_GAP = 0.9
"""Narrowest gutter, in heights of a line; word spaces of justified text are narrower."""
_WIDEST = 8.0
"""Widest gap between columns side by side, in heights of a line; wider ones jump over a column."""
_NARROWEST = 9.0
"""Narrowest column, in heights of a line (about 20 letters)."""
_FULL = 0.65
"""How full of text the typical line of a column is; cells of tables are emptier."""
_ALIGNED = 0.6
_CROSSED = 0.3
_MARGIN = 3
_APART = 1.5
"""Distance of a header or footer of at most three stretches from the rest, in heights of a line."""
_CONTINUED = 0.4
"""Share of lines that start in lower case: far less in tables, far more in running text."""
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_rect_at = fast(pdfium_c.FPDFText_GetRect, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, *[ctypes.c_void_p] * 4)
_FIRST_LETTER = re.compile(r"^\W*([^\W_])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Hop:
    """Reading on from one stretch of a line to another one beside it, given as they lie, not as they are read."""

    left: Box
    right: Box


def column_boxes(textpage: object, page: object, visible: Box, text: str) -> list[Box]:
    """Return the boxes to read one after another, in page coordinates; none when the page is in order as it is.

    Args:
        textpage: ``FPDF_TEXTPAGE``.
        page: ``FPDF_PAGE``.
        visible: The visible part of the page; the boxes divide it.
        text: Its text as streamed, which tells the direction of reading.
    """
    turn = int(pdfium_c.FPDFPage_GetRotation(page)) % 4
    count = int(pdfium_c.FPDFText_CountRects(textpage, 0, -1))
    # On a page turned by a quarter PDFium ends no line where a box is left and entered again: it looks at heights only.
    if turn % 2 or not 2 * _MIN_HOPS <= count <= _MAX_RECTS or not _suspicious(textpage, count, flip=bool(turn)):
        return []
    stretches = _stretches(_rects(textpage, range(count), flip=bool(turn)))
    sides = (1, 0) if is_right_to_left(text) else (0, 1)
    boxes = list(_cut(_flipped(visible) if turn else visible, stretches, _hops(stretches), sides))
    if len(boxes) < 2:
        return []
    return [_flipped(box) for box in boxes] if turn else boxes


def is_prose(columns: Sequence[str]) -> bool:
    """Whether the lines of ``columns`` run on from one to the next, judged by how they start.

    Letters of scripts without capitals count as running on.
    """
    starts = [start for column in columns for start in _FIRST_LETTER.findall(column)]
    running = sum(not (start.isupper() or start.isdigit()) for start in starts)
    return running >= _CONTINUED * len(starts)


def is_right_to_left(text: str) -> bool:
    """Whether most letters are of a script written from right to left."""
    return 2 * len(_RTL.findall(text)) > sum(map(str.isalpha, text))


def _suspicious(textpage: object, count: int, *, flip: bool) -> bool:
    """Whether a look at few rectangles shows hops across what may be a gutter.

    Fetching a rectangle costs more than a microsecond. A page in order, which is nearly every page, must cost no more
    than the first look, at some short runs; nor must a table, whose cells are narrower than columns.
    """
    starts = range(0, count - _RUN + 1, max((count - _RUN) // (_RUNS - 1), 1))
    hops: list[_Hop] = []
    for start in starts:
        hops += _hops(_stretches(_rects(textpage, range(start, start + _RUN), flip=flip)))
    if len(hops) < _RUNS or not (_wide([hop.left for hop in hops]) and _wide([hop.right for hop in hops])):
        return False
    if count <= _LONG_RUN:
        return True
    middle = (count - _LONG_RUN) // 2
    return _gutter(_hops(_stretches(_rects(textpage, range(middle, middle + _LONG_RUN), flip=flip)))) is not None


def _rects(textpage: object, indexes: range, *, flip: bool) -> list[Box]:
    """Return PDFium's text rectangles, in stream order, flipped where the page is displayed upside down."""
    values = (ctypes.c_double * 4)()
    places = [ctypes.addressof(values) + index * ctypes.sizeof(ctypes.c_double) for index in range(4)]
    address = address_of(textpage)
    found = []
    for index in indexes:
        _rect_at(address, index, *places)
        left, top, right, bottom = values
        if right > left and top > bottom:
            box = (left, bottom, right, top)
            found.append(_flipped(box) if flip else box)
    return found


def _flipped(box: Box) -> Box:
    """Turn a box upside down around the origin."""
    return (-box[2], -box[3], -box[0], -box[1])


def _stretches(rects: Iterable[Box]) -> list[Box]:
    """Join rectangles that follow each other on one line without a wide gap."""
    joined: list[Box] = []
    for rect in rects:
        if joined:
            last = joined[-1]
            if rect[3] <= last[1] or rect[1] >= last[3]:  # above or below, as nearly every next line is
                joined.append(rect)
                continue
            low, high = max(last[1], rect[1]), min(last[3], rect[3])
            height = min(last[3] - last[1], rect[3] - rect[1])
            gap = max(rect[0] - last[2], last[0] - rect[2])
            if high - low > 0.5 * height and gap <= _GAP * height:
                joined[-1] = (
                    min(last[0], rect[0]),
                    min(last[1], rect[1]),
                    max(last[2], rect[2]),
                    max(last[3], rect[3]),
                )
                continue
        joined.append(rect)
    return joined


def _hops(stretches: Sequence[Box]) -> list[_Hop]:
    """Return the steps in reading from a stretch to one beside it, a wide gap away and at about the same height."""
    hops = []
    for one, other in pairwise(stretches):
        if other[0] <= one[2] and one[0] <= other[2]:  # above one another, as nearly all lines are
            continue
        lower, higher = sorted((one[3] - one[1], other[3] - other[1]))
        apart = abs(one[1] + one[3] - other[1] - other[3]) / 2
        gap = max(other[0] - one[2], one[0] - other[2])
        if _GAP * lower < gap < _WIDEST * lower and apart < _NEAR * higher:
            hops.append(_Hop(one, other) if one[0] < other[0] else _Hop(other, one))
    return hops


def _cut(region: Box, stretches: Sequence[Box], hops: Sequence[_Hop], sides: tuple[int, int]) -> Iterator[Box]:
    """Divide a region into the boxes of its columns and of what spans them, in reading order.

    Args:
        region: What to divide.
        stretches: The stretches of lines in it.
        hops: The hops between them.
        sides: Which side of a gutter is read first, 0 the left.
    """
    gutter = _gutter(hops)
    if gutter is None or _often_crossed(gutter, stretches, hops):
        yield region
        return
    left, bottom, right, top = region
    for group, spans, low, high in _bands(stretches, gutter, bottom, top):
        if spans:
            yield (left, low, right, high)
            continue
        for side in sides:
            part = (left, low, gutter, high) if side == 0 else (gutter, low, right, high)
            inside = [stretch for stretch in group if (stretch[0] < gutter) == (side == 0)]
            if inside:
                members = set(inside)
                within = [hop for hop in hops if hop.left in members and hop.right in members]
                yield from _cut(part, inside, within, sides)


def _bands(
    stretches: Sequence[Box], gutter: float, bottom: float, top: float
) -> Iterator[tuple[list[Box], bool, float, float]]:
    """Divide stretches from top to bottom into runs that span the gutter and runs that do not.

    Yields:
        Stretches, whether they span the gutter, lower and upper border of the run.
    """
    downwards = sorted(stretches, key=lambda box: -(box[1] + box[3]))
    apart = _headers_and_footers(downwards)
    spanning = [box[0] < gutter < box[2] or index in apart for index, box in enumerate(downwards)]
    pairs = groupby(zip(spanning, downwards, strict=True), key=lambda pair: pair[0])
    runs = [(spans, [box for _, box in run]) for spans, run in pairs]
    high = top
    for index, (spans, run) in enumerate(runs):
        low = bottom
        if index + 1 < len(runs):
            low = (min(box[1] for box in run) + max(box[3] for box in runs[index + 1][1])) / 2
        yield run, spans, low, high
        high = low


def _headers_and_footers(downwards: Sequence[Box]) -> set[int]:
    """Return the positions of the few stretches at the top and at the bottom that stand apart from all others."""
    found: set[int] = set()
    for step in (1, -1):
        order = range(len(downwards))[::step]
        for taken, (here, there) in enumerate(islice(pairwise(order), _MARGIN), 1):
            upper, lower = downwards[min(here, there)], downwards[max(here, there)]
            if upper[1] - lower[3] > _APART * (lower[3] - lower[1]):
                found.update(order[:taken])
    return found


def _gutter(hops: Sequence[_Hop]) -> float | None:
    """Return where most hops cross, if what lies on both sides has the shape of columns of running text."""
    edges = sorted([(hop.left[2], -1) for hop in hops] + [(hop.right[0], 1) for hop in hops])
    open_now = most = 0
    start = end = 0.0
    for position, (at, step) in enumerate(edges):
        open_now -= step
        if open_now > most:
            most, start, end = open_now, at, edges[position + 1][0]
    if most < _MIN_HOPS:
        return None
    middle = (start + end) / 2
    across = [hop for hop in hops if hop.left[2] <= middle <= hop.right[0]]
    lefts, rights = [hop.left for hop in across], [hop.right for hop in across]
    return middle if _column_like(lefts) and _column_like(rights) else None


def _often_crossed(gutter: float, stretches: Sequence[Box], hops: Sequence[_Hop]) -> bool:
    """Whether many lines run across the gutter among those that stop at it, as the rules of a table do."""
    low = min(min(hop.left[1], hop.right[1]) for hop in hops)
    high = max(max(hop.left[3], hop.right[3]) for hop in hops)
    across = sum(box[0] < gutter < box[2] and low <= box[1] and box[3] <= high for box in stretches)
    return across > _CROSSED * len(hops)


def _column_like(stretches: Sequence[Box]) -> bool:
    """Whether stretches are lines of one column: long enough, mostly full, flush on one side."""
    widths = [box[2] - box[0] for box in stretches]
    height = median(box[3] - box[1] for box in stretches)
    if median(widths) < max(_NARROWEST * height, _FULL * max(widths)):
        return False
    return any(_flush([box[edge] for box in stretches], height) for edge in (0, 2))


def _wide(stretches: Sequence[Box]) -> bool:
    """Whether stretches, which may be parts of lines, are wider than cells of a table."""
    return median((box[2] - box[0]) / (box[3] - box[1]) for box in stretches) >= _NARROWEST / 2


def _flush(edges: Sequence[float], tolerance: float) -> bool:
    middle = median(edges)
    return sum(abs(edge - middle) <= tolerance for edge in edges) >= _ALIGNED * len(edges)
