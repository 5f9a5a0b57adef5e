"""Request bodies: to a file while they arrive, never whole in memory, never over the cap."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.digests import announced_digests, compare_digests
from api.problems import Advice
from preflight.document import arrival_error, find_document, temporary_path
from preflight.errors import UsageError
from preflight.upload_metadata import last_part

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import Message, Receive

    from api.context import Context
    from preflight.document import Document

_FORM_OVERHEAD_BYTES = 64 * 1024
_MUCH = "The form has more than is read. Send the document, and of fields those of the API description."
_MALFORMED = {
    "Too many files": "The form has several files. Send each in a request of its own.",
    "Too many fields": _MUCH,
    "Field exceeded": _MUCH,
    "Part exceeded": _MUCH,
    "Missing boundary": "The form's Content-Type has no boundary. Leave that header to what makes the form.",
}
"""What is wrong with a form, by how the parser's own words begin."""
_NO_FORM = "The form is malformed. Have a library make it, or send the document as the raw body."


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A document that has arrived in a request.

    Attributes:
        document: The document, in a temporary file.
        name: What its sender calls it.
        sha256: Its hash, where the sender announced one and it was compared; None else.
    """

    document: Document
    name: str
    sha256: str | None = None


@asynccontextmanager
async def receive_document(request: Request, name: str, context: Context) -> AsyncIterator[Received]:
    """Take the document of a request to a temporary file, which is there for the length of a ``with`` block.

    Args:
        request: A raw body, or multipart with one field ``file``.
        name: Display name unless a multipart field brings its own; of a path the last part is taken.
        context: Where it goes, and how large it may be. The file is on the file system of uploads.

    Raises:
        HTTPException: 413 over the cap.
        Advice: 400 when the form has no file, or several, or cannot be read.
        UsageError: The form has other fields, which would be ignored.
        BadHeader: ``Content-Digest`` makes no sense.
        DigestDiffers: What arrived is not what was announced.
        OutputError: The body cannot be stored; DiskFull when there is no space.
        EmptyDocument: The document has no bytes.
        ClientDisconnect: The caller went away before the end of the body.
    """
    max_bytes = context.options.max_body_bytes
    is_form = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
    most = max_bytes + (_FORM_OVERHEAD_BYTES if is_form else 0)
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise HTTPException(413)
    announced = announced_digests(request)
    context.space.uploads.check_room(int(declared) if declared.isdigit() else 0)
    counted = Request(request.scope, counted_body(request.receive, most))
    with ExitStack() as stack:
        try:
            path = stack.enter_context(temporary_path(context.space.incoming))
            if is_form:
                name = await _store_form(counted, path, max_bytes) or name
            else:
                await _store_raw(counted, path)
        except OSError as error:
            raise arrival_error(error, "the request's body") from error
        find_document(path, name="The body")  # says what is wrong with it without the caller's name for it
        name = last_part(name)
        sha256 = await run_in_threadpool(compare_digests, path, announced) if announced else None
        yield Received(document=find_document(path, name=name), name=name, sha256=sha256)


def raw_body() -> dict[str, object]:
    """Return the description of a body that is a document, raw or in a form."""
    raw = {"schema": {"type": "string", "format": "binary"}}
    field = {"type": "string", "format": "binary", "description": "The document"}
    form = {"schema": {"type": "object", "required": ["file"], "properties": {"file": field}}}
    kinds = {"application/octet-stream": raw, "application/pdf": raw, "multipart/form-data": form}
    return {"requestBody": {"required": True, "content": kinds}}


def form_failure(error: HTTPException) -> HTTPException:
    """Return what kept a form from being read, in words of our own: the parser's may quote it."""
    if error.status_code != HTTPStatus.BAD_REQUEST:
        return error
    return Advice(400, next((said for begins, said in _MALFORMED.items() if error.detail.startswith(begins)), _NO_FORM))


def no_file(field: str, *, named: bool) -> Advice:
    """Return why a form has no document.

    Args:
        field: Where it should be.
        named: There is such a field, which is none that is a file.
    """
    if named:
        return Advice(400, f'The multipart field `{field}` is no file. Give it a filename: filename="report.pdf".')
    return Advice(
        400,
        f"The form has no multipart field `{field}` with a document, or breaks off before its end. Send the document "
        "in that field, and the boundary after it.",
    )


def counted_body(receive: Receive, max_bytes: int) -> Receive:
    """Count what arrives, declared or not, and stop where it is too much."""
    received = 0

    async def counting() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > max_bytes:
            raise HTTPException(413)
        return message

    return counting


async def _store_raw(request: Request, path: Path) -> None:
    with path.open("wb") as file:
        async for part in request.stream():
            file.write(part)


async def _store_form(request: Request, path: Path, max_bytes: int) -> str:
    """Store the field ``file`` of a form; returns the name it came with."""
    try:
        form = await request.form(max_files=1, max_fields=8)
    except HTTPException as error:
        raise form_failure(error) from None
    try:
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            raise no_file("file", named=upload is not None)
        if any(name != "file" for name, _ in form.multi_items()):
            raise UsageError("Of a form only the field `file` is read. Put everything else into the query.")
        if upload.size is not None and upload.size > max_bytes:
            raise HTTPException(413)
        await upload.seek(0)

        def copy() -> None:
            with path.open("wb") as file:
                shutil.copyfileobj(upload.file, file, 1 << 20)

        await run_in_threadpool(copy)
        return upload.filename or ""
    finally:
        await form.close()
