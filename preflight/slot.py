"""One place for a worker: starts it, hands it a task, hears it, judges how it ended. Nothing it says is believed."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from preflight.board import Board, Note
from preflight.channel import BadFrame, Channel
from preflight.document import storage_error
from preflight.errors import OutOfMemory, ParserCrashed, TimedOut, WorkerFailure
from preflight.execution import GARBLED, WALL_FACTOR, Outcome, problem_outcome
from preflight.problems import problem_from
from preflight.worker import MAX_FRAME_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from preflight.execution import Task
    from preflight.forkclient import Ended, ForkServer
    from preflight.isolation import Guard

    Hear = Callable[[int, bytes], None]

MAX_TOLD_BYTES = 1 << 30
"""What one task may tell before its result: more than the text of any document that memory could hold."""
MAX_EVENTS = 1_000_000
MAX_TASKS = 200
"""Tasks of one worker; then it is replaced, against slow leaks of parser libraries."""
OCR_PROGRAM = "tesseract"
_SEND_S = 30.0
_NEVER_S = 1e9
_ABORTED = frozenset({signal.SIGABRT, signal.SIGTRAP, signal.SIGILL, signal.SIGSEGV, signal.SIGBUS})
_UNSOUND = frozenset({"out-of-memory", "internal"})
"""After these a worker lives on but may be in any state, and it is the unit under way that is to blame."""
_MOSTLY = 0.7
_MORE_TIME = "--timeout, the setting `timeout`"


class Slot:
    """One worker and its private pipe, started on first use and again after it was lost."""

    def __init__(self, server: ForkServer, guard: Guard, *, fresh: bool) -> None:
        self._server = server
        self._guard = guard
        self._most_tasks = 1 if fresh else MAX_TASKS
        self._worker: _Worker | None = None
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
            self._worker = _Worker(self._server, self._guard, runs_program=task.runs_program)
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

    def _heard(self, worker: _Worker, running: _Running, frame: bytes, hear: Hear | None) -> Outcome | None:
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
        error = TimedOut(f"Not finished in the time allowed. Split the document, or allow more time ({_MORE_TIME}).")
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
        if self.told_bytes > MAX_TOLD_BYTES or self.told_events > MAX_EVENTS:
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


class _Worker:
    """A worker process, our end of its pipe, its board, and the folder where it may write if it runs a program."""

    def __init__(self, server: ForkServer, guard: Guard, *, runs_program: bool) -> None:
        """Fork it.

        Raises:
            WorkerFailure: No worker can be started.
        """
        self._server = server
        self._guard = guard
        self.runs_program = runs_program
        self.done = 0
        with ExitStack() as stack:
            self._board = Board()
            stack.callback(self._board.close)
            self._scratch = tempfile.mkdtemp(prefix="preflight-ocr-") if runs_program else None
            if self._scratch is not None:
                stack.callback(shutil.rmtree, self._scratch, ignore_errors=True)
            self._pid, connection = server.fork()
            self.pipe = Channel(connection, most_bytes=MAX_FRAME_BYTES + 1)
            self._stack = stack.pop_all()
            self._stack.callback(self.pipe.close)

    @property
    def note(self) -> Note:
        """What it noted last."""
        return self._board.read()

    @property
    def unit(self) -> int | None:
        """The unit that is under way, if one is."""
        return self._board.read().unit or None

    def send(self, task: Task, descriptors: list[int]) -> None:
        """Send a task.

        Raises:
            OSError: The worker is gone or does not listen.
        """
        self._board.clear()
        jail = {
            "isolation": self._guard.isolation,
            "memory_bytes": self._guard.memory_bytes,
            "scratch": self._scratch,
            "program": shutil.which(OCR_PROGRAM) if self.runs_program else None,
        }
        frame = {
            "name": task.name,
            "payload": task.payload,
            "cpu_s": task.cpu_s,
            "stall_s": min(task.stall_s, task.cpu_s),
            "unit_s": min(task.unit_s, task.cpu_s),
            "files": len(descriptors) + 1,
            "outputs": len(task.outputs),
            "scratch": bool(task.outputs),
            "jail": jail,
        }
        self.pipe.send(json.dumps(frame).encode(), [*descriptors, self._board.fileno()], timeout_s=_SEND_S)

    def death(self, memory_bytes: int) -> tuple[WorkerFailure, bool]:
        """Say how it ended, after its end of the pipe has closed, and whether it was killed from outside."""
        ended = self._server.ended(self._pid)
        if ended is None:
            word = "The worker ended without a word. Try again; if it happens again, split the document."
            return WorkerFailure(word), False
        return _failure(ended, memory_bytes), os.waitstatus_to_exitcode(ended.status) == -signal.SIGKILL

    def kill(self) -> None:
        """End it at once."""
        self._server.kill(self._pid)
        self._stack.close()

    def close(self) -> None:
        """Let it end by itself."""
        self._stack.close()


def _failure(ended: Ended, memory_bytes: int) -> WorkerFailure:
    code = os.waitstatus_to_exitcode(ended.status)
    sign = -code if code < 0 else 0
    if sign == signal.SIGXCPU:
        return TimedOut(f"This document takes more CPU time than allowed. Split it, or allow more ({_MORE_TIME}).")
    if sign == signal.SIGKILL:
        return OutOfMemory("The worker was killed on this document, most likely for its memory. Split it first.")
    name = signal.Signals(sign).name if sign else f"exit code {code}"
    if sign in _ABORTED and memory_bytes and ended.peak_bytes > _MOSTLY * memory_bytes:
        return OutOfMemory(
            f"A parser library ended with {name}, out of memory ({memory_bytes:,} bytes are allowed). Split the "
            "document, or allow more (--memory-limit-bytes, the setting `memory_limit_bytes`)."
        )
    return ParserCrashed(f"A parser library ended with {name} on this document. Repair or re-export it.")


def _nameless(stack: ExitStack) -> int:
    """Open a file without a name, for what is too large for a worker's memory; it can open none itself."""
    try:
        return stack.enter_context(tempfile.TemporaryFile()).fileno()
    except OSError as error:
        raise storage_error(error, "a temporary file") from error


def _stall_wall_s(task: Task) -> float:
    wall_s = WALL_FACTOR * task.stall_s
    return _NEVER_S if math.isinf(wall_s) else wall_s
