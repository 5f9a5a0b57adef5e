"""Dividing long text at paragraphs, lines, sentences or words, never inside what a reader sees as one character."""

from __future__ import annotations

import re
from itertools import chain

from extractors.text.chop import begins_character

_WINDOW = 0.25
"""How far before the wished place a better boundary is looked for, as a share of a part."""
_BOUNDARIES = (
    re.compile(r"\n[ \t]*\n\s*"),
    re.compile(r"\n"),
    re.compile(r"[.!?…][\"'»”’)\]]*\s+|[。！？]"),
    re.compile(r"\s+"),
)


def divide(text: str, parts: int) -> list[str]:
    """Divide a text into parts of about equal length.

    Args:
        text: What to divide; nothing of it is lost.
        parts: How many parts are wished; fewer come out where characters cannot be divided.

    Returns:
        The parts in order; together they are the text.
    """
    found: list[str] = []
    start = 0
    for left in range(parts, 1, -1):
        end = _cut(text, start, start + -(-(len(text) - start) // left))
        if not start < end < len(text):
            break
        found.append(text[start:end])
        start = end
    found.append(text[start:])
    return found


def _cut(text: str, start: int, wish: int) -> int:
    """Return the best place to cut at or before ``wish``; after it only where no character begins before."""
    least = max(start + 1, wish - round((wish - start) * _WINDOW))
    for boundary in _BOUNDARIES:
        ends: list[int] = [hit.end() for hit in boundary.finditer(text, least - 1, wish)]
        places = [end for end in ends if least <= end < len(text) and begins_character(text, end)]
        if places:
            return places[-1]
    for place in chain(range(min(wish, len(text) - 1), start, -1), range(wish + 1, len(text))):
        if begins_character(text, place):
            return place
    return len(text)
