"""The HTTP service: every failure is a problem, nothing is echoed, the service stays up."""

from __future__ import annotations

import logging
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

import httpx
import pytest
from service import running

from api.context import CHECKS_PER_WORKER
from api.serve import listen
from preflight.errors import TimedOut
from preflight.execution import Outcome
from preflight.problems import problem_from
from preflight.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from preflight.execution import Task
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
    is_problem(httpx.get(f"{service}/v1/targets/none"), 404, "unknown-target")
    is_problem(httpx.get(f"{service}/v1/targets/textract:none"), 404, "unknown-target")
    is_problem(httpx.post(f"{service}/v1/check", files={"other": b"x"}), 400, "bad-request")


def test_large_bodies_are_refused_declared_or_not(service: str) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(5):
            yield b"x" * 1_000_000

    is_problem(httpx.post(f"{service}/v1/check", content=b"x" * (CAP + 100_000)), 413, "content-too-large")
    is_problem(httpx.post(f"{service}/v1/check", content=chunks()), 413, "content-too-large")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no process of this test write a file larger than ``size``, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_large_forms_are_refused_before_they_are_stored(service: str) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        for _ in range(20):
            yield b"x" * 1_000_000
        yield b"\r\n--b--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=b"}
    with largest_file(CAP + 1_000_000):
        answer = httpx.post(f"{service}/v1/check", content=chunks(), headers=headers, timeout=60)

    is_problem(answer, 413, "content-too-large")


def test_nothing_of_the_input_comes_back_in_a_failure(service: str) -> None:
    marker = "s3cret-marker"
    check = f"{service}/v1/check"
    answers = [
        httpx.post(f"{check}?for={marker}", content=b"x"),
        httpx.post(f"{check}?for=anthropic-messages&model={marker}", content=b"x"),
        httpx.post(f"{check}?for=textract&model={marker}", content=b"x"),
        httpx.post(f"{check}?for=textract:{marker}", content=b"x"),
        httpx.post(f"{check}?for=anthropic-messages&via={marker}", content=b"x"),
        httpx.post(f"{check}?filename={marker * 100}", content=b"x"),
        httpx.post(f"{check}?filename={marker}", content=b""),
        httpx.get(f"{service}/{marker}"),
        httpx.get(f"{service}/v1/targets/{marker}"),
        httpx.get(f"{service}/v1/targets/textract:{marker}"),
    ]

    assert all(answer.status_code in (404, 422) for answer in answers)
    assert all(marker not in answer.text for answer in answers)
    assert all("/v1/targets" in answer.json()["detail"] for answer in answers[:5])


def test_near_ids_are_named(service: str) -> None:
    answer = httpx.post(f"{service}/v1/check?for=anthropic-mesages", content=b"x")

    assert "anthropic-messages" in answer.json()["detail"]
    assert "anthropic-mesages" not in answer.text


@pytest.mark.parametrize("name", ["a/../b.txt", "C:\\docs\\b.txt", "/b.txt", "b.txt"])
def test_a_name_is_the_last_part_of_a_path(service: str, name: str) -> None:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    headers = {"content-type": "multipart/form-data; boundary=b"}

    form = httpx.post(f"{service}/v1/check", content=head + b"hello\r\n--b--\r\n", headers=headers, timeout=60)
    raw = httpx.post(f"{service}/v1/check", params={"filename": name}, content=b"hello", timeout=60)

    assert form.json()["source"]["name"] == raw.json()["source"]["name"] == "b.txt"


def test_a_password_may_be_any_text(service: str) -> None:
    import pikepdf

    data = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(data, encryption=pikepdf.Encryption(owner="o", user="pässwörd ☂"))

    def ask(password: str) -> httpx.Response:
        headers = {b"X-Document-Password": password.encode()}
        return httpx.post(f"{service}/v1/check", content=data.getvalue(), headers=headers, timeout=60)

    assert ask("pässwörd ☂").status_code == 200
    is_problem(ask("pässwörd"), 422, "wrong-password")


@pytest.mark.parametrize("as_form", [False, True])
def test_a_body_that_cannot_be_stored_is_said(service: str, *, as_form: bool) -> None:
    body = b"x" * 1_500_000
    with largest_file(100_000):
        if as_form:
            answer = httpx.post(f"{service}/v1/check", files={"file": ("a.txt", body)}, timeout=60)
        else:
            answer = httpx.post(f"{service}/v1/check", content=body, timeout=60)

    is_problem(answer, 507, "output-unwritable")


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=b"])
def test_a_caller_who_goes_away_is_no_bug(service: str, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="api.problems")
    url = httpx.URL(service)
    head = f"POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection((url.host, url.port or 80)) as caller:
        caller.sendall(head.encode() + b"--b\r\n")
        time.sleep(0.2)

    deadline = time.monotonic() + 60
    while not caplog.records and time.monotonic() < deadline:
        time.sleep(0.02)

    assert "went away" in caplog.text
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


class Stuck:
    """An executor whose workers are taken until they are let go."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.let_go = threading.Event()

    def run(self, tasks: Iterable[Task], _on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        for task in tasks:
            self.entered.release()
            self.let_go.wait(60)
            yield Outcome(key=task.key, problem=problem_from(TimedOut("Not finished.")))

    def close(self) -> None:
        """Nothing to end."""


def test_waiting_checks_are_refused_in_time_and_hold_up_nothing_else() -> None:
    stuck = Stuck()
    places = Settings().workers * CHECKS_PER_WORKER

    with running(stuck) as address, ThreadPoolExecutor(places) as callers:

        def ask() -> int:
            return httpx.post(f"{address}/v1/check", content=b"x", timeout=60).status_code

        waiting = [callers.submit(ask) for _ in range(places)]
        try:
            assert all(stuck.entered.acquire(timeout=60) for _ in range(places))
            refused = httpx.post(f"{address}/v1/check", content=b"x", timeout=60)
            assert httpx.get(f"{address}/healthz", timeout=60).status_code == 200
            assert httpx.get(f"{address}/v1/targets", timeout=60).status_code == 200
        finally:
            stuck.let_go.set()
        assert {one.result() for one in waiting} == {503}

    is_problem(refused, 503, "busy")
    assert refused.headers["retry-after"]


def test_an_answers_body_does_not_wait_for_its_head_to_be_acknowledged() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        args = [sys.executable, "-m", "preflight.cli", "serve", "--port", port]
        run = subprocess.run(args, capture_output=True, check=False, timeout=60)

    assert run.returncode == 73
    assert not run.stdout
    assert run.stderr.decode().startswith("preflight: Cannot listen")
    assert run.stderr.count(b"\n") == 1


def test_the_address_is_printed_when_it_answers(tmp_path: Path) -> None:
    host = "::1" if has_ipv6() else "127.0.0.1"
    args = [
        sys.executable,
        "-m",
        "preflight.cli",
        "serve",
        "--host",
        host,
        "--port",
        "0",
        "--workers",
        "1",
        "--data",
        str(tmp_path),
    ]
    with subprocess.Popen(args, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[2].decode()
            assert httpx.get(f"{address}/healthz", timeout=30).status_code == 200
        finally:
            server.send_signal(signal.SIGINT)
            code = server.wait(120)

    assert address.startswith("http://[::1]:" if host == "::1" else "http://127.0.0.1:")
    assert code == 0


def has_ipv6() -> bool:
    """Whether this machine has an IPv6 loopback."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
