"""Images as documents: PNG, JPEG, WebP with one frame, TIFF with many. Pixels decide what a frame is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from PIL import ExifTags, Image, ImageOps

from extractors.base import Raster
from extractors.errors import DamagedDocument, ExtractionError, SafetyLimitExceeded
from extractors.facts import DocumentFacts, Finding, UnitFacts, UnitKind, UnitText
from extractors.image_views import frame_views
from extractors.pixels import LONGEST_PX, look
from extractors.raster import gray_of, open_image, reading_image, squared, too_many_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import ReadLimits, ReadOptions, UnitSink
    from extractors.pixels import PixelLook

_LEAST_DPI = 20.0  # a file that says less says nothing: 1 × 1 and 0 × 0 are used for “not known”
_PAGE_INCHES = 11.7
"""A frame that does not say its resolution is taken to be as long as an A4 page."""

_TURNED = range(5, 9)  # EXIF orientations that swap width and height
_STRIP_BYTES, _TILE_BYTES = 279, 325  # TIFF 6.0, StripByteCounts and TileByteCounts

# What counts as writing; the classes are far apart here (see extractors.pdf.kinds, which judges pages alike).
_MOSTLY_TEXT = 0.5
_FEWEST_CHARS = 12
_SOME_CHARS = 100
_MANY_CHARS = 300
_SOME_TEXT = 0.1
_FEW_TONES = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What a file says of one frame, before any pixel is decoded.

    Attributes:
        width: Pixels as displayed.
        height: Pixels as displayed.
        dpi: Resolution across and down as displayed; None when the file does not say.
        stored_bytes: Compressed bytes of its pixels.
        turned: It is stored turned or mirrored, and EXIF says how.
    """

    width: int
    height: int
    dpi: tuple[float, float] | None
    stored_bytes: int
    turned: bool


class ImageExtractor:
    """Reads images; a unit is a frame. Later frames are units in TIFF only, elsewhere they are animation."""

    def read(self, file: BinaryIO, options: ReadOptions, sink: UnitSink) -> DocumentFacts:
        """Read all frames; see :meth:`extractors.base.Extractor.read`. The text of a frame is always empty.

        Raises:
            DamagedDocument: No frame can be decoded.
            SafetyLimitExceeded: Too many frames, or too many pixels in the only one.
        """
        limit = options.limits.max_image_pixels
        size_bytes = file.seek(0, os.SEEK_END)
        units: list[UnitFacts] = []
        findings: list[Finding] = []
        failures: list[ExtractionError] = []
        with reading_image(limit):
            image = open_image(file)
        for number in _numbers(image, options.limits, findings):
            try:
                facts = _facts(image, number, size_bytes, limit)
            except ExtractionError as error:
                failures.append(error)
                findings.append(_unreadable(number, error))
                facts = UnitFacts(number=number, kind=UnitKind.UNREADABLE, reasons=("cannot-be-decoded",))
            units.append(facts)
            sink(facts, UnitText(number=number))
        with reading_image(limit):
            findings.extend(_about_more_frames(image))
        if len(failures) == len(units):
            raise failures[0]
        stored = sum(unit.stored_bytes for unit in units)
        return DocumentFacts(
            unit_kind="frame",
            unit_count=len(units),
            units=tuple(units),
            shared_bytes=max(0, size_bytes - stored),
            findings=tuple(findings),
        )

    def render(self, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Raster]]:
        """Yield frames upright and gray; see :meth:`extractors.base.Renderable.render`.

        Raises:
            ExtractionError: The file cannot be opened, or a frame cannot be decoded (``unit`` says which).
        """
        limit = options.limits.max_image_pixels
        with reading_image(limit):
            image = open_image(file)
        for number in numbers:
            with reading_image(limit, unit=number):
                if number < 1 or (image.format != "TIFF" and number > 1) or not _found(image, number):
                    raise DamagedDocument(f"There is no image {number} in the file.", unit=number)
                frame = _frame(image, 0)
                if frame.width * frame.height > limit:
                    raise too_many_pixels(limit, unit=number)
                gray, dpi = _upright(image, frame)
            yield number, Raster(gray, dpi, "embedded")

    def views(
        self, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]
    ) -> Iterator[tuple[int, Image.Image]]:
        """Yield frames as small colour images; see :meth:`extractors.base.Viewable.views`."""
        yield from frame_views(file, options, numbers)


def _numbers(image: Image.Image, limits: ReadLimits, findings: list[Finding]) -> Iterator[int]:
    """Seek one frame after the other and yield their numbers."""
    number = 1
    while number <= limits.max_units:
        yield number
        if image.format != "TIFF":
            return
        try:
            with reading_image(limits.max_image_pixels):
                if not _found(image, number + 1):
                    return
        except DamagedDocument:
            findings.append(_lost(number))
            return
        number += 1
    raise SafetyLimitExceeded(
        f"The TIFF has more than {limits.max_units:,} frames, which is the limit. Split it into smaller files."
    )


def _found(image: Image.Image, number: int) -> bool:
    """Go to a frame; tell whether it is there."""
    try:
        image.seek(number - 1)
    except EOFError:
        return False
    return True


def _facts(image: Image.Image, number: int, size_bytes: int, max_pixels: int) -> UnitFacts:
    """Measure the current frame and look at its pixels.

    Raises:
        DamagedDocument: Its pixels cannot be decoded.
        SafetyLimitExceeded: It has too many.
    """
    with reading_image(max_pixels, unit=number):
        frame = _frame(image, size_bytes)
        if frame.width * frame.height > max_pixels:
            raise too_many_pixels(max_pixels, unit=number)
        seen = look(gray_of(image, LONGEST_PX))
    kind, reason = _kind(seen)
    return UnitFacts(
        number=number,
        kind=kind,
        needs_ocr=kind is UnitKind.SCAN,
        image_count=1,
        image_coverage=1.0,
        image_pixels=frame.width * frame.height,
        image_bytes=frame.stored_bytes,
        stored_bytes=frame.stored_bytes,
        width_px=frame.width,
        height_px=frame.height,
        dpi=None if frame.dpi is None else round(max(frame.dpi), 2),
        text_guess=seen.guess if kind is UnitKind.SCAN else None,
        reasons=(reason, "turned-by-exif") if frame.turned else (reason,),
    )


def _kind(seen: PixelLook) -> tuple[UnitKind, str]:
    """Return what a frame is, and why."""
    if seen.blank:
        return UnitKind.BLANK, "nothing-to-see"
    chars = seen.guess.likely
    if seen.text_share >= _MOSTLY_TEXT and chars >= _FEWEST_CHARS:
        writing = chars >= _SOME_CHARS or seen.tones < _FEW_TONES
    else:
        writing = chars >= _MANY_CHARS and seen.text_share >= _SOME_TEXT
    return (UnitKind.SCAN, "text-in-image") if writing else (UnitKind.IMAGE, "picture-without-text")


def _frame(image: Image.Image, size_bytes: int) -> _Frame:
    """Return what the file says of the current frame. Pillow reports TIFF frames as displayed, others as stored."""
    width, height = image.size
    dpi = _dpi(image)
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    if orientation in _TURNED:
        if image.format != "TIFF":
            width, height = height, width
        dpi = None if dpi is None else (dpi[1], dpi[0])
    return _Frame(
        width=width,
        height=height,
        dpi=dpi,
        stored_bytes=_stored_bytes(image, size_bytes),
        turned=orientation in range(2, 9),
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


def _upright(image: Image.Image, frame: _Frame) -> tuple[Image.Image, float]:
    """Decode the current frame: gray, as displayed, with square pixels; and its resolution."""
    gray = gray_of(image)
    if image.format != "TIFF":  # Pillow has turned those already
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        exif = gray.getexif()
        exif[ExifTags.Base.Orientation] = orientation
        gray = ImageOps.exif_transpose(gray)
    share = max(gray.size) / max(frame.width, frame.height)
    if frame.dpi is None:
        return gray, max(gray.size) / _PAGE_INCHES
    return squared(gray, frame.dpi[0] * share, frame.dpi[1] * share)


def _unreadable(number: int, error: ExtractionError) -> Finding:
    return Finding(severity="error", code="frame-unreadable", message=str(error), units=(number,))


def _lost(number: int) -> Finding:
    return Finding(
        severity="error",
        code="frames-lost",
        message=f"The list of frames is broken after frame {number}; later ones are lost. Export the file again.",
        units=(number,),
    )


def _about_more_frames(image: Image.Image) -> Iterator[Finding]:
    """Say what a file holds besides the frame that is read."""
    frames = getattr(image, "n_frames", 1)
    if image.format == "TIFF" or frames < 2:
        return
    if image.format == "MPO":
        message = f"The JPEG holds {frames - 1} more pictures (previews or other views); only the first is read."
        yield Finding(severity="info", code="more-pictures-inside", message=message)
    else:
        message = (
            f"The image is an animation of {frames} frames; only the first is read. If the others matter, export "
            "them as pages of a PDF."
        )
        yield Finding(severity="warning", code="animation", message=message)
