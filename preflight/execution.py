"""Where untrusted bytes are parsed: never in the main process, always in workers (:mod:`preflight.slots`).

:class:`Inline` runs tasks in this process: for tests, and for measuring what isolation costs.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from preflight import worker
from preflight.document import storage_error
from preflight.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from preflight.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work on one document, as plain data.

    Attributes:
        key: Chosen by the caller; comes back with the outcome.
        name: Key of the table in :mod:`preflight.tasks`.
        document: The document; each attempt opens it anew.
        payload: Arguments as plain JSON data.
        wall_s: Seconds of wall time after which the worker is killed.
        cpu_s: Seconds of CPU after which the kernel ends the worker.
        inputs: More documents to read.
        outputs: Files the task writes; they must not exist yet. Each is created when the task starts, by this process,
            so that a worker never opens anything by name.
    """

    key: int
    name: str
    document: Document
    payload: dict[str, Any]
    wall_s: float
    cpu_s: float
    inputs: tuple[Document, ...] = ()
    outputs: tuple[Path, ...] = ()

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
    """

    key: int
    result: bytes | None = None
    problem: Problem | None = None
    trace: str = ""


class Executor(Protocol):
    """Runs tasks somewhere. A failure is a value and never ends the other tasks."""

    def run(self, tasks: Iterable[Task], on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        """Yield one outcome a task, in the order in which they end."""
        ...

    def close(self) -> None:
        """End all workers."""
        ...


class Inline:
    """Runs tasks in this process, one after another, without time or memory limits."""

    def run(self, tasks: Iterable[Task], on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        """Yield one outcome a task, in order."""
        for task in tasks:

            def emit(event: bytes, key: int = task.key) -> None:
                if on_event:
                    on_event(key, event)

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
    """Return the outcome for a problem as a worker writes it (:func:`preflight.worker.problem_bytes`)."""
    data = json.loads(body)
    return Outcome(key=key, problem=Problem(**data["problem"]), trace=data["trace"])


def _create(path: Path) -> int:
    """Create a file that must not exist yet; return its descriptor, open for writing and reading."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise storage_error(error, str(path)) from error
