"""How much there is to do: figures for whoever watches a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from preflight.ledger.schema import jobs, units
from preflight.ledger.states import JobState, UnitState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from preflight.ledger.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Figures over all owners.

    Attributes:
        jobs: Jobs by state; every state is there.
        waiting: Units of work that wait.
        leased: Units of work that somebody works on.
        oldest_wait_s: Seconds since the oldest job with a waiting unit was taken in; 0 when none waits.
    """

    jobs: Mapping[JobState, int]
    waiting: int
    leased: int
    oldest_wait_s: float


def overview(database: Database) -> Overview:
    """Count what there is.

    Raises:
        LedgerUnavailable: The database cannot be read.
    """

    def work(connection: Connection) -> Overview:
        by_state = select(jobs.c.state, func.count().label("number")).group_by(jobs.c.state)
        found = {row.state: row.number for row in connection.execute(by_state)}
        open_units = units.c.state.in_((UnitState.READY, UnitState.LEASED))
        by_unit = select(units.c.state, func.count().label("number")).where(open_units).group_by(units.c.state)
        counts = {row.state: row.number for row in connection.execute(by_unit)}
        first = select(func.min(jobs.c.created_at), database.now()).join(units, units.c.job == jobs.c.seq)
        oldest, now = connection.execute(first.where(units.c.state == UnitState.READY)).one()
        return Overview(
            jobs={state: found.get(state, 0) for state in JobState},
            waiting=counts.get(UnitState.READY, 0),
            leased=counts.get(UnitState.LEASED, 0),
            oldest_wait_s=0.0 if oldest is None else max(0.0, now - oldest),
        )

    return database.read(work)
