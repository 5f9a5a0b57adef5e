"""What runs inside a worker process: take a task, run it, answer; nothing is kept between tasks.

A task arrives as one JSON frame and open file descriptors: the document, more documents to read, files to write, a file
without a name for what is too large for memory, the board. With the first task comes how far this process is to be
locked down (:mod:`preflight.sandbox`), which is done before anything of the document is looked at. The answer is one
JSON frame after any number of event frames. The first byte of a frame tells its kind: ``e`` event, ``r`` result, ``p``
problem.
"""

from __future__ import annotations

import ctypes
import errno
import io
import json
import os
import resource
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

from extractors.errors import ExtractionError
from extractors.scratch import offer
from preflight.board import Pen
from preflight.budget import Budget, Teller
from preflight.channel import DESCRIPTORS_AT_ONCE
from preflight.document import storage_error
from preflight.errors import IsolationUnavailable, OutOfMemory, PreflightError
from preflight.isolation import ISOLATION_ADVICE, Guard, Locked, isolation_unavailable
from preflight.problems import Problem, problem_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from preflight.budget import Emit

MAX_FRAME_BYTES = 256 * 1024 * 1024
GROWTH = 4
FREE_GROWTH_BYTES = 1 << 28
"""A file a worker writes may be so many times as large as all it is made from, and this much more."""
MANY_FILES = 20_000
"""Open files of a worker: all pieces of a long document are joined at once."""
LONG_ANSWER_BYTES = 500_000
"""An answer on some thousand units. Who takes it needs memory, and reading that many has taken much of it here."""


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
    most_file_bytes = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    locked = None
    while True:
        try:
            task = json.loads(pipe.recv_bytes(MAX_FRAME_BYTES))
        except EOFError:
            return
        descriptors = _receive_descriptors(pipe, int(task["files"]))
        if locked is None:
            locked = _lock_down(task["jail"])
        pen = Pen(descriptors.pop())
        offer(descriptors.pop() if task["scratch"] else None)
        try:
            with Files.of(descriptors, int(task["outputs"])) as files:
                _limit_files(files, most_file_bytes)
                answer = locked if isinstance(locked, bytes) else _answer(task, files, pipe, pen)
        finally:
            offer(None)
            pen.close()
        if len(answer) >= LONG_ANSWER_BYTES:
            _give_back_memory()
        pipe.send_bytes(answer)


def _give_back_memory() -> None:
    """Give what was freed back to the system (glibc), which otherwise happens at the end of the heap alone."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _receive_descriptors(pipe: Connection, count: int) -> list[int]:
    found: list[int] = []
    with socket.socket(fileno=os.dup(pipe.fileno())) as channel:
        while len(found) < count:
            _, fds, _, _ = socket.recv_fds(channel, 1, DESCRIPTORS_AT_ONCE)
            if not fds:
                raise EOFError
            found += fds
    return found


def _lock_down(jail: dict[str, Any]) -> Locked | bytes:
    """Lock this process down before it looks at anything; return what it came to, or the answer to every task."""
    from preflight import sandbox

    scratch, program = jail["scratch"], jail["program"]
    guard = Guard(isolation=jail["isolation"], memory_bytes=jail["memory_bytes"])
    try:
        locked = sandbox.lock(guard, scratch=Path(scratch) if scratch else None, program=program)
    except OSError as error:
        locked = Locked(level="none", missing=(f"Locking a worker down failed: {error}.",))
        if guard.isolation == "auto":  # what the kernel offers and then refuses is no ordinary lack
            return b"p" + problem_bytes(IsolationUnavailable(f"{locked.missing[0]} {ISOLATION_ADVICE}"))
    if guard.isolation == "required" and locked.level != "full":
        return b"p" + problem_bytes(isolation_unavailable(locked))
    return locked


def _answer(task: dict[str, Any], files: Files, pipe: Connection, pen: Pen) -> bytes:
    try:
        budget = Budget(cpu_s=float(task["cpu_s"]), stall_s=float(task["stall_s"]), unit_s=float(task["unit_s"]))
        teller = Teller(pipe.send_bytes, pen, budget)
        answer = b"r" + run_task(str(task["name"]), files, task["payload"], teller)
        if len(answer) <= int(task["answer_bytes"]):
            return answer
        error: Exception = OutOfMemory("What there is to tell of this document is too much at once. Take a part of it.")
    except MemoryError:
        error = OutOfMemory("Reading this document takes more memory than there is. Split it with another tool first.")
    except (ExtractionError, PreflightError) as known:
        error = known
    except Exception as bug:  # noqa: BLE001 - the executor's side of the seam: a bug must not take the worker's answer
        error = bug
    return b"p" + problem_bytes(error)


def _limit_files(files: Files, most: int) -> None:
    """Let no file of a task grow far beyond what it is made from (RLIMIT_FSIZE); a bomb must not fill the disk.

    Args:
        files: The files.
        most: Limit that this process was started with.
    """
    sources = (files.document, *files.inputs)
    total = sum(os.fstat(one.fileno()).st_size for one in sources)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    wanted = GROWTH * total + FREE_GROWTH_BYTES
    resource.setrlimit(resource.RLIMIT_FSIZE, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), hard))


def run_task(name: str, files: Files, payload: dict[str, Any], emit: Emit) -> bytes:
    """Run one task of the tables in :mod:`preflight.tasks` and :mod:`preflight.cutting_tasks` on open files.

    Args:
        name: Key of a table.
        files: The document, and what else the task reads and writes.
        payload: The task's arguments as plain JSON data.
        emit: Takes intermediate results and hears which unit is under way.

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
    allow_files(MANY_FILES)


def allow_files(count: int) -> None:
    """Let this process have so many files open, or as many as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
