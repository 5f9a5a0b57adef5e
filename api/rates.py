"""How often somebody may call: the generic cell rate algorithm (ITU-T I.371), one number for each caller."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_S = 60.0
_MANY = 10_000


class Rates:
    """Calls of each caller by the minute. A minute's worth may come at once, more only as time goes by.

    Each process counts for itself.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free_at: dict[str, float] = {}

    def take(self, who: str, per_minute: int) -> float:
        """Count a call.

        Args:
            who: The caller.
            per_minute: Calls allowed in :data:`WINDOW_S`.

        Returns:
            Zero when the call may be made; else it was not counted, and these are the seconds until one may.
        """
        now = self._clock()
        step = WINDOW_S / per_minute
        free_at = max(self._free_at.get(who, now), now) + step
        wait = free_at - now - WINDOW_S
        if wait > 1e-9:
            return wait
        if len(self._free_at) >= _MANY:
            self._free_at = {one: at for one, at in self._free_at.items() if at > now}
        self._free_at[who] = free_at
        return 0.0
