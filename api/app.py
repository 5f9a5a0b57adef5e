"""The HTTP application: a thin skin over the pipeline."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, FastAPI, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.bodies import receive_document
from api.problems import MEDIA_TYPE, install_problem_handlers, problem_response
from api.protocol import HeadLikeGet
from api.query import known_query
from preflight import __version__
from preflight.errors import ServiceBusy, UnknownTarget
from preflight.judging import Order, Prepared, prepare
from preflight.pipeline import run
from preflight.problems import problem_from
from preflight.target import list_targets, load_profile, profile_ids
from preflight.target_view import summary, target_data
from preflight.wire import json_bytes, report_json
from preflight.wording import QUERY_WORDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from preflight.execution import Executor
    from preflight.profile import Hop, Target
    from preflight.settings import Settings

_ID = re.compile(r"[a-z0-9][a-z0-9:-]{0,63}")
MAX_BODY_BYTES = 512 * 1024 * 1024
CHECKS_PER_WORKER = 8
"""Checks at a time, running and waiting, for each worker. One more is refused at once: it could only wait in vain."""
_PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {"description": text, "content": {MEDIA_TYPE: {}}}
    for status, text in {
        400: "The body could not be understood",
        404: "No such target",
        413: "The body is too large",
        415: "Not a kind of document this service reads",
        422: "The document or a parameter cannot be used",
        429: "All workers are taken",
        500: "A bug",
        503: "Timed out, out of memory, or OCR is not available",
        507: "No space left",
    }.items()
}


def create_app(settings: Settings, executor: Executor, *, max_body_bytes: int = MAX_BODY_BYTES) -> FastAPI:
    """Return the application.

    Args:
        settings: How documents are read.
        executor: Where they are read; closed when the application shuts down.
        max_body_bytes: Larger bodies are refused with 413 while they arrive.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(executor.close)

    places = CapacityLimiter(settings.workers * CHECKS_PER_WORKER)
    app = FastAPI(
        title="Upload Preflight",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a caller would send the document twice
        dependencies=[Depends(known_query)],
    )
    app.add_middleware(HeadLikeGet)
    install_problem_handlers(app)

    @app.post("/v1/check", responses=_PROBLEMS, response_class=Response)
    async def check(
        request: Request,
        target: Annotated[str | None, Query(alias="for", description="Receiving service")] = None,
        via: Annotated[list[str] | None, Query(description="Gateways on the way")] = None,
        model: Annotated[str | None, Query(description="Model at the target")] = None,
        filename: Annotated[str, Query(description="Display name", max_length=500)] = "document",
        x_document_password: Annotated[str | None, Header(description="Password of the document")] = None,
    ) -> Response:
        """Say whether a document will get through, which limit binds, what it costs, and what to do."""
        order = Order(
            target=None if target is None else _known(target),
            hops=tuple(_known(hop) for hop in via or ()),
            model=model,
            words=QUERY_WORDS,
        )
        prepared = await run_in_threadpool(_prepare, order)
        _free_place(places)  # asked before the body is taken, too
        password = None if x_document_password is None else _utf8(x_document_password)
        async with receive_document(request, filename, max_body_bytes) as document:
            _free_place(places)
            work = partial(run, document, prepared, settings, executor, password=password)
            report = await to_thread.run_sync(work, limiter=places)
        if report.problem is not None:
            return problem_response(report.problem)
        return Response(report_json(report), media_type="application/json")

    @app.get("/v1/targets", response_class=Response)
    def targets() -> Response:
        """List the services and gateways that are known."""
        return Response(json_bytes({"items": [summary(one) for one in list_targets()]}), media_type="application/json")

    @app.get("/v1/targets/{target_id}", responses={404: _PROBLEMS[404]}, response_class=Response)
    def target(target_id: str) -> Response:
        """Show one profile with all its limits, sources and dates."""
        try:
            profile = _profile(target_id)
        except UnknownTarget as error:
            return problem_response(replace(problem_from(error), status=404))
        return Response(json_bytes(target_data(profile)), media_type="application/json")

    @app.get("/healthz", response_class=Response)
    async def healthz() -> Response:
        """Answer while the service is up."""
        return Response(json_bytes({"status": "ok", "version": __version__}), media_type="application/json")

    return app


def _known(reference: str) -> str:
    """Let ids of our own pass, never paths: a caller must not make the service read its own files.

    Raises:
        UnknownTarget: Not one of our ids, with or without a mode. The message has nothing of what was asked for.
    """
    name, ids = reference.partition(":")[0], profile_ids()
    if _ID.fullmatch(reference) and name in ids:
        return reference
    near = get_close_matches(name[:64], ids, n=3, cutoff=0.5)
    hint = f" Nearest: {', '.join(near)}." if near else ""
    raise UnknownTarget(f"There is no such target or gateway.{hint} GET /v1/targets lists them.")


def _profile(reference: str) -> Target | Hop:
    """Load a profile of our own.

    Raises:
        UnknownTarget: There is none, or it has no such mode. The message has nothing of what was asked for.
    """
    known = _known(reference)
    try:
        return load_profile(known, files=False)
    except UnknownTarget as error:
        raise UnknownTarget("The target has no such mode. GET /v1/targets lists the modes of each.") from error


def _prepare(order: Order) -> Prepared:
    """Load what an order names.

    Raises:
        UnknownTarget: As :func:`preflight.judging.prepare` says, in words that have nothing of the request.
    """
    try:
        return prepare(order)
    except UnknownTarget as error:
        raise UnknownTarget(
            "The target has no such mode or model, or a service is named where a gateway is wanted, or the other way "
            "round. GET /v1/targets lists services and gateways, GET /v1/targets/{id} the modes and models of one."
        ) from error


def _free_place(places: CapacityLimiter) -> None:
    """Refuse at once what could only wait.

    Raises:
        ServiceBusy: As many checks run and wait as may.
    """
    if places.available_tokens < 1:
        raise ServiceBusy("All workers are taken. Try again in some seconds.")


def _utf8(header: str) -> str:
    """Read a header's bytes, which HTTP hands over as Latin-1, as the UTF-8 they most likely are."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return header
