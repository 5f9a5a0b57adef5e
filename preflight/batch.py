"""Folders in, one outcome a file out. What was done is not done again, and nothing is lost when the run is killed."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import URL

from extractors.clean import safe_label
from preflight.artifacts import Artifacts
from preflight.batch_intake import Entries, Intake, IntakeOptions
from preflight.batch_place import make_pieces_folder, place
from preflight.batch_report import Sources, write_reports
from preflight.batch_stale import remove_stale
from preflight.batch_walk import (
    LEDGER_NAME,
    PIECES_FOLDER,
    REPORT_NAME,
    STATE_FOLDER,
    Filters,
    check_paths,
    distinct,
    shown_name,
    walk,
)
from preflight.document import storage_error
from preflight.engine.local import LocalEngine
from preflight.engine.request import make_request
from preflight.errors import FileMissing, OutputError
from preflight.ledger.store import Ledger
from preflight.presence import present, release_dead
from preflight.runner import LEASE_S, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from preflight.batch_budget import Budget
    from preflight.execution import Executor
    from preflight.judging import Order
    from preflight.settings import Settings
    from preflight.splitting import SplitOptions

__all__ = ["BatchOptions", "BatchResult", "Filters", "Progressed", "read_report", "run_batch", "walk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOptions:
    """How a batch is run.

    Attributes:
        split: How files are split; None to check only.
        filters: Which files take part.
        resume: What a former run into the same folder has done is not done again.
        retry_failed: Except what failed.
        also_for: More targets to reckon for, besides the order's own.
        lease_s: Seconds after which the work of a runner that is stuck is taken over by others.
    """

    split: SplitOptions | None = None
    filters: Filters = field(default_factory=Filters)
    resume: bool = True
    retry_failed: bool = False
    also_for: tuple[Order, ...] = ()
    lease_s: float = LEASE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """How far a batch is.

    Attributes:
        done: Files done in this run.
        known: Files whose answer was known from a former run.
        found: Files found so far.
        all_found: There are no more.
    """

    done: int
    known: int
    found: int
    all_found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """How a batch went.

    Attributes:
        report: Where ``report.jsonl`` lies; ``report.csv`` and ``report.html`` lie beside it.
        verdicts: Number of files by verdict.
        failed: Files that could not be read, or not be split.
        incomplete: Files of which something is in no piece.
        known: Files whose answer was known from a former run.
        late: Results of this run that were dropped, because others had taken its work over.
        removed: Documents of former runs whose pieces were removed, because this run has none of them.
        doubled: Paths that lie in others, or were given twice.
        examples: Name of the first few files that failed, and why.
        budgets: What the files come to at each target; empty where there is none.
    """

    report: Path
    verdicts: dict[str, int]
    failed: int
    incomplete: int = 0
    known: int = 0
    late: int = 0
    removed: int = 0
    doubled: int = 0
    examples: tuple[tuple[str, str], ...] = ()
    budgets: tuple[Budget, ...] = ()


def run_batch(
    roots: Sequence[Path],
    order: Order,
    out: Path,
    settings: Settings,
    executor: Executor,
    *,
    options: BatchOptions | None = None,
    password: str | None = None,
    on_progress: Callable[[Progressed], None] | None = None,
) -> BatchResult:
    """Check, and split if wanted, every file below ``roots``; write reports and pieces into ``out``.

    What is wrong with one file is its line and never ends the others. A run that was ended goes on where it was; two
    runs into the same folder share the work.

    Raises:
        UsageError: A path is neither a file nor a folder.
        FileMissing: There is no file at all.
        SettingsError: The target or a gateway is not known.
        OutputError: Results cannot be written; DiskFull when there is no space.
        LedgerUnavailable: The record of what was done cannot be used.
    """
    options = options or BatchOptions()
    orders = (order, *options.also_for)
    request = make_request(orders, settings, options.split)
    check_paths(roots, out)
    state = _make_folders(out, split=options.split is not None)
    artifacts = Artifacts(state)
    name = uuid.uuid4().hex
    with Entries() as entries, present(state / "runners", name), Ledger(_address(state)) as ledger:
        if release_dead(ledger, state / "runners") <= 1:
            artifacts.sweep()
        pieces = out / PIECES_FOLDER if options.split else None
        taking = IntakeOptions(
            owner=f"batch {request.profile}",
            request=request.store(artifacts),
            pieces=pieces,
            resume=options.resume,
            retry_failed=options.retry_failed,
            has_password=password is not None,
        )
        intake = Intake(walk(roots, out, options.filters), entries, ledger, artifacts, taking)
        run = _Run(intake, entries, ledger, artifacts, pieces, on_progress)
        engine = LocalEngine(executor, artifacts, workers=settings.workers, password=password)
        run.work(engine, name, request.profile, options.lease_s)
        if not entries.count:
            raise _nothing_in(roots, options.filters)
        sources = Sources(entries=entries, ledger=ledger, artifacts=artifacts, out=out, split=options.split is not None)
        totals, budgets = write_reports(sources.lines(), out, [one.target for one in orders if one.target])
        removed = 0
        if pieces is not None:
            sources.drop_pieces()
            if release_dead(ledger, state / "runners") <= 1:  # else they may be those of another run
                removed = remove_stale(pieces, sources.placed)
    return BatchResult(
        report=out / REPORT_NAME,
        verdicts=totals.verdicts,
        failed=totals.failed,
        examples=tuple(totals.examples),
        incomplete=totals.incomplete,
        known=run.intake.known,
        late=run.late,
        removed=removed,
        doubled=len(roots) - len(distinct(roots, out, options.filters)),
        budgets=tuple(budgets),
    )


def read_report(path: Path) -> list[dict[str, object]]:
    """Read the lines of a ``report.jsonl``."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _nothing_in(roots: Sequence[Path], filters: Filters) -> FileMissing:
    places = ", ".join(safe_label(shown_name(str(root)), 300) for root in roots)
    chosen = " and what --include and --exclude leave" if filters != Filters() else ""
    return FileMissing(
        f"There is no file to check in {places}. Check the path{chosen}; links and devices are left out."
    )


@dataclass(slots=True)
class _Run:
    """Files that come in and files that are worked on, side by side."""

    intake: Intake
    entries: Entries
    ledger: Ledger
    artifacts: Artifacts
    pieces: Path | None
    on_progress: Callable[[Progressed], None] | None
    done: int = 0
    late: int = 0

    def work(self, engine: LocalEngine, name: str, profile: str, lease_s: float) -> None:
        """Do all files."""
        owner = f"batch {profile}"
        runner = Runner(
            self.ledger,
            engine,
            self.artifacts,
            name=name,
            owner=owner,
            lease_s=lease_s,
            on_finished=self._finished,
        )
        self.intake.start()
        try:
            runner.run(lambda: self._more(owner))
        finally:
            self.intake.stop()
            self.late = runner.stale
        self.intake.finish()
        self._tell()

    def _more(self, owner: str) -> bool:
        """Whether files are still coming in, or are with others."""
        if self.intake.failure is not None:
            return False
        if self.intake.is_alive():
            return True
        return any(not state.final for state in self.ledger.counts(owner))

    def _finished(self, jobs: Sequence[str]) -> None:
        self.done += len(jobs)
        if self.pieces is not None:
            for view in self.ledger.jobs(jobs).values():
                below = view.document.get("below")
                if below and view.result is not None and "manifest" in view.result:
                    self._place(view.result, self.pieces / below)
        self._tell()

    def _place(self, result: dict[str, object], folder: Path) -> None:
        """Put pieces in their place as soon as they are there; what fails is told when the report is written."""
        try:
            place(result, folder, self.artifacts)
        except OutputError:
            return

    def _tell(self) -> None:
        if self.on_progress:
            self.on_progress(
                Progressed(
                    done=self.done + self.intake.refused,
                    known=self.intake.known,
                    found=self.entries.count,
                    all_found=not self.intake.is_alive(),
                )
            )


def _make_folders(out: Path, *, split: bool) -> Path:
    state = out / STATE_FOLDER
    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, str(out)) from error
    if split:
        make_pieces_folder(out / PIECES_FOLDER)
    return state


def _address(state: Path) -> URL:
    return URL.create("sqlite", database=str((state / LEDGER_NAME).absolute()))
