"""What keys are used for, on its way to the database: one transaction for all keys, soon after they were used."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import contextmanager
from threading import Condition, Event, Thread
from typing import TYPE_CHECKING

from preflight.errors import PreflightError
from preflight.ledger.keys import KeyUse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.ledger.keys import KeyStore

logger = logging.getLogger(__name__)

WRITTEN_AFTER_S = 0.5
"""How long a use may stay in memory alone: what a killed process loses."""


class Uses:
    """Counts uses of keys at once and writes them a moment later. May be used from several threads."""

    def __init__(self, store: KeyStore, *, after_s: float = WRITTEN_AFTER_S) -> None:
        self._store = store
        self._after_s = after_s
        self._changed = Condition()
        self._due: dict[str, float] = {}
        self._counted: Counter[str] = Counter()
        self._written: Counter[str] = Counter()
        self._writing: frozenset[str] = frozenset()
        self._reading: Counter[str] = Counter()
        self._some = Event()
        self._ending = Event()
        self._failing = False
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to write by itself, in a thread that sleeps while nobody calls."""
        self._thread = Thread(target=self._run, name="uses of keys", daemon=True)
        self._thread.start()

    def add(self, key_id: str, count: int, at: float) -> None:
        """Count a use.

        Args:
            key_id: Whose.
            count: Bytes that came.
            at: When, in seconds since 1970 by the clock of the database.
        """
        with self._changed:
            self._counted[key_id] += count
            self._due[key_id] = max(at, self._due.get(key_id, at))
        if not self._some.is_set():
            self._some.set()

    def counted(self, key_id: str) -> int:
        """Return the bytes of a key since this process began."""
        return self._counted[key_id]

    @contextmanager
    def read(self, key_id: str) -> Iterator[int]:
        """Hold a key's figures in the database still while they are read; yields the bytes that are among them."""
        with self._changed:
            self._changed.wait_for(lambda: key_id not in self._writing)
            self._reading[key_id] += 1
            written = self._written[key_id]
        try:
            yield written
        finally:
            with self._changed:
                self._reading[key_id] -= 1

    def write(self) -> None:
        """Write what is due, but for keys that are being read at this moment.

        Raises:
            PreflightError: It cannot be written; it is still due.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._writing)
            taken = {
                key_id: KeyUse(at=at, count=self._counted[key_id] - self._written[key_id])
                for key_id, at in self._due.items()
                if not self._reading[key_id]
            }
            self._due = {key_id: at for key_id, at in self._due.items() if key_id not in taken}
            self._writing = frozenset(taken)
        left = taken
        try:
            if taken:
                self._store.used(taken)
            left = {}
        finally:
            with self._changed:
                self._written.update({key_id: use.count for key_id, use in taken.items() if key_id not in left})
                for key_id, use in left.items():
                    self._due[key_id] = max(use.at, self._due.get(key_id, use.at))
                self._writing = frozenset()
                self._changed.notify_all()

    def close(self) -> None:
        """Write down what was not written yet. May be called again."""
        self._ending.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._write_or_say()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._some.wait()
            self._ending.wait(self._after_s)
            self._some.clear()
            self._write_or_say()
            if self._due:
                self._some.set()

    def _write_or_say(self) -> None:
        try:
            self.write()
            self._failing = False
        except PreflightError as error:
            if not self._failing:
                logger.warning("what keys were used for cannot be written down: %s", error)
            self._failing = True
