"""One image of a PDF, stored smaller: fewer pixels, stronger JPEG, gray, or black and white."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pikepdf import Array, Dictionary, Name, Object, PdfImage, Stream
from PIL import Image, ImageChops, ImageOps

from extractors.errors import ExtractionError
from extractors.pdf.cutting.objects import text_in, whole
from extractors.pdf.limits import PIKE_ERRORS
from extractors.raster import reading_image

if TYPE_CHECKING:
    import pikepdf
    from PIL.TiffImagePlugin import TiffImageFile

    from extractors.base import ShrinkStep

_KINDS = {
    "/DeviceGray": "gray", "/CalGray": "gray", "/G": "gray",
    "/DeviceRGB": "rgb", "/CalRGB": "rgb", "/RGB": "rgb",
    "/DeviceCMYK": "cmyk", "/CMYK": "cmyk",
    "/Indexed": "indexed", "/I": "indexed",
}  # fmt: skip
_BY_COMPONENTS = {1: "gray", 3: "rgb", 4: "cmyk"}
_BY_MODE = {"L": "gray", "RGB": "rgb", "CMYK": "cmyk"}
_PHOTO = {"/DCTDecode": "JPEG", "/DCT": "JPEG", "/JPXDecode": "JPEG2000"}
_SLACK = 1.1
"""Images at most this much over the wanted resolution keep their pixels: the loss would not pay."""
_INK = 150
"""Gray values up to this count as ink when black and white is made smaller: at 128 thin strokes break."""
_INVERTED_CMYK = (1, 0) * 4
_UNREADABLE = (*PIKE_ERRORS, ExtractionError, NotImplementedError, TypeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An image as it is to be stored.

    Attributes:
        data: Coded pixels.
        coding: Name of the coding.
        size: Pixels across and down.
        bits: Bits of a component.
        space: Colour space; None leaves the image's own.
        decode: What becomes of /Decode: None leaves it, empty removes it.
        black_and_white: The data are CCITT group 4.
    """

    data: bytes
    coding: str
    size: tuple[int, int]
    bits: int
    space: Object | None
    decode: tuple[int, ...] | None
    black_and_white: bool = False

    def put(self, image: Stream) -> None:
        """Store it in the place of ``image``."""
        width, height = self.size
        parameters = Dictionary(K=-1, Columns=width, Rows=height) if self.black_and_white else None
        image.write(self.data, filter=Name(self.coding), decode_parms=parameters)
        image.Width, image.Height, image.BitsPerComponent = width, height, self.bits
        if self.space is not None:
            image.ColorSpace = self.space
        if self.decode is not None and Name.Decode in image:
            del image["/Decode"]
        if self.decode:
            image.Decode = Array(self.decode)


@dataclass(frozen=True, slots=True)
class _Pixels:
    """Decoded pixels, and what is to be said of them: see :class:`Stored`."""

    image: Image.Image
    space: Object | None
    decode: tuple[int, ...] | None


def smaller(
    pdf: pikepdf.Pdf, image: Stream, inches: tuple[float, float], step: ShrinkStep, max_pixels: int
) -> Stored | None:
    """Return how to store an image in fewer bytes, or None when it has to stay as it is.

    Stencils, images masked by colour, and those whose data cannot be decoded here stay: JBIG2 among them, which needs
    another program and is small already.

    Args:
        pdf: The document the image is in.
        image: The image; it is not changed.
        inches: Width and height it is drawn at.
        step: How far to go.
        max_pixels: Images with more are not decoded.
    """
    width, height = whole(image.get(Name.Width)) or 0, whole(image.get(Name.Height)) or 0
    if not 0 < width * height <= max_pixels or not _may_change(image):
        return None
    size = wanted_size((width, height), inches, step.dpi)
    try:
        with reading_image(max_pixels):
            pixels = _decoded(pdf, image, (width, height), size, step)
            if pixels is None:
                return None
            stored = _stored(pixels, size, step)
    except _UNREADABLE:
        return None
    return stored if len(stored.data) < len(image.get_raw_stream_buffer()) else None


def wanted_size(size: tuple[int, int], inches: tuple[float, float], dpi: int) -> tuple[int, int]:
    """Return the pixels an image needs at a resolution; what it has, if that is hardly more or its size is unknown.

    Args:
        size: Pixels it has.
        inches: Size it is drawn at.
        dpi: Pixels per inch wanted.
    """
    if min(inches) <= 0:
        return size
    factor = max(inches[0] * dpi / size[0], inches[1] * dpi / size[1])
    if factor * _SLACK >= 1:
        return size
    return max(1, math.ceil(size[0] * factor)), max(1, math.ceil(size[1] * factor))


def _may_change(image: Stream) -> bool:
    stencil: object = image.get(Name.ImageMask)
    soft = image.get(Name.SMask)
    return not (
        stencil is True
        or isinstance(image.get(Name.Mask), Array)  # colours that are not drawn: no colour may change
        or (whole(image.get(Name.SMaskInData)) or 0) > 0
        or (isinstance(soft, Stream) and Name.Matte in soft)  # pixels of image and mask belong together
    )


def _filters(image: Stream) -> list[str]:
    given = image.get(Name.Filter)
    if given is None:
        return []
    return [text_in(one) for one in given] if isinstance(given, Array) else [text_in(given)]


def _kind(space: object) -> str:
    """Return what the numbers of a colour space are: ``other`` where they cannot be mixed or turned to gray here."""
    if isinstance(space, Name):
        return _KINDS.get(text_in(space), "other")
    if isinstance(space, Array) and len(space):
        if space[0] == Name.ICCBased and len(space) > 1 and isinstance(space[1], Stream):
            return _BY_COMPONENTS.get(whole(space[1].get(Name.N)) or 0, "other")
        return _KINDS.get(text_in(space[0]), "other")
    return "unknown" if space is None else "other"


def _decoded(
    pdf: pikepdf.Pdf, image: Stream, size: tuple[int, int], wanted: tuple[int, int], step: ShrinkStep
) -> _Pixels | None:
    filters = _filters(image)
    kind = _kind(image.get(Name.ColorSpace))
    if filters and filters[-1] in _PHOTO:
        return _photo(pdf, image, size, wanted, step) if kind != "indexed" else None
    if kind in {"other", "unknown"} or "/JBIG2Decode" in filters or _PHOTO.keys() & set(filters):
        return None
    decoded = PdfImage(image).as_pil_image(apply_mask=False)
    if decoded.size != size:
        return None
    space = None
    if decoded.mode in {"I;16", "I"}:
        decoded = decoded.convert("I").point(lambda value: value / 256).convert("L")
    if kind == "indexed":
        decoded = decoded.convert("RGB")
        base = image.ColorSpace[1]
        space = base if _kind(base) == "rgb" else Name.DeviceRGB
    if decoded.mode == "CMYK":
        return _Pixels(decoded, None, _INVERTED_CMYK)  # as Pillow writes it
    return _in_mode(_Pixels(decoded, space, ()), step)


def _photo(
    pdf: pikepdf.Pdf, image: Stream, size: tuple[int, int], wanted: tuple[int, int], step: ShrinkStep
) -> _Pixels | None:
    """Decode JPEG or JPEG 2000 data; of JPEG only as many pixels as are wanted."""
    coding = _PHOTO[_filters(image)[-1]]
    parameters = image.get(Name.DecodeParms)
    if isinstance(parameters, Dictionary) and Name.ColorTransform in parameters:
        return None  # Pillow decides by the markers in the data
    decoded = Image.open(io.BytesIO(_unwrapped(pdf, image)), formats=(coding,))
    kind = _kind(image.get(Name.ColorSpace))
    if decoded.size != size or _BY_MODE.get(decoded.mode) is None:
        return None
    if kind not in {"other", "unknown", _BY_MODE[decoded.mode]}:
        return None
    space = None
    if kind == "unknown":
        space = Name.DeviceRGB if decoded.mode == "RGB" else Name.DeviceGray if decoded.mode == "L" else Name.DeviceCMYK
    gray = step.mode != "keep" and (kind in {"gray", "rgb"} or (decoded.mode in {"L", "RGB"} and kind == "unknown"))
    decoded.draft("L" if gray else decoded.mode, wanted)
    decoded.load()
    pixels: Image.Image = decoded
    if not gray:
        return _Pixels(pixels, space, _INVERTED_CMYK if coding != "JPEG" and decoded.mode == "CMYK" else None)
    if coding == "JPEG" and _reversed(image.get(Name.Decode)):
        pixels = ImageOps.invert(pixels)
    return _in_mode(_Pixels(pixels, space, ()), step)


def _unwrapped(pdf: pikepdf.Pdf, image: Stream) -> bytes:
    """Return the data as the last coding made them."""
    filters, raw = _filters(image), image.read_raw_bytes()
    if len(filters) == 1:
        return raw
    inner = Stream(pdf, raw)
    inner.Filter = Array([Name(name) for name in filters[:-1]])
    return inner.read_bytes()


def _reversed(decode: object) -> bool:
    return isinstance(decode, Array) and len(decode) > 1 and float(decode[0]) > float(decode[1])


def _in_mode(pixels: _Pixels, step: ShrinkStep) -> _Pixels:
    """Bring pixels whose colours are known to the mode of the step."""
    image = pixels.image
    if image.mode == "1":
        return _Pixels(image, Name.DeviceGray, ())
    if step.mode == "keep":
        return _Pixels(image if image.mode in {"L", "RGB"} else image.convert("RGB"), pixels.space, pixels.decode)
    return _Pixels(image.convert("L"), Name.DeviceGray, ())


def _stored(pixels: _Pixels, size: tuple[int, int], step: ShrinkStep) -> Stored:
    image = pixels.image
    black_and_white = image.mode == "1"
    if image.size != size:
        image = image.convert("L") if black_and_white else image
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        if black_and_white:
            image = image.point(lambda value: 255 * (value > _INK), "1")
    if step.mode == "bilevel" and image.mode == "L":
        threshold = _otsu(image.histogram())
        image = image.point(lambda value: 255 * (value > threshold), "1")
    if image.mode == "1":
        data = group4(image)
        return Stored(
            data=data, coding="/CCITTFaxDecode", size=size, bits=1, space=Name.DeviceGray, decode=(),
            black_and_white=True,
        )  # fmt: skip
    out = io.BytesIO()
    image.save(out, "JPEG", quality=step.jpeg_quality, optimize=True)
    return Stored(data=out.getvalue(), coding="/DCTDecode", size=size, bits=8, space=pixels.space, decode=pixels.decode)


def group4(image: Image.Image) -> bytes:
    """Return the pixels of a black and white image in CCITT group 4, black as the PDF default has it."""
    out = io.BytesIO()
    # One strip, whose length is then that of the data; ink is 1 in the coder's eyes, paper the cheap colour.
    ImageChops.invert(image).save(out, "TIFF", compression="group4", tiffinfo={278: image.height})
    with Image.open(io.BytesIO(out.getvalue()), formats=("TIFF",)) as tiff:
        tags = cast("TiffImageFile", tiff).tag_v2
    offsets, lengths = tags[273], tags[279]
    if len(offsets) != 1:
        raise ValueError("TIFF in more than one strip")
    return out.getvalue()[offsets[0] : offsets[0] + lengths[0]]


def _otsu(histogram: list[int]) -> int:
    """Return the gray value that parts ink from paper best (Otsu 1979: largest variance between the classes)."""
    total = sum(histogram)
    weighted = sum(value * count for value, count in enumerate(histogram))
    below = below_weighted = 0
    best, threshold = -1.0, 127
    for value, count in enumerate(histogram):
        below += count
        below_weighted += value * count
        above = total - below
        if not below or not above:
            continue
        spread = below * above * (below_weighted / below - (weighted - below_weighted) / above) ** 2
        if spread > best:
            best, threshold = spread, value
    return threshold
