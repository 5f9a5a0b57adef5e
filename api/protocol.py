"""The server's HTTP protocol: its own refusals as problems, an end to what is too slow, and HEAD wherever there is GET.

uvicorn waits without end for a request's headers, for whoever reads an answer slowly, and for the rest of a body nobody
wants any more; and it says 400 to whatever h11 refuses. The rest is its work.
"""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.problems import MEDIA_TYPE, framework_problem, problem_bytes

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD = "preflight.head"
"""Mark in the scope of a request that asks for the head of an answer only."""
UPLOADS = "/v1/uploads"
"""Below here HEAD has a meaning of its own."""
_MALFORMED = "This is no HTTP/1.1 request that can be understood. Check method, address and headers."
_LARGE = "The headers are too large. Send fewer or shorter ones."
_SLOW = "The headers came too slowly. Send them at once."
_CROWDED = "The service has as many connections as it takes. Try again in some seconds."


class ProblemProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with deadlines, and with problems instead of plain text.

    Attributes:
        header_s: Seconds for a request's headers, from the connection's start or the first byte of a later request.
        reading_s: Seconds in which whoever gets an answer must take some of it.
        linger_s: Seconds in which the rest of a body that was refused may still arrive and is thrown away. A connection
            closed at once would be reset, and the sender would often see that instead of the answer.
        max_connections: Connections at a time.
    """

    header_s = 10.0
    reading_s = 60.0
    linger_s = 5.0
    max_connections = 1_000

    _header_timer: asyncio.TimerHandle | None = None
    _reading_timer: asyncio.TimerHandle | None = None
    _linger_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or refuse it."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self._refuse(503, _CROWDED)
        else:
            self._watch_headers()

    def data_received(self, data: bytes) -> None:
        """Take bytes."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._watch_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        for timer in (self._header_timer, self._reading_timer, self._linger_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Note that an answer is not being read."""
        super().pause_writing()
        self._reading_timer = self.loop.call_later(self.reading_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Note that it is."""
        if self._reading_timer is not None:
            self._reading_timer.cancel()
            self._reading_timer = None
        super().resume_writing()

    def on_response_complete(self) -> None:
        """See to what comes after an answer."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._linger_timer = self.loop.call_later(self.linger_s, self.transport.close)

    def handle_events(self) -> None:
        """Read what has arrived."""
        super().handle_events()
        if self._linger_timer is not None and self.conn.their_state is not h11.SEND_BODY:
            self._linger_timer.cancel()
            self._linger_timer = None

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words for its log
        """Refuse what could not be parsed; called while h11's complaint is being handled."""
        complaint = sys.exc_info()[1]
        too_large = isinstance(complaint, h11.RemoteProtocolError) and complaint.error_status_hint == 431
        self._refuse(431 if too_large else 400, _LARGE if too_large else _MALFORMED)

    def _should_upgrade(self) -> bool:
        """Pass over a wish for another protocol, as HTTP allows; uvicorn would log two warnings for each of them."""
        return False

    def _watch_headers(self) -> None:
        """Start the headers' time when it is for the other side to send some, stop it when they are there."""
        wanted = self.conn.their_state is h11.IDLE and not self.transport.is_closing()
        if wanted and self._header_timer is None:
            self._header_timer = self.loop.call_later(self.header_s, self._headers_late)
        elif not wanted and self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _headers_late(self) -> None:
        if self.conn.trailing_data[0]:
            self._refuse(408, _SLOW)
        else:
            self.transport.close()  # nobody asked anything

    def _refuse(self, status: int, detail: str) -> None:
        """Answer by ourselves, and close the connection."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:  # else an answer has begun, and can only break off
            problem = framework_problem(status, detail)
            body = problem_bytes(problem)
            headers = [
                (b"content-type", MEDIA_TYPE.encode()),
                (b"content-length", str(len(body)).encode()),
                (b"x-request-id", secrets.token_hex(16).encode()),
                (b"connection", b"close"),
            ]
            if problem.retryable:
                headers.append((b"retry-after", b"5"))
            for part in (
                h11.Response(status_code=status, headers=headers, reason=problem.title.encode()),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(part) or b"")
        self.transport.close()


class HeadLikeGet:
    """Answers HEAD as GET; the server leaves the body out. RFC 9110 asks for both wherever there is either."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, value + b", HEAD" if name == b"allow" and b"GET" in value else value)
                    for name, value in message["headers"]
                ]
            await send(message)

        turned = scope["method"] == "HEAD" and not scope["path"].startswith(UPLOADS)
        asked = {**scope, "method": "GET", HEAD: True} if turned else scope
        await self._app(asked, receive, sending)
