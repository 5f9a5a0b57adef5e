"""A service that is killed: what it has acknowledged is there, is done, and is done once.

``PREFLIGHT_KILLS=3`` runs the large form: so many kills during 100 uploads and 40 jobs.
"""

from __future__ import annotations

import base64
import hashlib
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLS = int(os.environ.get("PREFLIGHT_KILLS", "1"))
LARGE = KILLS > 1
UPLOADS, JOBS = (100, 40) if LARGE else (8, 3)
SIZE = 3_000_000 if LARGE else 600_000
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}
CHUNK = 200_000
PATIENCE_S = 600
CLIENT = httpx.Client(timeout=60)
"""One for all threads: making one takes longer than a request."""
gone = threading.Event()
"""Set when the service is not started again, so that nobody waits for it."""


@pytest.fixture(scope="module", autouse=True)
def closing() -> Iterator[None]:
    """Close the client at the end."""
    yield
    CLIENT.close()


class Sender:
    """Sends one upload in chunks to whoever answers, and goes on where it was after every failure."""

    def __init__(self, addresses: list[str], number: int) -> None:
        self.addresses = addresses
        self.number = number
        self.data = os.urandom(SIZE)
        self.place = ""
        self.acknowledged = 0

    def send(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.acknowledged < len(self.data):
            assert time.monotonic() < deadline, "the service does not come back"
            assert not gone.is_set()
            try:
                self._step()
            except httpx.TransportError:
                time.sleep(0.05)

    def _step(self) -> None:
        address = self.addresses[self.number % len(self.addresses)]
        if not self.place:
            name = base64.b64encode(f"{self.number}.bin".encode()).decode()
            headers = {**TUS, "Upload-Length": str(len(self.data)), "Upload-Metadata": f"filename {name}"}
            answer = CLIENT.post(f"{address}/v1/uploads", headers=headers)
            assert answer.status_code == 201, answer.text
            self.place = answer.headers["location"]
        there = CLIENT.head(f"{address}{self.place}", headers=TUS)
        assert there.status_code == 200, "an acknowledged upload is gone"
        at = int(there.headers["upload-offset"])
        assert at >= self.acknowledged, "acknowledged bytes are gone"
        part = self.data[at : at + CHUNK]
        if not part:
            self.acknowledged = at
            return
        headers = {**BYTES, "Upload-Offset": str(at)}
        answer = CLIENT.patch(f"{address}{self.place}", content=part, headers=headers)
        if answer.status_code == 423:  # the killed one's connection is not quite gone
            return
        assert answer.status_code == 204, answer.text
        self.acknowledged = int(answer.headers["upload-offset"])

    @property
    def id(self) -> str:
        return self.place.rpartition("/")[2]


def patient(method: str, address: str, **options: Any) -> httpx.Response:
    """Ask until somebody answers."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return CLIENT.request(method, address, **options)
        except httpx.TransportError:
            assert time.monotonic() < deadline
            assert not gone.is_set()
            time.sleep(0.05)


def ask_for_jobs(address: str, data: bytes, asked: dict[str, str]) -> None:
    """Ask for splits, each under a key of its own; remember what was acknowledged."""
    for number in range(JOBS):
        key = {"Idempotency-Key": f"job-{number}"}
        document = patient("POST", f"{address}/v1/documents?filename=r.pdf", content=data, headers=key).json()
        body = {"max_pages": 1 + number % 5}
        answer = patient("POST", f"{address}/v1/documents/{document['id']}/splits", json=body, headers=key)
        assert answer.status_code == 202, answer.text
        known = asked.setdefault(f"job-{number}", answer.json()["id"])
        assert known == answer.json()["id"]


def test_killed_again_and_again_nothing_that_was_acknowledged_is_lost(
    ledger_url: str, request: pytest.FixtureRequest, samples: Path, tmp_path: Path
) -> None:
    """One process on SQLite; two on PostgreSQL, killed in turn."""
    on_postgres = ledger_url.startswith("postgresql")
    arguments = ["--workers", "1"] + (["--database", ledger_url] if on_postgres else [])
    data = (samples / "report.pdf").read_bytes()
    asked: dict[str, str] = {}
    gone.clear()
    with ExitStack() as stack:
        services = [stack.enter_context(Service(tmp_path, *arguments)) for _ in range(2 if on_postgres else 1)]
        addresses = [one.address for one in services]
        senders = [Sender(addresses, number) for number in range(UPLOADS)]
        with ThreadPoolExecutor(8) as pool:
            sending = [pool.submit(one.send) for one in senders]
            asking = pool.submit(ask_for_jobs, addresses[0], data, asked)
            try:
                for kill in range(KILLS):
                    _wait_for(lambda at=kill: sum(one.done() for one in sending) > UPLOADS * (at + 1) // (KILLS + 2))
                    victim = services[kill % len(services)]
                    victim.kill()
                    victim.start()
            except BaseException:
                gone.set()
                raise
            for one in (*sending, asking):
                one.result()

        _uploads_are_there(addresses[-1], senders)
        _jobs_end_well(addresses[-1], asked)


def _wait_for(test: Any) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not test():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def _uploads_are_there(address: str, senders: list[Sender]) -> None:
    for one in senders:
        document = patient("GET", f"{address}/v1/documents/{one.id}").json()
        assert document["sha256"] == hashlib.sha256(one.data).hexdigest()
        assert document["size_bytes"] == len(one.data)


def _jobs_end_well(address: str, asked: dict[str, str]) -> None:
    assert len(asked) == JOBS
    jobs = list(_all(address, "jobs"))
    assert len(jobs) == len({one["id"] for one in jobs}) == JOBS, "no job twice"
    for number, name in enumerate(asked.values()):
        _wait_for(lambda job=name: patient("GET", f"{address}/v1/jobs/{job}").json()["done"])
        job = patient("GET", f"{address}/v1/jobs/{name}").json()
        assert job["state"] == "done", job
        manifest = patient("GET", f"{address}{job['result_url']}").json()
        units = [unit["number"] for piece in manifest["pieces"] for unit in piece["units"]]
        assert units == list(range(1, 13)), "every page once"
        assert len(manifest["pieces"]) == -(-12 // (1 + number % 5))
        first = patient("GET", f"{address}{job['result_url']}/pieces/1").content
        assert hashlib.sha256(first).hexdigest() == manifest["pieces"][0]["sha256"]


def _all(address: str, what: str) -> Any:
    query: dict[str, Any] = {"limit": 200}
    while True:
        page = patient("GET", f"{address}/v1/{what}", params=query).json()
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]
