"""Black and white: where ink parts from paper, and whether an image has no other tones."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from PIL import Image, ImageChops, ImageFilter

from extractors.ink import otsu

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.TiffImagePlugin import TiffImageFile

INK = 150
"""Gray values up to this count as ink when black and white is made smaller: at 128 thin strokes break."""
LEAST_BILEVEL_DPI = 300
"""Black and white is not brought below: at 300 dpi OCR read 6 point type with 0.1 % more errors, at 200 dpi with 1.6 %,
at 150 dpi with 15 %."""
_LEAST_CONTRAST = 60  # of 255, between ink and paper
_FAINT = 0.12  # of that contrast: what differs so much from paper can be seen
_NEAR_PX = 3  # soft edges of ink reach so far
_MOST_LOST = 1e-4  # of the area that is seen, is no ink and would vanish: a word in light gray has as much


@dataclass(frozen=True, slots=True)
class TwoTones:
    """An image of ink and paper.

    Attributes:
        bits: Mode ``1``; paper is white.
        ink: Mean gray value of the ink.
        paper: Mean gray value of the paper.
    """

    bits: Image.Image
    ink: int
    paper: int


def thresholded(gray: Image.Image, threshold: int) -> Image.Image:
    """Return an image of mode ``L`` in mode ``1``: what is lighter than the threshold is white."""
    return gray.point(lambda value: 255 * (value > threshold), "1")


def black_and_white(image: Image.Image) -> Image.Image | None:
    """Return an image (``1``, ``L`` or ``RGB``) in mode ``1`` where that loses nothing, else None."""
    if image.mode == "1":
        return image
    most = {"L": 255, "RGB": (255, 255, 255)}.get(image.mode)
    least = {"L": 0, "RGB": (0, 0, 0)}.get(image.mode)
    colours = image.getcolors(2)
    if most is None or colours is None or not {colour for _, colour in colours} <= {least, most}:
        return None
    return thresholded(image.convert("L"), 127)


def two_tones(gray: Image.Image) -> TwoTones | None:
    """Return an image of mode ``L`` as ink on paper, or None where that would lose something that can be seen.

    Photographs, tinted ground and letters in light gray are lost in black and white; so is everything where shadows lie
    over the page.
    """
    histogram = gray.histogram()
    threshold = otsu(histogram)
    ink, paper = _mean(histogram[: threshold + 1], 0), _mean(histogram[threshold + 1 :], threshold + 1)
    contrast = paper - ink
    if contrast < _LEAST_CONTRAST:
        return None
    bits = thresholded(gray, threshold)
    seen = gray.filter(ImageFilter.BoxBlur(1)).point(lambda value: 255 * (value < paper - _FAINT * contrast))
    far_from_ink = bits.convert("L").filter(ImageFilter.BoxBlur(_NEAR_PX)).point(lambda value: 255 * (value == 255))
    lost = ImageChops.darker(seen, far_from_ink).histogram()[255]
    return TwoTones(bits, round(ink), round(paper)) if lost <= _MOST_LOST * gray.width * gray.height else None


def group4(image: Image.Image) -> bytes:
    """Return the pixels of a black and white image in CCITT group 4, black as the PDF default has it."""
    out = io.BytesIO()
    # One strip, whose length is then that of the data; ink is 1 in the coder's eyes, paper the cheap colour.
    ImageChops.invert(image).save(out, "TIFF", compression="group4", tiffinfo={278: image.height})
    with Image.open(io.BytesIO(out.getvalue()), formats=("TIFF",)) as tiff:
        tags = cast("TiffImageFile", tiff).tag_v2
    offsets, lengths = tags[273], tags[279]
    if len(offsets) != 1:
        raise ValueError("TIFF in more than one strip")
    return out.getvalue()[offsets[0] : offsets[0] + lengths[0]]


def _mean(histogram: Sequence[int], start: int) -> float:
    total = sum(histogram)
    return sum(value * count for value, count in enumerate(histogram, start)) / total if total else float(start)
