"""Every failure as application/problem+json (RFC 9457), the framework's own included.

No input is echoed, but for the names of parameters (:mod:`api.query`).
"""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Route

from api.invalid import complaints, nothing_there
from extractors.errors import ExtractionError
from preflight.errors import LedgerUnavailable, PreflightError, ServiceBusy
from preflight.problems import Problem, problem_from
from preflight.service.speaking import over_http
from preflight.wire import json_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI

logger = logging.getLogger(__name__)
# RFC 9110 renamed these; what Python calls them depends on its version.
_RENAMED = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5


class Advice(HTTPException):
    """A failure that HTTP defines, with advice of our own: ``detail`` says what is wrong here and what to do."""


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem as an HTTP response; retryable ones say when to come again."""
    extra = dict(headers or {})
    if problem.retryable:
        extra.setdefault("Retry-After", str(RETRY_AFTER_S))
    return Response(problem_bytes(problem), status_code=problem.status, media_type=MEDIA_TYPE, headers=extra)


def problem_of(error: BaseException) -> Problem:
    """Return a failure as a caller is told it: where the database is, and what its driver says, stays in the log."""
    problem = problem_from(error)
    if isinstance(error, LedgerUnavailable):
        logger.error("a request could not be answered: %s", error)
        return replace(problem, detail=_NO_DATABASE)
    return problem


def problem_bytes(problem: Problem) -> bytes:
    """Return a problem as JSON; members that say nothing are left out."""
    told = replace(problem, detail=over_http(problem.code, problem.detail))
    return json_bytes({key: value for key, value in asdict(told).items() if value is not None})


def framework_problem(status: int, detail: str) -> Problem:
    """Return the problem for a failure that HTTP itself defines."""
    try:
        title = _RENAMED.get(status) or HTTPStatus(status).phrase
    except ValueError:
        title = "HTTP error"
    slug = title.lower().replace(" ", "-")
    usage = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Problem(
        type=f"/problems/{slug}",
        title=title,
        status=status,
        code=slug,
        detail=detail,
        exit_code=2 if usage else 70,
        retryable=status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE),
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Make every failure of ``app`` a problem."""

    async def known(_: Request, error: Exception) -> Response:
        return problem_response(problem_of(error))

    async def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers = {"Allow": ", ".join(_methods(request))}
        detail = error.detail if isinstance(error, Advice) else _ADVICE.get(status, "See the API description.")
        return problem_response(framework_problem(status, detail), headers)

    async def invalid(request: Request, error: Exception) -> Response:
        wrong = error.errors() if isinstance(error, RequestValidationError) else []
        nowhere = nothing_there(wrong, request.scope["path"])
        return problem_response(problem_from(nowhere) if nowhere else framework_problem(422, complaints(wrong)))

    async def gone(_: Request, error: Exception) -> Response:
        logger.debug("the caller went away before the end of the body: %s", type(error).__name__)
        return problem_response(framework_problem(400, _ADVICE[400]))

    async def bug(_: Request, error: Exception) -> Response:
        logger.error("bug while answering a request", exc_info=error)
        return problem_response(problem_from(error))

    for kind in (PreflightError, ExtractionError, ServiceBusy):
        app.add_exception_handler(kind, known)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, bug)


def _methods(request: Request) -> list[str]:
    """Return all methods of an address, whichever routes they belong to."""
    routes = [route for route in request.app.routes if isinstance(route, Route | APIRoute)]
    allowed = [route.methods or () for route in routes if route.path_regex.match(request.scope["path"])]
    return sorted({method for methods in allowed for method in methods})


_NO_DATABASE = "The service cannot use its database now. Try again in some seconds."
_ADVICE = {
    400: "The request could not be understood. Send the document as the raw body, or as multipart field `file`.",
    404: "There is nothing at this address. See /openapi.json.",
    405: "This method is not allowed here. See the Allow header.",
    408: "The body came too slowly. Send it again, or in parts (/v1/uploads).",
    413: "The body is larger than this service accepts. Send a smaller file, or large ones by resumable upload.",
    416: "The file has no such bytes. Content-Range says how many it has.",
}
