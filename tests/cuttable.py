"""Documents made for tests of splitting: small PDFs with known pages, scans as large as wanted, long texts."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import pikepdf
from pikepdf import Dictionary, Name
from PIL import Image
from reportlab.pdfgen import canvas

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WORDS = """harbour ledger window copper meadow signal orchard lantern bridge winter paper engine garden market silver
river candle mountain letter valley sailor thunder pocket mirror basket hammer needle saddle kettle"""
WORDS = tuple(_WORDS.split())


def words(seed: int, count: int) -> str:
    """The same words for the same seed."""
    chosen = random.Random(seed)
    return " ".join(chosen.choice(WORDS) for _ in range(count))


def make_pdf(path: Path, lines: Sequence[int], *, chapters: int = 0, seed: int = 0) -> Path:
    """Write a born-digital PDF with so many lines of text on each page, and a chapter every so many pages."""
    page = canvas.Canvas(str(path), pagesize=(595, 842), invariant=1)
    for number, count in enumerate(lines, start=1):
        if chapters and (number - 1) % chapters == 0:
            page.bookmarkPage(f"c{number}")
            page.addOutlineEntry(f"Chapter {(number - 1) // chapters + 1}", f"c{number}", 0)
        page.setFont("Helvetica", 10)
        page.drawString(72, 790, f"Page {number} of this document, marked {seed}-{number}")
        for line in range(count):
            page.drawString(72, 770 - 14 * line, words(seed * 100_000 + number * 100 + line, 10))
        page.showPage()
    page.save()
    return path


def noisy_jpeg(side_px: int, *, seed: int = 0, quality: int = 90, gray: bool = True) -> bytes:
    """A picture that does not compress well."""
    chosen = random.Random(seed)
    mode = "L" if gray else "RGB"
    data = chosen.randbytes(side_px * side_px * (1 if gray else 3))
    out = io.BytesIO()
    Image.frombytes(mode, (side_px, side_px), data).save(out, "JPEG", quality=quality)
    return out.getvalue()


def make_album(path: Path, pages: int, side_px: int = 200) -> Path:
    """Write a PDF whose pages all name every picture in one dictionary, and draw one of them each."""
    with pikepdf.new() as pdf:
        pictures = Dictionary()
        for number in range(pages):
            image = pdf.make_stream(noisy_jpeg(side_px, seed=number))
            image.update(
                Dictionary(
                    Type=Name.XObject,
                    Subtype=Name.Image,
                    Width=side_px,
                    Height=side_px,
                    ColorSpace=Name.DeviceGray,
                    BitsPerComponent=8,
                    Filter=Name.DCTDecode,
                )
            )
            pictures[f"/Im{number}"] = image
        shared = pdf.make_indirect(Dictionary(XObject=pictures))
        for number in range(pages):
            pdf.add_blank_page(page_size=(432, 432))
            pdf.pages[-1].Resources = shared
            pdf.pages[-1].Contents = pdf.make_stream(b"q 432 0 0 432 0 0 cm /Im%d Do Q" % number)
        pdf.save(path, static_id=True)
    return path


def make_scan(path: Path, sizes_px: Sequence[int], *, encrypt: pikepdf.Encryption | None = None) -> Path:
    """Write a PDF whose pages are pictures so many pixels wide, on a square of six inches."""
    with pikepdf.new() as pdf:
        for number, side in enumerate(sizes_px):
            image = pdf.make_stream(noisy_jpeg(side, seed=number))
            image.update(
                Dictionary(
                    Type=Name.XObject,
                    Subtype=Name.Image,
                    Width=side,
                    Height=side,
                    ColorSpace=Name.DeviceGray,
                    BitsPerComponent=8,
                    Filter=Name.DCTDecode,
                )
            )
            pdf.add_blank_page(page_size=(432, 432))
            page = pdf.pages[-1]
            page.Resources = Dictionary(XObject=Dictionary(Im0=image))
            page.Contents = pdf.make_stream(b"q 432 0 0 432 0 0 cm /Im0 Do Q")
        pdf.save(path, encryption=encrypt or False, static_id=encrypt is None)
    return path
