"""How a client's requests are sent, for programs that wait."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self, TypeVar

import httpx

from preflight.client.common import (
    BLOCK_BYTES,
    UNREACHABLE,
    answer_of,
    goes_to_sink,
    headers_of,
    is_read,
    service,
)
from preflight.client.flows import Answer, Ask, Flow, Pause
from preflight.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

T = TypeVar("T")


class Sender:
    """Runs flows against a service."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        key: str | None = None,
        timeout_s: float = 60.0,
        retries: int = 5,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Say where the service is; nothing is asked yet.

        Args:
            url: Its address.
            key: A key of it; None where it asks for none.
            timeout_s: Seconds without an answer, or without a byte of it.
            retries: How often a request that failed for a while is tried again.
            transport: How requests are sent; by the network when None.

        Raises:
            UsageError: The address is none.
        """
        self._service = service(url, key, timeout_s, retries)
        self._http = httpx.Client(
            base_url=self._service.url, headers=self._service.headers, timeout=timeout_s, transport=transport
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _run(self, flow: Flow[T]) -> T:
        """Run a flow: send what it asks for, and tell it what came."""
        try:
            step = next(flow)
            while True:
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    step = next(flow)
                    continue
                try:
                    answer = self._send(step)
                except (httpx.TransportError, httpx.StreamError) as error:
                    step = flow.throw(_unreachable(error))
                else:
                    step = flow.send(answer)
        except StopIteration as ended:
            result: T = ended.value
            return result
        finally:
            flow.close()

    def _send(self, ask: Ask) -> Answer:
        content = ask.body if isinstance(ask.body, bytes) or ask.body is None else _blocks(ask.body)
        with self._http.stream(
            ask.method, ask.path, headers=headers_of(ask), params=ask.params or None, content=content
        ) as response:
            if goes_to_sink(ask, response.status_code) and ask.sink is not None:
                for part in response.iter_bytes(BLOCK_BYTES):
                    ask.sink(part)
                return answer_of(response, b"")
            return answer_of(response, response.read() if is_read(ask, response.status_code) else b"")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def _unreachable(error: Exception) -> Unreachable:
    made = Unreachable(UNREACHABLE)
    made.__cause__ = error
    return made
