"""Domain types ↔ JSON, one definition for command line, REST, batch and the worker pipes.

Equal values give equal bytes: sorted keys, UTF-8, no clock, host or path.
"""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import TypeAdapter

    from preflight.model import Report

T = TypeVar("T")


_KEY = itemgetter(0)
_SIMPLE = frozenset((str, int, bool, type(None)))
_LEAST, _MOST = 1e-4, 1e16  # of a number that Python writes without an exponent

_ADAPTERS: dict[object, TypeAdapter[Any]] = {}


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """Return pydantic's reader and writer of a frozen dataclass, made on first use."""
    made = _ADAPTERS.get(kind)
    if made is None:
        from pydantic import TypeAdapter

        made = _ADAPTERS[kind] = TypeAdapter(kind)
    return made


def dump(value: object) -> bytes:
    """Write a value as compact JSON bytes. Needs pydantic's core only, which a worker loads in half the time."""
    from pydantic_core import to_json

    return to_json(value)


def load(kind: type[T], data: bytes) -> T:
    """Read a value from JSON bytes, checking every field.

    Raises:
        pydantic.ValidationError: The bytes are not such a value.
    """
    return adapter(kind).validate_json(data)


def report_data(report: Report) -> dict[str, object]:
    """Return a report as plain JSON data; a unit's fields that do not apply to its kind are left out."""
    from preflight.model import Report as ReportType

    data: dict[str, object] = adapter(ReportType).dump_python(report, mode="json")
    facts = data["facts"]
    if isinstance(facts, dict):
        facts["units"] = [{key: value for key, value in unit.items() if value is not None} for unit in facts["units"]]
        for part in ("pdf", "docx"):
            if facts[part] is None:
                del facts[part]
    plan = data["plan"]
    for piece in plan["pieces"] if isinstance(plan, dict) else ():
        if piece["rows"] is None:
            del piece["rows"]
    if data["problem"] is None:
        del data["problem"]
    return data


def report_json(report: Report) -> bytes:
    """Return a report as the JSON every front door gives: one object, indented, ending with a newline."""
    return json_bytes(report_data(report))


def reports_json(reports: Sequence[Report]) -> bytes:
    """Return one object for one report, an array for several."""
    return report_json(reports[0]) if len(reports) == 1 else json_bytes([report_data(one) for one in reports])


def plan_json(report: Report) -> bytes:
    """Return the plan of a report as JSON (``preflight schema plan``), indented, ending with a newline."""
    from preflight.model import PLAN_SCHEMA

    data = report_data(report)
    kept = {name: data.get(name) for name in ("source", "target", "verdict", "plan", "problem")}
    return json_bytes(kept | {"schema": PLAN_SCHEMA})


def json_bytes(data: object) -> bytes:
    """Return plain data as indented JSON with sorted keys, in UTF-8, ending with a newline.

    As ``json.dumps`` writes it, which takes ten times as long: with an indent, it is not written in C.
    """
    from pydantic_core import to_json

    try:
        return to_json(_ordered(data), indent=2) + b"\n"
    except ValueError:
        return json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=2).encode() + b"\n"


def _ordered(value: object) -> object:
    """Return plain data with its keys sorted.

    Raises:
        ValueError: Something in it is not surely written alike everywhere: other types, numbers with an exponent.
    """
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=_KEY)
        return {key: item if type(item) in _SIMPLE else _ordered(item) for key, item in pairs}
    if isinstance(value, list | tuple):
        return [item if type(item) in _SIMPLE else _ordered(item) for item in value]
    if isinstance(value, float) and (value == 0 or _LEAST <= abs(value) < _MOST):
        return value
    raise ValueError("to be written by the standard library")


def json_line(data: object) -> bytes:
    """Return plain data as one line of JSON with sorted keys, in UTF-8."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
