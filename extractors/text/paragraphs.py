"""Plain text: paragraphs at blank lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.text.blocks import MAX_BLOCK_CHARS
from extractors.text.chop import chop

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extractors.facts import Finding
    from extractors.text.blocks import BlockWriter, Line


def read_paragraphs(lines: Iterable[Line], writer: BlockWriter) -> tuple[Finding, ...]:
    """Write one block a paragraph; long ones are cut at white space while they are read."""
    paragraph = ""
    waiting: list[str] = []
    size = 0
    for line in lines:
        if line.text.isspace():
            writer.add(paragraph + "".join(waiting))
            paragraph, size = "", 0
            waiting.clear()
            continue
        waiting.append(line.text)
        size += len(line.text)
        if size > 2 * MAX_BLOCK_CHARS:
            paragraph += "".join(waiting)
            waiting.clear()
            while len(paragraph) > MAX_BLOCK_CHARS:
                cut = chop(paragraph, MAX_BLOCK_CHARS)
                writer.add(paragraph[:cut])
                paragraph = paragraph[cut:]
            size = len(paragraph)
    writer.add(paragraph + "".join(waiting))
    return ()
