"""The runner: borrows units from the ledger, hands them to an engine, writes down what came of them.

It may be killed at any time, and there may be several: a runner that is gone costs its leases and nothing else.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from dataclasses import asdict
from typing import TYPE_CHECKING

from preflight.engine.base import Telling, Unit, UnitOutcome
from preflight.engine.places import asked_of
from preflight.errors import DiskFull, LedgerUnavailable, OutputError, UsageError
from preflight.problems import problem_from
from preflight.wire import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from preflight.artifacts import Artifacts
    from preflight.engine.base import Engine, Place
    from preflight.ledger.records import Lease
    from preflight.ledger.states import Status
    from preflight.ledger.store import Ledger

logger = logging.getLogger(__name__)

LEASE_S = 15.0
_POLL_S = 0.2
_IDLE_S = 0.2
_NOTED_S = 0.5
"""How often it is written down how far units are."""


class Runner:
    """Works on the jobs of a ledger until there is nothing to do, or somebody says stop."""

    def __init__(
        self,
        ledger: Ledger,
        engine: Engine,
        artifacts: Artifacts,
        *,
        name: str | None = None,
        owner: str | None = None,
        lease_s: float = LEASE_S,
        on_finished: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        """Take what there is to work with.

        Args:
            ledger: Where jobs are.
            engine: Where units run; started and stopped by :meth:`run`.
            artifacts: Where results are.
            name: Of this runner, like no other's.
            owner: Whose jobs; everybody's when None.
            lease_s: How long units are borrowed for; renewed three times as often.
            on_finished: Takes the names of jobs that came to their end here, after that is on disk.
        """
        self.name = name or uuid.uuid4().hex
        self._ledger = ledger
        self._engine = engine
        self._artifacts = artifacts
        self._owner = owner
        self._lease_s = lease_s
        self._on_finished = on_finished
        self._held: dict[Place, Unit | None] = {}
        self._ended = threading.Event()
        self._stopped = threading.Event()
        self._noted_at = 0.0
        self.stale = 0

    def run(self, more: Callable[[], bool]) -> None:
        """Work until nothing is under way and ``more`` says that nothing will come.

        Args:
            more: Whether work may come, or is with other runners. Asked when there is nothing to do here.

        Raises:
            DiskFull: There is no space for results; everything that was not finished is as it was before.
            LedgerUnavailable: The ledger cannot be used.
        """
        heart = threading.Thread(target=self._beat, daemon=True, name="preflight-heart")
        self._engine.start()
        heart.start()
        try:
            while not self._stopped.is_set():
                if not self._turn():
                    if not more():
                        break
                    self._stopped.wait(_IDLE_S)
        finally:
            self._ended.set()
            self._engine.stop()
            heart.join()
            with contextlib.suppress(LedgerUnavailable, DiskFull):  # then the leases run out by themselves
                self._ledger.release(self.name)

    def stop(self) -> None:
        """Let :meth:`run` end soon, from another thread; what is under way is given back, to be begun anew."""
        self._stopped.set()

    def _turn(self) -> bool:
        """Borrow, wait, write down; False when there is nothing to do here at the moment."""
        for lease in self._ledger.lease(self.name, self._engine.slots(), ttl_s=self._lease_s, owner=self._owner):
            self._hand_over(lease)
        if not self._held:
            return False
        self._settle(self._engine.poll(_POLL_S))
        self._note()
        return True

    def _note(self) -> None:
        now = time.monotonic()
        if isinstance(self._engine, Telling) and now - self._noted_at >= _NOTED_S:
            self._noted_at = now
            self._ledger.note(self._engine.reached())

    def _settle(self, outcomes: Sequence[UnitOutcome]) -> None:
        settled = self._ledger.settle([one.settlement() for one in outcomes])
        self.stale += settled.stale
        for one in outcomes:
            unit = self._held.pop(one.place, None)
            if unit is not None:
                self._artifacts.drop_receipt(asked_of(unit))
        if self._on_finished and settled.finished:
            self._on_finished(settled.finished)
        full = next((one.problem for one in outcomes if one.status == "storage" and one.problem), None)
        if full is not None:  # the next one would fare no better
            raise DiskFull(full["detail"])

    def _hand_over(self, lease: Lease) -> None:
        self._held[lease.place] = None
        try:
            unit = self._held[lease.place] = self._unit(lease)
            self._engine.submit(unit)
        except (UsageError, OutputError) as error:
            problem = asdict(problem_from(error))
            status: Status = "storage" if isinstance(error, DiskFull) else "ok"
            self._settle([UnitOutcome(place=lease.place, status=status, problem=problem)])

    def _unit(self, lease: Lease) -> Unit:
        """Return what the engine gets; what is too large for it goes through the store.

        Raises:
            UsageError: It is too large all the same.
            OutputError: The store cannot be written.
        """
        payload = lease.payload
        if lease.kind == "assembly":
            receipts = [receipt["ocr"] for _, _, receipt in self._ledger.ranges(lease.job_id) if receipt]
            payload = payload | {"ranges": self._artifacts.put(dump(receipts))}
        unit = Unit(
            job_id=lease.job_id,
            number=lease.number,
            token=lease.token,
            kind=lease.kind,
            request=lease.request,
            document=lease.document,
            first=lease.first,
            last=lease.last,
            payload=payload,
        )
        unit.to_json()
        return unit

    def _beat(self) -> None:
        """Keep the leases, and end what has been cancelled or given to somebody else."""
        while not self._ended.wait(self._lease_s / 3):
            try:
                before = set(self._held)
                kept = self._ledger.renew(self.name, ttl_s=self._lease_s)
            except (LedgerUnavailable, DiskFull) as error:
                logger.warning("the leases could not be renewed: %s", error)
                continue
            for place in before - kept:
                if place in self._held:
                    self._engine.cancel(place)
