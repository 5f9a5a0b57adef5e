"""What a ledger promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from preflight.errors import LedgerBusy, LedgerUnavailable, SettingsError, UsageError
from preflight.ledger.migrate import LOCK as MIGRATION_LOCK
from preflight.ledger.records import FollowUp, NewJob, Settlement
from preflight.ledger.states import ASSEMBLY_NUMBER, MAX_FAULTS, MAX_LOSSES, JobState
from preflight.ledger.store import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgres import Server

    from preflight.ledger.records import Json, Lease
    from preflight.ledger.states import Status


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(ledger_url: str, clock: Clock) -> Iterator[Ledger]:
    with Ledger(ledger_url, clock=clock) as made:
        yield made


def job(key: str, owner: str = "a", *, priority: int = 0, at: str = "/x") -> NewJob:
    return NewJob(owner=owner, key=key, request="r", document={"at": at}, priority=priority)


def ok(lease: Lease, receipt: Json | None = None, follow_up: FollowUp | None = None) -> Settlement:
    number, token = lease.number, lease.token
    return Settlement(
        job_id=lease.job_id, number=number, token=token, status="ok", receipt=receipt or {}, follow_up=follow_up
    )


def failed(lease: Lease, status: Status) -> Settlement:
    number, token, problem = lease.number, lease.token, {"code": status}
    return Settlement(job_id=lease.job_id, number=number, token=token, status=status, problem=problem)


def take(ledger: Ledger, count: int = 1, runner: str = "r1", ttl_s: float = 15.0) -> list[Lease]:
    return ledger.lease(runner, count, ttl_s=ttl_s)


def state(ledger: Ledger, name: str) -> JobState:
    return ledger.jobs([name])[name].state


def test_a_key_is_one_job_however_often_it_is_asked_for(ledger: Ledger) -> None:
    first, twin, other = ledger.submit([job("k"), job("k"), job("k", "b")])
    again, new = ledger.submit([job("k"), job("l")])

    assert [first.created, twin.created, other.created, again.created, new.created] == [True, False, True, False, True]
    assert first.id == twin.id == again.id
    assert first.id != other.id
    assert len(take(ledger, 10)) == 3


def test_many_submit_the_same_at_once(ledger: Ledger) -> None:
    wanted = [job(str(number)) for number in range(20)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ledger.submit(wanted), range(6)))

    assert sum(one.created for answer in answers for one in answer) == 20
    assert len(take(ledger, 100)) == 20


def test_what_was_accepted_is_there_after_opening_anew(ledger: Ledger, ledger_url: str) -> None:
    ledger.submit([job(str(number)) for number in range(600)])

    with Ledger(ledger_url) as other:
        assert other.counts("a") == {JobState.QUEUED: 600}
        assert len(other.lease("r", 1000, ttl_s=5)) == 600


def test_a_unit_is_lent_once_and_brings_its_document(ledger: Ledger) -> None:
    name = "b\udcffd\n\x00"
    ledger.submit([job("k", at=name)])

    (lease,) = take(ledger)

    assert lease.document == {"at": name}
    assert (lease.kind, lease.number, lease.token) == ("plan", 0, 1)
    assert take(ledger) == []
    assert state(ledger, lease.job_id) is JobState.RUNNING


def test_many_runners_never_hold_the_same_unit(ledger: Ledger) -> None:
    ledger.submit([job(str(number)) for number in range(60)])

    def run(runner: str) -> list[str]:
        taken: list[str] = []
        while leases := ledger.lease(runner, 3, ttl_s=60):
            ledger.settle([ok(one) for one in leases])
            taken += [one.job_id for one in leases]
        return taken

    with ThreadPoolExecutor(5) as pool:
        taken = [one for part in pool.map(run, "vwxyz") for one in part]

    assert len(taken) >= 60
    assert len(taken) == len(set(taken)) == 60
    assert ledger.counts("a") == {JobState.DONE: 60}


def test_a_job_without_more_to_do_is_done_with_its_plan(ledger: Ledger) -> None:
    ledger.submit([job("k")])
    (lease,) = take(ledger)

    settled = ledger.settle([ok(lease, {"report": "abc"})])

    assert settled.finished == (lease.job_id,)
    view = ledger.jobs([lease.job_id])[lease.job_id]
    assert (view.state, view.result, view.units_total, view.units_done) == (JobState.DONE, {"report": "abc"}, 1, 1)
    assert view.finished_at is not None


def test_ranges_then_assembly(ledger: Ledger) -> None:
    ledger.submit([job("k")])
    (plan,) = take(ledger)
    follow_up = FollowUp(ranges=((1, 4), (5, 8), (9, 9)), payload={"wanted": "w"})
    assert ledger.settle([ok(plan, {"report": "r"}, follow_up)]).finished == ()

    ranges = take(ledger, 10)
    assert [(one.kind, one.first, one.last, one.payload) for one in ranges] == [
        ("range", 1, 4, {"wanted": "w"}),
        ("range", 5, 8, {"wanted": "w"}),
        ("range", 9, 9, {"wanted": "w"}),
    ]
    ledger.settle([ok(ranges[2], {"text": "c"})])
    ledger.settle([ok(ranges[0], {"text": "a"})])
    assert take(ledger) == []
    ledger.settle([ok(ranges[1], {"text": "b"})])
    (assembly,) = take(ledger, 10)
    assert (assembly.kind, assembly.number) == ("assembly", ASSEMBLY_NUMBER)
    assert ledger.ranges(plan.job_id) == [(1, 4, {"text": "a"}), (5, 8, {"text": "b"}), (9, 9, {"text": "c"})]
    ledger.settle([ok(assembly, {"manifest": "m"})])

    view = ledger.jobs([plan.job_id])[plan.job_id]
    assert (view.state, view.result, view.units_total, view.units_done) == (JobState.DONE, {"manifest": "m"}, 5, 5)


def test_the_last_two_ranges_at_once_make_one_assembly(ledger: Ledger) -> None:
    for turn in range(8):
        ledger.submit([job(str(turn))])
        (plan,) = take(ledger)
        ledger.settle([ok(plan, follow_up=FollowUp(ranges=((1, 1), (2, 2))))])
        both = take(ledger, 2)
        gate = threading.Barrier(2)

        def hand_in(one: Lease, gate: threading.Barrier = gate) -> int:
            gate.wait()
            return ledger.settle([ok(one)]).stale

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(hand_in, both)) == 0
        (assembly,) = take(ledger, 5)
        assert assembly.kind == "assembly"
        ledger.settle([ok(assembly)])


def test_a_range_that_is_given_up_leaves_a_partial_job(ledger: Ledger, clock: Clock) -> None:
    ledger.submit([job("k")])
    (plan,) = take(ledger)
    ledger.settle([ok(plan, follow_up=FollowUp(ranges=((1, 4), (5, 8))))])
    good, bad = take(ledger, 2)
    ledger.settle([ok(good, {"text": "a"})])
    for _ in range(MAX_FAULTS):
        ledger.settle([failed(bad, "crash")])
        clock.now += 60
        for bad in take(ledger):
            assert bad.number in (2, ASSEMBLY_NUMBER)

    assert bad.kind == "assembly"
    assert ledger.ranges(plan.job_id) == [(1, 4, {"text": "a"}), (5, 8, None)]
    ledger.settle([ok(bad, {"manifest": "m"})])
    assert state(ledger, plan.job_id) is JobState.PARTIAL


@pytest.mark.parametrize(("status", "most"), [("crash", MAX_FAULTS), ("oom", MAX_FAULTS), ("storage", MAX_LOSSES)])
def test_a_poison_unit_ends(ledger: Ledger, clock: Clock, status: Status, most: int) -> None:
    ledger.submit([job("poison"), job("good")])
    attempts = 0
    while leases := take(ledger, 10):
        for lease in leases:
            poison = lease.job_id == job("poison").id
            attempts += poison
            ledger.settle([failed(lease, status) if poison else ok(lease)])
        clock.now += 60

    view = ledger.jobs([job("poison").id])[job("poison").id]
    assert attempts == most
    assert (view.state, view.problem) == (JobState.FAILED, {"code": status})
    assert state(ledger, job("good").id) is JobState.DONE


def test_a_failed_unit_waits_before_it_is_tried_again(ledger: Ledger, clock: Clock) -> None:
    ledger.submit([job("k")])
    ledger.settle([failed(take(ledger)[0], "crash")])

    assert take(ledger) == []
    clock.now += 1
    assert len(take(ledger)) == 1


def test_a_lease_that_ran_out_goes_to_another_and_the_first_is_fenced_out(ledger: Ledger, clock: Clock) -> None:
    ledger.submit([job("k")])
    (frozen,) = take(ledger, runner="r1", ttl_s=15)
    clock.now += 16
    (second,) = take(ledger, runner="r2")
    assert second.token > frozen.token

    assert ledger.settle([ok(frozen, {"report": "late"})]).stale == 1
    assert ledger.settle([failed(frozen, "crash")]).stale == 1
    assert ledger.settle([ok(second, {"report": "right"})]).finished == (second.job_id,)
    assert ledger.settle([ok(second, {"report": "twice"})]).stale == 1
    assert ledger.jobs([second.job_id])[second.job_id].result == {"report": "right"}


def test_a_heartbeat_keeps_a_lease(ledger: Ledger, clock: Clock) -> None:
    ledger.submit([job("k"), job("l")])
    held = take(ledger, 2, ttl_s=15)
    for _ in range(5):
        clock.now += 10
        assert ledger.renew("r1", ttl_s=15) == {one.place for one in held}
        assert take(ledger, runner="r2") == []
    ledger.cancel(held[0].job_id)

    assert ledger.renew("r1", ttl_s=15) == {held[1].place}


def test_a_killed_runner_costs_leases_and_no_faults(ledger: Ledger, clock: Clock) -> None:
    ledger.submit([job("k")])
    for _ in range(MAX_LOSSES - 1):
        clock.now += 100
        assert len(take(ledger, ttl_s=1)) == 1
    clock.now += 100
    for _ in range(MAX_FAULTS - 1):
        (lease,) = take(ledger)
        ledger.settle([failed(lease, "crash")])
        clock.now += 100

    assert state(ledger, job("k").id) is JobState.RUNNING


def test_a_runner_that_stops_gives_its_units_back_at_once(ledger: Ledger) -> None:
    ledger.submit([job("k"), job("l")])
    take(ledger, 2)
    assert ledger.runners() == ["r1"]

    assert ledger.release("r1") == 2
    assert ledger.runners() == []
    assert len(take(ledger, 2, "r2")) == 2


def test_a_runner_that_was_killed_is_released_by_another(ledger: Ledger, clock: Clock) -> None:
    ledger.submit([job(str(number)) for number in range(300)])
    first = take(ledger, 300)

    assert ledger.release("r1", lost=True) == 300
    clock.now += 2
    assert len(take(ledger, 400, "r2")) == 300
    assert ledger.settle([ok(one) for one in first]).stale == 300


def test_cancel(ledger: Ledger) -> None:
    ledger.submit([job("k"), job("l")])
    leases = take(ledger, 1)

    assert ledger.cancel(leases[0].job_id)
    assert not ledger.cancel(leases[0].job_id)
    assert not ledger.cancel("nobody")
    assert ledger.settle([ok(leases[0])]).stale == 1
    assert ledger.counts("a") == {JobState.CANCELLED: 1, JobState.QUEUED: 1}
    (other,) = take(ledger, 5)
    assert other.job_id == job("l").id


def test_an_ended_job_can_be_begun_anew(ledger: Ledger, clock: Clock) -> None:
    ledger.submit([job("k")])
    (plan,) = take(ledger)
    ledger.settle([ok(plan, follow_up=FollowUp(ranges=((1, 4),)))])
    (lease,) = take(ledger)
    ledger.cancel(plan.job_id)

    assert ledger.retry([plan.job_id, "nobody"]) == 1
    assert ledger.retry([plan.job_id]) == 0
    (again,) = take(ledger, 5)
    assert (again.kind, again.token > lease.token) == ("plan", True)
    assert ledger.settle([ok(plan), ok(lease)]).stale == 2
    ledger.settle([ok(again, {"report": "r"})])
    assert ledger.jobs([plan.job_id])[plan.job_id].units_total == 1


def test_each_time_a_job_is_begun_anew_something_else_is_asked(ledger: Ledger, clock: Clock) -> None:
    """So that no receipt of an earlier attempt answers; a runner that died within one attempt has left good ones."""
    ledger.submit([job("k")])
    asked = []
    for _ in range(3):
        (lost,) = take(ledger)
        clock.now += 1_000
        (plan,) = take(ledger)
        assert plan.payload == lost.payload
        asked.append(str(plan.payload))
        ledger.settle([ok(plan)])
        ledger.retry([plan.job_id])

    assert len(set(asked)) == 3


def test_owners_take_turns_and_priority_goes_first(ledger: Ledger) -> None:
    ledger.submit([job(str(number), "many") for number in range(50)])
    ledger.settle([ok(one) for one in take(ledger, 10)])
    ledger.submit([job(str(number), "few") for number in range(3)])
    ledger.submit([job("urgent", "many", priority=5)])

    order = [one.job_id for one in take(ledger, 9)]

    assert order[0] == job("urgent", "many").id
    few = [order.index(job(str(number), "few").id) for number in range(3)]
    assert max(few) <= 6


def test_an_idle_owner_saves_up_no_turns(ledger: Ledger) -> None:
    ledger.submit([job(str(number), "many") for number in range(50)])
    ledger.settle([ok(one) for one in take(ledger, 50)])
    ledger.submit([job(str(number), "new") for number in range(20)])
    ledger.submit([job(str(number), "many") for number in range(50, 60)])

    owners = {job(str(number), "many").id for number in range(50, 60)}
    assert sum(one.job_id in owners for one in take(ledger, 10)) >= 4


def test_leases_can_be_of_one_owner_only(ledger: Ledger) -> None:
    ledger.submit([job("k", "a"), job("k", "b")])

    (only,) = ledger.lease("r", 5, ttl_s=5, owner="b")

    assert only.job_id == job("k", "b").id


def test_a_document_that_moved_is_found_again(ledger: Ledger) -> None:
    ledger.submit([job("k", at="/old")])
    ledger.submit([job("k", at="/new")])

    assert take(ledger)[0].document == {"at": "/new"}


def test_a_document_that_cannot_be_read_is_a_result(ledger: Ledger) -> None:
    ledger.submit([job("k")])
    (lease,) = take(ledger)
    number, token = lease.number, lease.token
    ledger.settle(
        [
            Settlement(
                job_id=lease.job_id,
                number=number,
                token=token,
                status="ok",
                receipt={"report": "r"},
                problem={"code": "damaged"},
            )
        ]
    )

    view = ledger.jobs([lease.job_id])[lease.job_id]
    assert (view.state, view.result, view.problem) == (JobState.FAILED, {"report": "r"}, {"code": "damaged"})


def test_the_databases_own_clock(ledger_url: str) -> None:
    with Ledger(ledger_url) as made:
        made.submit([job("k")])
        (first,) = made.lease("r1", 1, ttl_s=0.2)
        assert made.lease("r2", 1, ttl_s=5) == []
        deadline = threading.Event()
        second: list[Lease] = []
        for _ in range(200):
            second = made.lease("r2", 1, ttl_s=5)
            if second:
                break
            deadline.wait(0.05)
        assert second[0].token == first.token + 1


def test_migrations_make_the_tables_of_the_schema(ledger: Ledger, ledger_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    from preflight.ledger import migrate
    from preflight.ledger.schema import metadata

    url = ledger_url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        made = {row[0] for row in connection.execute(text(_INDEXES[connection.dialect.name]))}
    engine.dispose()
    assert {"ix_units_ready", "ix_units_leased", "ix_jobs_owner_state", "ix_owners_turn"} <= made
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert scripts.get_current_head() == migrate.HEAD


_INDEXES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
    "postgresql": "SELECT indexname FROM pg_indexes",
}


def test_many_open_a_new_ledger_at_once(ledger_url: str) -> None:
    def opened(_: int) -> int:
        with Ledger(ledger_url) as made:
            return len(made.submit([job("k")]))

    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(opened, range(5))) == [1] * 5


def test_a_ledger_of_a_newer_version_is_left_alone(ledger: Ledger, ledger_url: str) -> None:
    engine = create_engine(ledger_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(LedgerUnavailable, match="newer version"):
        Ledger(ledger_url)


def test_addresses_that_are_none(tmp_path: Path) -> None:
    for url in ("", "no address", "oracle://x/y", "nothing://x"):
        with pytest.raises(SettingsError, match="sqlite:///PATH"):
            Ledger(url)
    with pytest.raises(LedgerUnavailable):
        Ledger(f"sqlite:///{tmp_path / 'no' / 'folder' / 'x'}")
    (tmp_path / "text").write_text("no database, but long enough to be looked at " * 100)
    with pytest.raises(LedgerUnavailable):
        Ledger(f"sqlite:///{tmp_path / 'text'}")
    with pytest.raises(LedgerUnavailable, match="cannot be reached"):
        Ledger("postgresql://nobody@/x?host=/nowhere", patience_s=0.1)
    with pytest.raises(LedgerUnavailable, match="cannot be reached"):
        Ledger("postgresql://nobody@/x?host=/nowhere", patience_s=100_000, away_s=0)


def test_keys_that_are_too_long_are_refused(ledger: Ledger) -> None:
    for wanted in (job("x" * 201), job(""), job("k", "o" * 201)):
        with pytest.raises(UsageError):
            ledger.submit([wanted])


def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with Ledger(f"sqlite:///{path}") as made:
        locker = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        locker.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(3.0, lambda: locker.execute("ROLLBACK"))
        timer.start()
        assert made.submit([job("k")])[0].created
        timer.join()
        locker.close()


def test_a_database_that_stays_locked_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with Ledger(f"sqlite:///{path}", patience_s=0.5) as made:
        locker = sqlite3.connect(path, isolation_level=None)
        locker.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerBusy, match="locked"):
            made.submit([job("k")])
        locker.execute("ROLLBACK")
        locker.close()
        assert made.submit([job("k")])[0].created


def test_callers_who_queue_for_a_server_that_is_away_wait_as_one(postgres: Server) -> None:
    with Ledger(postgres.database(), patience_s=100_000, away_s=0.2) as made:
        postgres.stop()
        try:
            for _ in range(3):
                with pytest.raises(LedgerUnavailable):
                    made.counts("a")
            assert not made.database.answers()
        finally:
            postgres.start()

        assert made.database.answers()
        assert made.submit([job("k")])[0].created


def test_a_server_that_is_at_work_is_not_away(postgres: Server) -> None:
    """A lock that somebody keeps ends with the server's word, nothing is left behind it, and others are answered."""
    url = postgres.database()
    with Ledger(url, patience_s=1.0) as made, Ledger(url) as other:
        made.submit([job("k")])
        with other.database.engine.begin() as locker:
            locker.execute(text("LOCK TABLE owners"))
            with pytest.raises(LedgerBusy):
                made.submit([job("l")])
            assert made.counts("a")
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            assert locker.execute(text(waiting)).scalar() == 0, "the server does nothing for who has gone"


def test_tables_are_brought_up_to_date_however_long_another_is_at_it(postgres: Server) -> None:
    url = postgres.database()
    with Ledger(url) as made, ThreadPoolExecutor() as threads:
        with made.database.engine.begin() as locker:
            locker.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            opening = threads.submit(Ledger, url, patience_s=1.5)
            with pytest.raises(TimeoutError):
                opening.result(2.0)
        opening.result(60).database.close()


def test_a_server_that_is_restarted_loses_and_doubles_nothing(postgres: Server) -> None:
    url = postgres.database()
    with Ledger(url) as made:
        made.submit([job(str(number)) for number in range(200)])
        done: list[str] = []

        def run() -> None:
            for _ in range(100):
                leases = made.lease("r", 2, ttl_s=0.5)
                done.extend(made.settle([ok(one) for one in leases]).finished)

        thread = threading.Thread(target=run)
        thread.start()
        for _ in range(2):
            postgres.stop()
            postgres.start()
        thread.join()
        left = 200 - made.counts("a").get(JobState.DONE, 0)
        pause = threading.Event()
        while made.counts("a").get(JobState.DONE, 0) < 200:
            done.extend(made.settle([ok(one) for one in made.lease("r", 50, ttl_s=5)]).finished)
            pause.wait(0.1)

    assert left < 200
    assert len(done) == len(set(done))


def test_a_list_goes_on_after_its_last_entry_whether_it_is_there_or_not(ledger: Ledger, clock: Clock) -> None:
    made = []
    for number in range(4):
        clock.now += number % 2  # two at the same time each
        made += ledger.submit([NewJob(owner="a", key=f"k{number}", request="r", document={}, subject="d")])
        ledger.submit([NewJob(owner="b", key=f"k{number}", request="r", document={}, subject="d")])
    latest, *rest = ledger.page("a")
    ids = [one.id for one in reversed(made)]

    assert [latest.id, *(one.id for one in rest)] == ids
    assert [one.id for one in ledger.page("a", before=rest[0].mark, limit=1)] == ids[2:3]
    ledger.forget([rest[1].id])
    assert [one.id for one in ledger.page("a", before=rest[1].mark)] == [ids[1], ids[3]], "rather once more than not"
    foreign = ledger.page("b")[0].mark
    assert [one.id for one in ledger.page("a", before=foreign)] == [ids[0], ids[1], ids[3]], "by its time alone"
    ledger.forget(ids)
    assert not ledger.page("a", before=latest.mark)
