"""Our end of a worker's private pipe. Whatever the worker does, nothing here waits longer than it is told.

Frames are those of :class:`multiprocessing.connection.Connection`, which the worker uses: a length, then the bytes.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHORT, _LONG = struct.Struct("!i"), struct.Struct("!Q")
_READ_BYTES = 1 << 20
DESCRIPTORS_AT_ONCE = 200
"""Descriptors in one message; Linux takes 253 (SCM_MAX_FD)."""


class BadFrame(ValueError):
    """What came through the pipe is no frame we take."""


class Channel:
    """A stream of frames over a socket.

    Attributes:
        most_bytes: Frames that are longer are refused by their announced length.
    """

    def __init__(self, connection: socket.socket) -> None:
        """Take over a connected socket."""
        self._socket = connection
        self.most_bytes = 0
        self._buffer = bytearray()

    def fileno(self) -> int:
        """Descriptor to wait for."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close our end."""
        self._socket.close()

    def send(self, frame: bytes, descriptors: Sequence[int], *, timeout_s: float) -> None:
        """Send a frame, then descriptors.

        Raises:
            OSError: The worker is gone, or does not listen (TimeoutError).
        """
        self._socket.settimeout(timeout_s)
        self._socket.sendall(_SHORT.pack(len(frame)) + frame)
        for at in range(0, len(descriptors), DESCRIPTORS_AT_ONCE):
            socket.send_fds(self._socket, [b"f"], descriptors[at : at + DESCRIPTORS_AT_ONCE])

    def receive(self) -> list[bytes]:
        """Take what has arrived; return the frames that are whole now, which may be none.

        Raises:
            EOFError: The worker's end is closed.
            BadFrame: A frame announces an absurd length.
            OSError: The pipe is broken.
        """
        self._socket.settimeout(0)
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return []
        if not data:
            raise EOFError
        self._buffer += data
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def _next(self) -> bytes | None:
        if len(self._buffer) < _SHORT.size:
            return None
        start = _SHORT.size
        (size,) = _SHORT.unpack_from(self._buffer)
        if size == -1:
            if len(self._buffer) < start + _LONG.size:
                return None
            (size,) = _LONG.unpack_from(self._buffer, start)
            start += _LONG.size
        if not 0 <= size <= self.most_bytes:
            raise BadFrame(f"a frame of {size} bytes")
        if len(self._buffer) < start + size:
            return None
        frame = bytes(self._buffer[start : start + size])
        del self._buffer[: start + size]
        return frame
