"""What all sources of page images share: opening image data safely, bringing it to gray, square and a sane size."""

from __future__ import annotations

import struct
import warnings
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from PIL import Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, UnidentifiedImageError, WebPImagePlugin

from extractors.clean import safe_label
from extractors.errors import DamagedDocument, ExtractionError, SafetyLimitExceeded

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LONGEST_PX = 3300
"""Images are reduced by whole factors as long as their longest side stays above this (11 inches at 300 dpi)."""

FORMATS = tuple(
    reader.format
    for reader in (
        PngImagePlugin.PngImageFile,
        JpegImagePlugin.JpegImageFile,
        TiffImagePlugin.TiffImageFile,
        WebPImagePlugin.WebPImageFile,
    )
)
"""What Pillow may take image data for; most of its security bugs were in formats nobody needs here.

Naming the readers loads these four only; a bare ``Image.open`` would load all forty. Multi-picture JPEGs (MPO) come
with the reader for JPEG.
"""

PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)
"""What Pillow's readers raise on damaged data."""

_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_SQUARE = 1.05  # pixels this close to square are left alone
_AVERAGED = ("L", "LA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "F")  # modes whose values can be averaged


@contextmanager
def reading_image(max_pixels: int, *, unit: int | None = None) -> Iterator[None]:
    """Turn what Pillow raises into this package's errors while the block runs, and refuse images that are too large.

    Args:
        max_pixels: Pixels one image may have.
        unit: Unit that the errors shall name.

    Raises:
        SafetyLimitExceeded: An image declares more pixels.
        DamagedDocument: Image data is broken.
    """
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on odd metadata
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except ExtractionError:
        raise
    except _BOMBS as error:
        raise too_many_pixels(max_pixels, unit=unit) from error
    except MemoryError as error:
        what = "The image" if unit is None else f"Image {unit}"
        raise SafetyLimitExceeded(
            f"{what} needs more memory than there is. Reduce its width and height, or allow more memory.", unit=unit
        ) from error
    except UnidentifiedImageError as error:
        raise DamagedDocument("This is no image that can be opened. Download or export it again.", unit=unit) from error
    except PILLOW_ERRORS as error:
        what = "The image" if unit is None else f"Image {unit}"
        reason = safe_label(str(error)) or type(error).__name__
        raise DamagedDocument(
            f"{what} is damaged or cut short ({reason}). Download or export it again.", unit=unit
        ) from error
    finally:
        Image.MAX_IMAGE_PIXELS = before


def too_many_pixels(max_pixels: int, *, unit: int | None = None) -> SafetyLimitExceeded:
    """Return the error for an image over the limit on pixels."""
    what = "The image" if unit is None else f"Image {unit}"
    return SafetyLimitExceeded(
        f"{what} has more than {max_pixels / 1e6:,.0f} million pixels, which is the limit for decoding one. Reduce its "
        "width and height and try again.",
        unit=unit,
    )


def open_image(file: IO[bytes]) -> Image.Image:
    """Open image data in one of :data:`FORMATS`; to be called inside :func:`reading_image`."""
    file.seek(0)
    return Image.open(file, formats=FORMATS)


def gray_of(image: Image.Image, longest_px: int = MAX_LONGEST_PX) -> Image.Image:
    """Return an opened image as mode ``L`` on white, reduced by a whole factor that leaves ``longest_px`` at least.

    JPEG data is decoded straight to gray and to a smaller size. 16-bit and floating point images are stretched from
    their darkest to their lightest value, because many hold 10 or 12 bits.
    """
    factor = max(1, max(image.size) // longest_px)
    image.draft("L", (image.width // factor, image.height // factor))
    image.load()
    factor = max(1, max(image.size) // longest_px)
    if image.mode.startswith(("I", "F")):
        image = _stretched(image)
    if factor > 1 and image.mode in _AVERAGED:
        image = image.reduce(factor)
        factor = 1
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        colours = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", colours.size, "white"), colours)
    if image.mode == "LAB":  # Pillow cannot convert it, but its first channel is lightness
        return image.getchannel(0)
    gray = image if image.mode == "L" else image.convert("L")
    return gray.reduce(factor) if factor > 1 else gray


def reduced(gray: Image.Image) -> Image.Image:
    """Return an image of mode ``L`` reduced by a whole factor when it is at least twice :data:`MAX_LONGEST_PX` long."""
    factor = max(gray.size) // MAX_LONGEST_PX
    return gray.reduce(factor) if factor > 1 else gray


def squared(gray: Image.Image, across_dpi: float, down_dpi: float) -> tuple[Image.Image, float]:
    """Return an image with square pixels, and its one resolution; faxes have 204 pixels an inch across and 98 down."""
    dpi = max(across_dpi, down_dpi)
    if dpi <= _SQUARE * min(across_dpi, down_dpi):
        return gray, dpi
    size = (max(1, round(gray.width * dpi / across_dpi)), max(1, round(gray.height * dpi / down_dpi)))
    return gray.resize(size, Image.Resampling.BICUBIC), dpi


def _stretched(image: Image.Image) -> Image.Image:
    """Return an image of 16 or 32 bits a pixel as ``L``; converting it directly would cut off all above 255."""
    low, high = image.getextrema()
    if not isinstance(low, int | float) or not isinstance(high, int | float) or not low < high:
        return Image.new("L", image.size, 255)
    scale = 255 / (high - low)
    wide = image.convert("F")
    return wide.point(lambda value: value * scale + -low * scale).convert("L")
