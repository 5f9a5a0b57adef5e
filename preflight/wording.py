"""Numbers and unit lists in words, for messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractors.facts import UnitName
    from preflight.model import Measure

_MEASURES: dict[Measure, str] = {
    "bytes": "bytes",
    "pages": "pages",
    "tokens": "tokens",
    "seconds": "seconds",
    "images": "images",
    "pixels-per-side": "pixels on a side",
    "megapixels": "megapixels",
    "page-points": "points on a side",
    "words": "words",
}
_FILES = {
    "application/pdf": "PDF",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word (.docx)",
    "application/vnd.ms-word.document.macroEnabled.12": "Word with macros (.docm)",
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/tiff": "TIFF",
    "image/webp": "WebP",
    "text/plain": "plain text",
    "text/markdown": "Markdown",
    "text/csv": "CSV",
    "text/html": "HTML",
}
_MOST_NAMED = 5


def amount(measure: Measure, value: float) -> str:
    """A value with its unit: ``32,000,000 bytes (32.0 MB)``, ``1 page``, ``12.5 seconds``."""
    shown = f"{value:,.0f}" if float(value).is_integer() or value >= 1000 else f"{value:,.1f}"
    name = _MEASURES[measure]
    if shown == "1":
        name = name.replace("s", "", 1) if " on " in name else name.removesuffix("s")
    if measure == "bytes" and value >= 1_000_000:
        return f"{shown} {name} ({value / 1_000_000:,.1f} MB)"
    return f"{shown} {name}"


def named_units(kind: UnitName, numbers: Sequence[int]) -> str:
    """Units in words: ``page 3``, ``pages 3, 4 and 9``, ``pages 1, 2, 3, 4, 5 and 7 more``."""
    if len(numbers) == 1:
        return f"{kind} {numbers[0]:,}"
    more = len(numbers) - _MOST_NAMED
    named = [f"{number:,}" for number in (numbers[:-1] if more <= 0 else numbers[:_MOST_NAMED])]
    last = f"{numbers[-1]:,}" if more <= 0 else f"{more:,} more"
    return f"{kind}s {', '.join(named)} and {last}"


def counted(count: int, what: str) -> str:
    """A count with its noun: ``1 page``, ``12 pages``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def kinds_of_file(media_types: Sequence[str]) -> str:
    """Media types in words: ``PDF``, ``PDF, PNG and plain text``."""
    names = [_FILES.get(media_type, media_type) for media_type in media_types]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
