"""Files as one ZIP archive that is made while it is sent. Nothing is compressed, and no clock is in it."""

from __future__ import annotations

import hashlib
import json
import platform
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from preflight.service.results import StoredFile

_BLOCK_BYTES = 256 * 1024
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The first time an archive can name."""
_MODE = 0o100644 << 16
_HEADER_BYTES, _DESCRIPTOR_BYTES, _ENTRY_BYTES, _END_BYTES = 30, 16, 46, 22
_SMALL_BYTES, _SMALL_FILES = 2_000_000_000, 60_000
"""Up to here everything has the lengths above; beyond, zipfile goes over to ZIP64."""


class _Sink:
    """Takes what is written to the archive, to be sent on; cannot be rewound."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Nothing to close."""

    def taken(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


def archive_size(files: Sequence[StoredFile]) -> int | None:
    """Return how many bytes an archive of files has; None where it is so large that its form is another one.

    By PKWARE's APPNOTE.TXT 6.3: a file has a local header, its bytes and a data descriptor with a signature, and an
    entry in the directory; the directory has an end.
    """
    size = _END_BYTES
    for file in files:
        name = len(file.name.encode())
        size += _HEADER_BYTES + name + file.size_bytes + _DESCRIPTOR_BYTES + _ENTRY_BYTES + name
    return size if size < _SMALL_BYTES and len(files) <= _SMALL_FILES else None


def archive_tag(files: Iterable[StoredFile]) -> str:
    """Return what is the same as long as an archive of files has the same bytes."""
    content = [platform.python_version(), *((file.name, file.sha256) for file in files)]  # its zipfile makes the form
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def part_of(blocks: Iterable[bytes], first: int, last: int) -> Iterator[bytes]:
    """Yield the bytes from the first to the last that is wanted; what is before them is made, too, and left out."""
    at = 0
    for block in blocks:
        wanted = block[max(0, first - at) : max(0, last + 1 - at)]
        at += len(block)
        if wanted:
            yield wanted
        if at > last:
            return


def zipped(files: Iterable[StoredFile]) -> Iterator[bytes]:
    """Yield an archive of files in their order, block by block."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            entry = zipfile.ZipInfo(file.name, _LONG_AGO)
            entry.external_attr = _MODE
            entry.file_size = file.size_bytes
            with file.path.open("rb") as opened, archive.open(entry, "w") as place:
                while block := opened.read(_BLOCK_BYTES):
                    place.write(block)
                    yield sink.taken()
    yield sink.taken()
