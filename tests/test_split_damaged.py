"""Damaged documents: what cutting repairs is said, counted against the limits, and no surprise to verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mutations import mutated

from extractors.errors import DamagedDocument
from preflight import UserLimits, split, verify

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.slots import Slots


def lossy(path: Path) -> Path:
    """Write a PDF whose table leads astray for half of the page's content.

    PDFium finds the first half only; qpdf looks for the other, and finds it, and so does any reader of a piece.
    """

    def content(words: str, height: int) -> str:
        drawn = f"BT /F0 20 Tf 50 {height} Td ({words}) Tj ET\n"
        return f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream"

    objects = (
        "<< /Kids [2 0 R] /Type /Pages /Count 1 >>",
        "<< /Parent 1 0 R /MediaBox [0 0 612 792] /Resources 3 0 R /Type /Page /Contents [6 0 R 4 0 R] >>",
        "<< /Font << /F0 << /BaseFont /Times-Italic /Subtype /Type1 /Type /Font >> >> >>",
        content("What only some of them find in the file as it is", 600),
        "<< /Pages 1 0 R /Type /Catalog >>",
        content("What every reader finds", 700),
    )
    data, places = "%PDF-1.4\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(data))
        data += f"{number} 0 obj\n{one}\nendobj\n"
    places[3] -= 6
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 7\n0000000000 65535 f \n{table}trailer\n<< /Root 5 0 R /Size 7 >>\nstartxref\n{len(data)}\n%%EOF\n"
    path.write_text(data + end)
    return path


def test_a_page_that_cutting_repairs_is_told(corpus: Path, tmp_path: Path, workers: Slots) -> None:
    source = corpus / "broken" / "opf__T04_006_premature-EOF.pdf"

    result = split(source, tmp_path / "out", limits=UserLimits(pages=1), executor=workers)

    assert not result.complete
    assert [(one.code, one.units) for one in result.findings] == [("repaired", (1,))]
    (piece,) = result.manifest.pieces
    assert [(one.code, one.units) for one in piece.changes] == [("repaired", (1,))]
    assert verify(tmp_path / "out", executor=workers).ok
    found = verify(tmp_path / "out", against=source, executor=workers)
    assert found.ok
    assert "changed-looks" in {one.code for one in found.notes}


def test_text_that_cutting_repairs_is_told(tmp_path: Path, workers: Slots) -> None:
    source = lossy(tmp_path / "lossy.pdf")

    result = split(source, tmp_path / "out", limits=UserLimits(pages=1, tokens=1000), executor=workers)

    (piece,) = result.manifest.pieces
    assert "repaired" in {one.code for one in piece.changes}
    assert piece.words == 16
    assert verify(tmp_path / "out", executor=workers).ok
    found = verify(tmp_path / "out", against=source, executor=workers)
    assert found.ok
    assert {one.code for one in found.notes} == {"changed-text", "changed-looks"}


def test_what_a_repaired_page_holds_is_held_against_the_limits(tmp_path: Path, workers: Slots) -> None:
    source = lossy(tmp_path / "lossy.pdf")

    with pytest.raises(DamagedDocument, match="over a limit"):
        split(source, tmp_path / "out", limits=UserLimits(tokens=8), executor=workers)

    assert not (tmp_path / "out").exists()


def test_a_piece_that_reads_otherwise_alone_is_refused(corpus: Path, tmp_path: Path, workers: Slots) -> None:
    """Damaged so that it is text with binary data in it, whose encoding shows otherwise in a part of it."""
    names = ("pdf20__PDF_2.0_with_offset_start.pdf", "samplefiles__with-attachment.pdf")
    file, other = (next(corpus.rglob(name)).read_bytes() for name in names)
    source = tmp_path / "damaged.pdf"
    source.write_bytes(mutated(file, other, 3677690018))

    with pytest.raises(DamagedDocument, match="would be read as 1, not 34"):
        split(source, tmp_path / "out", limits=UserLimits(bytes=20_000), executor=workers)

    assert not (tmp_path / "out").exists()
