"""Starts the back end and a real nginx before it, sends files to either, and says what came back."""

from __future__ import annotations

import http.client
import io
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frame import tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peers import Peers

BACKEND = Path(__file__).with_name("backend.py")
_NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size {body_bytes};
        proxy_read_timeout {timeout_s}s;
        location / {{ proxy_pass http://127.0.0.1:{behind}; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request came back with: status (200, 413, 422, 504 …), seconds, and the pages of the answer."""

    status: int
    wall_s: float
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Backend:
    """The running back end."""

    process: subprocess.Popen[str]
    port: int

    def abandon(self) -> None:
        """End what it is still doing for clients that have gone, so that the next request finds it idle."""
        for pid in reversed(tree_of(self.process.pid)[1:]):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        while len(tree_of(self.process.pid)) > 1 and self._still_working():
            time.sleep(0.02)

    def _still_working(self) -> bool:
        """Whether a child lives; the server reaps the dead ones with the next request."""
        states = []
        for pid in tree_of(self.process.pid)[1:]:
            try:
                states.append(Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0])
            except OSError:
                continue
        return any(state != "Z" for state in states)


@contextmanager
def backend(peers: Peers) -> Iterator[Backend]:
    """Start OCRmyPDF behind HTTP, one thread a page."""
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    command = [str(peers.python), str(BACKEND)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        try:
            yield Backend(process, int((process.stdout or io.StringIO()).readline()))
        finally:
            Backend(process, 0).abandon()
            process.kill()


@contextmanager
def nginx(program: str, folder: Path, behind: Backend, *, body_bytes: int, timeout_s: int) -> Iterator[int]:
    """Start nginx before the back end; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    text = _NGINX.format(folder=folder, port=port, behind=behind.port, body_bytes=body_bytes, timeout_s=timeout_s)
    configured = folder / "nginx.conf"
    configured.write_text(text, encoding="utf-8")
    with subprocess.Popen([program, "-c", str(configured)], stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("nginx did not start: look at error.log beside its nginx.conf")


def send(port: int, path: Path) -> Answer:
    """Send a file as the body of a request; the answer's pages are counted from its bytes."""
    import pypdfium2

    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        connection.request("POST", "/", path.read_bytes())
    except (BrokenPipeError, ConnectionResetError):  # nginx answers 413 before it has read all of the body
        connection.close()
        return Answer(413, time.perf_counter() - start)
    try:
        answer = connection.getresponse()
    except http.client.RemoteDisconnected:  # the back end broke; through nginx it is a 502
        connection.close()
        return Answer(502, time.perf_counter() - start)
    body = answer.read()
    wall = time.perf_counter() - start
    connection.close()
    if answer.status != http.HTTPStatus.OK:
        return Answer(answer.status, wall)
    with pypdfium2.PdfDocument(body) as document:
        return Answer(answer.status, wall, len(document))
