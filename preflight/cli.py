"""The command line: arguments → flow → print → exit code. Only this module and its siblings ``cli_*`` print."""

from __future__ import annotations

import io
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extractors.errors import ExtractionError
from preflight import __version__
from preflight.cli_session import Session, exit_code, fail, print_report, progress, write_out
from preflight.errors import PreflightError

if TYPE_CHECKING:
    from preflight.model import Report

INTERRUPTED = 130

app = typer.Typer(
    name="preflight",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Files = Annotated[list[str], typer.Argument(metavar="FILE", help="Documents to look at; - reads standard input.")]
For = Annotated[
    str | None,
    typer.Option("--for", metavar="TARGET", help="Receiving service: an id of `preflight targets`, or a TOML file."),
]
Via = Annotated[
    list[str] | None,
    typer.Option("--via", metavar="HOP", help="Gateway on the way (nginx, cloudflare, aws-alb …); may be repeated."),
]
Model = Annotated[str | None, typer.Option("--model", help="Model at the target; its default when not given.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a report for people.")]
Explain = Annotated[bool, typer.Option("--explain", help="Say where every figure comes from.")]
ExitZero = Annotated[
    bool, typer.Option("--exit-zero", help="Exit with 0 when documents were read, whatever the verdict.")
]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", metavar="FILE", help="File whose first line is the document's password."),
]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", help="Worker processes; 0 means one for each core.")]
Timeout = Annotated[float | None, typer.Option("--timeout", metavar="S", help="Seconds allowed for one document.")]
MaxUnits = Annotated[int | None, typer.Option("--max-units", help="Pages or frames read at most.")]
MaxBytes = Annotated[
    int | None, typer.Option("--max-bytes", help="Bytes a piece may have, besides the target's limits.")
]
MaxPages = Annotated[
    int | None, typer.Option("--max-pages", help="Pages a piece may have, besides the target's limits.")
]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", help="Tokens a piece may have.")]
MaxSeconds = Annotated[float | None, typer.Option("--max-seconds", help="Seconds a piece may take at the target.")]


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
) -> None:
    """Look at a document before it is uploaded: will it get through, which limit binds, what does it cost?"""


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
) -> None:
    """Say whether documents will get through, which limit binds, what they cost, and what to do.

    Exit code 0: everything fits. 1: there is something to act on. Others: the document could not be read.
    """
    from preflight.judging import Order, UserLimits
    from preflight.wire import reports_json
    from preflight.wording import FLAG_WORDS

    flags = {"jobs": jobs, "timeout": timeout, "max_units": max_units}
    limits = UserLimits(bytes=max_bytes, pages=max_pages, tokens=max_tokens, seconds=max_seconds)
    order = Order(target=target, hops=tuple(via or ()), model=model, limits=limits, words=FLAG_WORDS)
    with Session(flags, files) as session:
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
    target: Annotated[str, typer.Option("--for", metavar="TARGET", help="Receiving service.")],
    via: Via = None,
    model: Model = None,
    max_bytes: MaxBytes = None,
    max_pages: MaxPages = None,
    max_tokens: MaxTokens = None,
    max_seconds: MaxSeconds = None,
    as_json: Json = False,
    password_file: PasswordFile = None,
) -> None:
    """Show where a document would be cut for a target, without writing anything."""
    from preflight.judging import Order, UserLimits
    from preflight.wire import json_bytes, report_data
    from preflight.wording import FLAG_WORDS

    limits = UserLimits(bytes=max_bytes, pages=max_pages, tokens=max_tokens, seconds=max_seconds)
    order = Order(target=target, hops=tuple(via or ()), model=model, limits=limits, words=FLAG_WORDS)
    with Session({}, [file]) as session:
        (report,) = session.reports([file], order, password_file)
    if as_json:
        data = report_data(report)
        write_out(json_bytes({key: data.get(key) for key in ("source", "target", "verdict", "plan", "problem")}))
    else:
        print_plan(report)
    raise typer.Exit(exit_code([report], exit_zero=False))


def print_plan(report: Report) -> None:
    """Print the planned pieces, or why there are none."""
    from preflight.render import plan_view

    print_report(report, plan_only=plan_view(report) if report.plan and report.plan.pieces else None)


@app.command()
def text(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Document to read; - reads standard input.")],
    form: Annotated[str, typer.Option("--as", metavar="FORM", help="text, markdown or json.")] = "text",
    ocr: Annotated[str, typer.Option("--ocr", metavar="WHEN", help="auto (where needed), never, or always.")] = "auto",
    languages: Annotated[
        str | None, typer.Option("--languages", "-l", help="OCR languages, joined by +: eng+deu.")
    ] = None,
    ocr_engine: Annotated[
        str | None, typer.Option("--ocr-engine", help="auto, tesserocr, pytesseract or null.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here, not to stdout.")
    ] = None,
    password_file: PasswordFile = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    page_timeout: Annotated[
        float | None, typer.Option("--page-timeout", metavar="S", help="Seconds for OCR of one page.")
    ] = None,
    max_units: MaxUnits = None,
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
    with Session(flags, [file]) as session, session.document(file) as document, progress() as on_progress:
        outcome = document_text(
            document,
            session.settings,
            session.executor,
            ocr=ocr,
            password=password_from(password_file),
            on_progress=on_progress,
        )
    if outcome.problem is not None:
        fail(outcome.problem.detail, outcome.problem.exit_code)
    data = write_text(outcome, form)
    write_out(data, output)
    for finding in outcome.findings:
        if finding.severity != "info":
            typer.echo(f"preflight: {finding.message}", err=True)
    raise typer.Exit(0 if outcome.complete else 1)


def main() -> None:
    """Run the command line; every failure becomes one sentence and an exit code."""
    from preflight import cli_split, cli_tools

    cli_tools.register(app)
    cli_split.register(app)
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
