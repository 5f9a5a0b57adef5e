"""PDF pages as images for OCR: the stored image of a scan, or a drawing at a resolution chosen from the page."""

from __future__ import annotations

import ctypes
import math
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import pypdfium2.raw as pdfium_c
from PIL import Image

from extractors.base import Raster
from extractors.errors import DamagedDocument, SafetyLimitExceeded
from extractors.ocr.measure import look
from extractors.pdf.embedded import embedded_image
from extractors.pdf.limits import PIKE_ERRORS
from extractors.pdf.opening import open_pdf
from extractors.raster import MAX_LONGEST_PX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import ReadLimits, ReadOptions
    from extractors.pdf.opening import OpenPdf

BASE_DPI = 200.0
"""For type of usual size: measured as accurate as 300 and a fifth cheaper (facts/benchmarks-full.md §4)."""
IMAGE_DPI = 300.0
"""Images stored finer than this are drawn at this resolution, unless the page is small."""
MAX_DPI = 2400.0
MAX_SIDE_PX = 5000
MAX_PIXELS = 25_000_000
MAX_DRAW_S = 20.0
"""Seconds of CPU for drawing one page; looked at between objects."""

SMALL_TYPE_PX = 9.0
"""X-height below which a page is drawn again, finer; see :mod:`extractors.ocr.prepare` for the measurements."""
_GOOD_TYPE_PX = 13.0
_FINER = 3.0
_POINTS = 72.0
_IMAGE_SHARE = 0.1  # of the page; the resolution of smaller images does not matter
_MAX_LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Size of a page as displayed, in inches of its own units (UserUnit left aside)."""

    width: float
    height: float

    def capped(self, dpi: float) -> float:
        """Return a resolution that keeps within the limits on pixels."""
        side = MAX_SIDE_PX / max(self.width, self.height)
        return min(dpi, MAX_DPI, side, math.sqrt(MAX_PIXELS / (self.width * self.height)))

    def pixels(self, dpi: float) -> tuple[int, int]:
        return max(1, round(self.width * dpi)), max(1, round(self.height * dpi))


def render_pages(file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Raster]]:
    """Yield pages as images; see :meth:`extractors.base.Renderable.render`.

    Raises:
        ExtractionError: The document cannot be opened, or a page cannot be drawn (``unit`` says which).
    """
    with open_pdf(file, options.password) as opened:
        for number in numbers:
            yield number, render_page(opened, number, options.limits)


def render_page(opened: OpenPdf, number: int, limits: ReadLimits) -> Raster:
    """Return one page as displayed, gray.

    Raises:
        DamagedDocument: There is no such page, or it cannot be loaded or drawn.
        SafetyLimitExceeded: Drawing it took too long.
    """
    with _page(opened, number) as page:
        user_unit = _user_unit(opened, number - 1)
        taken = embedded_image(opened, page, number - 1, max_pixels=limits.max_image_pixels)
        if taken is not None:
            return Raster(taken[0], taken[1] / user_unit, "embedded")
        sheet = _sheet(page)
        stored = _stored_dpi(page)
        dpi = sheet.capped(_first_dpi(sheet, stored, user_unit))
        image = _drawn(page, sheet, dpi, number)
        finer = sheet.capped(_finer_dpi(image, dpi)) if stored is None or stored > dpi else dpi
        if finer > 1.2 * dpi:
            dpi, image = finer, _drawn(page, sheet, finer, number)
        return Raster(image, dpi / user_unit, "rendered")


@contextmanager
def _page(opened: OpenPdf, number: int) -> Iterator[object]:
    page = pdfium_c.FPDF_LoadPage(opened.pdfium, number - 1) if number >= 1 else None
    if not page:
        raise DamagedDocument(
            f"Page {number} is damaged or missing. Export the document again, or leave the page out.",
            unit=number,
        )
    try:
        yield page
    finally:
        pdfium_c.FPDF_ClosePage(page)


def _sheet(page: object) -> _Sheet:
    width, height = pdfium_c.FPDF_GetPageWidthF(page), pdfium_c.FPDF_GetPageHeightF(page)
    if not (math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0):
        width, height = 612.0, 792.0  # US Letter, which PDFium itself falls back to
    return _Sheet(width / _POINTS, height / _POINTS)


def _user_unit(opened: OpenPdf, index: int) -> float:
    """Return by how much the page's units are larger than points; PDFium does not tell."""
    if opened.pike is None or len(opened.pike.pages) != len(opened.pdfium):
        return 1.0
    try:
        unit = float(opened.pike.pages[index].obj.get("/UserUnit", 1))
    except PIKE_ERRORS:
        return 1.0
    return unit if math.isfinite(unit) and unit > 0 else 1.0


def _first_dpi(sheet: _Sheet, stored: float | None, user_unit: float) -> float:
    """Return the resolution to start with, in pixels per inch of the page's own units.

    A page with a fine image is drawn finer, and a stamp-sized page (a scan that claims 2400 dpi) up to the size of a
    usual scan: what its resolution is said to be does not change how many pixels its letters have.
    """
    usual = BASE_DPI * min(user_unit, MAX_SIDE_PX)
    if stored is None:
        return usual
    small_page = MAX_LONGEST_PX / max(sheet.width, sheet.height)
    return max(usual, min(stored, IMAGE_DPI * min(user_unit, MAX_SIDE_PX)), min(stored, small_page))


def _finer_dpi(image: Image.Image, dpi: float) -> float:
    """Return the resolution that small type needs; the one given when its type is not small."""
    x_height = look(image).x_height_px
    if x_height is None or x_height >= SMALL_TYPE_PX:
        return dpi
    return dpi * min(_FINER, _GOOD_TYPE_PX / x_height)


def _stored_dpi(page: object) -> float | None:
    """Return the finest resolution among the images that take a fair share of a page; None without such images."""
    facts = pdfium_c.FPDF_IMAGEOBJ_METADATA()
    area = pdfium_c.FPDF_GetPageWidthF(page) * pdfium_c.FPDF_GetPageHeightF(page)
    finest = 0.0
    for number in range(min(_MAX_LOOKED_AT, pdfium_c.FPDFPage_CountObjects(page))):
        item = pdfium_c.FPDFPage_GetObject(page, number)
        if pdfium_c.FPDFPageObj_GetType(item) != pdfium_c.FPDF_PAGEOBJ_IMAGE:
            continue
        if not pdfium_c.FPDFImageObj_GetImageMetadata(item, page, facts):
            continue
        dpi = min(facts.horizontal_dpi, facts.vertical_dpi)
        if dpi > 0 and math.isfinite(dpi):
            covered = facts.width / facts.horizontal_dpi * facts.height / facts.vertical_dpi * _POINTS * _POINTS
            if covered >= _IMAGE_SHARE * area:
                finest = max(finest, dpi)
    return finest or None


def _drawn(page: object, sheet: _Sheet, dpi: float, number: int) -> Image.Image:
    """Draw a page with its annotations, gray on white."""
    size = sheet.pixels(dpi)
    bitmap = pdfium_c.FPDFBitmap_CreateEx(*size, pdfium_c.FPDFBitmap_Gray, None, 0)
    if not bitmap:
        raise SafetyLimitExceeded(
            f"There is no memory for the {size[0]} × {size[1]} pixels of page {number}. Allow more, or leave it out.",
            unit=number,
        )
    try:
        pdfium_c.FPDFBitmap_FillRect(bitmap, 0, 0, *size, 0xFFFFFFFF)
        _draw(page, bitmap, size, number)
        stride = pdfium_c.FPDFBitmap_GetStride(bitmap)
        pixels = ctypes.string_at(pdfium_c.FPDFBitmap_GetBuffer(bitmap), stride * size[1])
    finally:
        pdfium_c.FPDFBitmap_Destroy(bitmap)
    return Image.frombytes("L", size, pixels, "raw", "L", stride)


def _draw(page: object, bitmap: object, size: tuple[int, int], number: int) -> None:
    """Draw step by step, so that a page of millions of paths can be given up."""
    end = time.process_time() + MAX_DRAW_S
    needs_pause = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(pdfium_c.IFSDK_PAUSE))(
        lambda _pause: time.process_time() > end
    )
    pause = pdfium_c.IFSDK_PAUSE(version=1, NeedToPauseNow=needs_pause, user=None)
    flags = pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_GRAYSCALE
    state = pdfium_c.FPDF_RenderPageBitmap_Start(bitmap, page, 0, 0, *size, 0, flags, pause)
    pdfium_c.FPDF_RenderPage_Close(page)
    if state == pdfium_c.FPDF_RENDER_TOBECONTINUED:
        raise SafetyLimitExceeded(
            f"Drawing page {number} took more than {MAX_DRAW_S:g} s of CPU and was stopped. Print the document to a "
            "new PDF, or leave the page out.",
            unit=number,
        )
    if state != pdfium_c.FPDF_RENDER_DONE:
        raise DamagedDocument(
            f"Page {number} cannot be drawn. Export the document again, or leave the page out.", unit=number
        )
