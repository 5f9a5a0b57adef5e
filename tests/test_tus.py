"""Resumable uploads over HTTP, on a real server in a process of its own that is killed."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import httpx
import pytest
from tus_checks import failed_checks

if TYPE_CHECKING:
    from collections.abc import Iterator

TUS = {"Tus-Resumable": "1.0.0", "x-key": "ours"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}
MAX_BYTES = 100_000_000


class Server:
    """A server that can be killed and started again on the same port and folder."""

    def __init__(self, folder: Path, *, ttl_s: float = 1_000, stall_s: float = 30) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}/v1/uploads"
        script = Path(__file__).with_name("upload_server.py")
        self._command = [sys.executable, script, folder, str(self.port), str(MAX_BYTES), str(ttl_s), str(stall_s)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                httpx.options(self.address)
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise TimeoutError

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("uploads"), stall_s=2) as server:
        yield server


def create(server: Server, length: int, **headers: str) -> str:
    answer = httpx.post(server.address, headers={**TUS, "Upload-Length": str(length), **headers})
    assert answer.status_code == 201, answer.text
    return f"http://127.0.0.1:{server.port}{answer.headers['location']}"


def offset(place: str) -> int:
    answer = httpx.head(place, headers=TUS, timeout=60)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def is_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]


def test_the_protocol_is_kept(server: Server, shared: Path) -> None:
    """The two checks that may fail are of extensions that are not offered."""
    assert failed_checks(shared, server.address, MAX_BYTES, "ours") == {"method_override", "concat"}


def test_refusals_are_problems(server: Server) -> None:
    place = create(server, 6)
    digest = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    for headers, status in [
        ({"x-key": "unknown"}, 401),
        ({"x-key": "theirs"}, 404),
        ({"Tus-Resumable": "0.2"}, 412),
        ({"Content-Type": "text/plain"}, 415),
        ({"Upload-Offset": "x"}, 400),
        ({"Upload-Offset": "3"}, 409),
        ({"Upload-Checksum": "crc32 AAAA"}, 400),
        ({"Upload-Checksum": "sha256 !"}, 400),
        ({"Upload-Checksum": f"sha256 {digest}"}, 460),
    ]:
        answer = httpx.patch(place, headers={**BYTES, "Upload-Offset": "0", **headers}, content=b"bytes")
        is_problem(answer, status)
        assert offset(place) == 0
    assert httpx.patch(place, headers={**BYTES, "Upload-Offset": "3"}, content=b"x").headers["upload-offset"] == "0"
    for headers, status in [
        ({"Upload-Length": "1", "Upload-Metadata": "a b c"}, 400),
        ({"Upload-Length": "1", "Upload-Metadata": "a " + "A" * 9_000}, 400),
        ({"Upload-Defer-Length": "1"}, 400),
        ({"Upload-Length": str(MAX_BYTES + 1)}, 413),
    ]:
        is_problem(httpx.post(server.address, headers={**TUS, **headers}), status)


def test_a_sender_that_falls_silent_is_let_go_and_can_go_on(server: Server) -> None:
    place = create(server, 300_000)
    path = place.partition(str(server.port))[2]
    head = "".join(f"{key}: {value}\r\n" for key, value in {**BYTES, "Upload-Offset": "0"}.items())
    with socket.create_connection(("127.0.0.1", server.port)) as sender:
        sender.sendall(
            f"PATCH {path} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 300000\r\n\r\n".encode() + b"x" * 9_999
        )
        sender.settimeout(30)
        told = sender.recv(100)

    assert told.startswith(b"HTTP/1.1 408")
    assert offset(place) == 9_999
    answer = httpx.patch(place, headers={**BYTES, "Upload-Offset": "9999"}, content=b"y" * 290_001)
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, "300000")


def test_killed_three_times_in_the_middle_every_byte_arrives(tmp_path: Path) -> None:
    data = os.urandom(30_000_000)
    with Server(tmp_path) as server:
        place = create(server, len(data))
        acknowledged = 0
        for round_number in range(4):
            at = offset(place)
            assert at >= acknowledged
            part = data[at:] if round_number == 3 else data[at : at + 5_000_000]
            answer = httpx.patch(place, headers={**BYTES, "Upload-Offset": str(at)}, content=part, timeout=120)
            acknowledged = int(answer.headers["upload-offset"])
            if round_number == 3:
                break
            _send_part(server, place, acknowledged, data)
            server.kill()
            server.start()

        assert acknowledged == len(data)
        stored = tmp_path / place.rpartition("/")[2] / "data"
        assert stored.read_bytes() == data


def _send_part(server: Server, place: str, at: int, data: bytes) -> None:
    """Send two megabytes of a body that would be longer, and leave the connection open."""
    path = place.partition(str(server.port))[2]
    head = "".join(f"{key}: {value}\r\n" for key, value in {**BYTES, "Upload-Offset": str(at)}.items())
    sender = socket.create_connection(("127.0.0.1", server.port))
    sender.sendall(f"PATCH {path} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {len(data) - at}\r\n\r\n".encode())
    sender.sendall(data[at : at + 2_000_000])
    time.sleep(0.1)
    sender.close()
