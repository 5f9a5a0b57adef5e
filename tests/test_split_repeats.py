"""Headers and footers stand in every piece of a DOCX, and count in every one of them."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import docx_samples as samples
import pytest
from cuttable import words
from PIL import Image

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

    with pytest.raises(UnitOverLimit, match="Block 2 with the headers and footers of its section"):
        split(source, tmp_path / "out", limits=UserLimits(tokens=80), executor=workers)

    assert not (tmp_path / "out").exists()


def test_a_block_made_smaller_is_weighed_with_the_header_too(tmp_path: Path, workers: Slots) -> None:
    """Its picture is over the limit on bytes; made smaller, the block with the header is over the one on tokens."""
    out = io.BytesIO()
    Image.frombytes("RGB", (500, 500), random.Random(1).randbytes(750_000)).save(out, "PNG")
    drawn = samples.picture("rId1", 1_000_000, 1_000_000)
    body = samples.p("x") + f"<w:p><w:r><w:t>{words(1, 60)}</w:t></w:r>{drawn}</w:p>" + samples.p("y")
    header = f"<w:hdr {samples.NAMES}>{samples.p(words(99, 60))}</w:hdr>"
    source = tmp_path / "letter.docx"
    parts: dict[str, str | bytes] = {"word/header1.xml": header, "word/media/image1.png": out.getvalue()}
    source.write_bytes(samples.make(body + SECTION, parts, links={"rId1": ("image", "media/image1.png", False)}))
    own = UserLimits(bytes=200_000)

    whole = split(source, tmp_path / "whole", limits=own, executor=workers).manifest
    with pytest.raises(UnitOverLimit, match="Block 2 with the headers"):
        split(source, tmp_path / "out", limits=UserLimits(bytes=200_000, tokens=100), executor=workers)

    assert [change.code for piece in whole.pieces for change in piece.changes] == ["shrunk"]
    assert not (tmp_path / "out").exists()


def test_a_table_that_fits_only_without_the_header_is_cut_by_rows(tmp_path: Path, workers: Slots) -> None:
    rows = "".join(f"<w:tr><w:tc>{samples.p(words(number, 6))}</w:tc></w:tr>" for number in range(12))
    table = f"<w:tbl><w:tblPr/><w:tblGrid><w:gridCol/></w:tblGrid>{rows}</w:tbl>"
    header = f"<w:hdr {samples.NAMES}>{samples.p(words(99, 60))}</w:hdr>"
    source = tmp_path / "table.docx"
    source.write_bytes(samples.make(samples.p("x") + table + samples.p("y") + SECTION, {"word/header1.xml": header}))
    tokens = check(source, executor=workers).estimate
    assert tokens is not None
    assert tokens.tokens is not None
    most = tokens.tokens.high - 20

    result = split(source, tmp_path / "out", limits=UserLimits(tokens=most), executor=workers)

    pieces = result.manifest.pieces
    assert sum(piece.rows is not None for piece in pieces) > 1
    assert all(piece.tokens is not None and piece.tokens.high <= most for piece in pieces)
    assert verify(tmp_path / "out", against=source, executor=workers).ok
