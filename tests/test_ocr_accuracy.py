"""Character error rates on the known texts of the corpus, with real Tesseract."""

from __future__ import annotations

from pathlib import Path

from corpus_share import EVERY, share_of
from hypothesis import given
from hypothesis import strategies as st
from truth import Known, edit_distance, error_rate, known_texts

from extractors.base import ReadOptions
from extractors.ocr import choose_engine
from extractors.ocr.work import recognize_units

ENGLISH = ("eng",)

MEAN = 0.0115
"""Reached 0.0091 (benchmarks/part_ocr.py); OCRmyPDF 17.13 at its best, with --rotate-pages --deskew, 0.200."""

WORST = {"ocrmypdf__francais.pdf": 0.095, "tesstest__eurotext.tif": 0.035}
"""French and five languages at once, read with the model for English; all others stay below 0.02."""


def test_error_rates_of_the_corpus(corpus: Path) -> None:
    engine = choose_engine("tesserocr", ENGLISH)
    rates = {}
    for known in share_of(known_texts(corpus)):
        with known.path.open("rb") as file:
            units = recognize_units(
                file,
                ReadOptions(media_type=known.media_type),
                tuple(range(1, known.units + 1)),
                engine=engine,
                languages=ENGLISH,
                timeout_s=120,
            )
            rates[known.path.name] = error_rate([unit.text.plain for unit in units], known)
    assert len(rates) == -(-22 // EVERY)
    print(*(f"{rate:.4f} {name}" for name, rate in rates.items()), sep="\n")
    assert {name: rate for name, rate in rates.items() if rate > WORST.get(name, 0.02)} == {}
    assert EVERY > 1 or sum(rates.values()) / len(rates) <= MEAN


def test_missing_units_count_as_all_wrong() -> None:
    known = Known(Path("x.pdf"), 2, "abcd")
    assert error_rate(["abcd", "ab cd"], known) == 0.125
    assert error_rate(["abcd"], known) == 0.5
    assert error_rate([], known) == 1.0


def slow_distance(one: str, other: str) -> int:
    """The textbook's table."""
    above = list(range(len(other) + 1))
    for row, char in enumerate(one, start=1):
        line = [row]
        for column, wanted in enumerate(other, start=1):
            line.append(min(above[column] + 1, line[-1] + 1, above[column - 1] + (char != wanted)))
        above = line
    return above[-1]


@given(st.text("abc", max_size=90), st.text("abc", max_size=90))
def test_edit_distance_is_that_of_the_textbook(one: str, other: str) -> None:
    assert edit_distance(one, other) == slow_distance(one, other)
