"""The order of the steps: read → estimate → limits → plan → verdict. Three front doors call it, none goes around it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractors.clean import safe_label
from extractors.errors import ExtractionError
from extractors.facts import Source
from preflight.errors import PreflightError
from preflight.judging import Prepared, report_on, report_unread
from preflight.problems import problem_from
from preflight.reading import ReadEvents, Unread, examine_task, examined_from, plain_source
from preflight.wording import UNKNOWN_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from preflight.document import Document
    from preflight.execution import Executor, Outcome, Task
    from preflight.model import Report
    from preflight.reading import Progress
    from preflight.settings import Settings

logger = logging.getLogger(__name__)


def run(
    document: Document,
    prepared: Prepared,
    settings: Settings,
    executor: Executor,
    *,
    password: str | None = None,
    on_progress: Progress | None = None,
) -> Report:
    """Check one document.

    Args:
        document: What to check.
        prepared: Target, gateways, model and the user's own limits, loaded (:func:`preflight.judging.prepare`).
        settings: How the work is done.
        executor: Where untrusted bytes are read.
        password: The document's password, if it has one.
        on_progress: Takes a stage and a count while the document is read.

    Returns:
        The report. What is wrong with the document is in it and never an exception.
    """
    (answer,) = run_many([(0, document)], prepared, settings, executor, password=password, on_progress=on_progress)
    return answer[1]


def run_many(
    documents: Iterable[tuple[int, Document]],
    prepared: Prepared,
    settings: Settings,
    executor: Executor,
    *,
    password: str | None = None,
    on_progress: Progress | None = None,
) -> Iterator[tuple[int, Report]]:
    """Check many documents side by side; yields each caller's key and report in the order in which they end."""
    reading = _Reading(prepared, settings, password)
    events = ReadEvents(on_progress)
    for outcome in executor.run(reading.tasks(documents), events):
        document = reading.open.pop(outcome.key)
        yield outcome.key, _judged(outcome, document, events.sources.pop(outcome.key, None), prepared)


def _judged(outcome: Outcome, document: Document, source: Source | None, prepared: Prepared) -> Report:
    """Return the report of a document whose task has ended."""
    try:
        read = examined_from(outcome, document, source)
        return report_unread(read, prepared) if isinstance(read, Unread) else report_on(read, prepared)
    except Exception as error:  # a failure to judge one document must not end the work on the others
        if not isinstance(error, PreflightError | ExtractionError):
            logger.exception("bug while judging a document")
        unread = Unread(source=source or plain_source(document), problem=problem_from(error))
        return report_unread(unread, prepared)


def missing_report(name: str, prepared: Prepared, error: Exception) -> Report:
    """Return the report of a document that is not there or cannot be opened."""
    shown = safe_label(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace").rpartition("/")[2])
    source = Source(name=shown or "document", size_bytes=0, sha256="", media_type=UNKNOWN_TYPE)
    return report_unread(Unread(source=source, problem=problem_from(error)), prepared)


@dataclass(slots=True)
class _Reading:
    """Makes the tasks, and remembers which document each is about."""

    prepared: Prepared
    settings: Settings
    password: str | None
    open: dict[int, Document] = field(default_factory=dict)

    def tasks(self, documents: Iterable[tuple[int, Document]]) -> Iterator[Task]:
        for key, document in documents:
            self.open[key] = document
            yield examine_task(
                document, self.settings, key=key, password=self.password, encodings=self.prepared.encodings
            )
