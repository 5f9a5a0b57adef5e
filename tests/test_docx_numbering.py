"""List numbers as Word shows them."""

from __future__ import annotations

import pytest
from docx_maker import docx, element, p, read, rich, texts
from hypothesis import given
from hypothesis import strategies as st

from extractors.docx.numerals import numeral
from extractors.docx.symbols import UNKNOWN, glyph, in_font, symbol


def level(index: int, form: str, text: str, extra: str = "") -> str:
    inner = f'<w:start w:val="1"/><w:numFmt w:val="{form}"/>{extra}<w:lvlText w:val="{text}"/>'
    return f'<w:lvl w:ilvl="{index}">{inner}</w:lvl>'


def numbering(levels: str, nums: str = '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>') -> str:
    return element("w:numbering", f'<w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>{nums}')


def item(text: str, index: int = 0, num: int = 1) -> str:
    return p(text, f'<w:numPr><w:ilvl w:val="{index}"/><w:numId w:val="{num}"/></w:numPr>')


LEGAL = numbering(level(0, "decimal", "%1.") + level(1, "decimal", "%1.%2.") + level(2, "lowerLetter", "%3)"))


def shown(body: str, definitions: str) -> list[str]:
    return [text.strip() for text in texts(docx(body, {"rId1": ("numbering", definitions)}))]


def test_levels_count_and_restart() -> None:
    body = item("a") + item("b", 1) + item("c", 1) + item("d", 2) + item("e") + item("f", 1) + item("g", 2)
    assert shown(body, LEGAL) == ["1. a", "1.1. b", "1.2. c", "a) d", "2. e", "2.1. f", "a) g"]


def test_indentation_and_bullets_in_markdown() -> None:
    bullets = numbering(level(0, "bullet", "\uf0b7") + level(1, "bullet", "o"))
    data = docx(item("a") + item("b", 1), {"rId1": ("numbering", bullets)})
    assert rich(data) == ["- a", "  - b"]
    assert texts(data) == ["• a", "  o b"]
    assert [facts.block for facts, _ in read(data)[1]] == ["list-item", "list-item"]


def test_a_level_above_that_was_never_used_stands_one_before_its_start() -> None:
    assert shown(item("a", 1) + item("b") + item("c", 1), LEGAL) == ["0.1. a", "1. b", "1.1. c"]


def test_two_lists_of_one_definition_go_on_and_overrides_start_anew() -> None:
    nums = (
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="3"><w:abstractNumId w:val="0"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
    )
    body = item("a") + item("b", num=2) + item("c", num=3) + item("d", num=3)
    assert shown(body, numbering(level(0, "decimal", "%1."), nums)) == ["1. a", "2. b", "5. c", "6. d"]


def test_restart_can_be_turned_off_and_legal_numbers_are_digits() -> None:
    levels = level(0, "upperRoman", "%1.") + level(1, "decimal", "%1-%2", '<w:lvlRestart w:val="0"/><w:isLgl/>')
    body = item("a") + item("b", 1) + item("c") + item("d", 1)
    assert shown(body, numbering(levels)) == ["I. a", "1-1 b", "II. c", "2-2 d"]


def test_numbers_come_with_the_style_and_headings_carry_them() -> None:
    styles = element(
        "w:styles",
        '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/>'
        '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="0"/></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/>'
        '<w:basedOn w:val="berschrift1"/>'
        '<w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Mine"/><w:basedOn w:val="berschrift2"/></w:style>',
    )
    body = "".join(
        p(text, f'<w:pStyle w:val="{style}"/>')
        for text, style in (("A", "berschrift1"), ("B", "berschrift2"), ("C", "Mine"))
    )
    data = docx(body, {"rId1": ("numbering", LEGAL), "rId2": ("styles", styles)})
    assert rich(data) == ["# 1. A", "## 1.1. B", "## 1.2. C"]
    facts = read(data)[0]
    assert [(entry.title, entry.level, entry.unit) for entry in facts.outline] == [
        ("1. A", 1, 1),
        ("1.1. B", 2, 2),
        ("1.2. C", 2, 3),
    ]


def test_a_paragraph_can_leave_the_list_of_its_style() -> None:
    styles = element(
        "w:styles",
        '<w:style w:type="paragraph" w:styleId="L"><w:name w:val="L"/>'
        '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>',
    )
    body = p("in", '<w:pStyle w:val="L"/>') + p("out", '<w:pStyle w:val="L"/><w:numPr><w:numId w:val="0"/></w:numPr>')
    assert texts(docx(body, {"rId1": ("numbering", LEGAL), "rId2": ("styles", styles)})) == ["1. in", "out"]


def test_empty_items_count_but_show_nothing() -> None:
    assert shown(item("a") + item("") + item("c"), LEGAL) == ["1. a", "", "3. c"]


def test_unknown_lists_do_no_harm() -> None:
    assert shown(item("a", num=99) + item("b", 8), LEGAL) == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (4, "upperRoman", "IV"),
        (1999, "lowerRoman", "mcmxcix"),
        (27, "lowerLetter", "aa"),
        (28, "upperLetter", "BB"),
        (7, "decimalZero", "07"),
        (11, "ordinal", "11th"),
        (22, "ordinal", "22nd"),
        (21, "ordinalText", "Twenty-first"),
        (40, "ordinalText", "Fortieth"),
        (115, "cardinalText", "One hundred fifteen"),
        (5, "chicago", "**"),
        (3, "decimalEnclosedCircle", "③"),
        (21, "decimalEnclosedCircle", "21"),
        (105, "chineseCounting", "一百零五"),
        (12, "japaneseCounting", "十二"),
        (255, "hex", "FF"),
        (2, "numberInDash", "- 2 -"),
        (3, "russianLower", "в"),
        (9, "none", ""),
        (9, "somethingNew", "9"),
        (-1, "upperRoman", "-1"),
    ],
)
def test_number_formats(value: int, form: str, text: str) -> None:
    assert numeral(value, form) == text


def test_custom_formats_pad_with_zeros() -> None:
    assert numeral(7, "custom", "001, 002, 003, ...") == "007"


@given(st.integers(1, 3999), st.integers(1, 3999))
def test_different_numbers_never_look_alike(one: int, other: int) -> None:
    for form in ("lowerRoman", "upperLetter", "cardinalText", "ordinalText", "chineseCounting", "hex"):
        assert (numeral(one, form) == numeral(other, form)) is (one == other)


@given(st.sampled_from(["Symbol", "Wingdings", "Webdings", "Arial", ""]), st.integers(-5, 0x120000))
def test_every_symbol_is_one_printable_character(font: str, point: int) -> None:
    shown_as = glyph(font, point)
    assert shown_as == UNKNOWN or len(shown_as) == 1
    assert not 0xE000 <= ord(shown_as) <= 0xF8FF or not 0xF000 <= point <= 0xF0FF


def test_symbols_of_broken_codes_are_unknown() -> None:
    assert symbol("Symbol", "not hex") == UNKNOWN
    assert in_font("a\uf0b7b", "Times") == "a•b"
