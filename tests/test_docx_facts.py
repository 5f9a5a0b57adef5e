"""Facts, findings and outline of DOCX files."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from docx_maker import archive, codes, docx, element, p, r, read, texts
from PIL import Image, ImageDraw, ImageFilter

from extractors.base import ReadOptions, Renderable
from extractors.docx.reader import DocxExtractor
from extractors.errors import DamagedDocument
from extractors.facts import Role, UnitKind
from extractors.registry import DOCM, DOCX, extractor_for

if TYPE_CHECKING:
    from extractors.facts import UnitFacts

MACRO_TYPE = "application/vnd.ms-word.document.macroEnabled.main+xml"


def units(data: bytes) -> list[UnitFacts]:
    return [facts for facts, _ in read(data)[1]]


def test_the_registry_leads_here() -> None:
    for media_type in (DOCX, DOCM):
        extractor = extractor_for(media_type)
        assert isinstance(extractor, DocxExtractor)
        assert isinstance(extractor, Renderable)


def test_every_block_of_the_body_is_a_unit_and_wrappers_are_looked_through() -> None:
    gallery = '<w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
    body = (
        p("one")
        + '<w:bookmarkStart w:id="1" w:name="x"/><w:bookmarkEnd w:id="1"/>'
        + f"<w:sdt><w:sdtPr/><w:sdtContent>{p('two')}<w:customXml>{p('three')}</w:customXml></w:sdtContent></w:sdt>"
        + f"<w:sdt>{gallery}<w:sdtContent>{p('Contents')}{p('A 1')}</w:sdtContent></w:sdt>"
        + "<w:p/>"
        + "<m:oMathPara><m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath></m:oMathPara>"
        + "<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>"
        + "<w:sectPr/>"
    )
    data = docx(body)
    assert [(unit.number, unit.block, unit.kind) for unit in units(data)] == [
        (1, "paragraph", UnitKind.TEXT),
        (2, "paragraph", UnitKind.TEXT),
        (3, "paragraph", UnitKind.TEXT),
        (4, "toc", UnitKind.TEXT),
        (5, "paragraph", UnitKind.BLANK),
        (6, "equation", UnitKind.TEXT),
        (7, "table", UnitKind.BLANK),
    ]
    assert texts(data)[3:6] == ["Contents\nA 1", "", "x=1"]
    assert read(data)[0].units == tuple(units(data))


def test_blocks_inside_a_long_wrapper_are_handed_over_before_it_ends() -> None:
    inside = "".join(p(f"block {number} " + "x" * 200) for number in range(1_000))
    body = f"{p('first')}<w:sdt><w:sdtPr/><w:sdtContent>{inside}</w:sdtContent></w:sdt>{p('last')}"
    found = texts(docx(body))
    assert len(found) == 1_002
    assert [found[0], found[1][:7], found[1000][:9], found[1001]] == ["first", "block 0", "block 999", "last"]


@pytest.mark.parametrize("name", ["heading 2", "Überschrift 2", "Titre 2", "Título 2", "見出し 2", "標題 2"])
def test_heading_levels_come_from_names_in_any_language(name: str) -> None:
    styles = element("w:styles", f'<w:style w:type="paragraph" w:styleId="X"><w:name w:val="{name}"/></w:style>')
    data = docx(p("Scope", '<w:pStyle w:val="X"/>'), {"rId1": ("styles", styles)})
    assert [(unit.block, unit.heading_level) for unit in units(data)] == [("heading", 2)]


def test_heading_levels_by_inheritance_outline_level_and_exceptions() -> None:
    styles = element(
        "w:styles",
        '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/>'
        '<w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Part"><w:name w:val="Part"/><w:basedOn w:val="H1"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="TOCH"><w:name w:val="TOC Heading"/><w:basedOn w:val="H1"/>'
        '<w:pPr><w:outlineLvl w:val="9"/></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="T1"><w:name w:val="toc 1"/></w:style>',
    )
    body = "".join(
        p("Text", f'<w:pStyle w:val="{style}"/>') for style in ("H1", "Part", "TOCH", "Loop", "T", "T1", "Heading4")
    )
    body += p("Direct", '<w:outlineLvl w:val="4"/>') + p("", '<w:pStyle w:val="H1"/>')
    facts = read(docx(body, {"rId1": ("styles", styles)}))[0]
    assert [(unit.block, unit.heading_level) for unit in facts.units] == [
        ("heading", 1), ("heading", 1), ("paragraph", None), ("paragraph", None), ("title", None), ("toc", None),
        ("heading", 4), ("heading", 5), ("paragraph", None),
    ]  # fmt: skip
    assert [(entry.level, entry.unit) for entry in facts.outline] == [(1, 1), (1, 2), (4, 7), (5, 8)]


def test_strict_and_macro_enabled_and_moved_main_parts() -> None:
    assert texts(docx(p("fine"), main_type=MACRO_TYPE)) == ["fine"]
    assert texts(docx(p("fine"), main="docs/main1.xml")) == ["fine"]
    header = {"rId1": ("header1", element("w:hdr", p("Head")))}
    text = "See http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = f'{p(text)}<w:sectPr><w:headerReference w:type="default" r:id="rId1"/></w:sectPr>'
    with zipfile.ZipFile(io.BytesIO(docx(body, header))) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    for family in (b"wordprocessingml", b"officeDocument", b"drawingml"):
        before, after = (
            b'="http://schemas.openxmlformats.org/%b/2006/' % family,
            b'="http://purl.oclc.org/ooxml/%b/' % family,
        )
        parts = {name: content.replace(before, after) for name, content in parts.items()}
    strict = archive(parts)
    facts = read(strict)[0].docx
    assert texts(strict) == [f"Head\n{text}"]
    assert facts is not None
    assert facts.strict


def test_what_somebody_should_know_before_uploading() -> None:
    settings = element("w:settings", '<w:documentProtection w:edit="readOnly" w:enforcement="1"/>')
    data = docx(
        p("fine"),
        {"rId1": ("settings", settings)},
        links=[
            ("rId2", "attachedTemplate", "file:///tpl.dotm", True),
            ("rId3", "oleObject", "embeddings/o.bin", False),
            ("rId4", "hyperlink", "https://example.org", True),
        ],
        files={"word/vbaProject.bin": b"x", "word/embeddings/o.bin": b"y"},
    )
    facts = read(data)[0]
    assert {"protected", "external-relations", "embedded-objects", "macros"} == codes(data)
    assert facts.docx is not None
    assert facts.docx.external_relations == ("attachedTemplate: file:///tpl.dotm",)
    assert facts.docx.embedded_objects == 1
    assert facts.docx.macros
    assert all(finding.message.endswith((".", "!")) for finding in facts.findings)


def noise(size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 120).filter(ImageFilter.GaussianBlur(2)).save(out, "PNG")
    return out.getvalue()


def page(lines: int = 20) -> bytes:
    image = Image.new("L", (1200, 60 + 50 * lines), 255)
    draw = ImageDraw.Draw(image)
    for number in range(lines):
        draw.text((60, 30 + 50 * number), "The quick brown fox jumps over the lazy dog again", fill=0, font_size=34)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def pictured(*pictures: bytes, beside: str = "") -> bytes:
    from docx import Document
    from docx.shared import Inches

    document = Document()
    for data in pictures:
        document.add_picture(io.BytesIO(data), width=Inches(6))
    if beside:
        document.paragraphs[-1].add_run(beside)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_a_block_that_is_a_picture_of_text_needs_ocr_and_a_photograph_does_not() -> None:
    data = pictured(page(), noise((800, 600)))
    scan, photograph = units(data)
    assert (scan.kind, scan.needs_ocr, scan.block) == (UnitKind.SCAN, True, "image")
    assert scan.text_guess is not None
    assert 400 < scan.text_guess.likely < 2_000
    assert (photograph.kind, photograph.needs_ocr) == (UnitKind.IMAGE, False)
    assert photograph.image_pixels == 800 * 600
    assert photograph.stored_bytes >= photograph.image_bytes > 100_000


def test_text_beside_a_picture_of_text_is_never_given_up_for_ocr() -> None:
    data = pictured(page(), beside="See above")
    facts = read(data)[0]
    assert (facts.units[0].kind, facts.units[0].needs_ocr) == (UnitKind.HYBRID, False)
    (finding,) = (one for one in facts.findings if one.code == "text-in-picture")
    assert finding.units == (1,)


def test_blocks_are_rendered_for_ocr() -> None:
    data = pictured(page(), noise((400, 300)))
    rasters = dict(DocxExtractor().render(io.BytesIO(data), ReadOptions(media_type=DOCX), (1, 2)))
    assert rasters[1].image.size == (1200, 1060)
    assert rasters[1].image.mode == "L"
    assert rasters[1].dpi == pytest.approx(200, rel=0.02)
    with pytest.raises(DamagedDocument) as caught:
        list(DocxExtractor().render(io.BytesIO(docx(p("text"))), ReadOptions(media_type=DOCX), (1,)))
    assert caught.value.unit == 1


def test_a_picture_in_many_blocks_is_shared_and_charged_to_none() -> None:
    logo = noise((300, 300))
    once, twice = units(pictured(logo)), read(pictured(logo, logo))[0]
    assert once[0].stored_bytes > len(logo) * 0.9
    assert [unit.stored_bytes < 2_000 for unit in twice.units] == [True, True]
    assert twice.shared_bytes > len(logo) * 0.9
    assert [unit.image_bytes for unit in twice.units] == [once[0].image_bytes] * 2


def test_stored_bytes_add_up_to_the_body_and_follow_its_weight() -> None:
    body = "".join(p("word " * (1 + 60 * (number % 2))) for number in range(600))
    data = docx(body)
    facts = read(data)[0]
    stored = [unit.stored_bytes for unit in facts.units]
    packed = zipfile.ZipFile(io.BytesIO(data)).getinfo("word/document.xml").compress_size
    assert sum(stored) == pytest.approx(packed, rel=0.15)  # rounded block by block
    assert stored[301] > 2 * stored[300]


def test_comments_do_not_make_a_blank_block_text_of_its_own() -> None:
    comments = element("w:comments", f'<w:comment w:id="0" w:author="A">{p("hm")}</w:comment>')
    body = '<w:p><w:r><w:commentReference w:id="0"/></w:r></w:p><w:p/>'
    first, second = units(docx(body, {"rId1": ("comments", comments)}))
    assert (first.kind, first.reasons) == (UnitKind.TEXT, ("only-headers-or-comments",))
    assert (second.kind, second.native_chars) == (UnitKind.BLANK, 0)


def test_equal_input_gives_equal_output() -> None:
    data = docx(p("a") + f"<w:p>{r('b', '<w:b/>')}</w:p>")
    assert read(data) == read(data)
    assert read(data)[1][1][1].parts[0].role is Role.BODY
