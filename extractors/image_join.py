"""Putting frames together again."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from extractors.errors import DamagedDocument
from extractors.tiff.directory import TiffReader
from extractors.tiff.pixels import NotCopyable
from extractors.tiff.writer import Source, TiffWriter

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHUNK = 1 << 20
_CLASSIC_BYTES = 4_000_000_000


def join_images(pieces: Sequence[BinaryIO], out: BinaryIO) -> None:
    """Put TIFFs together, frame after frame; a single file of any format is copied.

    Args:
        pieces: Pieces in order.
        out: Empty, seekable, open for writing.

    Raises:
        DamagedDocument: A piece cannot be read, or several are no TIFFs.
        SafetyLimitExceeded: A piece has images that overlap inside it.
    """
    if len(pieces) == 1:
        copy(pieces[0], out)
        return
    readers = [TiffReader(piece) for piece in pieces]
    big = any(reader.big for reader in readers) or sum(reader.size for reader in readers) > _CLASSIC_BYTES
    writer = TiffWriter(out, readers[0].order, big=big)
    for place, reader in enumerate(readers, 1):
        try:
            for directory in reader.chain():
                writer.add([Source(reader, directory)])
        except NotCopyable as error:
            raise DamagedDocument(f"Piece {place} does not say where its data end. Cut the original again.") from error


def copy(file: BinaryIO, out: BinaryIO) -> None:
    """Copy a whole file."""
    file.seek(0)
    while chunk := file.read(_CHUNK):
        out.write(chunk)
