"""Blobs to lines of writing. Plain Python over what Pillow's C loops have measured."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter, mul
from typing import TYPE_CHECKING

from PIL import ImageChops

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from PIL import Image

    from extractors.blobs import Blob
    from extractors.ink import Ink

MAX_BLOBS = 8_000
"""Blobs tried as letters. A dense page has 3,000 words."""

_LEVELS = range(256)
_BUCKET_PX = 16
_LOWEST_PX = 4
_FAR = 1e9

# Geometry of writing, in heights of a line. Any script: the bounds are wide, the sum of them is what tells.
_GAP = 2.0  # between two words
_LIKE = 2.5  # times a blob may be higher than its neighbour
_STRETCH = 10.0  # lines are judged in stretches, so that a page scanned askew still has level lines
_SHORTEST = 2.5
_FILLED = (0.2, 0.93)  # share of the blobs' boxes that is ink after smearing: frames have less, bars more
_DENSITY = (0.06, 0.75)  # share of the line's box that is ink
_CROSSINGS = (0.25, 2.8)  # strokes met on a level cut, for each height of width
_AROUND = 0.5  # ink just above and below, as a share of the ink inside: lines stand apart
_GROUND = 0.33  # depth between the strokes over depth of the strokes: 0.02 to 0.23 in text, 0.35 to 0.9 in photographs
_GROUND_ALONE = 0.2  # the same for a stretch without company


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A stretch of blobs that looks like writing.

    Attributes:
        left: Left edge in pixels.
        top: Upper edge.
        right: Right edge, exclusive.
        bottom: Lower edge, exclusive.
        height: Pixels from the highest to the lowest stroke, across the direction of writing.
        written: Pixels along that are covered by blobs; the spaces between them are left out.
        ink: Pixels of ink in the box.
        ground: Mean depth between the strokes over mean depth of the strokes.
    """

    left: int
    top: int
    right: int
    bottom: int
    height: int
    written: int
    ink: int
    ground: float


def lines_in(blobs: Iterable[Blob], ink: Ink, *, tallest: int) -> list[Line]:
    """Return the stretches of blobs that look like writing running from left to right (or right to left).

    Args:
        blobs: Patches of the smeared ink: words, or single large letters.
        ink: The ink before smearing, same size.
        tallest: Blobs higher than this many pixels are no letters.
    """
    strokes = ImageChops.subtract(ink.mask, ImageChops.offset(ink.mask, 1, 0))
    letters = sorted(
        (blob for blob in blobs if _LOWEST_PX <= blob.height <= tallest and blob.width > 1),
        key=attrgetter("left", "top", "right", "bottom", "ink"),
    )
    chains = _chains(letters[:MAX_BLOBS], tallest)
    found = (_judged(stretch, ink, strokes) for chain in chains for stretch in _stretches(chain))
    lines = [line for line in found if line is not None]
    return [line for line in lines if line.ground <= _GROUND_ALONE or in_company(line, lines)]


def _chains(letters: Iterable[Blob], tallest: int) -> list[list[Blob]]:
    """Follow writing from left to right: the next blob is near, overlaps vertically and is of like height."""
    chains: list[list[Blob]] = []
    rows: dict[int, list[list[Blob]]] = {}
    for blob in letters:
        best: list[Blob] | None = None
        nearest = _FAR
        buckets = range(blob.top // _BUCKET_PX, (blob.bottom - 1) // _BUCKET_PX + 1)
        for bucket in buckets:
            open_here = [chain for chain in rows.get(bucket, ()) if blob.left - chain[-1].right <= _GAP * tallest]
            rows[bucket] = open_here
            for chain in open_here:
                gap = _gap(chain[-1], blob)
                if gap < nearest:
                    best, nearest = chain, gap
        if best is None:
            best = []
            chains.append(best)
        best.append(blob)
        for bucket in buckets:
            if all(chain is not best for chain in rows[bucket]):
                rows[bucket].append(best)
    return chains


def _gap(last: Blob, blob: Blob) -> float:
    """Pixels between two neighbours in a line; :data:`_FAR` when they are no neighbours."""
    high, low = last.bottom - last.top, blob.bottom - blob.top
    if high < low:
        high, low = low, high
    gap = blob.left - last.right
    if gap > _GAP * high or gap < -0.5 * high or high > _LIKE * low:
        return _FAR
    overlap = min(last.bottom, blob.bottom) - max(last.top, blob.top)
    return abs(gap) if overlap >= 0.5 * low else _FAR


def _stretches(chain: list[Blob]) -> Iterator[list[Blob]]:
    """Cut a chain into stretches of about :data:`_STRETCH` heights."""
    stretch: list[Blob] = []
    for blob in chain:
        if stretch and blob.right - stretch[0].left > _STRETCH * max(blob.height, stretch[0].height):
            yield stretch
            stretch = []
        stretch.append(blob)
    if stretch:
        yield stretch


def _judged(stretch: list[Blob], ink: Ink, strokes: Image.Image) -> Line | None:
    """Return the stretch as a line if it has the looks of writing, else None."""
    left, right = stretch[0].left, max(blob.right for blob in stretch)
    top, bottom = min(blob.top for blob in stretch), max(blob.bottom for blob in stretch)
    written = sum(blob.width for blob in stretch)
    height = _typical_height(stretch, written)
    if right - left < _SHORTEST * height:
        return None
    alike = sum(blob.width for blob in stretch if 0.5 * height <= blob.height <= 1.7 * height)
    filled = sum(blob.ink for blob in stretch) / sum(blob.width * blob.height for blob in stretch)
    if alike < 0.65 * written or not _FILLED[0] <= filled <= _FILLED[1]:
        return None
    inside, ground = _depths(ink, (left, top, right, bottom))
    density = inside / ((right - left) * (bottom - top))
    crossings = _count(strokes, (left, top, right, bottom)) / (bottom - top) * height / written
    if ground > _GROUND or not (_DENSITY[0] <= density <= _DENSITY[1] and _CROSSINGS[0] <= crossings <= _CROSSINGS[1]):
        return None
    pad = max(1, round(height * 0.25))
    around = _count(ink.mask, (left, top - pad, right, bottom + pad)) - inside
    if around > _AROUND * density * 2 * pad * (right - left):
        return None
    return Line(
        left=left, top=top, right=right, bottom=bottom, height=bottom - top, written=written, ink=inside, ground=ground
    )


def _typical_height(stretch: list[Blob], written: int) -> int:
    """Median height, each blob weighing as much as it is wide."""
    passed = 0
    for height, width in sorted((blob.height, blob.width) for blob in stretch):
        passed += width
        if 2 * passed >= written:
            return height
    return stretch[-1].height


def in_company(line: Line, lines: Iterable[Line]) -> bool:
    """Return whether another stretch of like height goes on beside it, or stands close above or below."""
    for other in lines:
        if other is line or not 0.7 <= other.height / line.height <= 1.43:
            continue
        apart = abs(other.top + other.bottom - line.top - line.bottom) / 2
        across = max(other.left, line.left) - min(other.right, line.right)
        if (apart < 0.4 * line.height and across < 3 * line.height) or (across < 0 and apart < 3 * line.height):
            return True
    return False


def _depths(ink: Ink, box: tuple[int, int, int, int]) -> tuple[int, float]:
    """Return the pixels of ink in a box, and the mean depth of the others over the mean depth of the ink."""
    counts = ink.depth.crop(box).histogram()
    deep = counts[ink.limit :]
    inside, outside = sum(deep), sum(counts) - sum(deep)
    if not inside:
        return 0, 1.0
    strokes = sum(map(mul, _LEVELS[ink.limit :], deep)) / inside
    ground = sum(map(mul, _LEVELS[: ink.limit], counts)) / outside if outside else 0.0
    return inside, ground / strokes


def _count(mask: Image.Image, box: tuple[int, int, int, int]) -> int:
    """Ink pixels inside a box; what lies outside the mask holds none."""
    left, top, right, bottom = box
    top, bottom = max(0, top), min(mask.height, bottom)
    return mask.crop((left, top, right, bottom)).histogram()[255] if bottom > top and right > left else 0
