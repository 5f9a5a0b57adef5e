"""An application of a few lines behind the guard, on a real port, for tests of the guard alone."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from api.protocol import ProblemProtocol


@contextmanager
def listening(app: ASGIApp, protocol: type[ProblemProtocol]) -> Iterator[int]:
    """Serve an application on a free port of loopback; yields the port."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=protocol, log_level="critical", lifespan="off", h11_max_incomplete_event_size=32_768
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10)
        listener.close()
