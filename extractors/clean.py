"""Text made safe to store, print and count."""

from __future__ import annotations

import re
import unicodedata

# C0 without tab and newline, DEL, C1, lone surrogates, and the two noncharacters that end the BMP (PDFium marks
# line-end hyphens with U+FFFE).
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NEWLINES = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACES = re.compile(r"\s+")
LABEL_CHARS = 150


def safe_text(text: str) -> str:
    r"""Return ``text`` with newlines as ``\n``, lone surrogates as U+FFFD and without control characters but tab."""
    if text.isascii() and text.isprintable():
        return text
    text = _NEWLINES.sub("\n", text)
    return _UNSAFE.sub(lambda hit: "\ufffd" if "\ud800" <= hit[0] <= "\udfff" else "", text)


def safe_label(text: str, limit: int = LABEL_CHARS) -> str:
    """Return ``text`` as one printable line for names and titles.

    NFC, white space folded, control, format and bidi characters removed (a right-to-left override can make
    ``exe.pdf`` look like ``fdp.exe``), cut to ``limit`` characters.
    """
    line = _SPACES.sub(" ", unicodedata.normalize("NFC", safe_text(text))).strip()
    kept = "".join(char for char in line if char == " " or unicodedata.category(char)[0] not in "CZ")
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"
