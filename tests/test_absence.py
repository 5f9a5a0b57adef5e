"""How long a database server that is away is waited for, and by how many."""

from __future__ import annotations

import time

import pytest

from preflight.errors import LedgerUnavailable
from preflight.ledger.absence import Absence


def test_who_comes_while_somebody_finds_out_is_told_at_once() -> None:
    absence = Absence(30.0, 0.0)
    absence.away("it is away")

    with absence.attempt():
        with pytest.raises(LedgerUnavailable, match="it is away"), absence.attempt():
            pass
        absence.back()
    with absence.attempt(), absence.attempt():
        pass


def test_all_callers_wait_as_one_and_workers_each_for_themselves() -> None:
    callers, workers, now = Absence(30.0, 5.0), Absence(30.0, None), time.monotonic()
    for one in (callers, workers):
        one.away("away")

    assert callers.deadline(now + 100, server=True) <= time.monotonic() + 5
    assert callers.deadline(now, server=False) == now + 30
    assert workers.deadline(now, server=True) == workers.deadline(now, server=False) == now + 30
    with workers.attempt(), workers.attempt():
        pass


def test_at_the_end_nothing_is_waited_for() -> None:
    absence, now = Absence(30.0, None), time.monotonic()
    absence.end()

    with absence.attempt():
        absence.away("away")
    assert absence.deadline(now, server=True) < now
    assert absence.deadline(now, server=False) <= now + 1
    with pytest.raises(LedgerUnavailable), absence.attempt():
        pass
