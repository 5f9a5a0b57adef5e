"""The command for folders: batch."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from extractors.clean import safe_label
from preflight.cli_options import (
    ExitZero,
    Jobs,
    Languages,
    MaxBytes,
    MaxPages,
    MaxSeconds,
    MaxTokens,
    MaxUnits,
    Model,
    OcrEngine,
    PageTimeout,
    Timeout,
    Via,
    order_of,
)
from preflight.cli_session import fail, heed_termination, password_from, print_lines, print_view
from preflight.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from preflight.batch import BatchOptions, BatchResult, Progressed
    from preflight.judging import Order
    from preflight.manifest import Form
    from preflight.settings import Settings

CHOICES = {
    "--as": ("document", "text", "markdown"),
    "--ocr": ("auto", "never", "always"),
    "--active-content": ("strip", "keep", "reject"),
}
_TOLD_S = 0.1


def batch(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files and folders.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="Folder for reports and pieces.")],
    target: Annotated[
        list[str] | None,
        typer.Option("--for", metavar="TARGET", help="Receiving service; with --budget it may be repeated."),
    ] = None,
    via: Via = None,
    model: Model = None,
    max_bytes: MaxBytes = None,
    max_pages: MaxPages = None,
    max_tokens: MaxTokens = None,
    max_seconds: MaxSeconds = None,
    split: Annotated[bool, typer.Option("--split", help="Cut every file into pieces that get through.")] = False,
    budget: Annotated[
        bool, typer.Option("--budget", help="Say what all of it would cost, and what does not get through; no pieces.")
    ] = False,
    include: Annotated[
        list[str] | None, typer.Option("--include", metavar="GLOB", help="Files like this only; may be repeated.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="GLOB", help="No files or folders like this.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Do not do again what a former run into OUT has done.")
    ] = True,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Do again what failed.")] = False,
    form: Annotated[str, typer.Option("--as", metavar="FORM", help="Pieces: document, text or markdown.")] = "document",
    with_text: Annotated[bool, typer.Option("--with-text", help="Each piece's text beside it.")] = False,
    active_content: Annotated[
        str, typer.Option("--active-content", metavar="HOW", help="strip scripts and the like, keep, or reject.")
    ] = "strip",
    decrypt: Annotated[bool, typer.Option("--decrypt", help="Allow pieces of encrypted documents.")] = False,
    ocr: Annotated[str, typer.Option("--ocr", metavar="WHEN", help="For text: auto, never, or always.")] = "auto",
    languages: Languages = None,
    ocr_engine: OcrEngine = None,
    exit_zero: ExitZero = False,
    progress: Annotated[
        bool | None,
        typer.Option(
            "--progress/--no-progress",
            help="Say how far it is: on a terminal all the time (the default there), in a log once a minute.",
            show_default=False,
        ),
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", metavar="FILE", help="File whose first line opens those that need a password."),
    ] = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    page_timeout: PageTimeout = None,
    max_units: MaxUnits = None,
) -> None:
    """Check every file of folders, and cut them with --split; a run that was ended goes on where it was.

    Writes OUT/report.jsonl (one outcome a file), report.csv, report.html, and OUT/pieces. Exit code 0: all were read
    and fit. 1: there is something to act on. 3: some could not be read or split; the report says which.
    """
    from preflight.batch import BatchOptions, Filters
    from preflight.settings import load_settings
    from preflight.splitting import SplitOptions

    for name, value in (("--as", form), ("--ocr", ocr), ("--active-content", active_content)):
        if value not in CHOICES[name]:
            fail(f"{name} takes one of {', '.join(CHOICES[name])}.", 2)
    wanted: list[str | None] = list(target or ()) or [None]
    orders = [
        order_of(
            one, via, model, max_bytes=max_bytes, max_pages=max_pages, max_tokens=max_tokens, max_seconds=max_seconds
        )
        for one in wanted
    ]
    _check_orders(orders, split=split, budget=budget)
    choice = SplitOptions(
        form=cast("Form", form),
        with_text=with_text,
        active_content=cast("Literal['strip', 'keep', 'reject']", active_content),
        decrypt=decrypt,
        ocr=cast("Literal['auto', 'never', 'always']", ocr),
        model=model,
    )
    options = BatchOptions(
        split=choice if split and not budget else None,
        filters=Filters(include=tuple(include or ()), exclude=tuple(exclude or ())),
        resume=resume,
        retry_failed=retry_failed,
        also_for=tuple(orders[1:]),
    )
    flags = {"jobs": jobs, "timeout": timeout, "page_timeout": page_timeout, "max_units": max_units}
    settings = load_settings(flags={**flags, "languages": languages, "ocr_engine": ocr_engine})
    result = _run(paths, orders[0], output, settings, options, password_from(password_file), progress=progress)
    _show(result, budget=budget, output=output)
    raise typer.Exit(_exit_code(result, exit_zero=exit_zero))


def _check_orders(orders: list[Order], *, split: bool, budget: bool) -> None:
    """Refuse what makes no sense together."""
    from preflight.judging import UserLimits

    if len(orders) > 1 and not budget:
        fail("Give --for once, or add --budget to compare targets.", 2)
    if budget and orders[0].target is None:
        fail("Say what the budget is for: --for TARGET.", 2)
    if split and budget:
        fail("--budget makes no pieces. Leave it out, or leave out --split.", 2)
    if split and orders[0].target is None and orders[0].limits == UserLimits():
        fail("Say what the pieces are for: --for TARGET, or a limit of your own such as --max-pages.", 2)


def _run(
    paths: list[Path],
    order: Order,
    output: Path,
    settings: Settings,
    options: BatchOptions,
    password: str | None,
    *,
    progress: bool | None,
) -> BatchResult:
    from preflight.batch import run_batch
    from preflight.engine.workers import StoppableSlots
    from preflight.start import preload_for

    names = ["a.pdf", "a.docx"]  # what a folder most likely holds
    workers = StoppableSlots(settings.workers, preload=preload_for(names), guard=settings.guard)
    try:
        heed_termination()
        with _progress(wanted=progress) as on_progress:
            return run_batch(
                paths, order, output, settings, workers, options=options, password=password, on_progress=on_progress
            )
    except KeyboardInterrupt:
        sys.stderr.write(
            f"preflight: Stopped. Run the same command to go on; what is done is in {safe_label(str(output), 300)}.\n"
        )
        raise
    finally:
        workers.close()


@contextmanager
def _progress(*, wanted: bool | None) -> Iterator[Callable[[Progressed], None] | None]:
    """Show how far the batch is: on a terminal unless it is unwanted, in a log only where it is wanted."""
    if wanted is False or (wanted is None and not sys.stderr.isatty()):
        yield None
        return
    if not sys.stderr.isatty():
        from preflight.batch_progress import Teller

        teller = Teller(time.monotonic(), _log)
        yield lambda at: teller.tell(time.monotonic(), at)
        return
    from rich.console import Console
    from rich.status import Status

    from preflight.batch_progress import Pace, progress_text

    pace, told = Pace(time.monotonic()), [0.0]
    with Status("looking …", console=Console(stderr=True)) as status:

        def show(at: Progressed) -> None:
            now = time.monotonic()
            pace.note(now, at.done)
            if now - told[0] >= _TOLD_S:
                told[0] = now
                status.update(progress_text(at, pace.rate(now, at.done)))

        yield show


def _log(line: str) -> None:
    with suppress(OSError):  # a log that nobody takes does not end the work
        sys.stderr.write(f"preflight: {line}\n")
        sys.stderr.flush()


def _show(result: BatchResult, *, budget: bool, output: Path) -> None:
    total = sum(result.verdicts.values())
    words = ", ".join(f"{count:,} {word}" for word, count in result.verdicts.items() if count)
    known = f" ({result.known:,} of them known from a former run)" if result.known else ""
    lines = [f"{counted(total, 'file')}{known}: {words}", *_remarks(result)]
    if budget:
        from preflight.render_budget import budget_view
        from preflight.storage import write_file
        from preflight.wire import json_bytes

        write_file(output / "budget.json", json_bytes({"items": [one.data() for one in result.budgets]}))
        print_view(budget_view(result.budgets))
    else:
        lines += _examples(result)
    print_lines([*lines, f"report: {safe_label(str(result.report), 300)} (also .csv and .html)"])


def _remarks(result: BatchResult) -> Iterator[str]:
    if result.failed > result.verdicts["unreadable"]:
        yield f"{result.failed - result.verdicts['unreadable']:,} could be read and not be split; the report says why"
    if result.incomplete:
        yield f"{result.incomplete:,} are not wholly in their pieces; their manifests name what is missing"
    if result.doubled:
        yield f"{counted(result.doubled, 'path')} given twice or inside another; the files in it count once"
    if result.removed:
        yield f"pieces of {counted(result.removed, 'file')} that this run has none of were removed"


def _examples(result: BatchResult) -> Iterator[str]:
    """Name the first files that failed, so that nobody opens the report for one."""
    yield from (f"  {safe_label(path, 300)}: {safe_label(why, 1000)}" for path, why in result.examples)
    if result.failed > len(result.examples):
        yield f"  and {result.failed - len(result.examples):,} more; the report names them all"


def _exit_code(result: BatchResult, *, exit_zero: bool) -> int:
    if result.failed:
        return 3
    total = sum(result.verdicts.values())
    if exit_zero or (result.verdicts["fits"] == total and not result.incomplete):
        return 0
    return 1


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(batch)
