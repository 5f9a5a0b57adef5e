"""HTML: what a reader sees, in order, as blocks; never a tree of the whole document in memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from extractors.facts import Finding
from extractors.text.blocks import MAX_BLOCK_CHARS
from extractors.text.chop import chop
from extractors.text.gridded import HtmlTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from extractors.text.blocks import BlockWriter, Line

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
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SPACE = re.compile(r"[ \t\n\r\f]+")
_AROUND_BREAK = re.compile(r" *\n *")
_SPACES = re.compile(r" {2,}")
_UNSHOWN_INPUTS = frozenset({"hidden", "password", "checkbox", "radio", "file", "image", "color", "range"})
_MARKUP_WORTH_TELLING = 2  # characters of source for one that is seen


def read_html(lines: Iterable[Line], writer: BlockWriter) -> tuple[Finding, ...]:
    """Write one block a heading, paragraph, list item, table, or preformatted text.

    Scripts, styles and comments are left out. Nothing is fetched and no entity beyond HTML's own is resolved.
    """
    from lxml import etree

    page = _Page(writer)
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
    return tuple(_findings(page.seen, source, stopped))


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


class _Page:
    """Receives the parser's events and writes blocks.

    Attributes:
        seen: Visible characters so far.
    """

    def __init__(self, writer: BlockWriter) -> None:
        self.seen = 0
        self._writer = writer
        self._text: list[str] = []
        self._size = 0
        self._images = 0
        self._unseen: list[str] = []
        self._level: int | None = None
        self._lists: list[int | None] = []  # the last number of each open list; None for bullets
        self._marker = ""
        self._pre = 0
        self._table: HtmlTable | None = None

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if self._unseen or tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag == "img":
            self._images += 1
            self._put(attributes.get("alt", ""))
        elif tag == "input":
            if attributes.get("type", "text").lower() not in _UNSHOWN_INPUTS:
                self._put(f" {attributes.get('value', '')} ")
        elif tag in {"br", "option"}:
            self._put("\n" if tag == "br" else " ", raw=True)
        elif self._table is not None:
            self._table.start(tag, attributes)
        elif tag not in _INLINE:
            self._start_block(tag)

    def end(self, tag: str) -> None:
        """An element ends."""
        if self._unseen:
            if tag in self._unseen:
                while self._unseen.pop() != tag:
                    pass
        elif self._table is not None:
            if self._table.end(tag):
                self._table = None
        elif tag not in _INLINE and tag not in {"img", "br"}:
            self._flush()
            if tag == "pre":
                self._pre = max(0, self._pre - 1)
            elif tag in {"ul", "ol"} and self._lists:
                self._lists.pop()

    def data(self, text: str) -> None:
        """A stretch of text."""
        if not self._unseen:
            self._put(text, raw=self._pre > 0 and self._table is None)

    def comment(self, text: str) -> None:
        """Comments are not shown."""

    def close(self) -> None:
        """The document ends, perhaps in the middle of elements."""
        if self._table is not None:
            self._table.close()
            self._table = None
        self._flush()

    def _put(self, text: str, *, raw: bool = False) -> None:
        shown = text if raw else _SPACE.sub(" ", text)
        self.seen += len(shown.strip())
        if self._table is not None:
            self._table.put(shown.replace("\n", " "))
            return
        self._text.append(shown)
        self._size += len(shown)
        if self._size > 2 * MAX_BLOCK_CHARS:
            self._flush_part()

    def _start_block(self, tag: str) -> None:
        self._flush()
        if tag == "table":
            self._table = HtmlTable(self._writer)
        elif tag in _HEADINGS:
            self._level = _HEADINGS[tag]
        elif tag == "pre":
            self._pre += 1
        elif tag in {"ul", "ol"}:
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._marker = self._next_marker()

    def _next_marker(self) -> str:
        """Markdown's mark of a list item, indented by its depth."""
        indent = "  " * (len(self._lists) - 1)
        last = self._lists[-1] if self._lists else None
        if last is None:
            return f"{indent}- "
        self._lists[-1] = last + 1
        return f"{indent}{last + 1}. "

    def _gathered(self) -> str:
        text = "".join(self._text)
        self._text.clear()
        self._size = 0
        return text if self._pre else _SPACES.sub(" ", _AROUND_BREAK.sub("\n", text))

    def _flush(self) -> None:
        """Write the block gathered so far."""
        text = self._gathered()
        if not self._pre:
            text = text.strip()
        if text.strip() or self._images:
            if self._level is not None:
                title = " ".join(text.split())
                self._writer.heading(title, self._level)
                markdown = f"{'#' * self._level} {title}"
                self._writer.add(title, "heading", level=self._level, markdown=markdown, images=self._images)
            elif self._pre:
                code = text.strip("\n")
                self._writer.add(code, "code", markdown=f"```\n{code}\n```", images=self._images)
            elif self._marker:
                self._writer.add(text, "list-item", markdown=f"{self._marker}{text}", images=self._images)
            else:
                self._writer.add(text, images=self._images)
            self._marker = ""
            self._images = 0
        self._level = None

    def _flush_part(self) -> None:
        """Write as much of an endless block as makes whole blocks, and keep the rest."""
        text = self._gathered()
        while len(text) > MAX_BLOCK_CHARS:
            cut = chop(text, MAX_BLOCK_CHARS)
            self._writer.add(text[:cut], "code" if self._pre else "paragraph")
            text = text[cut:]
        self._text = [text]
        self._size = len(text)
