"""PDF pages as images for OCR: the stored image of a scan, or a drawing at a resolution chosen from the page."""

from __future__ import annotations

import ctypes
import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import pypdfium2.raw as pdfium_c

from extractors.base import Raster
from extractors.errors import DamagedDocument, SafetyLimitExceeded
from extractors.ocr.measure import look
from extractors.pdf.drawing import draw_gray
from extractors.pdf.embedded import embedded_image
from extractors.pdf.limits import PIKE_ERRORS
from extractors.pdf.opening import A_SCAN_BYTES, open_pdf
from extractors.raster import MAX_LONGEST_PX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

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
_MAX_DEPTH = 2
_BILEVEL = 24  # bits of a coloured pixel


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


@dataclass(frozen=True, slots=True)
class _Stored:
    """An image as stored, and the length of its sides on the page in points."""

    item: object
    width: int
    height: int
    across: float
    down: float

    @property
    def dpi(self) -> float:
        return min(self.width / self.across, self.height / self.down) * _POINTS if self.across and self.down else 0.0


def render_pages(file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Raster]]:
    """Yield pages as images; see :meth:`extractors.base.Renderable.render`.

    Raises:
        ExtractionError: The document cannot be opened, or a page cannot be drawn (``unit`` says which).
    """
    with open_pdf(file, options.password) as opened:
        for number in numbers:
            yield number, render_page(opened, number, options.limits)
            opened.note_loaded(A_SCAN_BYTES)


def render_page(opened: OpenPdf, number: int, limits: ReadLimits) -> Raster:
    """Return one page as displayed, gray.

    Raises:
        DamagedDocument: There is no such page, or it cannot be loaded or drawn.
        SafetyLimitExceeded: Drawing it took too long, or an image on it is too large to decode.
    """
    with _page(opened, number) as page:
        user_unit = _user_unit(opened, number - 1)
        taken = embedded_image(opened, page, number - 1, max_pixels=limits.max_image_pixels)
        if taken is not None:
            return Raster(taken[0], taken[1] / user_unit, "embedded")
        sheet = _sheet(page)
        images = list(_stored_images(page))
        _refuse_huge(images, page, number, limits.max_image_pixels)
        stored = _finest_dpi(images, sheet)
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


def _stored_images(page: object) -> Iterator[_Stored]:
    """Yield the images a page draws, those inside form XObjects included."""
    count = min(_MAX_LOOKED_AT, max(0, pdfium_c.FPDFPage_CountObjects(page)))
    items = [pdfium_c.FPDFPage_GetObject(page, number) for number in range(count)]
    return _images_among(items, 1.0, _MAX_DEPTH)


def _images_among(items: list[object], scale: float, depth: int) -> Iterator[_Stored]:
    """Yield the images among page objects.

    Args:
        items: Raw ``FPDF_PAGEOBJECT``s.
        scale: By how much the forms around them enlarge.
        depth: Levels of forms still followed.
    """
    for item in items:
        kind = pdfium_c.FPDFPageObj_GetType(item)
        if kind not in (pdfium_c.FPDF_PAGEOBJ_IMAGE, pdfium_c.FPDF_PAGEOBJ_FORM):
            continue
        matrix = pdfium_c.FS_MATRIX()
        pdfium_c.FPDFPageObj_GetMatrix(item, matrix)
        across, down = math.hypot(matrix.a, matrix.b) * scale, math.hypot(matrix.c, matrix.d) * scale
        if kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            width, height = ctypes.c_uint(), ctypes.c_uint()
            pdfium_c.FPDFImageObj_GetImagePixelSize(item, width, height)
            yield _Stored(item, width.value, height.value, across, down)
        elif depth:
            count = min(_MAX_LOOKED_AT, max(0, pdfium_c.FPDFFormObj_CountObjects(item)))
            inner = [pdfium_c.FPDFFormObj_GetObject(item, number) for number in range(count)]
            yield from _images_among(inner, math.sqrt(abs(across * down)), depth - 1)


def _finest_dpi(images: list[_Stored], sheet: _Sheet) -> float | None:
    """Return the finest resolution among images that take a fair share of a page; None without such images."""
    area = sheet.width * sheet.height * _POINTS * _POINTS
    fair = (image.dpi for image in images if image.across * image.down >= _IMAGE_SHARE * area)
    return max((dpi for dpi in fair if 0 < dpi < math.inf), default=None)


def _refuse_huge(images: list[_Stored], page: object, number: int, max_pixels: int) -> None:
    """Refuse a page whose image would not fit into memory; PDFium decodes images whole.

    A bilevel pixel takes a 24th of the memory of a coloured one, and scans of large drawings are bilevel.
    """
    facts = pdfium_c.FPDF_IMAGEOBJ_METADATA()
    for image in images:
        pixels = image.width * image.height
        if pixels > max_pixels and pixels <= _BILEVEL * max_pixels:
            known = pdfium_c.FPDFImageObj_GetImageMetadata(image.item, page, facts)
            if known and facts.bits_per_pixel == 1:
                continue
        if pixels > max_pixels:
            raise SafetyLimitExceeded(
                f"An image on page {number} has {pixels / 1e6:,.0f} million pixels, more than {max_pixels / 1e6:,.0f} "
                "million. Reduce the image, or leave the page out.",
                unit=number,
            )


def _drawn(page: object, sheet: _Sheet, dpi: float, number: int) -> Image.Image:
    """Draw a page with its annotations, gray on white."""
    size = sheet.pixels(dpi)
    try:
        image = draw_gray(page, size, max_s=MAX_DRAW_S)
    except TimeoutError as error:
        raise SafetyLimitExceeded(
            f"Drawing page {number} took more than {MAX_DRAW_S:g} s of CPU and was stopped. Print the document to a "
            "new PDF, or leave the page out.",
            unit=number,
        ) from error
    except MemoryError as error:
        raise SafetyLimitExceeded(
            f"There is no memory for the {size[0]} × {size[1]} pixels of page {number}. Allow more, or leave it out.",
            unit=number,
        ) from error
    if image is None:
        raise DamagedDocument(
            f"Page {number} cannot be drawn. Export the document again, or leave the page out.", unit=number
        )
    return image
