"""Reading the directories of a TIFF: classic (TIFF 6.0) and BigTIFF, either byte order, no pixel decoded."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, BinaryIO, Literal

from extractors.errors import DamagedDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

Order = Literal["<", ">"]

STRIP_OFFSETS, STRIP_COUNTS = 273, 279
TILE_OFFSETS, TILE_COUNTS = 324, 325
JPEG_START, JPEG_LENGTH = 513, 514
COMPRESSION = 259

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of one value by its type (TIFF 6.0 §2, Adobe's supplement 1 for 13, BigTIFF for 16 to 18)."""
_WHOLE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_MOST_ENTRIES = 65_535
_MOST_NUMBERS = 4_000_000  # strips of an image, one for each of its rows
_serials = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One field of a directory; its value stays in the file.

    Attributes:
        tag: What it says.
        kind: Type of its values, one of :data:`SIZES`.
        count: Number of values.
        at: Where the values stand in the file.
    """

    tag: int
    kind: int
    count: int
    at: int

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return SIZES[self.kind] * self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What a file says of one image.

    Attributes:
        entries: Its fields by tag, in the order of the file. Of repeated ones the first counts.
        next: Where the next directory stands; 0 after the last.
        unknown: Tags whose values are of no known type: nobody can tell how long they are.
    """

    entries: dict[int, Entry]
    next: int
    unknown: tuple[int, ...]


class TiffReader:
    """An open TIFF.

    Attributes:
        file: The file, seekable.
        serial: Tells it from all other open ones.
        size: Its size in bytes.
        order: Byte order, as :mod:`struct` writes it.
        big: It is a BigTIFF.
        first: Where the first directory stands.

    Raises:
        DamagedDocument: It does not begin as a TIFF.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.serial = next(_serials)
        self.size = file.seek(0, os.SEEK_END)
        head = self.bytes_at(0, min(16, self.size))
        self.order: Order = "<" if head[:2] == b"II" else ">"
        self.big = head[2:4] in {b"\x2b\0", b"\0\x2b"}
        if head[:2] not in {b"II", b"MM"} or len(head) < (16 if self.big else 8):
            raise damaged("it does not begin as a TIFF")
        self.first: int = struct.unpack_from(self.order + ("Q" if self.big else "I"), head, 8 if self.big else 4)[0]

    def chain(self) -> Iterator[Directory]:
        """Yield the directories one after the other; a chain that comes back on itself ends there.

        Raises:
            DamagedDocument: The next directory cannot be read.
        """
        seen: set[int] = set()
        at = self.first
        while at and at not in seen:
            seen.add(at)
            directory = self.directory(at)
            yield directory
            at = directory.next

    def directory(self, at: int) -> Directory:
        """Read the directory at an offset.

        Raises:
            DamagedDocument: It reaches beyond the end of the file, or claims an absurd number of fields.
        """
        lead, width, tail = (8, 20, 8) if self.big else (2, 12, 4)
        (fields,) = struct.unpack(self.order + ("Q" if self.big else "H"), self.bytes_at(at, lead))
        if fields > _MOST_ENTRIES:
            raise damaged(f"a directory of {fields:,} fields")
        table = self.bytes_at(at + lead, fields * width)
        end = at + lead + fields * width
        link = self.bytes_at(end, tail) if end + tail <= self.size else bytes(tail)  # many writers leave it out
        entries: dict[int, Entry] = {}
        unknown: list[int] = []
        for index in range(fields):
            tag, kind, number = struct.unpack_from(self.order + ("HHQ" if self.big else "HHI"), table, index * width)
            place = at + lead + index * width + (12 if self.big else 8)
            if kind not in SIZES:
                unknown.append(tag)
            elif tag not in entries:
                entries[tag] = self._entry(tag, kind, number, place)
        following: int = struct.unpack(self.order + ("Q" if self.big else "I"), link)[0]
        return Directory(entries=entries, next=following, unknown=tuple(unknown))

    def _entry(self, tag: int, kind: int, count: int, place: int) -> Entry:
        if SIZES[kind] * count > (8 if self.big else 4):
            (place,) = struct.unpack(
                self.order + ("Q" if self.big else "I"), self.bytes_at(place, 8 if self.big else 4)
            )
        return Entry(tag=tag, kind=kind, count=count, at=place)

    def numbers(self, entry: Entry) -> tuple[int, ...]:
        """Return the values of a field of whole numbers.

        Raises:
            DamagedDocument: They are none, or stand beyond the end of the file.
        """
        if entry.kind not in _WHOLE:
            raise damaged(f"field {entry.tag} holds no whole numbers")
        if entry.count > _MOST_NUMBERS:
            raise damaged(f"field {entry.tag} claims {entry.count:,} values")
        return struct.unpack(f"{self.order}{entry.count}{_WHOLE[entry.kind]}", self.bytes_at(entry.at, entry.size))

    def number(self, directory: Directory, tag: int, default: int) -> int:
        """Return the first value of a field, or ``default`` where there is none."""
        entry = directory.entries.get(tag)
        if entry is None or not entry.count or entry.kind not in _WHOLE:
            return default
        return self.numbers(Entry(tag=tag, kind=entry.kind, count=1, at=entry.at))[0]

    def bytes_at(self, at: int, size: int) -> bytes:
        """Return a stretch of the file.

        Raises:
            DamagedDocument: It reaches beyond the end.
        """
        if at < 0 or at + size > self.size:
            raise damaged("it is cut short")
        self.file.seek(at)
        data = self.file.read(size)
        if len(data) != size:
            raise damaged("it is cut short")
        return data


def damaged(reason: str) -> DamagedDocument:
    """Return the error for a TIFF whose structure is broken."""
    return DamagedDocument(f"The TIFF is damaged ({reason}). Download or export it again.")
