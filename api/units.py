"""Looks at single units of a document: its text, a small picture of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath

from api.answers import RETRY_S, failure_of, problems
from api.context import READ, Context, context_of
from api.direct import Password, check_direct, password_of, with_password
from api.documents import DocumentId, Owner, Shared
from api.files import SAFE, file_response
from api.preferences import preference_of
from api.problems import problem_response
from api.query import known_query
from preflight.engine.texts import Look, look_at
from preflight.errors import ServiceBusy
from preflight.ledger.states import JobState
from preflight.problems import problem_from

if TYPE_CHECKING:
    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.ledger.records import JobView
    from preflight.problems import Problem

router = APIRouter(
    prefix="/v1/documents/{document_id}/units/{number}", tags=["documents"], dependencies=[Depends(known_query)]
)
Number = Annotated[int, InPath(ge=1, le=1_000_000, description="Number of the page or other unit, from 1")]
WIDTHS = (60, 600)


@router.get(
    "/text",
    operation_id="get_unit_text",
    response_class=Response,
    responses=problems(404, 409, 410, 415, 507) | {200: {"description": "The text", "content": {"text/plain": {}}}},
    openapi_extra=READ,
)
async def get_unit_text(
    request: Request,
    document_id: DocumentId,
    number: Number,
    context: Shared,
    owner: Owner,
    ocr: Annotated[Literal["auto", "never"], Query(description="Whether OCR is run where it is needed")] = "auto",
    x_document_password: Password = None,
) -> Response:
    """Return the text of one unit, by OCR where it has none that can be used."""
    if x_document_password is not None:
        return await _opened(request, document_id, Look(number=number, ocr=ocr), x_document_password)
    return await _looked(request, context, document_id, owner, {"unit": number, "ocr": ocr})


@router.get(
    "/thumbnail",
    operation_id="get_unit_thumbnail",
    response_class=Response,
    responses=problems(404, 409, 410, 415, 507)
    | {200: {"description": "The picture", "content": {"image/png": {}}}, 304: {"description": "It has not changed"}},
    openapi_extra=READ,
)
async def get_unit_thumbnail(
    request: Request,
    document_id: DocumentId,
    number: Number,
    context: Shared,
    owner: Owner,
    w: Annotated[int, Query(ge=WIDTHS[0], le=WIDTHS[1], description="Width in pixels at most")] = 160,
    x_document_password: Password = None,
) -> Response:
    """Return a small picture of one page or frame, drawn in a locked worker."""
    if x_document_password is not None:
        return await _opened(request, document_id, Look(number=number, width_px=w), x_document_password)
    return await _looked(request, context, document_id, owner, {"unit": number, "width": w})


async def _looked(request: Request, context: Context, document_id: str, owner: str, look: dict[str, Any]) -> Response:
    """Have a worker look, and wait for it."""

    def ask() -> JobView:
        document = context.space.documents.find(document_id, owner=owner)
        return context.space.jobs.look(document, look)

    view = await to_thread.run_sync(ask)
    view = await context.watch.ended(view.id, context.options.wait_s)
    if not view.state.final:
        late = ServiceBusy("All workers are taken. Ask again in some seconds: it is being worked on.")
        return problem_response(problem_from(late), {"Retry-After": str(RETRY_S)})
    if view.state is not JobState.DONE:
        return failure_of(view)
    return file_response(request, context.space.jobs.results.file(view), attachment=False)


async def _opened(request: Request, document_id: str, look: Look, header: str) -> Response:
    """Look at a unit of a document that needs a password, at once; nothing of it is kept."""
    context = context_of(request)
    preference = preference_of(request, context.options, unless_said_s=context.options.wait_s)
    check_direct(context, preference, named="idempotency-key" in request.headers)

    def work(executor: Executor, document: Document) -> bytes | Problem:
        with tempfile.TemporaryDirectory(dir=context.space.incoming) as folder:
            return look_at(
                document, look, context.settings, executor, folder=Path(folder), password=password_of(header)
            )

    made = await with_password(request, document_id, work, preference.wait_s)
    if not isinstance(made, bytes):
        return problem_response(made)
    kind = "text/plain; charset=utf-8" if look.width_px is None else "image/png"
    return Response(made, headers=SAFE | {"Content-Type": kind, "Cache-Control": "no-store"} | preference.headers)
