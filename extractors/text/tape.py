"""An HTML document written again from its parser's events, in stretches that can be put into documents of their own."""

from __future__ import annotations

import os
from array import array
from collections import Counter
from typing import IO, TYPE_CHECKING

from extractors.text import markup
from extractors.text.places import ROW_TAGS, Element, Head, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from extractors.text.gridded import HtmlTable

_HEAD_TAGS = "head title meta link base style script noscript template object"
_IN_HEAD = frozenset(_HEAD_TAGS.split())
_TRANSPARENT = frozenset({"applet", "embed"})  # what they hold is shown where they cannot run
_STAND_IN = "x-element"
"""Written instead of an element that cannot be: unknown to all, it parts blocks and holds others as that did."""
_APART = "<!-- -->"
"""Written between stretches of text that something parted which is not written."""


class Recorder:
    """Writes events as well-formed HTML, and takes note of where units begin.

    Attributes:
        codec: How it is written.
        head: What stands before the body.
        stripped: Active content taken out (or, where it is kept, found), by unit; 0 is the head.
    """

    def __init__(self, out: IO[bytes], codec: str, count: Callable[[], int], *, keep_active: bool) -> None:
        """Write to ``out`` in a codec; ``count`` tells how many units have been read so far."""
        self.head = Head()
        self.stripped: dict[int, Counter[str]] = {}
        self._out = out
        self.codec = codec
        self._count = count
        self._keep = keep_active
        self._at = 0
        self._body = self._top = Element(None, "body", {}, "body")
        self._open: Counter[str] = Counter()
        self._starts: array[int] = array("Q", [0])
        self._places: list[tuple[Element, tuple[int, ...], bytes | None, bool]] = [(self._body, (), None, False)]
        self._skipping: list[str] = []
        self._table: HtmlTable | None = None
        self._table_depth = 0
        self._row_at = 0
        self._header: bytes | None = None
        self._after_text = False
        self._parted = False

    def place(self, number: int) -> Place:
        """Return where a unit begins, one after the last too if something follows it."""
        return Place(self._starts[number - 1], *self._places[number - 1])

    def end_place(self) -> Place:
        """Return where everything ends."""
        return Place(self._at, self._top, (), None, in_row=False)

    def start(self, tag: str, attributes: Mapping[str, str], table: HtmlTable | None) -> None:
        """An element begins."""
        self._parted = True
        if self._skipping:
            self._skipping.append(tag)
            return
        kept = self._harmless(tag, attributes)
        if kept is None:
            if tag in _TRANSPARENT:
                self._begin(tag, {}, table)
            elif tag not in markup.VOID:
                self._skipping.append(tag)
            return
        if tag == "html":
            self.head.html = self.head.html or kept
        elif tag == "body":
            self._leave_head()
            self._body.attributes.update(kept)
        elif not self.head.passed and tag in _IN_HEAD:
            self.head.start(tag, kept)
        else:
            self._begin(tag, kept, table)

    def end(self, tag: str, table: HtmlTable | None) -> None:
        """An element ends."""
        self._parted = True
        if self._skipping:
            if tag in self._skipping:
                while self._skipping.pop() != tag:
                    pass
            return
        if not self.head.passed:
            self.head.end(tag)
        elif self._open[tag]:
            while self._top.tag != tag:
                self._close()
            self._close()
        self._end_in_table(tag, table)

    def close_to(self, depth: int) -> None:
        """End elements until only so many inside the body are open."""
        inside = self._top.line()
        last = inside[min(depth, len(inside) - 1)]
        while self._top is not last:
            self._close()

    def data(self, text: str, *, seen: bool) -> None:
        """A stretch of text."""
        if self._skipping:
            return
        if not self.head.passed and not seen:
            self.head.data(text)
            return
        self._leave_head()
        raw = self._top.tag in markup.RAW
        if self._after_text and self._parted and not raw:
            self._write_text(_APART)
        if seen:
            self._mark()
        if raw:
            self._write(text.encode(self.codec, "replace"))
        else:
            self._write_text(markup.escaped(text))
        self._after_text, self._parted = True, False

    def comment(self, text: str) -> None:
        """A comment."""
        self._parted = True
        if self._skipping:
            return
        if self.head.passed:
            self._write_text(markup.comment(text))
        else:
            self.head.write(markup.comment(text))

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """The document type."""
        self.head.doctype = markup.doctype(name, public, system)

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
        if not self.head.passed:
            for tag, attributes in self.head.leave():
                self._push(tag, attributes)

    def _begin(self, tag: str, attributes: dict[str, str], table: HtmlTable | None) -> None:
        self._leave_head()
        self._mark(tag)
        if tag == "table" and table is not None:
            self._table_depth += 1
            if self._table is not table:
                self._table, self._table_depth, self._header = table, 1, None
        elif tag == "tr" and self._table_depth == 1 and self._header is None:
            self._row_at = self._at
        self._push(tag, attributes)

    def _push(self, tag: str, attributes: dict[str, str]) -> None:
        """Write the beginning of an element."""
        written = tag if markup.is_name(tag) and (self._keep or tag not in markup.ACTIVE) else _STAND_IN
        self._write_text(markup.start_tag(written, attributes))
        if tag in markup.VOID:
            return
        element = Element(self._top, tag, attributes, written)
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
        self._write_text(f"</{element.written}>")
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

    def _mark(self, tag: str = "") -> None:
        """What comes now, an element or text, belongs to the next unit: take note of where that begins."""
        while len(self._places) <= self._count():
            header = None
            if self._table is not None and self._table.begun:
                header = self._header or b""
            self._starts.append(self._at)
            in_row = self._table is not None and self._table.in_row and tag not in ROW_TAGS
            self._places.append((self._top, self._numbers(), header, in_row))

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
        self._write(text.encode(self.codec, "xmlcharrefreplace"))

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._at += len(data)
        self._after_text = False


def _in_item(inside: list[Element], at: int) -> bool:
    """Whether an item of the list is open, which a piece then opens once more."""
    return any(element.tag == "li" for element in inside[at + 1 : at + 2])
