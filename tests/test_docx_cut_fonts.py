"""Embedded fonts: pieces have those their text uses, and do without where that is what makes them fit."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import docx_samples as samples
import pytest
from docx_pieces import cut, joined, names_in, opens, options, problems

from extractors.base import ShrinkStep
from extractors.docx.cutting.cutter import docx_cutter
from preflight import UserLimits, join, split, verify
from preflight.errors import UnitOverLimit

if TYPE_CHECKING:
    from preflight.slots import Slots

FONTS = {"Plain Sans": "rId1", "Styled Serif": "rId2", "List Marks": "rId3", "Default Face": "rId4"}
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/font"


def run(words: str, font: str | None = None) -> str:
    every = "".join(f' w:{script}="{font}"' for script in ("ascii", "hAnsi", "eastAsia", "cs"))
    return f"<w:r>{f'<w:rPr><w:rFonts{every}/></w:rPr>' if font else ''}<w:t>{words}</w:t></w:r>"


def document() -> bytes:
    """Block 1 names its font, block 2 has a style, block 3 is in a list, block 4 has nothing but defaults."""
    blocks = (
        f"<w:p>{run('Named', 'Plain Sans')}</w:p>"
        f'<w:p><w:pPr><w:pStyle w:val="Fine"/></w:pPr>{run("Styled")}</w:p>'
        f'<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="7"/></w:numPr></w:pPr>{run("x", "Plain Sans")}</w:p>'
        f"<w:p>{run('Plain')}</w:p>"
    )
    entries = "".join(f'<w:font w:name="{name}"><w:embedRegular r:id="{key}"/></w:font>' for name, key in FONTS.items())
    level = '<w:lvl w:ilvl="0"><w:lvlText w:val="-"/><w:rPr><w:rFonts w:ascii="List Marks"/></w:rPr></w:lvl>'
    parts: dict[str, str | bytes] = {
        "word/fontTable.xml": f"<w:fonts {samples.NAMES}>{entries}</w:fonts>",
        "word/styles.xml": f"<w:styles {samples.NAMES}><w:docDefaults><w:rPrDefault><w:rPr>"
        '<w:rFonts w:ascii="Default Face"/></w:rPr></w:rPrDefault></w:docDefaults>'
        '<w:style w:type="paragraph" w:styleId="Base"><w:name w:val="Base"/>'
        '<w:rPr><w:rFonts w:ascii="Styled Serif"/></w:rPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Fine"><w:name w:val="Fine"/><w:basedOn w:val="Base"/></w:style>'
        "</w:styles>",
        "word/numbering.xml": f'<w:numbering {samples.NAMES}><w:abstractNum w:abstractNumId="1">{level}</w:abstractNum>'
        '<w:num w:numId="7"><w:abstractNumId w:val="1"/></w:num></w:numbering>',
    }
    links = {}
    for name, key in FONTS.items():
        parts[f"word/fonts/{key}.odttf"] = f"{name} ".encode() * 500
        links[key] = ("font", f"fonts/{key}.odttf", False)
    return samples.make(
        blocks + samples.SECTION,
        parts,
        links={"rIdFonts": ("fontTable", "fontTable.xml", False)},
        own_links={"word/fontTable.xml": links},
    )


def fonts(piece: bytes) -> set[str]:
    keys = {Path(name).stem for name in names_in(piece) if name.endswith(".odttf")}
    with zipfile.ZipFile(io.BytesIO(piece)) as archive:
        named = set(re.findall(r'embedRegular r:id="(\w+)"', archive.read("word/fontTable.xml").decode()))
    assert named == keys
    return {name for name, key in FONTS.items() if key in keys}


def test_a_piece_has_the_fonts_its_text_can_use() -> None:
    with docx_cutter(io.BytesIO(document()), options()) as cutter:
        pieces = [cut(cutter, number, number)[0] for number in range(1, 5)]
        together = cut(cutter, 1, 4)[0]

    assert [fonts(piece) for piece in pieces] == [
        {"Plain Sans"},
        {"Styled Serif", "Default Face"},
        {"Plain Sans", "List Marks", "Default Face"},
        {"Default Face"},
    ]
    assert fonts(together) == set(FONTS)
    assert fonts(joined(pieces)) == set(FONTS)
    for piece in (*pieces, joined(pieces)):
        assert problems(piece) == []
        opens(piece)


def test_fonts_that_are_used_go_only_when_asked_and_that_is_said() -> None:
    with docx_cutter(io.BytesIO(document()), options()) as cutter:
        out = io.BytesIO()
        changes = cutter.cut(1, 4, out, shrink={2: ShrinkStep(dpi=0, jpeg_quality=0, drop_fonts=True)})

    (change,) = [one for one in changes if one.code == "fonts-dropped"]
    assert change.before["fonts"] == 4
    assert fonts(out.getvalue()) == set()
    opens(out.getvalue())


@pytest.fixture
def embedded(corpus: Path) -> Path:
    """A real document of 27 kB and eight font files of 3 MB."""
    return corpus / "docx" / "docling__docx_rich_tables_01.docx"


def test_pieces_under_a_byte_limit_do_without_fonts_rather_than_fail(
    tmp_path: Path, embedded: Path, workers: Slots
) -> None:
    result = split(embedded, tmp_path / "out", limits=UserLimits(bytes=600_000), executor=workers)

    (piece,) = result.manifest.pieces
    (change,) = [one for one in piece.changes if one.code == "fonts-dropped"]
    assert (change.before["fonts"], change.after["fonts"]) == (8, 0)
    assert piece.size_bytes < 50_000
    assert verify(tmp_path / "out", against=embedded, executor=workers).ok


def test_without_a_byte_limit_pieces_keep_the_fonts_they_use(tmp_path: Path, embedded: Path, workers: Slots) -> None:
    result = split(embedded, tmp_path / "out", limits=UserLimits(tokens=2_000), executor=workers)

    sizes = [piece.size_bytes for piece in result.manifest.pieces]
    assert len(sizes) > 1
    assert not [one for piece in result.manifest.pieces for one in piece.changes if one.code == "fonts-dropped"]
    assert min(sizes) < 0.5 * embedded.stat().st_size
    join(tmp_path / "out", tmp_path / "again.docx", executor=workers)
    assert sum(name.endswith(".odttf") for name in names_in((tmp_path / "again.docx").read_bytes())) == 8


def test_what_weighs_is_named(tmp_path: Path, embedded: Path, workers: Slots) -> None:
    with pytest.raises(UnitOverLimit, match=r"Block 1 alone .* are styles and other parts, which every piece carries"):
        split(embedded, tmp_path / "out", limits=UserLimits(bytes=9_000), executor=workers)
