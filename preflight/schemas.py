"""JSON Schemas of what this tool writes, made from the same definitions that write it."""

from __future__ import annotations

from typing import Any

from preflight.manifest import Manifest
from preflight.model import PlanRecord, Report
from preflight.split_records import JoinedRecord, VerificationRecord
from preflight.textual import TextRecord
from preflight.wire import adapter

SCHEMAS: dict[str, type[Any]] = {
    "joined": JoinedRecord,
    "manifest": Manifest,
    "plan": PlanRecord,
    "report": Report,
    "text": TextRecord,
    "verification": VerificationRecord,
}


def json_schema(name: str) -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of one kind of output.

    Raises:
        KeyError: There is no such output.
    """
    schema: dict[str, object] = adapter(SCHEMAS[name]).json_schema(mode="serialization", by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema
