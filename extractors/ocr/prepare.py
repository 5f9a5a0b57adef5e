"""From a page image to the image an engine reads best and cheapest: level, upright or upside down, of a good size.

Sizes are chosen by the type, not by the page: a 2400 dpi stamp and a photograph that says nothing of its resolution
hold letters like any other page. Measured on two scans reduced step by step (benchmarks/part_ocr.py has the files): the
error rate of Tesseract's LSTM models is level from an x-height of about 9 pixels upwards, doubles at 7 and reaches 0.3
at 5, and enlarging 72 dpi scans (5 pixels) until letters are 12 high brings it from 0.28 to 0.014.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from PIL import Image, ImageChops, ImageFilter, ImageMath, ImageOps

from extractors.ocr.measure import look

if TYPE_CHECKING:
    from extractors.base import Raster

SMALLEST_X_PX = 10.0
"""Smaller letters are enlarged."""
LARGEST_X_PX = 17.0
"""Larger letters are reduced."""
ENLARGED_X_PX = 13.0
REDUCED_X_PX = 14.0
MAX_ENLARGED = 4.0
MIN_REDUCED = 0.25
MAX_PIXELS = 25_000_000
"""Handed to an engine; A4 at 300 dpi has 8.7 million."""

MIN_SKEW_DEG = 0.75
"""Lines within one column are read well up to 3 degrees, but columns are mixed from 1 degree on. Levelling a page takes
60 to 90 ms of CPU; the error rates of the corpus are the same with 0.5 and with 0.9."""

_X_HEIGHT_PT = 4.7  # x-height of 10 point type
_DPI_RANGE = (70.0, 600.0)
_UNKNOWN_DPI = 300.0  # without type to go by, no more than this is needed

_SHADE_CELL = 8
_SHADE_SPREAD = 50  # of 255 between the lightest and the darkest paper
_SHADE_STEP = 24  # neighbouring cells of paper differ by less, unless there is an edge
_SHADE_EDGES = 0.03
_DARKEST_PAPER = 24  # darker ground is no paper; lifting it would only show noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An image for an engine.

    Attributes:
        image: Mode ``L``, dark on light; the raster's own image when ``blank``.
        dpi: Resolution to tell the engine: that at which type of this size would be 10 point.
        turned: Degrees clockwise the page was turned so that its lines run level: 0 or 90. Whether it now stands on its
            head only recognition can tell.
        blank: There is nothing to recognize.
        x_height_px: Height of small letters in ``image``; None when unknown.
    """

    image: Image.Image
    dpi: float
    turned: int
    blank: bool
    x_height_px: float | None


def prepare(raster: Raster, *, upright_script: bool = False) -> Prepared:
    """Make a raster ready.

    Args:
        raster: The page.
        upright_script: The languages are written from top to bottom, so that upright lines say nothing about the page.
    """
    gray = raster.image if raster.image.mode == "L" else raster.image.convert("L")
    gray = evenly_lit(gray)
    seen = look(gray)
    if seen.blank:
        return Prepared(image=gray, dpi=raster.dpi, turned=0, blank=True, x_height_px=None)
    if seen.inverted:
        gray = ImageOps.invert(gray)
    turned = 90 if seen.turned and not upright_script else 0
    if turned:
        gray = gray.transpose(Image.Transpose.ROTATE_270)
    measured = seen.x_height_px if turned or not seen.turned else None
    factor = _factor(measured, raster.dpi, gray.width * gray.height)
    gray = _resized(gray, factor)
    if abs(seen.skew_deg) >= MIN_SKEW_DEG and (turned or not seen.turned):
        gray = gray.rotate(seen.skew_deg, Image.Resampling.BICUBIC, expand=True, fillcolor=_paper_tone(gray))
    size = None if measured is None else measured * factor
    return Prepared(
        image=gray, dpi=_engine_dpi(size, raster.dpi * factor), turned=turned, blank=False, x_height_px=size
    )


def _factor(x_height: float | None, dpi: float, pixels: int) -> float:
    """Return by how much to enlarge or reduce."""
    factor = 1.0
    if x_height is None:
        factor = min(1.0, _UNKNOWN_DPI / dpi)
    elif x_height < SMALLEST_X_PX:
        factor = min(MAX_ENLARGED, ENLARGED_X_PX / x_height)
    elif x_height > LARGEST_X_PX:
        factor = max(MIN_REDUCED, REDUCED_X_PX / x_height)
    return float(min(factor, (MAX_PIXELS / pixels) ** 0.5))


def _resized(gray: Image.Image, factor: float) -> Image.Image:
    if abs(factor - 1.0) < 0.03:
        return gray
    size = (max(1, round(gray.width * factor)), max(1, round(gray.height * factor)))
    if factor <= 0.5:
        return gray.resize(size, Image.Resampling.BOX)
    return gray.resize(size, Image.Resampling.BICUBIC if factor > 1 else Image.Resampling.LANCZOS)


def _engine_dpi(x_height: float | None, dpi: float) -> float:
    low, high = _DPI_RANGE
    return min(high, max(low, dpi if x_height is None else x_height * 72 / _X_HEIGHT_PT))


def _paper_tone(gray: Image.Image) -> int:
    counts = gray.histogram()
    return max(range(256), key=counts.__getitem__)


def evenly_lit(gray: Image.Image) -> Image.Image:
    """Return a photographed page as if its paper were equally bright everywhere; other images as they are.

    Tesseract parts ink from paper by one tone for the whole page: on a page whose light falls off to a third it loses
    a quarter of the text without losing confidence. Boxes and pictures have edges and are left alone: only a ground
    that changes slowly is levelled.
    """
    if min(gray.size) < 32 * _SHADE_CELL:
        return gray
    paper = _brightest(gray.reduce(_SHADE_CELL)).reduce(2)
    paper = paper.filter(ImageFilter.MedianFilter(5))
    if not _fades(paper):
        return gray
    smooth = paper.filter(ImageFilter.BoxBlur(2)).resize(gray.size, Image.Resampling.BICUBIC)
    floor = smooth.point([max(_DARKEST_PAPER, tone) for tone in range(256)])
    return cast("Image.Image", ImageMath.lambda_eval(_lifted, gray=gray, paper=floor))


def _brightest(gray: Image.Image) -> Image.Image:
    """Brightest value of each 5 x 5 neighbourhood: what Pillow's MaxFilter gives, ten times as fast."""
    wide = ImageOps.expand(gray, 2)  # black, which is never the brightest
    for across, down in ((1, 0), (0, 1)):
        pair = ImageChops.lighter(wide, ImageChops.offset(wide, across, down))
        four = ImageChops.lighter(pair, ImageChops.offset(pair, -2 * across, -2 * down))
        wide = ImageChops.lighter(four, ImageChops.offset(wide, 2 * across, 2 * down))
    return wide.crop((2, 2, 2 + gray.width, 2 + gray.height))


def _lifted(images: dict[str, Any]) -> object:
    """Light that the paper sends back, as a share of what falls on it; the arithmetic of :mod:`PIL.ImageMath`."""
    whole = images["min"](images["gray"] * 255 / images["paper"], 255)
    lifted: object = images["convert"](whole, "L")
    return lifted


def _fades(paper: Image.Image) -> bool:
    """Tell whether a map of paper brightness changes much, and nowhere suddenly."""
    counts = paper.histogram()
    cells = paper.width * paper.height
    if _tone_at(counts, cells * 0.95) - _tone_at(counts, cells * 0.05) < _SHADE_SPREAD:
        return False
    inner = (1, 1, paper.width, paper.height)
    across = ImageChops.difference(paper, ImageChops.offset(paper, 1, 0)).crop(inner)
    down = ImageChops.difference(paper, ImageChops.offset(paper, 0, 1)).crop(inner)
    steps = ImageChops.lighter(across, down).histogram()
    return sum(steps[_SHADE_STEP:]) < _SHADE_EDGES * cells


def _tone_at(counts: list[int], wanted: float) -> int:
    passed = 0
    for tone, count in enumerate(counts):
        passed += count
        if passed >= wanted:
            return tone
    return 255
