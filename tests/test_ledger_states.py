"""Whatever runners do, and whenever they die: every job ends once, every unit is handed in once, faults are bounded."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from preflight.ledger.records import FollowUp, Lease, NewJob, Settlement
from preflight.ledger.states import (
    FAULTS,
    LOSSES,
    MAX_FAULTS,
    MAX_LOSSES,
    JobState,
    Status,
    UnitState,
    after_failure,
)
from preflight.ledger.store import Ledger

RUNNERS = ("r1", "r2", "r3")
FAILURES: tuple[Status, ...] = ("crash", "timeout", "oom", "lost", "storage")
Unit = tuple[str, int]


@dataclass
class Model:
    """What must be true, kept by simple means."""

    states: dict[str, JobState] = field(default_factory=dict)
    held: dict[Unit, tuple[str, Lease, float]] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    handed_in: set[Unit] = field(default_factory=set)
    faults: dict[Unit, int] = field(default_factory=dict)
    losses: dict[Unit, int] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)


class LedgerMachine(RuleBasedStateMachine):
    """Three runners, a clock, and everything that can happen to them."""

    @initialize()
    def open(self) -> None:
        memory = Path("/dev/shm")  # waiting for a disk proves nothing here  # noqa: S108
        self.folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self.now = 1000.0
        self.model = Model()
        self.old: list[Lease] = []
        self.ledger = Ledger(f"sqlite:///{self.folder.name}/l", clock=lambda: self.now)

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self._finish_all()
            self.ledger.close()
            self.folder.cleanup()

    @rule(key=st.integers(0, 5), owner=st.sampled_from("ab"), priority=st.integers(0, 1))
    def submit(self, key: int, owner: str, priority: int) -> None:
        wanted = NewJob(owner=owner, key=str(key), request="r", document={}, priority=priority)
        (accepted,) = self.ledger.submit([wanted])
        assert accepted.created == (accepted.id not in self.model.states)
        self.model.states.setdefault(accepted.id, JobState.QUEUED)

    @rule(runner=st.sampled_from(RUNNERS), count=st.integers(1, 4))
    def lease(self, runner: str, count: int) -> None:
        model = self.model
        for unit, (_, lease, until) in list(model.held.items()):
            if until < self.now:
                self._lose(unit, lease)
        for lease in self.ledger.lease(runner, count, ttl_s=15):
            unit = (lease.job_id, lease.number)
            assert unit not in model.held, "lent twice"
            assert unit not in model.handed_in, "done twice"
            assert lease.token > model.tokens.get(lease.job_id, 0), "a token came twice"
            model.tokens[lease.job_id] = lease.token
            model.held[unit] = (runner, lease, self.now + 15)
            model.states[lease.job_id] = JobState.RUNNING
            self.old.append(lease)

    @rule(data=st.data(), ranges=st.integers(0, 3))
    def hand_in(self, data: st.DataObject, ranges: int) -> None:
        if not self.model.held:
            return
        unit = data.draw(st.sampled_from(sorted(self.model.held)))
        _, lease, _ = self.model.held.pop(unit)
        follow_up = FollowUp(ranges=tuple((at, at) for at in range(1, ranges + 1))) if ranges else None
        follow_up = follow_up if lease.kind == "plan" else None
        settled = self.ledger.settle([settlement(lease, "ok", follow_up)])
        assert settled.stale == 0
        self.model.handed_in.add(unit)
        ends = lease.kind == "assembly" or (lease.kind == "plan" and not ranges)
        assert settled.finished == ((lease.job_id,) if ends else ())
        self.model.ended += settled.finished

    @rule(data=st.data(), status=st.sampled_from(FAILURES))
    def fail(self, data: st.DataObject, status: Status) -> None:
        if not self.model.held:
            return
        unit = data.draw(st.sampled_from(sorted(self.model.held)))
        _, lease, _ = self.model.held.pop(unit)
        settled = self.ledger.settle([settlement(lease, status)])
        assert settled.stale == 0
        counter = self.model.faults if status in FAULTS else self.model.losses
        counter[unit] = counter.get(unit, 0) + 1
        dead = counter[unit] == (MAX_FAULTS if status in FAULTS else MAX_LOSSES)
        assert settled.finished == ((lease.job_id,) if dead and lease.kind != "range" else ())
        self.model.ended += settled.finished

    @rule(data=st.data(), status=st.sampled_from(("ok", *FAILURES)))
    def hand_in_too_late(self, data: st.DataObject, status: Status) -> None:
        current = {lease.place for _, lease, _ in self.model.held.values()}
        late = [one for one in self.old if one.place not in current]
        if late:
            assert self.ledger.settle([settlement(data.draw(st.sampled_from(late)), status)]).stale == 1

    @rule(seconds=st.floats(0.1, 20))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(runner=st.sampled_from(RUNNERS))
    def heartbeat(self, runner: str) -> None:
        kept = self.ledger.renew(runner, ttl_s=15)
        mine = {unit: held for unit, held in self.model.held.items() if held[0] == runner}
        assert kept == {lease.place for _, lease, _ in mine.values()}
        self.model.held.update({unit: (runner, lease, self.now + 15) for unit, (_, lease, _) in mine.items()})

    @rule(runner=st.sampled_from(RUNNERS))
    def stop(self, runner: str) -> None:
        mine = [unit for unit, held in self.model.held.items() if held[0] == runner]
        assert self.ledger.release(runner) == len(mine)
        for unit in mine:
            del self.model.held[unit]

    @rule(runner=st.sampled_from(RUNNERS))
    def die(self, runner: str) -> None:
        mine = [(unit, lease) for unit, (whose, lease, _) in self.model.held.items() if whose == runner]
        assert self.ledger.release(runner, lost=True) == len(mine)
        for unit, lease in mine:
            self._lose(unit, lease)

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if not self.model.states:
            return
        name = data.draw(st.sampled_from(sorted(self.model.states)))
        if self.ledger.cancel(name):
            assert name not in self.model.ended
            self.model.ended.append(name)
        for unit in [unit for unit in self.model.held if unit[0] == name]:
            del self.model.held[unit]

    @rule(data=st.data())
    def begin_anew(self, data: st.DataObject) -> None:
        if not self.model.ended:
            return
        name = data.draw(st.sampled_from(sorted(self.model.ended)))
        assert self.ledger.retry([name]) == 1
        self.model.ended.remove(name)
        self.model.states[name] = JobState.QUEUED
        for seen in (self.model.faults, self.model.losses):
            for unit in [unit for unit in seen if unit[0] == name]:
                del seen[unit]
        self.model.handed_in = {unit for unit in self.model.handed_in if unit[0] != name}

    @invariant()
    def a_job_ends_once(self) -> None:
        if not hasattr(self, "ledger"):
            return
        assert len(self.model.ended) == len(set(self.model.ended))
        for name, view in self.ledger.jobs(list(self.model.states)).items():
            assert view.state.final == (name in self.model.ended), view
            assert 0 <= view.units_done + view.units_dead <= view.units_total
            assert view.finished_at is None or view.state.final

    def _lose(self, unit: Unit, lease: Lease) -> None:
        del self.model.held[unit]
        self.model.losses[unit] = self.model.losses.get(unit, 0) + 1
        if self.model.losses[unit] == MAX_LOSSES and lease.kind != "range":
            self.model.ended.append(lease.job_id)

    def _finish_all(self) -> None:
        """With a runner that lives, everything comes to its end."""
        for _ in range(2000):
            leases = self.ledger.lease("last", 50, ttl_s=15)
            for lease in leases:
                self.ledger.settle([settlement(lease, "ok")])
            open_jobs = [one for one in self.ledger.jobs(list(self.model.states)).values() if not one.state.final]
            if not open_jobs:
                break
            self.now += 16
        else:
            raise AssertionError("work is left that nobody can do")


def settlement(lease: Lease, status: Status, follow_up: FollowUp | None = None) -> Settlement:
    number, token = lease.number, lease.token
    return Settlement(job_id=lease.job_id, number=number, token=token, status=status, receipt={}, follow_up=follow_up)


class TestLedgerMachine(LedgerMachine.TestCase):  # type: ignore[misc,name-defined]
    settings = settings(
        max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )


@given(st.lists(st.sampled_from(FAILURES), min_size=1, max_size=30))
def test_failures_end_and_are_counted_for_what_they_are(statuses: list[Status]) -> None:
    state, faults, losses = UnitState.READY, 0, 0
    for status in statuses:
        if state is UnitState.DEAD:
            break
        state, faults, losses, pause = after_failure(status, faults, losses)
        assert 0 < pause <= 30
    assert (state is UnitState.DEAD) == (faults == MAX_FAULTS or losses == MAX_LOSSES)
    assert faults <= MAX_FAULTS
    assert losses <= MAX_LOSSES


def test_success_is_no_failure() -> None:
    assert FAULTS.isdisjoint(LOSSES)
    with pytest.raises(ValueError, match="ok"):
        after_failure("ok", 0, 0)
