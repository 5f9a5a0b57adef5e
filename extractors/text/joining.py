"""Putting pieces of a text together again: what cutting added is taken out, and the bytes of the whole are back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from extractors.clean import safe_label
from extractors.errors import DamagedDocument
from extractors.scratch import spool
from extractors.text.cutting import (
    BLANK_LINE_ADDED,
    DELIMITER_TOLD,
    ENCODING_CHANGED,
    FENCE_CLOSED,
    HEADER_REPEATED,
    MARK_ADDED,
)
from extractors.text.encodings import leading_mark, recode
from extractors.text.hyperjoin import join_html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractors.base import Change

_CHUNK = 1 << 20
_LONGEST_MARK = 4
_AT_BEGIN = (MARK_ADDED, DELIMITER_TOLD, HEADER_REPEATED, BLANK_LINE_ADDED)


def join_text(
    media_type: str, pieces: Sequence[BinaryIO], out: BinaryIO, changes: Sequence[Sequence[Change]] = ()
) -> None:
    """Write the text that pieces were cut from: its very bytes, of HTML the same blocks in the same markup.

    Args:
        media_type: Type of the text.
        pieces: Pieces in order.
        out: Empty, seekable, open for writing.
        changes: What cutting told of each piece, in the same order; what it added is taken out.

    Raises:
        ValueError: There are changes, but not of each piece.
    """
    if media_type == "text/html":
        join_html(pieces, out)
        return
    told = changes or [()] * len(pieces)
    for number, (piece, of_it) in enumerate(zip(pieces, told, strict=True)):
        _append(piece, of_it, out, first=number == 0)


def _append(piece: BinaryIO, changes: Sequence[Change], out: BinaryIO, *, first: bool) -> None:
    """Append those bytes of a piece that are of the whole."""
    added = {change.code: size for change in changes if isinstance(size := change.after.get("bytes"), int) and size > 0}
    begin, closing = sum(added.get(code, 0) for code in _AT_BEGIN), added.get(FENCE_CLOSED, 0)
    piece.seek(0)
    mark = leading_mark(piece.read(_LONGEST_MARK))
    codec = next((_codec(change) for change in changes if change.code == ENCODING_CHANGED), None)
    if codec is not None:
        with spool() as before:
            recode(piece, len(mark), before, ("utf-8", codec))
            _copy(before, begin, closing, out)
        return
    if MARK_ADDED not in added:  # the mark of the whole, with which each piece begins
        out.write(mark if first else b"")
        begin += len(mark)
    _copy(piece, begin, closing, out)


def _codec(change: Change) -> str:
    """Return the encoding that a piece had before; a manifest may come from anywhere."""
    codec = str(change.before.get("encoding", ""))
    try:
        "".encode(codec)
    except LookupError as error:
        raise DamagedDocument(
            f"The manifest names {safe_label(codec, 40)!r} as an encoding, which it is not. Split the document again."
        ) from error
    return codec


def _copy(file: BinaryIO, begin: int, closing: int, out: BinaryIO) -> None:
    """Append a file without so many bytes at its beginning and its end."""
    left = file.seek(0, os.SEEK_END) - begin - closing
    file.seek(begin)
    while left > 0:
        chunk = file.read(min(_CHUNK, left))
        if not chunk:
            break
        out.write(chunk)
        left -= len(chunk)
