"""Ink told from paper, with Pillow's C loops only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the width and height of an image, 0 to 1."""

FAINTEST = 20
"""Ink differs from the paper around it by at least this much of 255: noise and the grain of paper differ by less."""

_CELL_PX = 6  # grid on which the brightness of the paper is known
_MARGIN_PX = 2  # around parts that are left out: glyphs reach over their boxes
_THICK_PX = 7  # rules are thinner


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """What is darker than the ground around it.

    Attributes:
        depth: Mode ``L``: how much darker, 0 where nothing is or where something was left out on purpose.
        limit: Depth from which on a pixel is ink.
        mask: Mode ``L``: 255 where there is ink.
    """

    depth: Image.Image
    limit: int
    mask: Image.Image

    def transposed(self, method: Image.Transpose) -> Ink:
        """Return the same turned or mirrored."""
        return Ink(depth=self.depth.transpose(method), limit=self.limit, mask=self.mask.transpose(method))


def paper_of(gray: Image.Image) -> Image.Image:
    """Return the brightness of the ground around each cell of :data:`_CELL_PX` pixels: the local maximum, smoothed."""
    size = (max(1, gray.width // _CELL_PX), max(1, gray.height // _CELL_PX))
    cells = _brightest(gray).resize(size, Image.Resampling.NEAREST)
    return _brightest(_brightest(cells)).filter(ImageFilter.BoxBlur(2))


def _brightest(gray: Image.Image) -> Image.Image:
    """Brightest value of each 3 x 3 neighbourhood (ten times as fast as Pillow's MaxFilter)."""
    wide = ImageChops.lighter(ImageChops.lighter(gray, ImageChops.offset(gray, 1, 0)), ImageChops.offset(gray, -1, 0))
    return ImageChops.lighter(ImageChops.lighter(wide, ImageChops.offset(wide, 0, 1)), ImageChops.offset(wide, 0, -1))


def ink_of(gray: Image.Image, paper: Image.Image, known: Iterable[Box]) -> Ink:
    """Return what is clearly darker than the ground around it, without rules and without the known parts.

    Args:
        gray: Mode ``L``.
        paper: What :func:`paper_of` returned for it.
        known: Parts to leave out.
    """
    depth = ImageChops.subtract(paper.resize(gray.size, Image.Resampling.BILINEAR), gray)
    for left, top, right, bottom in known:
        box = (
            max(0, int(left * gray.width) - _MARGIN_PX),
            max(0, int(top * gray.height) - _MARGIN_PX),
            min(gray.width, int(right * gray.width) + 1 + _MARGIN_PX),
            min(gray.height, int(bottom * gray.height) + 1 + _MARGIN_PX),
        )
        if box[0] < box[2] and box[1] < box[3]:
            depth.paste(0, box)
    counts = depth.histogram()
    pixels = gray.width * gray.height
    strongest = _level_from_top(counts, max(50, pixels // 500))
    noise = _level_from_top(counts, pixels // 2)
    limit = max(FAINTEST, round(0.4 * strongest), min(round(2.2 * noise), round(0.6 * strongest)))
    mask = depth.point([255 if level >= limit else 0 for level in range(256)])
    rules = _rules(mask)
    return Ink(depth=ImageChops.subtract(depth, rules), limit=limit, mask=ImageChops.subtract(mask, rules))


def _rules(mask: Image.Image) -> Image.Image:
    """Mask of long, thin, straight lines, level or upright: tables, forms, axes of charts."""
    length = max(24, max(mask.size) // 40)
    return ImageChops.lighter(
        _straight(mask, (length, 0), (0, _THICK_PX)), _straight(mask, (0, length), (_THICK_PX, 0))
    )


def _straight(mask: Image.Image, long: tuple[int, int], thick: tuple[int, int]) -> Image.Image:
    """Keep ink that is part of a run as ``long`` as given (pixels across, pixels down) and not so ``thick``."""
    core = _run(mask, long, ImageChops.darker)
    if core.getbbox() is None:
        return core
    lines = _run(core, (-long[0], -long[1]), ImageChops.lighter)
    core = _run(lines, thick, ImageChops.darker)
    return ImageChops.subtract(lines, _run(core, (-thick[0], -thick[1]), ImageChops.lighter))


def _run(
    mask: Image.Image, span: tuple[int, int], pick: Callable[[Image.Image, Image.Image], Image.Image]
) -> Image.Image:
    """Pick the darkest (or lightest) of each run of pixels that long, in steps that double."""
    left, done = max(map(abs, span)) - 1, 1
    across, down = ((side > 0) - (side < 0) for side in span)
    while left > 0:
        step = min(done, left)
        mask = pick(mask, ImageChops.offset(mask, across * step, down * step))
        left -= step
        done += step
    return mask


def smeared(mask: Image.Image) -> Image.Image:
    """Return a mask smeared by two pixels to the right, so that the letters of a word touch."""
    once = ImageChops.lighter(mask, ImageChops.offset(mask, 1, 0))
    return ImageChops.lighter(once, ImageChops.offset(once, 1, 0))


def _level_from_top(counts: list[int], wanted: int) -> int:
    passed = 0
    for level in range(255, -1, -1):
        passed += counts[level]
        if passed >= wanted:
            return level
    return 0


def otsu(histogram: Sequence[int]) -> int:
    """Return the gray value that parts a histogram best in two (N. Otsu, 1979: largest variance between the classes).

    Args:
        histogram: Pixels of each of 256 gray values.
    """
    total = sum(histogram)
    weighted = sum(value * count for value, count in enumerate(histogram))
    below = below_weighted = 0
    best, threshold = -1.0, 127
    for value, count in enumerate(histogram):
        below += count
        below_weighted += value * count
        above = total - below
        if below and above:
            spread = below * above * (below_weighted / below - (weighted - below_weighted) / above) ** 2
            if spread > best:
                best, threshold = spread, value
    return threshold
