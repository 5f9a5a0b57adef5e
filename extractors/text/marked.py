"""Whether bytes behind a mark of UTF-16 or UTF-32 are text: two bytes of anything may look like such a mark."""

from __future__ import annotations

import codecs
from unicodedata import category

_NO_TEXT = frozenset({"Cn", "Co", "Cs", "Cc"})
"""Unassigned, private, halves of a character, controls."""
_MOST_NO_TEXT = 0.01
_SPACES = frozenset("\t\n\r\f\x0b\x1a")
_FEW_CHARS = 16
"""In longer texts chance would have hit something that is no character at all."""
_EAST_ASIAN = "\u2e80"
_COMMON = (("gb2312", 0xD7), ("big5", 0xC6), ("shift_jis", 0x97), ("euc_kr", 0xC8))
"""National character sets with the last lead byte of their common characters (level 1)."""


def is_text(head: bytes, codec: str) -> bool:
    """Whether the beginning of a file is text in UTF-16 or UTF-32.

    Args:
        head: The first bytes, mark included.
        codec: ``utf-16`` or ``utf-32``, which take care of the mark.
    """
    text = codecs.getincrementaldecoder(codec)("replace").decode(head)  # what its end cuts in two is left out
    wrong = sum(char == "\ufffd" or (category(char) in _NO_TEXT and char not in _SPACES) for char in text)
    if wrong > len(text) * _MOST_NO_TEXT:
        return False
    east = [char for char in text if char >= _EAST_ASIAN]
    plain = len(east) < len(text) or len(text) > _FEW_CHARS or not text
    return plain or any(all(_is_common(char, *known) for char in east) for known in _COMMON)


def _is_common(char: str, charset: str, last: int) -> bool:
    try:
        return char.encode(charset)[0] <= last
    except UnicodeEncodeError:
        return False
