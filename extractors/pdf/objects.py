"""What a PDF page draws, object by object, those inside form XObjects included; nothing is decoded."""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c

from extractors.pdf.placing import IDENTITY, matrix_of, placed, showing_part, times

if TYPE_CHECKING:
    from collections.abc import Callable

    from extractors.pdf.placing import KnownImages, Matrix, PlacedImage, Rect

MAX_OBJECTS = 200_000
"""Objects of a page that are looked at; a page of dense text has a few thousand."""
MAX_IMAGES = 10_000
"""Images of a page that are measured; more are only counted."""
MAX_FORM_DEPTH = 12
"""Form XObjects inside form XObjects that are followed."""


@dataclass(slots=True)
class Drawn:
    """What a page draws.

    Attributes:
        texts: Text objects.
        paths: Path objects.
        segments: Lines and curves of all paths, where they were asked for.
        shadings: Shadings.
        image_count: Images, whether they show or not.
        images: Images that show, at most :data:`MAX_IMAGES`.
        seen: Objects looked at.
        cut_short: There were more than :data:`MAX_OBJECTS`.
    """

    texts: int = 0
    paths: int = 0
    segments: int = 0
    shadings: int = 0
    image_count: int = 0
    images: list[PlacedImage] = field(default_factory=list)
    seen: int = 0
    cut_short: bool = False


def drawn_on(page: object, box: Rect, known: KnownImages, *, count_segments: bool) -> Drawn:
    """Look at every object of a page, those inside form XObjects included.

    Args:
        page: Raw ``FPDF_PAGE``.
        box: The visible part of the page.
        known: What the whole document tells of its images.
        count_segments: Whether to count the segments of paths, which takes a call for each path.
    """
    drawn = Drawn()
    _look_at(_Holder.of_page(page), _Search(box, known, count_segments), drawn)
    drawn.cut_short = drawn.seen >= MAX_OBJECTS
    return drawn


def text_order(page: object) -> dict[int, int]:
    """Return the number of text objects drawn before each text object, by its address."""
    order: dict[int, int] = {}
    _number_texts(_Holder.of_page(page), order)
    return order


def address_of(item: object) -> int:
    """Return the address of a raw object (what its handle points to); 0 for none."""
    return ctypes.cast(item, ctypes.c_void_p).value or 0  # type: ignore[arg-type]  # raw handles are ctypes pointers


def fast(function: object, result: type | None, *arguments: type) -> Callable[..., int]:
    """Return a C function with plain addresses for handles, called with the lock of the interpreter held.

    For calls that only read a field of an object or character, of which a page takes hundreds: they cost half as much.
    """
    return ctypes.PYFUNCTYPE(result, *arguments)(address_of(function))


_item_on_page = fast(pdfium_c.FPDFPage_GetObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
_item_in_form = fast(pdfium_c.FPDFFormObj_GetObject, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ulong)
_type_of = fast(pdfium_c.FPDFPageObj_GetType, ctypes.c_int, ctypes.c_void_p)
_SPECIAL = re.compile(
    b"[%c%c%c]" % (pdfium_c.FPDF_PAGEOBJ_IMAGE, pdfium_c.FPDF_PAGEOBJ_SHADING, pdfium_c.FPDF_PAGEOBJ_FORM)
)
_TEXT = bytes((pdfium_c.FPDF_PAGEOBJ_TEXT,))
_PATH = bytes((pdfium_c.FPDF_PAGEOBJ_PATH,))


@dataclass(frozen=True, slots=True)
class _Holder:
    """A page, or a form drawn on it.

    Attributes:
        items: Addresses of its objects in drawing order.
        kinds: Their types, a byte each.
        to_page: From its coordinates to those of the page.
        depth: Forms around it.
    """

    items: list[int]
    kinds: bytes
    to_page: Matrix
    depth: int

    @classmethod
    def of_page(cls, page: object) -> _Holder:
        """Return the objects of a page."""
        count = min(MAX_OBJECTS, max(0, pdfium_c.FPDFPage_CountObjects(page)))
        items = list(map(_item_on_page, repeat(address_of(page), count), range(count)))
        return cls(items, bytes(map(_type_of, items)), IDENTITY, 0)

    def form(self, index: int, most: int) -> _Holder:
        """Return at most ``most`` objects of the form at an index; none where forms are nested too deep."""
        raw = _handle(self.items[index])
        count = min(most, max(0, pdfium_c.FPDFFormObj_CountObjects(raw))) if self.depth < MAX_FORM_DEPTH else 0
        items = list(map(_item_in_form, repeat(self.items[index], count), range(count)))
        return _Holder(items, bytes(map(_type_of, items)), times(matrix_of(raw), self.to_page), self.depth + 1)


@dataclass(frozen=True, slots=True)
class _Search:
    """What is looked for on a page; see :func:`drawn_on`."""

    box: Rect
    known: KnownImages
    count_segments: bool


def _look_at(holder: _Holder, search: _Search, drawn: Drawn) -> None:
    """Count the objects of a page or form, and measure its images."""
    kinds = holder.kinds
    drawn.seen += len(kinds)
    drawn.paths += kinds.count(_PATH)
    if search.count_segments:
        paths = (item for item, kind in zip(holder.items, kinds, strict=True) if kind == _PATH[0])
        drawn.segments += sum(max(0, pdfium_c.FPDFPath_CountSegments(_handle(path))) for path in paths)
    done = 0
    for special in _SPECIAL.finditer(kinds):
        index = special.start()
        drawn.texts += kinds.count(_TEXT, done, index)
        done = index
        if kinds[index] == pdfium_c.FPDF_PAGEOBJ_FORM:
            _look_at(holder.form(index, MAX_OBJECTS - drawn.seen), search, drawn)
        elif kinds[index] == pdfium_c.FPDF_PAGEOBJ_SHADING:
            drawn.shadings += 1
        else:
            _look_at_image(_handle(holder.items[index]), holder.to_page, search, drawn)
    drawn.texts += kinds.count(_TEXT, done)


def _look_at_image(item: object, to_page: Matrix, search: _Search, drawn: Drawn) -> None:
    drawn.image_count += 1
    box = showing_part(item, to_page, search.box) if len(drawn.images) < MAX_IMAGES else None
    if box is not None:
        drawn.images.append(placed(item, box, search.known, drawn.texts))


def _number_texts(holder: _Holder, order: dict[int, int]) -> None:
    for index, kind in enumerate(holder.kinds):
        if kind == _TEXT[0]:
            order[holder.items[index]] = len(order)
        elif kind == pdfium_c.FPDF_PAGEOBJ_FORM:
            _number_texts(holder.form(index, MAX_OBJECTS - len(order)), order)


def _handle(address: int) -> object:
    """Return the raw handle of an object at an address."""
    return ctypes.cast(address, pdfium_c.FPDF_PAGEOBJECT)
