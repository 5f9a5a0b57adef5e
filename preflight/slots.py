"""Worker processes: a fork server (:mod:`preflight.forkserver`) and up to N workers, each with a private pipe.

A worker that hangs is killed at its deadline, one that crashes is replaced; either is a value about that task and never
ends the others.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections import deque
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from extractors.errors import ExtractionError
from preflight import worker
from preflight.errors import OutOfMemory, ParserCrashed, PreflightError, ServiceBusy, TimedOut, WorkerFailure
from preflight.execution import Outcome, Task, problem_outcome
from preflight.forkclient import ForkServer
from preflight.problems import problem_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class _Slot:
    """One worker and its private pipe, started on first use and again after it was lost."""

    def __init__(self, server: ForkServer) -> None:
        self._server = server
        self._pid = 0
        self.pipe: Connection | None = None
        self.task: Task | None = None
        self.deadline = 0.0

    def start(self, task: Task) -> None:
        """Hand a task to the worker.

        Raises:
            FileMissing: The document cannot be opened any more.
            OutputError: A file to write cannot be created.
            WorkerFailure: No worker can be started.
        """
        with task.opened() as descriptors:
            try:
                self._send(task, descriptors)
            except OSError:  # the worker died between two tasks, which is nothing of this document's doing
                self.discard()
                self._send(task, descriptors)
        self.task, self.deadline = task, time.monotonic() + task.wall_s

    def _send(self, task: Task, descriptors: list[int]) -> None:
        if self.pipe is None:
            self._pid, self.pipe = self._server.fork()
        frame = {
            "name": task.name,
            "payload": task.payload,
            "cpu_s": task.cpu_s,
            "files": len(descriptors),
            "outputs": len(task.outputs),
        }
        self.pipe.send_bytes(json.dumps(frame).encode())
        with socket.socket(fileno=os.dup(self.pipe.fileno())) as channel:
            for at in range(0, len(descriptors), worker.DESCRIPTORS_AT_ONCE):
                socket.send_fds(channel, [b"f"], descriptors[at : at + worker.DESCRIPTORS_AT_ONCE])

    def step(self, on_event: Callable[[int, bytes], None] | None) -> Outcome | None:
        """Take one frame from the worker; an outcome ends the task."""
        task, pipe = self.task, self.pipe
        if task is None or pipe is None:
            return None
        try:
            frame = pipe.recv_bytes(worker.MAX_FRAME_BYTES)
        except (EOFError, OSError):
            return Outcome(key=task.key, problem=problem_from(self._death()))
        kind, body = frame[:1], frame[1:]
        if kind == b"e":
            if on_event:
                on_event(task.key, body)
            return None
        self.task = None
        return Outcome(key=task.key, result=body) if kind == b"r" else problem_outcome(task.key, body)

    def overrun(self) -> Outcome:
        """Kill the worker at its deadline."""
        task = self.task
        if task is None:
            raise RuntimeError("no task is running in this slot")
        self.discard()
        error = TimedOut(
            f"Not finished after {task.wall_s:g} s. Split the document, or allow more time ({_MORE_TIME})."
        )
        return Outcome(key=task.key, problem=problem_from(error))

    def discard(self) -> None:
        """Kill the worker; the next task gets a new one."""
        if self.pipe is not None:
            self._server.kill(self._pid)
            self.pipe.close()
        self.pipe = self.task = None

    def release(self) -> None:
        """Let an idle worker end by itself."""
        if self.pipe is not None:
            self.pipe.close()
            self.pipe = None

    def _death(self) -> WorkerFailure:
        status = self._server.exit_status(self._pid)
        self.discard()
        if status is None:
            return WorkerFailure("The worker ended without a word. Try again; if it happens again, split the document.")
        code = os.waitstatus_to_exitcode(status)
        sign = -code if code < 0 else 0
        if sign == signal.SIGXCPU:
            return TimedOut(f"This document takes more CPU time than allowed. Split it, or allow more ({_MORE_TIME}).")
        if sign == signal.SIGKILL:
            return OutOfMemory("The worker was killed on this document, most likely for its memory. Split it first.")
        name = signal.Signals(sign).name if sign else f"exit code {code}"
        return ParserCrashed(f"A parser library ended with {name} on this document. Repair or re-export it.")


_MORE_TIME = "--timeout, the setting `timeout`"


class Slots:
    """Executor of up to ``size`` worker processes; may be used from several threads at once."""

    def __init__(
        self,
        size: int,
        *,
        preload: tuple[str, ...] = (),
        busy_s: float | None = None,
        server: ForkServer | None = None,
    ) -> None:
        """Start the fork server, unless one is given.

        Args:
            size: Workers at most.
            preload: Modules the fork server imports before the first worker.
            busy_s: Seconds a call waits for a free worker before it is ServiceBusy; None waits for ever.
            server: A fork server started before, which is then this executor's to close.
        """
        self.size = size
        self._busy_s = busy_s
        self._server = server or ForkServer(preload)
        self._slots = tuple(_Slot(self._server) for _ in range(size))
        self._free = deque(self._slots)
        self._available = threading.Semaphore(size)

    def run(self, tasks: Iterable[Task], on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        """Yield one outcome a task, in the order in which they end; uses as many workers as are free.

        Raises:
            ServiceBusy: No worker became free in time for the first task.
        """
        queue = iter(tasks)
        busy: list[_Slot] = []
        task = next(queue, None)
        try:
            while task is not None or busy:
                if task is not None and self._acquire(wait=not busy):
                    failed = self._start(task, busy)
                    if failed is not None:
                        yield failed
                    task = next(queue, None)
                else:
                    yield from self._collect(busy, on_event)
        finally:
            for slot in tuple(busy):
                slot.discard()
                self._give_back(busy, slot)

    def _acquire(self, *, wait: bool) -> bool:
        """Reserve a worker; without ``wait`` False when none is free."""
        if self._available.acquire(blocking=wait, timeout=self._busy_s if wait else None):
            return True
        if wait:
            raise ServiceBusy("All workers are taken. Try again in some seconds.")
        return False

    def _start(self, task: Task, busy: list[_Slot]) -> Outcome | None:
        """Start a task on the reserved worker; an outcome when it could not be started."""
        slot = self._free.popleft()
        busy.append(slot)
        try:
            slot.start(task)
        except (PreflightError, ExtractionError) as error:
            problem = problem_from(error)
        except OSError as error:
            slot.discard()
            problem = problem_from(WorkerFailure(f"The worker could not be reached: {error.strerror}. Try again."))
        else:
            return None
        self._give_back(busy, slot)
        return Outcome(key=task.key, problem=problem)

    def _collect(self, busy: list[_Slot], on_event: Callable[[int, bytes], None] | None) -> Iterator[Outcome]:
        if not busy:
            return
        deadline = min(slot.deadline for slot in busy)
        ready = wait([slot.pipe for slot in busy if slot.pipe], max(0.0, deadline - time.monotonic()))
        now = time.monotonic()
        for slot in tuple(busy):
            outcome = None
            if slot.pipe in ready:
                outcome = slot.step(on_event)
            if outcome is None and slot.deadline <= now:  # also while it keeps telling how far it is
                outcome = slot.overrun()
            if outcome is not None:
                self._give_back(busy, slot)
                yield outcome

    def _give_back(self, busy: list[_Slot], slot: _Slot) -> None:
        busy.remove(slot)
        self._free.append(slot)
        self._available.release()

    def close(self) -> None:
        """End all workers and the fork server."""
        for slot in self._slots:
            if slot.task is None:
                slot.release()
            else:
                slot.discard()
        self._server.close()
