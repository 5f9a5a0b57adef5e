"""Cutting HTML: each piece a well-formed document with the head of the whole, written again from what was read."""

from __future__ import annotations

import codecs
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from extractors.base import Change, ReadOptions
from extractors.errors import ActiveContentRejected, DamagedDocument, ExtractionError
from extractors.scratch import spool
from extractors.text.blocks import PRINT_BYTES, BlockIndex, BlockWriter
from extractors.text.encodings import mark_of
from extractors.text.hypertext import Page, parse
from extractors.text.lines import LineReader
from extractors.text.places import closing, opening
from extractors.text.reading import encoding_of, read_blocks
from extractors.text.tape import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from extractors.base import CutOptions, Shrink
    from extractors.facts import UnitFacts, UnitText
    from extractors.text.encodings import Encoding

_CHUNK = 1 << 20


@contextmanager
def html_cutter(file: BinaryIO, options: CutOptions) -> Iterator[HtmlCutter]:
    """Open an HTML page for cutting, for the length of a ``with`` block. It is read once; large ones go to a file.

    Raises:
        UnsupportedFormat: The bytes are no text.
        NoPages: There is no text in it.
        SafetyLimitExceeded: More blocks than allowed, or an absurd head.
        ActiveContentRejected: ``options.active_content`` is ``reject`` and there is some.
    """
    encoding = encoding_of(file)
    # A guess might come out otherwise for a piece; a mark is no guess.
    mark, codec = mark_of(file.read(4), encoding) if encoding.sure else (codecs.BOM_UTF8, "utf-8")
    reading = ReadOptions(media_type=options.media_type, text=False, limits=options.limits)
    index = BlockIndex()
    with spool() as spooled:
        writer = BlockWriter(reading, _ignore, encoding, index)
        tape = Recorder(spooled, codec, index.__len__, keep_active=options.active_content == "keep")
        _, stopped = parse(LineReader(file, encoding), Page(writer, tape))
        writer.finish()
        found = sorted(set().union(*tape.stripped.values()))
        if found and options.active_content == "reject":
            raise ActiveContentRejected(
                f"The page has active content ({', '.join(found)}), which was to be rejected. "
                "Choose to strip it from the pieces, or to keep it."
            )
        yield HtmlCutter(spooled, tape, index, encoding, mark, options, stopped)


class HtmlCutter:
    """An open HTML page that pieces are cut from. Made by :func:`html_cutter`, valid until its block ends."""

    def __init__(
        self, spooled: BinaryIO, tape: Recorder, index: BlockIndex, encoding: Encoding,
        mark: bytes, options: CutOptions, stopped: str,
    ) -> None:  # fmt: skip
        self._spool = spooled
        self._tape = tape
        self._index = index
        self._encoding = encoding
        self._mark = mark
        self._options = options
        self._stopped = stopped

    @property
    def block_count(self) -> int:
        """Blocks that can be cut out."""
        return len(self._index)

    def cut(self, first: int, last: int, out: BinaryIO, *, shrink: Shrink | None = None) -> tuple[Change, ...]:
        """Write blocks ``first`` to ``last`` (inclusive, from 1) as a page of its own; same call, same bytes.

        The head is repeated; elements that the cut goes through, and the header of a table, are opened again and say so
        in an attribute ``data-preflight``.

        Args:
            first: Number of the first block.
            last: Number of the last block.
            out: Empty, seekable, open for writing and reading.
            shrink: Not used: there are no images in the file.

        Raises:
            DamagedDocument: There is no such block, or the markup is so broken that the piece would read differently.
        """
        del shrink
        if not 1 <= first <= last <= self.block_count:
            raise no_such_blocks(first, last, self.block_count)
        begin = self._tape.place(first)
        end = self._tape.place(last + 1) if last < self.block_count else self._tape.end_place()
        out.write(self._mark)
        for data in opening(self._tape.head, begin, self._tape.codec):
            out.write(data)
        self._spool.seek(begin.at)
        left = end.at - begin.at
        while left > 0:
            chunk = self._spool.read(min(_CHUNK, left))
            out.write(chunk)
            left -= len(chunk)
        out.write(closing(end, self._tape.codec))
        self._check(out, first, last)
        return self._changes(first, last)

    def _check(self, out: BinaryIO, first: int, last: int) -> None:
        """Read the piece, and compare it with what was read of the page."""
        found = BlockIndex()
        options = ReadOptions(media_type=self._options.media_type, text=False, limits=self._options.limits)
        try:
            read_blocks(out, options, _ignore, found)
        except ExtractionError as error:
            raise _too_broken(first) from error
        wanted = self._index.prints[(first - 1) * PRINT_BYTES : last * PRINT_BYTES]
        if found.prints != wanted:
            pairs = zip(range(first, last + 1), _prints(wanted), _prints(found.prints), strict=False)
            raise _too_broken(next((number for number, one, other in pairs if one != other), last))

    def _changes(self, first: int, last: int) -> tuple[Change, ...]:
        changes: list[Change] = []
        if first > 1 or last < self.block_count:
            changes.append(
                Change(
                    code="markup-rewritten",
                    message="The markup is written anew, with the head repeated: the piece is a page of its own.",
                )
            )
        if not self._encoding.sure:
            message = f"The page does not tell its encoding and was read as {self._encoding.label}; the piece is UTF-8."
            before: dict[str, int | str] = {"encoding": self._encoding.codec}
            changes.append(
                Change(code="encoding-changed", message=message, before=before, after={"encoding": "utf-8-sig"})
            )
        if self._stopped and last == self.block_count:
            message = f"The page could not be read to its end ({self._stopped}); what follows is in no piece."
            changes.append(Change(code="html-cut-short", units=(last,), message=message))
        if self._options.active_content == "strip":
            counts: Counter[str] = Counter(self._tape.stripped.get(0, ()))
            units: set[int] = set()
            for number, found in self._tape.stripped.items():
                unit = min(number, self.block_count)  # what stands after the last is in its piece
                if number and first <= unit <= last:
                    counts.update(found)
                    units.add(unit)
            if counts:
                changes.append(
                    Change(
                        code="active-content-stripped",
                        units=tuple(sorted(units)),
                        message=f"Taken out: {', '.join(sorted(counts))}. What a reader sees of it stays.",
                        before=dict(sorted(counts.items())),
                        after=dict.fromkeys(sorted(counts), 0),
                    )
                )
        return tuple(changes)


def no_such_blocks(first: int, last: int, count: int) -> DamagedDocument:
    """Return the error for blocks that a text does not have."""
    return DamagedDocument(
        f"Blocks {first} to {last} were asked for, but the text has blocks 1 to {count}. "
        "Check the document again and plan anew.",
        unit=last,
    )


def _ignore(_unit: UnitFacts, _text: UnitText) -> None:
    """Take a block that is only counted."""


def _prints(data: bytearray) -> list[bytes]:
    return [bytes(data[at : at + PRINT_BYTES]) for at in range(0, len(data), PRINT_BYTES)]


def _too_broken(number: int) -> DamagedDocument:
    return DamagedDocument(
        f"The markup around block {number} is so broken that a piece would read differently. Open the page in a "
        "browser and save it anew, or use --as text.",
        unit=number,
    )
