"""Measurements of one PDF page: size, text layer, images and what they cover. Nothing is decoded or rendered here.

Raw PDFium calls throughout: the helper classes cost twice the CPU. Lengths are points of the page's own coordinate
system (before rotation and UserUnit) unless said otherwise.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c

from extractors.pdf.objects import address_of, drawn_on, fast, text_order
from extractors.pdf.placing import KnownImages, PlacedImage, Rect

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PageMeasure", "Rect", "TextSample", "measure", "page_box", "union_share"]

_SAMPLES = 64
_FEW_SAMPLES = 32
_COLOUR_EVERY = 4  # of the sample
_FAINT_ALPHA, _WHITE = 16, 240  # of 255
_HIDING = 0.2  # smaller images hide no layer of text
_GRID = 512
_LITTLE_TEXT = 400  # with more, nobody asks whether the paths are letters
_US_LETTER: Rect = (0.0, 0.0, 612.0, 792.0)
_SPACES = frozenset(map(ord, " \t\r\n\x0b\x0c\u00a0\u2028\u2029"))
_INVISIBLE = frozenset((pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP))
_object_at = fast(pdfium_c.FPDFText_GetTextObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_unicode_at = fast(pdfium_c.FPDFText_GetUnicode, ctypes.c_uint, ctypes.c_void_p, ctypes.c_int)
_unmapped_at = fast(pdfium_c.FPDFText_HasUnicodeMapError, ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_render_mode = fast(pdfium_c.FPDFTextObj_GetTextRenderMode, ctypes.c_int, ctypes.c_void_p)
_fill_color = fast(pdfium_c.FPDFPageObj_GetFillColor, ctypes.c_int, *[ctypes.c_void_p] * 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSample:
    """A sample of a page's characters, spread evenly; white space is left out.

    Attributes:
        size: Characters looked at.
        unmapped: Of these, how many PDFium found no Unicode for.
        unseen: How many are drawn invisibly or under an image.
        pale: Whether most are white or fully transparent, so that it takes a look to know whether they show.
    """

    size: int = 0
    unmapped: int = 0
    unseen: int = 0
    pale: bool = False

    def share(self, count: int) -> float:
        """A count of this sample as a share, 0 to 1."""
        return count / self.size if self.size else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMeasure:
    """What is on a page.

    Attributes:
        box: The visible part of the page.
        width_pt: Width as displayed, after rotation, before UserUnit.
        height_pt: Height as displayed, after rotation, before UserUnit.
        rotation: 0, 90, 180 or 270 degrees clockwise.
        native_chars: Characters of the text layer without white space.
        sample: A sample of them.
        image_count: Images drawn, those inside form XObjects included.
        images: Those that show.
        coverage: Share of the page under images, overlaps counted once.
        own_coverage: The same for images that no other page draws.
        texts: Text objects.
        paths: Path objects.
        segments: Lines and curves of all paths; only counted where there is little text, else 0.
        shadings: Shading objects.
        annotations: Annotations of any kind.
        cut_short: There were more objects than are looked at.
    """

    box: Rect
    width_pt: float
    height_pt: float
    rotation: int
    native_chars: int
    sample: TextSample
    image_count: int
    images: tuple[PlacedImage, ...]
    coverage: float
    own_coverage: float
    texts: int
    paths: int
    segments: int
    shadings: int
    annotations: int
    cut_short: bool

    @property
    def empty(self) -> bool:
        """Nothing is drawn on the page."""
        drawn = self.texts or self.paths or self.image_count or self.shadings or self.annotations
        return not drawn and not self.cut_short


def measure(page: object, textpage: object | None, native_chars: int, known: KnownImages | None = None) -> PageMeasure:
    """Measure a loaded page.

    Args:
        page: Raw ``FPDF_PAGE``.
        textpage: Raw ``FPDF_TEXTPAGE`` of it; None when PDFium made none.
        native_chars: Characters of its text layer without white space.
        known: What the whole document tells of its images.
    """
    box = page_box(page)
    drawn = drawn_on(page, box, known or KnownImages(), count_segments=native_chars < _LITTLE_TEXT)
    images = tuple(drawn.images)
    coverage = union_share((image.box for image in images), box) if images else 0.0
    own = [image.box for image in images if not image.repeated]
    hiding = [image for image in images if not image.see_through] if coverage >= _HIDING else []
    return PageMeasure(
        box=box,
        width_pt=pdfium_c.FPDF_GetPageWidthF(page),
        height_pt=pdfium_c.FPDF_GetPageHeightF(page),
        rotation=90 * max(0, pdfium_c.FPDFPage_GetRotation(page)),
        native_chars=native_chars,
        sample=_sampled(page, textpage, hiding, box) if textpage else TextSample(),
        image_count=drawn.image_count,
        images=images,
        coverage=coverage,
        own_coverage=coverage if len(own) == len(images) else union_share(own, box),
        texts=drawn.texts,
        paths=drawn.paths,
        segments=drawn.segments,
        shadings=drawn.shadings,
        annotations=max(0, pdfium_c.FPDFPage_GetAnnotCount(page)),
        cut_short=drawn.cut_short,
    )


def page_box(page: object) -> Rect:
    """Return the visible part of a page; an impossible one becomes US Letter, which PDFium itself falls back to."""
    rect = pdfium_c.FS_RECTF()
    pdfium_c.FPDF_GetPageBoundingBox(page, rect)
    box = (rect.left, rect.bottom, rect.right, rect.top)
    if not all(map(math.isfinite, box)) or box[2] <= box[0] or box[3] <= box[1]:
        return _US_LETTER
    return box


def union_share(boxes: Iterable[Rect], page: Rect) -> float:
    """Return the share of ``page`` under ``boxes``, overlaps counted once, 0 to 1.

    Measured on a grid of 512 × 512 points, so it takes the same time for a logo and for a scan cut into strips, and
    strips that touch leave no gap.
    """
    left, bottom, right, top = page
    across, up = _GRID / (right - left), _GRID / (top - bottom)
    rows = [0] * _GRID
    full = (1 << _GRID) - 1
    for box in boxes:
        # a point counts when its centre is inside: first index with (i + 0.5) / scale >= edge
        x0, x1 = _grid_index((box[0] - left) * across), _grid_index((box[2] - left) * across)
        y0, y1 = _grid_index((box[1] - bottom) * up), _grid_index((box[3] - bottom) * up)
        bits = (1 << x1) - (1 << x0) if x1 > x0 else 0
        if bits == full and y1 - y0 == _GRID:
            return 1.0
        for row in range(y0, y1):
            rows[row] |= bits
    return sum(row.bit_count() for row in rows) / (_GRID * _GRID)


def _grid_index(position: float) -> int:
    return min(_GRID, max(0, math.ceil(position - 0.5)))


def _sampled(page: object, textpage: object, hiding: list[PlacedImage], box: Rect) -> TextSample:
    """Look at some characters, evenly spread over the text layer.

    Args:
        page: Raw ``FPDF_PAGE``.
        textpage: Raw ``FPDF_TEXTPAGE`` of it.
        hiding: Images that hide what is drawn before them.
        box: The visible part of the page.
    """
    total = pdfium_c.FPDFText_CountChars(textpage)
    address = address_of(textpage)
    wanted = min(total, _SAMPLES if hiding else _FEW_SAMPLES)
    order = text_order(page) if hiding else {}
    size = unmapped = unseen = pale = asked = 0
    for step in range(wanted):
        index = step * total // wanted
        item = _object_at(address, index)
        if not item or _unicode_at(address, index) in _SPACES:
            continue  # a character without an object was made up by PDFium: a space or a line end
        hidden = False
        if hiding:
            x, y = _centre(textpage, index)
            if not _inside(x, y, box):
                continue
            drawn = order.get(item, math.inf)
            hidden = any(image.after > drawn and _inside(x, y, image.box) for image in hiding)
        size += 1
        unmapped += _unmapped_at(address, index) == 1
        unseen += hidden or _render_mode(item) in _INVISIBLE
        if step % _COLOUR_EVERY == 0:
            asked += 1
            pale += _is_pale(item)
    return TextSample(size=size, unmapped=unmapped, unseen=unseen, pale=2 * pale > asked)


def _is_pale(item: int) -> bool:
    """Whether text is filled with white, or with nothing."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not _fill_color(item, *(ctypes.addressof(value) for value in (red, green, blue, alpha))):
        return False
    return alpha.value < _FAINT_ALPHA or min(red.value, green.value, blue.value) > _WHITE


def _centre(textpage: object, index: int) -> tuple[float, float]:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    pdfium_c.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
    return (left.value + right.value) / 2, (bottom.value + top.value) / 2


def _inside(x: float, y: float, box: Rect) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
