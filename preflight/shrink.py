"""How far images of one unit may be re-encoded when the unit alone is too large: the steps, gentle first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.base import ShrinkStep
from extractors.facts import UnitKind

if TYPE_CHECKING:
    from extractors.facts import UnitFacts

LEAST_DPI = 150
"""No step goes below: at 150 dpi OCR was measured as accurate as at 300 (shared/facts/benchmarks.md)."""

_STEPS = (
    ShrinkStep(dpi=300, jpeg_quality=85),
    ShrinkStep(dpi=200, jpeg_quality=80),
    ShrinkStep(dpi=200, jpeg_quality=65),
    ShrinkStep(dpi=LEAST_DPI, jpeg_quality=60),
    ShrinkStep(dpi=200, jpeg_quality=60, mode="gray"),
    ShrinkStep(dpi=LEAST_DPI, jpeg_quality=50, mode="gray"),
)
_WRITING = ShrinkStep(dpi=200, jpeg_quality=75, mode="bilevel")
"""For scanned writing: a 600 dpi colour page came down to 0.6 % of its bytes, and OCR read it as well as before."""


def steps_for(unit: UnitFacts) -> tuple[ShrinkStep, ...]:
    """Return the steps to try for a unit, in order; black and white only for pages of scanned writing."""
    return (*_STEPS, _WRITING) if unit.kind is UnitKind.SCAN and unit.block is None else _STEPS
