"""HTTP itself: methods, names in the query, what is no HTTP, starting and stopping."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from service import running
from test_api import is_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.slots import Slots


@pytest.fixture(scope="module")
def service(workers: Slots) -> Iterator[str]:
    with running(workers) as address:
        yield address


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("target=textract", ("`target`", "`filename`", "`for`", "`via`", "`model`", "`max_pages`")),
        ("for=textract&for=textract", ("`for`", "more than once")),
        ("For=textract", ("`For`", "Known here")),
        ("via=nginx", ("query parameter `for`", "query parameter `via`")),
        ("model=gpt-4o", ("query parameter `for`", "query parameter `model`")),
        ("%3Cscript%3Ealert(1)%3C/script%3E=1", ("of that name",)),
        ("for=textract&for=%3Cb%3E", ("`for`",)),
    ],
)
def test_a_query_that_is_not_understood_is_refused(service: str, query: str, words: tuple[str, ...]) -> None:
    answer = httpx.post(f"{service}/v1/check?{query}", content=b"hello", timeout=60)

    is_problem(answer, 422, "usage")
    assert all(one in answer.json()["detail"] for one in words)
    assert "--" not in answer.text
    assert "<" not in answer.text


def test_gateways_may_be_repeated(service: str) -> None:
    query = "for=anthropic-messages&via=nginx&via=cloudflare&filename=a.txt"
    answer = httpx.post(f"{service}/v1/check?{query}", content=b"hello", timeout=60)

    assert answer.json()["target"]["hops"] == ["nginx", "cloudflare"]


def test_every_route_looks_at_its_query(service: str) -> None:
    """But those of tus, where whatever stands in the query belongs to somebody else."""
    paths = httpx.get(f"{service}/openapi.json").json()["paths"]
    asked = [(method, path) for path, methods in paths.items() for method in methods if "/uploads" not in path]
    assert len(asked) >= 20

    for method, path in asked:
        address = re.sub(r"\{(number)\}", "1", re.sub(r"\{\w+_id\}", "0" * 32, path))
        answer = httpx.request(method, f"{service}{address}?nonsense=1", json={}, timeout=60)
        is_problem(answer, 422, "usage")
        assert "`nonsense`" in answer.json()["detail"]


def test_a_form_with_more_than_a_file_is_refused(service: str) -> None:
    answer = httpx.post(f"{service}/v1/check", files={"file": ("a.txt", b"hello")}, data={"for": "textract"})

    is_problem(answer, 422, "usage")
    assert "query" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/healthz", "/v1/targets", "/v1/targets/nginx", "/openapi.json"])
def test_head_is_get_without_a_body(service: str, path: str) -> None:
    head, get = httpx.head(f"{service}{path}"), httpx.get(f"{service}{path}")

    assert head.status_code == get.status_code == 200
    assert not head.content
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("HEAD", "/v1/check", 405, "POST"),
        ("OPTIONS", "/v1/check", 405, "POST"),
        ("PUT", "/v1/check", 405, "POST"),
        ("OPTIONS", "/v1/targets", 405, "GET, HEAD"),
        ("DELETE", "/healthz", 405, "GET, HEAD"),
        ("POST", "/v1/targets/nginx", 405, "GET, HEAD"),
        ("PATCH", "/v1/documents", 405, "GET, POST, HEAD"),
        ("PUT", "/v1/documents/x", 405, "DELETE, GET, HEAD"),
        ("GET", "/v1/uploads", 405, "OPTIONS, POST"),
        ("HEAD", "/nowhere", 404, None),
        ("OPTIONS", "/nowhere", 404, None),
        ("POST", "/v1/check/", 404, None),
        ("GET", "/v1/targets/", 404, None),
        ("GET", "//etc/passwd", 404, None),
    ],
)
def test_what_is_not_there_or_not_allowed(service: str, method: str, path: str, status: int, allow: str | None) -> None:
    answer = httpx.request(method, f"{service}{path}", timeout=60)

    assert answer.status_code == status
    assert answer.headers.get("allow") == allow
    assert answer.headers["content-type"] == "application/problem+json"
    if method != "HEAD":
        is_problem(answer, status, "not-found" if status == 404 else "method-not-allowed")


def spoken(service: str, request: bytes) -> bytes:
    """Send bytes as they are; return all that comes back until the connection is closed."""
    url = httpx.URL(service)
    with socket.create_connection((url.host, url.port or 80), timeout=60) as caller:
        caller.sendall(request)
        received = b""
        while part := caller.recv(65536):
            received += part
    return received


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"NONSENSE\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nBad Header: x\r\n\r\n",
        b"POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /v1/check HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
    ids=["nonsense", "no host", "bad header", "two lengths", "bad chunk"],
)
def test_what_is_no_http_is_a_problem_too(service: str, request_bytes: bytes) -> None:
    head, _, body = spoken(service, request_bytes).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert b'"code": "bad-request"' in body
    assert httpx.get(f"{service}/healthz").status_code == 200


def children(pid: int) -> set[int]:
    """Processes started by a process, and those started by them."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except FileNotFoundError:
        return set()
    direct = {int(one) for one in listed}
    return direct.union(*(children(one) for one in direct))


def alive(pids: set[int]) -> set[int]:
    """Those that are there and are no zombies."""
    found = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found.add(pid)
    return found


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The service as a user starts it, on a free port."""
    program = str(Path(sys.executable).with_name("preflight"))
    command = [program, "serve", "--port", "0", "--workers", "1", "--data", str(folder)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFLIGHT_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as server:
        try:
            assert server.stdout is not None
            yield server, server.stdout.readline().split()[2].decode()
        finally:
            server.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_starts_answers_and_leaves_nobody_behind(
    samples: Path, tmp_path: Path, number: signal.Signals
) -> None:
    with served(tmp_path) as (server, address):
        data = (samples / "notes.md").read_bytes()
        answer = httpx.post(f"{address}/v1/check?filename=notes.md", content=data, timeout=60)
        workers = children(server.pid)
        server.send_signal(number)
        code = server.wait(120)
        assert server.stderr is not None
        told = server.stderr.read()
        deadline = time.monotonic() + 60
        while alive(workers) and time.monotonic() < deadline:
            time.sleep(0.05)

    assert answer.json()["source"]["name"] == "notes.md"
    assert workers
    assert not alive(workers)
    assert code == (-signal.SIGTERM if number == signal.SIGTERM else 0)
    assert not told


def test_a_request_on_its_way_is_answered_before_the_service_ends(samples: Path, tmp_path: Path) -> None:
    with served(tmp_path) as (server, address):
        url = httpx.URL(address)
        data = (samples / "notes.md").read_bytes()
        head = f"POST /v1/check HTTP/1.1\r\nHost: [::1]\r\nContent-Length: {len(data)}\r\nExpect: 100-continue\r\n\r\n"
        with socket.create_connection((url.host, url.port or 80), timeout=60) as caller:
            caller.sendall(head.encode())
            assert caller.recv(100).startswith(b"HTTP/1.1 100"), "the service waits for the body"
            caller.sendall(data[:10])
            server.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            caller.sendall(data[10:])
            answer = caller.recv(200)
        server.wait(120)

    assert answer.startswith(b"HTTP/1.1 200")


def test_a_wish_for_another_protocol_is_passed_over_without_a_word(tmp_path: Path) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    with served(tmp_path) as (server, address):
        answer = httpx.get(f"{address}/healthz", headers=headers, timeout=60)
        server.send_signal(signal.SIGTERM)
        server.wait(120)
        assert server.stderr is not None
        told = server.stderr.read()

    assert answer.status_code == 200
    assert not told
