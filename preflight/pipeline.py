"""The order of the steps: read → estimate → limits → plan → verdict. Three front doors call it, none goes around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extractors.clean import safe_label
from extractors.facts import Source
from preflight.judging import Prepared, report_on, report_unread
from preflight.problems import problem_from
from preflight.reading import UNKNOWN_TYPE, ReadEvents, Unread, examine_task, examined_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from preflight.document import Document
    from preflight.execution import Executor, Task
    from preflight.model import Report
    from preflight.reading import Progress
    from preflight.settings import Settings


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
        read = examined_from(outcome, document, events.sources.pop(outcome.key, None))
        yield outcome.key, report_unread(read, prepared) if isinstance(read, Unread) else report_on(read, prepared)


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
