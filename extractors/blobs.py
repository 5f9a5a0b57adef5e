"""Ink to blobs: the connected patches of a mask. Plain Python over what Pillow's C loops have measured."""

from __future__ import annotations

import re
from dataclasses import dataclass

from PIL import Image, ImageChops

MAX_RUNS = 60_000
"""Runs of ink looked at in one mask. A dense page of text has 20,000, a map with contour lines 55,000; noise has
200,000, which would take a second and is no text."""
MOST_LEFT = 0.045
"""Runs for each pixel of a mask, once specks are left out: text under specks has 0.03, noise 0.05 to 0.1, also that of
a fine scan which drawing it small has made softer."""

_RUN = re.compile(rb"\xff+")
_SPECK = (3, 2)  # pixels across and down; single ones are three wide after smearing


@dataclass(frozen=True, slots=True)
class Blob:
    """A connected patch of ink: its box in pixels (right and bottom exclusive) and its pixels."""

    left: int
    top: int
    right: int
    bottom: int
    ink: int

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.bottom - self.top


def blobs_in(mask: Image.Image) -> list[Blob]:
    """Return the 8-connected patches of a mask (mode ``L``, ink is 255), in no particular order.

    Of more than :data:`MAX_RUNS` runs those of a pixel's width are left out; where still more are left, or more than
    :data:`MOST_LEFT`, all.
    """
    if _runs(mask) > MAX_RUNS:
        mask = _without_specks(mask)
        if _runs(mask) > min(MAX_RUNS, MOST_LEFT * mask.width * mask.height):
            return []
    window = mask.getbbox()
    if window is None:
        return []
    width = window[2] - window[0] + 1  # one empty column, so that no run crosses from row to row
    padded = Image.new("L", (width, window[3] - window[1]), 0)
    padded.paste(mask.crop(window), (0, 0))
    parent: list[int] = []
    boxes: list[list[int]] = []  # left, top, right, bottom, ink
    above: list[tuple[int, int, int]] = []
    here: list[tuple[int, int, int]] = []
    row, near = -1, 0
    for run in _RUN.finditer(padded.tobytes()):
        start, end = run.span()
        at, left = divmod(start, width)
        right = left + end - start
        if at != row:
            above, here, near = (here if at == row + 1 else []), [], 0
            row = at
        while near < len(above) and above[near][1] < left:
            near += 1
        label = -1
        for index in range(near, len(above)):
            first, _, other = above[index]
            if first > right:
                break
            label = _join(other, label, parent, boxes) if label >= 0 or parent[other] != other else other
        if label < 0:
            label = len(parent)
            parent.append(label)
            boxes.append([left, row, right, row + 1, right - left])
        else:
            _grow(boxes[label], left, row, right)
        here.append((left, right, label))
    x, y = window[:2]
    return [
        Blob(b[0] + x, b[1] + y, b[2] + x, b[3] + y, b[4]) for index, b in enumerate(boxes) if parent[index] == index
    ]


def _runs(mask: Image.Image) -> int:
    """Count the runs of a mask, give or take those that touch both of its sides."""
    return ImageChops.subtract(mask, ImageChops.offset(mask, 1, 0)).histogram()[255]


def _without_specks(mask: Image.Image) -> Image.Image:
    """Leave only what is made of patches larger than a speck after smearing, in both directions."""
    for across, down, times in ((1, 0, _SPECK[0]), (0, 1, _SPECK[1])):
        for _ in range(times):
            mask = ImageChops.darker(mask, ImageChops.offset(mask, across, down))
        for _ in range(times):
            mask = ImageChops.lighter(mask, ImageChops.offset(mask, -across, -down))
    return mask


def _grow(box: list[int], left: int, row: int, right: int) -> None:
    """Take one more run into a box."""
    box[0] = min(box[0], left)
    box[2] = max(box[2], right)
    box[3] = row + 1
    box[4] += right - left


def _join(other: int, label: int, parent: list[int], boxes: list[list[int]]) -> int:
    """Find the root of ``other`` and merge it into ``label`` (-1: none yet); return the surviving root."""
    while parent[other] != other:
        parent[other] = parent[parent[other]]
        other = parent[other]
    if label in (-1, other):
        return other
    parent[other] = label
    into, gone = boxes[label], boxes[other]
    into[:] = [
        min(into[0], gone[0]),
        min(into[1], gone[1]),
        max(into[2], gone[2]),
        max(into[3], gone[3]),
        into[4] + gone[4],
    ]
    return label
