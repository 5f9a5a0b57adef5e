"""Resumable uploads over HTTP: tus 1.0, with creation, creation-with-upload, checksum, expiration and termination.

The protocol is https://tus.io/protocols/resumable-upload; where bytes go and what is promised of them says
:mod:`preflight.uploads`. Concatenation and deferred lengths are not offered: on a local disk they bring nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Protocol

import anyio
from anyio import to_thread
from fastapi import APIRouter, HTTPException, Path, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from api import tus_words
from api.answers import problems
from api.problems import framework_problem, problem_of, problem_response
from api.tus_headers import Refusal, check_size, checksum_of, expiry, length_of, metadata_of, number_of
from api.tus_words import BODY_TYPE
from extractors.errors import ExtractionError
from preflight.errors import PreflightError, TooLarge, UploadOffsetDiffers
from preflight.problems import problem_from
from preflight.uploads import ALGORITHMS, Append, Checksum, Upload, UploadStore

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
BLOCK_BYTES = 1 << 19
"""What an upload holds in memory. With 1 MiB, and as much on its way in, fifty took the process to 190 MB."""
UploadId = Annotated[str, Path(max_length=100, description="Id of the upload, which is that of the document")]


class Remove(Protocol):
    """Removes an upload."""

    def __call__(self, upload_id: str, /, *, owner: str) -> None:
        """Remove it."""
        ...


class TusRoute(APIRoute):
    """Checks the protocol's version before anything else, and makes every answer name it, failures included."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        """Wrap the handler of the route."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            if request.method != "OPTIONS" and request.headers.get("tus-resumable") != VERSION:
                answer = _refused(412, f"Send the header Tus-Resumable: {VERSION}.")
                answer.headers["Tus-Version"] = VERSION
            else:
                answer = await _answered(handle, request)
            answer.headers["Tus-Resumable"] = VERSION
            answer.headers["Cache-Control"] = "no-store"
            return answer

        return handled


async def _answered(handle: Callable[[Request], Coroutine[None, None, Response]], request: Request) -> Response:
    """Run a handler; what goes wrong with the upload is an answer."""
    try:
        return await handle(request)
    except Refusal as refusal:
        return _refused(refusal.status, refusal.detail)
    except HTTPException as error:  # who may not, is told so in the protocol's manner, too
        return problem_response(framework_problem(error.status_code, error.detail), error.headers)
    except UploadOffsetDiffers as error:
        return problem_response(problem_from(error), {"Upload-Offset": str(error.offset)})
    except (PreflightError, ExtractionError) as error:
        return problem_response(problem_of(error))


def tus_router(
    store: UploadStore,
    owner: Callable[[Request], str],
    *,
    stall_s: float = 60.0,
    prefix: str = "/v1/uploads",
    complete: Callable[[Upload], object] | None = None,
    remove: Remove | None = None,
    key: Callable[[Request], str] | None = None,
) -> APIRouter:
    """Return the routes of resumable uploads.

    Args:
        store: Where the bytes go.
        owner: Says at once whose request it is, or refuses it; asked before a byte of the body is read.
        stall_s: Seconds without a byte after which an upload's connection is given up; what arrived is kept.
        prefix: Where the routes stand.
        complete: Takes uploads that are complete, before their last bytes are acknowledged.
        remove: Removes an upload; the store does when None.
        key: Says with which API key a request comes; with none when None.
    """
    uploads = _Uploads(
        store=store,
        owner=owner,
        stall_s=stall_s,
        prefix=prefix,
        complete=complete,
        remove=remove or store.remove,
        key=key,
    )
    router = APIRouter(prefix=prefix, tags=["uploads"], route_class=TusRoute)
    _add_routes(router, uploads)
    return router


def _add_routes(router: APIRouter, uploads: _Uploads) -> None:
    router.options(
        "", operation_id="upload_options", status_code=204, response_class=Response, responses=tus_words.OFFERED
    )(uploads.upload_options)
    router.post(
        "",
        operation_id="create_upload",
        status_code=201,
        response_class=Response,
        responses=problems(412, 413, 460, 507) | tus_words.CREATED,
        openapi_extra=tus_words.CREATE,
    )(uploads.create_upload)
    router.head(
        "/{upload_id}",
        operation_id="get_upload_offset",
        response_class=Response,
        responses=problems(404, 410, 412) | tus_words.FOUND,
        openapi_extra=tus_words.LOOK,
    )(uploads.upload_offset)
    router.patch(
        "/{upload_id}",
        operation_id="append_to_upload",
        status_code=204,
        response_class=Response,
        responses=problems(404, 409, 410, 412, 413, 415, 423, 460, 507) | tus_words.APPENDED,
        openapi_extra=tus_words.APPEND,
    )(uploads.append_to_upload)
    router.delete(
        "/{upload_id}",
        operation_id="delete_upload",
        status_code=204,
        response_class=Response,
        responses=problems(404, 410, 412, 423) | tus_words.REMOVED,
        openapi_extra=tus_words.REMOVE,
    )(uploads.remove_upload)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Uploads:
    """What the routes do; attributes as the arguments of :func:`tus_router`."""

    store: UploadStore
    owner: Callable[[Request], str]
    stall_s: float
    prefix: str
    complete: Callable[[Upload], object] | None
    remove: Remove
    key: Callable[[Request], str] | None

    async def upload_options(self) -> Response:
        """Say which parts of the protocol are offered."""
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(self.store.max_bytes),
            "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        }
        return Response(status_code=204, headers=headers)

    async def create_upload(self, request: Request) -> Response:
        """Announce an upload; its first bytes may come along."""
        store, who = self.store, self.owner(request)
        length, metadata = length_of(request), metadata_of(request)
        with_body = request.headers.get("content-type", "") == BODY_TYPE
        checksum = checksum_of(request) if with_body else None
        if with_body:
            check_size(request, length)
        shown = "" if self.key is None else self.key(request)
        create = partial(store.create, length, owner=who, metadata=metadata, asked_with=shown)
        upload = await to_thread.run_sync(create)
        headers = {"Location": f"{self.prefix}/{upload.id}", **expiry(upload)}
        if length == 0:
            await self._done(upload)
        if with_body:
            try:
                headers["Upload-Offset"] = str(await _receive(store, upload, request, checksum, self.stall_s))
                await self._done(await self._found(upload.id, who))
            except TooLarge:
                await to_thread.run_sync(partial(store.remove, upload.id, owner=who))
                raise
        return Response(status_code=201, headers=headers)

    async def upload_offset(self, upload_id: UploadId, request: Request) -> Response:
        """Say how many bytes have arrived."""
        upload = await self._found(upload_id, self.owner(request))
        headers = {"Upload-Offset": str(upload.offset), "Upload-Length": str(upload.length), **expiry(upload)}
        if upload.metadata:
            headers["Upload-Metadata"] = upload.metadata
        return Response(headers=headers)

    async def append_to_upload(self, upload_id: UploadId, request: Request) -> Response:
        """Take the next bytes."""
        who = self.owner(request)
        if request.headers.get("content-type", "") != BODY_TYPE:
            raise Refusal(415, f"Send the bytes as Content-Type: {BODY_TYPE}.")
        offset, checksum = number_of(request, "upload-offset"), checksum_of(request)
        upload = await self._found(upload_id, who)
        if offset != upload.offset:
            raise UploadOffsetDiffers(
                f"The upload has {upload.offset:,} bytes so far. Go on from there.", offset=upload.offset
            )
        check_size(request, upload.length - offset)
        end = await _receive(self.store, upload, request, checksum, self.stall_s)
        later = await self._found(upload_id, who)
        await self._done(later)
        return Response(status_code=204, headers={"Upload-Offset": str(end), **expiry(later)})

    async def remove_upload(self, upload_id: UploadId, request: Request) -> Response:
        """Give an upload up; its bytes are removed."""
        await to_thread.run_sync(partial(self.remove, upload_id, owner=self.owner(request)))
        return Response(status_code=204)

    async def _found(self, upload_id: str, who: str) -> Upload:
        return await to_thread.run_sync(partial(self.store.find, upload_id, owner=who))

    async def _done(self, upload: Upload) -> None:
        if self.complete is not None and upload.complete:
            await to_thread.run_sync(self.complete, upload)


async def _receive(
    store: UploadStore, upload: Upload, request: Request, checksum: Checksum | None, stall_s: float
) -> int:
    """Write a request's body to the end of an upload and return the offset after it.

    A sender that goes away or falls silent leaves what it sent, unless a checksum was to be compared.
    """
    held = store.append(upload.id, upload.offset, owner=upload.owner, checksum=checksum)
    append = await to_thread.run_sync(held.__enter__)
    try:
        await _write_blocks(append, request, stall_s)
        return await to_thread.run_sync(append.finish)
    except ClientDisconnect:
        raise Refusal(status=400, detail="The connection ended too early. Go on from Upload-Offset.") from None
    except TimeoutError:
        raise Refusal(408, f"No byte came for {stall_s:g} seconds. Go on from Upload-Offset.") from None
    finally:
        with anyio.CancelScope(shield=True):  # the lock must not outlive the request
            await to_thread.run_sync(held.__exit__, None, None, None)


async def _write_blocks(append: Append, request: Request, stall_s: float) -> None:
    """Write a body in blocks large enough to be worth a thread's while."""
    block = bytearray()
    try:
        async for part in _parts(request, stall_s):
            block += part
            if len(block) >= BLOCK_BYTES:
                full, block = block, bytearray()  # a block is tried once: what of it is written then counts
                await to_thread.run_sync(append.write, full)
    finally:
        if block:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(append.write, block)


async def _parts(request: Request, stall_s: float) -> AsyncIterator[bytes]:
    """Yield a body as it arrives.

    Raises:
        TimeoutError: Nothing came for too long.
    """
    stream = request.stream()
    while True:
        try:
            with anyio.fail_after(stall_s):
                part = await anext(stream)
        except StopAsyncIteration:
            return
        yield part


def _refused(status: int, detail: str) -> Response:
    return problem_response(framework_problem(status, detail))
