"""How far a worker is, where its parent can see it even after the worker has died: some bytes both have mapped.

The worker notes which unit it begins; that costs two microseconds, a message would cost both sides a wake-up. What
stands there is read as anything a worker says: it may be wrong, but it is a number.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

_NOTE = struct.Struct("=QQ")


@dataclass(frozen=True, slots=True)
class Note:
    """What a worker noted last.

    Attributes:
        count: Grows with every note.
        unit: The unit under way; 0 when there is none.
    """

    count: int = 0
    unit: int = 0


class Board:
    """The parent's side: owns the memory, which has no name and vanishes with its last descriptor."""

    def __init__(self) -> None:
        self._descriptor = os.memfd_create("preflight", os.MFD_CLOEXEC)
        os.ftruncate(self._descriptor, _NOTE.size)

    def fileno(self) -> int:
        """Descriptor to hand to a worker."""
        return self._descriptor

    def clear(self) -> None:
        """Begin anew, before a task."""
        os.pwrite(self._descriptor, _NOTE.pack(0, 0), 0)

    def read(self) -> Note:
        """Return what was noted last; nothing when the worker has cut it off."""
        data = os.pread(self._descriptor, _NOTE.size, 0)
        return Note(*_NOTE.unpack(data)) if len(data) == _NOTE.size else Note()

    def close(self) -> None:
        """Give the memory back."""
        os.close(self._descriptor)


class Pen:
    """The worker's side of a board, by its descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._count = 0

    def note(self, unit: int) -> None:
        """Note that ``unit`` begins; 0 that none is under way."""
        self._count += 1
        os.pwrite(self._descriptor, _NOTE.pack(self._count, unit), 0)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)
