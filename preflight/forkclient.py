"""Client of the fork server process (:mod:`preflight.forkserver`). Light to import: the command line starts with it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import wait

from preflight.errors import WorkerFailure
from preflight.forkserver import MESSAGE_BYTES, message, unpacked

_EXIT_REPORT_S = 5.0
WORKER_ENVIRONMENT = {
    "OMP_THREAD_LIMIT": "1",  # Tesseract's threads cost five times the CPU
    # PDFium takes some megabytes for each page and frees them. By default glibc gives them back to the system each
    # time, and filling them anew with zeroes is a third of the CPU of reading a plain page.
    "MALLOC_TRIM_THRESHOLD_": str(16 * 1024 * 1024),
    "MALLOC_TOP_PAD_": str(1024 * 1024),
    "MALLOC_MMAP_THRESHOLD_": str(4 * 1024 * 1024),
}

early: list[ForkServer] = []
"""The server :mod:`preflight.start` has started for this process, until a session takes it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a worker ended.

    Attributes:
        status: Wait status.
        peak_bytes: Its peak of resident memory.
    """

    status: int
    peak_bytes: int


class ForkServer:
    """Client of the fork server process; thread-safe. A server that is gone is started anew with the next worker."""

    def __init__(self, preload: tuple[str, ...], *, niceness: int = 0) -> None:
        """Start the server, which imports the modules of ``preload`` first.

        Args:
            preload: Names of modules.
            niceness: How far the server and its workers stand back behind others, 0 to 19.
        """
        self._preload = ",".join(preload)
        self._niceness = niceness
        self._lock = threading.Lock()
        self._ended: dict[int, Ended] = {}
        self._forgotten: set[int] = set()
        self._closed = False
        self._launch()

    def _launch(self) -> None:
        self._control, theirs = socket.socketpair()
        call = f"from preflight.forkserver import main; main({theirs.fileno()}, {self._preload!r}, {self._niceness})"
        environment = os.environ | WORKER_ENVIRONMENT
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", call],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C in the terminal is for the front door, which then closes us
            )

    def fork(self) -> tuple[int, socket.socket]:
        """Start a worker; return its process id and our end of its private pipe.

        Raises:
            WorkerFailure: No worker can be started.
        """
        with self._lock:
            for last in (False, True):
                try:
                    return self._fork()
                except OSError as error:
                    if last or self._closed:
                        advice = "Try again when the machine has more room (processes, memory, open files)."
                        raise WorkerFailure(f"No worker process can be started: {error.strerror}. {advice}") from error
                    self._restart_if_gone()
        raise AssertionError("unreachable")

    def _fork(self) -> tuple[int, socket.socket]:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [message(b"F")], [theirs.fileno()])
            while (answer := self._receive(None)) and answer[0] == b"X":
                self._note(answer)
        except OSError:
            ours.close()
            raise
        if answer is None or answer[0] == b"E":
            ours.close()
            code = answer[1] if answer else errno.EPIPE
            raise OSError(code, os.strerror(code) if answer else "the server of workers has ended")
        self._ended.pop(answer[1], None)
        self._forgotten.discard(answer[1])
        return answer[1], ours

    def _restart_if_gone(self) -> None:
        if self._process.poll() is not None:
            self._control.close()
            self._launch()

    def kill(self, pid: int) -> None:
        """End a worker at once; harmless when it has ended already. Its exit will not be asked for."""
        with self._lock, contextlib.suppress(OSError):
            if self._ended.pop(pid, None) is None:
                self._forgotten.add(pid)
            self._control.sendall(message(b"K", pid))

    def ended(self, pid: int) -> Ended | None:
        """How a worker ended; None when the server does not tell in time."""
        deadline = time.monotonic() + _EXIT_REPORT_S
        with self._lock, contextlib.suppress(OSError):
            while pid not in self._ended:
                told = self._receive(deadline)
                if not told:
                    return None
                self._note(told)
            return self._ended.pop(pid)
        return None

    def close(self) -> None:
        """End the server, which waits for its idle workers first, so that their CPU time is accounted for."""
        with self._lock:
            self._closed = True
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_WR)
                deadline = time.monotonic() + _EXIT_REPORT_S
                while self._receive(deadline):
                    pass  # exit reports; the channel closes when the server is gone
            self._process.kill()
            self._process.wait()
            self._control.close()

    def _note(self, told: tuple[bytes, int, int, int]) -> None:
        _, pid, status, peak_kb = told
        if pid in self._forgotten:
            self._forgotten.discard(pid)
        else:
            self._ended[pid] = Ended(status, peak_kb * 1024)

    def _receive(self, deadline: float | None) -> tuple[bytes, int, int, int] | None:
        """One message of the server; None when it has ended or the deadline has passed."""
        data = b""
        while len(data) < MESSAGE_BYTES:
            timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
            if self._control.fileno() < 0 or not wait([self._control], timeout):
                return None
            part = self._control.recv(MESSAGE_BYTES - len(data))
            if not part:
                return None
            data += part
        return unpacked(data)
