"""Starting the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

from api.app import create_app
from preflight.slots import Slots

if TYPE_CHECKING:
    from preflight.settings import Settings

BUSY_S = 30.0
GRACE_S = 10
PRELOAD = (
    "preflight.tasks",
    "preflight.warm",
    "extractors.pdf.reader",
    "extractors.docx.reader",
    "extractors.image",
    "extractors.plain",
)


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve HTTP on ``host`` and ``port`` until interrupted."""
    executor = Slots(settings.workers, preload=PRELOAD, busy_s=BUSY_S)
    app = create_app(settings, executor)
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
