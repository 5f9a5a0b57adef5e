"""Where untrusted bytes are parsed: never in the main process, always in workers (:mod:`preflight.slots`).

:class:`Inline` runs tasks in this process: for tests, and for measuring what isolation costs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from preflight import worker
from preflight.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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
    """

    key: int
    name: str
    document: Document
    payload: dict[str, Any]
    wall_s: float
    cpu_s: float


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
                with task.document.open() as file:
                    result = worker.run_task(task.name, file, task.payload, emit)
                yield Outcome(key=task.key, result=result)
            except Exception as error:  # noqa: BLE001 - an executor turns every failure into a value
                yield problem_outcome(task.key, worker.problem_bytes(error))

    def close(self) -> None:
        """Nothing to end."""


def problem_outcome(key: int, body: bytes) -> Outcome:
    """Return the outcome for a problem as a worker writes it (:func:`preflight.worker.problem_bytes`)."""
    data = json.loads(body)
    return Outcome(key=key, problem=Problem(**data["problem"]), trace=data["trace"])
