"""One picture stored smaller: fewer pixels, stronger JPEG, gray, or black and white."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import BmpImagePlugin, Image

from extractors.docx.cutting.drawn import EMU_PER_INCH
from extractors.errors import ExtractionError
from extractors.raster import FORMATS, reading_image

if TYPE_CHECKING:
    from extractors.base import ShrinkStep

_READABLE = (*(each for each in FORMATS if each != "WEBP"), BmpImagePlugin.BmpImageFile.format)
_SLACK = 1.1
"""Pictures at most this much over the wanted resolution keep their pixels: the loss would not pay."""
_INK = 150
"""Gray values up to this count as ink when black and white is made smaller: at 128 thin strokes break."""
_ORIENTATION = 274  # EXIF tag; a picture must not turn when its other metadata go


@dataclass(frozen=True, slots=True)
class Stored:
    """A picture as it is to be stored.

    Attributes:
        data: The file.
        extension: Its file extension.
        content_type: Its media type.
        before: Pixels the picture had.
        after: Pixels it has now.
    """

    data: bytes
    extension: str
    content_type: str
    before: int
    after: int


def smaller(data: bytes, emu: tuple[float, float], step: ShrinkStep, max_pixels: int) -> Stored | None:
    """Return how to store a picture in fewer bytes; None when it stays as it is.

    Args:
        data: PNG, JPEG, TIFF or BMP.
        emu: Size it is drawn at, in EMU; 0 when not known: then it keeps its pixels.
        step: How far to go.
        max_pixels: Pictures with more are not decoded.
    """
    try:
        with reading_image(max_pixels), Image.open(io.BytesIO(data), formats=_READABLE) as image:
            if getattr(image, "n_frames", 1) > 1:
                return None
            before = image.width * image.height
            size = _wanted(image.size, emu, step.dpi)
            found = _best(image, size, step)
    except ExtractionError:
        return None
    if found is None or len(found[0]) >= len(data):
        return None
    kind = {"PNG": ("png", "image/png"), "JPEG": ("jpeg", "image/jpeg")}[found[1]]
    return Stored(found[0], *kind, before=before, after=size[0] * size[1])


def _wanted(size: tuple[int, int], emu: tuple[float, float], dpi: int) -> tuple[int, int]:
    """Return the pixels a picture needs at a resolution."""
    if min(emu) <= 0:
        return size
    factor = max(emu[0] / EMU_PER_INCH * dpi / size[0], emu[1] / EMU_PER_INCH * dpi / size[1])
    if factor * _SLACK >= 1:
        return size
    return max(1, math.ceil(size[0] * factor)), max(1, math.ceil(size[1] * factor))


def _best(image: Image.Image, size: tuple[int, int], step: ShrinkStep) -> tuple[bytes, str] | None:
    """Return the smallest coding (bytes, format) of a picture."""
    orientation = image.getexif().get(_ORIENTATION)
    profile = image.info.get("icc_profile")
    if image.format == "JPEG":
        image.draft("L" if step.mode != "keep" else image.mode, size)
    clear = _is_clear(image)
    pixels = _in_mode(image, step, clear=clear)
    if pixels.size != size:
        black_and_white = pixels.mode == "1"
        pixels = (pixels.convert("L") if black_and_white else pixels).resize(
            size, Image.Resampling.LANCZOS, reducing_gap=3.0
        )
        if black_and_white:
            pixels = pixels.point(lambda value: 255 * (value > _INK), "1")
    if step.mode == "bilevel" and pixels.mode == "L":
        threshold = _otsu(pixels.histogram())
        pixels = pixels.point(lambda value: 255 * (value > threshold), "1")
    codings = [_png(pixels)]
    if pixels.mode in {"L", "RGB"}:
        codings.append(_jpeg(pixels, step.jpeg_quality, orientation, profile if pixels.mode == image.mode else None))
        if orientation not in {None, 1}:
            del codings[0]  # readers of DOCX do not look for an orientation in a PNG
    return min(codings, key=lambda each: len(each[0]))


def _is_clear(image: Image.Image) -> bool:
    """Tell whether anything shines through a picture; many have an alpha channel without need."""
    if image.mode in {"RGBA", "LA"}:
        lowest: int = image.getchannel("A").getextrema()[0]  # type: ignore[assignment]  # one band: a pair of numbers
        return lowest < 255
    return image.mode == "PA" or "transparency" in image.info


def _in_mode(image: Image.Image, step: ShrinkStep, *, clear: bool) -> Image.Image:
    if clear:
        return image.convert("RGBA" if step.mode == "keep" else "LA")
    if image.mode in {"I;16", "I;16B", "I"}:
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode == "1":
        return image.convert("1")
    if step.mode != "keep":
        return image.convert("L")
    return image.convert(image.mode if image.mode in {"L", "RGB"} else "RGB")


def _png(pixels: Image.Image) -> tuple[bytes, str]:
    out = io.BytesIO()
    pixels.save(out, "PNG", optimize=True)
    return out.getvalue(), "PNG"


def _jpeg(pixels: Image.Image, quality: int, orientation: int | None, profile: bytes | None) -> tuple[bytes, str]:
    out = io.BytesIO()
    exif = Image.Exif()
    if orientation is not None:
        exif[_ORIENTATION] = orientation
    pixels.save(out, "JPEG", quality=quality, optimize=True, exif=exif, icc_profile=profile)
    return out.getvalue(), "JPEG"


def _otsu(histogram: list[int]) -> int:
    """Return the gray value that parts ink from paper best (Otsu 1979: largest variance between the classes)."""
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
