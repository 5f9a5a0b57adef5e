"""How long a database server that is away is waited for, and by how many."""

from __future__ import annotations

import time

import pytest

from preflight.errors import LedgerUnavailable
from preflight.ledger.absence import Absence


def test_who_comes_while_somebody_finds_out_is_told_at_once() -> None:
    absence = Absence(30.0, 0.0)
    absence.away("it is away", time.monotonic())

    with absence.attempt():
        with pytest.raises(LedgerUnavailable, match="it is away"), absence.attempt():
            pass
        absence.back()
    with absence.attempt(), absence.attempt():
        pass


def test_all_callers_wait_as_one_and_workers_each_for_themselves() -> None:
    callers, workers, now = Absence(30.0, 5.0), Absence(30.0, None), time.monotonic()
    for one in (callers, workers):
        one.away("away", now)

    assert callers.deadline(now + 100, now + 100) == now + 5
    assert callers.deadline(now, None) == now + 30
    assert workers.deadline(now, now) == workers.deadline(now, None) == now + 30
    with workers.attempt(), workers.attempt():
        pass


def test_at_the_end_nothing_is_waited_for() -> None:
    absence, now = Absence(30.0, None), time.monotonic()
    absence.end()

    with absence.attempt():
        absence.away("away", now)
    assert absence.deadline(now, now) < now
    assert absence.deadline(now, None) <= now + 1
    with pytest.raises(LedgerUnavailable), absence.attempt():
        pass


def test_who_is_not_answered_gives_up_in_time_whatever_others_are_told() -> None:
    absence, begun = Absence(30.0, 1.0), time.monotonic()
    absence.back()  # another caller, while this one was not answered

    absence.away("away", begun)
    assert absence.deadline(begun, begun) == begun + 1
    with absence.attempt(), absence.attempt():  # nobody else has to wait for this one
        absence.back()
    assert absence.deadline(begun, begun) == begun + 1
