"""What runs inside a worker process: take a task, run it, answer; nothing is kept between tasks.

A task arrives as one JSON frame and open file descriptors: the document, more documents to read, files to write. The
answer is one JSON frame after any number of event frames. The first byte of a frame tells its kind: ``e`` event, ``r``
result, ``p`` problem.
"""

from __future__ import annotations

import errno
import io
import json
import os
import resource
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

from extractors.errors import ExtractionError
from preflight.document import storage_error
from preflight.errors import OutOfMemory, PreflightError
from preflight.problems import Problem, problem_from

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

MAX_FRAME_BYTES = 256 * 1024 * 1024
DESCRIPTORS_AT_ONCE = 200
"""Descriptors in one message; Linux takes 253 (SCM_MAX_FD)."""
MANY_FILES = 20_000
"""Open files of a worker: all pieces of a long document are joined at once."""


_WRITING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
"""What only writing fails with, where everything that is read is mapped or was read before."""


class Output(io.FileIO):
    """A file to write that remembers why it could not be written: libraries report that as damage of what they read.

    Attributes:
        failure: The first failure of the system; None when all went well.
        given_up: Nothing more is written: what is left in a buffer after a failure is of no use.
    """

    failure: OSError | None = None
    given_up: bool = False

    def write(self, data: Any, /) -> int:
        """Write bytes."""
        if self.given_up:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except OSError as error:
            self.failure = self.failure or error
            raise


@dataclass(frozen=True, slots=True)
class Files:
    """The open files of a task. As a context it closes them all.

    Attributes:
        document: The document, open for reading.
        inputs: More documents, open for reading.
        outputs: Empty files, open for writing and reading.
        written: What is under ``outputs``.
    """

    document: BinaryIO
    inputs: tuple[BinaryIO, ...] = ()
    outputs: tuple[BinaryIO, ...] = ()
    written: tuple[Output, ...] = ()

    @classmethod
    def of(cls, descriptors: Sequence[int], outputs: int) -> Files:
        """Take over descriptors, the last ``outputs`` of which are to be written."""
        end = len(descriptors) - outputs
        document, *inputs = (os.fdopen(one, "rb") for one in descriptors[:end])
        written = tuple(Output(one, "r+b") for one in descriptors[end:])
        buffered = tuple(cast("BinaryIO", io.BufferedRandom(one)) for one in written)
        return cls(document, tuple(inputs), buffered, written)

    def settle(self) -> None:
        """Bring everything written to the system.

        Raises:
            OutputError: Something could not be written; DiskFull when there was no space.
        """
        try:
            for one in self.outputs:
                one.flush()
        except OSError as error:
            raise storage_error(error, "a piece") from error
        self.blame()

    def blame(self, error: BaseException | None = None) -> None:
        """Raise what kept the system from writing, if anything did.

        Args:
            error: What a library made of it; some write without asking the file object.

        Raises:
            OutputError: Something could not be written; DiskFull when there was no space.
        """
        failures = [one.failure for one in self.written if one.failure is not None]
        while error is not None and self.outputs:
            if isinstance(error, OSError) and error.errno in _WRITING:
                failures.append(error)
            error = error.__cause__ or error.__context__
        if failures:
            raise storage_error(failures[0], "a piece") from failures[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:
            for one in (self.document, *self.inputs):
                stack.callback(one.close)
            for raw, buffered in zip(self.written, self.outputs, strict=True):
                raw.given_up = True
                stack.callback(buffered.close)


def serve(pipe_fd: int) -> None:
    """Work until the other end of the pipe closes."""
    _quiet()
    pipe = Connection(pipe_fd)
    while True:
        try:
            task = json.loads(pipe.recv_bytes(MAX_FRAME_BYTES))
        except EOFError:
            return
        with Files.of(_receive_descriptors(pipe, int(task["files"])), int(task["outputs"])) as files:
            answer = _answer(task, files, lambda event: pipe.send_bytes(b"e" + event))
        pipe.send_bytes(answer)


def _receive_descriptors(pipe: Connection, count: int) -> list[int]:
    found: list[int] = []
    with socket.socket(fileno=os.dup(pipe.fileno())) as channel:
        while len(found) < count:
            _, fds, _, _ = socket.recv_fds(channel, 1, DESCRIPTORS_AT_ONCE)
            if not fds:
                raise EOFError
            found += fds
    return found


def _answer(task: dict[str, Any], files: Files, emit: Callable[[bytes], None]) -> bytes:
    try:
        _limit_cpu(float(str(task["cpu_s"])))
        answer = b"r" + run_task(str(task["name"]), files, task["payload"], emit)
        if len(answer) <= MAX_FRAME_BYTES:
            return answer
        error: Exception = OutOfMemory("What there is to tell of this document is too much at once. Split it first.")
    except MemoryError:
        error = OutOfMemory("Reading this document takes more memory than there is. Split it with another tool first.")
    except (ExtractionError, PreflightError) as known:
        error = known
    except Exception as bug:  # noqa: BLE001 - the executor's side of the seam: a bug must not take the worker's answer
        error = bug
    return b"p" + problem_bytes(error)


def run_task(name: str, files: Files, payload: dict[str, Any], emit: Callable[[bytes], None]) -> bytes:
    """Run one task of the tables in :mod:`preflight.tasks` and :mod:`preflight.cutting_tasks` on open files.

    Args:
        name: Key of a table.
        files: The document, and what else the task reads and writes.
        payload: The task's arguments as plain JSON data.
        emit: Takes intermediate results as JSON bytes.

    Raises:
        ExtractionError: The document cannot be read.
        PreflightError: The task itself cannot be done.
    """
    from preflight.tasks import TASKS

    if name in TASKS:
        return TASKS[name](files.document, payload, emit)
    from preflight.cutting_tasks import FILE_TASKS

    try:
        result = FILE_TASKS[name](files, payload, emit)
    except (ExtractionError, OSError) as error:
        files.blame(error)
        raise
    files.settle()
    return result


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
    allow_files(MANY_FILES)


def allow_files(count: int) -> None:
    """Let this process have so many files open, or as many as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _limit_cpu(cpu_s: float) -> None:
    """Let the kernel end the worker after ``cpu_s`` more seconds of CPU; soft limit only, so that it can be moved."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(used.ru_utime + used.ru_stime + cpu_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
