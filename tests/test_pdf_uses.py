"""Resources that what is drawn asks of what draws it: readers find them there, so pieces keep and prints count them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pikepdf
import pypdfium2
import pytest
from pdf_pieces import add, cut, one_page, saved
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from extractors.pdf.fingerprint import page_fingerprints

if TYPE_CHECKING:
    from collections.abc import Callable

    from pikepdf import Object

BOX = Array([0, 0, 200, 200])


def picture(pdf: Pdf, gray: int = 0) -> Object:
    data = bytes([gray]) * 64
    image = Stream(pdf, data, Type=Name.XObject, Subtype=Name.Image, Width=8, Height=8, BitsPerComponent=8)
    image.ColorSpace = Name.DeviceGray
    return pdf.make_indirect(image)


def form(pdf: Pdf, content: bytes, resources: Dictionary | None = None) -> Object:
    made = Stream(pdf, content, Type=Name.XObject, Subtype=Name.Form, BBox=BOX)
    if resources is not None:
        made.Resources = resources
    return pdf.make_indirect(made)


def by_a_form(pdf: Pdf, image: Object) -> None:
    """A form has resources, but not the picture it draws."""
    lender = form(pdf, b"100 0 0 100 50 50 cm /Im0 Do", Dictionary(ProcSet=Array([Name.PDF])))
    add(pdf, b"/Fm0 Do", Dictionary(XObject=Dictionary(Fm0=lender, Im0=image)))


def by_an_inner_form(pdf: Pdf, image: Object) -> None:
    """A form in a form asks the page's resources through those of the outer one."""
    inner = form(pdf, b"100 0 0 100 50 50 cm /Im0 Do", Dictionary(Font=Dictionary()))
    outer = form(pdf, b"/Fm1 Do", Dictionary(XObject=Dictionary(Fm1=inner)))
    add(pdf, b"/Fm0 Do", Dictionary(XObject=Dictionary(Fm0=outer, Im0=image)))


def by_a_lent_form(pdf: Pdf, image: Object) -> None:
    """What is lent draws again what the page has."""
    second = form(pdf, b"100 0 0 100 50 50 cm /Im0 Do")
    first = form(pdf, b"/Fm1 Do", Dictionary())
    add(pdf, b"/Fm0 Do", Dictionary(XObject=Dictionary(Fm0=first, Fm1=second, Im0=image)))


def by_a_stamp(pdf: Pdf, image: Object) -> None:
    """The appearance of an annotation has no resources."""
    page = add(pdf, b"", Dictionary(XObject=Dictionary(Im0=image)))
    stamp = Dictionary(Type=Name.Annot, Subtype=Name.Stamp, Rect=Array([50, 50, 150, 150]), F=4)
    stamp.AP = Dictionary(N=form(pdf, b"200 0 0 200 0 0 cm /Im0 Do"))
    page.Annots = Array([pdf.make_indirect(stamp)])


WAYS = (by_a_form, by_an_inner_form, by_a_lent_form, by_a_stamp)


def made(way: Callable[[Pdf, Object], None], gray: int = 0) -> bytes:
    with Pdf.new() as pdf:
        way(pdf, picture(pdf, gray))
        add(pdf, b"")
        return saved(pdf)


def dark(data: bytes) -> int:
    """Dark pixels of the first page, as PDFium draws it."""
    with pypdfium2.PdfDocument(data) as document:
        pixels = document[0].render(scale=0.5).to_pil().convert("L").tobytes()
    return sum(1 for value in pixels if value < 128)


@pytest.mark.parametrize("way", WAYS)
def test_a_piece_keeps_what_is_lent(way: Callable[[Pdf, Object], None]) -> None:
    data = made(way)
    assert dark(data) > 2_000
    piece, _ = cut(data, 1, 1)
    assert dark(piece) == dark(data)
    assert list(page_fingerprints(io.BytesIO(piece))) == list(page_fingerprints(io.BytesIO(data)))[:1]


@pytest.mark.parametrize("way", WAYS)
def test_another_picture_lent_is_another_page(way: Callable[[Pdf, Object], None]) -> None:
    first, second = (list(page_fingerprints(io.BytesIO(made(way, gray)))) for gray in (0, 255))
    assert first[0] != second[0]
    assert first[1] == second[1]


def test_what_a_form_has_itself_is_not_asked_of_the_page() -> None:
    with Pdf.new() as pdf:
        shared = Dictionary()
        for number in range(20):
            shared[f"/Im{number}"] = picture(pdf, number)
        for number in range(20):
            own = form(pdf, b"/Im0 Do", Dictionary(XObject=Dictionary(Im0=picture(pdf, 100 + number))))
            shared[f"/Fm{number}"] = own
        common = pdf.make_indirect(Dictionary(XObject=shared))
        for number in range(20):
            add(pdf, b"/Fm%d Do /Im%d Do" % (number, number)).Resources = common
        data = saved(pdf)
    piece, _ = cut(data, 4, 4)
    with pikepdf.open(io.BytesIO(piece)) as pdf:
        assert sorted(pdf.pages[0].Resources.XObject.keys()) == ["/Fm3", "/Im3"]


def test_forms_that_draw_one_another_keep_everything() -> None:
    with one_page(b"/Fm0 Do") as pdf:
        first, second = form(pdf, b"/Fm1 Do"), form(pdf, b"/Im0 Do /Fm0 Do")
        pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(Fm0=first, Fm1=second, Im0=picture(pdf)))
        data = saved(pdf)
    piece, _ = cut(data, 1, 1)
    with pikepdf.open(io.BytesIO(piece)) as pdf:
        assert sorted(pdf.pages[0].Resources.XObject.keys()) == ["/Fm0", "/Fm1", "/Im0"]
