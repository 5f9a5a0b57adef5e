"""Jobs and documents of one's own: a key that may check, and nothing else, reaches what has come with it."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from fastapi import Request

from api.context import context_of, key_of, tenant_of
from preflight.errors import ScopeMissing

_REFUSED = "This came with another key. Use that one, or a key with the scope read, or write to cancel or remove it."


def own_key(request: Request) -> str | None:
    """Return the id of the key whose jobs and documents alone are shown; None where all of the tenant's are."""
    return key_of(request) if request.scope.get("state", {}).get("own_only", False) else None


async def own_job(request: Request) -> None:
    """Let a request through that is about a job or document of the same key, where that is all its key may reach.

    Raises:
        ScopeMissing: It came with another key.
        UnknownJob: There is no job with this id, or it is somebody else's; UnknownDocument likewise.
    """
    key = own_key(request)
    if key is None:
        return
    space, owner = context_of(request).space, tenant_of(request)
    named = {
        name: value for name, value in request.path_params.items() if name in ("job_id", "split_id", "document_id")
    }
    for name, value in named.items():
        if name == "document_id":
            came_with = (await to_thread.run_sync(partial(space.documents.find, value, owner=owner))).asked_with
        else:
            came_with = (await to_thread.run_sync(partial(space.jobs.find, value, owner=owner))).asked_with
        if came_with != key:
            raise ScopeMissing(_REFUSED)
