"""The CPU time of a task, kept by the kernel inside the worker, and what a worker tells while it runs."""

from __future__ import annotations

import math
import resource
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from preflight.board import Pen


class Emit(Protocol):
    """Takes what a task tells before it ends."""

    def __call__(self, event: bytes, /) -> None:
        """Take an intermediate result as JSON bytes."""
        ...

    def begin(self, unit: int) -> None:
        """Hear that a unit begins; 0 that none is under way. What happens now is that unit's doing."""
        ...


class Budget:
    """CPU limit of this process (RLIMIT_CPU, soft), moved on whenever a task gets on.

    The kernel counts whole seconds, so a limit is up to a second later than asked for. CPU, not wall time, so that a
    busy machine makes no false verdict.
    """

    def __init__(self, *, cpu_s: float, stall_s: float, unit_s: float) -> None:
        """Begin a task.

        Args:
            cpu_s: Seconds in all.
            stall_s: Seconds without progress.
            unit_s: Seconds for one unit.
        """
        self._end = _used_s() + cpu_s
        self._stall_s = stall_s
        self._unit_s = min(unit_s, stall_s)
        self._hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        self.renew()

    def renew(self, unit: int = 0) -> None:
        """Note progress; from here on ``unit`` (0 for none) has its time."""
        until = min(self._end, _used_s() + (self._unit_s if unit else self._stall_s))
        wanted = min(math.ceil(until) + 1, 1 << 40)
        soft = wanted if self._hard == resource.RLIM_INFINITY else min(wanted, self._hard)
        resource.setrlimit(resource.RLIMIT_CPU, (soft, self._hard))


class Teller:
    """Tells the parent how a task gets on, and gives it time for that."""

    def __init__(self, send: Callable[[bytes], None], pen: Pen, budget: Budget) -> None:
        self._send = send
        self._pen = pen
        self._budget = budget
        self._unit = 0

    def __call__(self, event: bytes, /) -> None:
        """Send an intermediate result."""
        self._send(b"e" + event)
        self._budget.renew(self._unit)

    def begin(self, unit: int) -> None:
        """Note which unit begins."""
        self._unit = unit
        self._pen.note(unit)
        self._budget.renew(unit)


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
