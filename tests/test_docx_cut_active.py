# ruff: noqa: E501 - XML reads best on one line
"""Active content is taken out of pieces, kept or rejected, and always told."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import docx_samples as samples
import pytest
from docx_pieces import cut, entry, fingerprints, main_part, names_in, opens, options, problems, rewritten, unit_texts

from extractors.docx.cutting.active import unsafe
from extractors.docx.cutting.cutter import docx_cutter
from extractors.errors import ActiveContentRejected
from extractors.registry import DOCM, DOCX

if TYPE_CHECKING:
    from docx_pieces import Active

    from extractors.base import Change

MACRO_MAIN = "application/vnd.ms-word.document.macroEnabled.main+xml"
_VBA = "http://schemas.microsoft.com/office/2006/relationships/vbaProject"


def dangerous() -> bytes:
    """Return a document with everything that could act."""
    ole = (
        '<w:r><w:object w:dxaOrig="100"><v:shape id="s1" style="width:10pt;height:10pt"><v:imagedata r:id="rIdPreview"/></v:shape>'
        '<o:OLEObject Type="Embed" ProgID="Package" ShapeID="s1" r:id="rIdOle"/></w:object></w:r>'
    )
    control = '<w:r><w:object><v:shape id="s2"><v:imagedata r:id="rIdPreview"/></v:shape><w:control r:id="rIdControl" w:name="c"/></w:object></w:r>'
    web = '<w:hyperlink r:id="rIdWeb">' + samples.text("web") + "</w:hyperlink>"
    local = '<w:hyperlink r:id="rIdLocal">' + samples.text("local") + "</w:hyperlink>"
    linked = samples.picture("rIdPreview").replace("r:embed", "r:link").replace("rIdPreview", "rIdLinked")
    blocks = "".join(
        (
            samples.p(samples.text("Object ") + ole),
            samples.p(samples.text("Control ") + control),
            samples.p(samples.text("Data ") + samples.field("DDEAUTO excel sheet r1c1", "42")),
            samples.p(samples.begin("INCLUDETEXT c:\\\\x") + samples.text("Included ")),
            samples.p(samples.text("over two") + samples.END),
            samples.p('<w:fldSimple w:instr="LINK Excel.Sheet x">' + samples.text("simple") + "</w:fldSimple>"),
            samples.p(samples.text("Links ") + web + local + samples.field('HYPERLINK "file:///c:/x.exe"', "field")),
            samples.p(samples.text("Picture ") + linked),
            samples.p("Harmless"),
        )
    )  # fmt: skip
    links = {
        "rIdOle": ("oleObject", "embeddings/oleObject1.bin", False),
        "rIdPreview": ("image", "media/image1.png", False),
        "rIdControl": ("control", "activeX/activeX1.xml", False),
        "rIdWeb": ("hyperlink", "https://example.com/", True),
        "rIdLocal": ("hyperlink", "file:///c:/x.exe", True),
        "rIdLinked": ("image", "http://example.com/track.png", True),
        "rIdMacros": (_VBA, "vbaProject.bin", False),
    }
    parts: dict[str, str | bytes] = {
        "word/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0",
        "word/media/image1.png": samples.png(),
        "word/activeX/activeX1.xml": "<ax:ocx xmlns:ax='http://schemas.microsoft.com/office/2006/activeX'/>",
        "word/vbaProject.bin": b"\xd0\xcf\x11\xe0macro",
        "word/settings.xml": f'<w:settings {samples.NAMES}><w:attachedTemplate r:id="rId1"/></w:settings>',
        "word/header1.xml": f"<w:hdr {samples.NAMES}>{samples.p(samples.text('Head ') + samples.field('DDE a b', 'old'))}</w:hdr>",
    }
    own = {"word/settings.xml": {"rId1": ("attachedTemplate", "http://example.com/evil.dotm", True)}}
    section = '<w:sectPr><w:headerReference w:type="default" r:id="rId_header1"/></w:sectPr>'
    return samples.make(blocks + section, parts, links=links, own_links=own, main_type=MACRO_MAIN)


def whole(active: Active) -> tuple[bytes, tuple[Change, ...], str]:
    with docx_cutter(io.BytesIO(dangerous()), options(active=active)) as cutter:
        piece, changes = cut(cutter, 1, cutter.count)
        return piece, changes, cutter.media_type


def test_stripped_pieces_hold_nothing_that_acts() -> None:
    piece, changes, media_type = whole("strip")
    assert media_type == DOCX
    assert problems(piece) == []
    opens(piece)
    everything = b"".join(entry(piece, name) for name in names_in(piece))
    for sign in (
        b"macro",
        b"OLEObject",
        b"oleObject",
        b"DDE",
        b"INCLUDETEXT",
        b"LINK ",
        b"w:control",
        b"activeX",
        b"file:",
        b"track.png",
        b"evil.dotm",
        b"vbaProject",
    ):
        assert sign not in everything, sign
    assert b"https://example.com/" in everything
    told = next(change for change in changes if change.code == "active-content-stripped")
    assert told.units == (1, 2, 3, 4, 6, 7, 8)
    assert set(told.before) == {
        "macros", "OLE object", "ActiveX control", "DDEAUTO field", "DDE field", "INCLUDETEXT field", "LINK field", "unsafe link",
        "external data", "external template",
    }  # fmt: skip


def test_what_a_reader_sees_of_it_stays() -> None:
    piece, _, _ = whole("strip")
    texts = [text.split("|")[2] for text in unit_texts(piece)]
    assert [" ".join(text.split()) for text in texts] == [
        "Object",
        "Control",
        "Data 42",
        "Included",
        "over two",
        "simple",
        "Links weblocalfield",
        "Picture",
        "Harmless",
    ]
    assert "word/media/image1.png" in names_in(piece)
    assert main_part(piece)[1].count(b"<w:pict>") == 2


def test_fingerprints_do_not_depend_on_active_content() -> None:
    source = fingerprints(dangerous())
    assert fingerprints(whole("strip")[0]) == source
    assert fingerprints(whole("keep")[0]) == source


def test_fields_that_act_are_taken_out_on_both_sides_of_a_cut() -> None:
    source = fingerprints(dangerous())
    with docx_cutter(io.BytesIO(dangerous()), options()) as cutter:
        before, after = cut(cutter, 1, 4)[0], cut(cutter, 5, 9)[0]
    assert fingerprints(before) + fingerprints(after) == source
    for piece in (before, after):
        assert b"INCLUDETEXT" not in main_part(piece)[1]


def test_kept_pieces_hold_it_all() -> None:
    piece, changes, media_type = whole("keep")
    assert media_type == DOCM
    assert "active-content-stripped" not in {change.code for change in changes}
    assert {"word/vbaProject.bin", "word/embeddings/oleObject1.bin", "word/activeX/activeX1.xml"} <= set(
        names_in(piece)
    )
    assert b"macroEnabled" in entry(piece, "[Content_Types].xml")
    assert problems(piece) == []


def test_rejected_documents_say_what_they_hold() -> None:
    with (
        pytest.raises(ActiveContentRejected, match=r"OLE object.*external template.*macros"),
        docx_cutter(io.BytesIO(dangerous()), options(active="reject")),
    ):
        pass
    with docx_cutter(io.BytesIO(samples.crossing()), options(active="reject")) as cutter:
        assert cutter.active_content() == frozenset()


def test_a_piece_without_the_blocks_that_act_tells_only_of_the_document() -> None:
    with docx_cutter(io.BytesIO(dangerous()), options()) as cutter:
        _, changes = cut(cutter, 9, 9)
    told = next(change for change in changes if change.code == "active-content-stripped")
    assert told.units == ()
    assert set(told.before) == {"macros", "external template", "DDE field"}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://example.com", False), ("http://a", False), ("mailto:a@b", False), ("next.docx", False), ("#place", False),
        ("file:///etc/passwd", True), ("javascript:alert(1)", True), ("\\\\server\\share", True), ("//server/share", True),
        (" vbscript:x", True), ("ms-msdt:/id", True), ("c:\\x.exe", True),
    ],
)  # fmt: skip
def test_which_links_are_safe(address: str, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    assert unsafe(address) is expected


def test_a_signature_does_not_outlive_the_cut() -> None:
    data = samples.make(samples.p("Signed") + samples.SECTION)
    links = entry(data, "_rels/.rels").replace(
        b"</Relationships>",
        b'<Relationship Id="rId9" Type="http://schemas.openxmlformats.org/package/2006/relationships/digital-signature/origin"'
        b' Target="_xmlsignatures/origin.sigs"/></Relationships>',
    )
    signed = rewritten(data, {"_rels/.rels": links})
    signed = _with(signed, "_xmlsignatures/origin.sigs", b"")
    with docx_cutter(io.BytesIO(signed), options(active="keep")) as cutter:
        piece, changes = cut(cutter, 1, 1)
    assert [change.code for change in changes] == ["signature-dropped"]
    assert not any("signature" in name for name in names_in(piece))


def _with(data: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, content)
    return out.getvalue()
