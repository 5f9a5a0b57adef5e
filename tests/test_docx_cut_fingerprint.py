# ruff: noqa: E501 - XML reads best on one line
"""Fingerprints of blocks: any change to what a reader sees is found, in the block it is in, and nothing else is."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import docx_samples as samples
import pytest
from docx_pieces import entry, fingerprints, main_part, pieces_of, rewritten

from extractors.base import ReadLimits
from extractors.docx.cutting.fingerprint import block_fingerprints
from extractors.errors import DamagedDocument

SECTION_WITH_HEADER = '<w:sectPr><w:headerReference w:type="default" r:id="rId_header1"/></w:sectPr>'


def document() -> bytes:
    """Return a document in which each block has something of its own: 1 text, 2 picture, 3 note, 4 list, 5 comment …"""
    note = '<w:r><w:footnoteReference w:id="1"/></w:r>'
    remark = (
        '<w:commentRangeStart w:id="3"/>'
        + samples.text("remarked")
        + '<w:commentRangeEnd w:id="3"/><w:r><w:commentReference w:id="3"/></w:r>'
    )
    link = '<w:hyperlink r:id="rIdWeb">' + samples.text("link") + "</w:hyperlink>"
    changed = '<w:ins w:id="9" w:author="Ann"><w:r><w:t>inserted</w:t></w:r></w:ins>'
    blocks = "".join(
        (
            samples.p(samples.text("Bold", "<w:rPr><w:b/></w:rPr>") + samples.text(" and plain")),
            samples.p(samples.text("Picture ") + samples.picture("rId7")),
            samples.p(samples.text("Noted") + note),
            samples.item("Item", 2),
            samples.p(remark),
            samples.styled("Heading", "H1"),
            samples.p(link),
            samples.table([["a", "b"], ["c", "d"]]),
            samples.p(samples.text("Changed ") + changed),
            samples.p(samples.text("Page ") + samples.field("PAGE", "3")),
        )
    )  # fmt: skip
    return samples.make(
        blocks + SECTION_WITH_HEADER,
        {
            "word/numbering.xml": samples.HEADINGS,
            "word/styles.xml": samples.HEADING_STYLES,
            "word/footnotes.xml": samples.notes("footnotes", {1: "The note"}),
            "word/comments.xml": samples.comments({3: "The remark"}),
            "word/header1.xml": f"<w:hdr {samples.NAMES}>{samples.p('Header')}</w:hdr>",
            "word/media/image1.png": samples.png(),
        },
        links={"rId7": ("image", "media/image1.png", False), "rIdWeb": ("hyperlink", "https://example.com/a", True)},
    )


def body(old: str, new: str) -> Callable[[bytes], bytes]:
    return part("word/document.xml", old, new)


def part(name: str, old: str, new: str) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        content = entry(data, name)
        assert content.count(old.encode()) >= 1, old
        return rewritten(data, {name: content.replace(old.encode(), new.encode(), 1)})

    return change


def picture(data: bytes) -> bytes:
    return rewritten(data, {"word/media/image1.png": samples.png(seed=2)})


MUTATIONS: list[tuple[str, Callable[[bytes], bytes], set[int]]] = [
    ("a word", body("and plain", "and Plain"), {1}),
    ("white space", body(" and plain", "and plain"), {1}),
    ("bold gone", body("<w:b/>", ""), {1}),
    ("order of runs", body("Bold", "xBold"), {1}),
    ("pixels", picture, {2}),
    ("size of a picture", body('cx="914400"', 'cx="914401"'), {2}),
    ("a footnote", part("word/footnotes.xml", "The note", "A note"), {3}),
    ("level of a list", body('<w:ilvl w:val="0"/>', '<w:ilvl w:val="1"/>'), {4}),
    ("start of a list", part("word/numbering.xml", '<w:num w:numId="2">', '<w:num w:numId="2" >'), set()),
    ("a comment", part("word/comments.xml", "The remark", "A remark"), {5}),
    ("who commented", part("word/comments.xml", "Ann 3", "Bob"), {5}),
    ("where a comment begins", body('<w:commentRangeStart w:id="3"/>', ""), {5}),
    ("a style", part("word/styles.xml", 'w:left="100"', 'w:left="200"'), {6}),
    ("number format", part("word/numbering.xml", 'w:val="%1."', 'w:val="%1:"'), {6}),
    ("an address", part("word/_rels/document.xml.rels", "example.com/a", "example.com/b"), {7}),
    ("a cell", body(">d<", ">e<"), {8}),
    ("who changed", body('w:author="Ann"', 'w:author="Bob"'), {9}),
    ("an insertion accepted", body('<w:ins w:id="9" w:author="Ann"><w:r><w:t>inserted</w:t></w:r></w:ins>', "<w:r><w:t>inserted</w:t></w:r>"), {9}),
    ("a field", body("PAGE", "DATE"), {10}),
    ("result of a field", body(">3<", ">4<"), {10}),
    ("a header", part("word/header1.xml", "Header", "Footer"), set(range(1, 11))),
    ("columns of the section", body("<w:sectPr>", '<w:sectPr><w:cols w:num="3"/>'), set(range(1, 11))),
    ("revision id", body("<w:p>", '<w:p w:rsidR="00AB12CD">'), set()),
    ("drawing id", body('<wp:docPr id="1"', '<wp:docPr id="99"'), set()),
    ("hidden behind a mark", body("<w:tr>", '<w:tr xmlns:cut="urn:upload-preflight:cut" cut:added="1">'), {8}),
    ("text behind a mark", body("<w:t xml:space=\"preserve\">Item", '<cut:t xmlns:cut="urn:upload-preflight:cut" xml:space="preserve">Item'), {4}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "mutate", "expected"), MUTATIONS, ids=[each[0] for each in MUTATIONS])
def test_each_mutation_is_found_where_it_is(name: str, mutate: Callable[[bytes], bytes], expected: set[int]) -> None:
    source = document()
    mutated = mutate(source)
    if name == "text behind a mark":
        mutated = rewritten(
            mutated,
            {"word/document.xml": entry(mutated, "word/document.xml").replace(b">Item</w:t>", b">Item</cut:t>")},
        )
    before, after = fingerprints(source), fingerprints(mutated)
    assert {at for at, (one, other) in enumerate(zip(before, after, strict=True), 1) if one != other} == expected


def test_the_same_mutations_are_found_in_pieces() -> None:
    source = fingerprints(document())
    piece = pieces_of(document(), 3)[0]
    assert fingerprints(piece) == source[:3]
    assert fingerprints(picture(piece))[1] != source[1]
    assert fingerprints(part("word/footnotes.xml", "The note", "A note")(piece))[2] != source[2]


def test_blocks_that_look_alike_are_alike_and_swaps_are_found() -> None:
    data = samples.make(samples.p("Same") + samples.p("Same") + samples.p("Other") + samples.SECTION)
    first, second, third = fingerprints(data)
    assert first == second != third
    swapped = samples.make(samples.p("Same") + samples.p("Other") + samples.p("Same") + samples.SECTION)
    assert fingerprints(swapped) == [first, third, second]


def test_a_list_that_does_not_go_on_is_found() -> None:
    data = samples.outline()
    piece = pieces_of(data, 10)[1]
    # The numbering of the source has none of the lists made for the piece: its numbers would begin anew.
    broken = rewritten(piece, {"word/document.xml": main_part(piece)[1].replace(b'w:val="5"', b'w:val="2"', 1)})
    assert fingerprints(piece) == fingerprints(data)[10:]
    assert fingerprints(broken) != fingerprints(data)[10:]


def test_names_of_parts_and_relationships_do_not_matter() -> None:
    source = document()
    renamed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(source)) as old, zipfile.ZipFile(renamed, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(b"rId7", b"rIdX").replace(b"media/image1.png", b"media/other.png")
            new.writestr(name.replace("image1", "other"), content)
    assert fingerprints(renamed.getvalue()) == fingerprints(source)


def test_a_broken_document_is_told() -> None:
    with pytest.raises(DamagedDocument):
        list(block_fingerprints(io.BytesIO(rewritten(document(), {"word/document.xml": b"<w:document"})), ReadLimits()))


def test_a_namespace_that_is_none_is_told() -> None:
    odd = body("<w:document ", '<w:document xmlns:odd="0" ')(document())

    with pytest.raises(DamagedDocument, match="XML namespace"):
        list(block_fingerprints(io.BytesIO(odd), ReadLimits()))
