"""Which writing systems a text uses, counted without looking at single characters.

A tokenizer treats each script differently, so token ratios depend on it (see :mod:`preflight.tokens`). A Python loop
over the characters would cost more than tokenizing them. In UTF-16 the high byte of a character names its block of 256
code points and the top bits of the low byte a quarter of that; three ``bytes.translate`` calls turn a page into one
byte a character that says its script, in a few microseconds.

Source of the ranges: Blocks.txt of Unicode 15, rounded to quarters of 64 code points; where a quarter holds two scripts
the commoner one takes it. Characters outside the Basic Multilingual Plane (emoji, rare ideographs) are ``other``.
"""

from __future__ import annotations

_ASCII_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = b"0123456789"
_PUNCTUATION = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

# (first high byte, last high byte, the script of each quarter; one name for all four).
_BLOCKS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (0x00, 0x00, ("", "", "symbol", "latin-ext")),  # the ASCII half is counted apart
    (0x01, 0x02, ("latin-ext",)),
    (0x03, 0x03, ("mark", "mark", "greek", "greek")),
    (0x04, 0x04, ("cyrillic",)),
    (0x05, 0x05, ("armenian", "armenian", "hebrew", "hebrew")),
    (0x06, 0x06, ("arabic",)),
    (0x07, 0x07, ("other", "arabic", "other", "other")),
    (0x09, 0x09, ("devanagari", "devanagari", "bengali", "bengali")),
    (0x0A, 0x0A, ("gurmukhi", "gurmukhi", "gujarati", "gujarati")),
    (0x0B, 0x0B, ("oriya", "oriya", "tamil", "tamil")),
    (0x0C, 0x0C, ("telugu", "telugu", "kannada", "kannada")),
    (0x0D, 0x0D, ("malayalam", "malayalam", "sinhala", "sinhala")),
    (0x0E, 0x0E, ("thai", "thai", "lao", "lao")),
    (0x10, 0x10, ("myanmar", "myanmar", "myanmar", "georgian")),
    (0x11, 0x11, ("hangul",)),
    (0x12, 0x13, ("ethiopic",)),
    (0x17, 0x17, ("other", "other", "khmer", "khmer")),
    (0x1E, 0x1E, ("latin-ext",)),
    (0x1F, 0x1F, ("greek",)),
    (0x20, 0x2F, ("symbol",)),
    (0x30, 0x30, ("symbol", "kana", "kana", "kana")),
    (0x31, 0x31, ("other", "hangul", "other", "other")),
    (0x32, 0x33, ("symbol",)),
    (0x34, 0x9F, ("han",)),
    (0xAC, 0xD7, ("hangul",)),
    (0xDC, 0xDF, ("",)),  # second half of a surrogate pair; the first half counted
    (0xF9, 0xFA, ("han",)),
    (0xFB, 0xFB, ("latin-ext", "arabic", "arabic", "arabic")),  # ligatures such as ﬁ
    (0xFC, 0xFD, ("arabic",)),
    (0xFE, 0xFE, ("symbol", "symbol", "arabic", "arabic")),
    (0xFF, 0xFF, ("symbol",)),
)


def _tables() -> tuple[bytes, bytes, bytes, tuple[str, ...]]:
    """Build the translation tables: high byte → group, low byte → quarter, both together → script."""
    group_of = bytearray(256)
    scripts = [""]
    script_of = bytearray(256)
    for group, (first, last, quarters) in enumerate(((0, 0xFF, ("other",)), *_BLOCKS)):
        group_of[first : last + 1] = bytes([group << 2]) * (last + 1 - first)
        for quarter, name in enumerate(quarters * (4 // len(quarters))):
            if name not in scripts:
                scripts.append(name)
            script_of[group << 2 | quarter] = scripts.index(name)
    return bytes(group_of), bytes(low >> 6 for low in range(256)), bytes(script_of), tuple(scripts)


_GROUP, _QUARTER, _SCRIPT, SCRIPTS = _tables()


def histogram(text: str, utf8: bytes) -> dict[str, int]:
    """Count characters by script class.

    Args:
        text: Text without lone surrogates.
        utf8: The same text encoded; the caller has it anyway.

    Returns:
        Only non-zero entries. ``latin`` (ASCII letters), ``latin-ext`` (accented and other Latin letters), other
        scripts by their English name (``han``, ``kana``, ``hangul``, ``cyrillic``, ``arabic``, ``devanagari``, …),
        ``digit`` and ``punct`` (ASCII), ``symbol`` (other punctuation and symbols), ``mark`` (combining) and
        ``other``. White space and control characters are in no class; vowel signs count with their script.
    """
    size = len(utf8)
    found = {
        "latin": size - len(utf8.translate(None, _ASCII_LETTERS)),
        "digit": size - len(utf8.translate(None, _DIGITS)),
        "punct": size - len(utf8.translate(None, _PUNCTUATION)),
    }
    if size != len(text):
        classes = _classes(text)
        for code, script in enumerate(SCRIPTS):
            if script:
                found[script] = classes.count(code)
    return {script: count for script, count in found.items() if count}


def _classes(text: str) -> bytes:
    """Return one byte a UTF-16 unit: its index in :data:`SCRIPTS`."""
    units = text.encode("utf-16-le")
    high = int.from_bytes(units[1::2].translate(_GROUP), "little")
    low = int.from_bytes(units[::2].translate(_QUARTER), "little")
    return (high | low).to_bytes(len(units) // 2, "little").translate(_SCRIPT)
