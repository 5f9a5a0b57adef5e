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

    from preflight.execution import Outcome, Task

    Hear = Callable[[int, bytes], None]

_bells: dict[int, tuple[int, int]] = {}
"""A pipe for each thread that waits for workers: what is written into it wakes the thread."""
_lock = threading.Lock()


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
                for end in bell:
                    os.close(end)

    def interrupt(self, thread: int) -> None:
        """Kill what works for a thread."""
        with _lock:
            bell = _bells.get(thread)
            if bell is not None:
                os.write(bell[1], b"!")

    def _collect(self, busy: list[Any], on_event: Hear | None) -> Iterator[Outcome]:
        if busy:
            bell = _bells[threading.get_ident()][0]
            deadline = min(slot.deadline for slot in busy)
            pipes = [slot.pipe.fileno() for slot in busy if slot.pipe is not None]
            if bell in wait([bell, *pipes], max(0.0, deadline - time.monotonic())):
                raise Interrupted("The work was ended.")
        yield from super()._collect(busy, on_event)
