"""The engine that does nothing: every unit ends at once, as a given function says. For tests and measurements."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from preflight.engine.base import UnitOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from preflight.engine.base import Place, Unit


def nothing(unit: Unit) -> UnitOutcome:
    """End a unit well, with an empty receipt."""
    return UnitOutcome(place=unit.place, status="ok", receipt={})


class NullEngine:
    """Ends units without doing them."""

    name = "null"

    def __init__(self, answer: Callable[[Unit], UnitOutcome] = nothing, *, size: int = 64) -> None:
        """Take what units end with, and how many may wait to be asked for."""
        self._answer = answer
        self._size = size
        self._waiting: deque[Unit] = deque()
        self._cancelled: set[Place] = set()

    def start(self) -> None:
        """Nothing to start."""

    def slots(self) -> int:
        """Return how many more units may be handed over."""
        return self._size - len(self._waiting)

    def submit(self, unit: Unit) -> None:
        """Take a unit."""
        self._waiting.append(unit)

    def poll(self, timeout_s: float) -> list[UnitOutcome]:  # noqa: ARG002 - nothing here takes time
        """Return an outcome for everything that was handed over."""
        ended = [self._end(unit) for unit in self._waiting]
        self._waiting.clear()
        return ended

    def cancel(self, place: Place) -> None:
        """Let a unit end as cancelled."""
        self._cancelled.add(place)

    def stop(self) -> None:
        """Forget everything."""
        self._waiting.clear()

    def _end(self, unit: Unit) -> UnitOutcome:
        if unit.place in self._cancelled:
            self._cancelled.discard(unit.place)
            return UnitOutcome(place=unit.place, status="cancelled")
        return self._answer(unit)
