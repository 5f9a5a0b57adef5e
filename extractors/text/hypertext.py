"""HTML: what a reader sees, in order, as blocks; never a tree of the whole document in memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol, cast

from extractors.facts import Finding
from extractors.text.flow import Flow
from extractors.text.gridded import HtmlTable
from extractors.text.markup import CONTINUED, MARK
from extractors.text.runs import TextRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lxml import etree

    from extractors.text.blocks import BlockWriter
    from extractors.text.lines import Line
    from extractors.text.runs import Holder

_UNSEEN_TAGS = (
    "script style template noscript title iframe object annotation annotation-xml datalist audio video canvas"
)
_UNSEEN = frozenset(_UNSEEN_TAGS.split())
_INLINE_TAGS = (
    "a abbr acronym b bdi bdo big button cite code data del dfn em font i input ins kbd label mark meter nobr output "
    "progress q ruby rb rp rt s samp select small span strike strong sub sup textarea time tt u var wbr html body head "
    "meta link base col colgroup tbody thead tfoot param source track area map picture option optgroup svg math"
)
_INLINE = frozenset(_INLINE_TAGS.split())
_SPACE = re.compile(r"[ \t\n\r\f]+")
_UNSHOWN_INPUTS = frozenset({"hidden", "password", "checkbox", "radio", "file", "image", "color", "range"})
_MARKUP_WORTH_TELLING = 2  # characters of source for one that is seen


def read_html(lines: Iterable[Line], writer: BlockWriter) -> tuple[Finding, ...]:
    """Write one block a heading, paragraph, list item, table, or preformatted text.

    Scripts, styles and comments are left out. Nothing is fetched and no entity beyond HTML's own is resolved.
    """
    page = Page(writer)
    source, stopped = parse(lines, page)
    return tuple(_findings(page.seen, source, stopped))


def parse(lines: Iterable[Line], page: Page) -> tuple[int, str]:
    """Have a page told all events of a document; return its characters, and why it could not be read to its end."""
    from lxml import etree

    # lxml hands its target str; its stubs also allow for bytes, which it gave on Python 2.
    parser = etree.HTMLParser(
        target=cast("etree.ParserTarget", page), encoding="utf-8", no_network=True, huge_tree=True
    )
    source = 0
    stopped = ""
    try:
        for line in lines:
            parser.feed(line.text.replace("\0", "").encode())
            source += len(line.text)
        if source:
            parser.close()
    except etree.XMLSyntaxError as error:
        stopped = error.msg or "unknown error"
    page.close()
    return source, stopped


def _findings(seen: int, source: int, stopped: str) -> Iterable[Finding]:
    if stopped and seen:
        yield Finding(
            severity="error",
            code="html-cut-short",
            message=(
                f"The HTML could not be read to its end ({stopped}); text is missing from there on. "
                "Open it in a browser and save it as PDF or text."
            ),
        )
    if source > _MARKUP_WORTH_TELLING * seen:
        yield Finding(
            severity="info",
            code="html-markup",
            message=(
                f"{seen / source:.0%} of its {source:,} characters are visible text, and tokens are estimated for "
                "these alone. A service that takes HTML as plain text counts the markup too: send it the output of "
                "`preflight text` instead."
            ),
        )


class Tape(Protocol):
    """Records events, to write them again. It hears of each after the page has dealt with it."""

    def start(self, tag: str, attributes: Mapping[str, str], table: HtmlTable | None) -> None:
        """An element begins, inside a table or not."""
        ...

    def end(self, tag: str, table: HtmlTable | None) -> None:
        """An element ends."""
        ...

    def data(self, text: str, *, seen: bool) -> None:
        """A stretch of text, which a reader sees or does not."""
        ...

    def comment(self, text: str) -> None:
        """A comment."""
        ...

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """The document type."""
        ...


class Page:
    """Receives the parser's events and writes blocks.

    A block ends only where an event ends or a slice of text, one block at a time. After it, it is as if the page had
    begun there, but for the elements that are open.

    Attributes:
        seen: Visible characters so far.
    """

    def __init__(self, writer: BlockWriter, tape: Tape | None = None) -> None:
        self.seen = 0
        self._writer = writer
        self._tape = tape
        self._flow = Flow(writer)
        self._unseen: list[str] = []
        self._table: HtmlTable | None = None
        self._run = TextRun(self._holder, self._placed)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        self._run.end()
        if self._unseen or tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag == "img":
            (self._table or self._flow).image()
            self._put(attributes.get("alt", ""))
        elif tag == "input":
            if attributes.get("type", "text").lower() not in _UNSHOWN_INPUTS:
                self._space()
                self._put(attributes.get("value", ""))
                self._space()
        elif tag in {"br", "option"}:
            if attributes.get(MARK) != CONTINUED:
                self._space("\n" if tag == "br" else " ")
        elif self._table is not None:
            self._table.start(tag, attributes)
        elif tag not in _INLINE:
            self._flow.start(tag, attributes)
            if tag == "table":
                self._table = HtmlTable(self._writer)
        if self._tape is not None:
            self._tape.start(tag, attributes, self._table)

    def end(self, tag: str) -> None:
        """An element ends."""
        self._run.end()
        if self._unseen:
            if tag in self._unseen:
                while self._unseen.pop() != tag:
                    pass
        elif self._table is not None:
            if self._table.end(tag):
                self._table = None
        elif tag not in _INLINE and tag not in {"img", "br"}:
            self._flow.end(tag)
        if self._tape is not None:
            self._tape.end(tag, self._table)

    def data(self, text: str) -> None:
        """A stretch of text."""
        if not self._unseen:
            self._run.feed(text)
        elif self._tape is not None:
            self._tape.data(text, seen=False)

    def comment(self, text: str) -> None:
        """Comments are not shown."""
        self._run.end()
        if self._tape is not None:
            self._tape.comment(text)

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """The document type is not shown."""
        if self._tape is not None:
            self._tape.doctype(name, public, system)

    def close(self) -> None:
        """The document ends, perhaps in the middle of elements."""
        self._run.end()
        if self._table is not None:
            self._table.close()
            self._table = None
        self._flow.flush()

    def _holder(self) -> Holder:
        return self._table or self._flow

    def _placed(self, text: str) -> None:
        self.seen += len(_SPACE.sub(" ", text).strip())
        if self._tape is not None:
            self._tape.data(text, seen=bool(text.strip()) or (self._table is None and self._flow.raw))

    def _put(self, text: str) -> None:
        self.seen += len(text.strip())
        self._holder().put(text)

    def _space(self, mark: str = " ") -> None:
        if self._table is not None:
            self._table.space()
        else:
            self._flow.space(mark)
