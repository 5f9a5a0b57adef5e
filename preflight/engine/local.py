"""The engine of one machine: threads that each do one unit after another, over worker processes they share."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from preflight.engine.base import UnitOutcome
from preflight.engine.work import Requests, run_unit
from preflight.engine.workers import Guarded, Interruptible
from preflight.ledger.records import Reached

if TYPE_CHECKING:
    from preflight.artifacts import Artifacts
    from preflight.engine.base import Place, Unit
    from preflight.execution import Executor

MORE_DRIVERS = 4
"""Threads beyond the number of workers: while one judges or waits for the disk, the workers have other things to do."""
_STOP_S = 10.0


class LocalEngine:
    """Runs units in this process's worker processes."""

    name = "local"

    def __init__(self, executor: Executor, artifacts: Artifacts, *, workers: int, password: str | None = None) -> None:
        """Take what runs tasks, where results go, and how many workers there are.

        Args:
            executor: Stays the caller's to close.
            artifacts: Where results go.
            workers: Worker processes of the executor.
            password: Password of documents that need one; it is kept nowhere else.
        """
        self._executor = executor
        self._artifacts = artifacts
        self._drivers = workers + MORE_DRIVERS
        self._waiting: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[UnitOutcome] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._held: dict[Place, int | None] = {}
        self._cancelled: set[Place] = set()
        self._reached: dict[Place, Reached] = {}
        self._requests: Requests = {}
        self._password = password

    def start(self) -> None:
        """Start the threads."""
        for _ in range(self._drivers):
            thread = threading.Thread(target=self._drive, daemon=True, name="preflight-driver")
            thread.start()
            self._threads.append(thread)

    def slots(self) -> int:
        """Return how many more units may be handed over: as many again as are under way, so that nobody waits."""
        with self._lock:
            return max(0, 2 * self._drivers - len(self._held))

    def submit(self, unit: Unit) -> None:
        """Take a unit."""
        with self._lock:
            self._held[unit.place] = None
        self._waiting.put(unit)

    def poll(self, timeout_s: float) -> list[UnitOutcome]:
        """Return what has ended, waiting for the first."""
        found: list[UnitOutcome] = []
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                found.append(self._ended.get(block=not found, timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                break
        self._interrupt_cancelled()
        return found

    def cancel(self, place: Place) -> None:
        """End a unit; the process that works on it dies."""
        with self._lock:
            if place in self._held:
                self._cancelled.add(place)
        self._interrupt_cancelled()

    def reached(self) -> dict[Place, Reached]:
        """Return how far units are that got on since the last call."""
        with self._lock:
            told, self._reached = self._reached, {}
        return told

    def stop(self) -> None:
        """End everything; what was under way has no outcome."""
        with self._lock:
            self._cancelled.update(self._held)
        for _ in self._threads:
            self._waiting.put(None)
        deadline = time.monotonic() + _STOP_S
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < deadline:
            self._interrupt_cancelled()
            for thread in self._threads:
                thread.join(0.02)

    def _interrupt_cancelled(self) -> None:
        """Kill the workers of cancelled units; again, as long as one goes from one task to its next."""
        if not isinstance(self._executor, Interruptible):
            return
        with self._lock:
            for place in self._cancelled:
                thread = self._held.get(place)
                if thread is not None:
                    self._executor.interrupt(thread)

    def _drive(self) -> None:
        while (unit := self._waiting.get()) is not None:
            with self._lock:
                self._held[unit.place] = threading.get_ident()
            outcome = self._run(unit)
            with self._lock:
                del self._held[unit.place]
                if unit.place in self._cancelled:
                    self._cancelled.discard(unit.place)
                    outcome = UnitOutcome(place=unit.place, status="cancelled")
            self._ended.put(outcome)

    def _run(self, unit: Unit) -> UnitOutcome:
        guarded = Guarded(self._executor, lambda: unit.place in self._cancelled)

        def tell(phase: str, count: int, goal: int | None) -> None:
            with self._lock:
                self._reached[unit.place] = Reached(phase=phase, count=count, goal=goal)

        return run_unit(unit, guarded, self._artifacts, self._requests, password=self._password, tell=tell)
