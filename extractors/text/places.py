"""Where in an HTML document a unit begins, and what a document of its own needs before and after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractors.errors import SafetyLimitExceeded
from extractors.text import markup
from extractors.text.markup import CONTINUED, MARK, PASSED, REPEATED

if TYPE_CHECKING:
    from collections.abc import Iterator

ROW_TAGS = frozenset({"tr", "td", "th"})
_LONGEST_HEAD = 8_000_000


@dataclass(slots=True, eq=False)
class Element:
    """An element that is open: with its parents it says where in the document one is.

    Attributes:
        parent: The element around it; None for the body.
        tag: Its name.
        attributes: Its attributes.
        written: The name it is written with; another where its own cannot be written.
        number: Of an ordered list, the number of the last item so far.
    """

    parent: Element | None
    tag: str
    attributes: dict[str, str]
    written: str
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
        in_row: A row of that table goes on.
    """

    at: int
    inside: Element
    numbers: tuple[int, ...]
    header: bytes | None
    in_row: bool


@dataclass(slots=True)
class Head:
    """What stands before the body.

    Attributes:
        doctype: The document type declaration.
        html: Attributes of the outermost element.
        parts: Markup of the head.
        size: Characters of it.
        open: Elements that are open in it.
        passed: The body has begun.
    """

    doctype: str = ""
    html: dict[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    size: int = 0
    open: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    passed: bool = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins in the head."""
        self.write(markup.start_tag(tag, attributes))
        if tag not in markup.VOID:
            self.open.append((tag, attributes))

    def end(self, tag: str) -> None:
        """An element ends in the head, and with it those inside it."""
        while any(tag == inner for inner, _ in self.open):
            inner, _ = self.open.pop()
            self.write(f"</{inner}>")

    def data(self, text: str) -> None:
        """A stretch of text in the head."""
        raw = bool(self.open) and self.open[-1][0] in markup.RAW
        self.write(text if raw else markup.escaped(text))

    def leave(self) -> list[tuple[str, dict[str, str]]]:
        """Begin the body; return what is open in the head but ends in the body (noscript), to be there as a whole."""
        self.passed = True
        for tag, _ in reversed(self.open):
            self.write(f"</{tag}>")
        held, self.open = self.open, []
        return [one for one in held if one[0] != "head"]

    def write(self, text: str) -> None:
        """Take markup of the head.

        Raises:
            SafetyLimitExceeded: There is too much of it.
        """
        self.parts.append(text)
        self.size += len(text)
        if self.size > _LONGEST_HEAD:
            raise SafetyLimitExceeded(
                f"The head of the HTML page, which every piece repeats, is longer than {_LONGEST_HEAD:,} characters. "
                "Move its styles to a file of their own, or use --as text."
            )


def opening(head: Head, place: Place, codec: str) -> Iterator[bytes]:
    """Yield the markup that a document needs before a unit that begins at a place."""
    text = f"{head.doctype}{markup.start_tag('html', head.html)}{''.join(head.parts)}"
    yield text.encode(codec, "xmlcharrefreplace")
    numbers = iter(place.numbers)
    table_waits = place.header is not None
    for element in place.inside.line():
        attributes = dict(element.attributes)
        if element.tag == "ol":
            attributes["start"] = str(next(numbers))
        if element.parent is not None:
            attributes[MARK] = CONTINUED if place.in_row or element.tag not in ROW_TAGS else PASSED
        yield markup.start_tag(element.written, attributes).encode(codec, "xmlcharrefreplace")
        if element.tag == "table" and table_waits:
            table_waits = False
            yield f'<thead {MARK}="{REPEATED}">'.encode(codec)
            yield place.header or b""
            yield "</thead>".encode(codec)


def closing(place: Place, codec: str) -> bytes:
    """Return the markup that a document needs after a unit that ends at a place."""
    ends = "".join(f"</{element.written}>" for element in reversed(place.inside.line()))
    return f"{ends}</html>".encode(codec)
