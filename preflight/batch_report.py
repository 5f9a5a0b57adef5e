"""Writing the reports of a batch, file by file in walking order; they appear when they are complete."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from preflight.batch_budget import Budget
from preflight.batch_html import HtmlReport
from preflight.batch_lines import COLUMNS, Line
from preflight.batch_place import drop_pieces, place
from preflight.batch_stale import Names
from preflight.batch_walk import PIECES_FOLDER, REPORT_NAME, shown_name
from preflight.document import storage_error
from preflight.errors import OutputError
from preflight.model import Verdict
from preflight.problems import problem_from
from preflight.storage import STAGING_PREFIX, sync_path, umask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO

    from preflight.artifacts import Artifacts
    from preflight.batch_intake import Entries, Entry
    from preflight.ledger.records import JobView, Json
    from preflight.ledger.store import Ledger

_AT_ONCE = 200
_EXAMPLES = 5


@dataclass(slots=True, kw_only=True)
class Totals:
    """What the lines come to.

    Attributes:
        verdicts: Number of files by verdict.
        failed: Files that could not be read, or not be split.
        incomplete: Files of which something is in no piece.
        examples: Name of the first few that failed, and why.
    """

    verdicts: dict[str, int] = field(default_factory=lambda: {str(word): 0 for word in Verdict})
    failed: int = 0
    incomplete: int = 0
    examples: list[tuple[str, str]] = field(default_factory=list)

    def add(self, line: Line) -> None:
        """Count a file."""
        self.verdicts[line.verdict] += 1
        self.failed += line.problem is not None
        if line.problem is not None and len(self.examples) < _EXAMPLES:
            self.examples.append((line.path, str(line.problem["detail"])))
        self.incomplete += not line.complete


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where lines come from.

    Attributes:
        entries: The files of the run.
        ledger: What became of them.
        artifacts: Their reports and pieces.
        out: Folder of results.
        split: Whether there are pieces.
        placed: The folders of pieces that belong to the run; complete when all lines were taken.
    """

    entries: Entries
    ledger: Ledger
    artifacts: Artifacts
    out: Path
    split: bool
    placed: Names = field(default_factory=Names)

    def lines(self) -> Iterator[Line]:
        """Yield the files in order."""
        waiting: list[Entry] = []
        for entry in self.entries:
            waiting.append(entry)
            if len(waiting) >= _AT_ONCE:
                yield from self._lines(waiting)
                waiting = []
        yield from self._lines(waiting)

    def _lines(self, entries: Sequence[Entry]) -> Iterator[Line]:
        views = self.ledger.jobs([one.job for one in entries if one.job])
        for entry in entries:
            view = views.get(entry.job)
            if view is None:
                yield Line(path=entry.shown, problem=entry.problem)
            else:
                yield self._line(entry, view)

    def _line(self, entry: Entry, view: JobView) -> Line:
        result, problem, manifest = view.result or {}, view.problem, None
        stored = [self.artifacts.get(name) for name in result.get("reports", ())]
        reports = [json.loads(one) for one in stored]
        if reports and reports[0].get("problem") is not None:
            return Line(path=entry.shown, problem=reports[0]["problem"])
        if self.split and "manifest" in result:
            try:
                place(result, self.out / PIECES_FOLDER / entry.relative, self.artifacts)
                self.placed.add(entry.relative)
                manifest = shown_name(f"{PIECES_FOLDER}/{entry.relative}/manifest.json")
            except OutputError as error:
                problem = _plain(error)
        return Line(
            path=entry.shown,
            reports=reports,
            report_bytes=stored[0].rstrip(b"\n") if stored else b"null",
            problem=problem,
            manifest=manifest,
            pieces=result.get("pieces") if manifest else None,
            complete=bool(result.get("complete", True)),
        )

    def drop_pieces(self) -> None:
        """Let the store forget all pieces, now that they are in their places."""
        needed = Names()  # a document may have the bytes of another's manifest
        for result in self._results():
            for name in (result["manifest"], *result.get("reports", ())):
                needed.add(name)
        for result in self._results():
            drop_pieces(result, self.artifacts, needed)

    def _results(self) -> Iterator[Json]:
        """Yield what was made of each file that has pieces."""
        for entry in self.entries:
            view = self.ledger.jobs([entry.job]).get(entry.job) if entry.job else None
            if view is not None and view.result is not None and "manifest" in view.result:
                yield view.result


def write_reports(lines: Iterable[Line], out: Path, targets: Sequence[str]) -> tuple[Totals, list[Budget]]:
    """Write ``report.jsonl``, ``report.csv`` and ``report.html``; return what the lines come to.

    Raises:
        OutputError: They cannot be written; DiskFull when there is no space.
    """
    totals, budgets = Totals(), [Budget(target=name) for name in targets]
    with ExitStack() as stack:
        jsonl = stack.enter_context(replacing(out / REPORT_NAME))
        table = stack.enter_context(replacing(out / "report.csv"))
        page = stack.enter_context(replacing(out / "report.html"))
        rows = csv.writer(_Text(table), lineterminator="\r\n")
        html = HtmlReport(page, targets[0] if targets else "")
        try:
            rows.writerow(COLUMNS)
            html.begin()
            for line in lines:
                totals.add(line)
                for at, budget in enumerate(budgets):
                    budget.add(line.path, line.reports[at] if line.reports else None, line.problem)
                jsonl.write(line.to_json())
                rows.writerow(line.to_row())
                html.add(line)
            html.end(totals.verdicts, totals.failed, budgets)
        except OSError as error:
            raise storage_error(error, "the report") from error
    return totals, budgets


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of ``path`` when the ``with`` block ends well.

    Raises:
        OutputError: It cannot be written; DiskFull when there is no space.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=STAGING_PREFIX)
    except OSError as error:
        raise storage_error(error, str(path)) from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~umask())
        temporary.replace(Path(os.path.realpath(path)))
        sync_path(path.parent)
    except OSError as error:
        raise storage_error(error, str(path)) from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


class _Text:
    """Takes what a CSV writer writes, as UTF-8."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> Any:
        return self._file.write(text.encode())


def _plain(error: OutputError) -> Json:
    return asdict(problem_from(error))
