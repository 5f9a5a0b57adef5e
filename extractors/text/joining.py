"""Putting pieces of a text together again: what cutting added is taken out, and the bytes of the whole are back."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, BinaryIO

from extractors.base import ReadLimits, ReadOptions
from extractors.scratch import spool
from extractors.text.blocks import BlockWriter
from extractors.text.encodings import Encoding, mark_of, read_sample, recode, sniff_encoding
from extractors.text.hyperjoin import join_html
from extractors.text.lines import LineReader
from extractors.text.markdown import FENCE, MarkdownParser
from extractors.text.tabular import lead_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractors.facts import UnitFacts, UnitText

_CHUNK = 1 << 20
_ANY_NUMBER = 1 << 62
_LONGEST_TAIL = 2_048
_HINT = "sep="


@dataclass(slots=True)
class _Part:
    """A piece, and which of its bytes are of the whole.

    Attributes:
        file: The piece, or the same in the encoding of the others.
        encoding: How it is read.
        mark: Its byte order mark.
        codec: Codec of what follows the mark.
        begin: First byte that is taken.
        end: Byte after the last that is taken.
    """

    file: IO[bytes]
    encoding: Encoding
    mark: bytes
    codec: str
    begin: int
    end: int

    def starts_with(self, data: bytes) -> bool:
        """Whether what is taken begins with these bytes."""
        self.file.seek(self.begin)
        return self.end - self.begin >= len(data) and self.file.read(len(data)) == data

    def skip(self, data: bytes) -> bool:
        """Leave these bytes out at the beginning, if they stand there."""
        found = bool(data) and self.starts_with(data)
        self.begin += len(data) if found else 0
        return found

    def bytes_at(self, begin: int, end: int) -> bytes:
        """Return a stretch of the piece."""
        self.file.seek(begin)
        return self.file.read(max(0, end - begin))


def join_text(media_type: str, pieces: Sequence[BinaryIO], out: BinaryIO) -> None:
    """Write the text that pieces were cut from: its very bytes, of HTML the same blocks in the same markup.

    The bytes differ only where a piece had to be marked or recoded to be read at all, and all pieces were.

    Args:
        media_type: Type of the text.
        pieces: Pieces in order.
        out: Empty, seekable, open for writing.
    """
    if media_type == "text/html":
        join_html(pieces, out)
        return
    with ExitStack() as stack:
        parts = _alike([_part(piece) for piece in pieces], stack)
        marked = all(part.mark for part in parts)
        for part in parts:
            part.begin = len(part.mark)
        if media_type == "text/csv":
            _without_headers(parts)
        for at, part in enumerate(parts):
            if at and media_type == "text/markdown":
                _without_repeats(parts[at - 1], part)
            if at:
                part.skip("\n".encode(part.codec))
        if parts and marked:
            out.write(parts[0].mark)
        for part in parts:
            _copy(part, out)


def _part(piece: BinaryIO) -> _Part:
    encoding = sniff_encoding(read_sample(piece)) or Encoding("utf-8", "UTF-8")
    mark, codec = mark_of(piece.read(4), encoding)
    return _Part(piece, encoding, mark, codec, 0, piece.seek(0, os.SEEK_END))


def _alike(parts: list[_Part], stack: ExitStack) -> list[_Part]:
    """Bring pieces that were written as UTF-8 for want of a better sign back to the encoding of the others."""
    codec = next((part.codec for part in parts if not part.mark and part.codec != "utf-8"), None)
    if codec is None:
        return parts
    return [_recoded(part, codec, stack) if part.mark and part.codec == "utf-8" else part for part in parts]


def _recoded(part: _Part, codec: str, stack: ExitStack) -> _Part:
    file = stack.enter_context(spool())
    recode(part.file, len(part.mark), file, (part.codec, codec))
    return _Part(file, Encoding(codec, codec), b"", codec, 0, file.tell())


def _without_headers(parts: Sequence[_Part]) -> None:
    """Leave out the header that pieces of a table repeat, and lines that tell the delimiter where they were added."""
    if len(parts) < 2:
        return
    first = parts[0]
    lead = first.bytes_at(first.begin, lead_end(LineReader(first.file, first.encoding)))
    hint = _hint(first)
    if hint and not any(_hint(part) for part in parts[1:]):
        first.skip(hint)
        lead = lead.removeprefix(hint)
        hint = b""
    for part in parts[1:]:
        if not hint:
            part.skip(_hint(part))
        part.skip(lead)


def _hint(part: _Part) -> bytes:
    """Return the line of a piece that tells the delimiter; nothing where there is none."""
    start = part.bytes_at(part.begin, min(part.end, part.begin + 64)).decode(part.codec, "ignore")
    line = start[: start.find("\n") + 1]
    return line.encode(part.codec) if line.lower().startswith(_HINT) and len(line.rstrip()) == len(_HINT) + 1 else b""


def _without_repeats(before: _Part, part: _Part) -> None:
    """Leave out what the beginning of a piece repeats from the one before, and a fence that was added to that."""
    options = ReadOptions(media_type="text/markdown", text=False, limits=ReadLimits(max_blocks=_ANY_NUMBER))
    parser = MarkdownParser(BlockWriter(options, _ignore, before.encoding))
    parser.read(LineReader(before.file, before.encoding))
    header = parser.open_table
    parser.flush()
    if header is not None:
        part.skip(before.bytes_at(*header))
    elif parser.last_code is not None:
        opening = before.bytes_at(*parser.last_code)
        added = _added_fence(before, opening.decode(before.codec, "replace"))
        if added and part.skip(opening):
            before.end -= added


def _added_fence(part: _Part, opening: str) -> int:
    """Bytes at the end of a piece that closed its code: a fence without a line end, which no piece has by itself."""
    start = max(part.begin, part.end - _LONGEST_TAIL)
    tail = part.bytes_at(start + (part.end - start) % 4, part.end).decode(part.codec, "replace")
    found = FENCE.match(opening)
    if found is None:
        return 0
    fence = found[1]
    if tail.endswith(f"\n{fence}{fence[0]}"):
        return len(f"\n{fence}{fence[0]}".encode(part.codec))
    return len(fence.encode(part.codec)) if tail.endswith(("\n" + fence, "\r" + fence)) else 0


def _copy(part: _Part, out: BinaryIO) -> None:
    part.file.seek(part.begin)
    left = part.end - part.begin
    while left > 0:
        chunk = part.file.read(min(_CHUNK, left))
        out.write(chunk)
        left -= len(chunk)


def _ignore(_unit: UnitFacts, _text: UnitText) -> None:
    """Take a block that is only read to be left out or not."""
