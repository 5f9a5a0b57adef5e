"""The server's HTTP protocol, with its own refusals as problems, too, and HEAD wherever there is GET."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.problems import MEDIA_TYPE, framework_problem, problem_bytes

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEAD = "preflight.head"
"""Mark in the scope of a request that asks for the head of an answer only."""
UPLOADS = "/v1/uploads"
"""Below here HEAD has a meaning of its own."""
_MALFORMED = "This is no HTTP/1.1 request that can be understood. Check method, address and headers."


class ProblemProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it; a request that is no HTTP is answered with a problem instead of plain text."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words for its log
        """Refuse what could not be parsed, and close the connection."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:  # else an answer has begun, and can only break off
            body = problem_bytes(framework_problem(400, _MALFORMED))
            headers = [
                (b"content-type", MEDIA_TYPE.encode()),
                (b"content-length", str(len(body)).encode()),
                (b"connection", b"close"),
            ]
            for part in (
                h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
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
