"""Markdown: headings, paragraphs, lists, tables, fenced code, front matter (CommonMark 0.31, GitHub tables)."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from extractors.facts import TableFacts
from extractors.text.blocks import MAX_BLOCK_CHARS, MAX_WHOLE_CHARS, Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from extractors.facts import Finding
    from extractors.text.blocks import BlockWriter
    from extractors.text.lines import Line

_ATX = re.compile(r" {0,3}(#{1,6})(?=[ \t\n]|$)")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")  # the group is what has to close it
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*\n?$")
_BULLET = re.compile(r" {0,3}(?:[-+*]|\d{1,9}[.)])[ \t]+\S")
_RULE_ROW = re.compile(r" {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*\n?$")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARKS = re.compile(r"(?<!\\)[*`~]+|(?<![\w\\])_+|(?<!\\)_+(?!\w)")
FRONT_MATTER = "---"
"""The line that opens front matter, at the beginning of a file only."""
_LONGEST_FRONT_MATTER = 200  # lines
_LONGESTFENCE = 500
_LONGEST_TITLE = 500


def read_markdown(lines: Iterable[Line], writer: BlockWriter) -> tuple[Finding, ...]:
    """Write one block a heading, paragraph, list, table, or fenced piece of code; its text is the source."""
    parser = _Parser(writer)
    parser.read(lines)
    parser.flush()
    return ()


class _Parser:
    """Holds the lines of the block being read.

    Reading on from the beginning of any block gives the same blocks, if what :class:`Block` says is repeated there: the
    header of a table, the opening fence of code. A line ``---`` there needs a blank one before it, because it opens
    front matter at the beginning of a file.
    """

    def __init__(self, writer: BlockWriter) -> None:
        self._writer = writer
        self._lines: list[Line] = []
        self._size = 0
        self._kind = "paragraph"
        self._fence = ""
        self._head: list[Line] = []
        self._head_end: int | None = None
        self._continues = False

    def read(self, lines: Iterable[Line]) -> None:
        """Read a whole file; the block it ends in is left open."""
        walk = iter(lines)
        for line in chain(self._front_matter(walk), walk):
            self._feed(line)

    def flush(self) -> None:
        """Write the block read so far."""
        if self._lines or (self._head and not self._continues):
            self._write(goes_on=False)
        self._lines.clear()
        self._head = []
        self._head_end = None
        self._size = 0
        self._fence = ""
        self._kind = "paragraph"
        self._continues = False

    def _front_matter(self, walk: Iterator[Line]) -> list[Line]:
        """Write front matter, if there is some; return lines taken that are none."""
        taken: list[Line] = []
        size = 0
        for line in walk:
            taken.append(line)
            size += len(line.text)
            if taken[0].text.rstrip() != FRONT_MATTER or len(taken) > _LONGEST_FRONT_MATTER or size > MAX_WHOLE_CHARS:
                break
            if len(taken) > 1 and line.text.rstrip() in (FRONT_MATTER, "..."):
                self._writer.add(Block(text=_joined(taken), at=taken[0].start, kind="front-matter"))
                return []
        return taken

    def _feed(self, line: Line) -> None:
        text = line.text
        if self._fence:
            self._in_fence(line)
        elif text.isspace():
            self.flush()
        elif len(text) <= _LONGESTFENCE and (fence := _FENCE.match(text)):
            self.flush()
            self._fence, self._kind, self._head, self._size = fence[1], "code", [line], len(text)
        elif heading := _ATX.match(text):
            self.flush()
            self._append(line)
            self._write_heading(_atx_title(text[heading.end() :]), len(heading[1]))
        elif self._kind == "table":
            self._append(line)
        else:
            self._in_text(line)

    def _in_text(self, line: Line) -> None:
        if self._lines and self._size + len(line.text) > MAX_BLOCK_CHARS:
            self.flush()
        if not self._lines:
            self._kind = "list" if _BULLET.match(line.text) else "paragraph"
        elif self._kind == "paragraph":
            underline = _UNDERLINE.match(line.text)
            if underline:
                title = _joined(self._lines)
                self._append(line)
                self._write_heading(title, 1 if underline[1][0] == "=" else 2)
                return
            if len(self._lines) == 1 and "|" in self._lines[0].text and _RULE_ROW.match(line.text):
                self._kind, self._head, self._lines, self._size = "table", [self._lines[0], line], [], 0
                return
        self._append(line)

    def _in_fence(self, line: Line) -> None:
        bare = line.text.strip()
        if len(bare) >= len(self._fence) and not bare.strip(self._fence[0]):
            self._lines.append(line)
            self.flush()
        else:
            self._append(line)

    def _append(self, line: Line) -> None:
        """Add a line to the block; a block too long for it is written, and goes on after its head."""
        limit = MAX_WHOLE_CHARS if self._kind == "code" else MAX_BLOCK_CHARS
        if self._lines and self._size + len(line.text) > limit:
            self._write(goes_on=True)
            self._lines.clear()
            self._continues = True
            self._size = len(self._head[0].text) if self._kind == "code" else 0
        if self._head and self._head_end is None:
            self._head_end = line.start
        self._lines.append(line)
        self._size += len(line.text)

    def _lead(self) -> tuple[int, int] | None:
        return None if self._head_end is None else (self._head[0].start, self._head_end)

    def _write(self, *, goes_on: bool) -> None:
        """Write the lines read so far as a block; its head is that of a table or of code."""
        text = _joined(self._lines)
        first = self._head[0] if self._head and not self._continues else self._lines[0]
        lead = self._lead() if self._continues else None
        if self._kind == "code":
            closing = self._closing(text) if goes_on else ""
            whole = _joined(self._head) + text + closing
            self._writer.add(Block(text=whole, at=first.start, kind="code", lead=lead, closing=closing))
        elif self._kind == "table":
            names = _joined(self._head)
            shape = TableFacts(
                rows=len(self._lines) + (not self._continues),
                columns=max(len(_CELL_BORDER.findall(line.text.strip().strip("|"))) + 1 for line in self._head),
                header_rows=int(not self._continues),
            )
            begins = not self._continues
            markdown = (names + text).rstrip()
            self._writer.add(
                Block(text=text, at=first.start, kind="table", table=shape, markdown=markdown, names=names,
                      begins=begins, lead=lead)
            )  # fmt: skip
        else:
            guarded = first.text.rstrip() == FRONT_MATTER
            self._writer.add(Block(text=text, at=first.start, kind=self._kind, guarded=guarded))

    def _closing(self, text: str) -> str:
        """A closing fence, on a line of its own."""
        return self._fence if text.endswith("\n") else f"\n{self._fence}"

    def _write_heading(self, title: str, level: int) -> None:
        first = self._lines[0]
        self._writer.add(
            Block(text=_joined(self._lines), at=first.start, kind="heading", title=_plain(title), level=level,
                  guarded=first.text.rstrip() == FRONT_MATTER)
        )  # fmt: skip
        self._lines.clear()
        self.flush()


def _joined(lines: Iterable[Line]) -> str:
    return "".join(line.text for line in lines)


def _atx_title(rest: str) -> str:
    """What stands between the marks of a heading line; closing marks count only after a space."""
    title = rest.strip()
    bare = title.rstrip("#")
    return bare.rstrip() if not bare or bare[-1] in " \t" else title


def _plain(title: str) -> str:
    """A heading without its inline markup, for the outline."""
    return _MARKS.sub("", _LINK.sub(r"\1", title[:_LONGEST_TITLE])).replace("\\", "").strip()
