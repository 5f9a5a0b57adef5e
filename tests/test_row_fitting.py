"""Which rows of a table go together: as few pieces as fit, learned from what pieces come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from preflight.plan import PieceLimits
from preflight.row_fitting import RowFitting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.row_fitting import Load
    from preflight.rows import RowSpan

BASE = 7


def load_of(rows: RowSpan, tokens: Sequence[int], headers: int) -> Load:
    """What a piece comes to: what every piece repeats, and its rows below the header rows."""
    return {"tokens": BASE + sum(tokens[max(rows[0] - 1, headers) : rows[1]])}


def fewest(tokens: Sequence[int], most: int) -> int:
    """Pieces that filling each as far as it goes takes."""
    pieces, left = 0, -1
    for value in tokens:
        if value > left:
            pieces, left = pieces + 1, most - BASE
        left -= value
    return pieces


@given(
    st.lists(st.integers(min_value=0, max_value=90), min_size=2, max_size=60),
    st.integers(min_value=0, max_value=1),
    st.integers(min_value=100, max_value=300),
)
def test_rows_measured_one_by_one_need_one_plan(tokens: list[int], headers: int, most: int) -> None:
    tokens = [0] * headers + tokens
    fitting = RowFitting(len(tokens), headers, PieceLimits(tokens=most))
    parts = fitting.divided(fitting.whole, len(tokens))
    fitting.settle({rows: load_of(rows, tokens, headers) for rows in (fitting.whole, *parts)})

    planned = fitting.plan()

    assert [row for first, last in planned for row in range(first, last + 1)] == list(range(1, len(tokens) + 1))
    assert all(load_of(rows, tokens, headers)["tokens"] <= most for rows in planned)
    assert len(planned) == fewest(tokens[headers:], most)


@given(st.lists(st.integers(min_value=1, max_value=90), min_size=40, max_size=200))
def test_what_is_too_large_is_planned_smaller(tokens: list[int]) -> None:
    fitting = RowFitting(len(tokens), 0, PieceLimits(tokens=200), lengths=[5] * len(tokens))
    parts = fitting.divided(fitting.whole, 4)
    fitting.settle({rows: load_of(rows, tokens, 0) for rows in (fitting.whole, *parts)})

    planned = fitting.plan()
    for rows in planned:
        fitting.learn(rows, load_of(rows, tokens, 0))
        if load_of(rows, tokens, 0)["tokens"] > 200:
            assert rows not in fitting.plan()


def test_rows_are_divided_evenly_below_their_headers() -> None:
    fitting = RowFitting(12, 2, PieceLimits(tokens=1))
    assert fitting.divided((1, 12), 3) == [(1, 5), (6, 8), (9, 12)]
    assert fitting.divided((1, 3), 2) == [(1, 3)]
    assert fitting.divided((6, 8), 99) == [(6, 6), (7, 7), (8, 8)]


def test_the_length_of_rows_is_what_parts_are_divided_by() -> None:
    fitting = RowFitting(8, 0, PieceLimits(tokens=110), lengths=[99, 0, 0, 0, 0, 0, 0, 99])
    fitting.settle({(1, 8): {"tokens": 210}, (1, 4): {"tokens": 110}, (5, 8): {"tokens": 110}})
    assert fitting.plan() == [(1, 4), (5, 8)]
    fitting = RowFitting(4, 0, PieceLimits(tokens=90), lengths=[79, 19, 19, 79])
    fitting.settle({(1, 4): {"tokens": 210}, (1, 2): {"tokens": 110}, (3, 4): {"tokens": 110}})
    assert fitting.plan() == [(1, 1), (2, 3), (4, 4)]
