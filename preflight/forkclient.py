"""Client of the fork server process (:mod:`preflight.forkserver`). Light to import: the command line starts with it."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import threading
import time
from multiprocessing.connection import Connection

from preflight.errors import WorkerFailure
from preflight.forkserver import MESSAGE

_EXIT_REPORT_S = 5.0

early: list[ForkServer] = []
"""The server :mod:`preflight.start` has started for this process, until a session takes it."""


class ForkServer:
    """Client of the fork server process; thread-safe."""

    def __init__(self, preload: tuple[str, ...]) -> None:
        ours, theirs = socket.socketpair()
        self._control = ours
        self._lock = threading.Lock()
        self._ended: dict[int, int] = {}
        call = f"from preflight.forkserver import main; main({theirs.fileno()}, {os.getpid()}, {','.join(preload)!r})"
        environment = os.environ | {"OMP_THREAD_LIMIT": "1"}  # Tesseract's threads cost five times the CPU
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", call],
            pass_fds=[theirs.fileno()],
            env=environment,
            stdin=subprocess.DEVNULL,
        )
        theirs.close()

    def fork(self) -> tuple[int, Connection]:
        """Start a worker; return its process id and our end of its private pipe.

        Raises:
            WorkerFailure: The fork server is gone.
        """
        ours, theirs = socket.socketpair()
        with self._lock:
            try:
                socket.send_fds(self._control, [MESSAGE.pack(b"F", 0, 0)], [theirs.fileno()])
                theirs.close()
                while (message := self._receive(None)) and message[0] != b"P":
                    self._ended[message[1]] = message[2]
            except OSError as error:
                raise WorkerFailure("The worker process could not be started; see the log.") from error
        if not message:
            raise WorkerFailure("The worker process could not be started; see the log.")
        return message[1], Connection(ours.detach())

    def kill(self, pid: int) -> None:
        """End a worker at once; harmless when it has ended already."""
        with self._lock, contextlib.suppress(OSError):
            self._control.sendall(MESSAGE.pack(b"K", pid, 0))

    def exit_status(self, pid: int) -> int | None:
        """Wait status of a worker that has ended; None when the server does not tell in time."""
        deadline = time.monotonic() + _EXIT_REPORT_S
        with self._lock:
            while pid not in self._ended:
                message = self._receive(deadline)
                if not message:
                    return None
                self._ended[message[1]] = message[2]
            return self._ended.pop(pid)

    def close(self) -> None:
        """End the server, which waits for its idle workers first, so that their CPU time is accounted for."""
        with self._lock, contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + _EXIT_REPORT_S
            while self._receive(deadline):
                pass  # exit reports; the channel closes when the server is gone
        self._process.kill()
        self._process.wait()
        self._control.close()

    def _receive(self, deadline: float | None) -> tuple[bytes, int, int] | None:
        data = b""
        while len(data) < MESSAGE.size:
            timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._control], [], [], timeout)[0]:
                return None
            part = self._control.recv(MESSAGE.size - len(data))
            if not part:
                return None
            data += part
        return MESSAGE.unpack(data)
