"""A database server that is away: how long it is waited for, and that those who queue for it wait as one."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from threading import Event, Lock
from typing import TYPE_CHECKING

from preflight.errors import LedgerUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDING_S = 1.0
"""How long a lock, or an answer, is waited for once everything is to end."""


class Absence:
    """Knows whether a server is away; may be used from several threads."""

    def __init__(self, patience_s: float, away_s: float | None) -> None:
        """Take how long is waited.

        Args:
            patience_s: For a lock, and by each caller for itself where ``away_s`` is None.
            away_s: For a server that is away, by all callers together.
        """
        self._patience_s = patience_s
        self._away_s = away_s
        self._lock = Lock()
        self._since: float | None = None
        self._heard = -math.inf
        self._told = ""
        self._trying = False
        self._ending = Event()

    @property
    def ending(self) -> bool:
        """Whether everything is to end."""
        return self._ending.is_set()

    def end(self) -> None:
        """Wait for nothing any more: the program is to end."""
        self._ending.set()

    def rest(self, seconds: float) -> None:
        """Pause before the next attempt; no longer than until everything is to end."""
        self._ending.wait(seconds)

    def back(self) -> None:
        """Note that the server has answered."""
        with self._lock:
            self._heard, self._since = time.monotonic(), None

    def away(self, told: str, begun: float) -> None:
        """Note that the server did not answer an attempt. It is not away if it has answered another meanwhile.

        Args:
            told: What is told of it.
            begun: When the attempt began, by the monotonic clock.
        """
        with self._lock:
            self._told = told
            if self._since is None and begun > self._heard:
                self._since = begun

    def deadline(self, begun: float, lost: float | None) -> float:
        """Return until when trying again makes sense, by the monotonic clock.

        Args:
            begun: When the first attempt began.
            lost: When the first attempt began that the server did not answer; None where something is locked.
        """
        if lost is not None and self.ending:
            return 0.0
        if lost is not None and self._away_s is not None:
            since = self._since
            return (lost if since is None else min(lost, since)) + self._away_s
        return begun + (ENDING_S if self.ending else self._patience_s)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Stand around an attempt. Of those who come when the time is over, one tries, and the others are told so.

        Raises:
            LedgerUnavailable: Somebody else is finding out whether the server is back, or everything is to end.
        """
        alone = self._enter()
        try:
            yield
        finally:
            if alone:
                with self._lock:
                    self._trying = False

    def _enter(self) -> bool:
        """Whether this attempt is to find out if the server is back."""
        with self._lock:
            if self._since is None:
                return False
            if not self.ending and (self._away_s is None or time.monotonic() <= self._since + self._away_s):
                return False
            if self.ending or self._trying:
                raise LedgerUnavailable(self._told)
            self._trying = True
            return True
