"""What there is to know about the service itself, and about targets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Path, Response

from api.answers import json_response, problems
from api.context import READ, Context
from api.documents import Shared
from api.orders import profile
from api.problems import RETRY_AFTER_S, problem_response
from api.query import known_query
from api.units import WIDTHS
from preflight import __version__
from preflight.errors import UnknownTarget
from preflight.manifest import SCHEMA as MANIFEST_SCHEMA
from preflight.problems import problem_from
from preflight.service.workers import languages_spoken, workers_alive
from preflight.target import list_targets
from preflight.target_view import summary, target_data
from preflight.wire import json_bytes

if TYPE_CHECKING:
    from preflight.ledger.records import Json

router = APIRouter(dependencies=[Depends(known_query)])
_OBJECT = {"content": {"application/json": {"schema": {"type": "object"}}}}


@router.get(
    "/v1/targets",
    operation_id="list_targets",
    tags=["targets"],
    response_class=Response,
    responses=problems() | {200: {"description": "Services and gateways", **_OBJECT}},
    openapi_extra=READ,
)
def targets() -> Response:
    """List the services and gateways that are known."""
    return json_response({"items": [summary(one) for one in list_targets()], "next_cursor": None})


@router.get(
    "/v1/targets/{target_id}",
    operation_id="get_target",
    tags=["targets"],
    response_class=Response,
    responses=problems(404) | {200: {"description": "The profile", **_OBJECT}},
    openapi_extra=READ,
)
def target(target_id: Annotated[str, Path(max_length=200, description="Id, with a mode behind a colon")]) -> Response:
    """Show one profile with all its limits, sources and dates."""
    try:
        return json_response(target_data(profile(target_id)))
    except UnknownTarget as error:
        return problem_response(replace(problem_from(error), status=404))


@router.get(
    "/v1/limits",
    operation_id="get_limits",
    tags=["service"],
    response_class=Response,
    responses=problems() | {200: {"description": "What the service takes", **_OBJECT}},
    openapi_extra=READ,
)
def limits(context: Shared) -> Response:
    """Say how much the service takes, and how long it keeps what."""
    options, settings = context.options, context.settings
    return json_response(
        {
            "max_body_bytes": options.max_body_bytes,
            "max_upload_bytes": options.max_upload_bytes,
            "max_units": settings.max_units,
            "document_cpu_seconds": settings.timeout,
            "page_ocr_seconds": settings.page_timeout,
            "default_wait_seconds": options.wait_s,
            "max_wait_seconds": options.max_wait_s,
            "unfinished_upload_kept_seconds": options.kept_upload_s,
            "kept_seconds": options.kept_s,
            "thumbnail_width_px": list(WIDTHS),
            "webhooks": options.webhooks,
        }
    )


@router.get(
    "/v1/version",
    operation_id="get_version",
    tags=["service"],
    response_class=Response,
    responses=problems() | {200: {"description": "Versions", **_OBJECT}},
    openapi_extra=READ,
)
def version() -> Response:
    """Say which version this is, and which forms of reports and manifests it writes."""
    return json_response({"version": __version__, "report": "preflight/report/1", "manifest": MANIFEST_SCHEMA})


@router.get(
    "/healthz",
    operation_id="healthz",
    tags=["service"],
    response_class=Response,
    responses=problems() | {200: {"description": "It answers", **_OBJECT}},
)
async def healthz() -> Response:
    """Answer while the service is up."""
    return json_response({"status": "ok", "version": __version__})


@router.get(
    "/readyz",
    operation_id="readyz",
    tags=["service"],
    response_class=Response,
    responses=problems() | {200: {"description": "It can work", **_OBJECT}},
)
def readyz(context: Shared) -> Response:
    """Say whether documents can be worked on: workers, disk, database, isolation, OCR languages."""
    found = _readiness(context)
    if found["ready"]:
        return json_response(found)
    body = {
        "type": "/problems/not-ready",
        "title": "The service cannot work now",
        "status": 503,
        "code": "not-ready",
        "detail": "See which of the checks is not ok. Try again when it is.",
        "retryable": True,
        **found,
    }
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return Response(json_bytes(body), 503, headers, "application/problem+json")


def _readiness(context: Context) -> Json:
    space = context.space
    database = space.ledger.database.answers()
    free = space.uploads.free_bytes()
    living = workers_alive(space)
    wanted = space.settings.languages
    spoken = languages_spoken(living)
    checks: dict[str, Json] = {
        "database": {"ok": database},
        "disk": {"ok": free > 0, "free_bytes": max(0, free)},
        "workers": {"ok": bool(living), "processes": sum(one["workers"] for one in living)},
        "isolation": {
            "ok": space.settings.isolation != "required" or all(one["isolation"] == "full" for one in living),
            "level": min((one["isolation"] for one in living), key=_LEVELS.index, default="unknown"),
        },
        "ocr": {"ok": set(wanted) <= spoken, "languages": sorted(spoken), "wanted": list(wanted)},
    }
    return {"ready": all(one["ok"] for one in checks.values()), "checks": checks}


_LEVELS = ("unknown", "off", "none", "partial", "full")
