"""Markdown: headings, paragraphs, lists, tables, fenced code, front matter (CommonMark 0.31, GitHub tables)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractors.facts import TableFacts
from extractors.text.blocks import MAX_BLOCK_CHARS, MAX_WHOLE_CHARS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extractors.facts import Finding
    from extractors.text.blocks import BlockWriter, Line

_ATX = re.compile(r" {0,3}(#{1,6})(?=[ \t\n]|$)")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*\n?$")
_BULLET = re.compile(r" {0,3}(?:[-+*]|\d{1,9}[.)])[ \t]+\S")
_RULE_ROW = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*\n?$")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"(?<!\\)[*`~]+|(?<![\w\\])_+|(?<!\\)_+(?!\w)")
_LONGEST_FRONT_MATTER = 200  # lines
_LONGEST_TITLE = 500


def read_markdown(lines: Iterable[Line], writer: BlockWriter) -> tuple[Finding, ...]:
    """Write one block a heading, paragraph, list, table, or fenced piece of code; its text is the source."""
    parser = _Parser(writer)
    for line in lines:
        parser.feed(line)
    parser.flush()
    return ()


class _Parser:
    """Holds the lines of the block being read."""

    def __init__(self, writer: BlockWriter) -> None:
        self._writer = writer
        self._lines: list[str] = []
        self._size = 0
        self._kind = "paragraph"
        self._fence = ""
        self._header: list[str] = []
        self._first = True

    def feed(self, line: Line) -> None:
        """Take one line, or a part of a very long one."""
        first, self._first = self._first, False
        text = line.text
        if not line.begins:
            self._append(text)
        elif self._fence:
            self._in_fence(text)
        elif self._kind == "front-matter":
            self._in_front_matter(text)
        elif text.isspace():
            self.flush()
        elif first and text.rstrip() == "---":
            self._append(text)
            self._kind = "front-matter"
        elif fence := _FENCE.match(text):
            self.flush()
            self._append(text)
            self._fence = fence[1]
            self._kind = "code"
        elif heading := _ATX.match(text):
            self.flush()
            self._append(text)
            self._flush_heading(_atx_title(text[heading.end() :]), len(heading[1]))
        else:
            self._in_text(text)

    def flush(self) -> None:
        """Write the block read so far."""
        text = "".join(self._lines)
        kind = "paragraph" if self._kind == "front-matter" and not self._closed_front_matter() else self._kind
        if kind == "table":
            self._flush_table(text)
        else:
            self._writer.add(text, kind, whole=kind == "code")
        self._reset()

    def _in_text(self, text: str) -> None:
        if self._kind == "paragraph" and self._lines:
            underline = _UNDERLINE.match(text)
            if underline:
                title = "".join(self._lines)
                self._append(text)
                self._flush_heading(title, 1 if underline[1][0] == "=" else 2)
                return
            if len(self._lines) == 1 and "|" in self._lines[0] and _RULE_ROW.match(text):
                self._kind = "table"
                self._append(text)
                self._header = list(self._lines)
                return
        elif not self._lines:
            self._kind = "list" if _BULLET.match(text) else "paragraph"
        self._append(text)

    def _in_fence(self, text: str) -> None:
        self._append(text)
        bare = text.strip()
        if len(bare) >= len(self._fence) and not bare.strip(self._fence[0]):
            self.flush()

    def _in_front_matter(self, text: str) -> None:
        self._append(text)
        if self._closed_front_matter() or len(self._lines) > _LONGEST_FRONT_MATTER:
            self.flush()

    def _closed_front_matter(self) -> bool:
        return len(self._lines) > 1 and self._lines[-1].rstrip() in ("---", "...")

    def _append(self, text: str) -> None:
        limit = MAX_WHOLE_CHARS if self._kind == "code" else MAX_BLOCK_CHARS
        if self._size + len(text) > limit and self._size:
            self._flush_part()
        self._lines.append(text)
        self._size += len(text)

    def _flush_part(self) -> None:
        """Write a part of a block that is too long; what the rest needs to make sense goes on with it."""
        text = "".join(self._lines)
        if self._kind == "table":
            self._flush_table(text)
        elif self._kind == "code":
            opening = self._header or self._lines[:1]
            begun = "" if self._lines[:1] == opening else opening[0]
            self._writer.add(text, "code", markdown=f"{begun}{text.rstrip()}\n{self._fence}", whole=True)
            self._header = opening
        else:
            self._writer.add(text, self._kind)
        self._lines.clear()
        self._size = 0

    def _flush_table(self, text: str) -> None:
        goes_on = self._lines[: len(self._header)] != self._header
        columns = max(len(_CELL_BORDER.findall(line.strip().strip("|"))) + 1 for line in self._header)
        rows = len(self._lines) - (0 if goes_on else 1)
        shape = TableFacts(rows=rows, columns=columns, header_rows=0 if goes_on else 1)
        markdown = ("".join(self._header) + text).rstrip() if goes_on else None
        self._writer.add(text, "table", table=shape, markdown=markdown)

    def _flush_heading(self, title: str, level: int) -> None:
        text = "".join(self._lines)
        if text.strip():
            self._writer.heading(_plain(title), level)
            self._writer.add(text, "heading", level=level)
        self._reset()

    def _reset(self) -> None:
        self._lines.clear()
        self._header = []
        self._size = 0
        self._fence = ""
        self._kind = "paragraph"


def _atx_title(rest: str) -> str:
    """What stands between the marks of a heading line; closing marks count only after a space."""
    title = rest.strip()
    bare = title.rstrip("#")
    return bare.rstrip() if not bare or bare[-1] in " \t" else title


def _plain(title: str) -> str:
    """A heading without its inline markup, for the outline."""
    return _MARKS.sub("", _LINK.sub(r"\1", title[:_LONGEST_TITLE])).replace("\\", "").strip()
