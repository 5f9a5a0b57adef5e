"""Everything the service keeps, below one folder.

::

    ledger.sqlite3   jobs, documents, messages; or a database elsewhere
    uploads/         documents, and uploads on their way to be one
    incoming/        bodies of requests that are arriving
    store/           results, named by their content
    runners/         locks of the processes that are alive
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from preflight.artifacts import Artifacts
from preflight.document import storage_error
from preflight.ledger.store import Ledger
from preflight.service.documents import Documents
from preflight.service.jobs import Jobs
from preflight.uploads import UploadStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from preflight.service.options import ServiceOptions
    from preflight.settings import Settings

PATIENCE_S = 10.0
"""How long a database that is locked or restarting is waited for."""
AWAY_S = 1.0
"""How long somebody who is waiting for an answer waits for a database that is away: soon enough to be told so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Everything the service keeps.

    Attributes:
        options: How the service is run.
        settings: How the work is done.
        ledger: Jobs.
        uploads: Uploads on their way, and documents as files.
        artifacts: Results.
        documents: Documents.
        jobs: Jobs on documents.
        incoming: Folder for bodies that are arriving; on the same file system as ``uploads``.
        runners: Folder of locks of processes that are alive.
    """

    options: ServiceOptions
    settings: Settings
    ledger: Ledger
    uploads: UploadStore
    artifacts: Artifacts
    documents: Documents
    jobs: Jobs
    incoming: Path
    runners: Path


@contextmanager
def open_space(options: ServiceOptions, settings: Settings) -> Iterator[Space]:
    """Open everything, for the length of a ``with`` block; what is not there is made.

    Raises:
        OutputError: The folder cannot be used.
        SettingsError: The address of the database cannot be used.
        LedgerUnavailable: The database cannot be opened.
    """
    folder = options.folder.absolute()
    incoming, runners = folder / "incoming", folder / "runners"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for one in (incoming, runners):
            one.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise storage_error(error, str(folder)) from error
    uploads = UploadStore(
        folder / "uploads",
        max_bytes=options.max_upload_bytes,
        ttl_s=options.kept_upload_s,
        kept_s=options.kept_s,
        reserve_bytes=options.reserve_bytes,
    )
    artifacts = Artifacts(folder / "store")
    with Ledger(options.address, patience_s=PATIENCE_S) as ledger:
        documents = Documents(ledger, uploads)
        yield Space(
            options=options,
            settings=settings,
            ledger=ledger,
            uploads=uploads,
            artifacts=artifacts,
            documents=documents,
            jobs=Jobs(ledger, artifacts, settings, options),
            incoming=incoming,
            runners=runners,
        )


@contextmanager
def for_callers(space: Space) -> Iterator[Space]:
    """Give the same space to those who wait for an answer, for the length of a ``with`` block.

    Work on jobs sits out a restart of the database; a caller is told soon that it is away.

    Raises:
        LedgerUnavailable: The database cannot be opened.
    """
    options = space.options
    with Ledger(options.address, patience_s=PATIENCE_S, away_s=AWAY_S) as ledger:
        yield replace(
            space,
            ledger=ledger,
            documents=Documents(ledger, space.uploads),
            jobs=Jobs(ledger, space.artifacts, space.settings, options),
        )
