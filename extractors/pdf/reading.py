"""From one loaded page to its facts and text."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c

from extractors.facts import TextPart, UnitFacts, UnitKind, UnitText
from extractors.legibility import gibberish, is_latin_prose
from extractors.pdf.annotations import annotation_parts
from extractors.pdf.kinds import NO_UNICODE, PICTURED, Judgement, is_layer_hidden, judge, layer_lies, wants_look
from extractors.pdf.losses import Losses, State
from extractors.pdf.notes import PageNotes
from extractors.pdf.pages import measure
from extractors.pdf.placing import KnownImages
from extractors.pdf.text import page_text
from extractors.pdf.troubles import repaired_finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import ReadOptions
    from extractors.facts import Finding
    from extractors.pdf.inventory import Inventory
    from extractors.pdf.opening import OpenPdf
    from extractors.pdf.pages import PageMeasure
    from extractors.pdf.placing import ImageKey
    from extractors.pixels import PixelLook


@dataclass(frozen=True, slots=True)
class _Page:
    """What PDFium shows of a page."""

    measured: PageMeasure
    verdict: Judgement
    parts: tuple[TextPart, ...]


class Pages:
    """Reads the pages of an open document one by one.

    Attributes:
        notes: What was noticed about pages.
        drawn: Images that each page draws, by its number, where pages share some.
    """

    def __init__(self, opened: OpenPdf, stored: Inventory, options: ReadOptions, *, damaged: bool) -> None:
        """Begin with nothing noticed.

        Args:
            opened: The document.
            stored: What its pages weigh.
            options: Its limits, what to leave out, and whether pixels may be looked at.
            damaged: Something of its structure is, so that pages may show less than they hold.
        """
        self.notes = PageNotes()
        self.drawn: dict[int, set[ImageKey]] = {}
        self._damaged = damaged
        self._repaired = False
        self._losses = Losses(opened)
        self._opened = opened
        self._stored = stored
        self._options = options
        self._looks = options.look or damaged  # whether a damaged page is read by qpdf depends on what it shows
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
        if not self._looks and "cannot-be-drawn" in verdict.reasons:  # nobody tried
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
        if not self._looks or not wants_look(measured, lies):
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


def _inked(text: str) -> int:
    """Characters without white space."""
    return len("".join(text.split()))


def _text_shows(page: object, textpage: object) -> bool:
    """Whether pale text is to be seen on its page."""
    from extractors.pdf.peek import text_shows  # the means to draw, which most documents do not need

    return text_shows(page, textpage)
