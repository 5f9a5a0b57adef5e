"""Pages made in unusual ways: what a reader sees decides, not how it was drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pikepdf
import pytest
from made_pages import SENTENCES, drawn, first_page, paste, photographed, prose, read
from pages import saved
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from extractors.facts import UnitKind

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas


def white(sheet: Canvas) -> None:
    sheet.setFillColorRGB(1, 1, 1)
    prose(sheet)


def transparent(sheet: Canvas) -> None:
    sheet.setFillAlpha(0)
    prose(sheet)


@pytest.mark.parametrize("draw", [white, transparent])
def test_text_nobody_sees_makes_no_page_of_text(draw: object) -> None:
    facts, handed = read(drawn(draw))  # type: ignore[arg-type]

    assert facts.units[0].kind is UnitKind.BLANK
    assert [(finding.code, finding.units) for finding in facts.findings] == [("text-unseen", (1,))]
    assert handed[0][1].plain.startswith("Anyone who has waited"), "a service reads it, so it is handed over"


def test_white_text_on_a_dark_ground_is_text() -> None:
    def draw(sheet: Canvas) -> None:
        sheet.rect(0, 0, 595, 842, fill=1)
        white(sheet)

    facts, _ = read(drawn(draw))

    assert (facts.units[0].kind, facts.units[0].needs_ocr) == (UnitKind.TEXT, False)
    assert not facts.findings


def drawn_font(lines: list[str]) -> bytes:
    """A page in a font whose glyphs are drawings with names that say nothing, as old TeX makes them."""
    pdf = Pdf.new()
    names = [Name(f"/a{code}") for code in range(97, 123)]
    glyph = b"600 0 0 0 500 700 d1 50 w 50 0 m 250 700 l 450 0 l S"
    font = Dictionary(
        Type=Name.Font,
        Subtype=Name.Type3,
        FontBBox=Array([0, 0, 600, 750]),
        FontMatrix=Array([0.001, 0, 0, 0.001, 0, 0]),
        CharProcs=Dictionary({str(name): Stream(pdf, glyph) for name in names}),
        Encoding=Dictionary(Type=Name.Encoding, Differences=Array([97, *names])),
        FirstChar=97,
        LastChar=122,
        Widths=Array([600] * 26),
        Resources=Dictionary(),
    )
    words = []
    for row, line in enumerate(lines):
        left = 40
        for word in line.split():
            words.append(f"1 0 0 1 {left} {780 - 15 * row} Tm ({word}) Tj")
            left += 5 * len(word) + 6
    page = Dictionary(Type=Name.Page, MediaBox=Array([0, 0, 595, 842]))
    page.Resources = Dictionary(Font=Dictionary(F=pdf.make_indirect(font)))
    page.Contents = Stream(pdf, f"BT /F 8 Tf {' '.join(words)} ET".encode())
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    return saved(pdf)


def letters_of(line: str) -> str:
    return "".join(char for char in line.lower() if char.isascii() and (char.isalpha() or char == " "))


def test_a_font_of_drawings_whose_letters_are_right_is_trusted() -> None:
    unit = first_page(drawn_font([letters_of(line) for line in SENTENCES * 5]))

    assert (unit.kind, unit.needs_ocr, unit.reasons) == (UnitKind.TEXT, False, ("native-text",))


@pytest.mark.parametrize("by", [1, 7, 13])
def test_a_font_of_drawings_whose_letters_are_others_is_not(by: int) -> None:
    moved = [
        "".join(char if char == " " else chr((ord(char) - 97 + by) % 26 + 97) for char in letters_of(line))
        for line in SENTENCES * 5
    ]
    unit = first_page(drawn_font(moved))

    assert (unit.kind, unit.needs_ocr) == (UnitKind.TEXT, True)
    assert unit.reasons[0] == "text-layer-lies"


def scan_with(over: float, shift: float) -> bytes:
    """A scan with its own text invisibly on it, moved upwards or off the page."""
    picture = photographed(drawn(prose))

    def draw(sheet: Canvas) -> None:
        paste(sheet, picture)
        sheet.translate(over, shift)
        words = sheet.beginText(60, 780)
        words.setTextRenderMode(3)
        words.setFont("Times-Roman", 11)
        for number in range(40):
            words.textLine(SENTENCES[number % 4])
        sheet.drawText(words)

    return drawn(draw)


def test_a_layer_slightly_out_of_place_counts_and_one_off_the_page_does_not() -> None:
    near, away = first_page(scan_with(20, -30)), first_page(scan_with(2_000, 0))

    assert (near.kind, near.needs_ocr) == (UnitKind.HYBRID, False)
    assert (away.kind, away.needs_ocr, away.native_chars) == (UnitKind.SCAN, True, 0)


@pytest.mark.parametrize(("size", "scale"), [((47, 67), 0.08), ((11_900, 16_840), 20)], ids=["stamp", "banner"])
def test_tiny_and_huge_pages_of_text(size: tuple[float, float], scale: float) -> None:
    def draw(sheet: Canvas) -> None:
        sheet.scale(scale, scale)
        prose(sheet)

    facts, handed = read(drawn(draw, size=size))

    assert (facts.units[0].kind, facts.units[0].needs_ocr) == (UnitKind.TEXT, False)
    assert handed[0][1].plain.split() == " ".join(SENTENCES * 10).split()


def test_a_tiny_scan_is_a_scan() -> None:
    picture = photographed(drawn(prose))
    unit = first_page(drawn(lambda sheet: paste(sheet, picture, (0, 0, 20, 28)), size=(20, 28)))

    assert (unit.kind, unit.needs_ocr) == (UnitKind.SCAN, True)
