"""The HTTP application: a thin skin over the service and the pipeline."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api import checks, documents, dropins, info, jobs, page, splits, units
from api.access import with_security
from api.context import key_of, tenant_of
from api.problems import install_problem_handlers
from api.protocol import UPLOADS, HeadLikeGet
from api.tus import tus_router
from preflight import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from api.context import Context

TITLE = "Upload Preflight"
ROUTERS = (
    checks.router,
    documents.router,
    jobs.router,
    splits.router,
    units.router,
    info.router,
    dropins.router,
    page.router,
)


def create_app(
    context: Context, *, start: Callable[[], None] | None = None, stop: Callable[[], None] | None = None
) -> FastAPI:
    """Return the application.

    Args:
        context: What its routes share.
        start: Called when the application starts: whoever works begins.
        stop: Called when it shuts down, before the process ends.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if start is not None:
            await run_in_threadpool(start)
        yield
        context.stopping.set()
        if stop is not None:
            await run_in_threadpool(stop)

    app = _Described(
        title=TITLE,
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a caller would send the document twice
    )
    app.state.context = context
    app.add_middleware(HeadLikeGet)
    install_problem_handlers(app)
    space = context.space
    uploads = tus_router(
        space.uploads,
        tenant_of,
        prefix=UPLOADS,
        complete=space.documents.register,
        remove=space.documents.remove,
        key=key_of,
    )
    for router in (*ROUTERS, uploads):
        app.router.routes.extend(router.routes)  # one flat list: a path has all its methods in one place
    return app


class _Described(FastAPI):
    """An application whose description says how keys are shown."""

    def openapi(self) -> dict[str, Any]:
        """Return the description."""
        return self.openapi_schema or with_security(super().openapi())
