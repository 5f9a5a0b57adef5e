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

_DOOR = "Who may come in"
_WATCH = "What whoever runs it sees"

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
Keys = Annotated[
    bool,
    typer.Option("--keys", envvar="PREFLIGHT_KEYS", help="Let in only who has a key.", rich_help_panel=_DOOR),
]
Anonymous = Annotated[
    bool,
    typer.Option("--allow-anonymous", help="Let in anybody, beyond this machine, too.", rich_help_panel=_DOOR),
]
AllowedHosts = Annotated[
    list[str] | None,
    typer.Option(
        "--allowed-host",
        metavar="NAME",
        envvar="PREFLIGHT_ALLOWED_HOSTS",
        help="Name by which it may be called, such as a proxy's; may be repeated.",
        rich_help_panel=_DOOR,
    ),
]
PerMinute = Annotated[
    int,
    typer.Option(
        "--requests-per-minute",
        metavar="N",
        min=1,
        envvar="PREFLIGHT_REQUESTS_PER_MINUTE",
        help="Requests of one key.",
        rich_help_panel=_DOOR,
    ),
]
PerDay = Annotated[
    int,
    typer.Option(
        "--bytes-per-day",
        metavar="N",
        min=0,
        envvar="PREFLIGHT_BYTES_PER_DAY",
        help="Bytes of one key; 0 for no limit.",
        rich_help_panel=_DOOR,
    ),
]
MaxRequests = Annotated[
    int,
    typer.Option(
        "--max-requests",
        metavar="N",
        min=1,
        envvar="PREFLIGHT_MAX_REQUESTS",
        help="Requests at a time.",
        rich_help_panel=_DOOR,
    ),
]
MetricsPort = Annotated[
    int | None,
    typer.Option(
        "--metrics-port",
        metavar="N",
        min=1,
        max=65535,
        envvar="PREFLIGHT_METRICS_PORT",
        help="Port for figures that Prometheus reads; none when not given.",
        rich_help_panel=_WATCH,
    ),
]
MetricsHost = Annotated[
    str,
    typer.Option("--metrics-host", envvar="PREFLIGHT_METRICS_HOST", help="Address for these.", rich_help_panel=_WATCH),
]
LogFormat = Annotated[
    str,
    typer.Option(
        "--log-format", envvar="PREFLIGHT_LOG_FORMAT", help="text, or json: one object a line.", rich_help_panel=_WATCH
    ),
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
    keys: Keys = False,
    allow_anonymous: Anonymous = False,
    allowed_host: AllowedHosts = None,
    requests_per_minute: PerMinute = 1_200,
    bytes_per_day: PerDay = 0,
    max_requests: MaxRequests = 256,
    metrics_port: MetricsPort = None,
    metrics_host: MetricsHost = "127.0.0.1",
    log_format: LogFormat = "text",
) -> None:
    """Serve the HTTP API, and work on what is asked for."""
    from preflight.service.door import DoorOptions, check_protected, names_of

    _log(log_format)
    front_door = _front_door()
    check_protected(host, keys=keys, anonymous=allow_anonymous)
    door = DoorOptions(
        keys=keys,
        hosts=names_of(host, allowed_host or ()),
        requests=max_requests,
        requests_per_minute=requests_per_minute,
        bytes_per_day=bytes_per_day,
        metrics_host=metrics_host,
        metrics_port=metrics_port,
    )
    settings = _settings(languages, ocr_engine, timeout, page_timeout, max_units)
    options = _options(data, database, workers, keep_hours, max_upload_bytes, webhooks=webhooks)
    with front_door.listen(host, port) as listener:
        address = f"[{host}]" if ":" in host else host
        bound = listener.getsockname()[1]
        line = f"listening on http://{address}:{bound} — POST /v1/check, GET /v1/targets, GET /healthz"
        front_door.serve(settings, options, door, listener, lambda: print_lines([line]))


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
    log_format: LogFormat = "text",
) -> None:
    """Work on the jobs of a service that `preflight serve --workers 0` answers for."""
    _log(log_format)
    front_door = _front_door()
    settings = _settings(languages, ocr_engine, timeout, page_timeout, max_units)
    options = _options(data, database, workers, keep_hours, None, webhooks=webhooks)
    front_door.work(settings, options)


def _log(form: str) -> None:
    from preflight.logs import FORMS, configure_service_logging

    if form not in FORMS:
        fail(f"--log-format takes one of {', '.join(FORMS)}.", 2)
    configure_service_logging(form)


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
