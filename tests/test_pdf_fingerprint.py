"""Fingerprints of pages: equal for the same page however it is stored, different once anything to be seen differs."""

from __future__ import annotations

import io
import time
import zlib
from typing import TYPE_CHECKING

import pikepdf
import pytest
from pdf_pieces import add, book, one_page, pieces, saved
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Pdf, Stream, String

from extractors.errors import DamagedDocument, PasswordRequired, SafetyLimitExceeded
from extractors.pdf.fingerprint import page_fingerprints

if TYPE_CHECKING:
    from collections.abc import Callable

BOX = Array([0, 0, 10, 10])


def prints(data: bytes) -> list[str]:
    """Fingerprints of all pages."""
    return [mark for _, mark in page_fingerprints(io.BytesIO(data))]


def rich() -> Pdf:
    """Two pages with every kind of thing a page can show."""
    pdf = Pdf.new()
    image = Stream(pdf, bytes(range(100)), Subtype=Name.Image, Width=10, Height=10, BitsPerComponent=8)
    image.ColorSpace = Name.DeviceGray
    font = pdf.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Widths=Array([1, 2]))
    )
    inner = Stream(pdf, b"/Im Do", Subtype=Name.Form, BBox=BOX, Resources=Dictionary(XObject=Dictionary(Im=image)))
    glyphs = Dictionary(a=Stream(pdf, b"0 0 5 5 re f"))
    type3 = Dictionary(Type=Name.Font, Subtype=Name.Type3, CharProcs=glyphs, FontMatrix=Array([1, 0, 0, 1, 0, 0]))
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("layer")))
    pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary())
    resources = Dictionary(
        Font=Dictionary(F=font, T=pdf.make_indirect(type3), Unused=Dictionary(Type=Name.Font)),
        XObject=Dictionary(Im=image, Fm=inner),
        Pattern=Dictionary(P=Stream(pdf, b"1 0 0 rg 0 0 5 5 re f", PatternType=1, BBox=BOX, Resources=Dictionary())),
        Properties=Dictionary(L=layer),
        ColorSpace=Dictionary(CS=Array([Name.ICCBased, Stream(pdf, b"profile", N=3)])),
    )
    content = b"/F 9 Tf (Hello) Tj /T 9 Tf (a) Tj /Im Do /Fm Do /Pattern cs /P scn /CS cs /OC /L BDC EMC"
    look = Stream(pdf, b"0 0 9 9 re f", Subtype=Name.Form, BBox=BOX)
    owner = pdf.make_indirect(Dictionary(FT=Name.Tx, T=String("t"), V=String("value")))
    for number in range(2):
        page = add(pdf, content + b"%% %d" % number, resources)
        widget = pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=BOX, Parent=owner, P=page))
        widget.AP = Dictionary(N=look)
        note = Dictionary(Type=Name.Annot, Subtype=Name.Text, Rect=BOX, Contents=String("a remark"))
        link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=BOX, Dest=Array([page, Name.Fit]))
        page.Annots = Array([widget, pdf.make_indirect(note), link])
    owner.Kids = Array([page.obj.Annots[0] for page in pdf.pages])
    pdf.Root.AcroForm = Dictionary(Fields=Array([owner]))
    return pdf


def changed(change: Callable[[Dictionary, Pdf], object]) -> list[str]:
    """Fingerprints of the rich document after something was done to its first page (and what it shares)."""
    pdf = rich()
    page = pdf.pages[0].obj
    assert isinstance(page, Dictionary)
    change(page, pdf)
    return prints(saved(pdf))


def put(holder: str, key: str, value: object) -> Callable[[Dictionary, Pdf], None]:
    """Set an entry of what a path like ``Resources.Font.F`` leads to."""

    def do(page: Dictionary, pdf: Pdf) -> None:
        target: pikepdf.Object = page
        for step in filter(None, holder.split(".")):
            target = target[int(step)] if step.isdigit() else target[f"/{step}"]
        target[f"/{key}"] = value

    return do


def data_of(holder: str, data: bytes) -> Callable[[Dictionary, Pdf], None]:
    """Replace the data of a stream."""

    def do(page: Dictionary, pdf: Pdf) -> None:
        target: pikepdf.Object = page
        for step in holder.split("."):
            target = target[f"/{step}"]
        target.write(data)

    return do


VISIBLE = {
    "text": data_of("Contents", b"/F 9 Tf (Hallo) Tj"),
    "crop": put("", "CropBox", Array([0, 0, 50, 50])),
    "size": put("", "MediaBox", Array([0, 0, 200, 201])),
    "trim": put("", "TrimBox", Array([1, 1, 50, 50])),
    "turn": put("", "Rotate", 90),
    "unit": put("", "UserUnit", 2),
    "group": put("", "Group", Dictionary(S=Name.Transparency)),
    "pixels": data_of("Resources.XObject.Im", bytes(100)),
    "image size": put("Resources.XObject.Im", "Width", 5),
    "image mask": put("Resources.XObject.Im", "Decode", Array([1, 0])),
    "font": put("Resources.Font.F", "BaseFont", Name.Courier),
    "widths": put("Resources.Font.F", "Widths", Array([1, 3])),
    "form": data_of("Resources.XObject.Fm", b"q /Im Do Q"),
    "form place": put("Resources.XObject.Fm", "Matrix", Array([2, 0, 0, 2, 0, 0])),
    "glyph": data_of("Resources.Font.T.CharProcs.a", b"0 0 6 6 re f"),
    "pattern": data_of("Resources.Pattern.P", b"0 1 0 rg 0 0 5 5 re f"),
    "layer": lambda page, pdf: pdf.Root.OCProperties.D.update({"/OFF": Array([page.Resources.Properties.L])}),
    "look": lambda page, _: page.Annots[0].AP.N.write(b"0 0 8 8 re f"),
    "place of a note": put("Annots.1", "Rect", Array([0, 0, 11, 11])),
    "hidden note": put("Annots.1", "F", 2),
    "words of a note": put("Annots.1", "Contents", String("another remark")),
    "value of a field": put("Annots.0.Parent", "V", String("another value")),
    "one note less": lambda page, _: page.Annots.pop(1),
    "one link less": lambda page, _: page.Annots.pop(2),
    "notes in another order": lambda page, _: page.Annots.reverse(),
    "image for a form": lambda page, _: page.Resources.XObject.update({"/Im": page.Resources.XObject.Fm}),
    "colours": lambda page, _: page.Resources.ColorSpace.CS[1].write(b"other profile"),
}
UNSEEN = {
    "target of a link": lambda page, pdf: page.Annots[2].update({"/Dest": Array([pdf.pages[1].obj, Name.Fit])}),
    "words of a link": put("Annots.2", "Contents", String("page 7 of the original, in another piece")),
    "resource never used": put("Resources.Font.Unused", "BaseFont", Name.Courier),
    "resource added": put("Resources.Font", "More", Dictionary(Type=Name.Font)),
    "private data": put("", "PieceInfo", Dictionary()),
    "thumbnail": put("", "Thumb", Dictionary()),
    "structure": put("", "StructParents", 7),
    "labels": lambda _, pdf: pdf.Root.update({"/PageLabels": Dictionary(Nums=Array([0, Dictionary(S=Name.r)]))}),
    "box in force anyway": put("", "CropBox", Array([200, 200, 0, 0])),
    "whole turn": put("", "Rotate", 360),
    "time it is shown": put("", "Dur", 5),
}


@pytest.mark.parametrize("change", VISIBLE.values(), ids=VISIBLE)
def test_what_is_seen_changes_the_fingerprint(change: Callable[[Dictionary, Pdf], object]) -> None:
    assert changed(change)[0] != prints(saved(rich()))[0]


@pytest.mark.parametrize("change", UNSEEN.values(), ids=UNSEEN)
def test_what_is_not_seen_does_not(change: Callable[[Dictionary, Pdf], object]) -> None:
    assert changed(change) == prints(saved(rich()))


def test_pages_that_differ_have_different_fingerprints() -> None:
    assert len(set(prints(saved(rich())))) == 2
    assert len(set(prints(book()))) == 12
    assert all(len(mark) == 64 and int(mark, 16) >= 0 for mark in prints(book()))


@pytest.mark.parametrize(
    "how",
    [
        {"object_stream_mode": ObjectStreamMode.generate},
        {"compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.generalized},
        {"qdf": True},
        {"linearize": True},
        {"recompress_flate": True},
        {"encryption": pikepdf.Encryption(owner="o", user="")},
    ],
)
def test_the_way_a_file_is_stored_makes_no_difference(how: dict[str, object]) -> None:
    for data in (saved(rich()), book()):
        out = io.BytesIO()
        with pikepdf.open(io.BytesIO(data)) as pdf:
            pdf.save(out, **how)  # type: ignore[arg-type]
        assert prints(out.getvalue()) == prints(data)


def test_a_page_in_a_piece_has_the_fingerprint_it_had() -> None:
    for data in (saved(rich()), book()):
        marks = prints(data)
        for parts in (2, 3):
            assert [mark for _, piece, _ in pieces(io.BytesIO(data), parts) for mark in prints(piece)] == marks


def test_wanted_pages_only_and_in_the_wanted_order() -> None:
    marks = prints(book())
    found = list(page_fingerprints(io.BytesIO(book()), numbers=(7, 2)))
    assert found == [(7, marks[6]), (2, marks[1])]
    with pytest.raises(DamagedDocument, match="no page 13"):
        list(page_fingerprints(io.BytesIO(book()), numbers=(13,)))


def test_encrypted_documents_need_their_password() -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(book())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    with pytest.raises(PasswordRequired):
        prints(out.getvalue())
    assert [mark for _, mark in page_fingerprints(out, password="u")] == prints(book())


def test_objects_that_refer_to_one_another_have_one_fingerprint_wherever_one_starts() -> None:
    """Two forms that share one dictionary of resources with both in it, drawn from either side."""
    pdf = Pdf.new()
    both = pdf.make_indirect(Dictionary(XObject=Dictionary()))
    for key, content in (("/A", b"/B Do"), ("/B", b"/A Do")):
        both.XObject[key] = Stream(pdf, content, Subtype=Name.Form, BBox=BOX, Resources=both)
    for content in (b"/A Do", b"/B Do", b"/B Do /A Do"):
        add(pdf, content, both)
    data = saved(pdf)
    marks = prints(data)
    assert len(set(marks)) == 3
    assert [mark for _, piece, _ in pieces(io.BytesIO(data), 3) for mark in prints(piece)] == marks


def test_deep_nesting_is_no_trouble() -> None:
    pdf = Pdf.new()
    inner = Stream(pdf, b"", Subtype=Name.Form, BBox=BOX)
    for _ in range(3_000):
        form = Stream(pdf, b"/X Do", Subtype=Name.Form, BBox=BOX)
        form.Resources = Dictionary(XObject=Dictionary(X=inner))
        inner = form
    add(pdf, b"/X Do", Dictionary(XObject=Dictionary(X=inner)))
    data = saved(pdf)
    marks = prints(data)
    assert [mark for _, piece, _ in pieces(io.BytesIO(data), 1) for mark in prints(piece)] == marks


def test_circles_without_end_are_refused_in_time() -> None:
    """Forms that all draw all others: the ways through them are countless."""
    pdf = Pdf.new()
    everything = pdf.make_indirect(Dictionary(XObject=Dictionary()))
    content = b" ".join(b"/F%d Do" % number for number in range(30))
    for number in range(30):
        form = Stream(pdf, content, Subtype=Name.Form, BBox=BOX, Resources=everything)
        everything.XObject[f"/F{number}"] = form
    add(pdf, content, everything)
    start = time.process_time()
    with pytest.raises(SafetyLimitExceeded, match="circles") as caught:
        prints(saved(pdf))
    assert caught.value.unit == 1
    assert time.process_time() - start < 10


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 3 << 20])
@pytest.mark.parametrize("rest", [b"", b"\n", b"junk after the end"])
def test_packed_data_count_as_what_is_in_them(size: int, rest: bytes) -> None:
    def with_data(data: bytes, **more: object) -> list[str]:
        pdf = one_page(b"/Im Do")
        image = Stream(pdf, data, Subtype=Name.Image, Width=1, Height=max(1, size), **more)
        pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(Im=image))
        out = io.BytesIO()
        pdf.save(out, compress_streams=False, static_id=True)
        return prints(out.getvalue())

    pixels = bytes(index * index % 251 for index in range(1000)) * (size // 1000 + 1)
    packed = zlib.compress(pixels[:size]) + rest
    assert with_data(packed, Filter=Name.FlateDecode) == with_data(pixels[:size])
