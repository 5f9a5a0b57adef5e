"""Text between tags as it comes from a parser, in slices of a size for blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from extractors.text.blocks import MAX_BLOCK_CHARS
from extractors.text.chop import chop

if TYPE_CHECKING:
    from collections.abc import Callable


class Holder(Protocol):
    """What gathers the text of a block.

    Attributes:
        size: Characters gathered.
        spaced: They end with white space, or there are none.
    """

    size: int
    spaced: bool

    def put(self, text: str) -> None:
        """Take more text."""
        ...

    def cut(self) -> None:
        """Write a block of what was gathered, though it goes on."""
        ...


class TextRun:
    """Holds the text between two tags until it is known where it has to be cut.

    Parsers deliver it in pieces that depend on what stands before, blocks must not: where they end is decided by the
    text since the last block alone.
    """

    def __init__(self, holder: Callable[[], Holder], placed: Callable[[str], None]) -> None:
        """Hand slices to what ``holder`` returns, and each to ``placed`` once it is there."""
        self._holder = holder
        self._placed = placed
        self._waiting: list[str] = []
        self._size = 0

    def feed(self, text: str) -> None:
        """Take more text."""
        self._waiting.append(text)
        self._size += len(text)
        if self._size > 4 * MAX_BLOCK_CHARS:
            self._drain(2 * MAX_BLOCK_CHARS)

    def end(self) -> None:
        """A tag ends the run."""
        if self._waiting:
            self._drain(0)

    def _drain(self, keep: int) -> None:
        text = "".join(self._waiting)
        while len(text) > keep:
            used = self._place(text[: chop(text, MAX_BLOCK_CHARS)])
            text = text[used:]
        self._waiting = [text] if text else []
        self._size = len(text)

    def _place(self, part: str) -> int:
        """Put a slice where it belongs, cutting the block before it grows too long; return the characters taken."""
        holder = self._holder()
        total = holder.size + len(part)
        if holder.size and total > MAX_BLOCK_CHARS:
            if holder.spaced or part[0].isspace():
                holder.cut()
            elif (gap := _gap(part)) and holder.size + gap <= 2 * MAX_BLOCK_CHARS:
                self._put(holder, part[:gap])
                holder.cut()
                return gap
            elif total > 2 * MAX_BLOCK_CHARS:
                holder.cut()
        self._put(holder, part)
        return len(part)

    def _put(self, holder: Holder, part: str) -> None:
        holder.put(part)
        self._placed(part)


def _gap(text: str) -> int:
    """Where the first white space stands; 0 when there is none."""
    return next((at for at, char in enumerate(text) if char.isspace()), 0)
