"""How a client's requests are sent under asyncio (and what anyio runs on)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import anyio
import httpx
from anyio import to_thread

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
    from collections.abc import AsyncIterator
    from pathlib import Path
    from types import TracebackType

T = TypeVar("T")


class AsyncSender:
    """Runs flows against a service, without keeping others waiting."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        key: str | None = None,
        timeout_s: float = 60.0,
        retries: int = 5,
        transport: httpx.AsyncBaseTransport | None = None,
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
        self._http = httpx.AsyncClient(
            base_url=self._service.url, headers=self._service.headers, timeout=timeout_s, transport=transport
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _run(self, flow: Flow[T]) -> T:
        """Run a flow: send what it asks for, and tell it what came. It reads and writes files, so a thread steps it."""
        step: Ask | Pause | _Ended[T] = await to_thread.run_sync(_begun, flow)
        try:
            while not isinstance(step, _Ended):
                if isinstance(step, Pause):
                    await anyio.sleep(step.seconds)
                    step = await to_thread.run_sync(_begun, flow)
                    continue
                try:
                    answer = await self._send(step)
                except (httpx.TransportError, httpx.StreamError) as error:
                    step = await to_thread.run_sync(_failed, flow, error)
                else:
                    step = await to_thread.run_sync(_told, flow, answer)
            return step.value
        finally:
            flow.close()

    async def _send(self, ask: Ask) -> Answer:
        content = ask.body if isinstance(ask.body, bytes) or ask.body is None else _blocks(ask.body)
        async with self._http.stream(
            ask.method, ask.path, headers=headers_of(ask), params=ask.params or None, content=content
        ) as response:
            if goes_to_sink(ask, response.status_code) and ask.sink is not None:
                async for part in response.aiter_bytes(BLOCK_BYTES):
                    await to_thread.run_sync(ask.sink, part)
                return answer_of(response, b"")
            return answer_of(response, await response.aread() if is_read(ask, response.status_code) else b"")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


@dataclass(frozen=True, slots=True)
class _Ended(Generic[T]):
    """What a flow has returned: StopIteration cannot leave a thread."""

    value: T


_Step = Ask | Pause | _Ended[T]


def _begun(flow: Flow[T]) -> _Step[T]:
    try:
        return next(flow)
    except StopIteration as ended:
        return _Ended(ended.value)


def _told(flow: Flow[T], answer: Answer) -> _Step[T]:
    try:
        return flow.send(answer)
    except StopIteration as ended:
        return _Ended(ended.value)


def _failed(flow: Flow[T], error: Exception) -> _Step[T]:
    failure = Unreachable(UNREACHABLE)
    failure.__cause__ = error
    try:
        return flow.throw(failure)
    except StopIteration as ended:
        return _Ended(ended.value)


async def _blocks(path: Path) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while block := await file.read(BLOCK_BYTES):
            yield block
