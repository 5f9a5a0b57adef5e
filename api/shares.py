"""Places that are shared out among keys, for work that goes past the queue of jobs and its turns."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from preflight.errors import OverQuota, ServiceBusy

if TYPE_CHECKING:
    from collections.abc import Iterator


class Shares:
    """Places for everybody together, and for each key. For the one thread that answers requests."""

    def __init__(self, most: int, each: int) -> None:
        """Take how many there are.

        Args:
            most: In all.
            each: For one key. Where there are no keys, nobody can be told from others, and all share what there is.
        """
        self._most = most
        self._each = each
        self._held: dict[str, int] = {}

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Hold a place for the length of a ``with`` block.

        Args:
            key: Id of the key; empty where there are none.

        Raises:
            OverQuota: The key has as many as one may have.
            ServiceBusy: All are taken.
        """
        held = self._held.get(key, 0)
        if key and held >= self._each:
            raise OverQuota(f"With one key {self._each} documents are read with a password at a time. Wait for them.")
        if sum(self._held.values()) >= self._most:
            raise ServiceBusy("All places for documents with a password are taken. Try again in some seconds.")
        self._held[key] = held + 1
        try:
            yield
        finally:
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key]
