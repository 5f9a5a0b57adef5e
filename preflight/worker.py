"""What runs inside a worker process: take a task, run it, answer; nothing is kept between tasks.

A task arrives as one JSON frame and one open file descriptor; the answer is one JSON frame after any number of event
frames. The first byte of a frame tells its kind: ``e`` event, ``r`` result, ``p`` problem.
"""

from __future__ import annotations

import json
import os
import resource
import socket
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from extractors.errors import ExtractionError
from preflight.errors import OutOfMemory, PreflightError
from preflight.problems import Problem, problem_from

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

MAX_FRAME_BYTES = 256 * 1024 * 1024


def serve(pipe_fd: int) -> None:
    """Work until the other end of the pipe closes."""
    _quiet()
    pipe = Connection(pipe_fd)
    while True:
        try:
            task = json.loads(pipe.recv_bytes(MAX_FRAME_BYTES))
        except EOFError:
            return
        with os.fdopen(_receive_descriptor(pipe), "rb") as file:
            pipe.send_bytes(_answer(task, file, lambda event: pipe.send_bytes(b"e" + event)))


def _receive_descriptor(pipe: Connection) -> int:
    with socket.socket(fileno=os.dup(pipe.fileno())) as channel:
        _, fds, _, _ = socket.recv_fds(channel, 1, 1)
    return fds[0]


def _answer(task: dict[str, Any], file: BinaryIO, emit: Callable[[bytes], None]) -> bytes:
    _limit_cpu(float(str(task["cpu_s"])))
    try:
        return b"r" + run_task(str(task["name"]), file, task["payload"], emit)
    except MemoryError:
        error: Exception = OutOfMemory(
            "Reading this document takes more memory than there is. Split it with another tool first."
        )
    except (ExtractionError, PreflightError) as known:
        error = known
    except Exception as bug:  # noqa: BLE001 - the executor's side of the seam: a bug must not take the worker's answer
        error = bug
    return b"p" + problem_bytes(error)


def run_task(name: str, file: BinaryIO, payload: dict[str, Any], emit: Callable[[bytes], None]) -> bytes:
    """Run one task of the table in :mod:`preflight.tasks` on an open file.

    Args:
        name: Key of the table.
        file: The document, open for reading.
        payload: The task's arguments as plain JSON data.
        emit: Takes intermediate results as JSON bytes.

    Raises:
        ExtractionError: The document cannot be read.
        PreflightError: The task itself cannot be done.
    """
    from preflight.tasks import TASKS

    return TASKS[name](file, payload, emit)


def problem_bytes(error: Exception) -> bytes:
    """A failure as JSON. A bug's traceback goes along for the log; it never reaches a user."""
    import traceback
    from dataclasses import asdict

    problem: Problem = problem_from(error)
    trace = "".join(traceback.format_exception(error)) if problem.code == "internal" else ""
    return json.dumps({"problem": asdict(problem), "trace": trace}).encode()


def _quiet() -> None:
    """Parser libraries write to the process's own streams; results must not be mixed with that."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_cpu(cpu_s: float) -> None:
    """Let the kernel end the worker after ``cpu_s`` more seconds of CPU; soft limit only, so that it can be moved."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime + cpu_s) + 1, hard))
