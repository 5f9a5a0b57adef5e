"""Drawing a PDF page in gray, for as long as it may take."""

from __future__ import annotations

import ctypes
import time

import pypdfium2.raw as pdfium_c
from PIL import Image


def draw_gray(page: object, size: tuple[int, int], *, max_s: float) -> Image.Image | None:
    """Draw a page with its annotations on white.

    Drawn step by step, so that a page of millions of paths can be given up. A single huge image is one step.

    Args:
        page: Raw ``FPDF_PAGE``.
        size: Width and height in pixels of the whole page.
        max_s: Seconds of CPU it may take.

    Returns:
        Image of mode ``L``, or None when PDFium fails.

    Raises:
        TimeoutError: It took longer.
        MemoryError: There is no memory for the pixels.
    """
    bitmap = pdfium_c.FPDFBitmap_CreateEx(*size, pdfium_c.FPDFBitmap_Gray, None, 0)
    if not bitmap:
        raise MemoryError(f"{size[0]} x {size[1]} pixels")
    try:
        pdfium_c.FPDFBitmap_FillRect(bitmap, 0, 0, *size, 0xFFFFFFFF)
        state = _draw(page, bitmap, size, time.process_time() + max_s)
        if state == pdfium_c.FPDF_RENDER_TOBECONTINUED:
            raise TimeoutError(f"not drawn within {max_s:g} s of CPU")
        if state != pdfium_c.FPDF_RENDER_DONE:
            return None
        stride = pdfium_c.FPDFBitmap_GetStride(bitmap)
        pixels = ctypes.string_at(pdfium_c.FPDFBitmap_GetBuffer(bitmap), stride * size[1])
    finally:
        pdfium_c.FPDFBitmap_Destroy(bitmap)
    return Image.frombytes("L", size, pixels, "raw", "L", stride)


def _draw(page: object, bitmap: object, size: tuple[int, int], end: float) -> int:
    """Draw until done or until this process has used ``end`` seconds of CPU; return PDFium's state."""
    needs_pause = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(pdfium_c.IFSDK_PAUSE))(
        lambda _pause: time.process_time() > end
    )
    pause = pdfium_c.IFSDK_PAUSE(version=1, NeedToPauseNow=needs_pause, user=None)
    flags = pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_GRAYSCALE
    state: int = pdfium_c.FPDF_RenderPageBitmap_Start(bitmap, page, 0, 0, *size, 0, flags, pause)
    pdfium_c.FPDF_RenderPage_Close(page)
    return state
