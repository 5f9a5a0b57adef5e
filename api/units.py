"""Looks at single units of a document: its text, a small picture of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.answers import RETRY_S, failure_of, problems
from api.context import READ, Context
from api.documents import DocumentId, Owner, Shared
from api.files import file_response
from api.problems import problem_response
from api.query import known_query
from preflight.errors import ServiceBusy
from preflight.ledger.states import JobState
from preflight.problems import problem_from

if TYPE_CHECKING:
    from preflight.ledger.records import JobView

router = APIRouter(
    prefix="/v1/documents/{document_id}/units/{number}", tags=["documents"], dependencies=[Depends(known_query)]
)
Number = Annotated[int, Path(ge=1, le=1_000_000, description="Number of the page or other unit, from 1")]
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
) -> Response:
    """Return the text of one unit, by OCR where it has none that can be used."""
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
) -> Response:
    """Return a small picture of one page or frame, drawn in a locked worker."""
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
