"""The gate: which ZIP archives may reach an XML parser at all.

Everything is judged from the central directory and the local headers before anything is unpacked; what is unpacked
later is read no further than its declared size and its checksum is verified. Limits and threats:
shared/facts/security-and-http.md §1.4.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from itertools import pairwise
from typing import IO, TYPE_CHECKING, BinaryIO

from extractors.clean import safe_label
from extractors.docx import safexml
from extractors.errors import DamagedDocument, EmptyDocument, EncryptedOffice, NotADocx, SafetyLimitExceeded

if TYPE_CHECKING:
    from extractors.base import ReadLimits

MAX_RATIO = 200  # unpacked : packed; the largest in 47 real documents is 41 (an EMF picture)
RATIO_FREE_BYTES = 1_000_000
# Uncompressed picture formats: a white scan packs 1000 : 1 without ill will. They are never unpacked whole here.
_RASTER = re.compile(r"\.(bmp|dib|emf|wmf|tiff?)$", re.IGNORECASE)
_XML = re.compile(r"\.(xml|rels|vml)$", re.IGNORECASE)
_UNSAFE_NAME = re.compile(r"[\x00-\x1f\x7f]|^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)")
_LOCAL = struct.Struct("<4s5H3I2H")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR64 = struct.Struct("<4sIQI")
_DIRECTORY_ENTRY_BYTES = 4_096  # far above any real entry (46 bytes, a name, a few extra fields)
_HEAD_BYTES = 4_096
_BAD_ZIP = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OverflowError, NotImplementedError)
_REPAIR = "Open the file in Word or LibreOffice and save it anew as .docx."


class Container:
    """A ZIP archive that passed the gate. Part names are looked up without regard to case, as OPC wants."""

    def __init__(self, archive: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> None:
        self._archive = archive
        self._entries = entries

    @classmethod
    def open(cls, file: BinaryIO, limits: ReadLimits) -> Container:
        """Open ``file`` and check it.

        Raises:
            EmptyDocument: Zero bytes.
            NotADocx: No ZIP archive.
            EncryptedOffice: Entries are encrypted.
            DamagedDocument: Broken, or built to confuse (overlaps, duplicates, links, names that climb out, DOCTYPE).
            SafetyLimitExceeded: Too many entries, too large, or packed too well.
        """
        _check_start(file)
        _check_directory_size(file, limits.max_entries)
        try:
            archive = zipfile.ZipFile(file)
        except _BAD_ZIP as error:
            raise DamagedDocument(
                f"The ZIP archive is broken ({_plain(error)}); it may be cut short. {_REPAIR}"
            ) from error
        entries = _checked_entries(archive.infolist(), limits)
        _check_layout(file, entries, archive.start_dir)
        container = cls(archive, {info.filename.lower(): info for info in entries})
        container._refuse_doctypes()
        return container

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._entries

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parts as stored, in the archive's order."""
        return tuple(info.filename for info in self._entries.values())

    def stored_bytes(self, name: str) -> int:
        """Return the packed size of a part; 0 when there is no such part."""
        info = self._entries.get(name.lower())
        return 0 if info is None else info.compress_size

    def unpacked_bytes(self, name: str) -> int:
        """Return the unpacked size of a part as declared; 0 when there is no such part."""
        info = self._entries.get(name.lower())
        return 0 if info is None else info.file_size

    def read(self, name: str) -> bytes:
        """Return a whole part, its checksum verified.

        Raises:
            DamagedDocument: Not there, cut short, or the checksum is wrong.
        """
        info = self._entries.get(name.lower())
        if info is None:
            raise DamagedDocument(f"The part {safe_label(name)} is missing from the file. {_REPAIR}")
        try:
            with self._archive.open(info) as stream:
                data = stream.read(info.file_size)
                stream.read(1)  # reaching the end makes zipfile verify the checksum
        except _BAD_ZIP as error:
            raise DamagedDocument(f"The part {safe_label(name)} is damaged ({_plain(error)}). {_REPAIR}") from error
        if len(data) != info.file_size:
            raise DamagedDocument(f"The part {safe_label(name)} is shorter than the archive says. {_REPAIR}")
        return data

    def stream(self, name: str) -> IO[bytes]:
        """Return a part as a seekable binary stream, for readers that need only its beginning.

        Raises:
            DamagedDocument: Not there or not readable.
        """
        info = self._entries.get(name.lower())
        if info is None:
            raise DamagedDocument(f"The part {safe_label(name)} is missing from the file. {_REPAIR}")
        try:
            return self._archive.open(info)
        except _BAD_ZIP as error:
            raise DamagedDocument(f"The part {safe_label(name)} is damaged ({_plain(error)}). {_REPAIR}") from error

    def _refuse_doctypes(self) -> None:
        """Look before the root element of every XML part, used or not."""
        for info in self._entries.values():
            if info.file_size and _XML.search(info.filename) and self._declares_doctype(info):
                raise safexml.doctype(safe_label(info.filename))

    def _declares_doctype(self, info: zipfile.ZipInfo) -> bool:
        wanted = _HEAD_BYTES
        while wanted <= 2 * safexml.MAX_PROLOG_BYTES:
            try:
                with self._archive.open(info) as stream:
                    head = stream.read(wanted)
            except _BAD_ZIP:
                return False  # whoever reads the part says what is wrong with it; unused parts may be broken
            complete = len(head) >= info.file_size
            try:
                text = safexml.as_utf8(head[: len(head) & ~1], info.filename)
            except DamagedDocument:
                return False  # never reaches a parser: as_utf8 stands before every one
            answer = safexml.has_doctype(text, complete=complete)
            if answer is not None:
                return answer
            wanted *= 8
        return True  # a megabyte of comments before the root element: nothing but an attempt to hide


def _check_start(file: BinaryIO) -> None:
    file.seek(0)
    start = file.read(4)
    if not start:
        raise EmptyDocument("The file is empty (0 bytes). Export or download it again.")
    if start not in {b"PK\x03\x04", b"PK\x05\x06"}:
        raise NotADocx("The file is no DOCX: it does not begin as a ZIP archive. Save it as .docx and try again.")


def _check_directory_size(file: BinaryIO, max_entries: int) -> None:
    """Bound the central directory before zipfile builds an object for each of its entries."""
    size = file.seek(0, 2)
    tail_bytes = min(size, 65_535 + _END.size + _LOCATOR64.size)
    file.seek(size - tail_bytes)
    tail = file.read(tail_bytes)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise DamagedDocument(
            f"The ZIP archive has no end: the file was cut short. Download or copy it again. {_REPAIR}"
        )
    _, _, _, _, count, directory_bytes, _, _ = _END.unpack_from(tail, at)
    if count == 0xFFFF or directory_bytes == 0xFFFFFFFF:
        count, directory_bytes = _zip64_directory(file, tail, at, size)
    if count > max_entries or directory_bytes > max_entries * _DIRECTORY_ENTRY_BYTES:
        raise _too_many(max(count, directory_bytes // _DIRECTORY_ENTRY_BYTES), max_entries)


def _zip64_directory(file: BinaryIO, tail: bytes, at: int, size: int) -> tuple[int, int]:
    """Return (entries, bytes) of the central directory from the ZIP64 records."""
    if at >= _LOCATOR64.size and tail[at - _LOCATOR64.size :].startswith(b"PK\x06\x07"):
        _, _, offset, _ = _LOCATOR64.unpack_from(tail, at - _LOCATOR64.size)
        if offset + _END64.size <= size:
            file.seek(offset)
            record = _END64.unpack(file.read(_END64.size))
            return record[7], record[8]
    raise DamagedDocument(f"The ZIP64 directory of the archive is broken. {_REPAIR}")


def _too_many(count: int, limit: int) -> SafetyLimitExceeded:
    return SafetyLimitExceeded(
        f"The archive has {count} entries; the limit is {limit}. Remove embedded files or pictures and save again."
    )


def _checked_entries(infos: list[zipfile.ZipInfo], limits: ReadLimits) -> list[zipfile.ZipInfo]:
    """Check what the central directory says; return the entries that are files."""
    if len(infos) > limits.max_entries:
        raise _too_many(len(infos), limits.max_entries)
    total = sum(info.file_size for info in infos)
    if total > limits.max_total_bytes:
        raise SafetyLimitExceeded(
            f"Unpacked, the file would have {total} bytes; the limit is {limits.max_total_bytes}. "
            "Compress its pictures in Word (Picture Format, Compress Pictures) and save again."
        )
    seen: set[str] = set()
    for info in infos:
        _check_entry(info, limits)
        name = info.filename.lower()
        if name in seen:
            raise DamagedDocument(f"The archive holds {safe_label(info.filename)} twice; readers disagree. {_REPAIR}")
        seen.add(name)
    return [info for info in infos if not info.filename.endswith("/")]


def _check_entry(info: zipfile.ZipInfo, limits: ReadLimits) -> None:
    name = safe_label(info.filename)
    if _UNSAFE_NAME.search(info.orig_filename):
        raise DamagedDocument(f"The archive has an entry with an unsafe name ({name}). {_REPAIR}")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise DamagedDocument(f"The archive has a symbolic link ({name}), which no Office file has. {_REPAIR}")
    if info.flag_bits & 0x1:
        raise EncryptedOffice(f"The entry {name} is encrypted with a ZIP password. Unpack and save it without one.")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise DamagedDocument(f"The entry {name} is packed with a method that Office files must not use. {_REPAIR}")
    if info.file_size > limits.max_part_bytes:
        raise SafetyLimitExceeded(
            f"The part {name} has {info.file_size} bytes unpacked; the limit is {limits.max_part_bytes}. "
            "Cut the document into smaller ones in Word, or compress its pictures."
        )
    packed_too_well = info.file_size > RATIO_FREE_BYTES and info.file_size > MAX_RATIO * info.compress_size
    if packed_too_well and not _RASTER.search(info.filename):
        raise SafetyLimitExceeded(
            f"The part {name} unpacks to more than {MAX_RATIO} times its size, like a ZIP bomb. {_REPAIR}"
        )


def _check_layout(file: BinaryIO, entries: list[zipfile.ZipInfo], end: int) -> None:
    """Compare the local headers with the central directory and refuse entries that share bytes.

    CPython before 3.11.8 reads overlapping entries without complaint (CVE-2024-0450).
    """
    spans = []
    for info in entries:
        # zipfile moves all offsets when bytes are missing in front, and then they may be negative.
        file.seek(max(info.header_offset, 0))
        header = file.read(_LOCAL.size) if info.header_offset >= 0 else b""
        if len(header) < _LOCAL.size or not header.startswith(b"PK\x03\x04"):
            raise DamagedDocument(f"The ZIP archive is broken near {safe_label(info.filename)}. {_REPAIR}")
        fields = _LOCAL.unpack(header)
        name_bytes, extra_bytes = fields[9], fields[10]
        if file.read(name_bytes) != _raw_name(info):
            raise DamagedDocument(f"The archive names {safe_label(info.filename)} in two ways. {_REPAIR}")
        begin = info.header_offset
        spans.append((begin, begin + _LOCAL.size + name_bytes + extra_bytes + info.compress_size))
    spans.sort()
    for (_, stop), (begin, _) in pairwise([*spans, (end, end)]):
        if stop > begin:
            raise DamagedDocument(f"Entries of the archive overlap, as in a ZIP bomb. {_REPAIR}")


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    """Return the name as stored: UTF-8 when flagged so, else code page 437, as zipfile decodes it."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437")


def _plain(error: Exception) -> str:
    return safe_label(str(error)) or type(error).__name__
