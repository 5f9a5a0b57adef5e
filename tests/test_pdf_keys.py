"""Names that are no UTF-8, as older programs wrote them: read, cut, compared and joined as any others are."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pikepdf
import pytest
from made_pages import read
from pdf_pieces import annotations, book, jumps, labels, outline, texts
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Pdf, Stream, StreamDecodeLevel, String

from extractors.pdf.keys import dictionary_of, key_of, value_at
from preflight import UserLimits, join, split, verify

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.slots import Slots

MARK = b"ZQ"
LATIN = "äö".encode("latin-1")


def marked(pdf: Pdf) -> bytes:
    """The bytes of a document, unpacked, its marks as they are."""
    out = io.BytesIO()
    pdf.save(
        out,
        static_id=True,
        compress_streams=False,
        stream_decode_level=StreamDecodeLevel.generalized,
        object_stream_mode=ObjectStreamMode.disable,
    )
    return out.getvalue()


def named() -> bytes:
    """A book in which every kind of name a document may choose for itself has the mark in it."""
    with pikepdf.open(io.BytesIO(book())) as pdf:
        form = Stream(
            pdf,
            b"/FontZQ 9 Tf BT 20 20 Td (Within the form) Tj ET",
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=Array([0, 0, 200, 200]),
        )
        font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
        form.Resources = Dictionary(Font=Dictionary(FontZQ=font, UnusedZQ=font))
        look = Stream(pdf, b"0 0 5 5 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]))
        pdf.Root.Dests = Dictionary()
        for number, page in enumerate(pdf.pages, start=1):
            page.contents_add(b"q /StateZQ gs /FormZQ Do Q")
            page.obj.PrivateZQ = 1
            page.Resources.XObject = Dictionary(FormZQ=form, UnusedZQ=form)
            page.Resources.ExtGState = Dictionary(StateZQ=Dictionary(Type=Name.ExtGState, LW=2))
            page.obj.AA = Dictionary(EventZQ=Dictionary(S=Name.JavaScript, JS=String("1")))
            pdf.Root.Dests[f"/GoalZQ{number}"] = Array([page.obj, Name.Fit])
            link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([5, 5, 9, 9]), PrivateZQ=1)
            link.Dest = Name(f"/GoalZQ{number % len(pdf.pages) + 1}")
            button = Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=Array([50, 5, 59, 9]), FT=Name.Btn)
            button.update({"/T": String(f"box{number}"), "/AS": Name.OnZQ, "/V": Name.OnZQ, "/PrivateZQ": 1})
            button.AP = Dictionary(N=Dictionary(OnZQ=look))
            button.AA = Dictionary(EventZQ=Dictionary(S=Name.JavaScript, JS=String("1")))
            page.Annots.extend([pdf.make_indirect(link), pdf.make_indirect(button)])
            pdf.Root.AcroForm.Fields.append(page.Annots[-1])
        pdf.Root.AcroForm.DR = Dictionary(Font=Dictionary(FontZQ=font), ThingZQ=Dictionary())
        pdf.Root.AcroForm.DA = String("/FontZQ 9 Tf")
        pdf.Root.PrivateZQ = 1
        pdf.trailer.PrivateZQ = 1
        pdf.trailer.Info["/EntryZQ"] = String("kept")
        return marked(pdf)


@pytest.fixture(scope="module")
def plain() -> bytes:
    """The document with names of ASCII alone."""
    return named()


@pytest.fixture(scope="module")
def latin(plain: bytes) -> bytes:
    """The same document with names in Latin-1; every offset is the same."""
    assert plain.count(MARK) > 100
    return plain.replace(MARK, LATIN)


def test_pages_are_read_as_with_other_names(plain: bytes, latin: bytes) -> None:
    assert read(latin) == read(plain)


def test_pieces_are_proven_and_joined(plain: bytes, latin: bytes, tmp_path: Path, workers: Slots) -> None:
    sums = []
    for data, name in ((plain, "plain"), (latin, "latin")):
        source = tmp_path / f"{name}.pdf"
        source.write_bytes(data)
        out = tmp_path / name
        result = split(source, out, target="anthropic-messages", limits=UserLimits(pages=5), executor=workers)
        verification = verify(out / "manifest.json", against=source, executor=workers)
        assert not verification.discrepancies
        join(out / "manifest.json", tmp_path / f"{name}-joined.pdf", executor=workers)
        sums.append([piece.size_bytes for piece in result.manifest.pieces])
        parts = [(out / piece.name).read_bytes() for piece in result.manifest.pieces]
        assert [text for part in parts for text in texts(part)] == texts(data)
        whole = (tmp_path / f"{name}-joined.pdf").read_bytes()
        assert (texts(whole), labels(whole), outline(whole)) == (texts(data), labels(data), outline(data))
        with pikepdf.open(io.BytesIO(whole)) as pdf, pikepdf.open(io.BytesIO(data)) as original:
            assert jumps(pdf) == jumps(original)
            assert len(annotations(pdf.pages[0].obj)) == len(annotations(original.pages[0].obj))
    for size, other in zip(*sums, strict=True):
        assert abs(size - other) < 600, "what is not used is left out of both"


def test_a_key_as_pikepdf_spells_it_finds_its_value() -> None:
    with Pdf.new() as pdf:
        pdf.Root.Kept = pikepdf.Object.parse(b"<< /na#efve 5 /a\xff#20b 6 /plain 7 >>")
        held = pdf.Root.Kept
        spelled = sorted(held.keys())
        assert [value_at(held, key) for key in spelled] == [6, 5, 7]
        assert dictionary_of((key, value_at(held, key)) for key in spelled) == held
        for key in spelled:
            del held[key_of(key)]
        assert not held.keys()
