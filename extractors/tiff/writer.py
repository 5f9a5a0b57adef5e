"""Writing a TIFF whose images are copied from others as they are encoded, never decoded.

Offsets are all that changes. Everything else (strips and tiles, fields known or not, Exif, thumbnails) is carried over
byte by byte, so that no quality is lost and copying runs at the speed of the disk.
"""

from __future__ import annotations

import hashlib
import struct
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from extractors.errors import DamagedDocument, SafetyLimitExceeded
from extractors.tiff.directory import (
    JPEG_START,
    SIZES,
    STRIP_OFFSETS,
    TILE_OFFSETS,
    Directory,
    Entry,
    Order,
    TiffReader,
    damaged,
)
from extractors.tiff.pixels import Moved, NotCopyable, chunks, find_pixels, united

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FREE = {288, 289}
"""Where unused bytes stand: true of the old file only."""
_POINTERS = {330, 400, 34665, 34853, 40965}
"""Fields that point to further directories: SubIFDs, GlobalParameters, Exif, GPS, Interoperability."""
_DIRECTORY_KINDS = {13, 18}
_JPEG_TABLES = {519, 520, 521}
_QUANTIZATION_BYTES = 64
_BITS_PER_SAMPLE = 258
_DEEPEST = 4
_MOST_SUBDIRECTORIES = 64
_SHARED_BYTES = 64
_CLASSIC_END = 1 << 32


class Source(NamedTuple):
    """Fields to take from one file for an image; an image may have fields of several files."""

    reader: TiffReader
    directory: Directory


@dataclass(frozen=True, slots=True)
class _Field:
    """A field as it will be written: its value, or where that has been written already."""

    tag: int
    kind: int
    count: int
    value: bytes | int


class TiffWriter:
    """Writes images one after the other.

    Args:
        out: Empty, seekable, open for writing.
        order: Byte order, best that of the files copied from.
        big: Write a BigTIFF, which may be larger than 4 GB.

    Attributes:
        dropped: Tags that could not be carried over.
    """

    def __init__(self, out: BinaryIO, order: Order, *, big: bool) -> None:
        self.dropped: set[int] = set()
        self._out = out
        self._order: Order = order
        self._big = big
        self._offset = "Q" if big else "I"
        self._copied: dict[int, int] = {}
        self._known: dict[tuple[int, bytes], array[int]] = {}
        self._shared: dict[tuple[int, int, int], int] = {}
        mark = b"II" if order == "<" else b"MM"
        head = struct.pack(order + "HHHQ", 43, 8, 0, 0) if big else struct.pack(order + "HI", 42, 0)
        out.write(mark + head)
        self._at = 16 if big else 8
        self._link = self._at - (8 if big else 4)

    def add(self, sources: Sequence[Source]) -> None:
        """Write one image.

        Args:
            sources: Where its fields come from; no tag may be in two of them.

        Raises:
            NotCopyable: Its data cannot be found; nothing has been written.
            DamagedDocument: Its data stand beyond the end of the file.
            SafetyLimitExceeded: It would copy more than there is, or make a classic TIFF larger than 4 GB.
        """
        at = self._directory(sources, 0)
        self._out.seek(self._link)
        self._out.write(struct.pack(self._order + self._offset, at))
        self._out.seek(self._at)
        self._link = self._at - (8 if self._big else 4)

    def _directory(self, sources: Sequence[Source], depth: int) -> int:
        """Write a directory and all that it refers to; return where it stands."""
        fields: list[_Field] = []
        for reader, directory in sources:
            self._check_order(reader, directory)
            self.dropped.update(directory.unknown)
            moved = self._data(reader, directory)
            for entry in directory.entries.values():
                if entry.tag not in _FREE:
                    fields += self._field(reader, entry, moved, depth)
        placed = [(field, self._place(field)) for field in sorted(fields, key=lambda field: field.tag)]
        entry_form = self._order + ("HHQ" if self._big else "HHI")
        table = b"".join(struct.pack(entry_form, one.tag, one.kind, one.count) + value for one, value in placed)
        self._align()
        at = self._at
        self._write(struct.pack(self._order + ("Q" if self._big else "H"), len(placed)) + table)
        self._write(bytes(8 if self._big else 4))
        return at

    def _check_order(self, reader: TiffReader, directory: Directory) -> None:
        bits = directory.entries.get(_BITS_PER_SAMPLE)
        if reader.order != self._order and bits is not None and max(reader.numbers(bits), default=1) > 8:
            raise DamagedDocument(
                "The TIFFs differ in byte order, and their samples are wider than 8 bits. Convert one of them first."
            )

    def _field(self, reader: TiffReader, entry: Entry, moved: Moved | None, depth: int) -> Iterator[_Field]:
        """Make the field for one entry; none when what it points to is broken."""
        tag = entry.tag
        if moved is not None and tag in moved.fields:
            yield self._numbers(tag, moved.fields[tag], offsets=tag in {STRIP_OFFSETS, TILE_OFFSETS, JPEG_START})
        elif tag in _POINTERS or entry.kind in _DIRECTORY_KINDS:
            try:
                yield self._pointer(reader, entry, depth)
            except (DamagedDocument, NotCopyable):
                self.dropped.add(tag)
        elif tag in _JPEG_TABLES:
            yield self._numbers(tag, [self._jpeg_table(reader, tag, at) for at in reader.numbers(entry)], offsets=True)
        else:
            yield self._value(reader, entry)

    def _numbers(self, tag: int, values: Sequence[int], *, offsets: bool) -> _Field:
        wide = self._big and offsets
        return _Field(
            tag,
            16 if wide else 4,
            len(values),
            struct.pack(f"{self._order}{len(values)}{'Q' if wide else 'I'}", *values),
        )

    def _pointer(self, reader: TiffReader, entry: Entry, depth: int) -> _Field:
        targets = reader.numbers(entry)
        if depth >= _DEEPEST or len(targets) > _MOST_SUBDIRECTORIES:
            raise damaged("directories inside directories without end")
        places = [self._directory([Source(reader, reader.directory(at))], depth + 1) for at in targets]
        kind = {False: {13: 13, 18: 13}, True: {13: 18, 18: 18}}[self._big].get(entry.kind, 16 if self._big else 4)
        return _Field(entry.tag, kind, len(places), struct.pack(f"{self._order}{len(places)}{self._offset}", *places))

    def _jpeg_table(self, reader: TiffReader, tag: int, at: int) -> int:
        """Copy a table of old-style JPEG (TIFF 6.0 §22); return where it stands."""
        size = _QUANTIZATION_BYTES if tag == 519 else 16 + sum(reader.bytes_at(at, 16))
        self._align()
        start = self._at
        self._write(reader.bytes_at(at, size))
        return start

    def _value(self, reader: TiffReader, entry: Entry) -> _Field:
        """Copy the value of a field as it is."""
        if entry.at + entry.size > reader.size:
            raise damaged(f"the value of field {entry.tag} is beyond the end")
        if entry.size <= (8 if self._big else 4):
            value = self._ordered(reader, entry.kind, reader.bytes_at(entry.at, entry.size))
            return _Field(entry.tag, entry.kind, entry.count, value)
        key = (reader.serial, entry.at, entry.size)
        at = self._shared.get(key)
        if at is None:
            self._align()
            at = self._at
            for chunk in chunks(reader, entry.at, entry.size):
                self._write(self._ordered(reader, entry.kind, chunk))
            self._charge(reader, entry.size)
            if entry.size >= _SHARED_BYTES:
                self._shared[key] = at
        return _Field(entry.tag, entry.kind, entry.count, at)

    def _place(self, field: _Field) -> bytes:
        """Return what stands in the directory for a field: its value, or where that is."""
        width = 8 if self._big else 4
        value = field.value
        if isinstance(value, bytes) and len(value) > width:
            self._align()
            at = self._at
            self._write(value)
            value = at
        return value.ljust(width, b"\0") if isinstance(value, bytes) else struct.pack(self._order + self._offset, value)

    def _ordered(self, reader: TiffReader, kind: int, data: bytes) -> bytes:
        width = 4 if kind in {5, 10} else SIZES[kind]
        if reader.order == self._order or width == 1:
            return data
        values = array({2: "H", 4: "I", 8: "Q"}[width], data)
        values.byteswap()
        return values.tobytes()

    def _data(self, reader: TiffReader, directory: Directory) -> Moved | None:
        """Copy the encoded pixels of a directory; return the fields that say where they are now."""
        found = find_pixels(reader, directory)
        if found is None:
            return None
        stretches = united(found.ranges())
        key = (reader.serial, hashlib.sha256(repr(stretches).encode()).digest())
        starts = self._known.get(key)
        if starts is None:
            starts = array("Q")
            for at, length in stretches:
                self._charge(reader, length)
                self._align()
                starts.append(self._at)
                for chunk in chunks(reader, at, length):
                    self._write(chunk)
            self._known[key] = starts
        return found.moved(stretches, starts)

    def _charge(self, reader: TiffReader, size: int) -> None:
        """Count what was copied: honest images never need more bytes than their file has."""
        total = self._copied.get(reader.serial, 0) + size
        if total > reader.size:
            raise SafetyLimitExceeded(
                "The images of the TIFF overlap inside the file, so that the pieces would be larger than it. "
                "Export the file again."
            )
        self._copied[reader.serial] = total

    def _align(self) -> None:
        if self._at % 2:
            self._write(b"\0")

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._at += len(data)
        if self._at >= _CLASSIC_END and not self._big:
            raise SafetyLimitExceeded("The TIFF would be larger than 4 GB. Cut it into smaller pieces.")
