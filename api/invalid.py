"""Parameters that are not as they must be, in words: where, and what is allowed. Nothing of what was sent is repeated.

The validator's own sentences are left aside, as some of them quote what they complain of.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from extractors.errors import ExtractionError, UnknownUnit
from preflight.errors import PreflightError, UnknownDocument, UnknownJob, UnknownPiece

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST = 5
"""Complaints in one answer."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_WHOLE, _NUMBER = "must be a whole number", "must be a number"
_RULES = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "literal_error": "must be one of {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} items",
    "string_type": "must be a string",
    "string_unicode": "must be a string of Unicode characters",
    "list_type": "must be a list",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
}
_PATTERNS = {
    "languages": "must be up to ten codes joined by +, such as eng+deu",
    "secret": "must be whsec_ and 24 to 64 bytes in base64",
}
_PLACES = {"query": "The query parameter", "body": "In the body", "header": "The header", "path": "In the address"}


def complaints(errors: Sequence[Mapping[str, object]]) -> str:
    """Return what is wrong with a request, one sentence for each parameter.

    Args:
        errors: What the validator found.
    """
    told = list(dict.fromkeys(_sentence(one) for one in errors))
    more = ["There is more."] if len(told) > MOST else []
    return " ".join([*told[:MOST], *more]) or "A parameter is not valid. See the API description."


def nothing_there(errors: Sequence[Mapping[str, object]], address: str) -> PreflightError | ExtractionError | None:
    """Return the failure for an address that can be of nothing, as its id or number is none; None for other failures.

    Args:
        errors: What the validator found.
        address: The address that was asked for.
    """
    wrong = {str(place[1]) for one in errors if (place := _place(one))[:1] == ["path"] and len(place) > 1}
    if "document_id" in wrong:
        return UnknownDocument(
            "There is no such document: an id has 32 hexadecimal digits. GET /v1/documents lists them."
        )
    if wrong & {"job_id", "split_id"}:
        return UnknownJob("There is no such job: an id has 32 hexadecimal digits. GET /v1/jobs lists them.")
    if "number" in wrong and "/pieces/" in address:
        return UnknownPiece("There is no such piece: pieces are numbered from 1. The manifest lists them.")
    if "number" in wrong:
        return UnknownUnit("There is no such unit: they are numbered from 1. A report says how many there are.")
    return None


def _sentence(error: Mapping[str, object]) -> str:
    place = _place(error)
    where, names = _PLACES.get(place[0] if place else "", "The request:"), place[1:]
    if any(not _NAME.fullmatch(name) and not name.isdecimal() for name in names):
        return f"{where} a name is not known here. See the API description."
    subject = f"{where} `{'.'.join(names)}`" if names else "The body"
    return f"{subject} {_rule(error)}."


def _rule(error: Mapping[str, object]) -> str:
    """Say what is allowed; the figures and words are those of the description."""
    rule, known = _RULES.get(str(error.get("type"))), error.get("ctx")
    if error.get("type") == "string_pattern_mismatch":
        rule = _PATTERNS.get(_place(error)[-1])
    if rule is None or not isinstance(known, dict | None):
        return "is not valid; see the API description"
    try:
        return rule.format(**(known or {}))
    except KeyError:
        return "is not valid; see the API description"


def _place(error: Mapping[str, object]) -> list[str]:
    place = error.get("loc")
    return [str(step) for step in place] if isinstance(place, tuple | list) else []
