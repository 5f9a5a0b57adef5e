"""Request bodies: to a file while they arrive, never whole in memory, never over the cap."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO

from fastapi import HTTPException
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from preflight.document import storage_error

if TYPE_CHECKING:
    from contextlib import ExitStack

    from fastapi import Request

_FORM_OVERHEAD_BYTES = 64 * 1024


async def receive_document(request: Request, stack: ExitStack, name: str, max_bytes: int) -> tuple[BinaryIO, str]:
    """Return the document of a request as an open file at its start, and its display name.

    Args:
        request: A raw body, or multipart with one field ``file``.
        stack: Closes the file when the request is done.
        name: Display name unless a multipart field brings its own.
        max_bytes: Largest body.

    Raises:
        HTTPException: 413 over the cap, 400 when the form has no file.
        OutputError: The body cannot be stored.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes + _FORM_OVERHEAD_BYTES:
        raise HTTPException(413)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await _from_form(request, stack, name, max_bytes)
    file = stack.enter_context(TemporaryFile(prefix="preflight-"))  # noqa: SIM115 - the stack closes it
    received = 0
    try:
        async for part in request.stream():
            received += len(part)
            if received > max_bytes:
                raise HTTPException(413)
            file.write(part)
    except OSError as error:
        raise storage_error(error, "the request's body") from error
    file.seek(0)
    return file, name


async def _from_form(request: Request, stack: ExitStack, name: str, max_bytes: int) -> tuple[BinaryIO, str]:
    try:
        form = await request.form(max_files=1, max_fields=8)
    except MultiPartException as error:
        raise HTTPException(400) from error
    for value in form.values():
        if isinstance(value, UploadFile):
            stack.callback(value.file.close)
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        raise HTTPException(400)
    if upload.size is not None and upload.size > max_bytes:
        raise HTTPException(413)
    await upload.seek(0)
    return upload.file, upload.filename or name
