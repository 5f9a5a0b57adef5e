"""The commands of the service: serve, work."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from preflight.cli_options import Languages, MaxUnits, OcrEngine, PageTimeout, Timeout
from preflight.cli_session import common_flags, fail, print_lines

if TYPE_CHECKING:
    from types import ModuleType

    from preflight.service.options import ServiceOptions
    from preflight.settings import Settings

FRONT_DOORS = {"serve": "api.serve"}
"""Commands that live above this package, as modules by name, so that nothing here imports upwards."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", envvar="PREFLIGHT_DATA", help="Folder where the service keeps everything."),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database", metavar="URL", envvar="PREFLIGHT_DATABASE", help="postgresql://…; a file in DIR when not given."
    ),
]
Keep = Annotated[
    float,
    typer.Option(
        "--keep-hours",
        metavar="H",
        min=0.01,
        envvar="PREFLIGHT_KEEP_HOURS",
        help="Hours until documents and results are removed.",
    ),
]
MaxUpload = Annotated[
    int | None,
    typer.Option("--max-upload-bytes", metavar="N", min=1, help="Largest document by resumable upload."),
]
Webhooks = Annotated[
    bool,
    typer.Option("--webhooks", envvar="PREFLIGHT_WEBHOOKS", help="Let jobs name an address to be told of their end."),
]


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8080,
    data: Data = None,
    database: DatabaseUrl = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", min=0, help="Worker processes; 0 leaves the work to `preflight work`."),
    ] = None,
    keep_hours: Keep = 168.0,
    max_upload_bytes: MaxUpload = None,
    webhooks: Webhooks = False,
    languages: Languages = None,
    ocr_engine: OcrEngine = None,
    timeout: Timeout = None,
    page_timeout: PageTimeout = None,
    max_units: MaxUnits = None,
    unprotected: Annotated[
        bool, typer.Option("--unprotected", help="Listen beyond this machine without keys.")
    ] = False,
) -> None:
    """Serve the HTTP API, and work on what is asked for."""
    from preflight.logs import configure_logging

    configure_logging()
    front_door = _front_door()
    if host not in LOOPBACK and not unprotected:
        fail(
            f"Anybody who reaches {host} could use the service: there are no keys yet. Add --unprotected to allow it.",
            2,
        )
    settings = _settings(languages, ocr_engine, timeout, page_timeout, max_units)
    options = _options(data, database, workers, keep_hours, max_upload_bytes, webhooks=webhooks)
    with front_door.listen(host, port) as listener:
        address = f"[{host}]" if ":" in host else host
        bound = listener.getsockname()[1]
        print_lines([f"listening on http://{address}:{bound} — POST /v1/check, GET /v1/targets, GET /healthz"])
        front_door.serve(settings, options, listener)


def work(
    data: Data = None,
    database: DatabaseUrl = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", min=1, help="Worker processes; one for each core when not given."),
    ] = None,
    keep_hours: Keep = 168.0,
    webhooks: Webhooks = False,
    languages: Languages = None,
    ocr_engine: OcrEngine = None,
    timeout: Timeout = None,
    page_timeout: PageTimeout = None,
    max_units: MaxUnits = None,
) -> None:
    """Work on the jobs of a service that `preflight serve --workers 0` answers for."""
    from preflight.logs import configure_logging

    configure_logging()
    front_door = _front_door()
    settings = _settings(languages, ocr_engine, timeout, page_timeout, max_units)
    options = _options(data, database, workers, keep_hours, None, webhooks=webhooks)
    front_door.work(settings, options)


def _front_door() -> ModuleType:
    try:
        return import_module(FRONT_DOORS["serve"])
    except ModuleNotFoundError as error:
        fail(f"The web parts are not installed ({error.name}). Run: pip install 'upload-preflight[serve]'.", 69)


def _settings(
    languages: str | None,
    ocr_engine: str | None,
    timeout: float | None,
    page_timeout: float | None,
    max_units: int | None,
) -> Settings:
    from preflight.settings import load_settings

    flags = {"timeout": timeout, "page_timeout": page_timeout, "max_units": max_units}
    return load_settings(flags=common_flags | flags | {"languages": languages, "ocr_engine": ocr_engine})


def _options(
    data: Path | None,
    database: str | None,
    workers: int | None,
    keep_hours: float,
    max_upload_bytes: int | None,
    *,
    webhooks: bool,
) -> ServiceOptions:
    from preflight.service.options import ServiceOptions, default_folder

    usual = ServiceOptions(folder=data or default_folder())
    return ServiceOptions(
        folder=usual.folder,
        database=database,
        workers=workers,
        max_upload_bytes=max_upload_bytes or usual.max_upload_bytes,
        kept_s=keep_hours * 3600,
        webhooks=webhooks,
    )


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (serve, work):
        app.command()(command)
