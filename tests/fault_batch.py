"""Documents that do to their worker what they say; imported in workers only."""

from __future__ import annotations

import os
import signal
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
        _FAULTS[words[1].decode()](float(words[2]))
    return _examine(file, payload, emit)


def _abort(_: float) -> None:
    os.abort()


def _killed(_: float) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _memory(_: float) -> None:
    raise MemoryError


def _spin(_: float) -> None:
    while True:
        pass


_FAULTS = {"abort": _abort, "killed": _killed, "memory": _memory, "spin": _spin, "sleep": time.sleep}
tasks.TASKS["examine"] = examine
