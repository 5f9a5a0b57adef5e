"""An HTML document written again from its parser's events, in stretches that can be put into documents of their own."""

from __future__ import annotations

import os
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from extractors.errors import SafetyLimitExceeded
from extractors.text import markup
from extractors.text.markup import CONTINUED, MARK, REPEATED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from extractors.text.gridded import HtmlTable

_LONGEST_HEAD = 8_000_000
_HEAD_TAGS = "head title meta link base style script noscript template object"
_IN_HEAD = frozenset(_HEAD_TAGS.split())
_TRANSPARENT = frozenset({"applet"})  # what it holds is shown where it cannot run


@dataclass(slots=True, eq=False)
class Element:
    """An element that is open: with its parents it says where in the document one is.

    Attributes:
        parent: The element around it; None for the body.
        tag: Its name.
        attributes: Its attributes.
        written: It is written; elements with names that cannot be are left out, what they hold is not.
        number: Of an ordered list, the number of the last item so far.
    """

    parent: Element | None
    tag: str
    attributes: dict[str, str]
    written: bool = True
    number: int = 0

    def line(self) -> list[Element]:
        """Return this element and those around it, the outermost first."""
        found: list[Element] = []
        node: Element | None = self
        while node is not None:
            found.append(node)
            node = node.parent
        return found[::-1]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a unit begins.

    Attributes:
        at: Where its markup stands in what was written.
        inside: The innermost element that is open there.
        numbers: Numbers of the ordered lists around it, the outermost first.
        header: Markup of the header of the table it is in; empty for a table without one that has had rows.
    """

    at: int
    inside: Element
    numbers: tuple[int, ...]
    header: bytes | None


@dataclass(slots=True)
class Head:
    """What stands before the body."""

    doctype: str = ""
    html: dict[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    size: int = 0
    open: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    passed: bool = False


class Recorder:
    """Writes events as well-formed HTML, and takes note of where units begin.

    Attributes:
        head: What stands before the body.
        stripped: Active content taken out (or, where it is kept, found), by unit; 0 is the head.
    """

    def __init__(self, out: IO[bytes], codec: str, count: Callable[[], int], *, keep_active: bool) -> None:
        """Write to ``out`` in a codec; ``count`` tells how many units have been read so far."""
        self.head = Head()
        self.stripped: dict[int, Counter[str]] = {}
        self._out = out
        self._codec = codec
        self._count = count
        self._keep = keep_active
        self._at = 0
        self._body = self._top = Element(None, "body", {})
        self._open: Counter[str] = Counter()
        self._starts: array[int] = array("Q", [0])
        self._places: list[tuple[Element, tuple[int, ...], bytes | None]] = [(self._body, (), None)]
        self._skipping: list[str] = []
        self._table: HtmlTable | None = None
        self._table_depth = 0
        self._row_at = 0
        self._header: bytes | None = None

    def place(self, number: int) -> Place:
        """Return where a unit begins, one after the last too if something follows it."""
        return Place(self._starts[number - 1], *self._places[number - 1])

    def end_place(self) -> Place:
        """Return where everything ends."""
        return Place(self._at, self._top, (), None)

    def start(self, tag: str, attributes: Mapping[str, str], table: HtmlTable | None) -> None:
        """An element begins."""
        if self._skipping:
            self._skipping.append(tag)
            return
        kept = self._harmless(tag, attributes)
        if kept is None:
            if tag not in markup.VOID and tag not in _TRANSPARENT:
                self._skipping.append(tag)
            return
        if tag == "html":
            self.head.html = self.head.html or kept
        elif tag == "body":
            self._leave_head()
            self._body.attributes.update(kept)
        elif not self.head.passed and tag in _IN_HEAD:
            self._in_head(markup.start_tag(tag, kept))
            if tag not in markup.VOID:
                self.head.open.append((tag, kept))
        else:
            self._begin(tag, kept, table)

    def end(self, tag: str, table: HtmlTable | None) -> None:
        """An element ends."""
        if self._skipping:
            if tag in self._skipping:
                while self._skipping.pop() != tag:
                    pass
            return
        if not self.head.passed:
            while any(tag == inner for inner, _ in self.head.open):
                inner, _ = self.head.open.pop()
                self._in_head(f"</{inner}>")
        elif self._open[tag]:
            while self._top.tag != tag:
                self._close()
            self._close()
        self._end_in_table(tag, table)

    def close_to(self, depth: int) -> None:
        """End elements until only so many inside the body are open."""
        written = [element for element in self._top.line() if element.written]
        last = written[min(depth, len(written) - 1)]
        while self._top is not last:
            self._close()

    def data(self, text: str, *, seen: bool) -> None:
        """A stretch of text."""
        if self._skipping:
            return
        if not self.head.passed and not seen:
            raw = bool(self.head.open) and self.head.open[-1][0] in markup.RAW
            self._in_head(text if raw else markup.escaped(text))
            return
        self._leave_head()
        if seen:
            self._mark()
        if self._top.tag in markup.RAW:
            self._write(text.encode(self._codec, "replace"))
        else:
            self._write_text(markup.escaped(text))

    def comment(self, text: str) -> None:
        """A comment."""
        if self._skipping:
            return
        if self.head.passed:
            self._write_text(markup.comment(text))
        else:
            self._in_head(markup.comment(text))

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """The document type."""
        self.head.doctype = markup.doctype(name, public, system)

    def opening(self, place: Place) -> Iterator[bytes]:
        """Yield the markup that a document needs before a unit that begins at a place."""
        head, codec = self.head, self._codec
        text = f"{head.doctype}{markup.start_tag('html', head.html)}{''.join(head.parts)}"
        yield text.encode(codec, "xmlcharrefreplace")
        numbers = iter(place.numbers)
        table_waits = place.header is not None
        for element in place.inside.line():
            attributes = dict(element.attributes)
            if element.tag == "ol":
                number = next(numbers)
                attributes["start"] = str(number)
            if element is not self._body:
                attributes[MARK] = CONTINUED
            if element.written:
                yield markup.start_tag(element.tag, attributes).encode(codec, "xmlcharrefreplace")
            if element.tag == "table" and table_waits:
                table_waits = False
                yield f'<thead {MARK}="{REPEATED}">'.encode(codec)
                yield place.header or b""
                yield "</thead>".encode(codec)

    def closing(self, place: Place) -> bytes:
        """Return the markup that a document needs after a unit that ends at a place."""
        ends = "".join(f"</{element.tag}>" for element in reversed(place.inside.line()) if element.written)
        return f"{ends}</html>".encode(self._codec)

    def _harmless(self, tag: str, attributes: Mapping[str, str]) -> dict[str, str] | None:
        """Return the attributes to write; None for an element that is left out."""
        found = Counter(kind for _, kind in markup.active_attributes(tag, attributes))
        if tag in markup.ACTIVE:
            found[tag] += 1
        if found:
            self.stripped.setdefault(self._count() + 1 if self.head.passed else 0, Counter()).update(found)
        if self._keep:
            return dict(attributes)
        if tag in markup.ACTIVE:
            return None
        bad = {name for name, _ in markup.active_attributes(tag, attributes)} if found else set()
        return {name: value for name, value in attributes.items() if name not in bad}

    def _leave_head(self) -> None:
        """Begin the body; what is open in the head but ends in the body (noscript) is there as a whole."""
        if self.head.passed:
            return
        self.head.passed = True
        for tag, _ in reversed(self.head.open):
            self._in_head(f"</{tag}>")
        for tag, attributes in self.head.open:
            if tag != "head":
                self._push(tag, attributes)
        self.head.open.clear()

    def _in_head(self, text: str) -> None:
        self.head.parts.append(text)
        self.head.size += len(text)
        if self.head.size > _LONGEST_HEAD:
            raise SafetyLimitExceeded(
                f"The head of the HTML page, which every piece repeats, is longer than {_LONGEST_HEAD:,} characters. "
                "Move its styles to a file of their own, or use --as text."
            )

    def _begin(self, tag: str, attributes: dict[str, str], table: HtmlTable | None) -> None:
        self._leave_head()
        self._mark()
        if tag == "table" and table is not None:
            self._table_depth += 1
            if self._table is not table:
                self._table, self._table_depth, self._header = table, 1, None
        elif tag == "tr" and self._table_depth == 1 and self._header is None:
            self._row_at = self._at
        self._push(tag, attributes)

    def _push(self, tag: str, attributes: dict[str, str]) -> None:
        """Write the beginning of an element."""
        writable = markup.is_name(tag)
        if writable:
            self._write_text(markup.start_tag(tag, attributes))
        if tag in markup.VOID:
            return
        element = Element(self._top, tag, attributes, writable)
        if tag == "ol":
            start = markup.whole_number(attributes.get("start"))
            element.number = 0 if start is None else start - 1
        elif tag == "li":
            self._count_item(attributes)
        self._top = element
        self._open[tag] += 1

    def _count_item(self, attributes: Mapping[str, str]) -> None:
        node: Element | None = self._top
        while node is not None and node.tag not in {"ol", "ul"}:
            node = node.parent
        if node is not None and node.tag == "ol":
            value = markup.whole_number(attributes.get("value"))
            node.number = node.number + 1 if value is None else value

    def _close(self) -> None:
        element = self._top
        if element.written:
            self._write_text(f"</{element.tag}>")
        self._open[element.tag] -= 1
        self._top = element.parent or self._body

    def _end_in_table(self, tag: str, table: HtmlTable | None) -> None:
        if self._table is None:
            return
        if self._header is None and self._table.header:
            self._out.seek(self._row_at)
            self._header = self._out.read(self._at - self._row_at)
            self._out.seek(0, os.SEEK_END)
        self._table_depth -= tag == "table"
        if table is None:
            self._table = None

    def _mark(self) -> None:
        """What comes now belongs to the next unit: take note of where that begins."""
        while len(self._places) <= self._count():
            header = None
            if self._table is not None and self._table.begun:
                header = self._header or b""
            self._starts.append(self._at)
            self._places.append((self._top, self._numbers(), header))

    def _numbers(self) -> tuple[int, ...]:
        if not self._open["ol"]:
            return ()
        inside = self._top.line()
        return tuple(
            element.number if _in_item(inside, at) else element.number + 1
            for at, element in enumerate(inside)
            if element.tag == "ol"
        )

    def _write_text(self, text: str) -> None:
        self._write(text.encode(self._codec, "xmlcharrefreplace"))

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._at += len(data)


def _in_item(inside: list[Element], at: int) -> bool:
    """Whether an item of the list is open, which a piece then opens once more."""
    return any(element.tag == "li" for element in inside[at + 1 : at + 2])
