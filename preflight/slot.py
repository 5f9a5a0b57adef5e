"""One place for a worker: starts it, hands it a task, hears it, judges how it ended. Nothing it says is believed."""

from __future__ import annotations

import math
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from preflight.channel import BadFrame, Channel
from preflight.document import storage_error
from preflight.errors import ParserCrashed, TimedOut, WorkerFailure
from preflight.execution import GARBLED, WALL_FACTOR, Outcome, problem_outcome
from preflight.problems import problem_from
from preflight.slot_worker import LESS_WORK, MORE_TIME, WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable

    from preflight.board import Note
    from preflight.execution import Task
    from preflight.forkclient import ForkServer
    from preflight.isolation import Guard

    Hear = Callable[[int, bytes], None]

MAX_EVENTS = 1_000_000
MAX_TASKS = 200
"""Tasks of one worker; then it is replaced, against slow leaks of parser libraries."""
_NEVER_S = 1e9
_UNSOUND = frozenset({"out-of-memory", "internal"})
"""After these a worker lives on but may be in any state, and it is the unit under way that is to blame."""


class Slot:
    """One worker and its private pipe, started on first use and again after it was lost."""

    def __init__(self, server: ForkServer, guard: Guard, *, fresh: bool) -> None:
        self._server = server
        self._guard = guard
        self._most_tasks = 1 if fresh else MAX_TASKS
        self._worker: WorkerProcess | None = None
        self._running: _Running | None = None

    @property
    def pipe(self) -> Channel | None:
        """What to wait for."""
        return None if self._worker is None else self._worker.pipe

    @property
    def task(self) -> Task | None:
        """The task under way."""
        return None if self._running is None else self._running.task

    @property
    def deadline(self) -> float:
        """When to look after the worker next, on the monotonic clock."""
        return _NEVER_S if self._running is None else min(self._running.ends_at, self._running.stalled_at)

    def start(self, task: Task, ends_at: float) -> None:
        """Hand a task to the worker, to be done by ``ends_at``.

        Raises:
            FileMissing: The document cannot be opened any more.
            OutputError: A file to write cannot be created.
            WorkerFailure: No worker can be started.
        """
        if self._worker is not None and self._worker.runs_program != task.runs_program:
            self.discard()
        with task.opened() as descriptors, ExitStack() as stack:
            if task.outputs:
                descriptors.append(_nameless(stack))
            try:
                self._send(task, descriptors)
            except OSError:  # the worker died between two tasks, which is nothing of this document's doing
                self.discard()
                self._send(task, descriptors)
        self._running = _Running(task=task, ends_at=ends_at, stalled_at=time.monotonic() + _stall_wall_s(task))

    def _send(self, task: Task, descriptors: list[int]) -> None:
        if self._worker is None:
            self._worker = WorkerProcess(self._server, self._guard, runs_program=task.runs_program)
        self._worker.send(task, descriptors)

    def step(self, hear: Hear | None) -> Outcome | None:
        """Take what the worker has sent; an outcome ends the task."""
        worker, running = self._worker, self._running
        if worker is None or running is None:
            return None
        try:
            for frame in worker.pipe.receive():
                outcome = self._heard(worker, running, frame, hear)
                if outcome is not None:
                    return outcome
        except (BadFrame, _Nonsense):
            return self._failed(running, ParserCrashed(GARBLED), unit=None)
        except (EOFError, OSError):
            error, killed = worker.death(self._guard.memory_bytes)
            return self._failed(running, error, unit=worker.unit, killed=killed)
        return None

    def _heard(self, worker: WorkerProcess, running: _Running, frame: bytes, hear: Hear | None) -> Outcome | None:
        kind, body = frame[:1], frame[1:]
        if kind == b"e":
            running.take(body, hear)
            return None
        if kind not in (b"r", b"p"):
            raise _Nonsense
        unit = worker.unit
        worker.done += 1
        self._running = None
        if worker.done >= self._most_tasks:
            self.discard()
        if kind == b"r":
            return Outcome(key=running.task.key, result=body)
        try:
            outcome = problem_outcome(running.task.key, body)
        except (ValueError, RecursionError) as error:
            raise _Nonsense from error
        problem = outcome.problem
        if problem is not None and problem.code in _UNSOUND:
            self.discard()
            return replace(outcome, problem=replace(problem, unit=problem.unit or unit))
        return outcome

    def overdue(self, now: float) -> Outcome | None:
        """Look after the worker at its deadline: one that got on meanwhile is given time, another one is killed."""
        worker, running = self._worker, self._running
        if worker is None or running is None:
            raise RuntimeError("no task is running in this slot")
        if now < running.ends_at and running.got_on(worker.note):
            running.stalled_at = now + _stall_wall_s(running.task)
            return None
        error = TimedOut(f"Not finished in the time allowed. Allow more time ({MORE_TIME}), or {LESS_WORK}.")
        return self._failed(running, error, unit=worker.unit)

    def _failed(self, running: _Running, error: WorkerFailure, *, unit: int | None, killed: bool = False) -> Outcome:
        self.discard()
        return Outcome(key=running.task.key, problem=replace(problem_from(error), unit=unit), killed=killed)

    def discard(self) -> None:
        """Kill the worker; the next task gets a new one."""
        if self._worker is not None:
            self._worker.kill()
        self._worker = self._running = None

    def release(self) -> None:
        """Let an idle worker end by itself."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None


class _Nonsense(Exception):
    """What a worker says is not what a worker says."""


@dataclass(slots=True, kw_only=True)
class _Running:
    """A task under way, and what its worker told so far."""

    task: Task
    ends_at: float
    stalled_at: float
    told_bytes: int = 0
    told_events: int = 0
    seen: tuple[int, int] = (0, 0)

    def take(self, body: bytes, hear: Hear | None) -> None:
        """Take one event."""
        self.told_bytes += len(body)
        self.told_events += 1
        if self.told_bytes > self.task.most_told_bytes or self.told_events > MAX_EVENTS:
            raise _Nonsense
        if hear:
            try:
                hear(self.task.key, body)
            except (ValueError, LookupError, RecursionError) as error:  # pydantic's errors are ValueErrors
                raise _Nonsense from error

    def got_on(self, note: Note) -> bool:
        """Whether anything happened since this was asked last."""
        before, self.seen = self.seen, (note.count, self.told_events)
        return before != self.seen


def _nameless(stack: ExitStack) -> int:
    """Open a file without a name, for what is too large for a worker's memory; it can open none itself."""
    try:
        return stack.enter_context(tempfile.TemporaryFile()).fileno()
    except OSError as error:
        raise storage_error(error, "a temporary file") from error


def _stall_wall_s(task: Task) -> float:
    wall_s = WALL_FACTOR * task.stall_s
    return _NEVER_S if math.isinf(wall_s) else wall_s
