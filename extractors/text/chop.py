"""Cutting long text at white space, never inside what a reader sees as one character."""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_LONGEST_CLUSTER = 128  # a stack of marks longer than this is no character any more
_VIRAMA = 9  # canonical combining class of the sign that joins Indic consonants


def chop(text: str, limit: int) -> int:
    """Where to cut ``text`` so that the first part has at most ``limit`` characters.

    The last line end, else the last white space in the second half, else the last boundary between user-perceived
    characters (a close approximation of UAX #29: marks, joiners, flags, Hangul, Indic conjuncts stay together).

    Returns:
        A place from 1 to ``limit``; ``len(text)`` when it is short enough.
    """
    if len(text) <= limit:
        return len(text)
    for mark in ("\n", " ", "\t", "\u3000"):
        at = text.rfind(mark, limit // 2, limit) + 1
        if at and begins_character(text, at):
            return at
    at = limit
    while at > max(1, limit - _LONGEST_CLUSTER) and not begins_character(text, at):
        at -= 1
    return at if begins_character(text, at) else limit


def begins_character(text: str, at: int) -> bool:
    """Whether a user-perceived character begins at ``at`` (0 < at < len(text))."""
    before, after = text[at - 1], text[at]
    if after.isascii() and before.isascii():
        return not (before == "\r" and after == "\n")
    if _JOINER in {before, after} or unicodedata.category(after)[0] == "M" or _is_modifier(after):
        return False
    if unicodedata.combining(before) == _VIRAMA and unicodedata.category(after) == "Lo":
        return False
    if _is_regional(before) and _is_regional(after):
        return _flags_before(text, at) % 2 == 0
    return not (_is_jamo(before) and "\u1160" <= after <= "\u11ff")


def _is_modifier(char: str) -> bool:
    """Emoji skin tones, half-width voicing marks, and tag characters of flags."""
    return "\U0001f3fb" <= char <= "\U0001f3ff" or char in "\uff9e\uff9f" or "\U000e0020" <= char <= "\U000e007f"


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _is_jamo(char: str) -> bool:
    """Hangul letters and syllables, which following vowels and finals join."""
    return "\u1100" <= char <= "\u11ff" or "\uac00" <= char <= "\ud7a3"


def _flags_before(text: str, at: int) -> int:
    """How many regional indicators stand in a row before ``at``."""
    count = 0
    while count < at and _is_regional(text[at - 1 - count]):
        count += 1
    return count
