"""A DOCX that says one known word in each place where text can stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docx_maker import docx, element, p, r

if TYPE_CHECKING:
    from pathlib import Path

PLACES = {
    "paragraph": "parallelogram",
    "table": "tabernacle",
    "table in a table": "nestorian",
    "header": "hedgerow",
    "first-page header": "firstling",
    "footer": "footbridge",
    "footnote": "notarized",
    "endnote": "endorphin",
    "comment": "commodore",
    "text box (DrawingML)": "boxwoods",
    "text box (VML)": "vermilion",
    "inserted text (tracked)": "insertional",
    "deleted text (tracked)": "deletional",
    "content control": "controversy",
    "hyperlink": "hyperbole",
    "equation": "equatorial",
    "picture's description": "altiplano",
}


def write_places(path: Path) -> None:
    """Write the document."""
    word = dict(PLACES)
    reference = '<w:r><w:{kind}Reference w:id="{number}"/></w:r>'
    notes = "".join(
        reference.format(kind=kind, number=number) for kind, number in (("footnote", 2), ("endnote", 2), ("comment", 0))
    )
    body = (
        p(word["paragraph"])
        + _table(p(word["table"]) + _table(p(word["table in a table"])) + "<w:p/>")
        + f"<w:p>{r('noted')}{notes}</w:p>"
        + _drawn_box(word["text box (DrawingML)"])
        + f"<w:p><w:r><w:pict>{_vml_box(word['text box (VML)'])}</w:pict></w:r></w:p>"
        + _tracked(word["inserted text (tracked)"], word["deleted text (tracked)"])
        + f"<w:sdt><w:sdtPr/><w:sdtContent>{p(word['content control'])}</w:sdtContent></w:sdt>"
        + f'<w:p><w:hyperlink r:id="rId9">{r(word["hyperlink"])}</w:hyperlink></w:p>'
        + f"<w:p><m:oMath><m:r><m:t>{word['equation']}</m:t></m:r></m:oMath></w:p>"
        + _picture(word["picture's description"])
        + '<w:sectPr><w:headerReference w:type="default" r:id="rId1"/><w:headerReference w:type="first" r:id="rId2"/>'
        '<w:footerReference w:type="default" r:id="rId3"/><w:titlePg/></w:sectPr>'
    )
    parts = {
        "rId1": ("header1", element("w:hdr", p(word["header"]))),
        "rId2": ("header2", element("w:hdr", p(word["first-page header"]))),
        "rId3": ("footer1", element("w:ftr", p(word["footer"]))),
        "rId4": ("footnotes", element("w:footnotes", _note("footnote", 2, word["footnote"]))),
        "rId5": ("endnotes", element("w:endnotes", _note("endnote", 2, word["endnote"]))),
        "rId6": ("comments", element("w:comments", _note("comment", 0, word["comment"], 'w:author="A"'))),
    }
    path.write_bytes(docx(body, parts, links=[("rId9", "hyperlink", "https://example.org", True)]))


def _table(content: str) -> str:
    grid = '<w:tblPr/><w:tblGrid><w:gridCol w:w="4000"/></w:tblGrid>'
    return f"<w:tbl>{grid}<w:tr><w:tc><w:tcPr/>{content}</w:tc></w:tr></w:tbl>"


def _note(kind: str, number: int, text: str, more: str = "") -> str:
    return f'<w:{kind} w:id="{number}" {more}>{p(text)}</w:{kind}>'


def _tracked(inserted: str, deleted: str) -> str:
    who = 'w:author="A" w:date="2026-01-01T00:00:00Z"'
    return (
        f'<w:p>{r("tracked ")}<w:ins w:id="11" {who}>{r(inserted)}</w:ins>'
        f'<w:del w:id="12" {who}><w:r><w:delText>{deleted}</w:delText></w:r></w:del></w:p>'
    )


def _drawn_box(text: str) -> str:
    box = f"<wps:wsp><wps:txbx><w:txbxContent>{p(text)}</w:txbxContent></wps:txbx><wps:bodyPr/></wps:wsp>"
    kind = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
    graphic = f'<a:graphic><a:graphicData uri="{kind}">{box}</a:graphicData></a:graphic>'
    sized = '<wp:extent cx="900000" cy="300000"/><wp:docPr id="21" name="Box"/>'
    return f"<w:p><w:r><w:drawing><wp:inline>{sized}{graphic}</wp:inline></w:drawing></w:r></w:p>"


def _vml_box(text: str) -> str:
    return f'<v:shape id="s1" type="#t202"><v:textbox><w:txbxContent>{p(text)}</w:txbxContent></v:textbox></v:shape>'


def _picture(description: str) -> str:
    sized = f'<wp:extent cx="900000" cy="300000"/><wp:docPr id="22" name="Picture" descr="{description}"/>'
    empty = '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"/></a:graphic>'
    return f"<w:p><w:r><w:drawing><wp:inline>{sized}{empty}</wp:inline></w:drawing></w:r></w:p>"
