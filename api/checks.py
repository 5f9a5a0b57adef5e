"""One call for the common case: a document comes, its report goes back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response

from api.answers import JSON, failure_of, job_response, problems, with_job
from api.bodies import raw_body, receive_document
from api.context import CHECK, Context, context_of, key_of, require_workers, tenant_of
from api.direct import Password, at_once, check_direct, free_place, password_of, unanswered
from api.documents import Key
from api.models import JobOut, ModelId, ReportOut, TargetId
from api.orders import IN_QUERY, order_of, prepared
from api.preferences import Preference, preference_of
from api.problems import problem_response
from api.query import known_query, own_limits
from preflight.judging import Order, UserLimits
from preflight.ledger.states import JobState
from preflight.pipeline import run
from preflight.service.jobs import Wish
from preflight.wire import report_json

if TYPE_CHECKING:
    from api.bodies import Received
    from preflight.execution import Executor
    from preflight.ledger.records import JobView
    from preflight.model import Report

DIRECT_BYTES = 32 * 1024 * 1024
"""Larger documents are a job at once: what was begun for a caller who waits would be begun anew when it takes long."""

router = APIRouter(tags=["check"], dependencies=[Depends(known_query)])


def _asked(
    limits: Annotated[UserLimits, Depends(own_limits)],
    target: Annotated[TargetId | None, Query(alias="for", description="Receiving service")] = None,
    via: Annotated[list[TargetId] | None, Query(description="Gateways on the way", max_length=10)] = None,
    model: Annotated[ModelId | None, Query(description="Model at the target")] = None,
) -> Order:
    """Return what is asked for.

    Raises:
        UnknownTarget: A target or gateway is not known.
    """
    return order_of(target, via or (), model, words=IN_QUERY, limits=limits)


@router.post(
    "/v1/check",
    operation_id="check",
    response_class=Response,
    responses=problems(404, 410, 413, 415, 507)
    | {200: {"model": ReportOut, "description": "The report"}, 202: {"model": JobOut, "description": "A job"}},
    openapi_extra=CHECK | raw_body(),
)
async def check(
    request: Request,
    context: Annotated[Context, Depends(context_of)],
    owner: Annotated[str, Depends(tenant_of)],
    order: Annotated[Order, Depends(_asked)],
    filename: Annotated[str, Query(description="Display name", max_length=500)] = "document",
    x_document_password: Password = None,
    idempotency_key: Key = None,
) -> Response:
    """Say whether a document will get through, which limit binds, what it costs, and what to do.

    The answer is the report, or 202 with the job that makes it when that takes longer than the request waits.
    """
    await to_thread.run_sync(prepared, order)
    preference = preference_of(request, context.options, unless_said_s=context.options.wait_s)
    free_place(context)  # asked before the body is taken, too
    password = password_of(x_document_password)
    if password is not None:
        check_direct(context, preference, named=idempotency_key is not None)
    elif preference.wait_s > 0:
        await to_thread.run_sync(require_workers, context)
    async with receive_document(request, filename, context) as received:
        free_place(context)
        direct = context.quick is not None and preference.wait_s > 0 and idempotency_key is None
        if password is not None or (direct and received.document.size_bytes <= DIRECT_BYTES):
            report = await _at_once(context, received, order, password, preference.wait_s)
            if report is not None:
                return _told(report, preference)
            if password is not None:
                raise unanswered(context)
            preference = Preference(wait_s=0.0, applied=preference.applied)
        ask = partial(_as_job, context, received, order, owner, key_of(request), idempotency_key)
        view = await to_thread.run_sync(ask)
    view = await context.watch.ended(view.id, preference.wait_s)
    return answer_with_report(view, context, preference)


def answer_with_report(view: JobView, context: Context, preference: Preference) -> Response:
    """Return the report of a check that has ended, or the job that is under way."""
    if not view.state.final:
        return job_response(view, context, preference)
    if view.state is not JobState.DONE:
        return with_job(failure_of(view), view)
    report = context.space.jobs.results.report(view)
    return with_job(Response(report, media_type=JSON, headers=preference.headers), view)


def _told(report: Report, preference: Preference) -> Response:
    if report.problem is not None:
        return problem_response(report.problem)
    return Response(report_json(report), media_type=JSON, headers=preference.headers)


def _as_job(
    context: Context, received: Received, order: Order, owner: str, asked_with: str, idempotency_key: str | None
) -> JobView:
    """Keep a document, and have it checked. The same idempotency key is the same document and the same job."""
    # A line end, because no header of a document or job has one.
    key = None if idempotency_key is None else f"check\n{idempotency_key}"
    document = context.space.documents.take(
        received.document.path, received.name, owner=owner, sha256=received.sha256, key=key, asked_with=asked_with
    )
    return context.space.jobs.ask(document, Wish(order=order), key=key, asked_with=asked_with)


async def _at_once(
    context: Context, received: Received, order: Order, password: str | None, wait_s: float | None
) -> Report | None:
    """Check a document while its sender waits; None when that takes too long."""

    def work(executor: Executor) -> Report:
        return run(received.document, prepared(order), context.settings, executor, password=password)

    return await at_once(context, work, wait_s)
