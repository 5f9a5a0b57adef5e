"""Reading a PDF: one pass over its pages, each loaded once, handed over and forgotten."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import pypdfium2.raw as pdfium_c

from extractors.errors import DamagedDocument
from extractors.facts import DocumentFacts, TextPart, UnitFacts, UnitKind, UnitText
from extractors.legibility import gibberish
from extractors.pdf.annotations import annotation_parts
from extractors.pdf.cut import pdf_cutter
from extractors.pdf.cutting.opening import open_any
from extractors.pdf.fingerprint import Fingerprints
from extractors.pdf.inventory import Inventory, take_inventory
from extractors.pdf.join import join_pdfs
from extractors.pdf.kinds import PICTURED, is_layer_hidden, judge, layer_lies, wants_look
from extractors.pdf.notes import PageNotes
from extractors.pdf.opening import open_pdf
from extractors.pdf.pages import measure
from extractors.pdf.peek import DPI, DPI_BESIDE_TEXT, peek
from extractors.pdf.placing import KnownImages
from extractors.pdf.render import render_pages
from extractors.pdf.structure import read_structure
from extractors.pdf.text import page_text
from extractors.pdf.textmaps import read_as_meant
from extractors.pdf.views import page_views

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from PIL.Image import Image

    from extractors.base import CutOptions, Cutter, Raster, ReadOptions, UnitSink
    from extractors.pdf.kinds import Judgement
    from extractors.pdf.opening import OpenPdf
    from extractors.pdf.pages import PageMeasure
    from extractors.pixels import PixelLook


class PdfExtractor:
    """Reads PDF documents; a unit is a page."""

    def read(self, file: BinaryIO, options: ReadOptions, sink: UnitSink) -> DocumentFacts:
        """Read all pages in order; see :meth:`extractors.base.Extractor.read`.

        Raises:
            ExtractionError: The document as a whole cannot be read; :func:`extractors.pdf.opening.open_pdf` says why.
            SafetyLimitExceeded: It has more pages than ``options.limits.max_units``.
        """
        with open_pdf(file, options.password) as opened:
            structure = read_structure(file, opened, options)
            count = opened.page_count
            stored = Inventory(own_bytes=[0] * count)
            if opened.pike is not None:
                size_bytes = file.seek(0, os.SEEK_END)
                stored = take_inventory(opened.pike, count, size_bytes)
                read_as_meant(opened, stored.text_maps, size_bytes)
            pages = _Pages(opened, stored, options)
            units: list[UnitFacts] = []
            for number in range(1, count + 1):
                facts, text = pages.read(number)
                sink(facts, text)
                units.append(facts)
        return DocumentFacts(
            unit_kind="page",
            unit_count=len(units),
            encrypted=structure.encrypted,
            units=tuple(units),
            outline=structure.outline,
            shared_bytes=stored.shared_bytes,
            pdf=structure.pdf,
            findings=(*structure.findings, *pages.notes.findings()),
            truncated=structure.truncated or pages.notes.cut_short,
        )

    def render(self, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Raster]]:
        """Yield pages as images for OCR; see :meth:`extractors.base.Renderable.render`.

        Raises:
            ExtractionError: The document cannot be opened, or a page cannot be drawn (``unit`` says which).
        """
        yield from render_pages(file, options, numbers)

    def cutter(self, file: BinaryIO, options: CutOptions) -> AbstractContextManager[Cutter]:
        """Open a PDF for cutting; see :meth:`extractors.base.Cuttable.cutter`."""
        return pdf_cutter(file, options)

    def fingerprints(self, file: BinaryIO, options: ReadOptions) -> Iterator[tuple[int, str]]:
        """Yield the fingerprint of each page; see :meth:`extractors.base.Fingerprinting.fingerprints`."""
        with open_any(file, options.password) as pdf:
            prints = Fingerprints(pdf)
            for number in range(1, len(prints) + 1):
                try:
                    yield number, prints.page(number)
                except DamagedDocument:
                    yield number, ""

    def views(self, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Image]]:
        """Yield pages as small colour images; see :meth:`extractors.base.Viewable.views`."""
        yield from page_views(file, options, numbers)

    def join(self, pieces: Sequence[BinaryIO], out: BinaryIO) -> None:
        """Put pieces together again; see :meth:`extractors.base.Joinable.join`."""
        join_pdfs(pieces, out)


class _Pages:
    """Reads the pages of an open document one by one."""

    def __init__(self, opened: OpenPdf, stored: Inventory, options: ReadOptions) -> None:
        self.notes = PageNotes()
        self._opened = opened
        self._stored = stored
        self._options = options
        self._images = KnownImages(see_through=stored.see_through, repeated=stored.repeated, bilevel=stored.bilevel)

    def read(self, number: int) -> tuple[UnitFacts, UnitText]:
        """Return facts and text of one page."""
        with _loaded(self._opened, number) as (page, textpage):
            if page is None:
                self.notes.add("page-not-loaded", number)
                facts = UnitFacts(number=number, kind=UnitKind.UNREADABLE, reasons=("cannot-be-loaded",))
                return facts, UnitText(number=number)
            width, height = pdfium_c.FPDF_GetPageWidthF(page), pdfium_c.FPDF_GetPageHeightF(page)
            text = page_text(textpage, page, width, height) if textpage else ""
            notes = annotation_parts(self._opened, number)
            measured = measure(page, textpage, _inked(text), self._images)
            lies = layer_lies(measured, gibberish(text, recognized=is_layer_hidden(measured)))
            annotated = sum(_inked(part.text) for part in notes)
            seen = self._look(page, None if lies else textpage, measured, lies, annotated=annotated > 0)
        verdict = judge(measured, lies, seen, annotated=annotated)
        self._note(number, measured, verdict)
        parts = (TextPart(text=text), *notes) if text.strip() else notes
        wanted = self._options.text and verdict.kind is not UnitKind.UNREADABLE
        return self._facts(number, measured, verdict), UnitText(number=number, parts=parts if wanted else ())

    def _look(
        self, page: object, textpage: object | None, measured: PageMeasure, lies: str | None, *, annotated: bool
    ) -> PixelLook | None:
        """Look at the page's pixels where its structure leaves open what it is."""
        if not wants_look(measured, lies):
            return None
        largest = max((image.colour_pixels for image in measured.images), default=0)
        if largest > self._options.limits.max_image_pixels:
            return None
        known = textpage if measured.native_chars else None
        dpi = DPI if known is None or measured.coverage >= PICTURED else DPI_BESIDE_TEXT
        return peek(page, known, annotated=annotated, dpi=dpi)

    def _note(self, number: int, measured: PageMeasure, verdict: Judgement) -> None:
        for reason, code in _NOTED.items():
            if reason in verdict.reasons:
                self.notes.add(code, number)
        if measured.cut_short:
            self.notes.add("page-too-complex", number)

    def _facts(self, number: int, measured: PageMeasure, verdict: Judgement) -> UnitFacts:
        unit = self._stored.user_units.get(number - 1, 1.0)
        distinct = {image.key for image in measured.images}
        return UnitFacts(
            number=number,
            kind=verdict.kind,
            needs_ocr=verdict.needs_ocr,
            native_chars=measured.native_chars,
            image_count=measured.image_count,
            image_coverage=round(measured.coverage, 4),
            image_pixels=sum(width * height for width, height, _ in distinct),
            image_bytes=sum(stored for _, _, stored in distinct),
            stored_bytes=self._stored.own_bytes[number - 1],
            width_pt=round(measured.width_pt * unit, 3),
            height_pt=round(measured.height_pt * unit, 3),
            rotation=measured.rotation,
            text_guess=verdict.guess,
            reasons=verdict.reasons,
        )


_NOTED = {
    "cannot-be-drawn": "page-not-drawn",
    "impossible-size": "page-size-impossible",
    "text-layer-lies": "text-layer-lies",
}


@contextmanager
def _loaded(opened: OpenPdf, number: int) -> Iterator[tuple[object | None, object | None]]:
    """Hold a page and its text (raw handles, None where PDFium has none) for the length of a ``with`` block."""
    page = pdfium_c.FPDF_LoadPage(opened.pdfium, number - 1) or None
    textpage = (pdfium_c.FPDFText_LoadPage(page) or None) if page is not None else None
    try:
        yield page, textpage
    finally:
        if textpage is not None:
            pdfium_c.FPDFText_ClosePage(textpage)
        if page is not None:
            pdfium_c.FPDF_ClosePage(page)


def _inked(text: str) -> int:
    """Characters without white space."""
    return len("".join(text.split()))
