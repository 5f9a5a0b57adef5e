"""Damaged documents: what cutting repairs is said, counted against the limits, and no surprise to verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from extractors.errors import DamagedDocument
from preflight import UserLimits, split, verify

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.slots import Slots

REPAIRED_BY_CUTTING = "broken/opf__T04_006_premature-EOF.pdf"
"""PDFium reads no text in its only page, and four tokens once qpdf has written it anew."""


def test_a_page_that_cutting_repairs_is_told(corpus: Path, tmp_path: Path, workers: Slots) -> None:
    source = corpus / REPAIRED_BY_CUTTING

    result = split(source, tmp_path / "out", limits=UserLimits(pages=1), executor=workers)

    assert not result.complete
    assert [(one.code, one.units) for one in result.findings] == [("repaired", (1,))]
    (piece,) = result.manifest.pieces
    assert [(one.code, one.units) for one in piece.changes] == [("repaired", (1,))]
    assert piece.words > 0
    assert verify(tmp_path / "out", executor=workers).ok
    found = verify(tmp_path / "out", against=source, executor=workers)
    assert found.ok
    assert {one.code for one in found.notes} == {"changed-text", "changed-looks"}


def test_what_a_repaired_page_holds_is_held_against_the_limits(corpus: Path, tmp_path: Path, workers: Slots) -> None:
    with pytest.raises(DamagedDocument, match="over a limit"):
        split(corpus / REPAIRED_BY_CUTTING, tmp_path / "out", limits=UserLimits(tokens=1), executor=workers)

    assert not (tmp_path / "out").exists()
