"""Words as Tesseract reports them: reading, joining, and putting columns in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from extractors.ocr.columns import MIN_LINES, in_reading_order
from extractors.ocr.words import Word, mean_confidence, read_tsv, text_of

HEADER = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"


def row(text: str, *, block: int = 1, paragraph: int = 1, line: int = 1, number: int = 1, conf: float = 90) -> str:
    return f"5\t1\t{block}\t{paragraph}\t{line}\t{number}\t{100 * number}\t{30 * line}\t80\t20\t{conf}\t{text}\n"


def test_reads_words_with_and_without_header() -> None:
    rows = "1\t1\t0\t0\t0\t0\t0\t0\t999\t999\t-1\t\n" + row("one", conf=96.5) + row("two", number=2, conf=50)
    for tsv in (rows, HEADER + rows):
        words = read_tsv(tsv)
        assert [word.text for word in words] == ["one", "two"]
        assert (words[0].left, words[0].top, words[0].right, words[0].bottom) == (100, 30, 180, 50)
        assert words[0].confidence == 0.965
        assert mean_confidence(words) == 0.7325


def test_no_words_is_no_text_and_no_confidence() -> None:
    assert read_tsv("") == []
    assert read_tsv(HEADER + row("   ")) == []
    assert text_of([]) == ""
    assert mean_confidence([]) == 0.0


def test_lines_and_paragraphs_are_kept() -> None:
    tsv = row("a") + row("b", number=2) + row("c", line=2) + row("d", paragraph=2) + row("e", block=2)
    assert text_of(read_tsv(tsv)) == "a b\nc\n\nd\n\ne"


def test_control_characters_and_tabs_in_text_do_no_harm() -> None:
    assert text_of(read_tsv(row("a\x07b") + row("c\td", number=2))) == "ab c\td"


def test_confidence_stays_between_none_and_all() -> None:
    assert [word.confidence for word in read_tsv(row("a", conf=-1) + row("b", conf=120))] == [0.0, 1.0]


def test_scripts_without_spaces_get_none() -> None:
    chinese = row("发") + row("展", number=2) + row("。", number=3) + row("OCR", number=4) + row("文", number=5)
    assert text_of(read_tsv(chinese)) == "发展。 OCR 文"
    korean = row("한국어") + row("문장", number=2)
    assert text_of(read_tsv(korean)) == "한국어 문장"


def line_of(text: str, place: tuple[int, int, int], left: int, top: int) -> list[Word]:
    """Words 10 pixels a letter, 10 apart, 20 high."""
    words = []
    for word in text.split():
        words.append(Word(word, 0.9, left, top, left + 10 * len(word), top + 20, place))
        left += 10 * len(word) + 10
    return words


def two_columns(lines: int, left: str, right: str, block: int = 1) -> list[Word]:
    """Lines read across: each line of the page holds a line of either column."""
    words = []
    for number in range(lines):
        place = (block, 1, number + 1)
        words += line_of(f"{left}{number}", place, 0, 30 * number)
        words += line_of(f"{right}{number}", place, 400, 30 * number)
    return words


LEFT, RIGHT = "the left column goes on ", "and this is the right one "


def test_columns_read_across_are_parted() -> None:
    lines = MIN_LINES + 2
    text = text_of(in_reading_order(two_columns(lines, LEFT, RIGHT)))
    assert text.split("\n\n") == [
        "\n".join(f"{LEFT}{number}" for number in range(lines)),
        "\n".join(f"{RIGHT}{number}" for number in range(lines)),
    ]


def test_what_stands_above_and_below_columns_stays_there() -> None:
    title = line_of("a title that runs over the width of both of the columns", (1, 1, 1), 0, -60)
    foot = line_of("a footer that runs over the width of both of the columns", (3, 1, 1), 0, 900)
    middle = two_columns(MIN_LINES + 2, LEFT, RIGHT, block=2)
    text = text_of(in_reading_order([*title, *middle, *foot]))
    assert text.startswith("a title")
    assert text.endswith("columns")
    assert text.index(f"{LEFT}6") < text.index(f"{RIGHT}0")


def test_three_columns_are_parted() -> None:
    words = []
    for number in range(MIN_LINES + 2):
        for column in range(3):
            words += line_of(f"c{column} has four words {number}", (1, 1, number + 1), 400 * column, 30 * number)
    text = text_of(in_reading_order(words))
    starts = [line[:2] for line in text.split("\n") if line]
    assert starts == sorted(starts)


def test_tables_are_read_row_by_row() -> None:
    words = two_columns(12, "item ", "price ")
    assert in_reading_order(words) == words


def test_typewriter_spaces_below_each_other_are_no_gap() -> None:
    words = []
    for number in range(12):
        left = 0
        for text in ["four", "word", "five", "more", "line", "ends", "here", "soon"]:
            words.append(Word(text, 0.9, left, 30 * number, left + 60, 30 * number + 16, (1, 1, number + 1)))
            left += 60 + 15  # spaces nearly as wide as letters are high
    assert in_reading_order(words) == words


def test_columns_read_well_are_left_alone() -> None:
    words = []
    for block, text, left in ((1, LEFT, 0), (2, RIGHT, 400)):
        for number in range(10):
            words += line_of(f"{text}{number}", (block, 1, number + 1), left, 30 * number)
    assert in_reading_order(words) == words


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 12), st.integers(0, 900), st.integers(0, 900), st.integers(1, 200)),
        max_size=60,
    )
)
def test_ordering_neither_loses_nor_makes_words(boxes: list[tuple[int, int, int, int, int]]) -> None:
    words = [
        Word(f"w{index}", 0.5, left, top, left + width, top + 20, (block, 1, line))
        for index, (block, line, left, top, width) in enumerate(boxes)
    ]
    ordered = in_reading_order(words)
    assert sorted(word.text for word in ordered) == sorted(word.text for word in words)
    assert in_reading_order(words) == ordered, "same input, same output"
