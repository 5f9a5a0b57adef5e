"""ToUnicode maps of fonts that PDFium reads otherwise than they are meant, put so that it reads them right.

PDFium passes over a whole section whose announced number of entries is not exact, takes an empty text for none at all
and hands out the number of the glyph as if it were a letter, and turns right-to-left text around letter by letter, also
inside the several letters that one glyph stands for. pdftotext reads the first two as meant, pypdf all three. Seen with
pdfcpu (wrong numbers), WeasyPrint (empty texts) and Word (the Arabic ligature of lam and alef).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_TEXT = "\ufeff"
"""Stands in the text of PDFium for a glyph that the map says has no text; to be taken out of it."""

_NO_TEXT = b"<FEFF>"
_SECTION = re.compile(rb"\b(begin|end)bf(char|range)\b")
_TOKEN = re.compile(rb"<[0-9A-Fa-f\s]*>|\[|\]|[^\s<>\[\]]+")
_NUMBER_AT_END = re.compile(rb"(\d{1,9})\s*\Z")
_NUMBER_CHARS = 40
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]{2,}")
_MOST_OF_RANGE = 256


def for_pdfium(data: bytes) -> bytes | None:
    """Return a ToUnicode map as PDFium has to be given it, or None when it reads ``data`` as it is meant.

    Args:
        data: The decoded map. Cost is linear in its size.
    """
    pieces = _SECTION.split(data)
    changed = False
    # Text, "begin", kind, body, "end", kind, text …; where begin and end do not alternate, nobody knows what is meant.
    for at in range(1, len(pieces) - 5, 6):
        if pieces[at] != b"begin" or pieces[at + 3] != b"end" or pieces[at + 1] != pieces[at + 4]:
            return None
        tokens = _TOKEN.findall(pieces[at + 2])
        entries = list(_chars(tokens) if pieces[at + 1] == b"char" else _ranges(tokens))
        before = pieces[at - 1]
        number = _NUMBER_AT_END.search(before, max(0, len(before) - _NUMBER_CHARS))
        if number is None or not entries:
            continue
        if int(number[1]) != len(entries) or any(other for _, other in entries):
            changed = True
            pieces[at - 1] = before[: number.start()] + b"%d " % len(entries)
            pieces[at + 2] = b"\n" + b"\n".join(entry for entry, _ in entries) + b"\n"
    return _joined(pieces) if changed else None


def _joined(pieces: list[bytes]) -> bytes:
    """Undo the split: of three pieces two are the parts of a key word."""
    whole = [pieces[0]]
    for at in range(1, len(pieces), 3):
        whole += (pieces[at], b"bf", pieces[at + 1], pieces[at + 2])
    return b"".join(whole)


def _chars(tokens: list[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each entry of a ``bfchar`` section, and whether it is another than it was."""
    for code, text in zip(tokens[::2], tokens[1::2], strict=False):
        put = _put(text)
        yield code + b" " + put, put != text


def _ranges(tokens: list[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield each entry of a ``bfrange`` section, and whether it is another than it was."""
    at = 0
    while at + 2 < len(tokens):
        codes, start = tokens[at] + b" " + tokens[at + 1], tokens[at + 2]
        at += 3
        if start != b"[":
            put = _range_from(tokens[at - 3], tokens[at - 2], start)
            yield codes + b" " + put, put != start
            continue
        end = at
        while end < len(tokens) and tokens[end] != b"]":
            end += 1
        texts = tokens[at:end]
        puts = [_put(text) for text in texts]
        at = end + 1
        yield codes + b" [" + b" ".join(puts) + b"]", puts != texts


def _range_from(low: bytes, high: bytes, start: bytes) -> bytes:
    """Return the texts of a range that counts up from its first one: as they are, or one by one where they differ."""
    put = _put(start)
    if put == start:
        return start
    text = _text(start)
    count = _code(high) - _code(low) + 1
    if not text or not 0 < count <= _MOST_OF_RANGE:
        return put if count == 1 else start
    texts = (text[:-1] + chr(min(ord(text[-1]) + step, 0xFFFF)) for step in range(count))
    return b"[" + b" ".join(_put(_hex(each)) for each in texts) + b"]"


def _put(token: bytes) -> bytes:
    """Return the text of one glyph as PDFium has to be given it."""
    digits = b"".join(token[1:-1].split())
    if not token.startswith(b"<") or len(digits) == 4:
        return token
    if not digits:
        return _NO_TEXT
    if len(digits) < 4:
        return b"<" + digits.rjust(4, b"0") + b">"
    text = _text(token)
    put = _RIGHT_TO_LEFT.sub(lambda run: run[0][::-1], text)
    return token if put == text else _hex(put)


def _code(token: bytes) -> int:
    digits = b"".join(token[1:-1].split())
    return int(digits, 16) if digits and token.startswith(b"<") else 0


def _text(token: bytes) -> str:
    digits = b"".join(token[1:-1].split()).decode()
    return bytes.fromhex(digits[: len(digits) // 4 * 4]).decode("utf-16-be", "surrogatepass")


def _hex(text: str) -> bytes:
    return b"<" + text.encode("utf-16-be", "surrogatepass").hex().upper().encode() + b">"
