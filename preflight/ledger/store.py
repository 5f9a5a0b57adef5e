"""The ledger: the only durable truth about jobs. Engines and runners may die at any time; this is what remains."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy import delete, func, select, update

from preflight.errors import UsageError
from preflight.ledger import leases, listing
from preflight.ledger.database import Database
from preflight.ledger.migrate import migrate
from preflight.ledger.records import Settled, from_text, to_text
from preflight.ledger.schema import jobs, units
from preflight.ledger.states import FINAL, PLAN_NUMBER, JobState, UnitState
from preflight.ledger.submitting import take_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from sqlalchemy import URL, Connection, Row, Select

    from preflight.engine.base import Place
    from preflight.ledger.records import Accepted, JobView, Json, Lease, Mark, NewJob, Reached, Settlement

T = TypeVar("T")

MAX_KEY = 200
AGAIN = "again"
"""In what is asked of a unit: how often units of its job had been lent when the job was begun anew."""
_AT_ONCE = 500


class Ledger:
    """Jobs and their units of work, in SQLite or PostgreSQL; may be used from several threads and programs at once.

    Attributes:
        database: Where they are.
    """

    def __init__(
        self,
        url: str | URL,
        *,
        patience_s: float = 30.0,
        away_s: float | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Open a ledger; make or upgrade its tables.

        Args:
            url: ``sqlite:///PATH`` (on a local disk) or ``postgresql://…``.
            patience_s: How long a locked or restarting database is waited for.
            away_s: How long one that is away is waited for; as :class:`preflight.ledger.database.Database` has it.
            clock: Seconds since 1970; the database's own clock when None.

        Raises:
            SettingsError: The address names no database that can be used.
            LedgerUnavailable: It cannot be opened, or is from a newer version.
        """
        self.database = Database(url, patience_s=patience_s, away_s=away_s, clock=clock)
        try:
            self.database.write(migrate)
        except BaseException:
            self.database.close()
            raise

    def submit(self, wanted: Sequence[NewJob]) -> list[Accepted]:
        """Take jobs in. What this returns is on disk; a key that is known is the job that is known.

        Where a known job has not ended, the place of its document is brought up to date.

        Raises:
            UsageError: A key or owner is too long.
            PreflightError: The ledger cannot be written; nothing was taken in then.
        """
        for one in wanted:
            if not 0 < len(one.key) <= MAX_KEY or len(one.owner) > MAX_KEY:
                raise UsageError(f"An idempotency key has 1 to {MAX_KEY} characters. Give a shorter one.")
        accepted: list[Accepted] = []
        for part in _parts(wanted):
            accepted += self.database.write(partial(take_in, now=self.database.now(), wanted=part))
        return accepted

    def lease(self, runner: str, count: int, *, ttl_s: float, owner: str | None = None) -> list[Lease]:
        """Lend ready units to a runner for ``ttl_s`` seconds; what ran out of time is taken back first.

        Args:
            runner: Name of this runner's process, like no other's.
            count: Units at most.
            ttl_s: Seconds after which the units are anybody's again, unless :meth:`renew` comes before.
            owner: Lend units of this owner only.
        """

        def work(connection: Connection) -> list[Lease]:
            now = self.database.now()
            leases.take_back(connection, now, units.c.lease_until < now, "lost")
            return leases.lend(connection, now, runner, count, ttl_s, owner)

        return self.database.write(work, durable=False) if count > 0 else []

    def renew(self, runner: str, *, ttl_s: float) -> set[tuple[str, int, int]]:
        """Keep all units that a runner holds for another ``ttl_s`` seconds; return their job, number and token.

        What the runner works on and is not among them has been cancelled, or lent to somebody else.
        """

        def work(connection: Connection) -> set[tuple[str, int, int]]:
            held = units.c.state == UnitState.LEASED, units.c.runner == runner
            connection.execute(update(units).where(*held).values(lease_until=self.database.now() + ttl_s))
            rows = connection.execute(
                select(jobs.c.id, units.c.no, units.c.token).join(jobs, jobs.c.seq == units.c.job).where(*held)
            )
            return {(row.id, row.no, row.token) for row in rows}

        return self.database.write(work, durable=False)

    def release(self, runner: str, *, lost: bool = False) -> int:
        """Take back all units of a runner that has stopped; return their number.

        Args:
            runner: Its name.
            lost: It was killed, which counts as a lost lease; else nothing is counted.
        """
        if not lost:
            return self.database.write(lambda connection: leases.put_back(connection, runner))
        now, total = self.database.now(), 0
        while taken := self.database.write(
            lambda connection: leases.take_back(connection, now, units.c.runner == runner, "lost")
        ):
            total += taken
        return total

    def settle(self, settlements: Sequence[Settlement]) -> Settled:
        """Write down how attempts ended, all in one transaction; what this returns is on disk."""

        def work(connection: Connection) -> Settled:
            now = self.database.now()
            ordered = sorted(settlements, key=lambda one: (one.job_id, one.number))
            counted = [one for one in ordered if leases.settle_one(connection, now, one)]
            touched = {one.job_id for one in counted}
            ended = connection.execute(
                select(jobs.c.id).where(jobs.c.id.in_(touched), jobs.c.state.in_(FINAL)).order_by(jobs.c.seq)
            )
            return Settled(finished=tuple(ended.scalars()), stale=len(settlements) - len(counted))

        return self.database.write(work) if settlements else Settled()

    def cancel(self, job_id: str) -> bool:
        """End a job that has not ended; whoever works on it is told at the next :meth:`renew`. False when it had."""

        def work(connection: Connection) -> bool:
            row = connection.execute(select(jobs.c.seq, jobs.c.state).where(jobs.c.id == job_id).with_for_update())
            job = row.one_or_none()
            if job is None or job.state in FINAL:
                return False
            ended = {"state": JobState.CANCELLED, "finished_at": self.database.now()}
            connection.execute(update(jobs).where(jobs.c.seq == job.seq).values(ended))
            open_ones = units.c.job == job.seq, units.c.state.in_((UnitState.READY, UnitState.LEASED))
            connection.execute(update(units).where(*open_ones).values(state=UnitState.CANCELLED, runner=None))
            return True

        return self.database.write(work)

    def retry(self, job_ids: Iterable[str]) -> int:
        """Begin ended jobs anew, whatever became of them; return how many.

        What is asked of their units differs from what was asked before, so that nothing an earlier attempt has left
        answers for them.
        """

        def work(connection: Connection, *, ids: Sequence[str]) -> int:
            again = select(jobs.c.seq, jobs.c.tokens).where(jobs.c.id.in_(ids), jobs.c.state.in_(FINAL))
            rounds = {row.seq: row.tokens for row in connection.execute(again.with_for_update())}
            fresh = {"pending": 0, "units_total": 1, "units_done": 0, "units_dead": 0, "finished_at": None}
            emptied = {"state": JobState.QUEUED, "result": None, "problem": None, "phase": None, "goal": None}
            connection.execute(update(jobs).where(jobs.c.seq.in_(rounds)).values(fresh | emptied))
            connection.execute(delete(units).where(units.c.job.in_(rounds), units.c.no != PLAN_NUMBER))
            ready = {"state": UnitState.READY, "faults": 0, "losses": 0, "not_before": 0.0, "receipt": None}
            for job, tokens in rounds.items():
                anew = ready | {"payload": to_text({AGAIN: tokens})}
                connection.execute(update(units).where(units.c.job == job).values(anew))
            return len(rounds)

        return sum(self.database.write(partial(work, ids=part)) for part in _parts(list(job_ids)))

    def note(self, reached: Mapping[Place, Reached]) -> None:
        """Write down how far the work on units is; what is no longer lent under its token is left out."""
        if reached:
            self.database.write(lambda connection: listing.note(connection, reached), durable=False)

    def page(
        self,
        owner: str,
        *,
        before: Mark | None = None,
        limit: int = 50,
        without: str = " ",
        asked_with: str | None = None,
    ) -> list[JobView]:
        """Return an owner's jobs that are about something, the latest first.

        Args:
            owner: Whose.
            before: Only those that came before this mark.
            limit: At most so many.
            without: Those whose key begins so are left out.
            asked_with: Only those that were asked for with the API key of this id.
        """
        return [listing.view_of(row) for row in self._rows(listing.page(owner, before, limit, without, asked_with))]

    def about(self, subject: str) -> list[str]:
        """Return the names of all jobs about something."""
        return [row.id for row in self._rows(select(jobs.c.id).where(jobs.c.subject == subject))]

    def forget(self, job_ids: Iterable[str]) -> None:
        """Remove jobs with all that is known of them; whoever works on one is told at the next :meth:`renew`."""
        for part in _parts(list(job_ids)):
            self.database.write(partial(listing.forget, ids=part))

    def waiting(self) -> int:
        """Count the units of work that nobody has begun."""
        ready = select(func.count().label("number")).where(units.c.state == UnitState.READY)
        return int(self._rows(ready)[0].number)

    def jobs(self, job_ids: Sequence[str]) -> dict[str, JobView]:
        """Look jobs up; those that are not known are left out."""
        found: dict[str, JobView] = {}
        for part in _parts(job_ids):
            for row in self._rows(select(jobs).where(jobs.c.id.in_(part))):
                found[row.id] = listing.view_of(row)
        return found

    def counts(self, owner: str) -> dict[JobState, int]:
        """Count an owner's jobs by state; states that no job is in are left out."""
        statement = (
            select(jobs.c.state, func.count().label("number")).where(jobs.c.owner == owner).group_by(jobs.c.state)
        )
        rows = self._rows(statement)
        return {JobState(row.state): row.number for row in rows}

    def ranges(self, job_id: str) -> list[tuple[int, int, Json | None]]:
        """Return first unit, last unit and receipt of each range of a job in order; None where a range was given up."""
        statement = (
            select(units.c.first, units.c.last, units.c.receipt)
            .join(jobs, jobs.c.seq == units.c.job)
            .where(jobs.c.id == job_id, units.c.kind == "range")
            .order_by(units.c.no)
        )
        rows = self._rows(statement)
        return [(row.first, row.last, from_text(row.receipt)) for row in rows]

    def runners(self) -> list[str]:
        """Return the names of all runners that hold units."""
        statement = select(units.c.runner).where(units.c.state == UnitState.LEASED).distinct()
        return [row.runner for row in self._rows(statement) if row.runner is not None]

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def _rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        return self.database.read(lambda connection: connection.execute(statement).all())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut a sequence into parts that one statement can take."""
    for at in range(0, len(values), _AT_ONCE):
        yield values[at : at + _AT_ONCE]
