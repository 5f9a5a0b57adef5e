"""How far images of one unit may be re-encoded when the unit alone is too large: the steps, and what they come to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from extractors.base import ShrinkStep
from extractors.facts import UnitKind
from preflight.model import Range

if TYPE_CHECKING:
    from extractors.facts import UnitFacts

LEAST_DPI = 150
"""No step goes below: at 150 dpi OCR was measured as accurate as at 600, at 8 point too (tests/test_shrink_ocr.py)."""

_STEPS = (
    ShrinkStep(dpi=600, jpeg_quality=90),
    ShrinkStep(dpi=400, jpeg_quality=85),
    ShrinkStep(dpi=300, jpeg_quality=85),
    ShrinkStep(dpi=250, jpeg_quality=80),
    ShrinkStep(dpi=200, jpeg_quality=80),
    ShrinkStep(dpi=200, jpeg_quality=65),
    ShrinkStep(dpi=LEAST_DPI, jpeg_quality=60),
    ShrinkStep(dpi=200, jpeg_quality=60, mode="gray"),
    ShrinkStep(dpi=LEAST_DPI, jpeg_quality=50, mode="gray"),
)
_LOSSLESS = tuple(ShrinkStep(dpi=dpi, jpeg_quality=0) for dpi in (600, 400, 300))
"""What an image that is a PNG goes through first; a PNG knows no quality."""
_FONTS = ShrinkStep(dpi=0, jpeg_quality=0, drop_fonts=True)
"""What a block goes through first: fonts weigh in every piece, and a text is the same in others."""
_WRITING = ShrinkStep(dpi=300, jpeg_quality=60, mode="bilevel")
"""For scanned writing, where ink and paper are all there is: a 600 dpi colour page came down to 0.3 % of its bytes."""
_POINTS_PER_INCH = 72
_FRAME_INCHES = 11.7
"""Longer side of a frame that does not say its resolution, as :mod:`extractors.frames` takes it."""
_GRAY_BYTES = (0.01, 0.7)
"""Bytes of a pixel in gray JPEG at the last step: empty paper, and nothing but noise."""
_LOSSLESS_BYTES = 1.05
"""The most of a gray pixel where the file stays one without loss (PNG)."""
_BILEVEL_BYTES = 0.0005
"""The least of a pixel in black and white."""


def steps_for(unit: UnitFacts, *, png: bool = False, jpeg: bool = False) -> tuple[ShrinkStep, ...]:
    """Return the steps to try for a unit, in order; black and white only for pages of scanned writing.

    Args:
        unit: The unit.
        png: The document is a PNG; it stays one as long as that is enough.
        jpeg: The target takes the image as a JPEG just as well.
    """
    if unit.block is not None:
        return (_FONTS, *(replace(step, drop_fonts=True) for step in _STEPS))
    tones = (*_LOSSLESS, *(replace(step, png_as_jpeg=jpeg) for step in _STEPS)) if png else _STEPS
    return (*tones, _WRITING) if unit.kind is UnitKind.SCAN else tones


def shrunk_bytes(unit: UnitFacts, size: int) -> Range:
    """Return what a piece with this unit alone comes to at the last step, as known before it is tried. Pure.

    Pixels are what counts, not the bytes they are stored in: a raw scan shrinks to a hundredth, a poor JPEG not at all.
    Where it is not known how large images are drawn, all between a hundredth and all of their bytes is possible.

    Args:
        unit: The unit.
        size: Bytes of a piece with it alone, as it is.
    """
    images = size if unit.width_px is not None else min(size, unit.image_bytes)
    rest = size - images
    pixels = unit.image_pixels or (unit.width_px or 0) * (unit.height_px or 0)
    inches = _square_inches(unit)
    if not pixels or inches is None:
        least = rest + images // 100 if unit.block is None else size // 100  # fonts may be left out of a DOCX
        return Range(low=least, likely=rest + images // 3, high=size)
    left = min(pixels, inches * LEAST_DPI**2)
    low, high = (left * each for each in _GRAY_BYTES)
    if unit.width_px is not None:
        high = left * _LOSSLESS_BYTES
    if unit.kind is UnitKind.SCAN and unit.block is None:
        dots = min(pixels, inches * _WRITING.dpi**2)
        low = min(low, dots * _BILEVEL_BYTES)
    low, high = min(images, round(low)), min(images, round(high))
    return Range(low=rest + low, likely=rest + (low + high) // 2, high=rest + high)


def _square_inches(unit: UnitFacts) -> float | None:
    """Area that the images of a unit are drawn on; None where nothing tells."""
    if unit.width_px is not None and unit.height_px is not None:
        dpi = unit.dpi or max(unit.width_px, unit.height_px) / _FRAME_INCHES
        return unit.width_px * unit.height_px / dpi**2
    if unit.width_pt is None or unit.height_pt is None:
        return None
    return unit.image_coverage * unit.width_pt * unit.height_pt / _POINTS_PER_INCH**2
