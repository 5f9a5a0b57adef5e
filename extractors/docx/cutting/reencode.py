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
from extractors.tones import INK, LEAST_BILEVEL_DPI, black_and_white, thresholded, two_tones

if TYPE_CHECKING:
    from extractors.base import ShrinkStep

_READABLE = (*(each for each in FORMATS if each != "WEBP"), BmpImagePlugin.BmpImageFile.format)
_SLACK = 1.1
"""Pictures at most this much over the wanted resolution keep their pixels: the loss would not pay."""
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
        bits: It is in black and white now.
    """

    data: bytes
    extension: str
    content_type: str
    before: int
    after: int
    bits: bool


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
            pixels = _pixels(image, emu, step)
            found = _best(image, pixels, step)
    except ExtractionError:
        return None
    if len(found[0]) >= len(data):
        return None
    kind = {"PNG": ("png", "image/png"), "JPEG": ("jpeg", "image/jpeg")}[found[1]]
    return Stored(found[0], *kind, before, pixels.width * pixels.height, pixels.mode == "1")


def _wanted(size: tuple[int, int], emu: tuple[float, float], dpi: int) -> tuple[int, int]:
    """Return the pixels a picture needs at a resolution."""
    if min(emu) <= 0:
        return size
    factor = max(emu[0] / EMU_PER_INCH * dpi / size[0], emu[1] / EMU_PER_INCH * dpi / size[1])
    if factor * _SLACK >= 1:
        return size
    return max(1, math.ceil(size[0] * factor)), max(1, math.ceil(size[1] * factor))


def _pixels(image: Image.Image, emu: tuple[float, float], step: ShrinkStep) -> Image.Image:
    """Decode a picture with as many pixels and tones as are wanted."""
    size = _wanted(image.size, emu, step.dpi)
    before = image.size
    if image.format == "JPEG":
        image.draft("L" if step.mode != "keep" else image.mode, size)
    pixels = _in_mode(image, step, clear=_is_clear(image))
    turned = image.getexif().get(_ORIENTATION) not in {None, 1}  # which only a JPEG can go on saying
    bits = None if turned else black_and_white(pixels)
    if bits is not None:
        size = _wanted(before, emu, max(step.dpi, LEAST_BILEVEL_DPI))
        if bits.size == size:
            return bits
        gray = bits.convert("L").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        return thresholded(gray, INK)
    pixels = pixels.convert("L") if pixels.mode == "1" else pixels
    if pixels.size != size:
        pixels = pixels.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    tones = two_tones(pixels) if step.mode == "bilevel" and pixels.mode == "L" and not turned else None
    return pixels if tones is None else tones.bits


def _best(image: Image.Image, pixels: Image.Image, step: ShrinkStep) -> tuple[bytes, str]:
    """Return the smallest coding (bytes, format) of a picture's new pixels."""
    orientation = image.getexif().get(_ORIENTATION)
    profile = image.info.get("icc_profile")
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
