"""PDF pages as small colour images, for comparing a page with itself in another file."""

from __future__ import annotations

import ctypes
import math
import time
from typing import TYPE_CHECKING, BinaryIO

import pypdfium2.raw as pdfium_c
from PIL import Image

from extractors.errors import DamagedDocument, SafetyLimitExceeded, UnknownUnit
from extractors.pdf.opening import A_SCAN_BYTES, open_pdf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import ReadOptions
    from extractors.pdf.opening import OpenPdf

VIEW_DPI = 72.0
MAX_SIDE_PX = 1600
MAX_DRAW_S = 20.0
"""Seconds of CPU for one page; looked at between objects."""
_POINTS = 72.0
_LETTER = (612.0, 792.0)  # what PDFium falls back to where a page has no size


def page_views(file: BinaryIO, options: ReadOptions, numbers: tuple[int, ...]) -> Iterator[tuple[int, Image.Image]]:
    """Yield pages as displayed, annotations included; see :meth:`extractors.base.Viewable.views`.

    Raises:
        ExtractionError: The document cannot be opened, or a page cannot be drawn (``unit`` says which).
    """
    with open_pdf(file, options.password) as opened:
        for number in numbers:
            yield number, _view(opened, number)
            opened.note_loaded(A_SCAN_BYTES)


def _view(opened: OpenPdf, number: int) -> Image.Image:
    page = pdfium_c.FPDF_LoadPage(opened.pdfium, number - 1) if number >= 1 else None
    if not page and not 1 <= number <= opened.page_count:
        raise UnknownUnit(f"The document has {opened.page_count:,} pages. Ask for one of them.", unit=number)
    if not page:
        raise DamagedDocument(f"Page {number} is damaged or missing, so it cannot be compared.", unit=number)
    try:
        return _drawn(page, _pixels(page), number)
    finally:
        pdfium_c.FPDF_ClosePage(page)


def _pixels(page: object) -> tuple[int, int]:
    size = pdfium_c.FPDF_GetPageWidthF(page), pdfium_c.FPDF_GetPageHeightF(page)
    width, height = size if all(math.isfinite(side) and side > 0 for side in size) else _LETTER
    scale = min(VIEW_DPI / _POINTS, MAX_SIDE_PX / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _drawn(page: object, size: tuple[int, int], number: int) -> Image.Image:
    bitmap = pdfium_c.FPDFBitmap_CreateEx(*size, pdfium_c.FPDFBitmap_BGRx, None, 0)
    if not bitmap:
        raise SafetyLimitExceeded(f"There is no memory to draw page {number}. Allow more memory.", unit=number)
    try:
        pdfium_c.FPDFBitmap_FillRect(bitmap, 0, 0, *size, 0xFFFFFFFF)
        _draw(page, bitmap, size, number)
        stride = pdfium_c.FPDFBitmap_GetStride(bitmap)
        pixels = ctypes.string_at(pdfium_c.FPDFBitmap_GetBuffer(bitmap), stride * size[1])
    finally:
        pdfium_c.FPDFBitmap_Destroy(bitmap)
    return Image.frombytes("RGB", size, pixels, "raw", "BGRX", stride)


def _draw(page: object, bitmap: object, size: tuple[int, int], number: int) -> None:
    end = time.process_time() + MAX_DRAW_S
    needs_pause = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(pdfium_c.IFSDK_PAUSE))(
        lambda _pause: time.process_time() > end
    )
    pause = pdfium_c.IFSDK_PAUSE(version=1, NeedToPauseNow=needs_pause, user=None)
    state = pdfium_c.FPDF_RenderPageBitmap_Start(bitmap, page, 0, 0, *size, 0, pdfium_c.FPDF_ANNOT, pause)
    pdfium_c.FPDF_RenderPage_Close(page)
    if state != pdfium_c.FPDF_RENDER_DONE:
        raise SafetyLimitExceeded(f"Drawing page {number} takes too long, so it was not compared.", unit=number)
