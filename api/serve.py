"""Starting the service: HTTP, workers, or both in one process."""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn
from starlette.concurrency import run_in_threadpool

from api.app import create_app
from api.context import Context, make_context
from api.door import behind_door
from api.guard import HEADER_BYTES, Guard
from api.protocol import ProblemProtocol
from preflight.engine.workers import StoppableSlots
from preflight.errors import OutputError
from preflight.forkclient import ForkServer
from preflight.service.space import for_callers, open_space
from preflight.service.speech import require_languages
from preflight.service.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from starlette.types import ASGIApp

    from preflight.service.door import DoorOptions
    from preflight.service.options import ServiceOptions
    from preflight.service.space import Space
    from preflight.settings import Settings

BUSY_S = 30.0
GRACE_S = 10
NICENESS = 4
"""How far workers stand back behind HTTP, so that questions are answered at once while every core is at OCR. Beside one
that does not stand back a worker still has three tenths of a core, so that work does not take longer than it may
(:data:`preflight.execution.WALL_FACTOR`)."""
KEEP_ALIVE_S = 75
"""Seconds an idle connection is kept: longer than clients and proxies keep theirs (httpx 5, nginx 60), because who
sends on a connection that is being closed at that moment sees it reset."""
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
        listener = socket.create_server((str(address[0]), port), family=family)
        # Connections take it over. Else an answer's body waits for the caller to acknowledge its head: 40 ms on Linux.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        reason = error.strerror or "the address is not valid"
        raise OutputError(
            f"Cannot listen on port {port} of {host}: {reason}. Choose another --port or --host."
        ) from error


class _Server(uvicorn.Server):
    """Lets those who follow a job go as soon as the service is told to end, and writes down what keys were used for."""

    def __init__(self, guard: Guard, context: Context, ready: Callable[[], None]) -> None:
        super().__init__(_config(guard))
        self._guard = guard
        self._context = context
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so once requests are answered; where that cannot be said, end.

        Raises:
            OutputError: It cannot be said.
        """
        await super().startup(sockets)
        if self.started:
            try:
                self._ready()
            except OutputError:
                await self.shutdown(sockets)
                raise

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End. After this the signal that ended the service may end the process at once."""
        await super().shutdown(sockets)
        await run_in_threadpool(self._guard.settle)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal that ends the service."""
        self._context.stopping.set()
        super().handle_exit(sig, frame)


class Team:
    """Those who work: on jobs, and at once for callers who wait. Processes start with their first task.

    The two do not wait for each other: while every core is at OCR, a small question is answered at once.

    Attributes:
        quick: Where documents are read while their sender waits; None where nobody works here.
    """

    def __init__(self, space: Space) -> None:
        """Start the server that workers are forked from, unless nobody works here.

        Raises:
            OcrUnavailable: Somebody works here, and a language that is to be read is missing, or all of OCR.
        """
        settings, wanted = space.settings, space.options.workers
        size = settings.workers if wanted is None else wanted
        self.quick: StoppableSlots | None = None
        self._slow: StoppableSlots | None = None
        if size:
            require_languages(settings)
            server, guard = ForkServer(PRELOAD, niceness=NICENESS), settings.guard
            self.quick = StoppableSlots(size, server=server, busy_s=BUSY_S, guard=guard, fresh=True)
            self._slow = StoppableSlots(size, server=server, guard=guard, fresh=True)
        self._workers = Workers(space, self._slow, size=size)

    def start(self) -> None:
        """Begin."""
        self._workers.start()

    def stop(self) -> None:
        """End everything; what was under way on jobs is given back."""
        self._workers.stop()
        for slots in (self.quick, self._slow):
            if slots is not None:
                slots.close()


def serve(
    settings: Settings,
    options: ServiceOptions,
    door: DoorOptions,
    listener: socket.socket,
    ready: Callable[[], None],
) -> None:
    """Serve HTTP on a listening socket until interrupted, and work on jobs unless others do.

    Args:
        settings: How the work is done.
        options: How the service is run.
        door: Who may come in.
        listener: Where it is called.
        ready: Called once requests are answered.

    Raises:
        OutputError: The folder of the service cannot be used, or what ``ready`` has to say cannot be said.
        LedgerUnavailable: Its database cannot be used.
        OcrUnavailable: A language that is to be read here is missing, or all of OCR.
    """
    with open_space(options, settings) as space, for_callers(space) as front:
        team = Team(space)
        context = make_context(front, team.quick)
        app = create_app(context, start=team.start, stop=team.stop)
        with behind_door(app, front, door) as guarded, suppress(KeyboardInterrupt):  # the way a person ends a service
            _Server(guarded, context, ready).run(sockets=[listener])


def _config(app: ASGIApp) -> uvicorn.Config:
    """Return how HTTP is spoken. The address of a caller is nobody's business here, so no proxy's word is taken."""
    return uvicorn.Config(
        app,
        http=ProblemProtocol,
        log_config=None,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


def work(settings: Settings, options: ServiceOptions) -> None:
    """Work on the jobs of a service that others serve, until interrupted.

    Raises:
        OutputError: The folder of the service cannot be used.
        LedgerUnavailable: Its database cannot be used.
        OcrUnavailable: A language that is to be read here is missing, or all of OCR.
    """
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with open_space(options, settings) as space:
        team = Team(space)
        team.start()
        ended.wait()
        team.stop()
