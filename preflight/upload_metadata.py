"""What a sender says of an upload: ``Upload-Metadata`` of tus 1.0, keys with values in Base64."""

from __future__ import annotations

import base64
import re

MAX_BYTES = 8 * 1024
_ENTRY = re.compile(r"([!-+\--~]+)(?: ([A-Za-z0-9+/]*={0,2}))?")
"""One entry: a key without spaces and commas, and its value in Base64."""


def is_metadata(value: str) -> bool:
    """Whether a header's value is such metadata."""
    return all(_ENTRY.fullmatch(entry.strip()) for entry in value.split(",")) if value else True


def file_name(metadata: str) -> str:
    """Return the name a sender gave a file; empty when none that can be read. Of a path the last part counts."""
    for entry in metadata.split(","):
        found = _ENTRY.fullmatch(entry.strip())
        if found is not None and found[1] in ("filename", "name") and found[2]:
            try:
                name = base64.b64decode(found[2]).decode("utf-8", "replace")
            except ValueError:
                continue
            return last_part(name)
    return ""


def metadata_of(name: str) -> str:
    """Return metadata that holds a file's name."""
    return f"filename {base64.b64encode(name.encode('utf-8', 'replace')).decode()}"


def last_part(name: str) -> str:
    """Return the last part of what may be a path of any system."""
    return name.replace("\\", "/").rpartition("/")[2]
