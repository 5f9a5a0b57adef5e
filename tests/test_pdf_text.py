"""Text of PDF pages: order, hyphens, what is visible and what is not."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extractors.facts import Role, TextPart
from extractors.pdf.columns import is_prose, is_right_to_left
from extractors.pdf.opening import open_pdf
from extractors.pdf.text import annotation_parts, page_text

PROSE = (
    "When a program writes the lines of two columns in the order of their height on the page, the first line of the "
    "left column is followed by the first line of the right one, and whoever reads on finds half a sentence from here "
    "and half a sentence from there. Nothing is lost, yet nothing can be understood, and a model that is asked about "
    "such a page will answer with great confidence about things that were never said. It is therefore worth the "
    "trouble to look at where the runs of text stand, and to put the columns back one after another before anybody "
    "counts or reads them. "
)


def lines_of(seed: int, count: int, chars: int) -> list[str]:
    """Lines of running text, filled to about ``chars`` characters; each seed starts elsewhere."""
    words = (PROSE * 12).split()[seed * 23 :]
    lines = [""]
    for word in words:
        if len(lines[-1]) + len(word) >= chars:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:count]


def drawn(write: Any, *, rotate: int = 0, size: tuple[float, float] = (595, 842)) -> io.BytesIO:
    """A one-page PDF; ``write`` gets the reportlab canvas."""
    from reportlab.pdfgen import canvas

    out = io.BytesIO()
    paper = canvas.Canvas(out, pagesize=size)
    paper.setFont("Helvetica", 9)
    write(paper)
    paper.showPage()
    paper.save()
    if not rotate:
        return out
    import pikepdf

    turned = io.BytesIO()
    with pikepdf.open(out) as pdf:
        pdf.pages[0].rotation = rotate
        pdf.save(turned)
    return turned


def read(file: io.BytesIO | Path, page: int = 1) -> str:
    stream = file.open("rb") if isinstance(file, Path) else file
    with stream, open_pdf(stream, None) as opened:
        sheet = opened.pdfium[page - 1]
        textpage = sheet.get_textpage()  # closed as soon as nothing holds it
        return page_text(textpage.raw, sheet.raw, *sheet.get_size())


def columns(paper: Any, texts: list[list[str]], *, interleaved: bool, shift: float = 0, gap: float = 24) -> None:
    """Draw columns of text, line by line across the page or one after another."""
    width = (495 - gap * (len(texts) - 1)) / len(texts)
    cells = [(row, column) for row in range(len(texts[0])) for column in range(len(texts))]
    for row, column in cells if interleaved else sorted(cells, key=lambda cell: cell[1]):
        paper.drawString(50 + column * (width + gap), 740 - 12 * row - shift * column, texts[column][row])


@pytest.mark.parametrize("shift", [0, 3, 6])
@pytest.mark.parametrize(("count", "chars"), [(2, 52), (3, 33)])
def test_columns_written_line_by_line_are_read_one_after_another(count: int, chars: int, shift: float) -> None:
    texts = [lines_of(number, 45, chars) for number in range(count)]

    def write(paper: Any) -> None:
        paper.drawString(
            50, 780, "A heading across all of the columns of this page, from the left edge to the right one"
        )
        columns(paper, texts, interleaved=True, shift=shift)
        paper.drawString(292, 40, "17")

    lines = read(drawn(write)).split("\n")
    assert lines[0].startswith("A heading")
    assert lines[-1] == "17"
    assert lines[1:-1] == [line for text in texts for line in text]


def test_pages_upside_down_are_put_in_order_too() -> None:
    texts = [lines_of(number, 40, 52) for number in range(2)]

    def write(paper: Any) -> None:
        paper.translate(595, 842)
        paper.rotate(180)
        columns(paper, texts, interleaved=True)

    assert read(drawn(write, rotate=180)).split("\n") == [line for text in texts for line in text]


@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_turned_page_of_upright_text_reads_from_its_first_line(rotate: int) -> None:
    lines = lines_of(3, 30, 80)

    def write(paper: Any) -> None:
        columns(paper, [lines], interleaved=False)

    assert read(drawn(write, rotate=rotate)).split("\n") == lines


@pytest.mark.parametrize("turned", [True, False], ids=["page turned too", "only the text turned"])
@pytest.mark.parametrize("rotate", [90, 270])
def test_lines_of_pages_on_their_side_are_kept_apart(rotate: int, *, turned: bool) -> None:
    texts = [lines_of(number, 30, 52) for number in range(2)]

    def write(paper: Any) -> None:
        paper.translate(*{90: (595, 0), 270: (0, 842)}[rotate])
        paper.rotate(rotate)
        paper.translate(0, -250)  # the sheet is 842 wide and 595 high
        columns(paper, texts, interleaved=False)

    text = read(drawn(write, rotate=rotate if turned else 0))
    assert text.split("\n") == [line for text in texts for line in text]


@pytest.mark.parametrize("rotate", [90, 270])
def test_turned_text_in_several_blocks_keeps_its_order(rotate: int) -> None:
    blocks = [("left", 50, 490), ("right", 300, 490), ("below", 50, 380)]
    lines = [(f"{name} {row} of this block", x, y - 12 * row) for name, x, y in blocks for row in range(4)]

    def write(paper: Any) -> None:
        paper.translate(*{90: (595, 0), 270: (0, 842)}[rotate])
        paper.rotate(rotate)
        for text, x, y in lines:
            paper.drawString(x, y, text)

    assert read(drawn(write, rotate=rotate)).split("\n") == [text for text, _, _ in lines]


def test_cells_on_one_line_are_not_glued_together(corpus: Path) -> None:
    """PDFium's text of a box reads "37,499.96SMITH, ALVARO" here."""
    text = read(corpus / "pdf" / "pdfplumber__senate-expenditures.pdf")
    assert "37,499.96\nSMITH, ALVARO R LEGISLATIVE CORRESPONDENT 21,000.00\n" in text


def test_printers_marks_outside_the_page_are_left_out(corpus: Path) -> None:
    text = read(corpus / "pdf" / "pdf2json__fd_ins_1040.pdf", 20)
    assert "MUST be removed before printing" not in text
    assert "For details, see the following instructions," in text.replace("\n", " ")


def test_columns_in_order_stay_as_they_are() -> None:
    texts = [lines_of(number, 45, 52) for number in range(2)]
    file = drawn(lambda paper: columns(paper, texts, interleaved=False))
    assert read(file).split("\n") == [line for text in texts for line in text]


def test_rows_of_tables_stay_together() -> None:
    cells = [(f"Item number {row}", f"{row * 17 % 97}.50 EUR", f"{row * 31 % 89} kg", "delivered") for row in range(50)]

    def write(paper: Any) -> None:
        for row, values in enumerate(cells):
            for column, value in enumerate(values):
                paper.drawString(50 + 130 * column, 780 - 14 * row, value)

    assert read(drawn(write)).split("\n") == [" ".join(values) for values in cells]


def test_rows_of_long_cells_stay_together() -> None:
    """Questions and answers side by side fill their columns like running text, but every line starts anew."""
    rows = [
        (f"Question {row} asks how much of this is needed here", f"Answer {row} says that none of it was ever needed")
        for row in range(45)
    ]
    file = drawn(lambda paper: columns(paper, [list(texts) for texts in zip(*rows, strict=True)], interleaved=True))
    assert read(file).split("\n") == [" ".join(row) for row in rows]


def test_hebrew_columns_are_read_from_the_right(tmp_path: Path) -> None:
    font = find_font("DejaVuSans.ttf")
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    pdfmetrics.registerFont(TTFont("wide", font))
    text = "כאשר תוכנה כותבת את השורות של שני טורים לפי גובהן על הדף השורה הראשונה"
    words = text.split()

    def line(number: int) -> str:
        return " ".join(words[(number + step) % len(words)] for step in range(9))

    def write(paper: Any) -> None:
        paper.setFont("wide", 9)
        for row in range(40):
            for column, edge in ((0, 545), (1, 285)):  # right column first
                paper.drawRightString(edge, 780 - 13 * row, line(row + 40 * column)[::-1])

    got = read(drawn(write)).split("\n")
    assert got == [line(row) for row in range(80)]


def find_font(name: str) -> str:
    found = shutil.which("fc-list")
    places = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    for place in places if found or places else []:
        for path in place.rglob(name) if place.is_dir() else []:
            return str(path)
    pytest.skip(f"NO FONT: {name} is not installed, so this test proved nothing")


@pytest.mark.parametrize(
    ("drawn_lines", "expected"),
    [
        (["an exam-", "ple of text"], "an example\nof text"),
        (["self-employ-", "ment, he said"], "self-employment,\nhe said"),
        (["with Jean-", "Paul today"], "with Jean-Paul\ntoday"),
        (["a well-known and well-", "known thing"], "a well-known and well-known\nthing"),
        (["from 2010-", "2012 on"], "from 2010-\n2012 on"),
        (["trailing   ", "spaces  "], "trailing\nspaces"),
    ],
)
def test_words_cut_at_line_ends_are_joined(drawn_lines: list[str], expected: str) -> None:
    def write(paper: Any) -> None:
        for row, text in enumerate(drawn_lines):
            paper.drawString(50, 700 - 12 * row, text)

    assert read(drawn(write)) == expected


def test_only_what_is_on_the_visible_page_is_read() -> None:
    def write(paper: Any) -> None:
        paper.drawString(50, 700, "inside")
        paper.drawString(50, 100, "below")
        paper.setCropBox((0, 300, 595, 842))

    assert read(drawn(write)) == "inside"


def test_an_empty_page_has_no_text() -> None:
    assert read(drawn(lambda paper: paper.rect(10, 10, 50, 50))) == ""


def test_a_long_page_is_read_to_its_end() -> None:
    def write(paper: Any) -> None:
        paper.setFont("Helvetica", 1)
        for row in range(700):
            paper.drawString(5, 835 - row, f"{row:04} " + "x" * 400)

    text = read(drawn(write))
    assert text.count("\n") == 699
    assert text.endswith("x" * 400)


def test_text_without_spaces_takes_no_time() -> None:
    def write(paper: Any) -> None:
        paper.setFont("Helvetica", 1)
        for row in range(200):
            paper.drawString(1, 835 - 1.2 * row, "a" * 1000 + "-")

    assert len(read(drawn(write))) > 190_000


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    pieces=st.lists(
        st.tuples(st.integers(20, 500), st.integers(20, 800), st.sampled_from(PROSE.split(". ")), st.integers(5, 14)),
        min_size=1,
        max_size=60,
    ),
    rotate=st.sampled_from([0, 90, 180, 270]),
)
def test_no_order_loses_or_doubles_a_character(pieces: list[tuple[int, int, str, int]], rotate: int) -> None:
    def write(paper: Any) -> None:
        for x, y, text, size in pieces:
            paper.setFont("Helvetica", size)
            paper.drawString(x, y, text[: 4 * size])

    file = drawn(write, rotate=rotate)
    with open_pdf(file, None) as opened:
        sheet = opened.pdfium[0]
        textpage = sheet.get_textpage()
        raw = Counter(re.sub(r"[\s\x02\ufffe-]", "", textpage.get_text_bounded()))
        assert Counter(re.sub(r"[\s-]", "", page_text(textpage.raw, sheet.raw, *sheet.get_size()))) == raw


def test_prose_and_tables_are_told_apart() -> None:
    assert is_prose(["\n".join(lines_of(0, 30, 40)), "\n".join(lines_of(1, 30, 40))])
    assert not is_prose(["Alpha\nBeta\nGamma\n1 a\n22 b", "Delta\nx"])
    assert is_prose(["これは長い文章です\nそして続きます"])


def test_direction_is_judged_by_most_letters() -> None:
    assert is_right_to_left("שלום עולם abc")
    assert not is_right_to_left("hello שלום to the world")
    assert not is_right_to_left("1234")


def parts_of(page: bytes, *more: bytes) -> tuple[TextPart, ...]:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Resources<<>>/Annots[%s]>>" % page,
        *more,
    ]
    out = bytearray(b"%PDF-1.7\n")
    for number, body in enumerate(objects, 1):
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    with open_pdf(io.BytesIO(bytes(out) + b"trailer<</Size 9/Root 1 0 R>>"), None) as opened:
        assert annotation_parts(opened, 2) == ()
        return annotation_parts(opened, 1)


def shown(page: bytes, *more: bytes) -> list[tuple[str, str | None, str]]:
    return [(part.role.value, part.label, part.text) for part in parts_of(page, *more)]


def test_values_of_form_fields_are_text_of_the_page() -> None:
    widgets = (
        b"<</Subtype/Widget/FT/Tx/T(name)/V(Ada\\000)>><</Subtype/Widget/Parent 4 0 R>>"
        b"<</Subtype/Widget/FT/Tx/Ff 8192/T(pin)/V(1234)>><</Subtype/Widget/FT/Tx/T(off)/V(x)/F 2>>"
        b"<</Subtype/Widget/FT/Btn/T(yes)/AS/On>><</Subtype/Widget/FT/Btn/T(no)/AS/Off>>"
        b"<</Subtype/Widget/FT/Btn/Ff 65536/T(go)/MK<</CA(Send)>>>>"
        b"<</Subtype/Widget/FT/Ch/Ff 131072/T(land)/V(de)/Opt[[(de)(Germany)][(fr)(France)]]>>"
        b"<</Subtype/Widget/FT/Ch/T(list)/V[(b)]/Opt[(a)(b)]>>"
    )
    parent = b"<</FT/Tx/T(p)/TU(Nice name)/V 5 0 R>>"
    assert shown(widgets, parent, b"<</Length 9>>stream\nlong text\nendstream") == [
        ("form-field", "name", "Ada"),
        ("form-field", "Nice name", "long text"),
        ("form-field", "yes", "[x]"),
        ("form-field", "go", "Send"),
        ("form-field", "land", "Germany"),
        ("form-field", "list", "a\n[x] b"),
    ]


def test_comments_and_text_boxes_are_text_of_the_page() -> None:
    annotations = (
        b"<</Subtype/FreeText/Contents(Typed on the page)>><</Subtype/Text/T(Ada)/Contents(Is this so?)>>"
        b"<</Subtype/Popup/Contents(Is this so?)>><</Subtype/Link/Contents(tip)>><</Subtype/Highlight>>"
        b"<</Subtype/Stamp/AP<</N 4 0 R>>>><</Subtype/Text/Contents(hidden)/F 32>>"
    )
    stamp = (
        b"<</Type/XObject/Subtype/Form/BBox[0 0 100 20]/Length 37/Resources<</Font<</F<</Type/Font/Subtype/Type1"
        b"/BaseFont/Helvetica>>>>>>>>stream\nBT /F 9 Tf 2 5 Td (APPROVED) Tj ET    \nendstream"
    )
    assert shown(annotations, stamp) == [
        ("annotation", None, "Typed on the page"),
        ("annotation", "Ada", "Is this so?"),
        ("annotation", None, "APPROVED"),
    ]


def test_parents_in_a_ring_end() -> None:
    assert shown(b"4 0 R", b"<</Subtype/Widget/Parent 4 0 R/T(x)>>") == []


def test_text_of_annotations_in_real_files(corpus: Path) -> None:
    with (corpus / "pdf" / "samplefiles__annotated_pdf.pdf").open("rb") as file, open_pdf(file, None) as opened:
        parts = annotation_parts(opened, 1)
    assert [part.text for part in parts] == ["This is a text annotation.", "Highlight comment", "Hello world!"]
    assert {part.role for part in parts} == {Role.ANNOTATION}


POPPLER = shutil.which("pdftotext")


@pytest.mark.parametrize(
    ("name", "page"),
    [("samplefiles__multicolumn", 2), ("pdf2json__fd_ins_1040", 10), ("docling__redp5110_sampled", 13)],
)
def test_real_columns_read_as_poppler_reads_them(corpus: Path, name: str, page: int) -> None:
    if POPPLER is None:
        pytest.skip("NO POPPLER: pdftotext is not installed, so this test proved nothing")
    from difflib import SequenceMatcher

    path = corpus / "pdf" / f"{name}.pdf"
    command = [POPPLER, "-f", str(page), "-l", str(page), str(path), "-"]
    theirs = subprocess.run(command, capture_output=True, check=True).stdout.decode().replace("-\n", "")
    ours = read(path, page)
    matcher = SequenceMatcher(None, re.findall(r"\w+", ours), re.findall(r"\w+", theirs), autojunk=False)
    assert matcher.ratio() > 0.9
