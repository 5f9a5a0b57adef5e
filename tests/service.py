"""A real HTTP server on loopback, for tests."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.execution import Executor


@contextmanager
def running(executor: Executor, *, max_body_bytes: int = 50_000_000) -> Iterator[str]:
    """Serve the application on a free port; yields its address."""
    import uvicorn

    from api.app import create_app
    from api.protocol import ProblemProtocol
    from preflight.settings import Settings

    app = create_app(Settings(timeout=60), executor, max_body_bytes=max_body_bytes)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=ProblemProtocol, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
