"""Bookmarks, comments, moves and permissions whose start and end lie in different pieces.

A range that a cut goes through is ended at the cut and, where its end stands, begun anew. A comment lives in the piece
that holds its reference, because there it is read; in other pieces the marks of its range are put out of use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractors.docx.cutting import marks
from extractors.docx.cutting.marks import BOOKMARK_START, COMMENT_START, RANGE_ENDS, RANGE_STARTS
from extractors.docx.names import W_ID, w

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lxml.etree import _Element as Element

COMMENT_REFERENCE = w("commentReference")
_NAME = w("name")
# Table columns that a bookmark covers: of no meaning where the range is begun anew.
_NOT_REPEATED = frozenset({w("colFirst"), w("colLast"), w("displacedByCustomXml")})
RANGE_TAGS = (*RANGE_STARTS, *RANGE_ENDS)
_START_OF = {end: start for start, end in RANGE_STARTS.items()}


@dataclass(slots=True)
class Range:
    """One range.

    Attributes:
        start: Block it starts in; None when it only ends.
        end: Block it ends in; None when it never ends.
        end_before: The end stands before the block, not inside it.
        attributes: Of the start.
    """

    start: int | None = None
    end: int | None = None
    end_before: bool = False
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Clip:
    """What to do with ranges in one piece.

    Attributes:
        opened: Marks to put before the first block.
        closed: Marks to put after the last block.
        gone: (tag, id) of marks to put out of use.
        blocks: Numbers of the blocks that ranges were cut at.
    """

    opened: tuple[Element, ...] = ()
    closed: tuple[Element, ...] = ()
    gone: frozenset[tuple[str, str]] = frozenset()
    blocks: tuple[int, ...] = ()


class Ranges:
    """All ranges of a body, collected in one pass.

    Attributes:
        names: Blocks that the start and the end of each bookmark stand in, by name.
        anchors: Block in which each comment is read.
    """

    def __init__(self) -> None:
        self._ranges: dict[tuple[str, str], Range] = {}
        self.anchors: dict[str, int] = {}

    def see(self, number: int, element: Element, *, before: bool = False) -> None:
        """Take note of a range mark or a comment reference.

        Args:
            number: Its block.
            element: The mark.
            before: It stands before the block, not in it.
        """
        tag, identity = element.tag, element.get(W_ID, "")
        if tag == COMMENT_REFERENCE:
            self.anchors.setdefault(identity, number)
        elif tag in RANGE_STARTS:
            found = self._ranges.setdefault((tag, identity), Range())
            found.start = number
            found.attributes = {str(name): str(value) for name, value in element.attrib.items()}
        else:
            found = self._ranges.setdefault((_START_OF[tag], identity), Range())
            found.end, found.end_before = number, before

    def finish(self) -> None:
        """Settle where comments without a reference are read: where their range ends."""
        for (tag, identity), found in self._ranges.items():
            if tag == COMMENT_START and identity not in self.anchors:
                anchor = found.end if found.end is not None else found.start
                if anchor is not None:
                    self.anchors[identity] = anchor

    def comments(self, first: int, last: int) -> set[str]:
        """Return the ids of the comments read in some blocks."""
        return {identity for identity, number in self.anchors.items() if first <= number <= last}

    def bookmarks(self, first: int, last: int) -> tuple[set[str], set[str]]:
        """Return the names of the bookmarks that a piece has, and of all."""
        here: set[str] = set()
        everywhere: set[str] = set()
        for (tag, _), found in self._ranges.items():
            if tag == BOOKMARK_START and found.start is not None:
                name = found.attributes.get(_NAME, "")
                everywhere.add(name)
                ends_here = found.end is not None and first <= found.end <= last
                if first <= found.start <= last or (ends_here and not (found.end == first and found.end_before)):
                    here.add(name)
        return here, everywhere

    def clip(self, first: int, last: int) -> Clip:
        """Tell what happens to the ranges when blocks ``first`` to ``last`` become a piece."""
        opened: list[Element] = []
        closed: list[Element] = []
        gone: set[tuple[str, str]] = set()
        blocks: set[int] = set()
        for (tag, identity), found in self._ranges.items():
            starts = found.start is not None and first <= found.start <= last
            ends = found.end is not None and first <= found.end <= last
            if not starts and not ends:
                continue
            if tag == COMMENT_START and not first <= self.anchors.get(identity, 0) <= last:
                gone.update({(tag, identity), (RANGE_STARTS[tag], identity)})
                blocks.update(
                    number for number, inside in ((found.start, starts), (found.end, ends)) if inside and number
                )
            elif starts and not ends and found.end is not None:
                closed.append(marks.added(RANGE_STARTS[tag], id=identity))
                blocks.add(last)
            elif ends and not starts and found.start is not None:
                blocks.add(first)
                if found.end == first and found.end_before:
                    gone.add((RANGE_STARTS[tag], identity))
                else:
                    opened.append(_start_again(tag, found))
        return Clip(tuple(opened), tuple(closed), frozenset(gone), tuple(sorted(blocks)))


def local_clip(elements: Iterable[Element], *, comments: set[str]) -> Clip:
    """Tell what happens to ranges when only a part of a block is kept, judging by what is there.

    Args:
        elements: The parts of the block that are kept.
        comments: Comments referred to in them.
    """
    starts: dict[tuple[str, str], Element] = {}
    ends: set[tuple[str, str]] = set()
    for element in elements:
        for each in element.iter(*RANGE_TAGS):
            identity = each.get(W_ID, "")
            if each.tag in RANGE_STARTS:
                starts[each.tag, identity] = each
            else:
                ends.add((_START_OF[each.tag], identity))
    closed: list[Element] = []
    gone: set[tuple[str, str]] = set()
    for tag, identity in [*starts, *sorted(ends - starts.keys())]:
        key = (tag, identity)
        if (tag == COMMENT_START and identity not in comments) or key not in starts:
            gone.update({key, (RANGE_STARTS[tag], identity)})
        elif key not in ends:
            closed.append(marks.added(RANGE_STARTS[tag], id=identity))
    return Clip((), tuple(closed), frozenset(gone))


def put_out_of_use(root: Element, clip: Clip) -> None:
    """Put the marks that ``clip`` names out of use, wherever they stand below ``root``."""
    if clip.gone:
        for element in list(root.iter(*RANGE_TAGS)):
            if (element.tag, element.get(W_ID, "")) in clip.gone:
                marks.take_out(element)


def _start_again(tag: str, found: Range) -> Element:
    element = marks.added(tag)
    for name, value in found.attributes.items():
        if name not in _NOT_REPEATED:
            element.set(name, value)
    return element
