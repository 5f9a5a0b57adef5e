"""Plain text: paragraphs at blank lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.text.blocks import MAX_BLOCK_CHARS, Block

if TYPE_CHECKING:
    from collections.abc import Iterable

    from extractors.facts import Finding
    from extractors.text.blocks import BlockWriter
    from extractors.text.lines import Line


def read_paragraphs(lines: Iterable[Line], writer: BlockWriter) -> tuple[Finding, ...]:
    """Write one block a paragraph; long ones are cut at line ends.

    Reading on from the beginning of any block gives the same blocks: nothing is remembered from one to the next.
    """
    waiting: list[Line] = []
    size = 0
    for line in lines:
        blank = line.text.isspace()
        if waiting and (blank or size + len(line.text) > MAX_BLOCK_CHARS):
            _write(waiting, writer)
            size = 0
        if not blank:
            waiting.append(line)
            size += len(line.text)
    _write(waiting, writer)
    return ()


def _write(waiting: list[Line], writer: BlockWriter) -> None:
    if waiting:
        writer.add(Block(text="".join(line.text for line in waiting), at=waiting[0].start))
        waiting.clear()
