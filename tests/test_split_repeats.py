"""Headers and footers stand in every piece of a DOCX, and count in every one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import docx_samples as samples
import pytest
from cuttable import words

from preflight import UserLimits, check, split, verify
from preflight.errors import UnitOverLimit

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.slots import Slots

SECTION = '<w:sectPr><w:headerReference w:type="default" r:id="rId_header1"/></w:sectPr>'


def with_header(path: Path, header_words: int) -> Path:
    body = samples.p("x") + "".join(samples.p(words(number, 20)) for number in range(24))
    header = f"<w:hdr {samples.NAMES}>{samples.p(words(99, header_words))}</w:hdr>"
    path.write_bytes(samples.make(body + SECTION, {"word/header1.xml": header}))
    return path


@pytest.mark.parametrize("header_words", [5, 60])
def test_every_piece_fits_with_its_header(tmp_path: Path, workers: Slots, header_words: int) -> None:
    source = with_header(tmp_path / "letter.docx", header_words)
    most = 60 + 3 * header_words

    result = split(source, tmp_path / "out", limits=UserLimits(tokens=most), executor=workers)

    pieces = result.manifest.pieces
    assert len(pieces) > 3
    for piece in pieces:
        report = check(tmp_path / "out" / piece.name, executor=workers)
        assert report.estimate is not None
        assert report.estimate.tokens == piece.tokens
        assert piece.tokens is not None
        assert header_words < piece.tokens.high <= most
    assert verify(tmp_path / "out", against=source, executor=workers).ok


def test_a_block_that_fits_only_without_the_header_is_refused(tmp_path: Path, workers: Slots) -> None:
    source = with_header(tmp_path / "letter.docx", 60)

    with pytest.raises(UnitOverLimit, match="Block 2 alone"):
        split(source, tmp_path / "out", limits=UserLimits(tokens=80), executor=workers)

    assert not (tmp_path / "out").exists()
