"""What the commands share: workers, standard input, passwords, progress, printing, exit codes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self, TextIO

from extractors.errors import ExtractionError
from preflight.errors import FileMissing, OutputError, PreflightError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import FrameType, TracebackType

    from rich.console import Console, RenderableType

    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.judging import Order
    from preflight.model import Report
    from preflight.reading import Progress

STDIN_NAME = "stdin"

common_flags: dict[str, object] = {}
"""Flags given before the command's name, which hold for every command."""


def heed_termination() -> None:
    """From here on, end as if interrupted when told to terminate."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End a run that is told to terminate as one that is interrupted: what it has half made is removed."""
    raise KeyboardInterrupt


class Session:
    """One run of the command line: its settings and its workers."""

    def __init__(self, flags: Mapping[str, object], files: Sequence[str], stdin_name: str | None = None) -> None:
        """Start the workers' server; the workers themselves start with the first task.

        Args:
            flags: Settings given as flags; None where not given.
            files: Names of the files to come, for what workers load ahead.
            stdin_name: What standard input would be called as a file.
        """
        from preflight import forkclient
        from preflight.settings import load_settings
        from preflight.slots import Slots
        from preflight.start import preload_for

        self._stdin_name = (stdin_name or "").rpartition("/")[2] or STDIN_NAME
        expected = [self._stdin_name if name == "-" else name for name in files]
        self.settings = load_settings(flags=common_flags | dict(flags))
        server = forkclient.early.pop() if forkclient.early else None
        self._slots = Slots(
            self.settings.workers, preload=preload_for(expected), server=server, guard=self.settings.guard
        )
        self.executor: Executor = self._slots

    def __enter__(self) -> Self:
        heed_termination()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._slots.close()

    @contextmanager
    def document(self, name: str) -> Iterator[Document]:
        """Find the document of one argument; ``-`` is a copy of standard input."""
        from preflight.document import find_document, spooled

        if name == "-" and sys.stdin is None:
            raise UsageError("Standard input is closed: name a file, or send the document there.")
        if name == "-":
            with spooled(sys.stdin.buffer, self._stdin_name) as document:
                yield document
        else:
            yield find_document(name)

    def reports(self, files: Sequence[str], order: Order, password_file: Path | None) -> list[Report]:
        """Check every file; what is wrong with one is its report and never ends the others."""
        from preflight.judging import prepare
        from preflight.pipeline import missing_report, run_many

        if list(files).count("-") > 1:
            raise UsageError("Standard input can be read once: give - only once.")
        password = password_from(password_file)
        prepared = prepare(order)
        # The workers are still starting: time to load what their answers will need.
        threading.Thread(target=prepared.warm_up, daemon=True).start()
        reports: dict[int, Report] = {}
        documents: list[tuple[int, Document]] = []
        with progress() as on_progress, ExitStack() as stack:
            for key, name in enumerate(files):
                try:
                    documents.append((key, stack.enter_context(self.document(name))))
                except (PreflightError, ExtractionError) as error:
                    reports[key] = missing_report(self._stdin_name if name == "-" else name, prepared, error)
            reports.update(
                run_many(documents, prepared, self.settings, self.executor, password=password, on_progress=on_progress)
            )
        return [reports[key] for key in range(len(files))]


def password_from(path: Path | None) -> str | None:
    """Return the first line of a password file, without its line end.

    Raises:
        FileMissing: It cannot be read.
    """
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise FileMissing(f"Cannot read the password file {path}. It must be a readable UTF-8 text file.") from error


def exit_code(reports: Sequence[Report], *, exit_zero: bool) -> int:
    """Return the exit code for these reports (the table in README)."""
    from preflight.model import Verdict

    problems = [report.problem for report in reports if report.problem is not None]
    if problems:
        return problems[0].exit_code if len(reports) == 1 else 3
    if exit_zero or all(report.verdict is Verdict.FITS and not _lacks(report) for report in reports):
        return 0
    return 1


def _lacks(report: Report) -> bool:
    """Whether a document that gets through is not all there (lost pages), which a script must not take for well."""
    return any(finding.severity == "error" for finding in report.findings)


def fail(message: str, code: int) -> NoReturn:
    """Print one sentence to standard error and exit."""
    sys.stderr.write(f"preflight: {message}\n")
    raise SystemExit(code)


def write_out(data: bytes, path: Path | None = None) -> None:
    """Write a result to standard output, or to a file that appears only when it is complete."""
    if path is None:
        with _standard_output() as out:
            out.buffer.write(data)
            out.buffer.flush()
        return
    from preflight.storage import write_file

    write_file(path, data)


def print_report(report: Report, *, explain: bool = False) -> None:
    """Print one report for people."""
    from preflight.render import report_view

    print_view(report_view(report, explain=explain))
    print_lines([""])


def print_plan(report: Report, *, as_json: bool) -> None:
    """Print the planned pieces; for people, the report that says why where there are none."""
    if as_json:
        from preflight.wire import plan_json

        write_out(plan_json(report))
    elif report.plan and report.plan.pieces:
        from preflight.render import plan_view

        print_view(plan_view(report))
    else:
        print_report(report)


def print_view(view: RenderableType) -> None:
    """Print something for people."""
    console = _console()
    with console.capture() as shown:
        console.print(view)
    print_lines(line.rstrip() for line in shown.get().removesuffix("\n").split("\n"))


def print_lines(lines: Iterable[object]) -> None:
    """Print lines as they are."""
    with _standard_output() as out:
        for line in lines:
            out.write(f"{line}\n")
        out.flush()


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    """Write to standard output, and say so when that cannot be done.

    Raises:
        OutputError: It cannot be written. Where its reader has heard enough (``| head``), the run ends well instead.
    """
    from preflight.document import storage_error

    if sys.stdout is None:
        raise OutputError("Standard output is closed. Send it somewhere, or use -o.")
    try:
        yield sys.stdout
    except BrokenPipeError:
        # Nothing more may be written, not even when the interpreter flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise storage_error(error, "standard output") from error


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


@contextmanager
def progress() -> Iterator[Progress | None]:
    """Show a counter on standard error while work takes long; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.status import Status

    with Status("looking …", console=Console(stderr=True)) as status:
        words = {"read": "units read", "ocr": "units recognized", "to cut": "pieces to cut", "cut": "pieces cut"}
        yield lambda stage, count: status.update(f"{count:,} {words.get(stage, stage)}")
