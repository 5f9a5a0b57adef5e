"""Two routes of other services, so that their callers change an address and nothing else.

``POST /v1/convert/file`` of docling-serve, and ``PUT /process`` of Open WebUI's external document loader. Both give the
text of a document, OCR where it is needed, in the request; the document and all that was made of it are removed then.
"""

from __future__ import annotations

import shutil
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote

import anyio
from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from api.answers import json_response, problems
from api.bodies import form_failure, no_file, receive_document
from api.context import CHECK, Context, require_workers
from api.docling import Options, answer_from, options_from
from api.documents import Owner, Shared
from api.query import known_query
from api.wishes import check_languages
from extractors.clean import safe_label
from preflight.document import arrival_error, find_document, temporary_path
from preflight.engine.request import TextWish
from preflight.errors import (
    JobUnfinished,
    PreflightError,
    Stopped,
    TimedOut,
    UnknownUpload,
    UploadBusy,
    UploadExpired,
    UsageError,
)
from preflight.ledger.states import JobState
from preflight.problems import Problem
from preflight.service.job_data import problem_members
from preflight.service.jobs import Wish
from preflight.textual import lost_units, text_from_json, unit_words
from preflight.upload_metadata import last_part

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from preflight.service.documents import StoredDocument
    from preflight.textual import DocumentText

MAX_FIELDS = 200
LOOK_S = 2.0
"""Pause between looks whether the caller is still there."""
router = APIRouter(tags=["drop-ins"], dependencies=[Depends(known_query)])
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "required": ["files"],
        "properties": {
            "files": {"type": "string", "format": "binary", "description": "The document"},
            "to_formats": {"type": "array", "items": {"type": "string", "enum": ["md", "text"]}},
            "do_ocr": {"type": "boolean"},
            "force_ocr": {"type": "boolean"},
            "ocr_lang": {"type": "array", "items": {"type": "string"}},
            "page_range": {"type": "array", "items": {"type": "integer"}},
        },
    }
}


@router.put(
    "/process",
    operation_id="open_webui_process",
    response_class=Response,
    responses=problems(413, 415, 507)
    | {200: {"description": "One object a page: page_content and metadata", "content": {"application/json": {}}}},
    openapi_extra=CHECK
    | {"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY, "application/pdf": _BINARY}}},
)
async def open_webui_process(
    request: Request,
    context: Shared,
    owner: Owner,
    x_filename: Annotated[str, Header(max_length=1_500, description="Display name, percent-encoded")] = "document",
) -> Response:
    """Give the text of a document page by page, as Open WebUI's external document loader asks for it."""
    await to_thread.run_sync(require_workers, context)
    name = unquote(x_filename)
    raw = Request(_as_raw(request), request.receive)
    async with receive_document(raw, name, context) as received:
        document = await _kept(context, received.document.path, received.name, owner)
    async with _removed_later(context, document):
        text = await _text(request, context, document, Wish(text=TextWish(form="json")))
    return json_response(_pages(text))


@router.post(
    "/v1/convert/file",
    operation_id="docling_convert_file",
    response_class=Response,
    responses=problems(413, 415, 507)
    | {200: {"description": "As docling-serve answers", "content": {"application/json": {}}}},
    openapi_extra=CHECK | {"requestBody": {"required": True, "content": {"multipart/form-data": _FORM}}},
)
async def docling_convert_file(request: Request, context: Shared, owner: Owner) -> Response:
    """Give the text of a document as docling-serve does: Markdown, plain text, or both."""
    began = time.monotonic()
    await to_thread.run_sync(require_workers, context)
    document, options = await _received_form(request, context, owner)
    async with _removed_later(context, document):
        wish = Wish(text=TextWish(form="json", ocr=options.ocr), languages=options.languages)
        text = await _text(request, context, document, wish)
    headers = {"X-Preflight-Ignored": ", ".join(options.ignored[:20])} if options.ignored else {}
    return json_response(answer_from(text, document.name, options, time.monotonic() - began), 200, headers)


async def _received_form(request: Request, context: Context, owner: str) -> tuple[StoredDocument, Options]:
    """Take the file and the options of a form."""
    context.space.uploads.check_room(0)
    try:
        form = await request.form(max_files=2, max_fields=MAX_FIELDS)
    except HTTPException as error:
        raise form_failure(error) from None
    try:
        upload = _one_file(form)
        options = options_from([(name, value) for name, value in form.multi_items() if isinstance(value, str)])
        if upload.size is not None and upload.size > context.options.max_body_bytes:
            raise HTTPException(413)
        with temporary_path(context.space.incoming) as path:
            await run_in_threadpool(_copy, upload, path)
            find_document(path, name="The file")
            return await _kept(context, path, last_part(upload.filename or "document"), owner), options
    finally:
        await form.close()


def _one_file(form: FormData) -> UploadFile:
    found = [(name, value) for name, value in form.multi_items() if isinstance(value, UploadFile)]
    if not found or any(name != "files" for name, _ in found):
        raise no_file("files", named="files" in form and not found)
    if len(found) > 1:
        raise UsageError("One file a request, in the field `files`. Send the others in requests of their own.")
    return found[0][1]


def _copy(upload: UploadFile, path: Path) -> None:
    try:
        upload.file.seek(0)
        with path.open("wb") as file:
            shutil.copyfileobj(upload.file, file, 1 << 20)
    except OSError as error:
        raise arrival_error(error, "the request's body") from error


async def _kept(context: Context, path: Path, name: str, owner: str) -> StoredDocument:
    return await to_thread.run_sync(partial(context.space.documents.take, path, name, owner=owner))


@asynccontextmanager
async def _removed_later(context: Context, document: StoredDocument) -> AsyncIterator[None]:
    """Remove a document, its job and its text at the end of a ``with`` block, whatever happens in it."""
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True), suppress(UnknownUpload, UploadExpired, UploadBusy):
            await to_thread.run_sync(partial(context.space.documents.remove, document.id, owner=document.owner))


async def _text(request: Request, context: Context, document: StoredDocument, wish: Wish) -> DocumentText:
    """Wait for the text of a document.

    Raises:
        LanguageNotOffered: OCR has no data for a language that is wanted.
        TimedOut: It takes longer than a request may wait.
        Stopped: There is none, for a reason that the job tells.
        JobUnfinished: Somebody cancelled the job.
        ResultGone: Somebody removed the document.
    """
    jobs = context.space.jobs
    await to_thread.run_sync(check_languages, wish, context.space)
    view = await to_thread.run_sync(partial(jobs.ask, document, wish))
    deadline = time.monotonic() + context.options.max_wait_s
    while not view.state.final:
        left = deadline - time.monotonic()
        if left <= 0 or context.stopping.is_set() or await request.is_disconnected():
            with suppress(PreflightError):
                await to_thread.run_sync(partial(jobs.cancel, view.id, owner=document.owner))
            raise TimedOut(
                "The text takes longer than a request may wait. Send the document to /v1/uploads and follow a job."
            )
        view = await context.watch.ended(view.id, min(left, LOOK_S))
    if view.problem is not None or view.state not in (JobState.DONE, JobState.PARTIAL):
        told = problem_members(view.problem)
        raise Stopped(Problem(**told)) if told else JobUnfinished("The work was cancelled. Send the document again.")
    data = await to_thread.run_sync(jobs.results.file(view).path.read_bytes)
    text = await to_thread.run_sync(text_from_json, data)
    return replace(text, complete=text.complete and view.state is JobState.DONE)


def _pages(text: DocumentText) -> list[dict[str, object]]:
    """Return the pages as Open WebUI reads them: ``page`` counts from 0, ``page_label`` is what people call it.

    Its loader joins the contents and shows the metadata, so what is missing stands in both.
    """
    lost = lost_units(text)
    warnings = sorted({finding.message for finding in text.findings if finding.severity != "info"})
    common: dict[str, object] = {
        "source": safe_label(text.source.name),
        "media_type": text.source.media_type,
        "total_pages": len(text.units),
        "complete": text.complete and not lost,
        **({"warnings": " ".join(warnings)} if warnings else {}),
    }
    if text.unit_kind == "block":  # paragraphs of flowing text are no pages
        words = "\n\n".join(filter(None, (unit_words(text, unit, "markdown") for unit in text.units)))
        return [{"page_content": words, "metadata": {**common, "total_pages": 1}}]
    return [
        {
            "page_content": unit_words(text, unit, "text"),
            "metadata": {**common, "page": unit.number - 1, "page_label": str(unit.number)},
        }
        for unit in text.units
    ]


def _as_raw(request: Request) -> dict[str, object]:
    """Return a request's scope with its body taken as it is: the loader names the document's type, whatever that is."""
    headers = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
    return {**request.scope, "headers": headers}
