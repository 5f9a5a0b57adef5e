"""A small gray rendering of a page, and what it shows."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, cast

import pypdfium2.raw as pdfium_c

from extractors.ink import FAINTEST
from extractors.pdf.drawing import draw_gray
from extractors.pixels import LONGEST_PX, look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

    from extractors.ink import Box
    from extractors.pdf.placing import Rect
    from extractors.pixels import PixelLook

DPI = 100.0
"""Enough to tell lines of 6-point type; recognition needs more."""
DPI_BESIDE_TEXT = 72.0
"""For pages of text that are no bitmap pages: only a block of missing text has to be found."""
SHORTEST_PX = 800
"""Small pages (labels, slides measured in pixels) are drawn larger, so that their type has some pixels."""
MAX_KNOWN = 20_000
"""Stretches of text that are blotted out; a dense page has a few hundred."""
MAX_ANNOTATIONS = 1_000
MAX_DRAW_S = 5.0
"""Seconds of CPU for drawing one page (looked at between objects); an ordinary one takes 0.01 to 0.1."""

_POINTS = 72.0
_LOOKED_AT = 200
_SHOWN = 0.2
_WRITTEN = frozenset((pdfium_c.FPDF_ANNOT_WIDGET, pdfium_c.FPDF_ANNOT_FREETEXT, pdfium_c.FPDF_ANNOT_STAMP))
_MOST_OF_PAGE = 0.5  # an annotation larger than this is not one field or note, and may hide the page's own text


def peek(page: object, textpage: object | None, *, annotated: bool, dpi: float = DPI) -> PixelLook | None:
    """Draw a page with its annotations, small, and look at it; None when it cannot be drawn.

    Args:
        page: Raw ``FPDF_PAGE``.
        textpage: Raw ``FPDF_TEXTPAGE``: text it knows is blotted out. None: look at everything.
        annotated: Text of form fields, text boxes and stamps is known too.
        dpi: Resolution, where the size of the page allows it.
    """
    image = small_gray(page, dpi)
    if image is None:
        return None
    rects = [*(_text_rects(textpage) if textpage else ()), *(_annotation_rects(page) if annotated else ())]
    return look(image, _on_display(page, rects, image.size))


def text_shows(page: object, textpage: object) -> bool:
    """Whether the text of a page is to be seen: its stretches are not of one tone. True where it cannot be drawn."""
    image = small_gray(page)
    if image is None:
        return True
    rects = list(_text_rects(textpage))
    boxes = _on_display(page, rects[:: max(1, len(rects) // _LOOKED_AT)], image.size)
    shown = 0
    for left, top, right, bottom in boxes:
        box = (
            int(left * image.width),
            int(top * image.height),
            int(right * image.width) + 1,
            int(bottom * image.height) + 1,
        )
        darkest, lightest = cast("tuple[int, int]", image.crop(box).getextrema())
        shown += lightest - darkest >= FAINTEST
    return shown > _SHOWN * len(boxes)


def small_gray(page: object, dpi: float = DPI) -> Image.Image | None:
    """Return the page as displayed, 8-bit gray, its longest side 800 to 1600 pixels whatever its size in points.

    None when PDFium fails, or has not finished after :data:`MAX_DRAW_S` seconds.
    """
    width, height = pdfium_c.FPDF_GetPageWidthF(page), pdfium_c.FPDF_GetPageHeightF(page)
    longest = min(float(LONGEST_PX), max(float(SHORTEST_PX), max(width, height) * dpi / _POINTS))
    scale = longest / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    try:
        return draw_gray(page, size, max_s=MAX_DRAW_S)
    except (TimeoutError, MemoryError):
        return None


def _text_rects(textpage: object) -> Iterator[Rect]:
    """Where the text of the text layer stands."""
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    for index in range(min(MAX_KNOWN, pdfium_c.FPDFText_CountRects(textpage, 0, -1))):
        pdfium_c.FPDFText_GetRect(textpage, index, left, top, right, bottom)
        yield (left.value, bottom.value, right.value, top.value)


def _annotation_rects(page: object) -> Iterator[Rect]:
    """Where annotations stand whose text is known: form fields, text boxes, stamps."""
    area = pdfium_c.FPDF_GetPageWidthF(page) * pdfium_c.FPDF_GetPageHeightF(page)
    rect = pdfium_c.FS_RECTF()
    for index in range(min(MAX_ANNOTATIONS, pdfium_c.FPDFPage_GetAnnotCount(page))):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        written = pdfium_c.FPDFAnnot_GetSubtype(annotation) in _WRITTEN
        known = written and pdfium_c.FPDFAnnot_GetRect(annotation, rect)
        pdfium_c.FPDFPage_CloseAnnot(annotation)
        if known and abs((rect.right - rect.left) * (rect.top - rect.bottom)) < _MOST_OF_PAGE * area:
            yield (rect.left, rect.bottom, rect.right, rect.top)


def _on_display(page: object, rects: list[Rect], size: tuple[int, int]) -> list[Box]:
    """Turn rectangles of the page's coordinates into shares of the displayed page."""
    width, height = size
    x, y = ctypes.c_int(), ctypes.c_int()
    boxes: list[Box] = []
    for left, bottom, right, top in rects:
        pdfium_c.FPDF_PageToDevice(page, 0, 0, width, height, 0, left, top, x, y)
        x0, y0 = x.value / width, y.value / height
        pdfium_c.FPDF_PageToDevice(page, 0, 0, width, height, 0, right, bottom, x, y)
        x1, y1 = x.value / width, y.value / height
        boxes.append((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))
    return boxes
