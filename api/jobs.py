"""Jobs: asking for work on a document, following it, ending it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Path, Request, Response
from starlette.responses import StreamingResponse

from api.answers import (
    DEFAULT_PAGE,
    JSON,
    failure_of,
    job_response,
    json_response,
    mark_of,
    page_response,
    problems,
    with_job,
)
from api.checks import answer_with_report
from api.context import CHECK, READ, WRITE, Context, context_of, key_of, tenant_of
from api.direct import Password, check_direct, password_of, with_password
from api.documents import Cursor, DocumentId, Key, Limit, Owner, Shared
from api.events import follow
from api.files import SAFE, file_response, without_body
from api.json_body import SmallBodyRoute
from api.models import CheckIn, Id, JobOut, JobsOut, ManifestOut, ReportOut, SplitIn, TextIn
from api.orders import IN_BODY, order_of, prepared
from api.owning import own_job, own_key
from api.preferences import Preference, preference_of
from api.problems import problem_response
from api.protocol import HEAD
from api.query import known_query
from api.wishes import check_languages, split_wish, text_wish, with_hook
from preflight.errors import JobUnfinished, UnknownJob
from preflight.service.job_data import job_data
from preflight.service.jobs import LOOK, Wish, kind_of
from preflight.textual import document_text, write_text

if TYPE_CHECKING:
    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.ledger.records import JobView
    from preflight.problems import Problem

router = APIRouter(tags=["jobs"], dependencies=[Depends(known_query), Depends(own_job)], route_class=SmallBodyRoute)
JobId = Annotated[Id, Path(description="Id of the job")]
_STARTED = problems(404, 409, 410, 413, 415) | {202: {"model": JobOut, "description": "The job, which is under way"}}


@router.post(
    "/v1/documents/{document_id}/checks",
    operation_id="check_document",
    status_code=202,
    response_class=Response,
    responses=_STARTED | {200: {"model": ReportOut, "description": "The report"}},
    openapi_extra=CHECK,
)
async def check_document(
    request: Request, document_id: DocumentId, body: CheckIn, context: Shared, idempotency_key: Key = None
) -> Response:
    """Check a document that is kept here."""
    order = order_of(body.target, body.via, body.model, words=IN_BODY, limits=body.own_limits())
    await to_thread.run_sync(prepared, order)
    wish = with_hook(Wish(order=order), body.webhook, context)
    preference = preference_of(request, context.options, unless_said_s=0.0)
    view = await _asked(request, document_id, wish, idempotency_key, preference)
    return answer_with_report(view, context, preference)


@router.post(
    "/v1/documents/{document_id}/texts",
    operation_id="read_document",
    status_code=202,
    response_class=Response,
    responses=_STARTED
    | {200: {"description": "The text", "content": {"text/plain": {}, "text/markdown": {}, JSON: {}}}},
    openapi_extra=CHECK,
)
async def read_document(
    request: Request,
    document_id: DocumentId,
    body: TextIn,
    context: Shared,
    idempotency_key: Key = None,
    x_document_password: Password = None,
) -> Response:
    """Take the text of a document: its text layer where that is good, OCR where it is needed."""
    if x_document_password is not None:
        named = idempotency_key is not None
        return await _opened(request, document_id, body, password_of(x_document_password), named=named)
    wish = with_hook(text_wish(body), body.webhook, context)
    preference = preference_of(request, context.options, unless_said_s=0.0)
    view = await _asked(request, document_id, wish, idempotency_key, preference)
    return _answer(view, request, context, preference)


@router.post(
    "/v1/documents/{document_id}/splits",
    operation_id="split_document",
    status_code=202,
    response_class=Response,
    responses=_STARTED | {200: {"model": ManifestOut, "description": "The manifest"}},
    openapi_extra=CHECK,
)
async def split_document(
    request: Request, document_id: DocumentId, body: SplitIn, context: Shared, idempotency_key: Key = None
) -> Response:
    """Cut a document into pieces that each get through, with a manifest that proves that nothing was lost."""
    wish = with_hook(split_wish(body), body.webhook, context)
    if wish.order is not None:
        await to_thread.run_sync(prepared, wish.order)
    preference = preference_of(request, context.options, unless_said_s=0.0)
    view = await _asked(request, document_id, wish, idempotency_key, preference)
    return _answer(view, request, context, preference)


@router.get(
    "/v1/jobs",
    operation_id="list_jobs",
    response_class=Response,
    responses=problems() | {200: {"model": JobsOut, "description": "A page of jobs"}},
    openapi_extra=READ,
)
def list_jobs(
    request: Request, context: Shared, owner: Owner, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE
) -> Response:
    """List jobs, the latest first."""
    found = context.space.jobs.page(owner, before=mark_of(cursor), limit=limit, asked_with=own_key(request))
    items = [job_data(one, context.options.kept_s) for one in found]
    return page_response(items, [one.mark for one in found], limit)


@router.get(
    "/v1/jobs/{job_id}",
    operation_id="get_job",
    response_class=Response,
    responses=problems(404) | {200: {"model": JobOut, "description": "The job"}},
    openapi_extra=READ,
)
def get_job(job_id: JobId, context: Shared, owner: Owner) -> Response:
    """Show how far a job is."""
    return json_response(job_data(_found(context, job_id, owner), context.options.kept_s))


@router.get(
    "/v1/jobs/{job_id}/result",
    operation_id="get_job_result",
    response_class=Response,
    responses=problems(404, 409, 410, 415, 507)
    | {200: {"description": "What the job has made", "content": {JSON: {}, "text/plain": {}, "text/markdown": {}}}},
    openapi_extra=READ,
)
def get_job_result(request: Request, job_id: JobId, context: Shared, owner: Owner) -> Response:
    """Return the report of a check, the text of a document, the manifest of a split; or why there is none."""
    view = _found(context, job_id, owner)
    if not view.state.final:
        raise JobUnfinished("The job has no result yet. Follow it under /v1/jobs.")
    return _ended(view, request, context)


@router.post(
    "/v1/jobs/{job_id}/cancel",
    operation_id="cancel_job",
    status_code=202,
    response_class=Response,
    responses=problems(404, 409) | {202: {"model": JobOut, "description": "The job has ended"}},
    openapi_extra=WRITE,
)
def cancel_job(job_id: JobId, context: Shared, owner: Owner) -> Response:
    """End a job; whoever works on it stops within seconds."""
    _found(context, job_id, owner)
    return job_response(context.space.jobs.cancel(job_id, owner=owner), context)


@router.get(
    "/v1/jobs/{job_id}/events",
    operation_id="follow_job",
    response_class=Response,
    responses=problems(404)
    | {
        200: {"description": "The job whenever it changes", "content": {"text/event-stream": {}}},
        204: {"description": "Nothing more will come"},
    },
    openapi_extra=READ,
)
async def follow_job(
    request: Request,
    job_id: JobId,
    context: Shared,
    owner: Owner,
    last_event_id: Annotated[str | None, Header(max_length=20, description="Id of the last event that came")] = None,
) -> Response:
    """Follow a job: an event `progress` with the job whenever it has changed, at its end `done`."""
    view = await to_thread.run_sync(partial(_found, context, job_id, owner))
    seen = int(last_event_id) if last_event_id is not None and last_event_id.isdecimal() else -1
    if view.state.final and seen >= view.revision:
        return Response(status_code=204)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if request.scope.get(HEAD):
        return without_body(headers, "text/event-stream")
    events: AsyncIterator[bytes] = follow(context, view, seen)
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def _found(context: Context, job_id: str, owner: str) -> JobView:
    view = context.space.jobs.find(job_id, owner=owner)
    if kind_of(view) == LOOK:
        raise UnknownJob("There is no such job. It may have expired: ask for the work again.")
    return view


async def _asked(request: Request, document_id: str, wish: Wish, key: str | None, preference: Preference) -> JobView:
    """Ask for work, and wait for it as long as is preferred."""
    context, owner = context_of(request), tenant_of(request)

    def ask() -> JobView:
        document = context.space.documents.find(document_id, owner=owner)
        check_languages(wish, context.space)
        return context.space.jobs.ask(document, wish, key=key, asked_with=key_of(request))

    view = await to_thread.run_sync(ask)
    if preference.wait_s > 0:
        view = await context.watch.ended(view.id, preference.wait_s)
    return view


async def _opened(request: Request, document_id: str, body: TextIn, password: str | None, *, named: bool) -> Response:
    """Read a document that needs a password, at once; nothing of it is kept."""
    context = context_of(request)
    preference = preference_of(request, context.options, unless_said_s=context.options.wait_s)
    check_direct(context, preference, named=named, told=body.webhook is not None)
    wish = text_wish(body)
    await to_thread.run_sync(check_languages, wish, context.space)
    settings = context.settings if wish.languages is None else replace(context.settings, languages=wish.languages)

    def work(executor: Executor, document: Document) -> bytes | Problem:
        text = document_text(document, settings, executor, ocr=body.ocr, password=password)
        return text.problem or write_text(text, body.form)

    made = await with_password(request, document_id, work, preference.wait_s)
    if not isinstance(made, bytes):
        return problem_response(made)
    kind = {"text": "text/plain; charset=utf-8", "markdown": "text/markdown; charset=utf-8"}.get(body.form, JSON)
    return Response(made, headers=SAFE | {"Content-Type": kind, "Cache-Control": "no-store"} | preference.headers)


def _answer(view: JobView, request: Request, context: Context, preference: Preference) -> Response:
    """Return what a job has made, or that it is under way."""
    if not view.state.final:
        return job_response(view, context, preference)
    answer = _ended(view, request, context)
    answer.headers.update(preference.headers)
    return with_job(answer, view)


def _ended(view: JobView, request: Request, context: Context) -> Response:
    """Return what a job that has ended has made."""
    results = context.space.jobs.results
    if view.result is None or view.problem is not None:
        return failure_of(view)
    kind = kind_of(view)
    if kind == "text":
        return file_response(request, results.file(view), attachment=False)
    return Response(results.report(view) if kind == "check" else results.manifest(view), media_type=JSON)
