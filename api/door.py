"""The application behind its door, as it is served: guard, keys, figures, traces and lines of log."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from api.exchange import log
from api.guard import Guard, GuardLimits
from api.keyring import Keyring
from api.metrics import Metrics
from api.tracing import Traced, tracing_from
from preflight.ledger.keys import KeyStore
from preflight.service.space import AWAY_S
from preflight.service.workers import workers_alive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from api.exchange import Exchange
    from preflight.service.door import DoorOptions
    from preflight.service.space import Space

FORM_BYTES = 64 * 1024
"""What a form may have around its document."""


@contextmanager
def behind_door(app: ASGIApp, space: Space, options: DoorOptions) -> Iterator[Guard]:
    """Put the application behind its door, for the length of a ``with`` block.

    Args:
        app: The application.
        space: Where everything is kept.
        options: Who may come in.

    Raises:
        OutputError: The port for figures cannot be listened on.
        LedgerUnavailable: The keys cannot be read.
    """
    with ExitStack() as stack:
        keys = None
        if options.keys:
            keys = Keyring(stack.enter_context(KeyStore(space.options.address, away_s=AWAY_S)))
            stack.callback(keys.close)
            keys.start()
        tracing = tracing_from(os.environ)
        metrics = Metrics()

        def finished(exchange: Exchange) -> None:
            metrics.finished(exchange)
            log(exchange)

        limits = GuardLimits(
            document_bytes=space.options.max_body_bytes + FORM_BYTES,
            upload_bytes=space.options.max_upload_bytes,
            requests=options.requests,
            requests_per_minute=options.requests_per_minute,
            bytes_per_day=options.bytes_per_day,
            hosts=options.hosts,
        )
        inner = Traced(app, tracing.tracer) if tracing else app
        settle = tracing.send_last if tracing else None
        guard = Guard(inner, limits, keys=keys, finished=finished, settle=settle)
        if options.metrics_port is not None:
            metrics.watch_requests(lambda: guard.busy)
            metrics.watch_work(
                space.ledger.database,
                space.options.folder,
                lambda: sum(one["workers"] for one in workers_alive(space)),
            )
            stack.callback(metrics.serve(options.metrics_host, options.metrics_port))
        yield guard
