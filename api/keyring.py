"""The keys of a running service: looked up off the event loop, remembered for a second, their use written down."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from anyio import CapacityLimiter, to_thread

from api.uses import Uses
from preflight.errors import KeyRequired
from preflight.keys import parts_of, same

if TYPE_CHECKING:
    from collections.abc import Callable

    from preflight.keys import ApiKey
    from preflight.ledger.keys import KeyStore

FRESH_S = 1.0
"""How long a key may go on being used after it was revoked, or after other processes let in its last bytes."""
_LOOKUPS = 4
_KEPT = 10_000
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    key: ApiKey
    digest: str
    before: int
    """Bytes that this process had counted and are among ``key.day_bytes``."""
    until: float


class Keyring:
    """Looks keys up; for one event loop."""

    def __init__(
        self, store: KeyStore, *, fresh_s: float = FRESH_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._fresh_s = fresh_s
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._uses = Uses(store)
        self._clock_ahead_s = 0.0
        self._limiter: CapacityLimiter | None = None

    async def key_of(self, token: str) -> ApiKey:
        """Return the key a caller has shown, with what it has spent until now.

        Raises:
            KeyRequired: It is no key, or one that does not hold.
            PreflightError: The database cannot be read.
        """
        parts = parts_of(token)
        if parts is None:
            raise KeyRequired(_REFUSED)
        key_id, digest = parts
        known = await self._look_up(key_id)
        if not same(digest, known.digest if known else _NOBODY) or known is None:
            raise KeyRequired(_REFUSED)
        if not known.key.holds(self._now()):
            raise KeyRequired("The key has expired or was revoked. Ask whoever runs the service for a new one.")
        return replace(known.key, day_bytes=known.key.day_bytes + self._uses.counted(key_id) - known.before)

    def start(self) -> None:
        """Write uses down by itself from now on."""
        self._uses.start()

    def spend(self, key_id: str, count: int) -> None:
        """Count a use of a key that was looked up, and bytes that came by it."""
        self._uses.add(key_id, count, self._now())

    def close(self) -> None:
        """Write down what was not written yet; for when no request is on its way any more. May be called again."""
        self._uses.close()

    def _now(self) -> float:
        return self._clock() + self._clock_ahead_s

    async def _look_up(self, key_id: str) -> _Known | None:
        known = self._known.get(key_id)
        if known is not None and self._clock() < known.until:
            return known
        found = await to_thread.run_sync(self._find, key_id, limiter=self._lookups())
        if found is None:
            self._known.pop(key_id, None)
            return None
        (key, digest, now), before = found
        at = self._clock()
        self._clock_ahead_s = now - at
        known = _Known(key=key, digest=digest, before=before, until=at + self._fresh_s)
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[key_id] = known
        return known

    def _find(self, key_id: str) -> tuple[tuple[ApiKey, str, float], int] | None:
        with self._uses.read(key_id) as before:
            found = self._store.find(key_id)
        return None if found is None else (found, before)

    def _lookups(self) -> CapacityLimiter:
        """Threads for this alone: uploads that fill all others must not keep anybody from being let in."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(_LOOKUPS)
        return self._limiter


_REFUSED = "This is no key of this service. Send one as `Authorization: Bearer pf_…` or as `X-Api-Key: pf_…`."
