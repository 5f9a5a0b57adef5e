"""Dividing text: nothing lost, nothing torn that a reader sees as one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.text.chop import begins_character
from preflight.divide import divide

CLUSTERS = [*"ab .\n!", "e\u0301", "👩\u200d👩\u200d👧", "🇩🇪", "\u1100\u1161", "क्ष", "。", "\r\n", "\u3000"]
TRICKY = st.lists(st.sampled_from(CLUSTERS), max_size=60).map("".join)


@given(TRICKY, st.integers(1, 12))
def test_the_parts_together_are_the_text_and_no_character_is_torn(text: str, parts: int) -> None:
    found = divide(text, parts)

    assert "".join(found) == text
    assert 1 <= len(found) <= max(1, parts)
    place = 0
    for part in found[:-1]:
        place += len(part)
        assert part
        assert begins_character(text, place)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("one two.\n\nthree four five", "one two.\n\n"),
        ("one two.\nthree four five", "one two.\n"),
        ("one two. three four six", "one two. "),
        ("one two three fours", "one two "),
        ("一二三。四五六七", "一二三。"),
        ("abcdefghij", "abcde"),
    ],
)
def test_the_best_boundary_near_the_middle_is_taken(text: str, first: str) -> None:
    assert divide(text, 2)[0] == first


def test_one_character_is_not_divided() -> None:
    family = "👩\u200d👩\u200d👧"

    assert divide(family, 5) == [family]
    assert divide(family * 2, 5) == [family, family]
