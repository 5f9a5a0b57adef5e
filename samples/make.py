"""Make the sample documents anew: ``python samples/make.py [FOLDER]``.

They are small, made by this script alone (so they are under the project's own licence), and the same on every run.
"""

from __future__ import annotations

import io
import random
import re
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from docx import Document
from docx.shared import Inches
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

WORDS = (
    "the report says that every page of this document was written by a script and means nothing at all yet reads like "
    "plain prose because its words are common short ones set in lines of an even length so that a reader or a machine "
    "can tell where a line ends and another one begins while numbers such as 12 or 1984 and names turn up now and then"
).split()
FIXED_TIME = (2026, 1, 1, 0, 0, 0)


def sentences(seed: int, count: int) -> list[str]:
    """Return ``count`` lines of about 80 characters, always the same for a seed."""
    chance = random.Random(seed)  # noqa: S311 - prose, not secrets
    lines = []
    for _ in range(count):
        line = ""
        while len(line) < 72:
            line += chance.choice(WORDS) + " "
        lines.append(line.strip().capitalize() + ".")
    return lines


def report_pdf(path: Path, pages: int = 12) -> None:
    """A born-digital report with chapters in its outline and page labels."""
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    canvas.setTitle("Sample report")
    for page in range(1, pages + 1):
        if page % 4 == 1:
            chapter = page // 4 + 1
            canvas.bookmarkPage(f"c{chapter}")
            canvas.addOutlineEntry(f"Chapter {chapter}", f"c{chapter}", 0)
            canvas.setFont("Helvetica-Bold", 18)
            canvas.drawString(72, 770, f"Chapter {chapter}")
        canvas.setFont("Helvetica", 11)
        for row, line in enumerate(sentences(page, 40)):
            canvas.drawString(72, 740 - row * 16, line)
        canvas.drawCentredString(A4[0] / 2, 40, str(page))
        canvas.showPage()
    canvas.save()


def page_image(seed: int, dpi: int = 150) -> Image.Image:
    """A printed page as a scanner sees it: gray, a little noise, a little skew."""
    image = Image.new("L", (int(8.27 * dpi), int(11.69 * dpi)), 248)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=dpi * 11 / 72)
    for row, line in enumerate(sentences(seed, 34)):
        draw.text((dpi * 0.9, dpi * (1 + row * 0.27)), line[:70], fill=30, font=font)
    grain = random.Random(seed).randbytes(image.width * image.height)  # noqa: S311 - noise, not secrets
    image = Image.blend(image, Image.frombytes("L", image.size, grain), 0.02)
    image = image.rotate(0.4, fillcolor=240, resample=Image.Resampling.BICUBIC)
    return image.filter(ImageFilter.GaussianBlur(0.4))


def photograph(seed: int) -> Image.Image:
    """A picture without words: soft colours and round shapes."""
    chance = random.Random(seed)  # noqa: S311
    image = Image.linear_gradient("L").resize((800, 600)).convert("RGB")
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        x, y, size = chance.randrange(800), chance.randrange(600), chance.randrange(20, 160)
        colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        draw.ellipse((x, y, x + size, y + size), fill=colour)
    return image.filter(ImageFilter.GaussianBlur(6))


def _jpeg(image: Image.Image) -> ImageReader:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=40)
    data.seek(0)
    return ImageReader(data)


def scan_pdf(path: Path, pages: int = 3) -> None:
    """Scanned pages without a text layer."""
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    for page in range(pages):
        canvas.drawImage(_jpeg(page_image(page)), 0, 0, *A4)
        canvas.showPage()
    canvas.save()


def mixed_pdf(path: Path) -> None:
    """Text, a scan, a picture, a scan under invisible text, and an empty page."""
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    canvas.setFont("Helvetica", 11)
    for row, line in enumerate(sentences(1, 40)):
        canvas.drawString(72, 760 - row * 16, line)
    canvas.showPage()
    canvas.drawImage(_jpeg(page_image(2)), 0, 0, *A4)
    canvas.showPage()
    canvas.drawImage(_jpeg(photograph(3)), 60, 250, 475, 356)
    canvas.showPage()
    canvas.drawImage(_jpeg(page_image(4)), 0, 0, *A4)
    layer = canvas.beginText(65, 765)
    layer.setFont("Helvetica", 11)
    layer.setTextRenderMode(3)
    layer.setLeading(19.4)
    for line in sentences(4, 34):
        layer.textLine(line[:70])
    canvas.drawText(layer)
    canvas.showPage()
    canvas.showPage()
    canvas.save()


def letter_docx(path: Path) -> None:
    """Headings, a table, a list, a picture, a header and a comment."""
    document = Document()
    document.core_properties.created = document.core_properties.modified = datetime(2026, 1, 1, tzinfo=UTC)
    document.core_properties.author = "Sample"
    document.sections[0].header.paragraphs[0].text = "Sample letter, header"
    document.sections[0].footer.paragraphs[0].text = "Sample letter, footer"
    for chapter in (1, 2, 3):
        document.add_heading(f"Part {chapter}", level=1)
        for line in sentences(chapter, 6):
            last = document.add_paragraph(line)
        document.add_paragraph("first item", style="List Number")
        document.add_paragraph("second item", style="List Number")
    document.add_comment(last.runs, text="Is this still true?", author="A. Reader", initials="AR")
    table = document.add_table(rows=3, cols=3, style="Table Grid")
    for row, cells in enumerate((("what", "how many", "price"), ("pages", "12", "0.10"), ("pictures", "3", "1.50"))):
        for column, words in enumerate(cells):
            table.cell(row, column).text = words
    picture = io.BytesIO()
    photograph(5).save(picture, "JPEG", quality=60)
    picture.seek(0)
    document.add_picture(picture, width=Inches(3))
    raw = io.BytesIO()
    document.save(raw)
    _without_clock(raw, path)


def _without_clock(raw: io.BytesIO, path: Path) -> None:
    """Write the package again with fixed times: the same bytes on every run."""
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "word/comments.xml":
                data = re.sub(rb'w:date="[^"]*"', b'w:date="2026-01-01T00:00:00Z"', data)
            target.writestr(zipfile.ZipInfo(info.filename, FIXED_TIME), data, zipfile.ZIP_DEFLATED)


def notes_md(path: Path) -> None:
    """Markdown with headings."""
    parts = [f"# Note {note}\n\n{' '.join(sentences(note, 4))}\n" for note in (1, 2, 3)]
    path.write_text("\n".join(parts), encoding="utf-8")


def main(folder: Path) -> None:
    """Write all samples into ``folder``."""
    report_pdf(folder / "report.pdf")
    scan_pdf(folder / "scan.pdf")
    mixed_pdf(folder / "mixed.pdf")
    letter_docx(folder / "letter.docx")
    notes_md(folder / "notes.md")
    page_image(7, dpi=110).quantize(8).save(folder / "page.png", dpi=(110, 110), optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
