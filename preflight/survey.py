"""What has to be known of a document before it is cut: read, judged, fingerprinted, and allowed to be cut at all."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from extractors.base import ReadLimits
from extractors.errors import DamagedDocument
from extractors.facts import UnitKind
from extractors.registry import DOCM, DOCX
from preflight.case import TargetView
from preflight.cutting_tasks import Printed, PrintTask
from preflight.errors import DecryptionNotAllowed, NotAccepted, Stopped
from preflight.execution import Task
from preflight.judging import limits_for, report_on, weigh
from preflight.protection import denied, may_be_decrypted
from preflight.reading import ReadEvents, Unread, examine_task, examined_from
from preflight.splitting import TEXT_TYPES
from preflight.wire import load
from preflight.wording import kinds_of_file

if TYPE_CHECKING:
    from preflight.document import Document
    from preflight.execution import Executor, Outcome
    from preflight.judging import Prepared, Weighed
    from preflight.messages import Examined
    from preflight.model import Limit, Report
    from preflight.problems import Problem
    from preflight.reading import Progress
    from preflight.settings import Settings
    from preflight.splitting import SplitOptions

logger = logging.getLogger(__name__)

_READ, _PRINTS = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """A document that may be cut, with everything known of it.

    Attributes:
        document: The document.
        examined: Its facts and measures.
        report: The judgement of the whole.
        weighed: What it comes to, unit by unit.
        limits: Limits on one piece, as the kind of file that pieces are.
        media_type: Kind of file that pieces are.
        prints: Content fingerprint of each unit by number; empty for pieces of text.
        places: Number of each unit for the library that cuts, where it numbers them otherwise: it may pass over units
            that the reader counts and cannot read. Empty where both number them alike.
        bad: Why units cannot be carried over, by number.
        prepared: Target, gateways, model.
        options: How it is split.
        settings: How the work is done.
        executor: Where it is read.
    """

    document: Document
    examined: Examined
    report: Report
    weighed: Weighed
    limits: tuple[Limit, ...]
    media_type: str
    prints: dict[int, str] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)
    bad: dict[int, str] = field(default_factory=dict)
    prepared: Prepared
    options: SplitOptions
    settings: Settings
    executor: Executor

    @property
    def counted(self) -> bool:
        """Whether tokens were counted and pixels looked at: where only bytes and pages are limited, nobody asked."""
        return _to_be_counted(self.prepared, self.options)

    @property
    def least_bytes(self) -> int:
        """Space that pieces surely need."""
        if self.options.form != "document":
            return 0
        facts = self.examined.facts
        known = sum(unit.stored_bytes for unit in facts.units) + facts.shared_bytes
        return min(known, self.examined.source.size_bytes)


def examine_source(
    document: Document,
    prepared: Prepared,
    settings: Settings,
    executor: Executor,
    options: SplitOptions,
    on_progress: Progress | None = None,
) -> Surveyed:
    """Read a document and find out whether it may be split.

    Raises:
        Stopped: It cannot be read.
        NotAccepted: The target takes no such pieces.
        DecryptionNotAllowed: Pieces would be without its encryption.
    """
    examined, printed = _read(document, prepared, settings, executor, options, on_progress)
    media_type = _pieces_type(examined.source.media_type, options)
    _check_accepted(prepared, media_type, options)
    _check_decryption(examined, options)
    places = places_of(examined, printed)
    prints = {number: printed.prints[place - 1] for number, place in places.items()} if printed else {}
    bad = _bad_units(examined, prints if printed and printed.able else None)
    return Surveyed(
        document=document,
        examined=examined,
        report=_report(examined, prepared, options),
        weighed=weigh(examined, prepared),
        limits=limits_for(prepared, media_type),
        media_type=media_type,
        prints=prints,
        places={} if all(number == place for number, place in places.items()) else places,
        bad=bad,
        prepared=prepared,
        options=options,
        settings=settings,
        executor=executor,
    )


def print_task(
    document: Document, settings: Settings, *, key: int, name: str = "", password: str | None = None
) -> Task:
    """Return the task that takes the content fingerprints of a document."""
    limits = ReadLimits(max_units=settings.max_units)
    payload = asdict(PrintTask(name=name or document.name, password=password, limits=limits))
    return Task(key=key, name="fingerprint", document=document, payload=payload, cpu_s=settings.timeout, spares=True)


def printed_from(outcome: Outcome) -> Printed:
    """Return what a fingerprint task told.

    Raises:
        Stopped: It told nothing.
    """
    if outcome.trace:
        logger.error("bug while taking fingerprints:\n%s", outcome.trace)
    if outcome.result is None:
        raise stopped(outcome.problem)
    return load(Printed, outcome.result)


def stopped(problem: Problem | None) -> Stopped:
    """Return the exception that carries a problem."""
    if problem is None:
        raise RuntimeError("an outcome has neither a result nor a problem")
    return Stopped(problem)


def _read(
    document: Document,
    prepared: Prepared,
    settings: Settings,
    executor: Executor,
    options: SplitOptions,
    on_progress: Progress | None,
) -> tuple[Examined, Printed | None]:
    """Read and fingerprint a document, side by side."""
    events = ReadEvents(on_progress)
    counted = _to_be_counted(prepared, options)
    tasks = [
        examine_task(
            document,
            settings,
            key=_READ,
            password=options.password,
            encodings=prepared.encodings if counted else (),
            prints=options.form == "document",
            look=counted,
        )
    ]
    if options.form == "document":
        tasks.append(print_task(document, settings, key=_PRINTS, password=options.password))
    outcomes = {
        outcome.key: outcome
        for outcome in executor.run(tasks, lambda key, event: events(key, event) if key == _READ else None)
    }
    examined = examined_from(outcomes[_READ], document, events.sources.get(_READ))
    if isinstance(examined, Unread):
        raise Stopped(examined.problem)
    return examined, printed_from(outcomes[_PRINTS]) if _PRINTS in outcomes else None


def _report(examined: Examined, prepared: Prepared, options: SplitOptions) -> Report:
    report = report_on(examined, prepared)
    if _to_be_counted(prepared, options) or report.estimate is None:
        return report
    return replace(report, estimate=replace(report.estimate, tokens=None))


def _to_be_counted(prepared: Prepared, options: SplitOptions) -> bool:
    only_size = prepared.target is None and all(limit.measure in {"bytes", "pages"} for limit in prepared.limits)
    return not only_size or options.form != "document" or options.with_text


def _pieces_type(media_type: str, options: SplitOptions) -> str:
    if options.form != "document":
        return TEXT_TYPES[options.form]
    return DOCX if media_type == DOCM and options.active_content == "strip" else media_type


def _check_accepted(prepared: Prepared, media_type: str, options: SplitOptions) -> None:
    if prepared.target is None:
        return
    view = TargetView.of(prepared.target, media_type)
    if view.sees == "refused":
        instead = f"It takes {kinds_of_file(view.takes)}" if view.takes else "Choose another target"
        offer = options.form == "document" and "text/plain" in view.takes
        as_text = ": --as text writes pieces of text" if offer else ""
        raise NotAccepted(f"{view.id} does not take {kinds_of_file((media_type,))}. {instead}{as_text}.")


def _check_decryption(examined: Examined, options: SplitOptions) -> None:
    """Pieces are written without encryption: by whom the document is theirs, where it allows that, or when asked."""
    facts = examined.facts
    if options.decrypt or may_be_decrypted(facts):
        return
    rights = ", ".join(denied(facts))
    why = f"and does not allow everybody to {rights} it" if rights else "and nothing says that this is allowed"
    raise DecryptionNotAllowed(
        f"{examined.source.name} is encrypted {why}; pieces are written without encryption. If you may do that, add "
        "--decrypt, or give its owner password with --password-file."
    )


def places_of(examined: Examined, printed: Printed | None) -> dict[int, int]:
    """Find out which unit is which for the library that cuts.

    Raises:
        DamagedDocument: The two do not agree, and nobody knows which is right.
    """
    facts = examined.facts
    if printed is None or not printed.able:
        return {}
    readable = [unit.number for unit in facts.units if unit.kind is not UnitKind.UNREADABLE]
    for numbers in (range(1, facts.unit_count + 1), readable):
        if len(numbers) == len(printed.prints):
            return {number: place for place, number in enumerate(numbers, start=1)}
    raise DamagedDocument(
        f"{examined.source.name} is damaged: one parser finds {facts.unit_count:,} {facts.unit_kind}s in it, another "
        f"{len(printed.prints):,}. Print it to a new file, or repair it (`qpdf IN OUT`), and split that; or send its "
        "text (--as text)."
    )


def _bad_units(examined: Examined, prints: dict[int, str] | None) -> dict[int, str]:
    """Units that cannot be carried over: unreadable, or too damaged for the library that cuts."""
    kind = examined.facts.unit_kind
    bad = {}
    for unit in examined.facts.units:
        if unit.kind is UnitKind.UNREADABLE:
            bad[unit.number] = f"The {kind} cannot be read. Export the document again, or repair it."
        elif prints is not None and not prints.get(unit.number):
            bad[unit.number] = (
                f"The {kind} is damaged, or takes its parser down. Export the document again, or repair it."
            )
    return bad
