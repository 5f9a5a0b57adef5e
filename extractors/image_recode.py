"""Frames with fewer pixels, in gray or in black and white, and encoded anew in the format they came in."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from PIL import ExifTags, Image, PngImagePlugin

from extractors.frames import PAGE_INCHES
from extractors.raster import PILLOW_ERRORS
from extractors.tones import INK, LEAST_BILEVEL_DPI, black_and_white, thresholded, two_tones

if TYPE_CHECKING:
    from extractors.base import ShrinkStep
    from extractors.frames import Frame

Mode = Literal["keep", "gray", "bilevel"]

_SLACK = 1.1
"""Images at most this much over the wanted resolution keep their pixels: the loss would not pay."""
_OPAQUE = {"RGBA": "RGB", "LA": "L"}
_BILEVEL_FORMATS = frozenset({"PNG", "TIFF"})
_PALETTE_COLOURS = 256
_WORKABLE = frozenset({"1", "L", "LA", "RGB", "RGBA", "CMYK", "I;16"})
_PROFILE_OF = {"L": "gray", "LA": "gray", "I;16": "gray", "1": "gray", "P": "rgb", "CMYK": "cmyk"}
_LOSSLESS_TIFF = frozenset({"raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "group3", "group4"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is to become of a frame.

    Attributes:
        factor: New width for one pixel of the old one, at most 1.
        mode: Its colours.
        quality: Pillow's JPEG (and WebP) quality.
        as_jpeg: A PNG becomes a JPEG, where it has no transparency.
        bits_factor: As ``factor``, for frames in black and white.
    """

    factor: float
    mode: Mode
    quality: int
    as_jpeg: bool = False
    bits_factor: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoded:
    """A frame encoded anew.

    Attributes:
        data: The whole file.
        size: Pixels across and down, as stored.
        mode: Pillow's mode of what was encoded.
        media_type: What it is.
        dropped: What could not be kept: ``icc``, ``exif``.
        quality: JPEG (or WebP) quality; None where it was encoded without loss.
    """

    data: bytes
    size: tuple[int, int]
    mode: str
    media_type: str
    dropped: tuple[str, ...] = ()
    quality: int | None = None


def recipe_for(frame: Frame, step: ShrinkStep) -> Recipe:
    """Return what a step means for a frame; one of unknown resolution is taken to be as long as an A4 page."""
    # The coarser direction must keep what is wanted.
    dpi = max(frame.width, frame.height) / PAGE_INCHES if frame.dpi is None else min(frame.dpi)
    factor, bits = (_factor(wanted, dpi) for wanted in (step.dpi, max(step.dpi, LEAST_BILEVEL_DPI)))
    return Recipe(factor=factor, mode=step.mode, quality=step.jpeg_quality, as_jpeg=step.png_as_jpeg, bits_factor=bits)


def _factor(wanted_dpi: float, dpi: float) -> float:
    factor = wanted_dpi / dpi
    return 1.0 if factor * _SLACK >= 1 else factor


def recoded(image: Image.Image, recipe: Recipe, frame: Frame) -> Recoded | None:
    """Encode the current frame anew, to be called inside :func:`extractors.raster.reading_image`.

    Args:
        image: Opened, at the frame wanted, not yet decoded.
        recipe: What to do.
        frame: What the file says of it.

    Returns:
        The frame; None when its pixels are of a kind that is not made smaller (LAB, 32 bits).
    """
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    before, palette = image.size, image.mode == "P"
    size = _size(before, recipe.factor)
    pixels = _decoded(image, recipe, size, kind)
    if pixels is None or (pixels.mode == "I;16" and kind == "WEBP"):
        return None
    bits = black_and_white(pixels) if kind in _BILEVEL_FORMATS else None
    if bits is not None:
        pixels = _resized(bits, size if recipe.bits_factor is None else _size(before, recipe.bits_factor))
    else:
        pixels = _resized(pixels, size)
        if recipe.mode == "bilevel" and pixels.mode == "L" and kind in _BILEVEL_FORMATS:
            pixels = _in_two_tones(pixels, kind)
    two_toned = pixels.mode in {"1", "P"}
    kept = _kept(image, before, pixels, frame)
    if kind == "PNG" and recipe.as_jpeg and pixels.mode in {"L", "RGB"}:
        kind = "JPEG"
    elif kind == "PNG" and palette and pixels.mode in {"RGB", "RGBA"}:
        method = Image.Quantize.MEDIANCUT if pixels.mode == "RGB" else Image.Quantize.FASTOCTREE
        pixels = pixels.quantize(_PALETTE_COLOURS, method=method, dither=Image.Dither.NONE)
    encoded = _encoded(image, pixels, kind, recipe, kept)
    return replace(encoded, mode="1") if two_toned else encoded


def lossless_tiff(image: Image.Image) -> bytes:
    """Encode the current frame of a TIFF as a TIFF of its own without any loss, best with the same compression."""
    image.load()
    pixels = image.copy()
    stated = str(image.info.get("compression"))
    compression = stated if stated in _LOSSLESS_TIFF else "group4" if image.mode == "1" else "tiff_adobe_deflate"
    out = io.BytesIO()
    pixels.info.clear()
    pixels.save(out, "TIFF", compression=compression)
    return out.getvalue()


def _size(before: tuple[int, int], factor: float) -> tuple[int, int]:
    return max(1, round(before[0] * factor)), max(1, round(before[1] * factor))


def _in_two_tones(gray: Image.Image, kind: str) -> Image.Image:
    """Return an image as ink on paper, where nothing is lost by that; a PNG keeps the tones of both."""
    tones = two_tones(gray)
    if tones is None:
        return gray
    if kind != "PNG":
        return tones.bits
    pixels = Image.frombytes("P", gray.size, tones.bits.convert("L").point(lambda value: value and 1).tobytes())
    pixels.putpalette([tones.ink] * 3 + [tones.paper] * 3)
    return pixels


def _decoded(image: Image.Image, recipe: Recipe, size: tuple[int, int], kind: str) -> Image.Image | None:
    """Decode in a mode whose values can be mixed, gray where that is wanted; None where that cannot be."""
    gray = recipe.mode != "keep"
    image.draft("L" if gray and image.mode in {"L", "RGB"} else image.mode, size)
    image.load()
    pixels = image.copy()  # which has none of the file's fields, that Pillow would write again
    see_through = image.mode == "PA" or "transparency" in image.info
    if see_through or image.mode == "P":
        pixels = image.convert("RGBA" if see_through else "RGB")
    elif image.mode in {"YCbCr", "RGBX"}:
        pixels = image.convert("RGB")
    elif image.mode == "I;16" and gray:
        pixels = image.convert("I").point(lambda value: value / 256).convert("L")
    if pixels.mode in _OPAQUE and not _see_through(pixels):
        pixels = pixels.convert(_OPAQUE[pixels.mode])
    if pixels.mode not in _WORKABLE:
        return None
    if gray and pixels.mode in {"RGB", "CMYK"}:
        return pixels.convert("L")
    return pixels.convert("LA") if gray and pixels.mode == "RGBA" and kind != "WEBP" else pixels


def _see_through(pixels: Image.Image) -> bool:
    least = pixels.getchannel("A").getextrema()[0]
    return not isinstance(least, int | float) or least < 255


def _resized(pixels: Image.Image, size: tuple[int, int]) -> Image.Image:
    if size == pixels.size:
        return pixels
    if pixels.mode == "1":
        return thresholded(pixels.convert("L").resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0), INK)
    return pixels.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _encoded(image: Image.Image, pixels: Image.Image, kind: str, recipe: Recipe, kept: _Kept) -> Recoded:
    """Write pixels in a format, with what goes on being true of the image they came from."""
    out = io.BytesIO()
    pixels.info.clear()
    quality: int | None = recipe.quality
    if kind == "JPEG":
        progressive = bool(image.info.get("progressive"))
        pixels.save(out, kind, quality=recipe.quality, optimize=True, progressive=progressive, **kept.options())
    elif kind == "PNG":
        pixels.save(out, kind, optimize=True, pnginfo=_remarks(image), **kept.options())
        quality = None
    elif kind == "WEBP":
        pixels.save(out, kind, quality=recipe.quality, method=4, **kept.options(dpi=False))
    else:
        quality = _save_tiff(pixels, out, recipe.quality, kept.dpi)
    return Recoded(
        data=out.getvalue(),
        size=pixels.size,
        mode=pixels.mode,
        media_type=f"image/{kind.lower()}",
        dropped=kept.dropped,
        quality=quality,
    )


def _save_tiff(pixels: Image.Image, out: BinaryIO, quality: int, dpi: tuple[float, float] | None) -> int | None:
    """Write one frame; its other fields are added where frames are put together. Returns the quality that counted."""
    if pixels.mode == "1":
        pixels.save(out, "TIFF", compression="group4", dpi=dpi)
    elif pixels.mode in {"L", "RGB", "CMYK"}:
        photo = pixels.convert("YCbCr") if pixels.mode == "RGB" else pixels
        photo.save(out, "TIFF", compression="jpeg", quality=quality, dpi=dpi)
        return quality
    else:
        pixels.save(out, "TIFF", compression="tiff_adobe_deflate", dpi=dpi)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What is true of a frame before and after.

    Attributes:
        profile: Colour profile.
        exif: Exif data with the new measures.
        dpi: Resolution across and down, as stored.
        dropped: What of it could not be kept.
    """

    profile: bytes | None
    exif: bytes | None
    dpi: tuple[float, float] | None
    dropped: tuple[str, ...]

    def options(self, *, dpi: bool = True) -> dict[str, Any]:
        """Return arguments for Pillow."""
        found = {"icc_profile": self.profile, "exif": self.exif, "dpi": self.dpi if dpi else None}
        return {name: value for name, value in found.items() if value is not None}


def _kept(image: Image.Image, before: tuple[int, int], pixels: Image.Image, frame: Frame) -> _Kept:
    """Gather what goes on being true of an image that had ``before`` pixels and now has others."""
    scale = (pixels.width / before[0], pixels.height / before[1])
    dropped: list[str] = []
    profile = image.info.get("icc_profile")
    if profile and _PROFILE_OF.get(image.mode, "rgb") != _PROFILE_OF.get(pixels.mode, "rgb"):
        profile = None
        dropped.append("icc")
    exif = None
    if image.format != "TIFF":
        try:
            exif = _exif(image, pixels.size, scale)
        except PILLOW_ERRORS:
            dropped.append("exif")
    dpi = frame.dpi
    if dpi is not None and frame.swapped:
        dpi = (dpi[1], dpi[0])
    if dpi is not None:
        dpi = (dpi[0] * scale[0], dpi[1] * scale[1])
        if image.format in {"JPEG", "MPO"}:
            dpi = (round(dpi[0]), round(dpi[1]))
    return _Kept(profile=profile or None, exif=exif, dpi=dpi, dropped=tuple(dropped))


def _exif(image: Image.Image, size: tuple[int, int], scale: tuple[float, float]) -> bytes | None:
    """Return the Exif data with new measures: orientation stays, because the pixels were not turned."""
    exif = image.getexif()
    if not len(exif):
        return None
    details = exif.get_ifd(ExifTags.IFD.Exif)
    sizes = (
        (exif, ExifTags.Base.ImageWidth, ExifTags.Base.ImageLength),
        (details, ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight),
    )
    for fields, across, down in sizes:
        if across in fields and down in fields:
            fields[across], fields[down] = size
    for tag, factor in ((ExifTags.Base.XResolution, scale[0]), (ExifTags.Base.YResolution, scale[1])):
        if tag in exif:
            exif[tag] = float(exif[tag]) * factor
    return exif.tobytes()


def _remarks(image: Image.Image) -> PngImagePlugin.PngInfo:
    """Return the texts of a PNG, XMP among them."""
    info = PngImagePlugin.PngInfo()
    for name, text in sorted(getattr(image, "text", {}).items()):
        if isinstance(text, str):
            info.add_itxt(name, text)
    return info
