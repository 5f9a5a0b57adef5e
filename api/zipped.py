"""Files as one ZIP archive that is made while it is sent. Nothing is compressed, and no clock is in it."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from preflight.service.results import StoredFile

_BLOCK_BYTES = 256 * 1024
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The first time an archive can name."""
_MODE = 0o100644 << 16


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
