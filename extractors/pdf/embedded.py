"""A scanned page's own image, taken as it is stored instead of being drawn again.

Saves a resampling and the time of drawing, and JPEG data can be decoded straight to gray and at half size. Only where
that surely gives the same picture: one opaque image, nothing else to be seen, not clipped, not slanted. In every other
case the page is drawn (:mod:`extractors.pdf.render`).
"""

from __future__ import annotations

import ctypes
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pikepdf
import pypdfium2.raw as pdfium_c
from pikepdf import Array, Dictionary, Name
from PIL import Image

from extractors.errors import ExtractionError
from extractors.pdf.limits import PIKE_ERRORS
from extractors.pdf.pages import Rect, page_box
from extractors.raster import gray_of, open_image, reading_image, reduced, squared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.pdf.opening import OpenPdf

MAX_OBJECTS = 20_000
"""A scan with an invisible text layer has some thousand objects; pages with more are drawn."""

_SLACK = 0.01  # of the page: an image may reach over its edge or fall short of it by so much
_LEAST_SHARE = 0.5  # of the page's area; smaller images leave room for what might be missed
_UNSEEN_TEXT = (pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP)
_UNSEEN_NOTES = (pdfium_c.FPDF_ANNOT_LINK, pdfium_c.FPDF_ANNOT_POPUP, pdfium_c.FPDF_ANNOT_WIDGET)
_DIRECT_SPACES = (  # whose JPEG data shows what it holds; an indexed or a spot colour space would not
    pdfium_c.FPDF_COLORSPACE_DEVICEGRAY,
    pdfium_c.FPDF_COLORSPACE_DEVICERGB,
    pdfium_c.FPDF_COLORSPACE_CALGRAY,
    pdfium_c.FPDF_COLORSPACE_CALRGB,
    pdfium_c.FPDF_COLORSPACE_ICCBASED,
)
_FORMATS = {
    pdfium_c.FPDFBitmap_Gray: ("L", "L"),
    pdfium_c.FPDFBitmap_BGR: ("RGB", "BGR"),
    pdfium_c.FPDFBitmap_BGRx: ("RGB", "BGRX"),
}
_TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


@dataclass(frozen=True, slots=True)
class _Placed:
    """The image of a page: PDFium's object, its stored size, its matrix from the unit square to the page."""

    item: object
    width: int
    height: int
    matrix: tuple[float, float, float, float, float, float]

    @property
    def box(self) -> Rect:
        a, b, c, d, e, f = self.matrix
        return (e + min(0, a, c, a + c), f + min(0, b, d, b + d), e + max(0, a, c, a + c), f + max(0, b, d, b + d))

    @property
    def sideways(self) -> bool:
        """Its rows run up or down the page."""
        a, b, c, d, _, _ = self.matrix
        return abs(a) + abs(d) < abs(b) + abs(c)

    @property
    def level(self) -> bool:
        """It is turned by a multiple of 90 degrees, not slanted (one pixel in the length of a side is allowed)."""
        a, b, c, d, _, _ = self.matrix
        off, on = ((a, d), (b, c)) if self.sideways else ((b, c), (a, d))
        return max(map(abs, off)) * max(self.width, self.height) <= min(map(abs, on))


def embedded_image(opened: OpenPdf, page: object, index: int, *, max_pixels: int) -> tuple[Image.Image, float] | None:
    """Return the image that makes up a page, upright as displayed and gray, and its resolution.

    Args:
        opened: The document.
        page: Raw ``FPDF_PAGE``, loaded.
        index: Its index, from 0.
        max_pixels: Images with more are not decoded.

    Returns:
        Image of mode ``L`` and pixels per inch (UserUnit left aside), or None when the page has to be drawn.
    """
    placed = _only_image(page)
    if placed is None or not 0 < placed.width * placed.height <= max_pixels or not _plain(opened, index, placed):
        return None
    image = _jpeg(placed, page) or _bitmap(placed)
    if image is None:
        return None
    image, dpi = squared(image, *_resolution(placed, image))
    return _upright(image, placed, page), dpi


def _only_image(page: object) -> _Placed | None:
    """Return the only thing to be seen on a page, if that is one image."""
    count = pdfium_c.FPDFPage_CountObjects(page)
    if not 0 < count <= MAX_OBJECTS or _has_notes(page):
        return None
    found: _Placed | None = None
    covered = False  # something was drawn before the image
    for number in range(count):
        item = pdfium_c.FPDFPage_GetObject(page, number)
        kind = pdfium_c.FPDFPageObj_GetType(item)
        if kind == pdfium_c.FPDF_PAGEOBJ_IMAGE and found is None:
            found = _placed(item)
        elif kind == pdfium_c.FPDF_PAGEOBJ_IMAGE or not _unseen(item, kind):
            if found is not None:
                return None
            covered = True
    if found is None or not found.level or _clipped(found):
        return None
    share = _share(found.box, page_box(page))
    return found if share >= (1 - 4 * _SLACK if covered else _LEAST_SHARE) else None


def _placed(item: object) -> _Placed:
    width, height = ctypes.c_uint(), ctypes.c_uint()
    pdfium_c.FPDFImageObj_GetImagePixelSize(item, width, height)
    matrix = pdfium_c.FS_MATRIX()
    pdfium_c.FPDFPageObj_GetMatrix(item, matrix)
    return _Placed(item, width.value, height.value, (matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f))


def _unseen(item: object, kind: int) -> bool:
    """Tell whether an object leaves no mark: the text layer of a scan, a path that only clips."""
    if kind == pdfium_c.FPDF_PAGEOBJ_TEXT:
        return pdfium_c.FPDFTextObj_GetTextRenderMode(item) in _UNSEEN_TEXT
    if kind == pdfium_c.FPDF_PAGEOBJ_PATH:
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        pdfium_c.FPDFPath_GetDrawMode(item, fill, stroke)
        return fill.value == pdfium_c.FPDF_FILLMODE_NONE and not stroke.value
    return False


def _has_notes(page: object) -> bool:
    """Tell whether there are annotations that show. What is typed into form fields counts as native text."""
    for number in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        note = pdfium_c.FPDFPage_GetAnnot(page, number)
        kind = pdfium_c.FPDFAnnot_GetSubtype(note)
        pdfium_c.FPDFPage_CloseAnnot(note)
        if kind not in _UNSEEN_NOTES:
            return True
    return False


def _share(box: Rect, page: Rect) -> float:
    """Return the share of the page's area an image takes; 0 when it is cropped by the page."""
    wide, high = page[2] - page[0], page[3] - page[1]
    if not all(map(math.isfinite, box)):
        return 0.0
    over = max(page[0] - box[0], box[2] - page[2]) / wide, max(page[1] - box[1], box[3] - page[3]) / high
    return 0.0 if max(over) > _SLACK else (box[2] - box[0]) * (box[3] - box[1]) / (wide * high)


def _clipped(placed: _Placed) -> bool:
    """Tell whether a clipping might hide a part of the image; only rectangles around all of it surely do not."""
    clip = pdfium_c.FPDFPageObj_GetClipPath(placed.item)
    box = placed.box
    slack = _SLACK * max(box[2] - box[0], box[3] - box[1])
    for index in range(max(0, pdfium_c.FPDFClipPath_CountPaths(clip)) if clip else 0):
        points = list(_clip_points(clip, index))
        if not 4 <= len(points) <= 5:
            return True
        xs, ys = [point[0] for point in points], [point[1] for point in points]
        if (
            max(min(xs) - box[0], box[2] - max(xs), min(ys) - box[1], box[3] - max(ys)) > slack
            or len({round(x, 1) for x in xs}) > 2
            or len({round(y, 1) for y in ys}) > 2
        ):
            return True
    return False


def _clip_points(clip: object, index: int) -> Iterator[tuple[float, float]]:
    x, y = ctypes.c_float(), ctypes.c_float()
    for number in range(min(6, pdfium_c.FPDFClipPath_CountPathSegments(clip, index))):
        segment = pdfium_c.FPDFClipPath_GetPathSegment(clip, index, number)
        if pdfium_c.FPDFPathSegment_GetPoint(segment, x, y):
            yield x.value, y.value


def _plain(opened: OpenPdf, index: int, placed: _Placed) -> bool:
    """Tell whether no image of that size on the page is a stencil or has a mask, which PDFium's bitmaps leave out.

    Blend modes and soft masks of the graphics state are looked for as well.
    """
    if pdfium_c.FPDFPageObj_HasTransparency(placed.item):
        return False
    pike = opened.pike
    if pike is None or len(pike.pages) != len(opened.pdfium):
        return False
    try:
        resources = pike.pages[index].resources
        images = resources.get(Name.XObject)
        if not isinstance(images, Dictionary):
            return False  # an inline image
        alike = [
            image
            for image in images.values()
            if image.get(Name.Width) == placed.width and image.get(Name.Height) == placed.height
        ]
        masks = (Name.SMask, Name.Mask, Name.ImageMask)
        return (
            bool(alike)
            and not any(_set(image.get(key)) for image in alike for key in masks)
            and not any(_odd_decode(image) for image in alike)
        )
    except PIKE_ERRORS:
        return False


def _set(value: object) -> bool:
    return value is not None and value is not False


def _odd_decode(image: pikepdf.Object) -> bool:
    """Tell whether a /Decode array changes colours; PDFium applies it, JPEG data taken directly would miss it."""
    decode = image.get(Name.Decode)
    return isinstance(decode, Array) and any(float(value) != number % 2 for number, value in enumerate(decode))


def _jpeg(placed: _Placed, page: object) -> Image.Image | None:
    """Decode JPEG data straight to gray, at half size or less where it is huge; None where it is no plain JPEG."""
    if pdfium_c.FPDFImageObj_GetImageFilterCount(placed.item) != 1 or _filter_name(placed.item) != "DCTDecode":
        return None
    facts = pdfium_c.FPDF_IMAGEOBJ_METADATA()
    if not pdfium_c.FPDFImageObj_GetImageMetadata(placed.item, page, facts) or facts.colorspace not in _DIRECT_SPACES:
        return None
    size = pdfium_c.FPDFImageObj_GetImageDataRaw(placed.item, None, 0)
    data = ctypes.create_string_buffer(size)
    pdfium_c.FPDFImageObj_GetImageDataRaw(placed.item, data, size)
    try:
        with reading_image(placed.width * placed.height):
            image = open_image(io.BytesIO(data.raw))
            if image.size != (placed.width, placed.height) or image.mode not in ("L", "RGB"):
                return None
            return gray_of(image)
    except ExtractionError:
        return None  # PDFium, which draws broken data as far as it goes, shall decide


def _filter_name(item: object) -> str:
    name = ctypes.create_string_buffer(32)
    length = pdfium_c.FPDFImageObj_GetImageFilter(item, 0, name, 32)
    return name.raw[: max(0, length - 1)].decode("ascii", "replace") if length <= 32 else ""


def _bitmap(placed: _Placed) -> Image.Image | None:
    """Let PDFium decode the image; None when it cannot, or to something with transparency."""
    bitmap = pdfium_c.FPDFImageObj_GetBitmap(placed.item)
    if not bitmap:
        return None
    try:
        modes = _FORMATS.get(pdfium_c.FPDFBitmap_GetFormat(bitmap))
        size = (pdfium_c.FPDFBitmap_GetWidth(bitmap), pdfium_c.FPDFBitmap_GetHeight(bitmap))
        if modes is None or size != (placed.width, placed.height):
            return None
        stride = pdfium_c.FPDFBitmap_GetStride(bitmap)
        pixels = ctypes.string_at(pdfium_c.FPDFBitmap_GetBuffer(bitmap), stride * size[1])
    finally:
        pdfium_c.FPDFBitmap_Destroy(bitmap)
    return reduced(Image.frombytes(modes[0], size, pixels, "raw", modes[1], stride).convert("L"))


def _resolution(placed: _Placed, image: Image.Image) -> tuple[float, float]:
    """Return pixels per inch along the image's own rows and columns."""
    a, b, c, d, _, _ = placed.matrix
    along, down = (abs(b), abs(c)) if placed.sideways else (abs(a), abs(d))
    return image.width * 72 / along, image.height * 72 / down


def _upright(image: Image.Image, placed: _Placed, page: object) -> Image.Image:
    """Turn an image as its matrix and the page's rotation do."""
    a, b, c, d, _, _ = placed.matrix
    if placed.sideways:
        image = image.transpose(Image.Transpose.TRANSPOSE)
        mirrored, flipped = c > 0, b > 0
    else:
        mirrored, flipped = a < 0, d < 0
    if mirrored and flipped:
        image = image.transpose(Image.Transpose.ROTATE_180)
    elif mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    elif flipped:
        image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    turn = _TURNS.get(90 * pdfium_c.FPDFPage_GetRotation(page))
    return image if turn is None else image.transpose(turn)
