"""What both forms of the client share besides the flows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from preflight.client.flows import Answer, Ask
from preflight.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

BLOCK_BYTES = 1 << 18
_REDIRECT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where a service is and how it is asked.

    Attributes:
        url: Its address.
        key: A key of it; None where it asks for none.
        timeout_s: Seconds without an answer, or without a byte of it.
        retries: How often a request that failed for a while is tried again.
    """

    url: str
    key: str | None
    timeout_s: float
    retries: int

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        from preflight import __version__

        agent = {"user-agent": f"upload-preflight/{__version__}", "accept": "application/json, */*"}
        return agent if self.key is None else agent | {"authorization": f"Bearer {self.key}"}


def service(url: str, key: str | None, timeout_s: float, retries: int) -> Service:
    """Check where a service is.

    Raises:
        UsageError: The address is none, or what was given makes no sense.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UsageError("The service's address cannot be read. Give one such as http://127.0.0.1:8080.") from error
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.query or parsed.userinfo:
        raise UsageError("The address of the service begins with http:// or https:// and has no key or query in it.")
    if retries < 0 or timeout_s <= 0:
        raise UsageError("retries is 0 or more, timeout_s more than 0.")
    if key is not None and not (key.isascii() and key.isprintable()):
        raise UsageError("The key has characters that no key has. Copy it again.")
    return Service(url=url.rstrip("/"), key=key, timeout_s=timeout_s, retries=retries)


def headers_of(ask: Ask) -> dict[str, str]:
    """Return the headers of a request; of a file that is sent as it is read, with its length."""
    if isinstance(ask.body, bytes) or ask.body is None:
        return dict(ask.headers)
    return {**ask.headers, "content-length": str(ask.body.stat().st_size)}


def goes_to_sink(ask: Ask, status: int) -> bool:
    """Whether the body of an answer goes to the sink."""
    return ask.sink is not None and status == ask.sink_for


def is_read(ask: Ask, status: int) -> bool:
    """Whether the body of an answer is read at all."""
    return ask.sink is None or status == ask.sink_for or status >= _REDIRECT


def answer_of(response: httpx.Response, body: bytes) -> Answer:
    """Return an answer as a flow takes it."""
    return Answer(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=body,
    )


def display_name(file: Path, name: str | None) -> str:
    """Return the name a document is sent under."""
    return (name or file.name)[:500]


UNREACHABLE = "The service could not be reached, or broke off. Check its address, and whether it is running."
