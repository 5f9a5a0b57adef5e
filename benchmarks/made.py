"""Large documents made for the benchmarks; the same each time."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WORDS = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore".split()  # noqa: SIM905


def born_digital(path: Path, pages: int = 1000) -> None:
    """Make a document with everything that hangs together across pages."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen import canvas

    rng = random.Random(7)  # noqa: S311
    picture = ImageReader(Image.frombytes("RGB", (300, 300), rng.randbytes(270_000)))
    sheet = canvas.Canvas(str(path), pagesize=(595, 842), pageCompression=1, invariant=1)
    for number in range(1, pages + 1):
        sheet.bookmarkPage(f"p{number}")
        if number % 5 == 1:
            sheet.addOutlineEntry(f"Section at {number}", f"p{number}", 0 if number % 50 == 1 else 1)
        sheet.setFont("Times-Roman", 10)
        for row in range(45):
            sheet.drawString(72, 760 - 14 * row, " ".join(rng.choice(WORDS) for _ in range(12)))
        sheet.drawImage(picture, 450, 30, 100, 100)
        sheet.linkRect("", f"p{rng.randint(1, pages)}", (72, 60, 172, 80))
        sheet.linkRect("", f"p{min(number + 1, pages)}", (72, 30, 172, 50))
        sheet.linkURL(f"https://example.org/{number}", (200, 30, 300, 50))
        if number % 50 == 0:
            sheet.acroForm.textfield(name=f"f{number}", x=310, y=30, width=100, height=20, value=f"v{number}")
        sheet.showPage()
    sheet.save()


def paper_scan(path: Path, pages: int) -> None:
    """Make a document of scanned pages, each a JPEG of 680 kB: printed lines on grainy paper at 200 dpi."""
    import pikepdf
    from pikepdf import Dictionary, Name, Stream
    from PIL import Image, ImageDraw, ImageFont

    rng = random.Random(5)  # noqa: S311
    font = ImageFont.load_default(26)
    width, height = 1654, 2339
    kept = []
    for _ in range(12):
        sheet = Image.frombytes("L", (width, height), rng.randbytes(width * height)).point(
            lambda value: 238 + value // 18
        )
        draw = ImageDraw.Draw(sheet)
        for row in range(50):
            draw.text((120, 120 + row * 42), " ".join(rng.choice(WORDS) for _ in range(14)), fill=20, font=font)
        out = io.BytesIO()
        sheet.save(out, "JPEG", quality=82)
        kept.append(out.getvalue())
    pdf = pikepdf.new()
    for number in range(pages):
        note = b"page %d" % number  # a comment makes each picture one of its own
        jpeg = kept[number % len(kept)]
        data = jpeg[:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + jpeg[2:]
        image = Stream(pdf, data, Subtype=Name.Image, Width=width, Height=height, BitsPerComponent=8)
        image.ColorSpace, image.Filter = Name.DeviceGray, Name.DCTDecode
        page = pdf.add_blank_page(page_size=(595, 842))
        page.obj.Resources = Dictionary(XObject=Dictionary(Im0=image))
        page.obj.Contents = pdf.make_stream(b"q 595 0 0 842 0 0 cm /Im0 Do Q")
    pdf.save(path, static_id=True)


def shared_resources(path: Path, pages: int = 500) -> None:
    """Make a document whose pages all have one dictionary with the pictures of all of them."""
    import pikepdf
    from pikepdf import Dictionary, Name

    rng = random.Random(9)  # noqa: S311
    pdf = pikepdf.new()
    images = Dictionary()
    for number in range(pages):
        image = pdf.make_stream(rng.randbytes(40_000))
        image.update(Dictionary(Type=Name.XObject, Subtype=Name.Image, Width=200, Height=200, BitsPerComponent=8))
        image.ColorSpace = Name.DeviceGray
        images[f"/Im{number}"] = image
    resources = pdf.make_indirect(Dictionary(XObject=images))
    for number in range(pages):
        page = pdf.add_blank_page(page_size=(595, 842))
        page.obj.Resources = resources
        page.obj.Contents = pdf.make_stream(b"q 200 0 0 200 100 400 cm /Im%d Do Q" % number)
    pdf.save(path, static_id=True)


def pictured_docx(path: Path, pictures: int = 500) -> None:
    """Make a DOCX of that many paragraphs with a picture each."""
    import docx
    from PIL import Image

    rng = random.Random(2)  # noqa: S311
    document = docx.Document()
    for number in range(pictures):
        document.add_paragraph(f"{number} " + " ".join(rng.choice(WORDS) for _ in range(40)))
        out = io.BytesIO()
        Image.frombytes("L", (240, 240), rng.randbytes(240 * 240)).save(out, "JPEG", quality=80)
        document.add_picture(io.BytesIO(out.getvalue()))
    document.save(str(path))
