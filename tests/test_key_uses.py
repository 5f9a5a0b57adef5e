"""What keys are used for: written down soon, by all processes together, whatever ends the service."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import httpx
import pytest
from service import Service
from warm_command import warm_command

from api.keyring import FRESH_S
from api.uses import Uses
from preflight.errors import LedgerBusy
from preflight.ledger.keys import KeyStore
from preflight.service.options import ServiceOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from preflight.keys import ApiKey
    from preflight.ledger.keys import KeyUse

BODY = b"words and words. " * 1_000
ARGUMENTS = ("--workers", "0", "--keys")


def make_key(folder: Path) -> str:
    command = [*warm_command(), "keys", "create", "--data", str(folder), "--bytes-per-day", str(len(BODY) * 3 // 2)]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode().strip()


def send(service: Service, token: str) -> int:
    address = f"{service.address}/v1/documents?filename=words.txt"
    return httpx.post(address, content=BODY, headers={"X-Api-Key": token}, timeout=60).status_code


def look(service: Service, token: str) -> int:
    return httpx.get(f"{service.address}/v1/documents", headers={"X-Api-Key": token}, timeout=60).status_code


def stored(folder: Path) -> ApiKey:
    with KeyStore(ServiceOptions(folder=folder).address) as store:
        (key,) = store.list()
    return key


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.05)


def test_a_stopped_service_has_written_down_what_was_used(tmp_path: Path) -> None:
    token = make_key(tmp_path)
    service = Service(tmp_path, *ARGUMENTS)
    with service:
        assert send(service, token) == 201
        service.stop()
    key = stored(tmp_path)
    with service:
        again = send(service, token)

    assert key.day_bytes == len(BODY)
    assert key.last_used_at is not None
    assert again == 429


def test_a_killed_service_has_lost_only_the_last_moment(tmp_path: Path) -> None:
    token = make_key(tmp_path)
    service = Service(tmp_path, *ARGUMENTS)
    with service:
        assert send(service, token) == 201
        wait_until(lambda: stored(tmp_path).day_bytes == len(BODY))  # though nobody calls again
    with service:
        assert send(service, token) == 429


def test_bytes_of_a_body_count_before_it_is_whole(tmp_path: Path) -> None:
    token = make_key(tmp_path)
    whole = Event()

    with Service(tmp_path, *ARGUMENTS) as service:
        address = f"{service.address}/v1/documents?filename=words.txt"

        def body() -> Iterator[bytes]:
            yield BODY[:5_000]
            whole.wait(60)
            yield BODY[5_000:]

        def slow() -> None:
            httpx.post(address, content=body(), headers={"X-Api-Key": token}, timeout=60)

        sender = Thread(target=slow)
        sender.start()
        try:
            wait_until(lambda: stored(tmp_path).day_bytes == 5_000)
        finally:
            whole.set()
            sender.join()
        wait_until(lambda: stored(tmp_path).day_bytes == len(BODY))


def test_two_processes_count_one_days_bytes_together(tmp_path: Path) -> None:
    token = make_key(tmp_path)
    with Service(tmp_path, *ARGUMENTS) as one, Service(tmp_path, *ARGUMENTS) as other:
        assert look(other, token) == 200
        assert send(one, token) == 201
        wait_until(lambda: stored(tmp_path).day_bytes == len(BODY))
        time.sleep(FRESH_S)  # what the other has read before is out of date now

        assert send(other, token) == 429
        assert send(one, token) == 429
    assert stored(tmp_path).day_bytes == len(BODY), "what is refused does not count"


def test_a_refused_call_is_no_use(tmp_path: Path) -> None:
    token = make_key(tmp_path)
    service = Service(tmp_path, *ARGUMENTS)
    with service:
        assert look(service, token) == 200
        wait_until(lambda: stored(tmp_path).last_used_at is not None)
        used_at = stored(tmp_path).last_used_at
        time.sleep(FRESH_S)
        subprocess.run(
            [*warm_command(), "keys", "revoke", token, "--data", str(tmp_path)], capture_output=True, check=True
        )
        assert look(service, token) == 401
        assert send(service, token) == 401
        service.stop()

    key = stored(tmp_path)
    assert key.last_used_at == used_at
    assert key.revoked_at is not None
    assert used_at is not None
    assert used_at < key.revoked_at


class Counting(KeyStore):
    """Counts transactions, and may be told to fail in one."""

    writes = 0
    fails: Exception | None = None

    def used(self, uses: Mapping[str, KeyUse]) -> None:
        self.writes += 1
        if self.fails is not None:
            raise self.fails
        super().used(uses)


@pytest.fixture
def store(tmp_path: Path) -> Counting:
    return Counting(f"sqlite:///{tmp_path}/l.sqlite")


def test_many_uses_of_many_keys_are_one_transaction(store: Counting) -> None:
    names = [store.create(scopes={"check"})[0].id for _ in range(5)]
    uses = Uses(store)
    now = time.time()
    for number in range(1_000):
        uses.add(names[number % 5], 3, now + number / 1_000)
    uses.write()
    uses.write()

    assert store.writes == 1
    assert [key.day_bytes for key in store.list()] == [600] * 5
    assert max(key.last_used_at or 0 for key in store.list()) == pytest.approx(now + 0.999, abs=1e-3)
    store.close()


def test_what_could_not_be_written_is_written_later_and_once(store: Counting) -> None:
    name = store.create(scopes={"check"})[0].id
    uses = Uses(store)
    uses.add(name, 10, time.time())
    store.fails = LedgerBusy("locked")
    with pytest.raises(LedgerBusy):
        uses.write()
    uses.add(name, 5, time.time())
    store.fails = None
    uses.close()
    uses.close()

    assert [key.day_bytes for key in store.list()] == [15]
    store.close()


def test_what_is_read_and_what_was_counted_since_are_never_counted_twice(store: Counting) -> None:
    name = store.create(scopes={"check"})[0].id
    uses = Uses(store)
    uses.add(name, 10, time.time())
    with uses.read(name) as before:
        uses.write()  # leaves out what is being read
        found = store.find(name)
    assert found is not None
    assert (before, found[0].day_bytes) == (0, 0)
    uses.write()
    with uses.read(name) as before:
        found = store.find(name)
    assert found is not None
    assert (before, found[0].day_bytes, uses.counted(name)) == (10, 10, 10)
    store.close()
