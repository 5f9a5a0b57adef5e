"""How far images of one unit may be re-encoded when the unit alone is too large: the steps, gentle first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.base import ShrinkStep
from extractors.facts import UnitKind

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
_WRITING = ShrinkStep(dpi=300, jpeg_quality=60, mode="bilevel")
"""For scanned writing, where ink and paper are all there is: a 600 dpi colour page came down to 0.3 % of its bytes."""


def steps_for(unit: UnitFacts) -> tuple[ShrinkStep, ...]:
    """Return the steps to try for a unit, in order; black and white only for pages of scanned writing."""
    return (*_STEPS, _WRITING) if unit.kind is UnitKind.SCAN and unit.block is None else _STEPS
