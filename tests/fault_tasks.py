"""Tasks that misbehave, added to the table of tasks: faults are injected through the seam.

The workers' fork server imports this module when a test names it in ``preload``.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from preflight.tasks import TASKS
from preflight.worker import LONG_ANSWER_BYTES

if TYPE_CHECKING:
    from preflight.tasks import Emit

HOARD_BYTES = 100_000_000


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
    while True:
        pass


def tell_for_ever(file: BinaryIO, payload: object, emit: Emit) -> NoReturn:
    """Never ends, and tells all the time how far it is."""
    while True:
        emit(b"still here")
        time.sleep(0.01)


def start_a_child(file: BinaryIO, payload: object, emit: Emit) -> NoReturn:
    """What an OCR engine in a process of its own looks like."""
    child = subprocess.Popen(["sleep", "600"])
    emit(b"%d" % child.pid)
    while True:
        time.sleep(1)


def bug(file: BinaryIO, payload: object, emit: Emit) -> bytes:
    return b"%d" % (1 // 0)


def use_all_memory(file: BinaryIO, payload: object, emit: Emit) -> NoReturn:
    raise MemoryError


def chatter(file: BinaryIO, payload: object, emit: Emit) -> bytes:
    """What parser libraries do: write to the process's own streams."""
    os.write(1, b"noise on stdout\n")
    os.write(2, b"noise on stderr\n")
    return b"quiet"


def hoard(file: BinaryIO, payload: object, emit: Emit) -> bytes:
    """What reading a long document leaves: much freed memory below some that is kept, and a long answer."""
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    blocks = [library.malloc(ctypes.c_size_t(HOARD_BYTES // 1000)) for _ in range(1000)]
    for block in blocks:
        ctypes.memset(block, 1, HOARD_BYTES // 1000)
    for block in blocks[:-1]:
        library.free(ctypes.c_void_p(block))
    return b"%d" % os.getpid() + b" " * LONG_ANSWER_BYTES


TASKS.update(
    hoard=hoard,
    count_bytes=count_bytes,
    abort=abort,
    be_killed=be_killed,
    hang=hang,
    burn=burn,
    bug=bug,
    use_all_memory=use_all_memory,
    chatter=chatter,
    tell_for_ever=tell_for_ever,
    start_a_child=start_a_child,
)
