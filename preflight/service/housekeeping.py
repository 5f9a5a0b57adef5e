"""What is done besides the work: removing what has expired, telling those who wanted to be told."""

from __future__ import annotations

import logging
import re
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import delete, or_, select, update

from preflight.errors import BadWebhook, WebhookFailed
from preflight.ledger.records import from_text
from preflight.ledger.schema import jobs, messages, units
from preflight.ledger.states import FINAL, HookState
from preflight.service.job_data import job_data
from preflight.webhooks import deliver
from preflight.wire import json_line

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from preflight.service.space import Space

logger = logging.getLogger(__name__)

PURGE_EVERY_S = 300.0
YOUNG_S = 600.0
"""Results that nobody refers to stay so long: whoever makes them may not have said yet whose they are."""
LEFT_S = 86_400.0
"""What was left half done is removed after so long: longer than any request or unit of work."""
TRIES_AFTER_S = (5.0, 60.0, 300.0, 1_800.0, 7_200.0, 21_600.0, 43_200.0)
"""Pauses between tries to deliver a message; after the last one it is given up."""
_LEASE_S = 60.0
_AT_ONCE = 20
_NAME = re.compile(r"\b[0-9a-f]{64}\b")


class Housekeeping:
    """Keeps house in turns; several programs may do so at once."""

    def __init__(self, space: Space) -> None:
        """Take what is to be kept."""
        self._space = space
        self._purged_at: float | None = None

    def turn(self) -> None:
        """Do what is due.

        Raises:
            PreflightError: The database or the disk cannot be used.
        """
        if self._purged_at is None:  # what a crash kept from being entered can only be there at the start
            self._space.documents.reconcile()
        if self._purged_at is None or time.monotonic() - self._purged_at >= PURGE_EVERY_S:
            self.purge()
            self._purged_at = time.monotonic()
        if self._space.options.webhooks:
            self.tell()

    def purge(self) -> int:
        """Remove what has expired: uploads, documents, jobs and results; return how many files of results."""
        space = self._space
        space.uploads.purge()
        space.documents.forget(space.documents.expired())
        self._forget_jobs()
        self._drop_leftovers(time.time() - LEFT_S)
        kept, before_s = self._needed(), time.time() - YOUNG_S
        return space.artifacts.drop_old(before_s, kept)

    def _drop_leftovers(self, before_s: float) -> None:
        """Remove what killed programs left half done; who is still at it has touched it since."""
        self._space.artifacts.sweep(before_s=before_s)
        for left in self._space.incoming.iterdir():
            with suppress(FileNotFoundError):
                if left.stat().st_mtime < before_s:
                    shutil.rmtree(left, ignore_errors=True)

    def tell(self) -> int:
        """Deliver messages that are due; return how many were tried."""
        database, now = self._space.ledger.database, self._space.ledger.database.now()

        def take(connection: Connection) -> list[str]:
            due = select(messages.c.job).join(jobs, jobs.c.id == messages.c.job)
            due = due.where(jobs.c.state.in_(FINAL), messages.c.not_before <= now).limit(_AT_ONCE)
            names = list(connection.execute(due.with_for_update(skip_locked=True)).scalars())
            mine = update(messages).where(messages.c.job.in_(names))
            connection.execute(mine.values(not_before=now + _LEASE_S, tries=messages.c.tries + 1))
            return names

        names = database.write(take)
        for name in names:
            self._deliver(name)
        return len(names)

    def _deliver(self, name: str) -> None:
        space = self._space
        row = space.ledger.database.read(
            lambda connection: connection.execute(select(messages).where(messages.c.job == name)).one_or_none()
        )
        view = space.ledger.jobs([name]).get(name)
        if row is None or view is None:
            return
        body = json_line({"type": "job.finished", "data": job_data(view, space.options.kept_s)})
        again_after_s: float | None = None
        ended = HookState.FAILED
        try:
            deliver(
                row.url,
                body,
                secret=row.secret,
                message_id=name,
                timestamp_s=int(time.time()),
                trusted=space.options.trusted_hooks,
            )
            ended = HookState.DELIVERED
        except WebhookFailed as error:
            if not error.gone and row.tries <= len(TRIES_AFTER_S):
                again_after_s = TRIES_AFTER_S[row.tries - 1]
            logger.info("a webhook was not delivered: %s", error)
        except BadWebhook as error:
            logger.warning("a webhook's address may not be used: %s", error)
        self._remember(name, again_after_s, ended)

    def _remember(self, name: str, again_after_s: float | None, ended: HookState) -> None:
        """Write down when a message is tried again; None when it is not, and how it ended."""
        mine, database = messages.c.job == name, self._space.ledger.database

        def work(connection: Connection) -> None:
            if again_after_s is None:
                connection.execute(delete(messages).where(mine))
                connection.execute(update(jobs).where(jobs.c.id == name).values(hook=ended))
            else:
                later = database.now() + again_after_s
                connection.execute(update(messages).where(mine).values(not_before=later))

        database.write(work)

    def _forget_jobs(self) -> None:
        """Forget jobs that ended long ago, and looks whose document is gone."""
        ledger, kept_s = self._space.ledger, self._space.options.kept_s
        old = select(jobs.c.id).where(jobs.c.finished_at < ledger.database.now() - kept_s)
        names = ledger.database.read(lambda connection: list(connection.execute(old).scalars()))
        ledger.forget(names)

    def _needed(self) -> set[str]:
        """Return the names of all stored bytes that jobs refer to.

        In the texts of the ledger every name is looked for, whatever it stands for: one too many does no harm.
        """

        def work(connection: Connection) -> set[str]:
            kept: set[str] = set()
            for row in connection.execute(select(jobs.c.request, jobs.c.document, jobs.c.result)):
                kept.add(row.request)
                kept.update(_NAME.findall(row.document))
                if row.result is not None:
                    kept.update(self._space.jobs.results.names(from_text(row.result) or {}))
            open_jobs = select(jobs.c.seq).where(jobs.c.state.not_in(FINAL))
            named = or_(units.c.receipt.is_not(None), units.c.payload != "{}")
            for unit in connection.execute(
                select(units.c.receipt, units.c.payload).where(units.c.job.in_(open_jobs), named)
            ):
                kept.update(_NAME.findall(f"{unit.receipt} {unit.payload}"))
            return kept

        return self._space.ledger.database.read(work)
