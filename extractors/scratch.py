"""Room for what is too large for memory, where files may be opened by name and where they may not.

A worker that is locked down opens no file. Its parent hands it one open file without a name with each task that writes;
what does not get that file stays in memory, which has a limit of its own.
"""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

IN_MEMORY_BYTES = 16_000_000

_offered: list[int] = []
_closed: list[bool] = []


def offer(descriptor: int | None) -> None:
    """Take an open, empty file for this task in place of files opened by name; None at its end, or for memory alone."""
    while _offered:
        os.close(_offered.pop())
    _closed[:] = [True]
    if descriptor is not None:
        _offered.append(descriptor)


@contextmanager
def spool() -> Iterator[BinaryIO]:
    """Hold an empty file for writing and reading, for the length of a ``with`` block."""
    if not _closed:
        with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
            yield cast("BinaryIO", file)
    elif not _offered:
        with io.BytesIO() as memory:
            yield memory
    else:
        descriptor = _offered.pop()
        try:
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            with os.fdopen(os.dup(descriptor), "w+b") as file:
                yield file
        finally:
            _offered.append(descriptor)
