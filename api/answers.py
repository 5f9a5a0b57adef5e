"""Answers the routes share: JSON, jobs, lists, and how failures are documented."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import TYPE_CHECKING, Any

from fastapi import Response

from api.models import ProblemOut
from api.problems import MEDIA_TYPE, problem_response
from preflight.errors import UsageError
from preflight.ledger.records import Mark
from preflight.ledger.states import JobState
from preflight.problems import Problem
from preflight.service.job_data import job_data, problem_members
from preflight.wire import json_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api.context import Context
    from api.preferences import Preference
    from preflight.ledger.records import JobView, Json

JSON = "application/json"
RETRY_S = 1
"""Seconds after which a caller should look at a job again."""
DEFAULT_PAGE, MOST_PAGE = 50, 200
_NO_CURSOR = "The cursor is none of this list. Take next_cursor of the page before."
_SAID = {
    400: "The request could not be understood",
    401: "No key, or one that is not valid",
    403: "The key may not do this",
    404: "There is no such thing, or it is somebody else's",
    408: "The body stopped arriving",
    409: "Not possible in the state it is in",
    410: "It was there, and has been removed",
    412: "Another version of the protocol",
    413: "The body is too large",
    415: "Not a kind of document or body this service reads",
    416: "There are no such bytes",
    421: "The service is not known by this name",
    422: "The document or a parameter cannot be used",
    423: "Bytes of the upload are arriving on another connection",
    429: "Too many requests",
    431: "The headers are too large",
    460: "The bytes do not have the announced checksum",
    500: "A bug",
    503: "The service is full, or the work failed in a way that may pass",
    507: "No space left",
}
ALWAYS = (400, 401, 403, 408, 413, 415, 421, 422, 429, 431, 500, 503)
"""What any request may be answered with."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of failures: these, and those that any request may meet."""
    schema = {"schema": {"$ref": f"#/components/schemas/{ProblemOut.__name__}"}}
    return {
        status: {"description": _SAID[status], "content": {MEDIA_TYPE: schema}}
        for status in sorted({*ALWAYS, *statuses})
    }


def json_response(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return plain data as an answer."""
    return Response(json_bytes(data), status_code=status, media_type=JSON, headers=dict(headers or {}))


def job_response(view: JobView, context: Context, preference: Preference | None = None) -> Response:
    """Say that a job is under way, and where to look."""
    headers = preference.headers if preference else {}
    if not view.state.final:
        headers["Retry-After"] = str(RETRY_S)
    return with_job(json_response(job_data(view, context.options.kept_s), 202, headers), view)


def with_job(answer: Response, view: JobView) -> Response:
    """Name the job in an answer, be it the job itself or, where that has ended, its result."""
    answer.headers["Location"] = f"/v1/jobs/{view.id}"
    return answer


def failure_of(view: JobView) -> Response:
    """Return why a job has no result, as an answer of its own."""
    told = problem_members(view.problem) or {}
    if view.state is JobState.CANCELLED or not told:
        return problem_response(
            Problem(
                type="/problems/job-unfinished",
                title="The job has no result",
                status=409,
                code="job-unfinished",
                detail="The job was cancelled. Ask for the work again.",
                exit_code=75,
            )
        )
    return problem_response(Problem(**told))


def page_response(items: Sequence[Json], marks: Sequence[Mark], limit: int) -> Response:
    """Return one page of a list; the next begins after the last mark."""
    more = len(items) == limit
    return json_response({"items": list(items), "next_cursor": _cursor(marks[-1]) if more else None})


def mark_of(cursor: str | None) -> Mark | None:
    """Return the mark a cursor stands for.

    Raises:
        UsageError: It is none of ours.
    """
    if cursor is None:
        return None
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError) as error:
        raise UsageError(_NO_CURSOR) from error
    match told:
        case [float(at), str(name)] if math.isfinite(at):
            return Mark(at=at, id=name)
    raise UsageError(_NO_CURSOR)


def _cursor(mark: Mark) -> str:
    return base64.urlsafe_b64encode(json.dumps([mark.at, mark.id]).encode()).decode()
