"""Starting the service."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn

from api.app import create_app
from api.protocol import ProblemProtocol
from preflight.errors import OutputError
from preflight.slots import Slots

if TYPE_CHECKING:
    from preflight.settings import Settings

BUSY_S = 30.0
GRACE_S = 10
PRELOAD = (
    "preflight.tasks",
    "preflight.warm_fresh",
    "extractors.pdf.reader",
    "extractors.docx.reader",
    "extractors.image",
    "extractors.plain",
)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on ``host`` and ``port``.

    Raises:
        OutputError: The port is taken, or the address is none of this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server((str(address[0]), port), family=family)
    except OSError as error:
        reason = error.strerror or "the address is not valid"
        raise OutputError(
            f"Cannot listen on port {port} of {host}: {reason}. Choose another --port or --host."
        ) from error


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve HTTP on a listening socket until interrupted."""
    executor = Slots(settings.workers, preload=PRELOAD, busy_s=BUSY_S, guard=settings.guard, fresh=True)
    app = create_app(settings, executor)
    config = uvicorn.Config(
        app, http=ProblemProtocol, log_level="warning", server_header=False, timeout_graceful_shutdown=GRACE_S
    )
    with suppress(KeyboardInterrupt):  # the way a person ends a service, which has shut down by then
        uvicorn.Server(config).run(sockets=[listener])
