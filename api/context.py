"""What the routes share: where everything is kept, who reads documents at once, who is asking."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anyio import CapacityLimiter
from fastapi import Request

from api.shares import Shares
from api.watching import Watch
from preflight.errors import ServiceBusy
from preflight.service.workers import workers_alive

if TYPE_CHECKING:
    from preflight.execution import Executor
    from preflight.service.options import ServiceOptions
    from preflight.service.space import Space
    from preflight.settings import Settings

CHECKS_PER_WORKER = 8
"""Checks at a time, running and waiting, for each worker. One more is refused at once: it could only wait in vain."""

READS_PER_KEY = 2
"""Reads with a password at a time, for each key: they go past the queue of jobs, where everybody has a turn."""

SCOPE = "x-preflight-scope"
"""Member of a route's OpenAPI that says what a key must be allowed: check, read, write or admin."""
CHECK, READ, WRITE, ADMIN = ({SCOPE: name} for name in ("check", "read", "write", "admin"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the routes share.

    Attributes:
        space: Where everything is kept.
        quick: Where documents are read while their sender waits; None where this process reads none.
        places: Checks, and reads with a password, that may be under way at a time.
        reads: Which of them may be reads with a password.
        watch: Follows jobs.
        stopping: Set when the service is to end.
    """

    space: Space
    quick: Executor | None
    places: CapacityLimiter
    reads: Shares
    watch: Watch
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def settings(self) -> Settings:
        """How the work is done."""
        return self.space.settings

    @property
    def options(self) -> ServiceOptions:
        """How the service is run."""
        return self.space.options


def make_context(space: Space, quick: Executor | None) -> Context:
    """Return what the routes share."""
    stopping, places = threading.Event(), space.settings.workers * CHECKS_PER_WORKER
    return Context(
        space=space,
        quick=quick,
        places=CapacityLimiter(places),
        reads=Shares(places // 2, READS_PER_KEY),
        watch=Watch(space.ledger, stopping),
        stopping=stopping,
    )


def require_workers(context: Context) -> None:
    """Refuse to keep somebody waiting for whom nobody works.

    Raises:
        ServiceBusy: No process reads documents now, neither this one nor another.
    """
    if context.quick is None and not workers_alive(context.space):
        raise ServiceBusy("Nobody works on documents at the moment, so none is taken to wait for. Try again later.")


def context_of(request: Request) -> Context:
    """Return what the routes share."""
    context = request.app.state.context
    if not isinstance(context, Context):
        raise TypeError("the application was made without a context")
    return context


def key_of(request: Request) -> str:
    """Return the id of the key that is shown; empty where there are no keys."""
    return str(request.scope.get("state", {}).get("key_id", ""))


def tenant_of(request: Request) -> str:
    """Return whose request it is; empty where there are no keys. Whoever guards the service has put it there."""
    return str(request.scope.get("state", {}).get("tenant", ""))
