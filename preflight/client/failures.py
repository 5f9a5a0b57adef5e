"""Answers that say no, as exceptions: the same classes as if the work had been done here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from extractors.errors import ExtractionError
from preflight.errors import (
    OverQuota,
    Refused,
    Stopped,
    UnitOverLimit,
    UploadOffsetDiffers,
)
from preflight.problems import INTERNAL, PROBLEMS, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from preflight.client.values import Json

_BY_CODE = {row.slug: kind for kind, row in PROBLEMS.items()}
_MOST_WORDS = 4_000


def failure_from(status: int, headers: Mapping[str, str], body: bytes) -> Exception:
    """Return the exception for an answer that says no.

    Args:
        status: Its status.
        headers: Its headers, by lower-case name.
        body: Its body; a problem by RFC 9457, or whatever something between here and the service says.
    """
    try:
        data = json.loads(body)
    except ValueError:
        data = None
    if not isinstance(data, dict) or not isinstance(data.get("code"), str):
        words = f"Status {status} came from the service, or from what stands before it. Look there."
        return Refused(_problem({}, status, f"http-{status}", words))
    return failure_of(data, status, headers)


def failure_of(data: Json, status: int = INTERNAL.http_status, headers: Mapping[str, str] | None = None) -> Exception:
    """Return the exception for a problem, as a job or an answer has it."""
    code, detail = str(data.get("code")), str(data.get("detail", ""))[:_MOST_WORDS]
    unit = data.get("unit") if isinstance(data.get("unit"), int) else None
    problem = _problem(data, status, code, detail)
    made = _made(_BY_CODE.get(code, Refused), problem, headers or {}, unit)
    return made if isinstance(made, Exception) else Refused(problem)


def _made(kind: type[BaseException], problem: Problem, headers: Mapping[str, str], unit: int | None) -> BaseException:
    """Make an exception of a class; those that carry more than words get it."""
    if issubclass(kind, (Refused, Stopped)):
        return kind(problem)
    if issubclass(kind, (ExtractionError, UnitOverLimit)):
        return kind(problem.detail, unit=unit)
    if issubclass(kind, OverQuota):
        return OverQuota(problem.detail, retry_after_s=retry_after(headers))
    if issubclass(kind, UploadOffsetDiffers):
        return UploadOffsetDiffers(problem.detail, offset=number(headers, "upload-offset") or 0)
    return kind(problem.detail)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds an answer asks to wait; None when it does not, or names a time of day."""
    return number(headers, "retry-after")


def number(headers: Mapping[str, str], name: str) -> int | None:
    """Return a header that is a whole number."""
    value = headers.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 16 else None


def _problem(data: Json, status: int, code: str, detail: str) -> Problem:
    exit_code = data.get("exit_code")
    return Problem(
        type=str(data.get("type", f"/problems/{code}")),
        title=str(data.get("title", "The service refused"))[:_MOST_WORDS],
        status=status,
        code=code,
        detail=detail,
        exit_code=exit_code if isinstance(exit_code, int) else INTERNAL.exit_code,
        retryable=data.get("retryable") is True,
    )
