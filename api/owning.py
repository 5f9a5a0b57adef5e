"""Jobs of one's own: a key that may ask for work, and nothing else, may follow, fetch and end what it has asked for."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from fastapi import Request

from api.context import context_of, key_of, tenant_of
from preflight.errors import ScopeMissing
from preflight.service.jobs import asked_with

_REFUSED = "This was asked for with another key. Use that one, or a key with the scope read, or write to cancel it."


async def own_job(request: Request) -> None:
    """Let a request through that is about a job of the same key, where that is all its key may reach.

    Raises:
        ScopeMissing: Another key has asked for the job.
        UnknownJob: There is none with this id, or it is somebody else's.
    """
    if not request.scope.get("state", {}).get("own_jobs_only", False):
        return
    named = [request.path_params[name] for name in ("job_id", "split_id") if name in request.path_params]
    if len(named) != 1:
        raise ScopeMissing(_REFUSED)
    find = partial(context_of(request).space.jobs.find, named[0], owner=tenant_of(request))
    if asked_with(await to_thread.run_sync(find)) != key_of(request):
        raise ScopeMissing(_REFUSED)
