"""Page labels: the numbers printed on the pages, as viewers show them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pikepdf import Array, Dictionary, Name, Object, String

from extractors.pdf.cutting.objects import text_in, tree_items, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STYLES = ("/D", "/R", "/r", "/A", "/a")


@dataclass(frozen=True, slots=True)
class LabelRange:
    """Pages that are numbered in one go (ISO 32000-2, 12.4.2).

    Attributes:
        start: Index of the first of them, from 0.
        style: ``/D``, ``/R``, ``/r``, ``/A``, ``/a``, or empty for a label that is the prefix alone.
        prefix: Text before the number, as bytes of a PDF string.
        value: Number of the first of them.
    """

    start: int
    style: str = "/D"
    prefix: bytes = b""
    value: int = 1

    def moved_to(self, page: int) -> LabelRange:
        """Return the rest of the range, from ``page`` on."""
        value = self.value + page - self.start if self.style else self.value
        return replace(self, start=page, value=value)


PLAIN = LabelRange(0)


def read_labels(root: Object) -> tuple[LabelRange, ...]:
    """Return the label ranges of a document in order; they cover it from its first page.

    A document without page labels is numbered from 1, and so are pages before its first range.
    """
    found: dict[int, LabelRange] = {}
    for key, value in tree_items(root.get(Name.PageLabels), Name.Nums):
        start = whole(key)
        if start is not None and start >= 0 and isinstance(value, Dictionary):
            found.setdefault(start, _range(start, value))
    ranges = [found[start] for start in sorted(found)]
    return tuple(ranges) if ranges and not ranges[0].start else (PLAIN, *ranges)


def _range(start: int, entry: Dictionary) -> LabelRange:
    style = text_in(entry.get(Name.S))
    prefix = entry.get(Name.P)
    value = whole(entry.get(Name.St))
    return LabelRange(
        start,
        style if style in _STYLES else "",
        bytes(prefix) if isinstance(prefix, String) else b"",
        1 if value is None else value,
    )


def labels_between(ranges: Sequence[LabelRange], first: int, last: int) -> tuple[LabelRange, ...]:
    """Return the label ranges of the pages from index ``first`` to ``last``, counted from ``first``."""
    cut = []
    for index, one in enumerate(ranges):
        end = ranges[index + 1].start - 1 if index + 1 < len(ranges) else last
        if one.start <= last and end >= first:
            kept = one.moved_to(max(one.start, first))
            cut.append(replace(kept, start=kept.start - first))
    return tuple(cut)


def labels_joined(parts: Iterable[tuple[Sequence[LabelRange], int]]) -> tuple[LabelRange, ...]:
    """Return the label ranges of several documents put together.

    Args:
        parts: Label ranges and number of pages of each.
    """
    joined: list[LabelRange] = []
    offset = 0
    for ranges, pages in parts:
        for one in labels_between(ranges, 0, pages - 1):
            moved = replace(one, start=one.start + offset)
            if not joined or joined[-1].moved_to(moved.start) != moved:
                joined.append(moved)
        offset += pages
    return tuple(joined)


def label_tree(ranges: Sequence[LabelRange], *, always: bool) -> Dictionary | None:
    """Return the number tree for the catalog's ``/PageLabels``.

    Args:
        ranges: Label ranges in order.
        always: Make it even for pages that are plainly numbered from 1, as they are without one.
    """
    if tuple(ranges) == (PLAIN,) and not always:
        return None
    flat: list[Object | int] = []
    for one in ranges:
        entry = Dictionary()
        if one.style:
            entry.S = Name(one.style)
            if one.value != 1:
                entry.St = one.value
        if one.prefix:
            entry.P = String(one.prefix)
        flat += (one.start, entry)
    return Dictionary(Nums=Array(flat))
