"""A document is removed while somebody waits for the work on it. Nobody works here, so every job waits for ever."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from service import running
from test_api import is_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.slots import Slots


@pytest.fixture(scope="module")
def at(workers: Slots) -> Iterator[httpx.Client]:
    with running(workers) as address, httpx.Client(base_url=address, timeout=120) as client:
        yield client


def waiting_job(at: httpx.Client) -> dict[str, Any]:
    """The one job that waits, as soon as it is there."""
    deadline = time.monotonic() + 60
    while not (items := at.get("/v1/jobs").json()["items"]):
        assert time.monotonic() < deadline, "nobody asked"
        time.sleep(0.02)
    (job,) = items
    return dict(job)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/documents/{}/texts", {"as": "text"}),
        ("POST", "/v1/documents/{}/checks", {}),
        ("POST", "/v1/documents/{}/splits", {"max_pages": 1}),
        ("PUT", "/process", None),
    ],
)
def test_who_waits_is_told_at_once_that_it_is_gone(
    at: httpx.Client, method: str, path: str, body: dict[str, object] | None
) -> None:
    address = path.format(at.post("/v1/documents", content=b"hello").json()["id"])
    sent = {"content": b"hello"} if body is None else {"content": json.dumps(body).encode()}
    kind = {"Prefer": "wait=100", "Content-Type": "text/plain" if body is None else "application/json"}

    with ThreadPoolExecutor(1) as caller:
        answer = caller.submit(at.request, method, address, headers=kind, **sent)  # type: ignore[arg-type]
        document = waiting_job(at)["document_id"]
        assert at.delete(f"/v1/documents/{document}").status_code == 204

        is_problem(answer.result(), 410, "result-gone")


def test_who_follows_gets_the_end(at: httpx.Client) -> None:
    document = at.post("/v1/documents", content=b"hello").json()["id"]
    job = at.post(f"/v1/documents/{document}/texts", json={}).json()

    with at.stream("GET", f"/v1/jobs/{job['id']}/events") as events:
        lines = events.iter_lines()
        assert "event: progress" in (next(lines) for _ in range(5))
        assert at.delete(f"/v1/documents/{document}").status_code == 204
        rest = [line for line in lines if line and not line.startswith(":")]

    assert "event: done" in rest
    last = json.loads(rest[-1].removeprefix("data: "))
    assert (last["id"], last["state"], last["done"], last["result_url"]) == (job["id"], "cancelled", True, None)
    assert (last["problem"]["code"], last["problem"]["status"]) == ("result-gone", 410)
    is_problem(at.get(f"/v1/jobs/{job['id']}"), 404, "unknown-job")
