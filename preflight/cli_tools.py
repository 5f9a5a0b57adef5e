"""The other commands: targets, doctor, schema, batch, serve."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from extractors.clean import safe_label
from preflight.cli_options import (
    ExitZero,
    For,
    Jobs,
    MaxBytes,
    MaxPages,
    MaxSeconds,
    MaxTokens,
    MaxUnits,
    Model,
    Timeout,
    Via,
    order_of,
)
from preflight.cli_session import Session, fail, password_from, print_lines, print_view, progress, write_out
from preflight.wording import counted

FRONT_DOORS = {"serve": "api.serve"}
"""Commands that live above this package, as modules by name, so that nothing here imports upwards."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")

targets_app = typer.Typer(help="List, show or check the profiles of receiving services and gateways.")


@targets_app.callback(invoke_without_command=True)
def targets(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the services and gateways that are known."""
    if context.invoked_subcommand is not None:
        return
    from preflight.target import list_targets
    from preflight.target_view import summary
    from preflight.wire import json_bytes

    rows = list_targets()
    if as_json:
        write_out(json_bytes({"items": [summary(row) for row in rows]}))
        return
    from preflight.render_targets import targets_view

    print_view(targets_view(rows))


@targets_app.command("show")
def targets_show(
    target: Annotated[str, typer.Argument(metavar="ID", help="Id of a profile, or a TOML file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every limit of one profile with its source, date and how sure it is."""
    from preflight.target import load_profile
    from preflight.target_view import target_data
    from preflight.wire import json_bytes

    loaded = load_profile(target)
    if as_json:
        write_out(json_bytes(target_data(loaded)))
        return
    from preflight.render_targets import target_view

    print_view(target_view(loaded))


@targets_app.command("check")
def targets_check(file: Annotated[Path, typer.Argument(metavar="FILE", help="A profile in TOML.")]) -> None:
    """Check a profile of your own."""
    from preflight.target import check_target_file

    complaints = check_target_file(file)
    print_lines(f"{safe_label(str(file), 300)}: {one}" for one in complaints or ["valid"])
    raise typer.Exit(78 if complaints else 0)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what is installed: versions, OCR engines and languages, workers."""
    from preflight.doctor import diagnosis, diagnosis_view
    from preflight.wire import json_bytes

    found = diagnosis()
    if as_json:
        write_out(json_bytes(found))
    else:
        print_view(diagnosis_view(found))
    raise typer.Exit(0 if found["healthy"] else 69)


def schema(
    name: Annotated[str, typer.Argument(metavar="NAME", help="report, plan, text or manifest.")] = "report",
) -> None:
    """Print the JSON Schema of what this tool writes."""
    from preflight.schemas import SCHEMAS, json_schema
    from preflight.wire import json_bytes

    if name not in SCHEMAS:
        fail(f"There is no schema {name}. Known: {', '.join(sorted(SCHEMAS))}.", 2)
    write_out(json_bytes(json_schema(name)))


def batch(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files and folders.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="Folder for report.jsonl.")],
    target: For = None,
    via: Via = None,
    model: Model = None,
    max_bytes: MaxBytes = None,
    max_pages: MaxPages = None,
    max_tokens: MaxTokens = None,
    max_seconds: MaxSeconds = None,
    exit_zero: ExitZero = False,
    password_file: Annotated[
        Path | None,
        typer.Option("--password-file", metavar="FILE", help="File whose first line opens those that need a password."),
    ] = None,
    jobs: Jobs = None,
    timeout: Timeout = None,
    max_units: MaxUnits = None,
) -> None:
    """Check every file of folders; writes OUT/report.jsonl, one line a file.

    Exit code 0: all were read and fit. 1: there is something to act on. 3: some could not be read.
    """
    from preflight.batch import run_batch
    from preflight.model import Verdict

    order = order_of(
        target, via, model, max_bytes=max_bytes, max_pages=max_pages, max_tokens=max_tokens, max_seconds=max_seconds
    )
    password = password_from(password_file)
    flags = {"jobs": jobs, "timeout": timeout, "max_units": max_units}
    names = ["a.pdf", "a.docx"]  # what a folder most likely holds
    with Session(flags, names) as session, progress() as on_progress:
        result = run_batch(
            paths, order, output, session.settings, session.executor, password=password, on_progress=on_progress
        )
    total = sum(result.verdicts.values())
    words = ", ".join(f"{count} {word}" for word, count in result.verdicts.items() if count)
    print_lines([f"{counted(total, 'file')}: {words}", f"report: {safe_label(str(result.report), 300)}"])
    if result.failed:
        raise typer.Exit(3)
    raise typer.Exit(0 if exit_zero or result.verdicts[Verdict.FITS] == total else 1)


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8080,
    jobs: Jobs = None,
    timeout: Timeout = None,
    max_units: MaxUnits = None,
    unprotected: Annotated[
        bool, typer.Option("--unprotected", help="Listen beyond this machine without keys.")
    ] = False,
) -> None:
    """Serve the HTTP API."""
    from preflight.logs import configure_logging
    from preflight.settings import load_settings

    configure_logging()
    try:
        front_door = import_module(FRONT_DOORS["serve"])
    except ModuleNotFoundError as error:
        fail(f"The web parts are not installed ({error.name}). Run: pip install 'upload-preflight[serve]'.", 69)
    if host not in LOOPBACK and not unprotected:
        fail(
            f"Anybody who reaches {host} could use the service: there are no keys yet. Add --unprotected to allow it.",
            2,
        )
    settings = load_settings(flags={"jobs": jobs, "timeout": timeout, "max_units": max_units})
    with front_door.listen(host, port) as listener:
        address = f"[{host}]" if ":" in host else host
        bound = listener.getsockname()[1]
        print_lines([f"listening on http://{address}:{bound} — POST /v1/check, GET /v1/targets, GET /healthz"])
        front_door.serve(settings, listener)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(targets_app, name="targets")
    for command in (doctor, schema, batch, serve):
        app.command()(command)
