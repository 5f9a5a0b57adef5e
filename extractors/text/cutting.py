"""Cutting plain text, Markdown and CSV where their blocks begin; what is between two such places is copied as it is.

Whatever is added to a piece, so that it reads as it did in the whole, is one of a few things: at the beginning, in this
order, a byte order mark, for CSV the line that tells the delimiter, the header of a table or an opening fence, a blank
line; and at the end a closing fence. Each is told with its bytes, so that joining takes out just as many, and the bytes
of the whole come back.
"""

from __future__ import annotations

import codecs
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from extractors.base import Change, ReadOptions
from extractors.scratch import spool
from extractors.text.blocks import BlockIndex
from extractors.text.encodings import byte_order_mark, extends_ascii, mark_of, read_sample, recode, sniff_encoding
from extractors.text.hypercut import html_cutter, no_such_blocks
from extractors.text.lines import LineReader
from extractors.text.links import LinkDefinitions
from extractors.text.reading import encoding_of, read_blocks
from extractors.text.rows import Rows, find_delimiter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from extractors.base import CutOptions, Cutter, Shrink
    from extractors.facts import UnitFacts, UnitText

HEADER_REPEATED = "header-repeated"
BLANK_LINE_ADDED = "blank-line-added"
FENCE_CLOSED = "fence-closed"
MARK_ADDED = "byte-order-mark-added"
ENCODING_CHANGED = "encoding-changed"
DELIMITER_TOLD = "delimiter-told"
_REPEATED = {
    "text/csv": "The header of the table is repeated.",
    "text/markdown": "What the block began with is repeated.",
}
_UNRECOGNIZED = "A byte order mark was added, without which the piece is not recognized as {}."
_CHUNK = 1 << 20
_TABLE_SAMPLE_BYTES = 8192


def text_cutter(file: BinaryIO, options: CutOptions) -> AbstractContextManager[Cutter]:
    """Open a text file of any kind for cutting.

    Raises:
        UnsupportedFormat: The bytes are no text.
        NoPages: There is no text in it.
        SafetyLimitExceeded: More blocks than ``options.limits.max_blocks``.
        ActiveContentRejected: An HTML page with active content, where that is to be rejected.
    """
    return html_cutter(file, options) if options.media_type == "text/html" else source_cutter(file, options)


@contextmanager
def source_cutter(file: BinaryIO, options: CutOptions) -> Iterator[TextCutter]:
    """Open plain text, Markdown or CSV for cutting; the file is read once, to find where its blocks begin.

    Raises:
        As :func:`text_cutter`.
    """
    index = BlockIndex()
    links = LinkDefinitions() if options.media_type == "text/markdown" else None
    reading = ReadOptions(media_type=options.media_type, text=links is not None, limits=options.limits)
    read_blocks(file, reading, _ignore if links is None else links.take, index)
    yield TextCutter(file, index, links, options)


class TextCutter:
    """An open text file that pieces are cut from. Made by :func:`source_cutter`, valid until its block ends."""

    def __init__(self, file: BinaryIO, index: BlockIndex, links: LinkDefinitions | None, options: CutOptions) -> None:
        self._file = file
        self._index = index
        self._links = links
        self._size = file.seek(0, os.SEEK_END)
        self._kind = options.media_type
        self._encoding = encoding_of(file)
        self._mark, self._codec = mark_of(file.read(4), self._encoding)
        self._delimiter = Rows(LineReader(file, self._encoding)).delimiter if self._kind == "text/csv" else ""
        self._told = self._told_delimiter(file)

    @property
    def block_count(self) -> int:
        """Blocks that can be cut out."""
        return len(self._index)

    def cut(self, first: int, last: int, out: BinaryIO, *, shrink: Shrink | None = None) -> tuple[Change, ...]:
        """Write blocks ``first`` to ``last`` (inclusive, from 1) as a text of its own; same call, same bytes.

        Args:
            first: Number of the first block.
            last: Number of the last block.
            out: Empty, seekable, open for writing and reading.
            shrink: Not used: text has no images.

        Raises:
            DamagedDocument: There is no such block.
        """
        del shrink
        if not 1 <= first <= last <= self.block_count:
            raise no_such_blocks(first, last, self.block_count)
        changes = self._write(first, last, out, self._mark)
        changes += self._as_source(first, last, out)
        if self._links is not None:
            changes += self._links.elsewhere(first, last)
        return tuple(changes)

    def _write(self, first: int, last: int, out: BinaryIO, mark: bytes, hint: str = "") -> list[Change]:
        """Write a piece from its beginning; return what stands in it besides its blocks."""
        out.seek(0)
        out.truncate()
        out.write(mark + hint.encode(self._codec))
        changes: list[Change] = []
        begin = self._index.starts[first - 1] if first > 1 else len(self._mark)
        end = self._index.starts[last] if last < self.block_count else self._size
        lead = self._lead(first)
        if lead is not None:
            self._copy(*lead, out)
            changes.append(_added(HEADER_REPEATED, _REPEATED[self._kind], lead[1] - lead[0], first))
        if first > 1 and first in self._index.guarded:
            message = "A blank line was put before the first line, which would be taken for something else there."
            changes.append(_added(BLANK_LINE_ADDED, message, out.write("\n".encode(self._codec)), first))
        self._copy(begin, end, out)
        closing = self._index.closings.get(last, "")
        if closing:
            message = "The code goes on in the next piece; a closing fence was added."
            changes.append(_added(FENCE_CLOSED, message, out.write(closing.encode(self._codec)), last))
        return changes

    def _lead(self, first: int) -> tuple[int, int] | None:
        """Bytes of the file to repeat in a piece that begins with this block."""
        if first == 1:
            return None
        if self._index.lead_end:
            return len(self._mark), self._index.lead_end
        return self._index.leads.get(first)

    def _copy(self, begin: int, end: int, out: BinaryIO) -> None:
        self._file.seek(begin)
        while begin < end:
            chunk = self._file.read(min(_CHUNK, end - begin))
            out.write(chunk)
            begin += len(chunk)

    def _as_source(self, first: int, last: int, out: BinaryIO) -> list[Change]:
        """See that a piece is read by itself as it was read in the whole, in encoding and delimiter."""
        changes = self._recognized(first, last, out)
        if self._kind != "text/csv" or self._parted_alike(out):
            return changes
        hint = f"sep={self._delimiter}\n"
        self._write(first, last, out, self._mark, hint)
        message = f"The line sep={self._delimiter} was added, because the piece alone does not show its delimiter."
        told = _added(DELIMITER_TOLD, message, len(hint.encode(self._codec)))
        return [*self._recognized(first, last, out, hint), told]

    def _recognized(self, first: int, last: int, out: BinaryIO, hint: str = "") -> list[Change]:
        """See that a piece shows its encoding: mark it where there is a mark for that, else write it as UTF-8."""
        if self._reads_alike(out):
            return []
        mark = byte_order_mark(self._codec)
        if not mark:
            return [self._to_utf8(out)]
        self._write(first, last, out, mark, hint)
        return [_added(MARK_ADDED, _UNRECOGNIZED.format(self._encoding.label), len(mark))]

    def _to_utf8(self, out: BinaryIO) -> Change:
        """Write a piece again in UTF-8 with a byte order mark."""
        with spool() as copy:
            copy.write(codecs.BOM_UTF8)
            exact = recode(out, 0, copy, (self._codec, "utf-8"))
            copy.seek(0)
            out.seek(0)
            out.truncate()
            shutil.copyfileobj(copy, out)
        message = f"The piece alone does not show that it is {self._encoding.label}; it was written as UTF-8."
        if not exact:
            message += " Bytes that do not fit it, or twice, will not come back from joining as they were."
        after: dict[str, int | str] = {"encoding": "utf-8-sig", "reversible": "yes" if exact else "no"}
        return Change(code=ENCODING_CHANGED, message=message, before={"encoding": self._codec}, after=after)

    def _reads_alike(self, out: BinaryIO) -> bool:
        found = sniff_encoding(read_sample(out))
        if found is None:
            return False
        mark, codec = mark_of(out.read(4), found)
        if (mark, codec) == (self._mark, self._codec):
            return True
        return not mark and extends_ascii(codec) and extends_ascii(self._codec) and _same(out, codec, self._codec)

    def _parted_alike(self, out: BinaryIO) -> bool:
        encoding = encoding_of(out)
        delimiter = Rows(LineReader(out, encoding)).delimiter
        return delimiter == self._delimiter and (self._told_delimiter(out) or not self._told)

    def _told_delimiter(self, file: BinaryIO) -> bool:
        """Whether a file is recognized as a table at all."""
        if self._kind != "text/csv":
            return False
        encoding = encoding_of(file)
        begin = file.read(_TABLE_SAMPLE_BYTES).decode(encoding.codec, "ignore").lstrip("\ufeff")
        return find_delimiter(begin) is not None


def _same(file: BinaryIO, *names: str) -> bool:
    """Whether a file is the same text in one codec and another."""
    one, other = (codecs.getincrementaldecoder(name)("replace") for name in names)
    file.seek(0)
    while chunk := file.read(_CHUNK):
        if one.decode(chunk) != other.decode(chunk):
            return False
    return one.decode(b"", final=True) == other.decode(b"", final=True)


def _added(code: str, message: str, size: int, *units: int) -> Change:
    """Tell of bytes in a piece that are not in the source, so that joining can take out as many."""
    return Change(code=code, units=units, message=message, after={"bytes": size})


def _ignore(_unit: UnitFacts, _text: UnitText) -> None:
    """Take a block that is only counted."""
