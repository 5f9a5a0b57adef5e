"""The HTTP service: every failure is a problem, nothing is echoed, the service stays up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from service import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from preflight.slots import Slots

CAP = 2_000_000


@pytest.fixture(scope="module")
def service(workers: Slots) -> Iterator[str]:
    with running(workers, max_body_bytes=CAP) as address:
        yield address


def is_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"/problems/{code}"
    assert body["detail"]


def test_healthz(service: str) -> None:
    assert httpx.get(f"{service}/healthz").json()["status"] == "ok"


def test_targets_are_listed_and_shown(service: str) -> None:
    items = httpx.get(f"{service}/v1/targets").json()["items"]
    shown = httpx.get(f"{service}/v1/targets/nginx").json()

    assert len(items) >= 32
    assert shown["id"] == "nginx"


def test_a_raw_body_and_a_form_give_the_same_report(service: str, samples: Path) -> None:
    path = samples / "notes.md"
    address = f"{service}/v1/check?for=openai-api-file-input"

    raw = httpx.post(f"{address}&filename=notes.md", content=path.read_bytes(), timeout=60)
    form = httpx.post(address, files={"file": ("notes.md", path.read_bytes())}, timeout=60)

    assert raw.status_code == form.status_code == 200
    assert raw.content == form.content


@pytest.mark.parametrize(
    ("query", "body", "status", "code"),
    [
        ("for=no-such-target", b"hello", 422, "unknown-target"),
        ("for=../../etc/passwd", b"hello", 422, "unknown-target"),
        ("for=/etc/passwd.toml", b"hello", 422, "unknown-target"),
        ("via=nginx", b"hello", 422, "usage"),
        ("", b"", 422, "empty-file"),
        ("", b"PK\x03\x04" + b"\0" * 40, 422, "damaged"),
        ("", b"%PDF-1.7\nnothing", 422, "damaged"),
        ("", b"\x7fELF" + bytes(range(200)), 415, "unsupported-format"),
        ("filename=" + "x" * 600, b"hello", 422, "unprocessable-content"),
    ],
)
def test_failures_are_problems(service: str, query: str, body: bytes, status: int, code: str) -> None:
    is_problem(httpx.post(f"{service}/v1/check?{query}", content=body, timeout=60), status, code)


def test_framework_failures_are_problems(service: str) -> None:
    is_problem(httpx.get(f"{service}/nowhere"), 404, "not-found")
    is_problem(httpx.get(f"{service}/v1/check"), 405, "method-not-allowed")
    is_problem(httpx.get(f"{service}/v1/targets/none"), 422, "unknown-target")
    is_problem(httpx.post(f"{service}/v1/check", files={"other": b"x"}), 400, "bad-request")


def test_large_bodies_are_refused_declared_or_not(service: str) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(5):
            yield b"x" * 1_000_000

    is_problem(httpx.post(f"{service}/v1/check", content=b"x" * (CAP + 100_000)), 413, "content-too-large")
    is_problem(httpx.post(f"{service}/v1/check", content=chunks()), 413, "content-too-large")


def test_nothing_of_the_input_comes_back_in_a_failure(service: str) -> None:
    marker = "S3CRET"
    answers = [
        httpx.post(f"{service}/v1/check?for={marker}", content=b"x"),
        httpx.post(f"{service}/v1/check?filename={marker * 100}", content=b"x"),
        httpx.get(f"{service}/{marker}"),
    ]

    assert all(marker not in answer.text for answer in answers)
