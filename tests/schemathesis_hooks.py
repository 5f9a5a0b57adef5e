"""Loaded by schemathesis: how bytes of an upload are written."""

from __future__ import annotations

import schemathesis


@schemathesis.serializer("application/offset+octet-stream")
def raw(_context: object, value: object) -> bytes:
    """Return what was generated as it is."""
    if isinstance(value, bytes):
        return value
    data = getattr(value, "data", None)
    return data if isinstance(data, bytes) else str(value).encode("utf-8", "replace")
