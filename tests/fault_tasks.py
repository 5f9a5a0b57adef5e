"""Tasks that misbehave, added to the table of tasks: faults are injected through the seam.

The workers' fork server imports this module when a test names it in ``preload``.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from preflight.tasks import TASKS

if TYPE_CHECKING:
    from preflight.tasks import Emit


def count_bytes(file: BinaryIO, payload: object, emit: Emit) -> bytes:
    emit(b"started")
    return b"%d" % len(file.read())


def abort(file: BinaryIO, payload: object, emit: Emit) -> NoReturn:
    os.abort()


def be_killed(file: BinaryIO, payload: object, emit: Emit) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def hang(file: BinaryIO, payload: object, emit: Emit) -> NoReturn:
    while True:
        time.sleep(1)


def burn(file: BinaryIO, payload: object, emit: Emit) -> NoReturn:
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1, hard))
    while True:
        pass


def bug(file: BinaryIO, payload: object, emit: Emit) -> bytes:
    return b"%d" % (1 // 0)


def use_all_memory(file: BinaryIO, payload: object, emit: Emit) -> NoReturn:
    raise MemoryError


def chatter(file: BinaryIO, payload: object, emit: Emit) -> bytes:
    """What parser libraries do: write to the process's own streams."""
    os.write(1, b"noise on stdout\n")
    os.write(2, b"noise on stderr\n")
    return b"quiet"


TASKS.update(
    count_bytes=count_bytes,
    abort=abort,
    be_killed=be_killed,
    hang=hang,
    burn=burn,
    bug=bug,
    use_all_memory=use_all_memory,
    chatter=chatter,
)
