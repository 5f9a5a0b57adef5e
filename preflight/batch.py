"""Folders in, one outcome a file out."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from extractors.errors import ExtractionError
from preflight.document import find_document, storage_error
from preflight.errors import PreflightError, UsageError
from preflight.judging import prepare
from preflight.model import Verdict
from preflight.pipeline import missing_report, run_many
from preflight.storage import write_file
from preflight.wire import json_line, report_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.judging import Order
    from preflight.model import Report
    from preflight.reading import Progress
    from preflight.settings import Settings

MAX_DEPTH = 32
REPORT_NAME = "report.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file of a batch: where it lies, and what it is called in the report."""

    path: Path
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """How a batch went.

    Attributes:
        report: Where ``report.jsonl`` lies.
        verdicts: Number of files by verdict.
        failed: Files that could not be read.
    """

    report: Path
    verdicts: dict[str, int]
    failed: int


def walk(roots: Sequence[Path]) -> Iterator[Found]:
    """Yield the files below the given paths in a stable order; links, devices and pipes are left out.

    Raises:
        UsageError: A path is neither a file nor a folder.
    """
    for root in roots:
        if root.is_dir():
            yield from _walk_folder(root, root, 0)
        elif root.exists():
            yield Found(path=root, shown=_shown(root.name))
        else:
            raise UsageError(f"There is no file or folder {_shown(str(root))}. Check the path.")


def run_batch(
    roots: Sequence[Path],
    order: Order,
    out: Path,
    settings: Settings,
    executor: Executor,
    *,
    on_progress: Progress | None = None,
) -> BatchResult:
    """Check every file below ``roots`` and write ``report.jsonl`` into ``out``, one line a file, in walking order.

    What is wrong with one file is its line and never ends the others.

    Raises:
        UsageError: A path is neither a file nor a folder.
        SettingsError: The target or a gateway is not known.
        OutputError: The report cannot be written.
    """
    prepared = prepare(order)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, str(out)) from error
    inside = out.resolve()
    files = [found for found in walk(roots) if not found.path.resolve().is_relative_to(inside)]
    reports: dict[int, Report] = {}

    def documents() -> Iterator[tuple[int, Document]]:
        for key, found in enumerate(files):
            try:
                yield key, find_document(found.path, follow_links=False)
            except (PreflightError, ExtractionError) as error:
                reports[key] = missing_report(found.shown, prepared, error)

    for key, report in run_many(documents(), prepared, settings, executor):
        reports[key] = report
        if on_progress:
            on_progress("files", len(reports))
    lines = [json_line(_outcome(files[key], reports[key])) for key in range(len(files))]
    target = out / REPORT_NAME
    write_file(target, b"".join(lines))
    return BatchResult(
        report=target,
        verdicts={word: sum(one.verdict == word for one in reports.values()) for word in Verdict},
        failed=sum(one.problem is not None for one in reports.values()),
    )


def read_report(path: Path) -> list[dict[str, object]]:
    """Read the lines of a ``report.jsonl``."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _outcome(found: Found, report: Report) -> dict[str, object]:
    data = report_data(report)
    failed = report.problem is not None
    problem = data.get("problem")
    return {"path": found.shown, "report": None if failed else data, "manifest": None, "problem": problem}


def _walk_folder(folder: Path, root: Path, depth: int) -> Iterator[Found]:
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    for entry in ordered:
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            if depth < MAX_DEPTH:
                yield from _walk_folder(path, root, depth + 1)
        elif entry.is_file(follow_symlinks=False):
            yield Found(path=path, shown=_shown(str(path.relative_to(root))))


def _shown(name: str) -> str:
    """A path as text that JSON can hold: bytes that are no UTF-8 are escaped, so that two names never become one."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
