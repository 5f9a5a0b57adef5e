"""Labels of pages through cutting and joining, for any way to number pages."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from pikepdf import Dictionary

from extractors.pdf.cutting.labels import LabelRange, label_tree, labels_between, labels_joined, read_labels

STYLES = st.sampled_from(["/D", "/R", "/r", "/A", "/a", ""])
PAGES = 40


def said(ranges: tuple[LabelRange, ...], page: int) -> tuple[str, bytes, int]:
    """Style, prefix and number that a page shows."""
    one = [item for item in ranges if item.start <= page][-1].moved_to(page)
    return one.style, one.prefix, one.value if one.style else 0


@st.composite
def numberings(draw: st.DrawFn) -> tuple[LabelRange, ...]:
    """Label ranges of a document, the first from its first page."""
    starts = sorted({0, *draw(st.lists(st.integers(0, PAGES - 1), max_size=6))})
    prefixes = st.sampled_from([b"", b"A-", b"\xfe\xff\x00x"])
    return tuple(LabelRange(start, draw(STYLES), draw(prefixes), draw(st.integers(0, 99))) for start in starts)


@given(numberings(), st.integers(0, PAGES - 1), st.integers(0, PAGES - 1))
def test_a_range_of_pages_says_what_it_said(ranges: tuple[LabelRange, ...], one: int, other: int) -> None:
    first, last = min(one, other), max(one, other)
    part = labels_between(ranges, first, last)
    assert part[0].start == 0
    assert part[-1].start <= last - first
    assert [said(part, page - first) for page in range(first, last + 1)] == [
        said(ranges, page) for page in range(first, last + 1)
    ]


@given(numberings(), st.sets(st.integers(1, PAGES - 1), max_size=5))
def test_parts_put_together_say_what_the_whole_said(ranges: tuple[LabelRange, ...], cuts: set[int]) -> None:
    edges = [0, *sorted(cuts), PAGES]
    parts = [(labels_between(ranges, start, end - 1), end - start) for start, end in pairwise(edges)]
    joined = labels_joined(parts)
    assert [said(joined, page) for page in range(PAGES)] == [said(ranges, page) for page in range(PAGES)]
    assert len(joined) <= len(ranges)


@given(numberings())
def test_labels_are_read_as_they_were_written(ranges: tuple[LabelRange, ...]) -> None:
    tree = label_tree(ranges, always=True)
    assert tree is not None
    read = read_labels(Dictionary(PageLabels=tree))
    assert [said(read, page) for page in range(PAGES)] == [said(ranges, page) for page in range(PAGES)]


def test_plain_numbers_need_no_tree() -> None:
    plain = read_labels(Dictionary())
    assert label_tree(plain, always=False) is None
    assert label_tree(labels_between(plain, 4, 9), always=False) is not None
