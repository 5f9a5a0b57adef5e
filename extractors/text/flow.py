"""HTML outside tables: headings, paragraphs, list items, preformatted text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractors.text.blocks import Block
from extractors.text.markup import CONTINUED, MARK, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from extractors.text.blocks import BlockWriter

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SPACE = re.compile(r"[ \t\n\r\f]+")
_AROUND_BREAK = re.compile(r" *\n *")
_SPACES = re.compile(r" {2,}")


class Flow:
    """Gathers the text of the block that is open.

    Attributes:
        size: Characters gathered.
        spaced: They end with white space, or there are none.
    """

    def __init__(self, writer: BlockWriter) -> None:
        self.size = 0
        self.spaced = True
        self._writer = writer
        self._text: list[str] = []
        self._images = 0
        self._level: int | None = None
        self._lists: list[int | None] = []  # the last number of each open list; None for bullets
        self._marker = ""
        self._pre = 0

    @property
    def raw(self) -> bool:
        """White space counts here."""
        return self._pre > 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins that is no part of a line."""
        self.flush()
        if tag == "table":
            self._marker = ""
        elif tag in _HEADINGS:
            self._level = None if attributes.get(MARK) == CONTINUED else _HEADINGS[tag]
        elif tag == "pre":
            self._pre += 1
        elif tag in {"ul", "ol"}:
            start = whole_number(attributes.get("start"))
            self._lists.append(None if tag == "ul" else 0 if start is None else start - 1)
        elif tag == "li":
            marker = self._next_marker(whole_number(attributes.get("value")))
            self._marker = "" if attributes.get(MARK) == CONTINUED else marker

    def end(self, tag: str) -> None:
        """An element ends that is no part of a line."""
        self.flush()
        if tag == "pre":
            self._pre = max(0, self._pre - 1)
        elif tag in {"ul", "ol"} and self._lists:
            self._lists.pop()

    def put(self, text: str) -> None:
        """Take text of the block."""
        self._text.append(text if self._pre else _SPACE.sub(" ", text))
        self.size += len(text)
        self.spaced = text[-1:].isspace() if text else self.spaced

    def space(self, mark: str) -> None:
        """Take a line break or a space that stands in no text."""
        self._text.append(mark)
        self.spaced = True

    def image(self) -> None:
        """Take an image."""
        self._images += 1

    def cut(self) -> None:
        """Write what was gathered; what follows is a block of its own, but no heading or list item."""
        self.flush()

    def flush(self) -> None:
        """Write the block gathered so far, which ends here."""
        text = self._gathered()
        if text.strip() or self._images:
            self._writer.add(self._block(text))
            self._marker = ""
            self._images = 0
        self._level = None

    def _block(self, text: str) -> Block:
        if self._level is not None:
            title = " ".join(text.split())
            return Block(
                text=title,
                kind="heading",
                title=title,
                level=self._level,
                markdown=f"{'#' * self._level} {title}",
                images=self._images,
            )
        if self._pre:
            code = text.strip("\n")
            return Block(text=code, kind="code", markdown=f"```\n{code}\n```", images=self._images)
        if self._marker:
            return Block(text=text, kind="list-item", markdown=f"{self._marker}{text}", images=self._images)
        return Block(text=text, images=self._images)

    def _next_marker(self, number: int | None) -> str:
        """Markdown's mark of a list item, indented by its depth."""
        indent = "  " * (len(self._lists) - 1)
        last = self._lists[-1] if self._lists else None
        if last is None:
            return f"{indent}- "
        self._lists[-1] = last + 1 if number is None else number
        return f"{indent}{self._lists[-1]}. "

    def _gathered(self) -> str:
        text = "".join(self._text)
        self._text.clear()
        self.size = 0
        self.spaced = True
        return text if self._pre else _SPACES.sub(" ", _AROUND_BREAK.sub("\n", text)).strip()
