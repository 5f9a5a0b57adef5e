"""The command line: arguments → flow → print → exit code. Only this module and its siblings ``cli_*`` print."""

from __future__ import annotations

import io
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from extractors.errors import ExtractionError
from preflight import __version__
from preflight.cli_options import (
    ExitZero,
    For,
    Jobs,
    Json,
    Languages,
    MaxBytes,
    MaxPages,
    MaxSeconds,
    MaxTokens,
    MaxUnits,
    Model,
    OcrEngine,
    PageTimeout,
    PasswordFile,
    StdinName,
    Timeout,
    Via,
    order_of,
)
from preflight.cli_session import Session, common_flags, exit_code, fail, print_plan, print_report, progress, write_out
from preflight.errors import PreflightError
from preflight.wording import FLAG_HINTS

INTERRUPTED = 130

app = typer.Typer(
    name="preflight",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Files = Annotated[list[str], typer.Argument(metavar="FILE", help="Documents to look at; - reads standard input.")]
Explain = Annotated[
    bool, typer.Option("--explain", help="Say of every figure what it was made of and where that comes from.")
]


def show_version(wanted: bool) -> None:  # noqa: FBT001 - typer's shape of a callback
    """Print the version and stop."""
    if wanted:
        typer.echo(f"upload-preflight {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    isolation: Annotated[
        str | None, typer.Option("--isolation", metavar="HOW", help="Lock workers down: required, auto or off.")
    ] = None,
    memory_limit_bytes: Annotated[
        int | None, typer.Option("--memory-limit-bytes", metavar="N", help="Memory of one worker; 0 for no limit.")
    ] = None,
    unit_timeout: Annotated[
        float | None, typer.Option("--unit-timeout", metavar="S", help="Seconds of CPU for reading one page.")
    ] = None,
) -> None:
    """Look at a document before it is uploaded: will it get through, which limit binds, what does it cost?"""
    del version  # its callback has printed it
    common_flags.update(isolation=isolation, memory_limit_bytes=memory_limit_bytes, unit_timeout=unit_timeout)


@app.command()
def check(
    files: Files,
    target: For = None,
    via: Via = None,
    model: Model = None,
    max_bytes: MaxBytes = None,
    max_pages: MaxPages = None,
    max_tokens: MaxTokens = None,
    max_seconds: MaxSeconds = None,
    as_json: Json = False,
    explain: Explain = False,
    exit_zero: ExitZero = False,
    password_file: PasswordFile = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    max_units: MaxUnits = None,
    stdin_name: StdinName = None,
) -> None:
    """Say whether documents will get through, which limit binds, what they cost, and what to do.

    Exit code 0: everything fits. 1: there is something to act on. Others: the document could not be read.
    """
    from preflight.wire import reports_json

    flags = {"jobs": jobs, "timeout": timeout, "max_units": max_units}
    order = order_of(
        target, via, model, max_bytes=max_bytes, max_pages=max_pages, max_tokens=max_tokens, max_seconds=max_seconds
    )
    with Session(flags, files, stdin_name) as session:
        reports = session.reports(files, order, password_file)
        if as_json:
            write_out(reports_json(reports))
        else:
            for report in reports:
                print_report(report, explain=explain)
    raise typer.Exit(exit_code(reports, exit_zero=exit_zero))


@app.command()
def plan(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Document to plan for; - reads standard input.")],
    target: For = None,
    via: Via = None,
    model: Model = None,
    max_bytes: MaxBytes = None,
    max_pages: MaxPages = None,
    max_tokens: MaxTokens = None,
    max_seconds: MaxSeconds = None,
    as_json: Json = False,
    exit_zero: ExitZero = False,
    password_file: PasswordFile = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    max_units: MaxUnits = None,
    stdin_name: StdinName = None,
) -> None:
    """Show where a document would be cut, without writing anything. Sizes are estimates.

    Exit code 0: it fits as it is. 1: there is something to act on. Others: the document could not be read.
    """
    from preflight.judging import UserLimits

    order = order_of(
        target, via, model, max_bytes=max_bytes, max_pages=max_pages, max_tokens=max_tokens, max_seconds=max_seconds
    )
    if order.target is None and order.limits == UserLimits():
        fail("Say what the pieces are for: --for TARGET, or a limit of your own such as --max-pages.", 2)
    with Session({"jobs": jobs, "timeout": timeout, "max_units": max_units}, [file], stdin_name) as session:
        (report,) = session.reports([file], order, password_file)
    print_plan(report, as_json=as_json)
    raise typer.Exit(exit_code([report], exit_zero=exit_zero))


@app.command()
def text(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Document to read; - reads standard input.")],
    form: Annotated[str, typer.Option("--as", metavar="FORM", help="text, markdown or json.")] = "text",
    ocr: Annotated[str, typer.Option("--ocr", metavar="WHEN", help="auto (where needed), never, or always.")] = "auto",
    languages: Languages = None,
    ocr_engine: OcrEngine = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here, not to stdout.")
    ] = None,
    password_file: PasswordFile = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    page_timeout: PageTimeout = None,
    max_units: MaxUnits = None,
    stdin_name: StdinName = None,
) -> None:
    """Write a document's text, unit by unit: native text where it is good, OCR where it is needed."""
    from preflight.cli_session import password_from
    from preflight.textual import FORMS, OCR_MODES, document_text, write_text

    if form not in FORMS or ocr not in OCR_MODES:
        fail(f"--as takes one of {', '.join(FORMS)}; --ocr takes one of {', '.join(OCR_MODES)}.", 2)
    flags = {
        "jobs": jobs,
        "timeout": timeout,
        "page_timeout": page_timeout,
        "max_units": max_units,
        "ocr_engine": ocr_engine,
        "languages": languages,
    }
    with Session(flags, [file], stdin_name) as session, session.document(file) as document, progress() as on_progress:
        outcome = document_text(
            document,
            session.settings,
            session.executor,
            ocr=ocr,
            password=password_from(password_file),
            on_progress=on_progress,
        )
    if outcome.problem is not None:
        hint = FLAG_HINTS.get(outcome.problem.code)
        fail(f"{outcome.problem.detail} {hint}" if hint else outcome.problem.detail, outcome.problem.exit_code)
    data = write_text(outcome, form)
    write_out(data, output)
    for finding in outcome.findings:
        if finding.severity != "info":
            typer.echo(f"preflight: {finding.message}", err=True)
    raise typer.Exit(0 if outcome.complete else 1)


def main() -> None:
    """Run the command line; every failure becomes one sentence and an exit code."""
    from preflight import cli_batch, cli_keys, cli_service, cli_split, cli_tools

    cli_split.register(app)
    cli_batch.register(app)
    cli_keys.register(app)
    cli_tools.register(app)
    cli_service.register(app)
    if sys.stderr is None:  # closed by the caller, who wants no word of what goes wrong
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - stays open to the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without some character must not end the run
    try:
        app()
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            sys.stderr.write("preflight: Interrupted.\n")
        raise
    except KeyboardInterrupt:
        fail("Interrupted.", INTERRUPTED)
    except (PreflightError, ExtractionError) as error:
        from preflight.problems import problem_from

        fail(str(error), problem_from(error).exit_code)
    except Exception:
        logging.getLogger("preflight").critical("a bug", exc_info=True)
        fail("This is a bug in upload-preflight; what is above says where. Please report it.", 70)


if __name__ == "__main__":
    main()
