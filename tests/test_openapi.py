"""The API's description is committed, complete, and what the service does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from api.openapi import described

DOCS = Path(__file__).resolve().parent.parent / "docs"
SCOPES = {"check", "read", "write", "admin"}
OPEN = {"/healthz", "/readyz"}


def description() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(described())
    return found


def test_the_committed_description_is_the_one_of_this_version() -> None:
    committed = (DOCS / "openapi.json").read_bytes()

    assert committed == described(), "run: python -m api.openapi > docs/openapi.json"


def test_every_operation_says_what_it_needs_and_how_it_fails() -> None:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            if method == "options":
                continue
            assert path in OPEN or operation["x-preflight-scope"] in SCOPES, path
            assert operation["operationId"].isidentifier()
            failures = [status for status in operation["responses"] if status >= "400"]
            assert {"400", "401", "422", "500", "503"} <= set(failures), path
            for status in failures:
                assert list(operation["responses"][status]["content"]) == ["application/problem+json"], (path, status)


def test_every_address_is_explained() -> None:
    text = (DOCS / "api.md").read_text(encoding="utf-8")

    for path in description()["paths"]:
        assert path in text, path


def test_every_reference_leads_somewhere() -> None:
    found = description()
    references = set(_references(found))

    assert references
    for reference in references:
        assert reference.removeprefix("#/components/schemas/") in found["components"]["schemas"], reference


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [one for value in part.values() for one in _references(value)]
    return [one for value in part for one in _references(value)] if isinstance(part, list) else []
