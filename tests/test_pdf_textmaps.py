"""Text that PDFium gets wrong where others do not: maps from glyphs to text, and words torn apart."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_pages import read
from pages import saved
from pikepdf import Array, Dictionary, Name, Pdf, Stream

from extractors.pdf.tounicode import for_pdfium

HEAD = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
TAIL = b"\nendcmap CMapName currentdict /CMap defineresource pop end end"


def text_map(sections: bytes) -> bytes:
    return HEAD + b"1 begincodespacerange <00> <FF> endcodespacerange\n" + sections + TAIL


def page_with(content: bytes, sections: bytes | None = None, *, inherited: bool = False) -> bytes:
    """A PDF of one page with one font, which has a ToUnicode map of these sections."""
    pdf = Pdf.new()
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    if sections is not None:
        font.ToUnicode = Stream(pdf, text_map(sections))
    resources = Dictionary(Font=Dictionary(F=font if inherited else pdf.make_indirect(font)))
    page = Dictionary(Type=Name.Page, MediaBox=Array([0, 0, 400, 200]), Contents=Stream(pdf, content))
    page.Resources = resources
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    return saved(pdf)


def words_of(data: bytes) -> str:
    _, handed = read(data)
    return handed[0][1].plain


SHOWN = b"BT /F 20 Tf 30 100 Td (ABC) Tj ET"


@pytest.mark.parametrize("inherited", [True, False])
@pytest.mark.parametrize("number", [b"1", b"2", b"3", b"4", b"100"])
def test_a_section_with_a_wrong_number_of_entries_counts(number: bytes, *, inherited: bool) -> None:
    sections = number + b" beginbfchar\n<41> <0411>\n<42> <0412>\n<43> <0413>\nendbfchar"

    assert words_of(page_with(SHOWN, sections, inherited=inherited)) == "БВГ"


def test_ranges_with_a_wrong_number_count() -> None:
    sections = b"7 beginbfrange <41> <42> <0411> <43> <43> [<0416>] endbfrange"

    assert words_of(page_with(SHOWN, sections)) == "БВЖ"


def test_a_glyph_without_text_gives_none() -> None:
    sections = b"3 beginbfchar <41> <0411> <42> <> <43> <0413> endbfchar"

    assert words_of(page_with(SHOWN, sections)) == "БГ"


def test_a_text_of_one_byte_counts() -> None:
    assert words_of(page_with(SHOWN, b"3 beginbfchar <41> <58> <42> <59> <43> <5A> endbfchar")) == "XYZ"


@pytest.mark.parametrize(
    "entry",
    [
        b"3 beginbfchar <41> <0629> <42> <06440625> <43> <0627> endbfchar",
        b"1 beginbfrange <41> <43> [<0629> <06440625> <0627>] endbfrange",
        b"2 beginbfchar <41> <0629> <43> <0627> endbfchar 1 beginbfrange <42> <42> <06440625> endbfrange",
    ],
)
def test_letters_of_a_right_to_left_ligature_stay_in_order(entry: bytes) -> None:
    """Glyphs stand from left to right on the page, so the last one is read first: alef, then lam and alef, then ta."""
    assert words_of(page_with(SHOWN, entry)) == "\u0627\u0644\u0625\u0629"


@pytest.mark.parametrize(
    "sections",
    [
        b"2 beginbfchar <41> <0411> <42> <00660069> endbfchar",
        b"1 beginbfrange <0041> <0043> <0411> endbfrange",
        b"1 beginbfrange <41> <42> [<0411> <D835DC00>] endbfrange 1 beginbfchar <43> /space endbfchar",
        b"endbfchar 5 beginbfchar <41> <0411>",
        b"beginbfchar <41> <0411> endbfchar",
        b"",
    ],
)
def test_other_maps_are_left_as_they_are(sections: bytes) -> None:
    assert for_pdfium(text_map(sections)) is None


TOKENS = st.sampled_from(
    b"< > <> <41> <0411> <06440625> <D8> <zz> [ ] 3 -1 /name \x00 beginbfchar endbfchar beginbfrange endbfrange".split()
)


@given(st.lists(TOKENS, max_size=60).map(b" ".join) | st.binary(max_size=200))
def test_any_bytes_give_a_map_or_none(data: bytes) -> None:
    mended = for_pdfium(data)

    assert mended is None or mended != data


def scripts_in(word: str) -> set[str]:
    return {unicodedata.name(char, " ").split()[0] for char in word if char.isalpha()}


def test_cyrillic_of_a_font_with_wrong_numbers(corpus: Path) -> None:
    text = words_of((corpus / "pdf/pdfcpu__UserFont_HumanRights.pdf").read_bytes())

    assert "Усе людзi нараджаюцца свабоднымi i роўнымi ў сваёй годнасцi i правах." in text
    assert not [word for word in re.findall(r"\w+", text) if {"GREEK", "CYRILLIC"} <= scripts_in(word)]


def test_arabic_ligatures_of_word(corpus: Path) -> None:
    text = words_of((corpus / "pdf/docling__right_to_left_01.pdf").read_bytes())

    assert text.startswith("تحسين الإنتاجية وحل المشكلات من خلال البرمجة بلغة R وPython\n")


def test_clusters_whose_glyphs_have_no_text(corpus: Path) -> None:
    for number in ("", "-rotated"):
        text = words_of((corpus / f"pdf/samplefiles__habibi{number}.pdf").read_bytes())

        assert text.split().count("حَبيبي") == 2
        assert scripts_in(text) == {"ARABIC", "LATIN"}


def spaced(mode: int) -> bytes:
    """Words whose letters are spaced out, but for the last one, which is a stretch of its own."""
    words = ("The", " Metropolis", " Tower", " United", " Arab", " Shipping", " Lines")
    parts = " ".join(f"3 Tc ({word[:-1]}) Tj 0 Tc ({word[-1]}) Tj" for word in words)
    return f"BT {mode} Tr /F 10 Tf 20 100 Td {parts} ET".encode()


def test_words_of_a_spaced_invisible_layer_are_whole() -> None:
    assert words_of(page_with(spaced(3))) == "The Metropolis Tower United Arab Shipping Lines"


def test_formulas_keep_their_spaces() -> None:
    spread = b"BT /F 10 Tf 1 0 0 1 20 100 Tm (f) Tj " + b"".join(
        b"1 0 0 1 %d 100 Tm (%c) Tj " % (20 + 8 * at, letter) for at, letter in enumerate(b"abcdefgh", 1)
    )

    assert words_of(page_with(spread + b"ET")) == "f a b c d e f g h"


def test_real_layers_of_spaced_words(corpus: Path) -> None:
    path = corpus / "pdf/pypdf__indirect-rotation.pdf"
    _, handed = read(path.read_bytes())
    text = "\n".join(unit_text.plain for _, unit_text in handed)

    assert "The Metropolis Tower" in text
    assert "United Arab Shipping Co. (S.A.G.)" in text
    assert "Th e" not in text
