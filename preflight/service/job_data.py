"""Jobs and documents as plain JSON data, for answers and messages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from preflight.ledger.states import JobState
from preflight.service.jobs import document_id_of, kind_of
from preflight.service.speaking import over_http

if TYPE_CHECKING:
    from preflight.ledger.records import JobView, Json
    from preflight.service.documents import StoredDocument

_PROBLEM_MEMBERS = ("type", "title", "status", "code", "detail", "exit_code", "retryable", "unit")

_LOST: Json = {"title": "The work was lost again and again", "status": 503, "exit_code": 75, "retryable": True}


def job_data(view: JobView, kept_s: float) -> Json:
    """Return a job as JSON data.

    Args:
        view: The job.
        kept_s: Seconds after its end when it is removed.
    """
    kind = kind_of(view)
    made = view.state in (JobState.DONE, JobState.PARTIAL)
    return {
        "id": view.id,
        "kind": kind,
        "document_id": document_id_of(view),
        "state": str(view.state),
        "done": view.state.final,
        "progress": _progress(view),
        "problem": problem_members(view.problem),
        "result_url": _result_url(view.id, kind) if made else None,
        "webhook": view.hook,
        "created_at": rfc3339(view.created_at),
        "finished_at": None if view.finished_at is None else rfc3339(view.finished_at),
        "expires_at": None if view.finished_at is None else rfc3339(view.finished_at + kept_s),
    }


def document_data(document: StoredDocument) -> Json:
    """Return a document as JSON data."""
    return {
        "id": document.id,
        "name": document.name,
        "size_bytes": document.size_bytes,
        "sha256": document.sha256,
        "created_at": rfc3339(document.created_at),
        "expires_at": rfc3339(document.expires_at),
    }


def problem_members(problem: Json | None) -> Json | None:
    """Return those members of a stored problem that say something."""
    if problem is None:
        return None
    told = {name: problem[name] for name in _PROBLEM_MEMBERS if problem.get(name) is not None}
    told["detail"] = over_http(told["code"], told.get("detail", ""))
    return _LOST | {"type": f"/problems/{told['code']}"} | told  # the ledger's own words have code and detail alone


def rfc3339(seconds: float) -> str:
    """Return a time as RFC 3339 in UTC, to the second."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _result_url(name: str, kind: str) -> str:
    return f"/v1/splits/{name}" if kind == "split" else f"/v1/jobs/{name}/result"


def _progress(view: JobView) -> Json:
    if view.state.final:
        units = (view.result or {}).get("units")
        return {"phase": "done", "units_done": units, "units_total": units}
    if view.reached is None:
        return {"phase": "waiting" if view.state is JobState.QUEUED else "read", "units_done": 0, "units_total": None}
    one = view.reached
    return {"phase": one.phase, "units_done": one.count, "units_total": one.goal}
