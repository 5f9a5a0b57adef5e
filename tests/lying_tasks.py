"""Tasks of a worker that was taken over: it writes to its pipe what no worker writes.

The workers' fork server imports this module when a test names it in ``preload``. The pipe is found as a hostile worker
would find it: among its descriptors.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from preflight.tasks import TASKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from preflight.budget import Emit


def pipe() -> int:
    """Return the descriptor of the private pipe, the only socket there is."""
    for descriptor in range(3, 200):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                return descriptor
        except OSError:
            continue
    raise AssertionError("no pipe")


def frame(data: bytes) -> bytes:
    return struct.pack("!i", len(data)) + data


def write(*parts: bytes) -> None:
    descriptor = pipe()
    left = b"".join(parts)
    while left:
        left = left[os.write(descriptor, left) :]


def say(file: BinaryIO, payload: dict[str, Any], emit: Emit) -> bytes:
    """Answer whatever the test wants."""
    return str(payload["words"]).encode("latin-1")


def say_much(file: BinaryIO, payload: dict[str, Any], emit: Emit) -> bytes:
    """Answer at length."""
    return b"1" * int(payload["length"])


def say_raw(file: BinaryIO, payload: dict[str, Any], emit: Emit) -> NoReturn:
    """Write raw bytes to the pipe, then nothing more."""
    write(str(payload["words"]).encode("latin-1"))
    while True:
        time.sleep(1)


def announce_much(file: BinaryIO, payload: object, emit: Emit) -> NoReturn:
    """Announce a frame of 1.9 GB."""
    write(struct.pack("!i", 1_900_000_000), b"r")
    while True:
        time.sleep(1)


def announce_and_wait(file: BinaryIO, payload: object, emit: Emit) -> NoReturn:
    """Announce a frame that may be, and never send the rest of it."""
    write(struct.pack("!i", 1_000_000), b"r{")
    while True:
        time.sleep(1)


def tell_without_end(file: BinaryIO, payload: object, emit: Emit) -> NoReturn:
    """Flood the parent with empty events."""
    many = frame(b"e1") * 10_000
    while True:
        write(many)


def note_nonsense(file: BinaryIO, payload: object, emit: Emit) -> NoReturn:
    """Claim that the unit with the largest number there is takes the worker down."""
    emit.begin(2**64 - 1)
    os.abort()


def crash_at(file: BinaryIO, payload: dict[str, Any], emit: Emit) -> bytes:
    """Read ten units; those the payload names take the worker down, unless they are left out."""
    read = []
    for unit in range(1, 11):
        emit.begin(unit)
        if str(unit) in payload.get("skip", {}):
            continue
        if unit in payload["aborting"]:
            os.abort()
        if unit in payload["killing"]:
            os.kill(os.getpid(), 9)
        if unit in payload["spinning"]:
            while True:
                pass
        if unit in payload["greedy"]:
            bytearray(1 << 40)
        if unit in payload["mistaken"]:
            raise LookupError(f"a bug at {unit}")
        read.append(unit)
    emit.begin(0)
    return b",".join(b"%d" % unit for unit in read)


def open_files(file: BinaryIO, payload: object, emit: Emit) -> bytes:
    """Return how many descriptors are open."""
    count = 0
    for descriptor in range(300):
        try:
            os.fstat(descriptor)
            count += 1
        except OSError:
            continue
    return b"%d" % count


def process_and_wait(file: BinaryIO, payload: object, emit: Emit) -> bytes:
    """Tell which process this is, and leave time to kill it."""
    emit(b"%d" % os.getpid())
    time.sleep(1.0)
    return b"1"


def process(file: BinaryIO, payload: object, emit: Emit) -> bytes:
    return b"%d" % os.getpid()


def run_programs(file: BinaryIO, payload: object, emit: Emit) -> bytes:
    """Try what the worker of an OCR engine may do and what it may not."""

    def ran(*command: str) -> str:
        try:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except PermissionError:
            return "refused"
        return "ran"

    def done(action: Callable[[], object], word: str) -> str:
        try:
            action()
        except PermissionError:
            return "refused"
        return word

    tried = {
        "tesseract": ran("tesseract", "--version"),
        "sh": ran("sh", "-c", "true"),
        "python": ran(sys.executable, "-c", ""),
        "passwd": done(Path("/etc/passwd").read_bytes, "read"),
        "socket": done(socket.socket, "opened"),
        "signal": done(lambda: os.kill(os.getppid(), 0), "sent"),
        "scratch": done(lambda: Path(tempfile.gettempdir(), "mine").write_bytes(b"x"), "written"),
        "elsewhere": done(lambda: Path(tempfile.gettempdir()).with_name("mine").write_bytes(b"x"), "written"),
    }
    return json.dumps(tried).encode()


TASKS.update(
    run_programs=run_programs,
    say=say,
    say_raw=say_raw,
    say_much=say_much,
    announce_much=announce_much,
    announce_and_wait=announce_and_wait,
    tell_without_end=tell_without_end,
    note_nonsense=note_nonsense,
    crash_at=crash_at,
    open_files=open_files,
    process=process,
    process_and_wait=process_and_wait,
)
