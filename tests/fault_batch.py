"""Documents that do to their worker what they say; imported in workers only."""

from __future__ import annotations

import os
import signal
import stat
import time
from typing import TYPE_CHECKING, Any, BinaryIO

from preflight import tasks

if TYPE_CHECKING:
    from preflight.tasks import Emit

_examine = tasks.TASKS["examine"]


def examine(file: BinaryIO, payload: dict[str, Any], emit: Emit) -> bytes:
    words = file.readline(80).split()
    file.seek(0)
    if words[:1] == [b"FAULT"]:
        _FAULTS[words[1].decode()](file, float(words[2]))
    return _examine(file, payload, emit)


def _abort(_file: BinaryIO, _seconds: float) -> None:
    os.abort()


def _killed(_file: BinaryIO, _seconds: float) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _memory(_file: BinaryIO, _seconds: float) -> None:
    raise MemoryError


def _spin(_file: BinaryIO, _seconds: float) -> None:
    while True:
        pass


def _sleep(_file: BinaryIO, seconds: float) -> None:
    time.sleep(seconds)


def _held(file: BinaryIO, _seconds: float) -> None:
    """Wait until the document may be executed, which tells a locked worker something and leaves the bytes alone."""
    while not os.fstat(file.fileno()).st_mode & stat.S_IXUSR:
        time.sleep(0.01)


_FAULTS = {
    "abort": _abort,
    "killed": _killed,
    "memory": _memory,
    "spin": _spin,
    "sleep": _sleep,
    "held": _held,
}
tasks.TASKS["examine"] = examine
