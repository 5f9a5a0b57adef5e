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
    x, y = window[:2]
    return [Blob(b[0] + x, b[1] + y, b[2] + x, b[3] + y, b[4]) for b in _patches(padded.tobytes(), width)]


def _patches(rows: bytes, width: int) -> list[list[int]]:
    """Return left, top, right, bottom and ink of each patch; rows end with an empty column.

    Goes run by run through every page of pictures, some ten thousand, so calls and look-ups are spared.
    """
    parent: list[int] = []
    boxes: list[list[int]] = []
    starts, ends, labels = [width], [width], [-1]  # of the row above; the last one is no run and stops the search
    here: tuple[list[int], list[int], list[int]] = ([], [], [])
    row, begin, end, near = -2, 0, 0, 0
    for run in _RUN.finditer(rows):
        left, right = run.span()
        if left >= end:
            before, row = row, left // width
            begin, end, near = row * width, (row + 1) * width, 0
            starts, ends, labels = here if row == before + 1 else ([], [], [])
            starts.append(width)
            ends.append(width)
            here = ([], [], [])
        left -= begin
        right -= begin
        while ends[near] < left:
            near += 1
        label, at = -1, near
        while starts[at] <= right:
            other = labels[at]
            if other != label:
                label = other if label < 0 and parent[other] == other else _join(other, label, parent, boxes)
            at += 1
        if label < 0:
            label = len(parent)
            parent.append(label)
            boxes.append([left, row, right, row + 1, right - left])
        else:
            box = boxes[label]
            if left < box[0]:  # noqa: PLR1730 - min() takes thrice as long
                box[0] = left
            if right > box[2]:  # noqa: PLR1730
                box[2] = right
            box[3] = row + 1
            box[4] += right - left
        here[0].append(left)
        here[1].append(right)
        here[2].append(label)
    return [box for index, box in enumerate(boxes) if parent[index] == index]


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
