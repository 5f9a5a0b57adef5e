"""Callers that are slow on purpose, over real sockets: none of them keeps a connection for long."""

from __future__ import annotations

import json
import socket
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import httpx
import pytest
from guarded import listening

from api.guard import Guard, GuardLimits
from api.protocol import ProblemProtocol
from api.receiving import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

LIMITS = GuardLimits(
    document_bytes=100_000_000, upload_bytes=10_000, pace=Pace(idle_s=1.5, grace_s=2.0, bytes_per_s=1_000_000)
)
FOREVER_S = 60.0


class Impatient(ProblemProtocol):
    header_s = 0.8
    reading_s = 0.8
    linger_s = 0.5
    max_connections = 20


async def inside(scope: Scope, receive: Receive, send: Send) -> None:
    """Take the whole body and answer with its length; ``/healthz`` with as much as a slow reader cannot hold."""
    taken, more = 0, True
    while more:
        message = await receive()
        taken += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = bytes(32_000_000) if scope["path"] == "/healthz" else str(taken).encode()
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listening(Guard(inside, LIMITS), Impatient) as made:
        yield made


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=FOREVER_S) as caller:
        yield caller


def answer_of(caller: socket.socket, begun: bytes = b"") -> bytes:
    """Read one whole answer; what there is of it when the connection ends."""
    caller.settimeout(FOREVER_S)
    while b"\r\n\r\n" not in begun:
        if not (part := caller.recv(65536)):
            return begun
        begun += part
    head, _, body = begun.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    while lengths and len(body) < int(lengths[0]):
        body += caller.recv(65536)
    return head + b"\r\n\r\n" + body


def drip(caller: socket.socket, byte: bytes, pause_s: float) -> bytes:
    """Send a byte now and then until the other side answers; return the answer. Fails when it never does."""
    began = time.monotonic()
    caller.settimeout(pause_s)
    while time.monotonic() - began < FOREVER_S:
        try:
            caller.sendall(byte)
            return answer_of(caller, caller.recv(65536))
        except TimeoutError:
            continue
        except OSError:
            return b""
    pytest.fail("the connection was kept")


def sends_until_cut_off(caller: socket.socket) -> float:
    """Send on and on until that fails; return the seconds it took."""
    began = time.monotonic()
    while time.monotonic() - began < FOREVER_S:
        try:
            caller.sendall(b"10\r\n" + bytes(16) + b"\r\n")
        except OSError:
            break
        time.sleep(0.05)
    return time.monotonic() - began


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def problem_of(answer: bytes) -> dict[str, object]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"x-request-id" in head.lower()
    found: dict[str, object] = json.loads(body)
    return found


def test_half_a_header_is_waited_for_and_no_longer(port: int) -> None:
    with connected(port) as caller:
        caller.sendall(b"GET /v1/check HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        answer = drip(caller, b"a", 0.1)

    assert status_of(answer) == 408
    assert problem_of(answer)["code"] == "request-timeout"


def test_a_later_request_has_the_same_time(port: int) -> None:
    with connected(port) as caller:
        caller.sendall(b"POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
        assert status_of(answer_of(caller)) == 200
        caller.sendall(b"GET /v1/check HTTP/1.1\r\n")
        answer = drip(caller, b"a", 0.1)

    assert status_of(answer) == 408


def test_silence_ends(port: int) -> None:
    with connected(port) as caller:
        assert caller.recv(10) == b""


def test_headers_without_end_are_refused(port: int) -> None:
    with connected(port) as caller:
        caller.sendall(b"GET /v1/check HTTP/1.1\r\nHost: x\r\n" + b"X-Large: " + b"a" * 70_000)
        answer = answer_of(caller)

    assert status_of(answer) == 431
    assert problem_of(answer)["code"] == "request-header-fields-too-large"


def test_large_headers_in_one_go_are_refused(port: int) -> None:
    with connected(port) as caller:
        caller.sendall(b"GET /v1/check HTTP/1.1\r\nHost: x\r\n" + b"X-Large: " + b"a" * 40_000 + b"\r\n\r\n")
        assert status_of(answer_of(caller)) == 431


@pytest.mark.parametrize("first", [b"", b"ab"])
def test_a_body_that_stops_is_given_up(port: int, first: bytes) -> None:
    with connected(port) as caller:
        caller.sendall(b"POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n" + first)
        assert status_of(answer_of(caller)) == 408
        assert caller.recv(10) == b"", "and the connection is closed"


def test_a_body_that_drips_is_given_up(port: int) -> None:
    with connected(port) as caller:
        caller.sendall(b"POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        answer = drip(caller, b"a", 0.1)

    assert status_of(answer) == 408


def test_whoever_sends_on_after_a_refusal_hears_of_it_and_is_cut_off(port: int) -> None:
    with connected(port) as caller:
        caller.sendall(b"POST /v1/uploads HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        caller.sendall(b"4e20\r\n" + bytes(20_000) + b"\r\n")
        answer = answer_of(caller)
        assert sends_until_cut_off(caller) < FOREVER_S

    assert status_of(answer) == 413


def test_a_refused_body_that_ends_leaves_the_connection_of_use(port: int) -> None:
    with connected(port) as caller:
        caller.sendall(b"POST /v1/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n")
        assert status_of(answer_of(caller)) == 413
        caller.sendall(bytes(20_000))
        caller.sendall(b"POST /v1/check HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
        assert status_of(answer_of(caller)) == 200


def test_an_answer_nobody_reads_is_given_up(port: int) -> None:
    with connected(port) as caller:
        caller.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(Impatient.reading_s * 3)
        taken = 0
        with suppress(ConnectionResetError):
            while part := caller.recv(1 << 20):
                taken += len(part)

    assert taken < 32_000_000


def test_a_sender_of_ordinary_pace_is_left_alone(port: int) -> None:
    answer = httpx.post(f"http://127.0.0.1:{port}/v1/check", content=bytes(20_000_000), timeout=FOREVER_S)

    assert answer.text == "20000000"


def test_one_connection_too_many_is_told_so(port: int) -> None:
    callers = []
    try:
        answer = b""
        while not answer and len(callers) < 200:
            caller = socket.create_connection(("127.0.0.1", port), timeout=FOREVER_S)
            callers.append(caller)
            caller.sendall(b"GET /v1/check HTTP/1.1\r\n")
            caller.settimeout(0.01)
            try:
                answer = answer_of(caller)
            except TimeoutError:
                continue
        assert status_of(answer) in (503, 408)
    finally:
        for caller in callers:
            caller.close()
