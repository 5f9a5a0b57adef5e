"""From a document to what workers tell of it: facts and measures, native text, OCR text."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, cast

from extractors.base import ReadLimits
from extractors.facts import Origin, Role, Source, UnitText
from preflight.errors import FileMissing, ParserCrashed
from preflight.execution import GARBLED, Task
from preflight.messages import Examined, ReadTask, Recognized, RecognizeTask
from preflight.problems import problem_from
from preflight.wire import load
from preflight.wording import UNKNOWN_TYPE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import BufferedReader

    from preflight.document import Document
    from preflight.execution import Executor, Outcome
    from preflight.problems import Problem
    from preflight.settings import Settings
    from preflight.vocabulary import Encoding

logger = logging.getLogger(__name__)

PAGES_PER_TASK = 4
STALL_S = 60.0
"""Seconds of CPU without progress: half as long as antivirus scanners allow a whole file, as long as Tika allows."""
_SOURCE = b'{"name":'

NOTHING_HELPS = frozenset({"ocr-unavailable", "ocr-language-missing", "file-missing"})
"""Problems of OCR that are those of every unit; all others cost the units they are about."""

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A document that could not be read: what is known of it, and why."""

    source: Source
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class OcrRun:
    """What OCR made of a document.

    Attributes:
        texts: Recognized units by number.
        errors: Why a unit has no OCR text, by number.
        problem: Why nothing could be recognized at all (engine or language missing).
        engine: Engine and version used; empty when nothing was recognized.
    """

    texts: dict[int, UnitText]
    errors: dict[int, str]
    problem: Problem | None = None
    engine: str = ""


def examine_task(
    document: Document,
    settings: Settings,
    *,
    key: int = 0,
    password: str | None = None,
    encodings: tuple[Encoding, ...] = ("o200k",),
    prints: bool = False,
    look: bool = True,
) -> Task:
    """Return the task that has a worker identify, read and measure a document, with text fingerprints if wanted.

    Without ``look`` no pixels are looked at, and the kinds of units are not to be relied on.
    """
    arguments = ReadTask(
        name=document.name,
        password=password,
        encodings=encodings,
        limits=ReadLimits(max_units=settings.max_units),
        prints=prints,
        look=look,
    )
    return _read_task(document, key, "examine", arguments, settings)


def examined_from(outcome: Outcome, document: Document, source: Source | None) -> Examined | Unread:
    """Return what a read task told of a document, or why it told nothing.

    Args:
        outcome: How the task ended.
        document: The document.
        source: What :class:`ReadEvents` heard of it before the task ended.
    """
    if outcome.result is not None:
        try:
            return _checked(load(Examined, outcome.result))
        except ValueError:  # pydantic's errors are ValueErrors
            logger.warning("a worker's answer makes no sense")
            return Unread(source=source or plain_source(document), problem=problem_from(ParserCrashed(GARBLED)))
    if outcome.trace:
        logger.error("bug while reading a document:\n%s", outcome.trace)
    if outcome.problem is None:
        raise RuntimeError("an outcome has neither a result nor a problem")
    return Unread(source=source or plain_source(document), problem=outcome.problem)


def read_text(
    document: Document, settings: Settings, executor: Executor, *, password: str | None = None, look: bool = True
) -> tuple[Examined | Unread, list[UnitText]]:
    """Have a worker read a document and hand over the native text of its units, in order.

    Without ``look`` no pixels are looked at, and the kinds of units are not to be relied on.
    """
    events = ReadEvents(None)
    limits = ReadLimits(max_units=settings.max_units)
    arguments = ReadTask(name=document.name, password=password, encodings=(), limits=limits, look=look)
    (outcome,) = executor.run([_read_task(document, 0, "text", arguments, settings)], events)
    return examined_from(outcome, document, events.sources.get(0)), events.units


def recognize(
    document: Document,
    numbers: Sequence[int],
    settings: Settings,
    executor: Executor,
    *,
    password: str | None = None,
    on_progress: Progress | None = None,
) -> OcrRun:
    """Run OCR on the given units, in parallel over the executor's workers.

    A unit that fails, or takes its worker down, costs that unit alone: a task that dies is repeated page by page.
    """
    from extractors.ocr import runs_program

    program = runs_program(settings.ocr_engine, settings.languages)
    run = OcrRun(texts={}, errors={})
    groups = _groups(numbers, settings.workers)
    while groups:
        again: list[tuple[int, ...]] = []
        arrivals = _Arrivals(run, len(numbers), on_progress)
        tasks = [
            _ocr_task(document, key, group, settings, password, program=program) for key, group in enumerate(groups)
        ]
        for outcome in executor.run(tasks, arrivals):
            run = _settle(run, outcome, groups[outcome.key], again)
        groups = again
    return run


def _groups(numbers: Sequence[int], workers: int) -> list[tuple[int, ...]]:
    """Divide pages into tasks: several in each, the last ones one by one, so that workers end at about one time."""
    end = max(0, len(numbers) - 2 * workers)
    several = [tuple(numbers[at : min(at + PAGES_PER_TASK, end)]) for at in range(0, end, PAGES_PER_TASK)]
    return [*several, *((number,) for number in numbers[end:])]


def merge_text(native: UnitText, recognized: UnitText | None) -> UnitText:
    """Put OCR text in place of a page's unusable text layer; what stands in notes and form fields stays."""
    if recognized is None or not recognized.plain.strip():
        return native
    kept = tuple(part for part in native.parts if part.role is not Role.BODY or part.origin is Origin.OCR)
    return UnitText(number=native.number, parts=(*recognized.parts, *kept))


def plain_source(document: Document) -> Source:
    """Describe a document whose content nothing could be made of. Hashing is no parsing, so it is done here.

    What is too big to be read is not hashed either: it has no digest.
    """
    import hashlib  # OpenSSL, which only this needs

    digest = ""
    if document.size_bytes <= ReadLimits().max_bytes:
        # It may have gone away or changed while it was read; the problem says so then.
        with suppress(FileMissing), document.open() as file:
            digest = hashlib.file_digest(cast("BufferedReader", file), "sha256").hexdigest()
    return Source(name=document.name, size_bytes=document.size_bytes, sha256=digest, media_type=UNKNOWN_TYPE)


def _checked(examined: Examined) -> Examined:
    """Return what a worker told, if its parts agree; the types of the fields are checked already.

    Raises:
        ValueError: They do not.
    """
    facts = examined.facts
    if facts.unit_count != len(facts.units) or any(unit.number != at for at, unit in enumerate(facts.units, 1)):
        raise ValueError("units are not numbered from 1")
    if any(not 0 < one.number <= facts.unit_count for one in examined.measures):
        raise ValueError("measures of units that are not there")
    return examined


class ReadEvents:
    """Takes what read tasks tell before they end: each document's source, then counts or text."""

    def __init__(self, on_progress: Progress | None) -> None:
        """Pass counts on to ``on_progress``."""
        self.sources: dict[int, Source] = {}
        self.units: list[UnitText] = []
        self._on_progress = on_progress

    def __call__(self, key: int, event: bytes) -> None:
        """Take one event of the task ``key``."""
        if event.startswith(_SOURCE):  # the first thing told, and told again when the document is read again
            self.sources[key] = load(Source, event)
            self.units.clear()
        elif event[:1] == b"{":
            self.units.append(load(UnitText, event))
        elif self._on_progress:
            self._on_progress("read", int(event))


class _Arrivals:
    """Takes recognized units as they come."""

    def __init__(self, run: OcrRun, total: int, on_progress: Progress | None) -> None:
        self._run = run
        self._total = total
        self._on_progress = on_progress

    def __call__(self, _key: int, event: bytes) -> None:
        one = load(Recognized, event)
        if one.text is not None:
            self._run.texts[one.number] = one.text
        else:
            self._run.errors[one.number] = one.error
        if self._on_progress:
            self._on_progress("ocr", len(self._run.texts) + len(self._run.errors))


def _read_task(document: Document, key: int, name: str, arguments: ReadTask, settings: Settings) -> Task:
    return Task(
        key=key,
        name=name,
        document=document,
        payload=asdict(arguments),
        cpu_s=settings.timeout,
        stall_s=STALL_S,
        unit_s=settings.unit_timeout,
        spares=True,
    )


def _ocr_task(
    document: Document, key: int, group: tuple[int, ...], settings: Settings, password: str | None, *, program: bool
) -> Task:
    arguments = RecognizeTask(
        name=document.name,
        numbers=group,
        engine=settings.ocr_engine,
        languages=settings.languages,
        page_s=settings.page_timeout,
        password=password,
        limits=ReadLimits(max_units=settings.max_units),
    )
    # The engine keeps the time of each page itself; the worker's limits are the backstop for one that does not.
    return Task(
        key=key,
        name="recognize",
        document=document,
        payload=asdict(arguments),
        cpu_s=settings.page_timeout * (len(group) + 1),
        stall_s=settings.page_timeout * 2,
        runs_program=program,
    )


def _settle(run: OcrRun, outcome: Outcome, group: tuple[int, ...], again: list[tuple[int, ...]]) -> OcrRun:
    """Take the end of one OCR task into account; units it did not answer for go to ``again``."""
    if outcome.result is not None:
        return replace(run, engine=load(str, outcome.result))
    problem = outcome.problem
    if outcome.trace:
        logger.error("bug while recognizing a document:\n%s", outcome.trace)
    if problem is None:
        raise RuntimeError("an outcome has neither a result nor a problem")
    if problem.code in NOTHING_HELPS:
        return replace(run, problem=problem)
    missing = tuple(number for number in group if number not in run.texts and number not in run.errors)
    if len(group) == 1:
        too_long = "Recognizing it took too long. Allow more time a page (--page-timeout, the setting `page_timeout`)."
        run.errors[group[0]] = too_long if problem.code == "timeout" else problem.detail
    else:
        again.extend((number,) for number in missing)
    return run
