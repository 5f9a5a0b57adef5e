"""The client for asyncio (and what anyio runs on)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import anyio
import httpx
from anyio import to_thread

from preflight.client import flows, transfer
from preflight.client.common import (
    BLOCK_BYTES,
    UNREACHABLE,
    answer_of,
    display_name,
    goes_to_sink,
    headers_of,
    is_read,
    service,
)
from preflight.client.values import TextWish
from preflight.document import find_document
from preflight.errors import Unreachable
from preflight.storage import write_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from types import TracebackType

    from preflight.client.values import Document, Job, Json, Sent, SplitWish

T = TypeVar("T")


class AsyncClient:
    """A service, as whoever has work for it sees it, without keeping others waiting."""

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

    async def check(
        self,
        file: str | Path,
        *,
        target: str | None = None,
        via: Sequence[str] = (),
        model: str | None = None,
        name: str | None = None,
        password: str | None = None,
    ) -> Json:
        """Say whether a document will get through, which limit binds, what it costs, and what to do.

        Args:
            file: The document.
            target: Receiving service.
            via: Gateways on the way.
            model: Model at the target; its default when None.
            name: Display name; the file's when None.
            password: Password of the document.

        Returns:
            The report, as ``preflight check --json`` has it.

        Raises:
            PreflightError: The service or the request is at fault.
            ExtractionError: The document is.
        """
        path = find_document(file).path
        return await self._run(
            flows.check(
                path,
                self._service.retries,
                name=display_name(path, name),
                target=target,
                via=tuple(via),
                model=model,
                password=password,
            )
        )

    async def upload(
        self,
        file: str | Path,
        *,
        name: str | None = None,
        resume: str | None = None,
        chunk_bytes: int = transfer.CHUNK_BYTES,
        on_progress: Callable[[Sent], None] | None = None,
    ) -> Document:
        """Send a document to be kept; broken connections are gone on with where the service is.

        Args:
            file: The document.
            name: Display name; the file's when None.
            resume: Upload of an earlier call to go on with (:attr:`Sent.upload_id`).
            chunk_bytes: Bytes in one request.
            on_progress: Told how far it is.

        Raises:
            PreflightError: It cannot be sent, or what arrived is not what was sent.
        """
        path = find_document(file).path
        return await self._run(
            transfer.upload(
                path,
                self._service.retries,
                name=display_name(path, name),
                resume=resume,
                chunk_bytes=chunk_bytes,
                on_progress=on_progress,
            )
        )

    async def text(self, document_id: str, wish: TextWish | None = None) -> Job:
        """Ask for the text of a document."""
        return await self._run(flows.begin(document_id, "texts", wish or TextWish(), self._service.retries))

    async def split(self, document_id: str, wish: SplitWish) -> Job:
        """Ask for a document in pieces."""
        return await self._run(flows.begin(document_id, "splits", wish, self._service.retries))

    async def wait(
        self, job: Job, *, timeout_s: float | None = None, on_progress: Callable[[Job], None] | None = None
    ) -> Job:
        """Wait for the end of a job, good or bad.

        Raises:
            TimedOut: It has not ended in time; it goes on all the same.
        """
        return await self._run(flows.wait(job, self._service.retries, timeout_s, on_progress))

    async def result(self, job: Job) -> bytes:
        """Return what a job that has ended has made: a report, a text, or a manifest.

        Raises:
            PreflightError: It has made nothing, as ExtractionError where that is the document's fault.
        """
        return (await self._run(flows.result(job, self._service.retries))).body

    async def fetch(self, job: Job, folder: str | Path) -> list[Path]:
        """Fetch the pieces of a split, and its manifest as ``manifest.json``; hashes are compared.

        Returns:
            The pieces in order.

        Raises:
            PiecesDiffer: A piece is not the one of the manifest.
            PreflightError: They cannot be fetched or written.
        """
        answer = await self._run(flows.result(job, self._service.retries))
        place = Path(folder)
        pieces = await self._run(transfer.fetch(answer.json, job.id, place, self._service.retries))
        write_file(place / "manifest.json", answer.body)
        return pieces

    async def cancel(self, job: Job) -> None:
        """End a job.

        Raises:
            PreflightError: It has ended already, or is not known.
        """
        ask = flows.Ask(method="POST", path=f"/v1/jobs/{job.id}/cancel")
        await self._run(flows.asked(ask, self._service.retries, (flows.ACCEPTED,)))

    async def delete(self, document_id: str) -> None:
        """Remove a document, the jobs on it, and what they have made."""
        ask = flows.Ask(method="DELETE", path=f"/v1/documents/{document_id}")
        await self._run(flows.asked(ask, self._service.retries, (204,)))

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _run(self, flow: flows.Flow[T]) -> T:
        """Run a flow: send what it asks for, and tell it what came. It reads and writes files, so a thread steps it."""
        step: flows.Ask | flows.Pause | _Ended[T] = await to_thread.run_sync(_begun, flow)
        try:
            while not isinstance(step, _Ended):
                if isinstance(step, flows.Pause):
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

    async def _send(self, ask: flows.Ask) -> flows.Answer:
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


_Step = flows.Ask | flows.Pause | _Ended[T]


def _begun(flow: flows.Flow[T]) -> _Step[T]:
    try:
        return next(flow)
    except StopIteration as ended:
        return _Ended(ended.value)


def _told(flow: flows.Flow[T], answer: flows.Answer) -> _Step[T]:
    try:
        return flow.send(answer)
    except StopIteration as ended:
        return _Ended(ended.value)


def _failed(flow: flows.Flow[T], error: Exception) -> _Step[T]:
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
