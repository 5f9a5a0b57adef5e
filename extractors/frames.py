"""Frames of an image file: how many there are, and what the file says of each before a pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import ExifTags, Image

from extractors.errors import DamagedDocument, SafetyLimitExceeded
from extractors.facts import Finding
from extractors.raster import reading_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import ReadLimits

_LEAST_DPI = 20.0  # a file that says less says nothing: 1 × 1 and 0 × 0 are used for “not known”
PAGE_INCHES = 11.7
"""A frame that does not say its resolution is taken to be as long as an A4 page."""

_TURNED = range(5, 9)  # EXIF orientations that swap width and height
_STRIP_BYTES, _TILE_BYTES = 279, 325  # TIFF 6.0, StripByteCounts and TileByteCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a file says of one frame, before any pixel is decoded.

    Attributes:
        width: Pixels as displayed.
        height: Pixels as displayed.
        dpi: Resolution across and down as displayed; None when the file does not say.
        stored_bytes: Compressed bytes of its pixels.
        turned: It is stored turned or mirrored, and EXIF says how.
        swapped: It is stored with width and height swapped. Pillow turns TIFF frames when it decodes them.
    """

    width: int
    height: int
    dpi: tuple[float, float] | None
    stored_bytes: int
    turned: bool
    swapped: bool


def frame_numbers(image: Image.Image, limits: ReadLimits, findings: list[Finding]) -> Iterator[int]:
    """Go to one frame after the other and yield their numbers. Later frames count in TIFF only, elsewhere they move.

    Args:
        image: An opened image.
        limits: Frames allowed, and pixels of one.
        findings: Takes a remark when the list of frames is broken.

    Raises:
        SafetyLimitExceeded: More frames than allowed.
    """
    number = 1
    while number <= limits.max_units:
        yield number
        if image.format != "TIFF":
            return
        try:
            with reading_image(limits.max_image_pixels):
                if not seek_frame(image, number + 1):
                    return
        except DamagedDocument:
            findings.append(_lost(number))
            return
        number += 1
    raise SafetyLimitExceeded(
        f"The TIFF has more than {limits.max_units:,} frames, which is the limit. Split it into smaller files."
    )


def seek_frame(image: Image.Image, number: int) -> bool:
    """Go to a frame, to be called inside :func:`extractors.raster.reading_image`; tell whether it is there."""
    if number < 1 or (image.format != "TIFF" and number > 1):
        return False
    try:
        image.seek(number - 1)
    except EOFError:
        return False
    return True


def frame_of(image: Image.Image, size_bytes: int) -> Frame:
    """Return what the file says of the current frame. Pillow reports TIFF frames as displayed, others as stored."""
    width, height = image.size
    dpi = _dpi(image)
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    if orientation in _TURNED:
        if image.format != "TIFF":
            width, height = height, width
        dpi = None if dpi is None else (dpi[1], dpi[0])
    return Frame(
        width=width,
        height=height,
        dpi=dpi,
        stored_bytes=_stored_bytes(image, size_bytes),
        turned=orientation in range(2, 9),
        swapped=orientation in _TURNED and image.format != "TIFF",
    )


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    """Return the resolution the file states, across and down as stored; None when it states none."""
    if image.format in ("JPEG", "MPO") and "jfif_density" in image.info and not image.info.get("jfif_unit"):
        exif = image.getexif()
        if ExifTags.Base.XResolution not in exif:  # Pillow makes 72 up then
            return None
    stated = image.info.get("dpi")
    if not isinstance(stated, tuple) or len(stated) != 2:
        return None
    across, down = float(stated[0]), float(stated[1])
    return (across, down) if min(across, down) >= _LEAST_DPI else None


def _stored_bytes(image: Image.Image, size_bytes: int) -> int:
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        return size_bytes
    counts = tags.get(_STRIP_BYTES) or tags.get(_TILE_BYTES) or ()
    return min(size_bytes, sum(int(count) for count in counts))


def _lost(number: int) -> Finding:
    return Finding(
        severity="error",
        code="frames-lost",
        message=f"The list of frames is broken after frame {number}; later ones are lost. Export the file again.",
        units=(number,),
    )
