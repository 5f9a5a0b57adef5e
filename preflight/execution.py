"""Where untrusted bytes are parsed: never in the main process, always in workers (:mod:`preflight.slots`).

:class:`Inline` runs tasks in this process: for tests, and for measuring what isolation costs.
"""

from __future__ import annotations

import json
import math
import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from preflight import worker
from preflight.document import storage_error
from preflight.problems import Problem, problem_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from preflight.document import Document


GARBLED = (
    "The worker's answer on this document makes no sense, so nothing it said is used. The document may have taken the "
    "parser over: do not open it elsewhere, ask for a new export of it."
)
_FREE_ANSWER_BYTES, _ANSWER_GROWTH = 64 << 20, 256  # 250,000 blocks, however well they are compressed
_FREE_TOLD_BYTES, _TOLD_GROWTH, _MAX_TOLD_BYTES = 64 << 20, 1_000, 1 << 30
_MOST_DETAIL, _MOST_TRACE = 4_000, 40_000  # characters
_MOST_UNITS = 1 << 31

MAX_KILLS = 2
"""Times a task is begun anew because its worker was killed from outside, which may have been another's doing: the
system was out of memory, or somebody stops processes. One more, and it counts as the task's own."""

WALL_FACTOR = 4
"""Wall time allowed for a second of CPU: so busy may a machine be before that alone ends a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work on one document, as plain data.

    Attributes:
        key: Chosen by the caller; comes back with the outcome.
        name: Key of the table in :mod:`preflight.tasks`.
        document: The document; each attempt opens it anew.
        payload: Arguments as plain JSON data.
        cpu_s: Seconds of CPU after which the kernel ends the worker.
        stall_s: The same, without progress: nothing told, no unit begun.
        unit_s: The same, for one unit.
        wall_s: Seconds of wall time after which the worker is killed; None for several times ``cpu_s``, so that a busy
            machine makes no false verdict.
        spares: The task reads units one by one and leaves out those that ``payload["skip"]`` names (number → why), so
            that one that takes its worker down costs only itself.
        runs_program: It may start the OCR program, so the worker is locked down less.
        inputs: More documents to read.
        outputs: Files the task writes; they must not exist yet. Each is created when the task starts, by this process,
            so that a worker never opens anything by name.
    """

    key: int
    name: str
    document: Document
    payload: dict[str, Any]
    cpu_s: float
    stall_s: float = math.inf
    unit_s: float = math.inf
    wall_s: float | None = None
    spares: bool = False
    runs_program: bool = False
    inputs: tuple[Document, ...] = ()
    outputs: tuple[Path, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Bytes of all that the task reads."""
        return sum(one.size_bytes for one in (self.document, *self.inputs))

    @property
    def most_answer_bytes(self) -> int:
        """Bytes the answer may have, and each event: a small document cannot make this process hold a large one.

        A block of flowing text takes some 250 bytes in an answer and at least three in a file that is not compressed.
        """
        return min(worker.MAX_FRAME_BYTES, _FREE_ANSWER_BYTES + _ANSWER_GROWTH * self.size_bytes)

    @property
    def most_told_bytes(self) -> int:
        """Bytes all events may have: the text of a document, which may be compressed a thousand times (Deflate)."""
        return min(_MAX_TOLD_BYTES, _FREE_TOLD_BYTES + _TOLD_GROWTH * self.size_bytes)

    @property
    def most_wall_s(self) -> float:
        """Seconds of wall time after which the worker is killed."""
        return WALL_FACTOR * self.cpu_s if self.wall_s is None else self.wall_s

    @contextmanager
    def opened(self) -> Iterator[list[int]]:
        """Open the document, the inputs and the outputs for the length of a ``with`` block; their descriptors in order.

        Raises:
            FileMissing: A document is gone or has changed.
            OutputError: An output cannot be created.
        """
        with ExitStack() as stack:
            found = [stack.enter_context(one.open()).fileno() for one in (self.document, *self.inputs)]
            for path in self.outputs:
                found.append(_create(path))
                stack.callback(os.close, found[-1])
            yield found


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a task: a result (JSON bytes) or a problem.

    Attributes:
        key: The task's.
        result: JSON bytes of the result.
        problem: Why there is no result.
        trace: Traceback of a bug inside the worker, for the log.
        killed: The worker was killed from outside, which may be another's doing (the system was out of memory).
    """

    key: int
    result: bytes | None = None
    problem: Problem | None = None
    trace: str = ""
    killed: bool = False


class Executor(Protocol):
    """Runs tasks somewhere. A failure is a value and never ends the other tasks."""

    def run(self, tasks: Iterable[Task], on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        """Yield one outcome a task, in the order in which they end."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...


class _Telling:
    """Hands on what a task tells in this process."""

    def __init__(self, key: int, on_event: Callable[[int, bytes], None] | None) -> None:
        self._key = key
        self._on_event = on_event

    def __call__(self, event: bytes, /) -> None:
        if self._on_event:
            self._on_event(self._key, event)

    def begin(self, unit: int) -> None:
        """Nobody would miss this process."""


class Inline:
    """Runs tasks in this process, one after another, without time or memory limits."""

    def run(self, tasks: Iterable[Task], on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        """Yield one outcome a task, in order."""
        for task in tasks:
            emit = _Telling(task.key, on_event)
            try:
                with task.opened() as descriptors:
                    files = worker.Files.of([os.dup(one) for one in descriptors], len(task.outputs))
                    with files:
                        result = worker.run_task(task.name, files, task.payload, emit)
                yield Outcome(key=task.key, result=result)
            except Exception as error:  # noqa: BLE001 - an executor turns every failure into a value
                yield problem_outcome(task.key, worker.problem_bytes(error))

    def close(self) -> None:
        """Nothing to end."""


def problem_outcome(key: int, body: bytes) -> Outcome:
    """Return the outcome for a problem as a worker writes it (:func:`preflight.worker.problem_bytes`).

    Only what is particular about it is taken over; what its kind means to the outside stands in our own table.

    Raises:
        ValueError: The bytes are no such problem.
    """
    data = json.loads(body)
    problem = data.get("problem") if isinstance(data, dict) else None
    if not isinstance(problem, dict):
        raise ValueError("no problem")  # noqa: TRY004 (what is wrong is what was sent)
    code, detail, unit, trace = (problem.get("code"), problem.get("detail"), problem.get("unit"), data.get("trace"))
    if not (isinstance(code, str) and isinstance(detail, str) and isinstance(trace, str)):
        raise ValueError("no problem")  # noqa: TRY004
    known = unit if type(unit) is int and 0 < unit < _MOST_UNITS else None
    told = problem_of(code, detail[:_MOST_DETAIL], known)
    return Outcome(key=key, problem=told, trace=trace[:_MOST_TRACE])


def _create(path: Path) -> int:
    """Create a file that must not exist yet; return its descriptor, open for writing and reading."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise storage_error(error, str(path)) from error
