"""The page at ``/``: a few files, nothing from elsewhere, nothing in them that a policy would have to allow."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fastapi import APIRouter, Depends, HTTPException, Response

from api.query import known_query

router = APIRouter(include_in_schema=False, dependencies=[Depends(known_query)])
FILES = {"app.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


@router.get("/")
def page() -> Response:
    """Return the page."""
    return Response(_file("index.html"), media_type="text/html; charset=utf-8", headers=HEADERS)


@router.get("/web/{name}")
def part(name: str) -> Response:
    """Return what belongs to the page."""
    if name not in FILES:
        raise HTTPException(404)
    return Response(_file(name), media_type=FILES[name], headers=HEADERS)


@cache
def _file(name: str) -> bytes:
    return (Path(__file__).parent / "web" / name).read_bytes()
