"""Exact token counts: two libraries, one answer, whichever counts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.vocabulary import LONG, NAMES, Counter, Encoding, by_toktok

ENCODINGS: tuple[Encoding, ...] = ("o200k", "cl100k")
DECLARATIONS = Path(__file__).with_name("declaration.jsonl").read_text(encoding="utf-8")  # in 16 languages
SPACES = (" ", "  ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u3000", "\u2003", "\u200b", "\ufeff", "\x0b", "\x85")
WORDS = (
    *("Hello", "WORLD", "iPhone", "McDonald's", "IT'S", "don’t", "'s", "naïve", "ÉCOLE", "e\u0301", "Straße", "ǅ"),
    *("İstanbul", "1234567", "٣٤٥", "½", "日本語", "한국어", "ภาษาไทย", "हिन्दी", "ﬁ", "㍿", "👍🏽", "\u200d", "\u0301"),
    *("...", "!!!\n", "//", "a/b\n/", "_x_", "<|endoftext|>", "<|fim_prefix|>", "#!", "\ufffd", "\x00", "ʼn"),
)
# What this Python takes for unassigned may have become a letter in one library and not in the other.
ASSIGNED = st.characters(exclude_categories=("Cs", "Cn"))


@pytest.fixture(scope="module")
def counters() -> dict[Encoding, Counter]:
    pytest.importorskip("splintr", reason="the extra [fast] is not installed, so there is nothing to compare")
    for encoding in ENCODINGS:
        by_toktok([""], NAMES[encoding])  # loaded here, not within the time of the first example
    return {encoding: Counter(encoding) for encoding in ENCODINGS}


@settings(max_examples=300, deadline=None)
@given(text=st.lists(st.sampled_from(WORDS + SPACES) | st.text(ASSIGNED, max_size=8), max_size=30).map("".join))
def test_both_libraries_count_the_same(counters: dict[Encoding, Counter], text: str) -> None:
    for encoding, counter in counters.items():
        assert counter.count([text]) == by_toktok([text], NAMES[encoding])


@pytest.mark.parametrize("pattern", ["a", " ", "\n", "=-", "7", "😀", "漢", "aB", "\u0301", " \n"])
def test_both_libraries_count_long_runs_the_same(counters: dict[Encoding, Counter], pattern: str) -> None:
    text = pattern * (20_000 // len(pattern))

    for encoding, counter in counters.items():
        assert counter.count([text]) == by_toktok([text], NAMES[encoding])


def test_both_libraries_count_real_documents_the_same(counters: dict[Encoding, Counter], shared: Path) -> None:
    prose = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(shared.rglob("*.md"))]
    pages = [page for text in (*prose, DECLARATIONS) for page in re.findall(r"(?s).{1,3000}", text)]

    assert sum(map(len, pages)) > 200_000
    for encoding, counter in counters.items():
        assert counter.count(pages) == by_toktok(pages, NAMES[encoding])


def test_what_is_very_long_is_counted_the_same() -> None:
    counter = Counter("o200k")
    text = "Upload preflight counts words. " * 2_000
    times = LONG // len(text) + 1

    assert counter.count([text] * times) == counter.count([text]) * times
    assert counter.count([]) == []
