"""Worker processes: a fork server (:mod:`preflight.forkserver`) and up to N workers, each with a private pipe.

A worker that hangs is killed at its deadline, one that crashes is replaced; either is a value about that task and never
ends the others. Where a task reads a document unit by unit, a unit that takes its worker down, or that a bug shows at,
is left out and the document is read again without it. The bug is logged.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING

from extractors.errors import ExtractionError
from preflight.errors import PreflightError, ServiceBusy, WorkerFailure
from preflight.execution import MAX_KILLS, Outcome
from preflight.forkclient import ForkServer
from preflight.isolation import Guard, isolation_unavailable
from preflight.problems import problem_from
from preflight.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from preflight.execution import Task

    Hear = Callable[[int, bytes], None]

logger = logging.getLogger(__name__)

MAX_SPARED = 8
"""Units of one document that may take a worker down; one more, and the document is given up."""
_OF_THE_UNIT = frozenset({"timeout", "out-of-memory", "parser-crashed", "internal"})


class Slots:
    """Executor of up to ``size`` worker processes; may be used from several threads at once."""

    def __init__(
        self,
        size: int,
        *,
        preload: tuple[str, ...] = (),
        busy_s: float | None = None,
        server: ForkServer | None = None,
        guard: Guard | None = None,
        fresh: bool = False,
    ) -> None:
        """Start the fork server, unless one is given.

        Args:
            size: Workers at most.
            preload: Modules the fork server imports before the first worker.
            busy_s: Seconds a call waits for a free worker before it is ServiceBusy; None waits for ever.
            server: A fork server started before, which is then this executor's to close.
            guard: How far workers are locked down, and the memory of one; the defaults when None.
            fresh: A new worker for each task, for documents of different owners: what one has done to its worker never
                reaches the next.

        Raises:
            IsolationUnavailable: The guard requires what this system does not offer.
        """
        self.size = size
        guard = guard or Guard()
        if guard.isolation == "required":
            _require()
        self._busy_s = busy_s
        self._server = server or ForkServer(preload)
        self._slots = tuple(Slot(self._server, guard, fresh=fresh) for _ in range(size))
        self._free = deque(self._slots)
        self._available = threading.Semaphore(size)

    def run(self, tasks: Iterable[Task], on_event: Hear | None = None) -> Iterator[Outcome]:
        """Yield one outcome a task, in the order in which they end; uses as many workers as are free.

        Raises:
            ServiceBusy: No worker became free in time for the first task.
        """
        queue = _Queue(iter(tasks))
        busy: list[Slot] = []
        try:
            while queue.next is not None or busy:
                if queue.next is not None and self._acquire(wait=not busy):
                    attempt = queue.take()
                    failed = self._start(attempt, busy)
                    if failed is not None:
                        yield failed
                else:
                    for outcome in self._collect(busy, on_event):
                        if not queue.again(outcome):
                            yield outcome
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

    def _start(self, attempt: _Attempt, busy: list[Slot]) -> Outcome | None:
        """Start a task on the reserved worker; an outcome when it could not be started."""
        slot = self._free.popleft()
        busy.append(slot)
        try:
            slot.start(attempt.task, attempt.ends_at)
        except (PreflightError, ExtractionError) as error:
            problem = problem_from(error)
        except OSError as error:
            slot.discard()
            problem = problem_from(WorkerFailure(f"The worker could not be reached: {error.strerror}. Try again."))
        else:
            return None
        self._give_back(busy, slot)
        return Outcome(key=attempt.task.key, problem=problem)

    def _collect(self, busy: list[Slot], on_event: Hear | None) -> Iterator[Outcome]:
        if not busy:
            return
        deadline = min(slot.deadline for slot in busy)
        pipes = [slot.pipe.fileno() for slot in busy if slot.pipe is not None]
        ready = wait(pipes, max(0.0, deadline - time.monotonic()))
        now = time.monotonic()
        for slot in tuple(busy):
            outcome = None
            if slot.pipe is not None and slot.pipe.fileno() in ready:
                outcome = slot.step(on_event)
            if outcome is None and slot.deadline <= now:  # also while it keeps telling how far it is
                outcome = slot.overdue(now)
            if outcome is not None:
                self._give_back(busy, slot)
                yield outcome

    def _give_back(self, busy: list[Slot], slot: Slot) -> None:
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


@dataclass(slots=True)
class _Attempt:
    """A task on its way, and what of its document has been left out."""

    task: Task
    ends_at: float
    kills: int = 0

    @property
    def in_time(self) -> bool:
        return time.monotonic() < self.ends_at

    def as_it_was(self) -> bool:
        """Prepare the task to be done again after its worker was killed from outside; False when that is no use.

        What writes files is left to its caller, who has heard what was written.
        """
        self.kills += 1
        return self.kills <= MAX_KILLS and self.in_time and not self.task.outputs

    def without(self, problem_code: str, unit: int) -> bool:
        """Prepare the task to be done again without the unit that ended it; False when that is no use."""
        skip: dict[str, str] = dict(self.task.payload.get("skip") or {})
        if not self.task.spares or str(unit) in skip or len(skip) >= MAX_SPARED or not self.in_time:
            return False
        self.kills = 0
        skip[str(unit)] = problem_code
        self.task = replace(self.task, payload=self.task.payload | {"skip": skip})
        return True


class _Queue:
    """Tasks to be done: those that come, and those that are to be done again, which go first."""

    def __init__(self, tasks: Iterator[Task]) -> None:
        self._tasks = tasks
        self._again: deque[_Attempt] = deque()
        self._running: dict[int, _Attempt] = {}
        self._coming = next(tasks, None)

    @property
    def next(self) -> _Attempt | Task | None:
        """What is to be done next; None when there is nothing at the moment."""
        return self._again[0] if self._again else self._coming

    def take(self) -> _Attempt:
        """Take the next task; its time begins now."""
        if self._again:
            attempt = self._again.popleft()
        else:
            task, self._coming = self._coming, next(self._tasks, None)
            if task is None:
                raise RuntimeError("there is no task left")
            attempt = _Attempt(task, time.monotonic() + task.most_wall_s)
        self._running[attempt.task.key] = attempt
        return attempt

    def again(self, outcome: Outcome) -> bool:
        """Whether the task of an outcome is done again instead."""
        attempt = self._running.pop(outcome.key)
        if not (outcome.killed and attempt.as_it_was()) and not _without_its_unit(attempt, outcome):
            return False
        self._again.append(attempt)
        return True


def _without_its_unit(attempt: _Attempt, outcome: Outcome) -> bool:
    """Prepare a task to be done again without the unit that is to blame for its end; False when there is none."""
    problem = outcome.problem
    if problem is None or problem.unit is None or problem.code not in _OF_THE_UNIT:
        return False
    if not attempt.without(problem.code, problem.unit):
        return False
    if outcome.trace:
        logger.error("bug while reading a document; unit %d is left out:\n%s", problem.unit, outcome.trace)
    return True


def _require() -> None:
    from preflight import sandbox

    found = sandbox.support()
    if found.level != "full":
        raise isolation_unavailable(found)
