"""The other commands: targets, doctor, schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extractors.clean import safe_label
from preflight.cli_session import common_flags, fail, print_lines, print_view, write_out

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

    found = diagnosis(common_flags)
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


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(targets_app, name="targets")
    for command in (doctor, schema):
        app.command()(command)
