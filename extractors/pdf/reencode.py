"""One image of a PDF, stored smaller: fewer pixels, stronger JPEG, gray, or black and white."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pikepdf import Array, Dictionary, Name, Object, PdfImage, Stream, String
from PIL import Image, ImageOps

from extractors.errors import ExtractionError
from extractors.pdf.cutting.objects import text_in, whole
from extractors.pdf.limits import PIKE_ERRORS, room_to_unpack
from extractors.raster import reading_image
from extractors.tones import INK, LEAST_BILEVEL_DPI, black_and_white, group4, thresholded, two_tones

if TYPE_CHECKING:
    import pikepdf
    from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

    from extractors.base import ShrinkStep

_KINDS = {
    "/DeviceGray": "gray", "/CalGray": "gray", "/G": "gray",
    "/DeviceRGB": "rgb", "/CalRGB": "rgb", "/RGB": "rgb",
    "/DeviceCMYK": "cmyk", "/CMYK": "cmyk",
    "/Indexed": "indexed", "/I": "indexed",
}  # fmt: skip
_BY_COMPONENTS = {1: "gray", 3: "rgb", 4: "cmyk"}
_COMPONENTS = {"gray": 1, "indexed": 1, "rgb": 3, "cmyk": 4}
_BY_MODE = {"L": "gray", "RGB": "rgb", "CMYK": "cmyk"}
_PHOTO = {"/DCTDecode": "JPEG", "/DCT": "JPEG", "/JPXDecode": "JPEG2000"}
_SLACK = 1.1
"""Images at most this much over the wanted resolution keep their pixels: the loss would not pay."""
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
class Left:
    """An image that stays as it is.

    Attributes:
        why: What it is that is not made smaller; empty where it is small enough already.
    """

    why: str = ""


@dataclass(frozen=True, slots=True)
class _Pixels:
    """Decoded pixels, and what is to be said of them: see :class:`Stored`."""

    image: Image.Image
    space: Object | None
    decode: tuple[int, ...] | None


def smaller(
    pdf: pikepdf.Pdf, image: Stream, inches: tuple[float, float], step: ShrinkStep, max_pixels: int
) -> Stored | Left:
    """Return how to store an image in fewer bytes, or why it stays as it is.

    Stencils, images masked by colour, and those whose data cannot be decoded here stay: JBIG2 among them, which needs
    another program and is small already.

    Args:
        pdf: The document the image is in.
        image: The image; it is not changed.
        inches: Width and height it is drawn at.
        step: How far to go.
        max_pixels: Images with more are not decoded.
    """
    size = (whole(image.get(Name.Width)) or 0, whole(image.get(Name.Height)) or 0)
    if size[0] * size[1] > max_pixels:
        return Left(f"more than {max_pixels / 1e6:,.0f} million pixels")
    why = _fixed(image) if min(size) > 0 else "no size"
    if why:
        return Left(why)
    wanted = wanted_size(size, inches, step.dpi)
    try:
        with reading_image(max_pixels), room_to_unpack(_unpacked(image, size)):
            pixels = _decoded(pdf, image, size, wanted, step)
            if pixels is None:
                return Left("a colour space or coding that is not decoded")
            if pixels.image.mode == "1":
                wanted = wanted_size(size, inches, max(step.dpi, LEAST_BILEVEL_DPI))
            stored = _stored(pixels, wanted, step)
    except _UNREADABLE:
        return Left("data that cannot be decoded")
    return stored if len(stored.data) < len(image.get_raw_stream_buffer()) else Left()


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


def _unpacked(image: Stream, size: tuple[int, int]) -> int:
    """Return the bytes that the pixels of an image take, with the byte a line that a predictor needs."""
    components = _COMPONENTS.get(_kind(image.get(Name.ColorSpace)), 4)
    bits = whole(image.get(Name.BitsPerComponent)) or 8
    return size[1] * (-(-size[0] * components * bits // 8) + 1)


def _fixed(image: Stream) -> str:
    """Return what about an image forbids any change of its pixels; empty where nothing does."""
    stencil: object = image.get(Name.ImageMask)
    soft = image.get(Name.SMask)
    if stencil is True:
        return "a stencil"
    if isinstance(image.get(Name.Mask), Array):  # colours that are not drawn: no colour may change
        return "masked by its colours"
    if (whole(image.get(Name.SMaskInData)) or 0) > 0 or (isinstance(soft, Stream) and Name.Matte in soft):
        return "mixed with its mask"
    return "JBIG2" if "/JBIG2Decode" in _filters(image) else ""


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
    if coding == "JPEG2000":
        cast("Jpeg2KImageFile", decoded).reduce = _halvings(size, wanted)
    decoded.draft("L" if gray else decoded.mode, wanted)
    decoded.load()
    pixels: Image.Image = decoded
    if not gray:
        return _Pixels(pixels, space, _INVERTED_CMYK if coding != "JPEG" and decoded.mode == "CMYK" else None)
    if coding == "JPEG" and _reversed(image.get(Name.Decode)):
        pixels = ImageOps.invert(pixels)
    return _in_mode(_Pixels(pixels, space, ()), step)


def _halvings(size: tuple[int, int], wanted: tuple[int, int]) -> int:
    """Return how often an image can be halved before it has fewer pixels than wanted; JPEG 2000 decodes such halves."""
    return max(0, int(math.log2(min(size[0] / wanted[0], size[1] / wanted[1]))))


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
    bits = black_and_white(image)
    if bits is not None:
        return _Pixels(bits, Name.DeviceGray, ())
    if step.mode == "keep":
        return _Pixels(image if image.mode in {"L", "RGB"} else image.convert("RGB"), pixels.space, pixels.decode)
    return _Pixels(image.convert("L"), Name.DeviceGray, ())


def _stored(pixels: _Pixels, size: tuple[int, int], step: ShrinkStep) -> Stored:
    image = pixels.image
    was_bits = image.mode == "1"
    if image.size != size:
        image = image.convert("L") if was_bits else image
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    if was_bits:
        return _in_bits(image if image.mode == "1" else thresholded(image, INK), Name.DeviceGray)
    tones = two_tones(image) if step.mode == "bilevel" and image.mode == "L" else None
    if tones is not None:
        palette = Array([Name.Indexed, Name.DeviceGray, 1, String(bytes((tones.ink, tones.paper)))])
        return _in_bits(tones.bits, palette)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=step.jpeg_quality, optimize=True)
    return Stored(data=out.getvalue(), coding="/DCTDecode", size=size, bits=8, space=pixels.space, decode=pixels.decode)


def _in_bits(bits: Image.Image, space: Object) -> Stored:
    return Stored(
        data=group4(bits),
        coding="/CCITTFaxDecode",
        size=bits.size,
        bits=1,
        space=space,
        decode=(),
        black_and_white=True,
    )
