"""``preflight keys``: who may use a service."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extractors.clean import safe_label
from preflight.cli_service import Data, DatabaseUrl
from preflight.cli_session import fail, print_lines, print_view, write_out
from preflight.keys import DEFAULT_SCOPES

if TYPE_CHECKING:
    from rich.table import Table

    from preflight.keys import ApiKey
    from preflight.ledger.keys import KeyStore

keys_app = typer.Typer(no_args_is_help=True, help="Make, list and revoke the keys of a service.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@keys_app.command("create")
def create(
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="What to call it.")] = "",
    scopes: Annotated[
        str, typer.Option("--scopes", metavar="S,S", help="What it may do: check, write, read, admin.")
    ] = ",".join(DEFAULT_SCOPES),
    expires: Annotated[
        str, typer.Option("--expires", metavar="SPAN", help="How long it holds: 12h, 90d, 2w, 1y or never.")
    ] = "1y",
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", metavar="NAME", help="Whose documents it reaches; its own when not given."),
    ] = None,
    requests_per_minute: Annotated[
        int | None, typer.Option("--requests-per-minute", metavar="N", min=1, help="Instead of the service's limit.")
    ] = None,
    bytes_per_day: Annotated[
        int | None, typer.Option("--bytes-per-day", metavar="N", min=1, help="Instead of the service's limit.")
    ] = None,
    data: Data = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. It is shown this once; only its hash is kept."""
    from preflight.keys import scopes_from, seconds_from
    from preflight.wire import json_bytes

    allowed, holds_s = scopes_from(scopes), seconds_from(expires)
    with _store(database, data) as store:
        key, made = store.create(
            scopes=allowed,
            label=name,
            tenant=tenant,
            holds_s=holds_s,
            requests_per_minute=requests_per_minute,
            bytes_per_day=bytes_per_day,
        )
    if as_json:
        write_out(json_bytes(_data(key) | {"key": made.token}))
        return
    print_lines([made.token])
    typer.echo(
        f"preflight: key {key.id}, {', '.join(sorted(allowed))}, {_until(key)}. It is not shown again.", err=True
    )


@keys_app.command("list")
def list_keys(data: Data = None, database: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List keys: what they may do, how long they hold, when they were last used."""
    from preflight.wire import json_bytes

    with _store(database, data) as store:
        keys = store.list()
    if as_json:
        write_out(json_bytes({"items": [_data(key) for key in keys]}))
    else:
        print_view(_table(keys))


@keys_app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The id that `list` shows, or the key itself.")],
    data: Data = None,
    database: DatabaseUrl = None,
) -> None:
    """End a key for good. A running service learns of it within some seconds."""
    from preflight.keys import id_from

    wanted = id_from(key_id)
    with _store(database, data) as store:
        ended = store.revoke(wanted)
    if not ended:
        fail("There is no such key that still holds. `preflight keys list` shows them.", 66)
    print_lines([f"revoked {wanted}"])


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(keys_app, name="keys")


def _store(database: str | None, data: Path | None) -> KeyStore:
    from preflight.document import storage_error
    from preflight.ledger.keys import KeyStore
    from preflight.service.options import ServiceOptions, default_folder

    options = ServiceOptions(folder=data or default_folder(), database=database)
    try:
        options.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, str(options.folder)) from error
    return KeyStore(options.address)


def _data(key: ApiKey) -> dict[str, object]:
    times = {name: _time(getattr(key, name)) for name in ("created_at", "expires_at", "revoked_at", "last_used_at")}
    return asdict(key) | times | {"scopes": sorted(key.scopes)}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _until(key: ApiKey) -> str:
    return f"until {_time(key.expires_at)}" if key.expires_at else "for ever"


def _table(keys: list[ApiKey]) -> Table:
    from rich import box
    from rich.table import Column, Table

    # An id that is cut cannot be revoked, and half a date says nothing: names are wrapped before them.
    whole = [Column(head, no_wrap=True) for head in ("id", "holds until", "last used")]
    names = [Column(head, overflow="fold") for head in ("name", "tenant", "scopes")]
    table = Table(whole[0], *names, *whole[1:], box=box.SIMPLE, pad_edge=False)
    for key in keys:
        until = "for ever" if key.expires_at is None else _minute(key.expires_at)
        tenant = "its own" if key.tenant == key.id else safe_label(key.tenant, 40)
        used = "never" if key.last_used_at is None else _minute(key.last_used_at)
        scopes = " ".join(sorted(key.scopes))
        holds = "revoked" if key.revoked_at else until
        table.add_row(key.id, safe_label(key.label, 40), tenant, scopes, holds, used)
    return table


def _minute(seconds: float) -> str:
    """Return a time to the minute (UTC) in two lines, so that it fits into a narrow column."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d\n%H:%MZ")
