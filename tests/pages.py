"""Small PDFs and images made for the tests of rendering and OCR."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen import canvas

WORDS = (
    "Anyone who has waited for a large upload knows the moment when it fails after several minutes. "
    "This page was written for a test and says nothing else of interest to the reader of it. "
    "The quick brown fox jumps over the lazy dog while seven wizards judge boxing matches."
)


def lettered(width: int = 240, height: int = 320) -> Image.Image:
    """A gray picture that differs from each of its turned and mirrored versions."""
    image = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(image)
    pen.rectangle((width * 0.2, height * 0.1, width * 0.3, height * 0.9), fill=0)
    pen.rectangle((width * 0.2, height * 0.1, width * 0.8, height * 0.2), fill=60)
    pen.rectangle((width * 0.2, height * 0.45, width * 0.6, height * 0.55), fill=120)
    return image


def printed(text: str = WORDS, *, size: float = 11, font: str = "Times-Roman", width: int = 300) -> bytes:
    """A PDF with one page of text set in lines of at most ``width`` points, on a sheet of 420 × 300."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(420, 300), invariant=True)
    sheet.setFont(font, size)
    line, y = "", 260.0
    for word in [*text.split(), ""]:
        longer = f"{line} {word}".strip()
        if word and sheet.stringWidth(longer, font, size) <= width:
            line = longer
            continue
        sheet.drawString(50, y, line)
        line, y = word, y - 1.3 * size
    sheet.save()
    return out.getvalue()


def scanned(image: Image.Image, *, dpi: float = 150, quality: int = 90) -> bytes:
    """A PDF with one page that is a JPEG of ``image``."""
    pdf = Pdf.new()
    add_scan(pdf, image, dpi=dpi, quality=quality)
    return saved(pdf)


def add_scan(pdf: Pdf, image: Image.Image, *, dpi: float, quality: int) -> None:
    """Append a page that is a JPEG of ``image``."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    space = {"L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}[image.mode]
    stored = Stream(pdf, out.getvalue(), _image_dict(image, space, Filter=Name.DCTDecode))
    size = (image.width * 72 / dpi, image.height * 72 / dpi)
    add_page(pdf, stored, size=size, matrix=(size[0], 0, 0, size[1], 0, 0))


def stored_image(pdf: Pdf, image: Image.Image, **more: pikepdf.Object | bool | int) -> Stream:
    """An image object of uncompressed samples; ``more`` goes into its dictionary."""
    space = {"L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}[image.mode]
    return Stream(pdf, image.tobytes(), _image_dict(image, space, **more))


def add_page(
    pdf: Pdf,
    image: Stream,
    *,
    size: tuple[float, float],
    matrix: tuple[float, float, float, float, float, float],
    before: str = "",
    after: str = "",
) -> pikepdf.Page:
    """Append a page that draws ``image``, with operators before and after it."""
    numbers = " ".join(f"{number:.4f}" for number in matrix)
    content = f"{before} q {numbers} cm /Im Do Q {after}".encode()
    fonts = Dictionary(F=Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    page = Dictionary(
        Type=Name.Page,
        MediaBox=Array([0, 0, *size]),
        Resources=Dictionary(XObject=Dictionary(Im=image), Font=fonts),
        Contents=Stream(pdf, content),
    )
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    return pdf.pages[-1]


def saved(pdf: Pdf) -> bytes:
    """Bytes of a PDF."""
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def on_disk(folder: Path, data: bytes, name: str = "file") -> BinaryIO:
    """An open file with these bytes; the caller closes it."""
    path = folder / name
    path.write_bytes(data)
    return path.open("rb")


def typeset(text: str, *, size: int = 40, width: int = 1200, height: int = 300) -> Image.Image:
    """A gray picture of text in Pillow's own font, as a camera or a scanner would deliver it."""
    image = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(image)
    pen.multiline_text((40, 40), text, fill=0, font=ImageFont.load_default(size), spacing=size // 2)
    return image


def _image_dict(image: Image.Image, space: pikepdf.Object, **more: pikepdf.Object | bool | int) -> Dictionary:
    fields = {"ColorSpace": space, "BitsPerComponent": 8} | more
    if fields.get("ImageMask"):
        del fields["ColorSpace"]
    return Dictionary(Type=Name.XObject, Subtype=Name.Image, Width=image.width, Height=image.height, **fields)
