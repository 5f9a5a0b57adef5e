"""Server-sent events of a job (https://html.spec.whatwg.org/multipage/server-sent-events.html).

An event is the job as it stands, so who has missed some has missed nothing: its id is the number of the change, and who
comes again with ``Last-Event-ID`` gets the job when it has changed since.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from preflight.errors import PreflightError, ResultGone
from preflight.ledger.states import JobState
from preflight.problems import problem_from
from preflight.service.job_data import job_data
from preflight.service.jobs import REMOVED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from api.context import Context
    from preflight.ledger.records import JobView

PING_S = 15.0
RETRY_MS = 2_000


async def follow(context: Context, view: JobView, seen: int) -> AsyncIterator[bytes]:
    """Yield a job whenever it has changed, and a comment when it has not for a while; ends with the job.

    Args:
        context: What the routes share.
        view: The job as it stands.
        seen: Number of the last change that is known.
    """
    yield f"retry: {RETRY_MS}\n\n".encode()
    while not context.stopping.is_set():
        if view.revision > seen:
            seen = view.revision
            yield _event(view, context.options.kept_s)
        else:
            yield b": ping\n\n"
        if view.state.final:
            return
        try:
            found = await context.watch.until(view.id, lambda one, at=seen: one.revision > at, PING_S)  # type: ignore[misc]
        except PreflightError:  # who follows comes again, and is told then
            return
        view = _removed(view) if found is None else found


def _removed(view: JobView) -> JobView:
    """Return how a job ended that was removed with its document: nobody can ask for it any more."""
    problem = asdict(problem_from(ResultGone(REMOVED)))
    return replace(view, state=JobState.CANCELLED, problem=problem, revision=view.revision + 1)


def _event(view: JobView, kept_s: float) -> bytes:
    kind = "done" if view.state.final else "progress"
    data = json.dumps(job_data(view, kept_s), sort_keys=True)
    return f"id: {view.revision}\nevent: {kind}\ndata: {data}\n\n".encode()
