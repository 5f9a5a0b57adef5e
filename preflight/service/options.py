"""How the service is run."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import URL

DAY_S = 86_400.0
LEDGER = "ledger.sqlite3"


def default_folder() -> Path:
    """Return where everything is kept when nobody says: the user's folder for state (XDG base directories)."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "upload-preflight"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """How the service is run.

    Attributes:
        folder: Where everything is kept.
        database: Address of the ledger; a file in ``folder`` when None.
        workers: Worker processes; 0 to leave the work to others, None for one for each core.
        max_body_bytes: Largest document in one request.
        max_upload_bytes: Largest document by resumable upload.
        kept_upload_s: Seconds after its last byte when an unfinished upload is removed.
        kept_s: Seconds after which documents, and jobs with their results, are removed.
        wait_s: Seconds that a request waits for a result unless it says otherwise.
        max_wait_s: The same at most, whatever a request says.
        max_waiting: Units of work that may wait; with more, new jobs are refused.
        reserve_bytes: Space on the disk that uploads must leave free.
        webhooks: Jobs may name an address that is told of their end.
        trusted_hooks: ``host:port`` that may be told though they are not public.
    """

    folder: Path = field(default_factory=default_folder)
    database: str | None = None
    workers: int | None = None
    max_body_bytes: int = 512 * 1024 * 1024
    max_upload_bytes: int = 4 * 1024 * 1024 * 1024
    kept_upload_s: float = DAY_S
    kept_s: float = 7 * DAY_S
    wait_s: float = 30.0
    max_wait_s: float = 300.0
    max_waiting: int = 10_000
    reserve_bytes: int = 256 * 1024 * 1024
    webhooks: bool = False
    trusted_hooks: frozenset[str] = frozenset()

    @property
    def address(self) -> str | URL:
        """Address of the ledger."""
        if self.database is not None:
            return self.database
        from sqlalchemy import URL

        return URL.create("sqlite", database=str(self.folder.absolute() / LEDGER))
