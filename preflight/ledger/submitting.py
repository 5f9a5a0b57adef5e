"""Taking jobs in, each once, with a turn among the jobs of all owners. Runs inside a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from preflight.ledger.records import Accepted, to_text
from preflight.ledger.schema import jobs, messages, owners, unit_row, units
from preflight.ledger.states import PLAN_NUMBER, HookState, JobState, UnitState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Connection, Row, Table

    from preflight.ledger.records import NewJob


def take_in(connection: Connection, *, now: ColumnElement[float], wanted: Sequence[NewJob]) -> list[Accepted]:
    """Write down jobs that are not known yet, with one unit each; return what is known of all of them."""
    first = {one.id: one for one in reversed(wanted)}
    known = _states(connection, first)
    fresh = [one for name, one in first.items() if name not in known]
    fresh.reverse()  # in the order in which they were given
    created = _insert(connection, now, fresh) if fresh else set()
    _remember_hooks(connection, [first[name] for name in created])
    _move_documents(connection, [first[name] for name, state in known.items() if not state.final])
    known |= _states(connection, [name for name in first if name not in known])
    return [
        Accepted(id=one.id, created=one.id in created and first[one.id] is one, state=known[one.id]) for one in wanted
    ]


def _states(connection: Connection, wanted: Iterable[str]) -> dict[str, JobState]:
    rows = connection.execute(select(jobs.c.id, jobs.c.state).where(jobs.c.id.in_(list(wanted))))
    return {row.id: JobState(row.state) for row in rows}


def _insert(connection: Connection, now: ColumnElement[float], fresh: Sequence[NewJob]) -> set[str]:
    """Insert jobs and their first units; return the names of those that nobody else inserted meanwhile."""
    turns = _turns(connection, fresh)
    rows = [
        {
            "id": one.id,
            "owner": one.owner,
            "key": one.key,
            "state": JobState.QUEUED,
            "priority": one.priority,
            "turn": turn,
            "request": one.request,
            "document": to_text(one.document),
            "tokens": 0,
            "pending": 0,
            "units_total": 1,
            "units_done": 0,
            "units_dead": 0,
            "subject": one.subject,
            "hook": None if one.hook is None else HookState.WAITING,
            "asked_with": one.asked_with or None,
        }
        for one, turn in zip(fresh, turns, strict=True)
    ]
    time = connection.execute(select(now)).scalar_one()
    _insert_new(connection, jobs, [row | {"created_at": time} for row in rows])
    mine = select(jobs).where(jobs.c.id.in_([one.id for one in fresh]), jobs.c.units_total == 1)
    without = ~select(units.c.job).where(units.c.job == jobs.c.seq).exists()
    found = connection.execute(mine.where(without).order_by(jobs.c.seq)).all()
    if found:
        connection.execute(insert(units), [_first_unit(job) for job in found])
    return {job.id for job in found}


def _turns(connection: Connection, fresh: Sequence[NewJob]) -> list[int]:
    """Give each new job a turn: one more than the owner's last, and never before those whose turn it is now.

    Start-time fair queueing: who has 10,000 jobs waiting does not keep a newcomer from the next free worker.
    """
    names = sorted({one.owner for one in fresh})
    _insert_new(connection, owners, [{"owner": name, "turn": -1} for name in names])
    locked = select(owners).where(owners.c.owner.in_(names)).order_by(owners.c.owner).with_for_update()
    last = {row.owner: row.turn for row in connection.execute(locked)}
    now_at = {priority: _turn_now(connection, priority) for priority in {one.priority for one in fresh}}
    turns = []
    for one in fresh:
        last[one.owner] = max(last[one.owner] + 1, now_at[one.priority])
        turns.append(last[one.owner])
    for name in names:
        connection.execute(update(owners).where(owners.c.owner == name).values(turn=last[name]))
    return turns


def _turn_now(connection: Connection, priority: int) -> int:
    """Whose turn it is: that of the first unit that waits; where none does, all owners begin anew together."""
    waiting = select(units.c.turn).where(units.c.state == UnitState.READY, units.c.priority == priority)
    turn = connection.execute(waiting.order_by(units.c.turn).limit(1)).scalar()
    return turn if turn is not None else connection.execute(select(func.max(owners.c.turn))).scalar_one() or 0


def _insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, leaving out those that are there."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def _first_unit(job: Row[Any]) -> dict[str, object]:
    return unit_row(job.seq, PLAN_NUMBER, "plan", owner=job.owner, priority=job.priority, turn=job.turn)


def _remember_hooks(connection: Connection, created: Iterable[NewJob]) -> None:
    """Remember who is to be told of the end of new jobs."""
    rows = [
        {"job": one.id, "url": one.hook[0], "secret": one.hook[1], "tries": 0, "not_before": 0.0}
        for one in created
        if one.hook is not None
    ]
    if rows:
        connection.execute(insert(messages), rows)


def _move_documents(connection: Connection, known: Iterable[NewJob]) -> None:
    """Remember where the documents of known jobs lie now."""
    for one in known:
        if not one.movable:
            continue
        document = to_text(one.document)
        moved = (jobs.c.id == one.id, jobs.c.document != document, jobs.c.finished_at.is_(None))
        connection.execute(update(jobs).where(*moved).values(document=document))
