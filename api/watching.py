"""Following jobs: one look at the ledger for all who wait."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from anyio import to_thread

from preflight.errors import PreflightError, ResultGone
from preflight.service.jobs import REMOVED

if TYPE_CHECKING:
    import threading
    from collections.abc import Awaitable, Callable

    from preflight.ledger.records import JobView
    from preflight.ledger.store import Ledger

    Test = Callable[[JobView], bool]

_FIRST_S, _LAST_S = 0.02, 0.25
"""Pauses between looks: short at first, because most jobs are."""


class Watch:
    """Waits for jobs to change. All who wait share one look at a time."""

    def __init__(self, ledger: Ledger, stopping: threading.Event) -> None:
        """Take where jobs are, and what is set when nobody should wait any longer."""
        self._ledger = ledger
        self._stopping = stopping
        self._wanted: dict[str, int] = {}
        self._views: dict[str, JobView] = {}
        self._look: Awaitable[None] | None = None

    async def until(self, name: str, test: Test, timeout_s: float) -> JobView | None:
        """Wait until a job is as wanted; return it as it is then, or last was. None when it is not there.

        Args:
            name: The job's.
            test: Whether it is as wanted.
            timeout_s: Seconds to wait at most.

        Raises:
            PreflightError: The ledger cannot be read.
        """
        deadline, pause = time.monotonic() + timeout_s, _FIRST_S
        self._wanted[name] = self._wanted.get(name, 0) + 1
        try:
            while True:
                await self._looked()
                view = self._views.get(name)
                left = deadline - time.monotonic()
                if view is None or test(view) or left <= 0 or self._stopping.is_set():
                    return view
                await asyncio.sleep(min(pause, left))
                pause = min(pause * 1.5, _LAST_S)
        finally:
            self._wanted[name] -= 1
            if not self._wanted[name]:
                del self._wanted[name]
                self._views.pop(name, None)

    async def ended(self, name: str, timeout_s: float) -> JobView:
        """Wait until a job has ended; return it as it is then, or last was.

        Args:
            name: The job's.
            timeout_s: Seconds to wait at most.

        Raises:
            ResultGone: It was removed meanwhile, with its document.
            PreflightError: The ledger cannot be read.
        """
        view = await self.until(name, lambda one: one.state.final, timeout_s)
        if view is None:
            raise ResultGone(REMOVED)
        return view

    async def _looked(self) -> None:
        """Take part in the next look that begins after now."""
        if self._look is not None:
            try:
                await asyncio.shield(self._look)
            except PreflightError:
                self._look = None
        if self._look is None:
            self._look = asyncio.ensure_future(self._read())
        await asyncio.shield(self._look)

    async def _read(self) -> None:
        try:
            self._views = await to_thread.run_sync(self._ledger.jobs, list(self._wanted))
        finally:
            self._look = None
