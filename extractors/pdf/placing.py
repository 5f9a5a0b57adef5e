"""Where the images of a PDF page stand. Raw PDFium calls; nothing is decoded.

Lengths are points of the page's own coordinate system, before rotation and UserUnit.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pypdfium2.raw as pdfium_c

if TYPE_CHECKING:
    from collections.abc import Container

Rect = tuple[float, float, float, float]
"""Left, bottom, right, top."""
Matrix = tuple[float, float, float, float, float, float]
"""a to f as in ISO 32000-2, 8.3.3."""
ImageKey = tuple[int, int, int]
"""Width, height and stored bytes: tells one stored image from another without reading it."""

_MAX_CLIPS = 8
_MAX_CLIP_SEGMENTS = 32
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_UNIT: Rect = (0.0, 0.0, 1.0, 1.0)  # images are drawn into this square
_EVERYTHING: Rect = (-math.inf, -math.inf, math.inf, math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownImages:
    """What the whole document tells of its images.

    Attributes:
        see_through: Those with a mask or transparency.
        repeated: Those that several pages draw.
        bilevel: Those of one bit a pixel.
    """

    see_through: Container[ImageKey] = frozenset()
    repeated: Container[ImageKey] = frozenset()
    bilevel: Container[ImageKey] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedImage:
    """One image where it is drawn.

    Attributes:
        box: Its visible part: its bounds within its clipping and the page.
        key: Stored width, height and (compressed) bytes.
        after: Text objects drawn before it.
        see_through: It has a mask or transparency, so that what is drawn below it still shows.
        repeated: Other pages draw it too: it is a background or a logo, not this page's content.
        bilevel: It has one bit a pixel.
    """

    box: Rect
    key: ImageKey
    after: int
    see_through: bool
    repeated: bool
    bilevel: bool

    @property
    def colour_pixels(self) -> int:
        """Pixels, those of bilevel images counted by the memory they take beside pixels of 24 bits."""
        pixels = self.key[0] * self.key[1]
        return pixels // 24 if self.bilevel else pixels


def showing_part(item: object, to_page: Matrix, page: Rect) -> Rect | None:
    """Return the part of an image that is on the page; None when there is none."""
    box = _within(_bounds(_UNIT, times(matrix_of(item), to_page)), page)
    clip = _clip_of(item)
    if clip is not None:
        box = _within(box, _bounds(clip, to_page))
    return box if box[2] > box[0] and box[3] > box[1] else None


def placed(item: object, box: Rect, known: KnownImages, after: int) -> PlacedImage:
    """Return what is known of an image without reading it.

    Args:
        item: Raw image object.
        box: The part of it that shows.
        known: What the whole document tells of its images.
        after: Text objects drawn before it.
    """
    width, height = ctypes.c_uint(), ctypes.c_uint()
    pdfium_c.FPDFImageObj_GetImagePixelSize(item, width, height)
    key = (width.value, height.value, pdfium_c.FPDFImageObj_GetImageDataRaw(item, None, 0))
    return PlacedImage(
        box=box,
        key=key,
        after=after,
        see_through=key in known.see_through,
        repeated=key in known.repeated,
        bilevel=key in known.bilevel,
    )


def matrix_of(item: object) -> Matrix:
    """Return the matrix of a raw object, to the coordinates of what holds it."""
    matrix = pdfium_c.FS_MATRIX()
    pdfium_c.FPDFPageObj_GetMatrix(item, matrix)
    return (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f)


def _clip_of(item: object) -> Rect | None:
    """Return the bounds of what an object is clipped to, in the coordinates of its holder; None when it is not.

    Only simple clippings are measured (a few short paths, as cropped pictures have them); others are left aside.
    """
    clip = pdfium_c.FPDFPageObj_GetClipPath(item)
    count = pdfium_c.FPDFClipPath_CountPaths(clip) if clip else 0
    if not 0 < count <= _MAX_CLIPS:
        return None
    box = _EVERYTHING
    for index in range(count):
        points = _clip_points(clip, index)
        if points:
            xs, ys = zip(*points, strict=True)
            box = _within(box, (min(xs), min(ys), max(xs), max(ys)))
    return None if box == _EVERYTHING else box


def _clip_points(clip: object, index: int) -> list[tuple[float, float]]:
    segments = pdfium_c.FPDFClipPath_CountPathSegments(clip, index)
    points: list[tuple[float, float]] = []
    x, y = ctypes.c_float(), ctypes.c_float()
    for number in range(segments if segments <= _MAX_CLIP_SEGMENTS else 0):
        if pdfium_c.FPDFPathSegment_GetPoint(pdfium_c.FPDFClipPath_GetPathSegment(clip, index, number), x, y):
            points += [(x.value, y.value)]
    return points


def times(first: Matrix, then: Matrix) -> Matrix:
    """Return the matrix that applies ``first`` and then ``then``."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _bounds(rect: Rect, matrix: Matrix) -> Rect:
    """Return the upright bounds of a rectangle after a matrix."""
    a, b, c, d, e, f = matrix
    xs = [x * a + y * c + e for x in rect[::2] for y in rect[1::2]]
    ys = [x * b + y * d + f for x in rect[::2] for y in rect[1::2]]
    return (min(xs), min(ys), max(xs), max(ys))


def _within(box: Rect, outer: Rect) -> Rect:
    return (max(box[0], outer[0]), max(box[1], outer[1]), min(box[2], outer[2]), min(box[3], outer[3]))
