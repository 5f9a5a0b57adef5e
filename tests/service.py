"""A real HTTP server on loopback, for tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from preflight.execution import Executor


@contextmanager
def running(executor: Executor, *, max_body_bytes: int = 50_000_000) -> Iterator[str]:
    """Serve the application on a free port, with nobody who works on jobs; yields its address."""
    import uvicorn

    from api.app import create_app
    from api.context import make_context
    from api.protocol import ProblemProtocol
    from preflight.service.options import ServiceOptions
    from preflight.service.space import open_space
    from preflight.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        options = ServiceOptions(folder=Path(folder), max_body_bytes=max_body_bytes, reserve_bytes=0)
        with open_space(options, Settings(timeout=60)) as space:
            app = create_app(make_context(space, executor))
            listener = socket.socket()
            listener.bind(("127.0.0.1", 0))
            server = uvicorn.Server(uvicorn.Config(app, http=ProblemProtocol, log_level="error", lifespan="off"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            deadline = time.monotonic() + 60
            while not server.started and time.monotonic() < deadline:
                time.sleep(0.02)
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True
                thread.join(10)
                listener.close()


class Service:
    """`preflight serve` as a user starts it, in a process of its own that can be killed and started again."""

    def __init__(self, folder: Path, *arguments: str, command: str = "serve", before: Sequence[str] = ()) -> None:
        """``before`` is a command that runs the command behind it, as its own process."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        self.folder = folder
        self.address = f"http://127.0.0.1:{port}"
        listening = ["--port", port] if command == "serve" else []
        program = Path(sys.executable).with_name("preflight")
        self._command = [*before, str(program), command, *listening, "--data", str(folder), *arguments]
        self._serves = command == "serve"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFLIGHT_")}
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, env=environment)
        deadline = time.monotonic() + 120
        while self._serves and time.monotonic() < deadline:
            assert self.process.poll() is None, "the service has ended"
            with suppress(httpx.TransportError):
                httpx.get(f"{self.address}/healthz", timeout=5)
                return
            time.sleep(0.05)
        assert not self._serves, "the service does not answer"

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
