"""Imported chunks (``w:altChunk``): other documents that Word merges in when it opens the file."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

from extractors.clean import safe_text
from extractors.docx.names import R_ID
from extractors.errors import DamagedDocument

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

    from extractors.docx.story import Story

_UNSEEN = frozenset({"script", "style", "head", "title", "template"})
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "mark",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "tt",
        "u",
        "var",
    ]
)
_NO_END = frozenset({"meta", "link", "base"})


def text(story: Story, element: Element) -> list[str]:
    """Return the lines of an imported chunk; HTML and plain text are read, anything else is named by a finding."""
    relation = story.relations.get(element.get(R_ID, ""))
    package = story.reading.package
    if relation is None or relation.external or relation.target not in package.container:
        story.reading.problem("chunk-unread")
        return []
    kind = package.content_type(relation.target)
    if not kind.startswith("text/") and "html" not in kind:
        story.reading.problem("chunk-unread")
        return []
    story.gathered.parts.append(relation.target)
    if relation.target in story.reading.told:
        return []
    story.reading.told.add(relation.target)
    try:
        data = package.container.read(relation.target)
    except DamagedDocument as error:
        package.damaged(relation.target, "An imported chunk", error)
        return []
    decoded = data.decode("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig", "replace")
    if "html" not in kind:
        return [line for line in safe_text(decoded).split("\n") if line.strip()]
    return _html_lines(decoded)


def _html_lines(source: str) -> list[str]:
    reader = _Lines()
    reader.feed(source)
    reader.close()
    lines = (" ".join(line.split()) for line in safe_text("".join(reader.out)).split("\n"))
    return [line for line in lines if line]


class _Lines(HTMLParser):
    """Visible text of HTML, block elements on lines of their own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - signature is given
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in {"td", "th"}:
            self.out.append(" ")
        elif tag not in _INLINE and tag not in _NO_END:
            self.out.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)
        elif tag not in _INLINE and tag not in {"td", "th"}:
            self.out.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.out.append(data.replace("\n", " "))
