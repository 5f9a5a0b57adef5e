"""Numbers and unit lists in words, for messages."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractors.facts import UnitName
    from preflight.model import Measure, Range, SecondsRange


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWords:
    """What a front door calls the parts of an order, so that a message names what its reader can change.

    Attributes:
        target: The receiving service.
        via: Gateways on the way.
        model: The model.
        limit: A limit of the user's own; ``{}`` stands for its measure.
    """

    target: str = "`target`"
    via: str = "`via`"
    model: str = "`model`"
    limit: str = "`limits.{}`"


LIBRARY_WORDS = OrderWords()
FLAG_WORDS = OrderWords(target="--for", via="--via", model="--model", limit="--max-{}")
QUERY_WORDS = OrderWords(
    target="the query parameter `for`",
    via="the query parameter `via`",
    model="the query parameter `model`",
    limit="the query parameter `max_{}`",
)
JSON_WORDS = OrderWords(target="`for`", via="`via`", model="`model`", limit="`max_{}`")

FLAG_HINTS = {
    "password-required": "--password-file names a file with the password.",
    "wrong-password": "--password-file names a file with the password.",
}
"""What the command line adds to a problem, by its code: the flag that helps."""

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

UNKNOWN_TYPE = "application/octet-stream"
"""Media type of a file nobody could identify."""


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


def share_of(count: int, total: int, kind: UnitName) -> str:
    """Some of the units: ``the page``, ``all 3 pages``, ``1 of 5 pages``."""
    if total == 1:
        return f"the {kind}"
    return f"all {total:,} {kind}s" if count == total else f"{count:,} of {total:,} {kind}s"


def upper_first(words: str) -> str:
    """Words with a capital in front."""
    return words[:1].upper() + words[1:]


def counted(count: int, what: str) -> str:
    """A count with its noun: ``1 page``, ``12 pages``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def interval(tokens: Range) -> str:
    """Whole numbers as the likely one with the interval behind it: ``1,600 (1,592–1,760)``, ``368`` where exact."""
    if tokens.low == tokens.high:
        return f"{tokens.likely:,}"
    return f"{tokens.likely:,} ({tokens.low:,}–{tokens.high:,})"


def wide(numbers: Range) -> str:
    """Whole numbers as low, likely and high: ``0–1,800–6,000``, ``500`` where exact."""
    if numbers.low == numbers.high:
        return f"{numbers.likely:,}"
    return f"{numbers.low:,}–{numbers.likely:,}–{numbers.high:,}"


def span(seconds: SecondsRange) -> str:
    """Seconds as the likely number with the interval behind it: ``3.4 (1.7–5.8)``."""
    if seconds.low == seconds.high:
        return f"{seconds.likely:,g}"
    return f"{seconds.likely:,g} ({seconds.low:,g}–{seconds.high:,g})"


def ratio_words(per_mille: tuple[int, int, int]) -> str:
    """A ratio in thousandths as low, likely and high: ``1.20–1.51–1.85``."""
    return "–".join(f"{one / 1000:.2f}" for one in per_mille)


def size(count: float) -> str:
    """Bytes in decimal units, as vendors count them: ``26.3 kB``, ``1.0 MB``; exactly 32,000,000 are ``32 MB``."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= 0.99995 * scale:  # what would be rounded to 1,000 of the smaller unit
            return f"{count / scale:.{0 if count % scale == 0 else 1}f} {unit}"
    return f"{count:.0f} B"


def money(value: str) -> str:
    """Return a decimal string rounded for people: cents, or three digits of what is less than a cent's worth."""
    exact = Decimal(value)
    if not exact:
        return "0"
    digits = 2 if exact >= 1 else 3 if exact >= Decimal("0.1") else 4 if exact >= Decimal("0.01") else 6
    return f"{exact:,.{digits}f}"


def duration(seconds: float) -> str:
    """Seconds for people, never a bare zero for something: ``0.4 s``, ``12 s``, ``3 min``, ``1.5 h``."""
    if seconds >= 5400:
        return f"{seconds / 3600:.1f}".removesuffix(".0") + " h"
    if seconds >= 120:
        return f"{seconds / 60:.0f} min"
    if seconds >= 10 or seconds == 0:
        return f"{seconds:.0f} s"
    return f"{seconds:.1f} s" if seconds >= 0.05 else "< 0.1 s"


def limit_words(measure: Measure, value: float) -> str:
    """The value of a measure with its unit, short: ``1.0 MB``, ``206 pages``, ``1 page``, ``0.4 seconds``."""
    return size(value) if measure == "bytes" else amount(measure, value)


def ranges(numbers: Sequence[int], most: int = 8) -> str:
    """Return unit numbers as runs: ``3–4, 9``; at most ``most`` runs."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [f"{first}–{last}" if last > first else f"{first}" for first, last in runs[:most]]
    return ", ".join(words) + (" …" if len(runs) > most else "")


def kinds_of_file(media_types: Sequence[str]) -> str:
    """Media types in words: ``PDF``, ``PDF, PNG and plain text``."""
    names = [_FILES.get(media_type, media_type) for media_type in media_types]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
