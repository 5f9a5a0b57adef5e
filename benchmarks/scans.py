"""Pages as a scanner sees them: known words, printed, a little askew, with noise. The same each time."""

from __future__ import annotations

import io
import random
import sys
import zlib
from typing import TYPE_CHECKING

from frame import CORPUS, PROJECT
from PIL import Image, ImageChops

if TYPE_CHECKING:
    from pathlib import Path

    import pikepdf

sys.path.insert(1, str(PROJECT / "tests"))  # pages.py and truth.py

_BLACK_BELOW = 140
FONTS = (("Times-Roman", 11), ("Helvetica", 10), ("Courier", 9))


def write_scan(
    path: Path, pages: int, *, dpi: int = 200, rows: int = 54, quality: int | None = 75, seed: int = 2
) -> list[str]:
    """Write a PDF of page images and return the text of each page.

    Args:
        path: Where to.
        pages: How many A4 pages.
        dpi: Resolution of the images.
        rows: Lines of text on a page; 54 are about 4,500 characters.
        quality: Of the JPEGs; None for black and white without loss, as a fax or an office copier writes it.
        seed: Another one gives other pages.
    """
    import pikepdf
    from pages import add_scan
    from truth import known_texts

    dice = random.Random(seed)  # noqa: S311 - the same pages every time
    words = next(known.text for known in known_texts(CORPUS) if "linn" in known.path.name).split()
    truths = []
    with pikepdf.new() as pdf:
        for number in range(pages):
            font, size = FONTS[number % 3]
            image, truth = typed_page(words, font, size, dice, dpi=dpi, rows=rows)
            if quality is None:
                _add_copy(pdf, image, dpi)
            else:
                add_scan(pdf, image, dpi=dpi, quality=quality)
            truths.append(truth)
        pdf.save(path, static_id=True)
    return truths


def _add_copy(pdf: pikepdf.Pdf, image: Image.Image, dpi: int) -> None:
    """Append a page of one bit a pixel."""
    from pages import add_page
    from pikepdf import Dictionary, Name, Stream

    bits = image.point(lambda tone: 255 * (tone > _BLACK_BELOW)).convert("1", dither=Image.Dither.NONE)
    fields = Dictionary(Type=Name.XObject, Subtype=Name.Image, Width=bits.width, Height=bits.height)
    stored = Stream(pdf, zlib.compress(bits.tobytes(), 9), fields)
    stored.ColorSpace, stored.BitsPerComponent, stored.Filter = Name.DeviceGray, 1, Name.FlateDecode
    size = (bits.width * 72 / dpi, bits.height * 72 / dpi)
    add_page(pdf, stored, size=size, matrix=(size[0], 0, 0, size[1], 0, 0))


def typed_page(
    words: list[str], font: str, size: int, dice: random.Random, *, dpi: int, rows: int
) -> tuple[Image.Image, str]:
    """Return an A4 page of words in random order, and its text."""
    import pypdfium2
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A4)
    sheet.setFont(font, size)
    lines = []
    for row in range(rows):
        line = ""
        while sheet.stringWidth(line, font, size) < 440:
            line = f"{line} {dice.choice(words)}".strip()
        lines.append(line)
        sheet.drawString(55, 790 - 14 * row, line)
    sheet.save()
    with pypdfium2.PdfDocument(out.getvalue()) as document:
        image = document[0].render(scale=dpi / 72, grayscale=True).to_pil()
    image = image.rotate(dice.uniform(-1, 1), Image.Resampling.BICUBIC, fillcolor=255)
    faded = image.point([35 + tone * 4 // 5 for tone in range(256)])
    noise = Image.frombytes("L", faded.size, _noise(faded.width * faded.height, dice))
    return ImageChops.add(faded, noise, 1, -128), "\n".join(lines)


def _noise(count: int, dice: random.Random) -> bytes:
    """Gray values around 128, about a normal distribution of width 12, from a seeded source."""
    bell = bytes(round(min(255, max(0, random.Random(step).gauss(128, 12)))) for step in range(256))  # noqa: S311
    return dice.randbytes(count).translate(bell)
