"""Where the encoded pixels of a TIFF image stand in its file, and where they stand once copied."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from extractors.tiff.directory import (
    COMPRESSION,
    JPEG_LENGTH,
    JPEG_START,
    STRIP_COUNTS,
    STRIP_OFFSETS,
    TILE_COUNTS,
    TILE_OFFSETS,
    Directory,
    TiffReader,
    damaged,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PAIRS = ((STRIP_OFFSETS, STRIP_COUNTS), (TILE_OFFSETS, TILE_COUNTS))
_CHUNK = 1 << 20


class NotCopyable(Exception):
    """An image's data cannot be found without decoding it; it has to be encoded anew."""


@dataclass(frozen=True, slots=True)
class Moved:
    """New values of the fields about encoded pixels, by tag."""

    fields: dict[int, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Pixels:
    """Where encoded pixels stand.

    Attributes:
        lists: Offsets and lengths by the tag of the offsets.
        stream: Start and length of an old-style JPEG stream; the length is 0 where the file does not say.
    """

    lists: dict[int, tuple[Sequence[int], Sequence[int]]]
    stream: tuple[int, int] | None

    def ranges(self) -> Iterator[tuple[int, int]]:
        """Yield all stretches of the file that are needed."""
        for offsets, lengths in self.lists.values():
            yield from zip(offsets, lengths, strict=True)
        if self.stream is not None:
            yield self.stream

    def moved(self, stretches: Sequence[tuple[int, int]], starts: Sequence[int]) -> Moved:
        """Return the fields for stretches that have been written to ``starts``."""
        firsts = [at for at, _ in stretches]

        def new(at: int) -> int:
            index = bisect_right(firsts, at) - 1
            return starts[index] + at - firsts[index]

        fields: dict[int, Sequence[int]] = {}
        for tag, counts_tag in PAIRS:
            if tag in self.lists:
                offsets, lengths = self.lists[tag]
                fields[tag] = [new(at) if length else 0 for at, length in zip(offsets, lengths, strict=True)]
                fields[counts_tag] = lengths
        if self.stream is not None:
            fields[JPEG_START] = [new(self.stream[0])]
            fields[JPEG_LENGTH] = [self.stream[1]]
        return Moved(fields)


def find_pixels(reader: TiffReader, directory: Directory) -> Pixels | None:
    """Find the encoded pixels of a directory; None when it has none (Exif and the like)."""
    entries = directory.entries
    lists: dict[int, tuple[Sequence[int], Sequence[int]]] = {}
    for tag, counts_tag in PAIRS:
        if tag not in entries:
            continue
        if counts_tag not in entries:
            raise NotCopyable
        offsets, lengths = reader.numbers(entries[tag]), reader.numbers(entries[counts_tag])
        if len(lengths) < len(offsets):
            raise NotCopyable
        lists[tag] = (offsets, [_clipped(reader, at, length) for at, length in zip(offsets, lengths, strict=False)])
    stream = None
    start = reader.number(directory, JPEG_START, 0)
    if start:
        stream = (start, _clipped(reader, start, reader.number(directory, JPEG_LENGTH, 0)))
    if not lists and stream is None:
        return None
    pixels = Pixels(lists, stream)
    if stream is not None and not stream[1] and not _inside(stream[0], united(pixels.ranges())):
        raise NotCopyable  # a stream of unknown length
    return pixels


def _inside(at: int, stretches: Sequence[tuple[int, int]]) -> bool:
    return any(start <= at < start + length for start, length in stretches)


def _clipped(reader: TiffReader, at: int, length: int) -> int:
    """Length of a stretch as far as the file reaches: some writers claim more for the last strip."""
    if length and at >= reader.size:
        raise damaged("pixels are beyond its end")
    return min(length, reader.size - at) if length else 0


def united(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join stretches that touch or overlap."""
    joined: list[tuple[int, int]] = []
    for at, length in sorted(ranges):
        if not length:
            continue
        if joined and at <= joined[-1][0] + joined[-1][1]:
            start, size = joined[-1]
            joined[-1] = (start, max(size, at + length - start))
        else:
            joined.append((at, length))
    return joined


def chunks(reader: TiffReader, at: int, size: int) -> Iterator[bytes]:
    """Yield a stretch of a file, a megabyte at a time."""
    for start in range(at, at + size, _CHUNK):
        yield reader.bytes_at(start, min(_CHUNK, at + size - start))


def pixel_stretches(reader: TiffReader, directory: Directory) -> Iterator[bytes]:
    """Yield the encoded pixels of an image and what it takes to decode them, to tell it from others undecoded.

    Raises:
        NotCopyable: They cannot be found.
        DamagedDocument: They are beyond the end of the file.
    """
    for tag in (256, 257, COMPRESSION):
        yield b"%d=%d;" % (tag, reader.number(directory, tag, 0))
    found = find_pixels(reader, directory)
    for at, length in united(found.ranges()) if found is not None else ():
        yield from chunks(reader, at, length)
