"""Documents: sent in one request or by a resumable upload, listed, removed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from api.answers import DEFAULT_PAGE, MOST_PAGE, json_response, mark_of, page_response, problems
from api.bodies import raw_body, receive_document
from api.context import READ, WRITE, Context, context_of, key_of, tenant_of
from api.models import DocumentOut, DocumentsOut, Id
from api.owning import own_job, own_key
from api.query import known_query
from preflight.errors import UnknownDocument, UnknownUpload, UploadExpired
from preflight.service.documents import MAX_KEY
from preflight.service.job_data import document_data

if TYPE_CHECKING:
    from preflight.service.documents import StoredDocument

router = APIRouter(tags=["documents"], dependencies=[Depends(known_query), Depends(own_job)])
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=MAX_KEY - 10, description="The same key is the same request"
    ),
]
Shared = Annotated[Context, Depends(context_of)]
Owner = Annotated[str, Depends(tenant_of)]
DocumentId = Annotated[Id, Path(description="Id of the document, which is that of its upload")]
Cursor = Annotated[str | None, Query(max_length=100, description="next_cursor of the page before")]
Limit = Annotated[int, Query(ge=1, le=MOST_PAGE, description="Items at most")]


@router.post(
    "/v1/documents",
    operation_id="create_document",
    status_code=201,
    response_class=Response,
    responses=problems(413, 507) | {201: {"model": DocumentOut, "description": "The document is kept"}},
    openapi_extra=WRITE | raw_body(),
)
async def create_document(
    request: Request,
    context: Shared,
    owner: Owner,
    filename: Annotated[str, Query(description="Display name", max_length=500)] = "document",
    idempotency_key: Key = None,
) -> Response:
    """Keep a document, to be worked on. Once this is answered it is there, whatever happens."""
    async with receive_document(request, filename, context) as received:
        take = partial(
            context.space.documents.take,
            received.document.path,
            received.name,
            owner=owner,
            sha256=received.sha256,
            key=idempotency_key,
            asked_with=key_of(request),
        )
        document = await to_thread.run_sync(take)
    return json_response(document_data(document), 201, {"Location": f"/v1/documents/{document.id}"})


@router.get(
    "/v1/documents",
    operation_id="list_documents",
    response_class=Response,
    responses=problems() | {200: {"model": DocumentsOut, "description": "A page of documents"}},
    openapi_extra=READ,
)
def list_documents(
    request: Request, context: Shared, owner: Owner, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE
) -> Response:
    """List documents, the latest first."""
    found = context.space.documents.page(owner, before=mark_of(cursor), limit=limit, asked_with=own_key(request))
    return page_response([document_data(one) for one in found], [one.mark for one in found], limit)


@router.get(
    "/v1/documents/{document_id}",
    operation_id="get_document",
    response_class=Response,
    responses=problems(404, 409) | {200: {"model": DocumentOut, "description": "The document"}},
    openapi_extra=READ,
)
def get_document(document_id: DocumentId, context: Shared, owner: Owner) -> Response:
    """Show what is known of a document."""
    return json_response(document_data(_found(context, document_id, owner)))


@router.delete(
    "/v1/documents/{document_id}",
    operation_id="delete_document",
    status_code=204,
    response_class=Response,
    responses=problems(404, 409, 423) | {204: {"description": "It is gone, and all jobs on it with their results"}},
    openapi_extra=WRITE,
)
def delete_document(document_id: DocumentId, context: Shared, owner: Owner) -> Response:
    """Remove a document, the jobs on it, and what they have made."""
    try:
        context.space.documents.remove(document_id, owner=owner)
    except (UnknownUpload, UploadExpired) as error:
        raise UnknownDocument("There is no such document. It may have expired already.") from error
    return Response(status_code=204)


def _found(context: Context, document_id: str, owner: str) -> StoredDocument:
    return context.space.documents.find(document_id, owner=owner)
