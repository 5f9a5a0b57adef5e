"""Putting pages cut from one HTML page together again."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, BinaryIO

from extractors.base import ReadLimits, ReadOptions
from extractors.scratch import spool
from extractors.text.blocks import BlockWriter
from extractors.text.encodings import mark_of
from extractors.text.hypertext import Page, parse
from extractors.text.lines import LineReader
from extractors.text.markup import CONTINUED, MARK, PASSED, REPEATED
from extractors.text.places import closing, opening
from extractors.text.reading import encoding_of
from extractors.text.tape import Recorder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from extractors.facts import UnitFacts, UnitText
    from extractors.text.gridded import HtmlTable

_ANY_NUMBER = 1 << 62


def join_html(pieces: Sequence[BinaryIO], out: BinaryIO) -> None:
    """Write one page with the blocks of all pieces: the markup that one piece with all blocks would have.

    Args:
        pieces: Pieces in order.
        out: Empty, seekable, open for writing.

    Raises:
        UnsupportedFormat: A piece is no text.
    """
    options = ReadOptions(media_type="text/html", text=False, limits=ReadLimits(max_blocks=_ANY_NUMBER))
    mark, codec = b"", "utf-8"
    with spool() as spooled:
        tape: _Joined | None = None
        for piece in pieces:
            encoding = encoding_of(piece)
            if tape is None:
                mark, codec = mark_of(piece.read(4), encoding)
                tape = _Joined(Recorder(spooled, codec, lambda: 0, keep_active=True))
            else:
                tape.next_piece()
            parse(LineReader(piece, encoding), Page(BlockWriter(options, _ignore, encoding), tape))
        if tape is None:
            return
        recorder = tape.finish()
        out.write(mark)
        for data in opening(recorder.head, recorder.place(1), codec):
            out.write(data)
        spooled.seek(0)
        shutil.copyfileobj(spooled, out)
        out.write(closing(recorder.end_place(), codec))


class _Joined:
    """Passes the events of several pieces on as those of one page.

    Ends of elements wait until something follows: at the end of a piece they may have been added by the cut. The next
    piece shows which, for it opens again what goes on.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._ends: list[tuple[str, HtmlTable | None]] = []
        self._resuming = False
        self._in_body = True
        self._depth = 0
        self._skipping = 0

    def next_piece(self) -> None:
        """Another piece begins."""
        self._ends.clear()
        self._resuming, self._in_body = True, False
        self._depth = self._skipping = 0

    def finish(self) -> Recorder:
        """All pieces have been read."""
        self._commit()
        return self._recorder

    def start(self, tag: str, attributes: Mapping[str, str], table: HtmlTable | None) -> None:
        """An element begins."""
        if not self._in_body:
            self._in_body = tag == "body"
        elif self._skipping or (self._resuming and attributes.get(MARK) == REPEATED):
            self._skipping += 1
        elif self._resuming and attributes.get(MARK) in {CONTINUED, PASSED}:
            self._depth += 1
        else:
            self._commit()
            self._recorder.start(tag, attributes, table)

    def end(self, tag: str, table: HtmlTable | None) -> None:
        """An element ends."""
        if self._skipping:
            self._skipping -= 1
        elif self._in_body:
            self._ends.append((tag, table))

    def data(self, text: str, *, seen: bool) -> None:
        """A stretch of text."""
        if self._in_body and not self._skipping:
            self._commit()
            self._recorder.data(text, seen=seen)

    def comment(self, text: str) -> None:
        """A comment."""
        if self._in_body and not self._skipping:
            self._commit()
            self._recorder.comment(text)

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """The document type, which is that of the first piece."""
        if not self._resuming:
            self._recorder.doctype(name, public, system)

    def _commit(self) -> None:
        """Something follows: what has ended has ended, and at the begin of a piece, what did not go on."""
        if self._resuming:
            self._resuming = False
            self._recorder.close_to(self._depth)
        for tag, table in self._ends:
            self._recorder.end(tag, table)
        self._ends.clear()


def _ignore(_unit: UnitFacts, _text: UnitText) -> None:
    """Take a block that is only read to be written again."""
