"""One call for the common case: a document comes, its report goes back."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Annotated

import anyio
from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response

from api.answers import JSON, failure_of, job_response, problems, with_job
from api.bodies import raw_body, receive_document
from api.context import CHECK, Context, context_of, key_of, require_workers, tenant_of
from api.documents import Key
from api.models import JobOut, ModelId, ReportOut, TargetId
from api.orders import IN_QUERY, order_of, prepared
from api.preferences import Preference, preference_of
from api.problems import problem_response
from api.query import known_query, own_limits
from preflight.engine.workers import Interruptible
from preflight.errors import Interrupted, ServiceBusy, UsageError
from preflight.judging import Order, UserLimits
from preflight.ledger.states import JobState
from preflight.pipeline import run
from preflight.service.jobs import Wish
from preflight.wire import report_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.bodies import Received
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
    x_document_password: Annotated[str | None, Header(description="Password of the document")] = None,
    idempotency_key: Key = None,
) -> Response:
    """Say whether a document will get through, which limit binds, what it costs, and what to do.

    The answer is the report, or 202 with the job that makes it when that takes longer than the request waits.
    """
    await to_thread.run_sync(prepared, order)
    preference = preference_of(request, context.options, unless_said_s=context.options.wait_s)
    _free_place(context)  # asked before the body is taken, too
    password = None if x_document_password is None else _utf8(x_document_password)
    if password is not None:
        _check_at_once(context, preference, idempotency_key)
    elif preference.wait_s > 0:
        await to_thread.run_sync(require_workers, context)
    async with receive_document(request, filename, context) as received:
        _free_place(context)
        direct = context.quick is not None and preference.wait_s > 0 and idempotency_key is None
        if password is not None or (direct and received.document.size_bytes <= DIRECT_BYTES):
            wait_s = None if password is not None else preference.wait_s
            report = await _at_once(context, received, order, password, wait_s)
            if report is not None:
                return _told(report, preference)
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
    key = (
        None if idempotency_key is None else f"check\n{idempotency_key}"
    )  # no header of a document or job has a line end
    document = context.space.documents.take(
        received.document.path, received.name, owner=owner, sha256=received.sha256, key=key, asked_with=asked_with
    )
    return context.space.jobs.ask(document, Wish(order=order), key=key, asked_with=asked_with)


async def _at_once(
    context: Context, received: Received, order: Order, password: str | None, wait_s: float | None
) -> Report | None:
    """Check a document while its sender waits; None when that takes too long."""
    if context.quick is None:
        return None
    quick, threads = context.quick, list[int]()
    work: Callable[[], Report] = partial(
        run, received.document, prepared(order), context.settings, quick, password=password
    )

    def call() -> Report:
        threads.append(threading.get_ident())
        return work()

    with anyio.move_on_after(wait_s):
        try:
            return await to_thread.run_sync(call, abandon_on_cancel=True, limiter=context.places)
        except Interrupted:  # the service ends
            return None
    if threads and isinstance(quick, Interruptible):
        quick.interrupt(threads[0])
    return None


def _check_at_once(context: Context, preference: Preference, idempotency_key: str | None) -> None:
    """Refuse what cannot be had with a password, which is kept nowhere.

    Raises:
        UsageError: The caller does not want to wait, or wants to be recognized later.
        ServiceBusy: Nobody is here to open the document.
    """
    if preference.wait_s <= 0:
        raise UsageError(
            "A password is kept nowhere, so no job has it. Wait for the report: leave out `Prefer: respond-async`."
        )
    if idempotency_key is not None:
        raise UsageError("Nothing is kept of a check with a password. Leave out Idempotency-Key, and send it again.")
    if context.quick is None:
        raise ServiceBusy("Passwords are not kept for later, and nobody is here to open the document at once.")


def _free_place(context: Context) -> None:
    """Refuse at once what could only wait.

    Raises:
        ServiceBusy: As many checks run and wait as may.
    """
    if context.places.available_tokens < 1:
        raise ServiceBusy("All workers are taken. Try again in some seconds.")


def _utf8(header: str) -> str:
    """Read a header's bytes, which HTTP hands over as Latin-1, as the UTF-8 they most likely are."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return header
