"""Looking at jobs, following and forgetting them. Functions run inside a transaction, or make a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, Select, delete, func, select, update

from preflight.ledger.records import JobView, Reached, from_text
from preflight.ledger.schema import jobs, messages, units
from preflight.ledger.states import HookState, JobState, UnitState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Table

    from preflight.engine.base import Place
    from preflight.ledger.records import Mark


def note(connection: Connection, reached: Mapping[Place, Reached]) -> None:
    """Write down how far units are, and with them their jobs. Ranges of one document add up."""
    for (job_id, number, token), one in sorted(reached.items()):
        wanted = select(jobs.c.seq, units.c.kind).join(units, units.c.job == jobs.c.seq)
        mine = (jobs.c.id == job_id, units.c.no == number, units.c.token == token, units.c.state == UnitState.LEASED)
        found = connection.execute(wanted.where(*mine).with_for_update()).one_or_none()
        if found is None:
            continue
        unit = units.c.job == found.seq, units.c.no == number
        connection.execute(update(units).where(*unit).values(reached=one.count))
        values: dict[str, Any] = {"phase": one.phase, "reached": one.count, "goal": one.goal}
        if found.kind == "range":
            ranges = units.c.job == found.seq, units.c.kind == "range"
            values["reached"] = select(func.sum(units.c.reached)).where(*ranges).scalar_subquery()
        connection.execute(update(jobs).where(jobs.c.seq == found.seq).values(values))


def earlier(table: Table, owner: str, mark: Mark) -> ColumnElement[bool]:
    """Return the condition for an owner's entries that came before a mark.

    Where the marked entry is gone, those that were made no later count: who removes what is listed misses nothing, and
    gets an entry once more at worst, which was made at the same instant.
    """
    mine = select(table.c.seq).where(table.c.owner == owner)
    there = mine.where(table.c.id == mark.id).scalar_subquery()
    last = select(func.max(table.c.seq)).where(table.c.owner == owner, table.c.created_at <= mark.at).scalar_subquery()
    return table.c.seq < func.coalesce(there, last + 1, 0)


def page(owner: str, before: Mark | None, limit: int, without: str, asked_with: str | None = None) -> Select[Any]:
    """Select an owner's jobs that are about something, the latest first."""
    statement = select(jobs).where(jobs.c.owner == owner, jobs.c.subject.is_not(None))
    statement = statement.where(jobs.c.key.not_like(f"{without}%"))
    if asked_with is not None:
        statement = statement.where(jobs.c.asked_with == asked_with)
    if before is not None:
        statement = statement.where(earlier(jobs, owner, before))
    return statement.order_by(jobs.c.seq.desc()).limit(limit)


def forget(connection: Connection, *, ids: Sequence[str]) -> None:
    """Remove jobs, their units, and what was to be told of them."""
    found = select(jobs.c.seq).where(jobs.c.id.in_(ids))
    seqs = connection.execute(found.with_for_update()).scalars().all()
    connection.execute(delete(units).where(units.c.job.in_(seqs)))
    connection.execute(delete(jobs).where(jobs.c.seq.in_(seqs)))
    connection.execute(delete(messages).where(messages.c.job.in_(ids)))


def view_of(row: Row[Any]) -> JobView:
    """Return a row of the table of jobs as a value."""
    reached = None if row.phase is None else Reached(phase=row.phase, count=row.reached, goal=row.goal)
    return JobView(
        id=row.id,
        owner=row.owner,
        key=row.key,
        state=JobState(row.state),
        units_total=row.units_total,
        units_done=row.units_done,
        units_dead=row.units_dead,
        document=from_text(row.document) or {},
        result=from_text(row.result),
        problem=from_text(row.problem),
        created_at=row.created_at,
        finished_at=row.finished_at,
        request=row.request,
        revision=row.revision,
        reached=reached,
        hook=None if row.hook is None else HookState(row.hook),
        asked_with=row.asked_with or "",
    )
