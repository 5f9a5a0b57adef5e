"""PDFs made for the tests of cutting, and what a reader gets out of a PDF."""

from __future__ import annotations

import io
from collections import Counter
from typing import TYPE_CHECKING

import pikepdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String
from reportlab.pdfgen import canvas

from extractors.base import CutOptions
from extractors.pdf.cut import pdf_cutter
from extractors.pdf.cutting.destinations import Destinations
from extractors.pdf.join import join_pdfs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from extractors.base import Change, Shrink

OPTIONS = CutOptions(media_type="application/pdf", source_name="book.pdf")


def saved(pdf: Pdf) -> bytes:
    """A document as bytes."""
    out = io.BytesIO()
    pdf.save(out, static_id=True, fix_metadata_version=False, preserve_pdfa=False)  # else it mends the XMP
    return out.getvalue()


def book(pages: int = 12) -> bytes:
    """A document with everything that hangs together across its pages.

    Two chapters with sections in the outline (from pages 3 and 9 on), a named destination for each page, on each page
    a link to the next page and a web link, roman labels on the first two pages, one text field with a widget on each
    of pages 2, 5 and 11, and one field of its own on page 7.
    """
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(300, 400), invariant=True)
    sheet.setTitle("The book")
    sheet.setAuthor("Nobody")
    for number in range(1, pages + 1):
        sheet.bookmarkPage(f"page{number}")
        if number in {3, 9}:
            sheet.addOutlineEntry(f"Chapter at {number}", f"page{number}", 0, closed=number == 9)
        elif number > 3:
            sheet.addOutlineEntry(f"Section at {number}", f"page{number}", 1)
        sheet.drawString(40, 350, f"This is page {number} of the book.")
        if number < pages:
            sheet.linkRect("", f"page{number + 1}", (40, 40, 100, 60))
        sheet.linkURL(f"https://example.org/{number}", (120, 40, 180, 60))
        if number == 7:
            sheet.acroForm.textfield(name="alone", x=40, y=100, width=80, height=20, value="seven")
        sheet.showPage()
    sheet.save()
    with pikepdf.open(io.BytesIO(out.getvalue())) as pdf:
        pdf.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.r), 2, Dictionary(S=Name.D)]))
        _spread_field(pdf, [number for number in (2, 5, 11) if number <= pages])
        return saved(pdf)


def _spread_field(pdf: Pdf, numbers: Sequence[int]) -> None:
    """Add a field with a widget on each of these pages."""
    owner = pdf.make_indirect(Dictionary(FT=Name.Tx, T=String("spread"), V=String("same everywhere")))
    widgets = []
    for number in numbers:
        page = pdf.pages[number - 1]
        look = Stream(pdf, b"0 0 1 rg 0 0 60 20 re f", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 60, 20]))
        widget = pdf.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                Rect=Array([200, 100, 260, 120]),
                F=4,
                P=page.obj,
                Parent=owner,
                AP=Dictionary(N=look),
            )
        )
        page.Annots.append(widget)
        widgets.append(widget)
    owner.Kids = Array(widgets)
    if Name.AcroForm not in pdf.Root:
        pdf.Root.AcroForm = Dictionary(Fields=Array())
    pdf.Root.AcroForm.Fields.append(owner)


def one_page(content: bytes = b"", resources: Dictionary | None = None, **more: object) -> Pdf:
    """An open document with one page; ``more`` goes into its dictionary."""
    pdf = Pdf.new()
    add(pdf, content, resources, **more)
    return pdf


def add(pdf: Pdf, content: bytes = b"", resources: Dictionary | None = None, **more: object) -> Dictionary:
    """Append a page of 200 × 200 points and return its dictionary."""
    pdf.add_blank_page(page_size=(200, 200))
    page = pdf.pages[-1].obj
    page.Contents = pdf.make_stream(content)
    page.Resources = Dictionary() if resources is None else resources
    for key, value in more.items():
        page[f"/{key}"] = value
    assert isinstance(page, Dictionary)
    return page


def cut(
    data: bytes, first: int, last: int, *, options: CutOptions = OPTIONS, shrink: Shrink | None = None
) -> tuple[bytes, tuple[Change, ...]]:
    """One piece and its changes."""
    with pdf_cutter(io.BytesIO(data), options) as cutter:
        out = io.BytesIO()
        changes = cutter.cut(first, last, out, shrink=shrink)
    return out.getvalue(), changes


def pieces(file: BinaryIO, parts: int, options: CutOptions = OPTIONS) -> list[tuple[int, bytes, tuple[Change, ...]]]:
    """A document in about so many pieces: number of the first page, piece, changes."""
    made = []
    with pdf_cutter(file, options) as cutter:
        pages = cutter.page_count
        step = -(-pages // parts)
        for first in range(1, pages + 1, step):
            out = io.BytesIO()
            changes = cutter.cut(first, min(pages, first + step - 1), out)
            made.append((first, out.getvalue(), changes))
    return made


def joined(parts: Sequence[bytes]) -> bytes:
    """The pieces as one document."""
    out = io.BytesIO()
    join_pdfs([io.BytesIO(part) for part in parts], out)
    return out.getvalue()


def texts(data: bytes) -> list[str]:
    """Text of each page."""
    with pypdfium2.PdfDocument(data) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def labels(data: bytes) -> list[str]:
    """Label of each page as viewers show it."""
    with pypdfium2.PdfDocument(data) as document:
        return [document.get_page_label(index) or str(index + 1) for index in range(len(document))]


def outline(data: bytes) -> list[tuple[int, str, int | None]]:
    """Level from 0, title and index of the page of each entry of the outline."""
    with pypdfium2.PdfDocument(data) as document:
        entries = [(entry.level, entry.get_title(), entry.get_dest()) for entry in document.get_toc()]
        return [(level, title, None if goal is None else goal.get_index()) for level, title, goal in entries]


def annotations(page: Object) -> list[Object]:
    """The annotations of a page."""
    return list(page.get(Name.Annots, Array()))


def jumps(pdf: Pdf) -> list[tuple[int, int | None]]:
    """Of each jump within a document: index of the page it is on, and of the page it leads to."""
    pages = {page.obj.objgen: index for index, page in enumerate(pdf.pages)}
    destinations = Destinations(pdf.Root, pages)
    found = []
    for index, page in enumerate(pdf.pages):
        for annotation in annotations(page.obj):
            goal = annotation.get(Name.Dest)
            action = annotation.get(Name.A)
            if goal is None and isinstance(action, Dictionary) and action.get(Name.S) == Name.GoTo:
                goal = action.get(Name.D)
            if goal is not None:
                target = destinations.resolve(goal)
                found.append((index, None if target is None else target.page))
    return found


def field_names(pdf: Pdf) -> dict[str, int]:
    """Fields by their full name, with the number of their widgets."""
    return dict(Counter(field.fully_qualified_name for field in pdf.acroform.fields))


def codes(changes: Sequence[Change]) -> list[str]:
    """Codes of changes in order."""
    return [change.code for change in changes]
