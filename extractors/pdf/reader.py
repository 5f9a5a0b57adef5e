"""Reading a PDF: one pass over its pages, each loaded once, handed over and forgotten.

What only some documents or tasks need (pixels, cutting, joining) is loaded when it is needed: a letter of one page
spends more time on imports than on being read.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

import pypdfium2.raw as pdfium_c

from extractors.facts import DocumentFacts, TextPart, UnitFacts, UnitKind, UnitText
from extractors.legibility import gibberish, is_latin_prose
from extractors.pdf.annotations import annotation_parts
from extractors.pdf.inventory import Inventory, take_inventory
from extractors.pdf.kinds import NO_UNICODE, PICTURED, Judgement, is_layer_hidden, judge, layer_lies, wants_look
from extractors.pdf.losses import Losses, State
from extractors.pdf.notes import PageNotes
from extractors.pdf.opening import open_pdf
from extractors.pdf.pages import measure
from extractors.pdf.placing import KnownImages
from extractors.pdf.structure import read_structure
from extractors.pdf.text import page_text
from extractors.pdf.textmaps import read_as_meant
from extractors.pdf.troubles import cut_short_finding, repaired_finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from PIL.Image import Image

    from extractors.base import Change, CutOptions, Cutter, Raster, ReadOptions, UnitSink
    from extractors.facts import Finding
    from extractors.pdf.opening import OpenPdf
    from extractors.pdf.pages import PageMeasure
    from extractors.pdf.placing import ImageKey
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
                stored = take_inventory(opened.pike, count, file.seek(0, os.SEEK_END))
                read_as_meant(opened, stored.text_maps)
            damaged = any(finding.code in _DAMAGE and finding.severity != "info" for finding in structure.findings)
            pages = _Pages(opened, stored, options, damaged=damaged)
            cut_short = (cut_short_finding(),) if damaged and not _has_end(file) else ()
            units: list[UnitFacts] = []
            for number in range(1, count + 1):
                options.begin(number)
                facts, text = pages.read(number)
                opened.note_loaded(facts.stored_bytes)
                sink(facts, text)
                units.append(facts)
            options.begin(0)
        shared_bytes, more = stored.deal_out([pages.drawn.get(unit.number, ()) for unit in units])
        return DocumentFacts(
            unit_kind="page",
            unit_count=len(units),
            encrypted=structure.encrypted,
            units=tuple(
                replace(unit, stored_bytes=unit.stored_bytes + add) if add else unit
                for unit, add in zip(units, more, strict=True)
            ),
            outline=structure.outline,
            shared_bytes=shared_bytes,
            pdf=structure.pdf,
            findings=(*structure.findings, *cut_short, *pages.findings()),
            truncated=structure.truncated or pages.notes.cut_short,
        )

    def render(self, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Raster]]:
        """Yield pages as images for OCR; see :meth:`extractors.base.Renderable.render`.

        Raises:
            ExtractionError: The document cannot be opened, or a page cannot be drawn (``unit`` says which).
        """
        from extractors.pdf.render import render_pages

        yield from render_pages(file, options, numbers)

    def cutter(self, file: BinaryIO, options: CutOptions) -> AbstractContextManager[Cutter]:
        """Open a PDF for cutting; see :meth:`extractors.base.Cuttable.cutter`."""
        from extractors.pdf.cut import pdf_cutter

        return pdf_cutter(file, options)

    def fingerprints(self, file: BinaryIO, options: ReadOptions) -> Iterator[tuple[int, str]]:
        """Yield the fingerprint of each page; see :meth:`extractors.base.Fingerprinting.fingerprints`."""
        from extractors.errors import DamagedDocument
        from extractors.pdf.cutting.opening import open_any
        from extractors.pdf.fingerprint import Fingerprints

        with open_any(file, options.password) as pdf:
            prints = Fingerprints(pdf)
            for number in range(1, len(prints) + 1):
                options.begin(number)
                try:
                    yield number, "" if number in options.skip else prints.page(number)
                except DamagedDocument:
                    yield number, ""

    def views(self, file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Image]]:
        """Yield pages as small colour images; see :meth:`extractors.base.Viewable.views`."""
        from extractors.pdf.views import page_views

        yield from page_views(file, options, numbers)

    def join(self, pieces: Sequence[BinaryIO], out: BinaryIO, changes: Sequence[Sequence[Change]] = ()) -> None:
        """Put pieces together again; see :meth:`extractors.base.Joinable.join`."""
        from extractors.pdf.join import join_pdfs

        del changes
        join_pdfs(pieces, out)


@dataclass(frozen=True, slots=True)
class _Page:
    """What PDFium shows of a page."""

    measured: PageMeasure
    verdict: Judgement
    parts: tuple[TextPart, ...]


class _Pages:
    """Reads the pages of an open document one by one."""

    def __init__(self, opened: OpenPdf, stored: Inventory, options: ReadOptions, *, damaged: bool) -> None:
        self.notes = PageNotes()
        self.drawn: dict[int, set[ImageKey]] = {}
        self._damaged = damaged
        self._repaired = False
        self._losses = Losses(opened)
        self._opened = opened
        self._stored = stored
        self._options = options
        self._images = KnownImages(see_through=stored.see_through, repeated=stored.repeated, bilevel=stored.bilevel)

    def findings(self) -> Iterator[Finding]:
        """Yield what was noticed about the pages read so far."""
        yield from self.notes.findings()
        if self._repaired:
            yield repaired_finding()

    def read(self, number: int) -> tuple[UnitFacts, UnitText]:
        """Return facts and text of one page."""
        why = self._options.skip.get(number)
        if why is not None:
            self.notes.add(why, number)
            return _unread(number, why)
        state = self._losses.contents(number)
        if state is State.TOO_LARGE:  # PDFium would unpack all of it
            self.notes.add("content-too-large", number)
            return _unread(number, "content-too-large")
        page = self._page(number)
        if page is None:
            self.notes.add("page-not-loaded", number)
            return _unread(number, "cannot-be-loaded")
        if page.verdict.kind is UnitKind.BLANK and state is State.SOUND and self._read_by_qpdf(number):
            page = self._page(number) or page
        if page.verdict.kind is UnitKind.BLANK:
            if state is not State.SOUND or self._losses.drawn(number):
                verdict = Judgement(kind=UnitKind.UNREADABLE, reasons=(*page.verdict.reasons, "content-lost"))
                page = replace(page, verdict=verdict)
        elif state is State.LOST or (self._damaged and self._losses.drawn(number)):
            self.notes.add("content-damaged", number)
        self._note(number, page.measured, page.verdict)
        wanted = self._options.text and page.verdict.kind is not UnitKind.UNREADABLE
        text = UnitText(number=number, parts=page.parts if wanted else ())
        return self._facts(number, page.measured, page.verdict), text

    def _page(self, number: int) -> _Page | None:
        """Read one page with PDFium; None when it does not load it."""
        with _loaded(self._opened, number) as (page, textpage):
            if page is None:
                return None
            width, height = pdfium_c.FPDF_GetPageWidthF(page), pdfium_c.FPDF_GetPageHeightF(page)
            text = page_text(textpage, page, width, height) if textpage else ""
            notes = annotation_parts(self._opened, number)
            measured = measure(page, textpage, _inked(text), self._images)
            if textpage and measured.sample.pale and not _text_shows(page, textpage):
                measured = replace(measured, sample=replace(measured.sample, unseen=measured.sample.size))
            lies = layer_lies(measured, gibberish(text, recognized=is_layer_hidden(measured)))
            if lies == NO_UNICODE and is_latin_prose(text):
                lies = None
            annotated = sum(_inked(part.text) for part in notes)
            seen = self._look(page, None if lies else textpage, measured, lies, annotated=annotated > 0)
        verdict = judge(measured, lies, seen, annotated=annotated)
        if not self._options.look and "cannot-be-drawn" in verdict.reasons:  # nobody tried
            verdict = Judgement(kind=UnitKind.IMAGE, reasons=("no-text-layer", "not-looked-at"))
        parts = (TextPart(text=text), *notes) if text.strip() else notes
        return _Page(measured, verdict, parts)

    def _read_by_qpdf(self, number: int) -> bool:
        """Go on with the document as qpdf reads it, once, where PDFium shows less of a damaged one."""
        if self._opened.by_qpdf or not self._damaged or not self._losses.shows_something(number):
            return False
        self._repaired = self._opened.read_by_qpdf()
        return self._repaired

    def _look(
        self, page: object, textpage: object | None, measured: PageMeasure, lies: str | None, *, annotated: bool
    ) -> PixelLook | None:
        """Look at the page's pixels where its structure leaves open what it is."""
        if not self._options.look or not wants_look(measured, lies):
            return None
        from extractors.pdf.peek import DPI, DPI_BESIDE_TEXT, peek

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
        if verdict.kind is UnitKind.BLANK and measured.native_chars:
            self.notes.add("text-unseen", number)
        if measured.cut_short:
            self.notes.add("page-too-complex", number)

    def _facts(self, number: int, measured: PageMeasure, verdict: Judgement) -> UnitFacts:
        unit = self._stored.user_units.get(number - 1, 1.0)
        distinct = {image.key for image in measured.images}
        if self._stored.shared_images:
            self.drawn[number] = distinct
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


_TAIL = 2_048  # readers look through the last 1,024 bytes, many through more
_DAMAGE = ("repaired", "damaged")
_NOTED = {
    "content-lost": "content-lost",
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


def _unread(number: int, reason: str) -> tuple[UnitFacts, UnitText]:
    """Return what is told of a page that is not read."""
    return UnitFacts(number=number, kind=UnitKind.UNREADABLE, reasons=(reason,)), UnitText(number=number)


def _has_end(file: BinaryIO) -> bool:
    """Whether a file has the mark that ends a PDF where readers look for it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    return b"%%EOF" in file.read(_TAIL)


def _inked(text: str) -> int:
    """Characters without white space."""
    return len("".join(text.split()))


def _text_shows(page: object, textpage: object) -> bool:
    """Whether pale text is to be seen on its page."""
    from extractors.pdf.peek import text_shows  # the means to draw, which most documents do not need

    return text_shows(page, textpage)
