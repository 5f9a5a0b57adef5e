"""Names of pieces: they sort, say what is inside, and are safe on every file system and at every target."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from preflight.profile import MEDIA

if TYPE_CHECKING:
    from extractors.facts import UnitName

MANIFEST_NAME = "manifest.json"
STEM_CHARS = 80
STEM_BYTES = 160
"""So that a name with its numbers stays under the 255 bytes that file systems allow."""
MAX_NAME_BYTES = 255
_LETTER: dict[UnitName, str] = {"page": "p", "frame": "f", "block": "b"}
_SUFFIXES = {media_type: f".{short}" for short, media_type in MEDIA.items()} | {"image/jpeg": ".jpg"}
_ALSO = {
    ".tif": "image/tiff",
    ".jpeg": "image/jpeg",
    ".markdown": "text/markdown",
    ".htm": "text/html",
    ".text": "text/plain",
}
"""Other extensions in use; a piece keeps the one its document has."""
# The strictest target (Bedrock) takes letters, digits, single spaces, hyphens, parentheses and square brackets.
_ALLOWED = frozenset(" -()[]")
_RUNS = re.compile(r"([ -])[ -]*")


def suffix_of(media_type: str, name: str = "") -> str:
    """Return the file name extension of a media type, with its dot; the one that ``name`` has, if it means the same."""
    own = name[name.rfind(".") :].lower() if "." in name else ""
    return own if _ALSO.get(own) == media_type else _SUFFIXES.get(media_type, ".bin")


def safe_stem(name: str) -> str:
    """Return a document's name without its extension, as the beginning of file names."""
    stem = name.rpartition(".")[0] or name
    kept = "".join(
        char if unicodedata.category(char)[0] in "LNM" or char in _ALLOWED else "-"
        for char in unicodedata.normalize("NFC", stem)
    )
    short = _RUNS.sub(r"\1", kept)[:STEM_CHARS].encode()[:STEM_BYTES].decode(errors="ignore").strip(" -")
    return short or "document"


def piece_name(stem: str, index: int, count: int, span: tuple[int, int], *, of: int, kind: UnitName) -> str:
    """Return the name of a piece without its extension: ``report-001-of-008-p0001-0042``.

    Args:
        stem: From :func:`safe_stem`.
        index: Its place, from 1.
        count: Number of pieces.
        span: Numbers of its first and last unit.
        of: Units of the document.
        kind: What a unit is.
    """
    wide, long = max(3, len(str(count))), max(4, len(str(of)))
    return f"{stem}-{index:0{wide}}-of-{count:0{wide}}-{_LETTER[kind]}{span[0]:0{long}}-{span[1]:0{long}}"


def is_plain_name(name: str) -> bool:
    """Whether a name out of a manifest, which is data from anywhere, names a file beside it and nothing else."""
    return (
        name not in {"", ".", "..", MANIFEST_NAME}
        and not any(char in "/\\\0" or unicodedata.category(char) in {"Cc", "Cs"} for char in name)
        and len(name.encode("utf-8", "replace")) <= MAX_NAME_BYTES
    )
