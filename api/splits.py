"""What a split has made: manifest, pieces one by one, or all in one archive."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.responses import StreamingResponse

from api.answers import JSON, problems
from api.context import READ, Context
from api.documents import Owner, Shared
from api.files import SAFE, disposition, file_response, ranged_response, without_body
from api.models import Id, ManifestOut
from api.owning import own_job
from api.protocol import HEAD
from api.query import known_query
from api.zipped import archive_size, archive_tag, part_of, zipped

if TYPE_CHECKING:
    from preflight.ledger.records import JobView

router = APIRouter(prefix="/v1/splits", tags=["splits"], dependencies=[Depends(known_query), Depends(own_job)])
SplitId = Annotated[Id, Path(description="Id of the split, which is that of its job")]
Number = Annotated[int, Path(ge=1, le=1_000_000, description="Number of the piece, from 1")]
_BYTES = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
_ZIP_TYPE = "application/zip"
_ZIP = {"content": {_ZIP_TYPE: {"schema": {"type": "string", "format": "binary"}}}}


@router.get(
    "/{split_id}",
    operation_id="get_split",
    response_class=Response,
    responses=problems(404, 409, 410) | {200: {"model": ManifestOut, "description": "The manifest"}},
    openapi_extra=READ,
)
def get_split(split_id: SplitId, context: Shared, owner: Owner) -> Response:
    """Return the manifest: the same bytes as the ``manifest.json`` of the command line."""
    return Response(context.space.jobs.results.manifest(_split(context, split_id, owner)), media_type=JSON)


@router.get(
    "/{split_id}/pieces/{number}",
    operation_id="get_piece",
    response_class=Response,
    responses=problems(404, 409, 410, 416)
    | {
        200: {"description": "The piece", **_BYTES},
        206: {"description": "A part of the piece", **_BYTES},
        304: {"description": "It has not changed"},
    },
    openapi_extra=READ,
)
def get_piece(
    request: Request,
    split_id: SplitId,
    number: Number,
    context: Shared,
    owner: Owner,
) -> Response:
    """Return a piece. Its ETag is its hash; parts may be asked for with ``Range``."""
    return file_response(request, context.space.jobs.results.piece(_split(context, split_id, owner), number))


@router.get(
    "/{split_id}/pieces/{number}/text",
    operation_id="get_piece_text",
    response_class=Response,
    responses=problems(404, 409, 410, 416)
    | {
        200: {"description": "The text", "content": {"text/plain": {}}},
        206: {"description": "A part of the text", "content": {"text/plain": {}}},
        304: {"description": "It has not changed"},
    },
    openapi_extra=READ,
)
def get_piece_text(request: Request, split_id: SplitId, number: Number, context: Shared, owner: Owner) -> Response:
    """Return the text beside a piece, of a split that was asked for `with_text`."""
    return file_response(request, context.space.jobs.results.piece_text(_split(context, split_id, owner), number))


@router.get(
    "/{split_id}/archive",
    operation_id="get_archive",
    response_class=Response,
    responses=problems(404, 409, 410, 416)
    | {
        200: {"description": "Manifest and pieces, stored without compression", **_ZIP},
        206: {"description": "A part of the archive", **_ZIP},
        304: {"description": "It has not changed"},
    },
    openapi_extra=READ,
)
def get_archive(request: Request, split_id: SplitId, context: Shared, owner: Owner) -> Response:
    """Return the manifest and all pieces as one ZIP archive, made while it is sent; the same bytes each time."""
    view = _split(context, split_id, owner)
    files = context.space.jobs.results.files(view)
    headers = {"Content-Disposition": disposition(f"{view.document['name']}.zip", attachment=True)}
    size = archive_size(files)
    if size is not None:
        headers["Content-Type"] = _ZIP_TYPE
        return ranged_response(request, archive_tag(files), size, partial(part_of, zipped(files)), headers)
    if request.scope.get(HEAD):
        return without_body(SAFE | headers, _ZIP_TYPE)
    return StreamingResponse(zipped(files), headers=SAFE | headers, media_type=_ZIP_TYPE)


def _split(context: Context, split_id: str, owner: str) -> JobView:
    return context.space.jobs.finished(split_id, owner=owner, kind="split")
