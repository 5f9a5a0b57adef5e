"""OLE containers (compound files): only the names in their directory are read, sector by sector, with caps.

Layout: [MS-CFB] 2.2 (header), 2.3 (FAT), 2.5 (DIFAT), 2.6 (directory).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

from extractors.errors import EncryptedOffice, ExtractionError, LegacyOffice, UnsupportedFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_LAST_SECTOR = 0xFFFFFFFA  # larger numbers are marks, not sectors
_MOST_SECTORS = 2_000
_MOST_TABLES = 100_000
_OOXML_EXTENSIONS = frozenset({"docx", "docm", "dotx", "dotm", "xlsx", "xlsm", "xlsb", "pptx", "pptm"})
_UNLOCK = (
    "Open it in Word or LibreOffice with its password, save it without one "
    "(Word: File > Info > Protect Document > Encrypt with Password, empty the field), and try again."
)
_SAVE_AS = "Open it in {program} or LibreOffice and save it as {target} or PDF, then try again."

_KINDS: tuple[tuple[str, type[ExtractionError], str], ...] = (
    ("encryptedpackage", EncryptedOffice, f"This is an Office file protected by a password. {_UNLOCK}"),
    ("\x09drmcontent", EncryptedOffice, f"This is an Office file under rights management. {_UNLOCK}"),
    (
        "worddocument",
        LegacyOffice,
        f"This is a Word 97-2003 document (.doc). {_SAVE_AS.format(program='Word', target='.docx')}",
    ),
    (
        "workbook",
        LegacyOffice,
        f"This is an Excel 97-2003 workbook (.xls). {_SAVE_AS.format(program='Excel', target='CSV')}",
    ),
    ("book", LegacyOffice, f"This is an Excel 5/95 workbook (.xls). {_SAVE_AS.format(program='Excel', target='CSV')}"),
    (
        "powerpoint document",
        LegacyOffice,
        f"This is a PowerPoint 97-2003 presentation (.ppt). {_SAVE_AS.format(program='PowerPoint', target='PDF')}",
    ),
    (
        "__properties_version1.0",
        UnsupportedFormat,
        "This is an Outlook message (.msg). Save its attachments, or print the message to PDF, and try those.",
    ),
    ("visiodocument", UnsupportedFormat, "This is a Visio drawing (.vsd). Export it as PDF and try again."),
    ("quill", UnsupportedFormat, "This is a Publisher document (.pub). Export it as PDF and try again."),
)


def refusal(file: BinaryIO, extension: str) -> ExtractionError:
    """Say what an OLE container holds, as the error to raise: nothing in one can be read here.

    Args:
        file: The container; its first bytes are :data:`MAGIC`.
        extension: Lower-case extension of the file's name.
    """
    names = {name.lower() for name in _names(file)}
    for stream, kind, message in _KINDS:
        if stream in names:
            return kind(message)
    if not names and extension in _OOXML_EXTENSIONS:
        return EncryptedOffice(
            f"This .{extension} is an OLE container, which is how Office stores files with a password, but its "
            f"directory cannot be read. {_UNLOCK} If it has no password, it is damaged: fetch it again."
        )
    return UnsupportedFormat(
        "This is an OLE container that is no Word document (installers, drawings and old Office files are stored so). "
        "Open it in the program that made it and save it as PDF or .docx, then try again."
    )


def _names(file: BinaryIO) -> list[str]:
    """Names of the directory's entries, as far as the container is in order."""
    file.seek(0)
    header = file.read(512)
    if len(header) < 512:
        return []
    (shift,) = struct.unpack_from("<H", header, 0x1E)
    (directory,) = struct.unpack_from("<I", header, 0x30)
    if shift not in (9, 12):
        return []
    container = _Sectors(file, 1 << shift, header)
    names = []
    for sector in container.chain(directory):
        for at in range(0, len(sector) - 127, 128):
            (length,) = struct.unpack_from("<H", sector, at + 0x40)
            if sector[at + 0x42] and 2 <= length <= 64:
                names.append(sector[at : at + length - 2].decode("utf-16-le", "replace"))
    return names


class _Sectors:
    """Reads sectors and follows their chain through the allocation table."""

    def __init__(self, file: BinaryIO, size: int, header: bytes) -> None:
        self._file = file
        self._size = size
        self._tables = list(struct.unpack_from("<109I", header, 0x4C))
        (self._next_tables,) = struct.unpack_from("<I", header, 0x44)

    def read(self, number: int) -> bytes:
        """Return one sector, empty beyond the end of the file."""
        self._file.seek((number + 1) * self._size)
        return self._file.read(self._size)

    def chain(self, number: int) -> Iterator[bytes]:
        """Yield the sectors of a chain; ends at a loop, a hole or a cap."""
        seen: set[int] = set()
        while number < _LAST_SECTOR and number not in seen and len(seen) < _MOST_SECTORS:
            seen.add(number)
            sector = self.read(number)
            if len(sector) < self._size:
                return
            yield sector
            number = self._following(number)

    def _following(self, number: int) -> int:
        """Look a sector up in the allocation table."""
        entries = self._size // 4
        table, at = divmod(number, entries)
        while table >= len(self._tables) and self._next_tables < _LAST_SECTOR and len(self._tables) < _MOST_TABLES:
            more = self.read(self._next_tables)
            if len(more) < self._size:
                break
            *tables, self._next_tables = struct.unpack(f"<{entries}I", more)
            self._tables += tables
        if table >= len(self._tables) or self._tables[table] >= _LAST_SECTOR:
            return _LAST_SECTOR
        sector = self.read(self._tables[table])
        following: int = struct.unpack_from("<I", sector, at * 4)[0] if len(sector) == self._size else _LAST_SECTOR
        return following
