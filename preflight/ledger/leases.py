"""Lending units of work to runners, and writing down what came of them. Every function runs inside a transaction.

Locks are taken on job and unit at once, or on the job first, so that no two transactions wait for each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, Select, insert, select, update

from preflight.ledger.records import Lease, from_text, to_text
from preflight.ledger.schema import jobs, unit_row, units
from preflight.ledger.states import (
    ASSEMBLY_NUMBER,
    FINAL,
    PLAN_NUMBER,
    JobState,
    UnitState,
    after_failure,
)

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from preflight.ledger.records import FollowUp, Json, Settlement
    from preflight.ledger.states import Status, UnitKind

_EXPIRED_AT_ONCE = 200
_Work = Row[Any]
"""A unit with what is needed of its job."""

_WORK = (
    units,
    jobs.c.id,
    jobs.c.state.label("job_state"),
    jobs.c.tokens,
    jobs.c.pending,
    jobs.c.request,
    jobs.c.document,
)


def lend(
    connection: Connection,
    now: ColumnElement[float],
    runner: str,
    count: int,
    ttl_s: float,
    owner: str | None,
) -> list[Lease]:
    """Lend up to ``count`` ready units: highest priority first, owners in turn, then in order of arrival."""
    ready = _locked(units.c.state == UnitState.READY).where(units.c.not_before <= now)
    if owner is not None:
        ready = ready.where(units.c.owner == owner)
    order = (units.c.priority.desc(), units.c.turn, units.c.job, units.c.no)
    found = connection.execute(ready.order_by(*order).limit(count)).all()
    tokens: dict[int, int] = {}
    leases = []
    for work in found:
        token = tokens[work.job] = tokens.get(work.job, work.tokens) + 1
        changes = {"state": UnitState.LEASED, "token": token, "runner": runner, "lease_until": now + ttl_s}
        connection.execute(update(units).where(*_is(work)).values(changes))
        leases.append(_lease(work, token))
    for job, token in tokens.items():
        connection.execute(update(jobs).where(jobs.c.seq == job).values(tokens=token, state=JobState.RUNNING))
    return leases


def take_back(connection: Connection, now: ColumnElement[float], which: ColumnElement[bool], status: Status) -> int:
    """Take leased units from their runners; ``status`` says whether that counts as a loss."""
    found = connection.execute(_locked(units.c.state == UnitState.LEASED).where(which).limit(_EXPIRED_AT_ONCE)).all()
    for work in found:
        one = _fresh(connection, work)
        _fail(connection, now, one, status, {"code": "runner-lost", "detail": _LOST})
        if status == "lost":  # nobody is to blame who is still there, so nobody needs to wait
            connection.execute(update(units).where(*_is(one)).values(not_before=0.0))
    return len(found)


def put_back(connection: Connection, runner: str) -> int:
    """Give back what a runner that stops of itself has not begun or not finished; that is nobody's loss."""
    values = {"state": UnitState.READY, "runner": None, "lease_until": None}
    held = (units.c.state == UnitState.LEASED, units.c.runner == runner)
    return connection.execute(update(units).where(*held).values(values)).rowcount


def settle_one(connection: Connection, now: ColumnElement[float], one: Settlement) -> bool:
    """Write down how an attempt ended; False when the unit had been lent to somebody else, or was cancelled."""
    wanted = _locked(jobs.c.id == one.job_id).where(units.c.no == one.number)
    work = connection.execute(_waiting(wanted)).one_or_none()
    if work is None or work.state != UnitState.LEASED or work.token != one.token:
        return False
    if one.status == "ok":
        _done(connection, now, work, one)
    else:
        _fail(connection, now, work, one.status, one.problem)
    return True


_LOST = "Whoever worked on this document was lost again and again. Try again, alone and with more memory."


def _locked(which: ColumnElement[bool]) -> Select[Any]:
    """Select units with their jobs and lock both; what others have locked is passed over."""
    return select(*_WORK).join(jobs, jobs.c.seq == units.c.job).where(which).with_for_update(skip_locked=True)


def _waiting(statement: Select[Any]) -> Select[Any]:
    """The same, waiting for others."""
    return statement.with_for_update()


def _fresh(connection: Connection, work: _Work) -> _Work:
    """Look at a unit again: what came before in this transaction may have changed its job."""
    return connection.execute(_locked(units.c.job == work.job).where(units.c.no == work.no)).one()


def _is(work: _Work) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return units.c.job == work.job, units.c.no == work.no


def _lease(work: _Work, token: int) -> Lease:
    return Lease(
        job_id=work.id,
        number=work.no,
        token=token,
        kind=work.kind,
        request=work.request,
        document=from_text(work.document) or {},
        first=work.first,
        last=work.last,
        payload=from_text(work.payload) or {},
    )


def _done(connection: Connection, now: ColumnElement[float], work: _Work, one: Settlement) -> None:
    receipt = None if one.receipt is None else to_text(one.receipt)
    _end_unit(connection, work, UnitState.DONE, receipt=receipt)
    step = update(jobs).where(jobs.c.seq == work.job)
    connection.execute(step.values(units_done=jobs.c.units_done + 1))
    if one.follow_up is not None and one.problem is None:
        _follow_up(connection, work, one.follow_up)
    elif work.kind == "range":
        _range_ended(connection, work)
    else:
        problem = None if one.problem is None else to_text(one.problem)
        dead = select(jobs.c.units_dead).where(jobs.c.seq == work.job).scalar_subquery()
        partial = connection.execute(select(dead)).scalar_one() > 0
        state = JobState.FAILED if problem else JobState.PARTIAL if partial else JobState.DONE
        connection.execute(step.values(state=state, result=receipt, problem=problem, finished_at=now))


def _fail(connection: Connection, now: ColumnElement[float], work: _Work, status: Status, problem: Json | None) -> None:
    state, faults, losses, pause = after_failure(status, work.faults, work.losses)
    counted = {"faults": faults, "losses": losses, "not_before": now + pause}
    connection.execute(update(units).where(*_is(work)).values(counted))
    _end_unit(connection, work, state)
    if state is UnitState.READY:
        return
    job = update(jobs).where(jobs.c.seq == work.job)
    if state is UnitState.CANCELLED:
        connection.execute(job.values(state=JobState.CANCELLED, finished_at=now))
        return
    connection.execute(job.values(units_dead=jobs.c.units_dead + 1))
    if work.kind == "range":  # the others are worth having; the assembly says what is missing
        _range_ended(connection, work)
    else:
        text = None if problem is None else to_text(problem)
        connection.execute(job.values(state=JobState.FAILED, problem=text, finished_at=now))


def _end_unit(connection: Connection, work: _Work, state: UnitState, *, receipt: str | None = None) -> None:
    values = {"state": state, "runner": None, "lease_until": None, "receipt": receipt}
    connection.execute(update(units).where(*_is(work)).values(values))


def _follow_up(connection: Connection, work: _Work, follow_up: FollowUp) -> None:
    """Add the ranges. They take turns with the jobs of others that wait, from where their own job stands."""
    payload = to_text(follow_up.payload)
    rows = [
        _unit(work, no, "range", turn=work.turn + no - 1, span=span, payload=payload)
        for no, span in enumerate(follow_up.ranges, start=1)
    ]
    counted = {"pending": len(rows), "units_total": jobs.c.units_total + len(rows)}
    connection.execute(update(jobs).where(jobs.c.seq == work.job).values(counted))
    if rows:
        connection.execute(insert(units), rows)
    else:
        _assemble(connection, work, payload)


def _range_ended(connection: Connection, work: _Work) -> None:
    job = update(jobs).where(jobs.c.seq == work.job, jobs.c.state.not_in(FINAL))
    pending = connection.execute(job.values(pending=jobs.c.pending - 1).returning(jobs.c.pending)).scalar()
    if pending == 0:
        _assemble(connection, work, work.payload)


def _assemble(connection: Connection, work: _Work, payload: str) -> None:
    first = units.c.job == work.job, units.c.no == PLAN_NUMBER
    turn = connection.execute(select(units.c.turn).where(*first)).scalar_one()
    row = _unit(work, ASSEMBLY_NUMBER, "assembly", turn=turn, payload=payload)
    connection.execute(insert(units), [row])
    counted = {"units_total": jobs.c.units_total + 1}
    connection.execute(update(jobs).where(jobs.c.seq == work.job).values(counted))


def _unit(
    work: _Work, no: int, kind: UnitKind, *, turn: int, payload: str, span: tuple[int, int] = (0, 0)
) -> dict[str, object]:
    owner, priority = work.owner, work.priority
    return unit_row(work.job, no, kind, owner=owner, priority=priority, turn=turn, span=span, payload=payload)
