"""Folders in, one outcome a file out."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from extractors.errors import ExtractionError
from preflight.document import find_document, storage_error
from preflight.errors import FileMissing, PreflightError, UsageError
from preflight.judging import prepare
from preflight.model import Verdict
from preflight.pipeline import missing_report, run_many
from preflight.storage import STAGING_PREFIX, write_file
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
    """A file of a batch, or a folder that cannot be read.

    Attributes:
        path: Where it lies.
        shown: What it is called in the report.
        named: The user named it, so that a link is followed.
        error: Why it cannot be looked at.
    """

    path: Path
    shown: str
    named: bool = False
    error: FileMissing | None = None


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


def walk(roots: Sequence[Path], out: Path | None = None) -> Iterator[Found]:
    """Yield the files below the given paths in a stable order; links, devices and pipes are left out.

    A path given may itself be a link. With several paths, names in the report begin with the name of their path.

    Args:
        roots: Files and folders.
        out: Where the report goes: what lies in this folder is left out when it is below a root; of a root itself
            only the report is.

    Raises:
        UsageError: A path is neither a file nor a folder.
    """
    resolved = None if out is None else Path(os.path.realpath(out))
    labels = _labels(roots) if len(roots) > 1 else [None] * len(roots)
    for root, label in zip(roots, labels, strict=True):
        where = _Folder(path=root, real=Path(os.path.realpath(root)), shown=label or "", out=resolved)
        try:
            mode = root.stat().st_mode
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:
            raise UsageError(f"There is no file or folder {_shown(str(root))}. Check the path.") from error
        except OSError as error:
            yield where.unreadable(error)
            continue
        if stat.S_ISDIR(mode):
            yield from _walk_folder(where, 0)
        elif not where.is_report(where.real):
            yield Found(path=root, shown=label or _shown(root.name), named=True)


def run_batch(
    roots: Sequence[Path],
    order: Order,
    out: Path,
    settings: Settings,
    executor: Executor,
    *,
    password: str | None = None,
    on_progress: Progress | None = None,
) -> BatchResult:
    """Check every file below ``roots`` and write ``report.jsonl`` into ``out``, one line a file, in walking order.

    What is wrong with one file is its line and never ends the others.

    Raises:
        UsageError: A path is neither a file nor a folder.
        FileMissing: There is no file at all.
        SettingsError: The target or a gateway is not known.
        OutputError: The report cannot be written.
    """
    prepared = prepare(order)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, str(out)) from error
    files = list(walk(roots, out))
    if not files:
        places = ", ".join(_shown(str(root)) for root in roots)
        raise FileMissing(f"There is no file to check in {places}. Check the path; links and devices are left out.")
    reports: dict[int, Report] = {}

    def documents() -> Iterator[tuple[int, Document]]:
        for key, found in enumerate(files):
            try:
                if found.error is not None:
                    raise found.error
                yield key, find_document(found.path, follow_links=found.named)
            except (PreflightError, ExtractionError) as error:
                reports[key] = missing_report(found.shown, prepared, error)

    for key, report in run_many(documents(), prepared, settings, executor, password=password):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    """A folder on the way: its path, the same without links, its name in the report, and where the report goes."""

    path: Path
    real: Path
    shown: str
    out: Path | None

    def below(self, name: str) -> _Folder:
        return _Folder(path=self.path / name, real=self.real / name, shown=self.name_of(name), out=self.out)

    def name_of(self, name: str) -> str:
        return f"{self.shown}/{_shown(name)}" if self.shown else _shown(name)

    def is_report(self, real: Path) -> bool:
        """Whether a path is this run's report, or a report that is not complete."""
        return real.parent == self.out and (real.name == REPORT_NAME or real.name.startswith(STAGING_PREFIX))

    def unreadable(self, error: OSError) -> Found:
        return self.refused(f"cannot be read: {error.strerror}. Change its permissions or run as its owner.")

    def refused(self, why: str) -> Found:
        shown = self.shown or "."
        return Found(path=self.path, shown=shown, error=FileMissing(f"The folder {shown} {why}"))


def _walk_folder(folder: _Folder, depth: int) -> Iterator[Found]:
    if depth > MAX_DEPTH:
        yield folder.refused(f"lies more than {MAX_DEPTH} folders deep. Name it as a path of its own.")
        return
    try:
        with os.scandir(folder.path) as entries:
            ordered = sorted(
                (os.fsencode(one.name), one.name, one.is_dir(follow_symlinks=False))
                for one in entries
                if one.is_dir(follow_symlinks=False) or one.is_file(follow_symlinks=False)
            )
    except OSError as error:
        yield folder.unreadable(error)
        return
    for _, name, is_folder in ordered:
        if is_folder:
            below = folder.below(name)
            if below.real != folder.out:
                yield from _walk_folder(below, depth + 1)
        elif not folder.is_report(folder.real / name):
            yield Found(path=folder.path / name, shown=folder.name_of(name))


def _labels(roots: Sequence[Path]) -> list[str]:
    """Return the names of paths, numbered where they are equal, so that no two files share a name in the report."""
    labels: list[str] = []
    for root in roots:
        name = _shown(root.name if root.name not in ("", "..") else Path(os.path.realpath(root)).name)
        number, label = 1, name
        while label in labels:
            number += 1
            label = f"{name} ({number})"
        labels.append(label)
    return labels


def _shown(name: str) -> str:
    """A path as text that JSON can hold: bytes that are no UTF-8 are escaped, so that two names never become one."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
