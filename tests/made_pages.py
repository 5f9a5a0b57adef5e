"""PDF pages with known contents, made for the tests of page facts."""

from __future__ import annotations

import ctypes
import io
import random
from typing import TYPE_CHECKING

import pypdfium2
import pypdfium2.raw as pdfium_c
from PIL import Image, ImageOps
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from extractors.base import ReadLimits, ReadOptions
from extractors.pdf.reader import PdfExtractor

if TYPE_CHECKING:
    from collections.abc import Callable

    from extractors.facts import DocumentFacts, UnitFacts, UnitText

A4 = (595.0, 842.0)
SENTENCES = (
    "Anyone who has waited for a large upload knows the moment when it fails.",
    "The stream stops after several minutes and nobody says which limit was hit.",
    "This page was written for a test and holds nothing else of interest.",
    "Seven wizards judge boxing matches while the quick fox watches from afar.",
)


def read(
    data: bytes, *, text: bool = True, limits: ReadLimits | None = None
) -> tuple[DocumentFacts, list[tuple[UnitFacts, UnitText]]]:
    """Read a PDF; return its facts and what the sink was handed, in order."""
    handed: list[tuple[UnitFacts, UnitText]] = []
    options = ReadOptions(media_type="application/pdf", text=text, limits=limits or ReadLimits())
    facts = PdfExtractor().read(io.BytesIO(data), options, lambda unit, words: handed.append((unit, words)))
    return facts, handed


def first_page(data: bytes) -> UnitFacts:
    """Facts of the first page of a PDF."""
    return read(data)[0].units[0]


def drawn(*pages: Callable[[canvas.Canvas], None], size: tuple[float, float] = A4) -> bytes:
    """A PDF with one page for each drawing function."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=size, pageCompression=1, invariant=True)
    for draw in pages:
        draw(sheet)
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def prose(sheet: canvas.Canvas, *, lines: int = 40, top: float = 780, size: float = 11, left: float = 60) -> None:
    """Set lines of running text."""
    sheet.setFont("Times-Roman", size)
    for number in range(lines):
        sheet.drawString(left, top - number * 1.4 * size, SENTENCES[number % len(SENTENCES)])


def hidden_prose(sheet: canvas.Canvas, *, lines: int = 40, top: float = 780, size: float = 11) -> None:
    """The same in render mode 3: there, but not to be seen."""
    for number in range(lines):
        words = sheet.beginText(60, top - number * 1.4 * size)
        words.setTextRenderMode(3)
        words.setFont("Times-Roman", size)
        words.textOut(SENTENCES[number % len(SENTENCES)])
        sheet.drawText(words)


def paste(
    sheet: canvas.Canvas, image: Image.Image, box: tuple[float, float, float, float] = (0, 0, *A4), *, quality: int = 75
) -> None:
    """Draw an image as JPEG into a box: left, bottom, width, height."""
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=quality)
    stored.seek(0)
    sheet.drawImage(ImageReader(stored), *box)


def photographed(data: bytes, *, dpi: float = 150, page: int = 0) -> Image.Image:
    """A page of a PDF as gray pixels."""
    with pypdfium2.PdfDocument(data) as document:
        image: Image.Image = document[page].render(scale=dpi / 72).to_pil().convert("L")
        return image


def photo(size: tuple[int, int] = (900, 600), seed: int = 1) -> Image.Image:
    """Something like a photograph: soft tones, structure of all sizes, nothing written; one for each seed."""
    chance = random.Random(seed)
    image = Image.new("L", size, 128)
    for cells, share in ((3, 0.6), (7, 0.5), (19, 0.4), (53, 0.3), (151, 0.2), (401, 0.1)):
        grid = Image.frombytes("L", (cells, cells), chance.randbytes(cells * cells))
        image = Image.blend(image, grid.resize(size, Image.Resampling.BICUBIC), share)
    return ImageOps.autocontrast(image, cutoff=1)


def outlined(lines: tuple[str, ...], *, size: float = 14, top: float = 760) -> bytes:
    """A PDF whose text is drawn as curves; it has no text layer."""
    paths: list[str] = []
    with pypdfium2.PdfDocument.new() as document:
        font = pdfium_c.FPDFText_LoadStandardFont(document, b"Helvetica")
        for number, line in enumerate(lines):
            x, y = 60.0, top - number * 1.4 * size
            for char in line:
                paths.append(_glyph(font, char, size, x, y))
                x += size * 0.55
        pdfium_c.FPDFFont_Close(font)

    def draw(sheet: canvas.Canvas) -> None:
        sheet._code.append("\n".join(paths))  # reportlab has no call for raw operators

    return drawn(draw)


def _glyph(font: object, char: str, size: float, x: float, y: float) -> str:
    """The operators that fill the outline of one letter at a place."""
    path = pdfium_c.FPDFFont_GetGlyphPath(font, ord(char), ctypes.c_float(size))
    operators: list[str] = []
    curve: list[str] = []
    at_x, at_y = ctypes.c_float(), ctypes.c_float()
    for index in range(max(0, pdfium_c.FPDFGlyphPath_CountGlyphSegments(path))):
        segment = pdfium_c.FPDFGlyphPath_GetGlyphPathSegment(path, index)
        pdfium_c.FPDFPathSegment_GetPoint(segment, at_x, at_y)
        point = f"{x + size * at_x.value:.2f} {y + size * at_y.value:.2f}"  # outlines come in units of the em
        kind = pdfium_c.FPDFPathSegment_GetType(segment)
        if kind == pdfium_c.FPDF_SEGMENT_MOVETO:
            operators.append(f"{point} m")
        elif kind == pdfium_c.FPDF_SEGMENT_LINETO:
            operators.append(f"{point} l")
        else:
            curve.append(point)
            if len(curve) == 3:
                operators.append(" ".join(curve) + " c")
                curve = []
    return "\n".join([*operators, "f"]) if operators else ""
