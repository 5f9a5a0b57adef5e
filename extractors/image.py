"""Images as documents: PNG, JPEG, WebP with one frame, TIFF with many. Pixels decide what a frame is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from PIL import ExifTags, Image, ImageOps

from extractors.base import SKIPPED, Raster
from extractors.errors import DamagedDocument, ExtractionError
from extractors.facts import DocumentFacts, Finding, UnitFacts, UnitKind, UnitText
from extractors.frames import PAGE_INCHES, Frame, frame_numbers, frame_of, seek_frame
from extractors.image_cut import ImageCutter, image_cutter
from extractors.image_join import join_images
from extractors.image_print import frame_fingerprints
from extractors.image_views import frame_views
from extractors.pixels import LONGEST_PX, look
from extractors.raster import gray_of, open_image, reading_image, squared, too_many_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from extractors.base import Change, CutOptions, ReadOptions, UnitSink
    from extractors.pixels import PixelLook


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
        for number in frame_numbers(image, options.limits, findings):
            options.begin(number)
            try:
                if number in options.skip:
                    raise _skipped(number, options.skip[number])
                facts = _facts(image, number, size_bytes, limit)
            except ExtractionError as error:
                failures.append(error)
                findings.append(_unreadable(number, error))
                facts = UnitFacts(number=number, kind=UnitKind.UNREADABLE, reasons=("cannot-be-decoded",))
            units.append(facts)
            sink(facts, UnitText(number=number))
        options.begin(0)
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
                if not seek_frame(image, number):
                    raise DamagedDocument(f"There is no image {number} in the file.", unit=number)
                frame = frame_of(image, 0)
                if frame.width * frame.height > limit:
                    raise too_many_pixels(limit, unit=number)
                gray, dpi = _upright(image, frame)
            yield number, Raster(gray, dpi, "embedded")

    def views(
        self, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]
    ) -> Iterator[tuple[int, Image.Image]]:
        """Yield frames as small colour images; see :meth:`extractors.base.Viewable.views`."""
        yield from frame_views(file, options, numbers)

    def cutter(self, file: BinaryIO, options: CutOptions) -> AbstractContextManager[ImageCutter]:
        """Open an image for cutting; see :func:`extractors.image_cut.image_cutter`."""
        return image_cutter(file, options)

    def fingerprints(self, file: BinaryIO, options: ReadOptions) -> Iterator[tuple[int, str]]:
        """Yield fingerprints of frames; see :func:`extractors.image_print.frame_fingerprints`."""
        yield from frame_fingerprints(file, options)

    def join(self, pieces: Sequence[BinaryIO], out: BinaryIO, changes: Sequence[Sequence[Change]] = ()) -> None:
        """Put frames together again; see :func:`extractors.image_cut.join_images`."""
        del changes
        join_images(pieces, out)


def _facts(image: Image.Image, number: int, size_bytes: int, max_pixels: int) -> UnitFacts:
    """Measure the current frame and look at its pixels.

    Raises:
        DamagedDocument: Its pixels cannot be decoded.
        SafetyLimitExceeded: It has too many.
    """
    with reading_image(max_pixels, unit=number):
        frame = frame_of(image, size_bytes)
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
    return (UnitKind.SCAN, "text-in-image") if seen.shows_text else (UnitKind.IMAGE, "picture-without-text")


def _upright(image: Image.Image, frame: Frame) -> tuple[Image.Image, float]:
    """Decode the current frame: gray, as displayed, with square pixels; and its resolution."""
    gray = gray_of(image)
    if image.format != "TIFF":  # Pillow has turned those already
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        exif = gray.getexif()
        exif[ExifTags.Base.Orientation] = orientation
        gray = ImageOps.exif_transpose(gray)
    share = max(gray.size) / max(frame.width, frame.height)
    if frame.dpi is None:
        return gray, max(gray.size) / PAGE_INCHES
    return squared(gray, frame.dpi[0] * share, frame.dpi[1] * share)


def _unreadable(number: int, error: ExtractionError) -> Finding:
    return Finding(severity="error", code="frame-unreadable", message=str(error), units=(number,))


def _skipped(number: int, why: str) -> DamagedDocument:
    what = SKIPPED[why].replace("page", "frame")
    return DamagedDocument(f"Reading frame {number} {what}, so it was left out. Export the image again.", unit=number)


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
