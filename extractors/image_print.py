"""Fingerprints of frames: equal for the same pixels, however they are encoded without loss; different for others."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from PIL import ExifTags, Image

from extractors.errors import ExtractionError
from extractors.frames import frame_numbers
from extractors.raster import open_image, reading_image, too_many_pixels
from extractors.tiff.directory import TiffReader
from extractors.tiff.pixels import NotCopyable, pixel_stretches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import ReadOptions

_VERSION = b"frame/1"
_BAND_BYTES = 1 << 22


def frame_fingerprints(file: BinaryIO, options: ReadOptions) -> Iterator[tuple[int, str]]:
    """Yield number and fingerprint of each frame: SHA-256 of its pixels, their mode and size, and its colour profile.

    A TIFF frame that cannot be decoded has the fingerprint of its encoded data, so that it is recognized all the same.

    Raises:
        DamagedDocument: The file cannot be opened, or its only picture cannot be decoded.
        SafetyLimitExceeded: Too many frames, or too many pixels in the only picture.
    """
    limit = options.limits.max_image_pixels
    with reading_image(limit):
        image = open_image(file)
    for number in frame_numbers(image, options.limits, []):
        options.begin(number)
        if number in options.skip:
            yield number, ""
            continue
        try:
            with reading_image(limit, unit=number):
                if image.width * image.height > limit:
                    raise too_many_pixels(limit, unit=number)
                image.load()
                found = _pixels_print(image)
        except ExtractionError:
            if image.format != "TIFF":
                raise
            found = _stored_print(file, number)
        yield number, found


def _pixels_print(image: Image.Image) -> str:
    """Hash decoded pixels; palettes count by the colours they stand for."""
    see_through = "transparency" in image.info or image.mode == "PA"
    mode = "RGBA" if see_through else "RGB" if image.mode == "P" else image.mode
    digest = hashlib.sha256(_VERSION + f" {mode} {image.width} {image.height} ".encode())
    turned = image.format != "TIFF"  # Pillow has turned those already
    digest.update(b"%d " % int(image.getexif().get(ExifTags.Base.Orientation, 1) if turned else 1))
    digest.update(hashlib.sha256(image.info.get("icc_profile") or b"").digest())
    rows = max(1, _BAND_BYTES // (image.width * 4))
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        digest.update((band if band.mode == mode else band.convert(mode)).tobytes())
    return digest.hexdigest()


def _stored_print(file: BinaryIO, number: int) -> str:
    digest = hashlib.sha256(_VERSION + b" stored ")
    try:
        tiff = TiffReader(file)
        for directory in islice(tiff.chain(), number - 1, number):
            for stretch in pixel_stretches(tiff, directory):
                digest.update(stretch)
    except (ExtractionError, NotCopyable) as error:
        digest.update(type(error).__name__.encode())
    return digest.hexdigest()
