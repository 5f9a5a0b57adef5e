"""Worker processes whose work can be ended from another thread."""

from __future__ import annotations

import os
import threading
import time
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from preflight.errors import Interrupted
from preflight.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from preflight.execution import Executor, Outcome, Task

    Hear = Callable[[int, bytes], None]

_bells: dict[int, tuple[int, int]] = {}
"""A pipe for each thread that waits for workers: what is written into it wakes the thread."""
_rung: set[int] = set()
"""Threads that were told of a free worker and have not looked yet: one byte in a pipe is enough."""
_lock = threading.Lock()
_END, _FREE = b"!", b"."


@runtime_checkable
class Interruptible(Protocol):
    """An executor whose calls can be ended."""

    def interrupt(self, thread: int) -> None:
        """Kill what works for a thread; its call of ``run`` ends with :class:`~preflight.errors.Interrupted`."""
        ...


class StoppableSlots(Slots):
    """Slots that listen for somebody who ends the call, besides their workers."""

    def run(self, tasks: Iterable[Task], on_event: Hear | None = None) -> Iterator[Outcome]:
        """Yield one outcome a task, as :meth:`Slots.run` does.

        Raises:
            Interrupted: Another thread ended this call; its workers are dead.
            ServiceBusy: No worker became free in time for the first task.
        """
        me, bell = threading.get_ident(), os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        with _lock:
            _bells[me] = bell
        try:
            yield from super().run(tasks, on_event)
        finally:
            with _lock:
                del _bells[me]
                _rung.discard(me)
                for end in bell:
                    os.close(end)

    def interrupt(self, thread: int) -> None:
        """Kill what works for a thread."""
        with _lock:
            bell = _bells.get(thread)
            if bell is not None:
                os.write(bell[1], _END)

    def _give_back(self, busy: list[Any], slot: Any) -> None:
        """Free a worker, and wake whoever waits for its own workers with more to do: this one may do it."""
        super()._give_back(busy, slot)
        me = threading.get_ident()
        with _lock:
            for thread, bell in _bells.items():
                if thread != me and thread not in _rung:
                    _rung.add(thread)
                    os.write(bell[1], _FREE)

    def _collect(self, busy: list[Any], on_event: Hear | None) -> Iterator[Outcome]:
        if busy:
            me = threading.get_ident()
            bell = _bells[me][0]
            deadline = min(slot.deadline for slot in busy)
            pipes = [slot.pipe.fileno() for slot in busy if slot.pipe is not None]
            ready = wait([bell, *pipes], max(0.0, deadline - time.monotonic()))
            if bell in ready:
                with _lock:
                    _rung.discard(me)
                    told = os.read(bell, 4096)
                if _END in told:
                    raise Interrupted("The work was ended.")
                if len(ready) == 1 and time.monotonic() < deadline:
                    return  # however often the bell rings, its own workers are heard, and end in time
        yield from super()._collect(busy, on_event)


class Guarded:
    """An executor that begins nothing any more once somebody has said so."""

    def __init__(self, executor: Executor, over: Callable[[], bool]) -> None:
        """Take what runs tasks, and what says whether it is over; executor and saying stay the caller's."""
        self._executor = executor
        self._over = over

    def run(self, tasks: Iterable[Task], on_event: Hear | None = None) -> Iterator[Outcome]:
        """Yield one outcome a task.

        Raises:
            Interrupted: It is over. Who says so first and calls :meth:`StoppableSlots.interrupt` then ends this call
                wherever it is: tasks are fetched when the call can be ended already.
        """
        return self._executor.run(self._wanted(tasks), on_event)

    def close(self) -> None:
        """Nothing of our own to end."""

    def _wanted(self, tasks: Iterable[Task]) -> Iterator[Task]:
        for task in tasks:
            if self._over():
                raise Interrupted("The work was ended.")
            yield task
