"""The HTTP application: a thin skin over the pipeline."""

from __future__ import annotations

import re
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from api.bodies import receive_document
from api.problems import MEDIA_TYPE, install_problem_handlers, problem_response
from preflight import __version__
from preflight.document import spooled
from preflight.errors import UnknownTarget
from preflight.judging import Order, prepare
from preflight.pipeline import run
from preflight.target import list_targets, load_profile
from preflight.target_view import summary, target_data
from preflight.wire import json_bytes, report_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from preflight.execution import Executor
    from preflight.model import Report
    from preflight.settings import Settings

_ID = re.compile(r"[a-z0-9][a-z0-9:-]{0,63}")
MAX_BODY_BYTES = 512 * 1024 * 1024
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

    app = FastAPI(title="Upload Preflight", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
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
            target=None if target is None else _known(target), hops=tuple(_known(hop) for hop in via or ()), model=model
        )
        prepared = await run_in_threadpool(prepare, order)
        with ExitStack() as stack:
            body, name = await receive_document(request, stack, filename, max_body_bytes)

            def work() -> Report:
                with spooled(body, name) as document:
                    return run(document, prepared, settings, executor, password=x_document_password)

            report = await run_in_threadpool(work)
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
        return Response(json_bytes(target_data(load_profile(_known(target_id)))), media_type="application/json")

    @app.get("/healthz", response_class=Response)
    def healthz() -> Response:
        """Answer while the service is up."""
        return Response(json_bytes({"status": "ok", "version": __version__}), media_type="application/json")

    return app


def _known(target_id: str) -> str:
    """Let ids pass, never paths: a caller must not make the service read its own files.

    Raises:
        UnknownTarget: Not the form of an id.
    """
    if not _ID.fullmatch(target_id):
        raise UnknownTarget("That is no target id. GET /v1/targets lists them.")
    return target_id
