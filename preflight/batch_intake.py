"""Taking the files of a batch in: each is hashed, and is a job of the ledger unless its answer is known already.

What decides is the content of a file, its name in the report, the settings and the version: what is the same in all of
them is not done again.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self, cast

from extractors.base import ReadLimits
from extractors.errors import ExtractionError
from preflight.batch_place import is_at_hand
from preflight.document import find_document, storage_error
from preflight.engine.places import locator
from preflight.errors import OutputError, PreflightError
from preflight.ledger.records import NewJob, job_id
from preflight.ledger.states import JobState
from preflight.problems import problem_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedReader
    from pathlib import Path
    from types import TracebackType

    from preflight.artifacts import Artifacts
    from preflight.batch_walk import Found
    from preflight.document import Document
    from preflight.ledger.records import JobView, Json
    from preflight.ledger.store import Ledger

AT_ONCE = 200
TRIED_AGAIN = frozenset({"disk-full", "worker-failed", "busy", "runner-lost", "interrupted", "ledger-busy"})
"""Failures that say nothing about a document: a run that goes on tries them again without being told to."""
OPENED_BY_PASSWORD = frozenset({"password-required", "wrong-password", "encrypted-office"})
"""Failures that another password may mend. Passwords are never stored, so nobody knows which was tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of this run.

    Attributes:
        shown: Its name in the report.
        relative: Its path below the folder of pieces.
        job: Name of its job; empty when there is none.
        problem: Why there is none.
    """

    shown: str
    relative: str
    job: str = ""
    problem: Json | None = None


class Entries:
    """The files of a run in order, on disk, so that a million of them take no memory. Written once, then read."""

    def __init__(self) -> None:
        """Make an empty list.

        Raises:
            OutputError: There is no space for temporary files.
        """
        try:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - this object is its context
        except OSError as error:
            raise storage_error(error, "a temporary file") from error
        self.count = 0

    def add(self, one: Entry) -> None:
        """Add a file.

        Raises:
            OutputError: There is no space for temporary files.
        """
        line = json.dumps([one.shown, one.relative, one.job, one.problem]).encode() + b"\n"
        try:
            self._file.write(line)
        except OSError as error:
            raise storage_error(error, "a temporary file") from error
        self.count += 1

    def __iter__(self) -> Iterator[Entry]:
        self._file.seek(0)
        for line in self._file:
            shown, relative, job, problem = json.loads(line)
            yield Entry(shown=shown, relative=relative, job=job, problem=problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeOptions:
    """How files are taken in.

    Attributes:
        owner: Under whose name jobs are in the ledger: one for each set of settings.
        request: Name of the stored settings.
        pieces: Folder of pieces; None when there are none.
        resume: What is known is not done again.
        retry_failed: Except what failed, or is not wholly in its pieces.
        has_password: There is a password now, for those that could not be opened without.
    """

    owner: str
    request: str
    pieces: Path | None
    resume: bool = True
    retry_failed: bool = False
    has_password: bool = False


class Intake(threading.Thread):
    """Takes files in while others are worked on already.

    Attributes:
        known: Files whose answer was known.
        refused: Files that are no job, because something is wrong with them already.
        failure: Why it stopped early.
    """

    def __init__(
        self, files: Iterable[Found], entries: Entries, ledger: Ledger, artifacts: Artifacts, options: IntakeOptions
    ) -> None:
        """Take what is needed; :meth:`start` begins."""
        super().__init__(daemon=True, name="preflight-intake")
        self._files = files
        self._entries = entries
        self._ledger = ledger
        self._artifacts = artifacts
        self._options = options
        self._stopped = threading.Event()
        self.known = self.refused = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Take all files in."""
        waiting: list[tuple[Found, NewJob | Json]] = []
        try:
            for found in self._files:
                if self._stopped.is_set():
                    return
                waiting.append((found, self._job(found)))
                if len(waiting) >= AT_ONCE:
                    self._take_in(waiting)
                    waiting = []
            self._take_in(waiting)
        except BaseException as error:  # noqa: BLE001 - told to whoever waits for this thread
            self.failure = error

    def stop(self) -> None:
        """Stop after the file under way."""
        self._stopped.set()
        self.join()

    def finish(self) -> None:
        """Wait for the end.

        Raises:
            PreflightError: What kept files from being taken in.
        """
        self.join()
        if self.failure is not None:
            raise self.failure

    def _job(self, found: Found) -> NewJob | Json:
        """Return the job of a file, or why there is none."""
        try:
            if found.error is not None:
                raise found.error
            document = find_document(found.path, follow_links=found.named)
            sha256 = _hash(document)
            place = locator(document, sha256, self._artifacts) | {"below": _short(found.relative)}
        except OutputError:
            raise
        except (PreflightError, ExtractionError) as error:
            return asdict(problem_from(error))
        key = hashlib.sha256(json.dumps([found.shown, sha256]).encode()).hexdigest()
        return NewJob(owner=self._options.owner, key=key, request=self._options.request, document=place)

    def _take_in(self, waiting: list[tuple[Found, NewJob | Json]]) -> None:
        wanted = [job for _, job in waiting if isinstance(job, NewJob)]
        accepted = self._ledger.submit(wanted)
        ended = [one.id for one in accepted if one.state.final]
        places = {job_id(job.owner, job.key): found.relative for found, job in waiting if isinstance(job, NewJob)}
        views = self._ledger.jobs(ended) if ended else {}
        again = [name for name, view in views.items() if self._again(view, places[name])]
        self._ledger.retry(again)
        self.known += len(set(ended)) - len(again)
        for found, job in waiting:
            if isinstance(job, NewJob):
                name = job_id(job.owner, job.key)
                self._entries.add(Entry(shown=found.shown, relative=found.relative, job=name))
            else:
                self.refused += 1
                self._entries.add(Entry(shown=found.shown, relative=found.relative, problem=job))

    def _again(self, view: JobView, relative: str) -> bool:
        """Whether a job that has ended is done again."""
        if not self._options.resume or view.state is JobState.CANCELLED:
            return True
        whole = view.state is JobState.DONE and (view.result or {}).get("complete", True)
        if self._options.retry_failed and not whole:
            return True
        if view.problem is not None and view.problem["code"] in TRIED_AGAIN:
            return True
        if view.problem is not None and view.problem["code"] in OPENED_BY_PASSWORD and self._options.has_password:
            return True
        return view.result is not None and not is_at_hand(view.result, self._artifacts, self._folder_of(relative))

    def _folder_of(self, relative: str) -> Path | None:
        return None if self._options.pieces is None else self._options.pieces / relative


def _hash(document: Document) -> str:
    """Return the hash of a file; of one that is too big to be read, of what the system says about it."""
    if document.size_bytes > ReadLimits().max_bytes:
        return hashlib.sha256(repr(document.identity).encode()).hexdigest()
    with document.open() as file:
        return hashlib.file_digest(cast("BufferedReader", file), "sha256").hexdigest()


def _short(relative: str) -> str:
    """A path for pieces that is not too long to travel; a longer one is found when the report is written."""
    return relative if len(json.dumps(relative)) <= 800 else ""
