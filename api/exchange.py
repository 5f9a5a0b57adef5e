"""One request and its answer: the id that names both, the headers every answer has, what is known of it afterwards."""

from __future__ import annotations

import logging
import re
import secrets
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Message, Scope, Send

logger = logging.getLogger("preflight.access")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
"""Headers of every answer that has none of its own: it is data, not to be shown, framed, guessed at or kept."""


class Exchange:
    """What is known of one request.

    Attributes:
        id: From ``X-Request-ID`` when it is well-formed, else made up.
        method: HTTP method.
        route: Address as the table of access has it, so that no id or name is told.
        tenant: Whose it is; empty without keys.
        key_id: The key that was shown; empty without one.
        status: Status of the answer; 0 while there is none.
        bytes_in: Bytes of the body that arrived.
        bytes_out: Bytes of the answer's body.
        began: When it began, by the monotonic clock.
    """

    def __init__(self, scope: Scope, send: Send, route: str) -> None:
        self.id = request_id(scope["headers"])
        self.method: str = scope["method"]
        self.route = route
        self.tenant = ""
        self.key_id = ""
        self.status = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.began = time.monotonic()
        self._send = send

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"x-request-id"]
            there = {name.lower() for name, _ in headers}
            headers += [pair for pair in _HEADERS if pair[0] not in there]
            message = {**message, "headers": [*headers, (b"x-request-id", self.id.encode("ascii"))]}
        elif message["type"] == "http.response.body":
            self.bytes_out += len(message.get("body", b""))
        await self._send(message)


def log(exchange: Exchange) -> None:
    """Write one line on a request: no address, query or name, which may be a document's."""
    about = {
        "method": exchange.method,
        "route": exchange.route,
        "status": exchange.status,
        "seconds": round(exchange.seconds, 4),
        "bytes_in": exchange.bytes_in,
        "bytes_out": exchange.bytes_out,
        "key": exchange.key_id,
        "request_id": exchange.id,
    }
    logger.info("request", extra={"about": about})


def request_id(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the id a caller gave, or a new one; what is not plain letters and digits could forge lines of a log."""
    given = [value for name, value in headers if name == b"x-request-id"]
    if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
        return given[0].decode("ascii")
    return secrets.token_hex(16)
