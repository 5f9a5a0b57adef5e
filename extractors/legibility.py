"""Whether the text of a layer can be what the page says: plain statistics, no dictionary, no language asked for.

A text layer lies in two ways. Broken encodings (fonts without a Unicode mapping) give letters of no language: hardly a
vowel, or hardly a letter. Recognition in the wrong script gives words with capitals, digits and signs in their middle.
Measured on 1,300 pages: honest layers have at most 0.32 of such words (class names of a data model; running text has
0.00 to 0.10), layers in the wrong script 0.35 to 0.91. Vowels are 0.31 to 0.50 of the letters of honest pages, 0.15
where every character is shifted by the same number, which is what most broken subset fonts do.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import filterfalse

SAMPLE_CHARS = 1_500
"""Characters looked at, taken from the middle of the text; of recognized text four times as many."""

_FEWEST_CHARS = 100  # fewer prove nothing
_FEWEST_WORDS = 12
_LEAST_VOWELS = 0.2
_LEAST_ALPHANUMERIC = 0.4
_MOST_BROKEN = 0.25

_DRAWN = re.compile(r"[-–—|+=_.*#~:/\\…·•\u2500-\u257f]+")  # leaders, ruled lines and tables made of signs
_LATIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VOWELS = b"aeiouyAEIOUY"
_DIGITS = b"0123456789"
_BASE = str.maketrans("ıæœøÆŒØßðþđłĐŁ", "iaooAOOsdtdlDL")  # letters that NFD does not take apart
_VOWEL = re.compile("[aeiouyAEIOUY]")
_LETTER = re.compile("[A-Za-z]")
_INNER_CAPITAL = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]{2}")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")  # LinearWaterFlow has humps of three letters or more, CyMMa not
_BROKEN = re.compile(
    r"[A-Za-z][0-9]+[A-Za-z]|[0-9][a-z]{1,2}[0-9]"  # a digit among letters
    r"|[A-Za-z][,;!?()\[\]{}<>|\\\"~^$%£¥©®°]+[A-Za-z]"  # a sign among letters
)
_EDGES = ".,;:!?()[]{}\"'“”‘’«»-–—*•<>/"


def gibberish(text: str, *, recognized: bool) -> str | None:
    """Return why a text cannot be what the page says, as a slug, or None when nothing speaks against it.

    Args:
        text: Text of one page.
        recognized: It comes from OCR (it lies invisibly on a picture of the page). Words of born-digital text are not
            judged: source code, formulas and names of parts look broken without being so.
    """
    size = SAMPLE_CHARS * (4 if recognized else 1)
    start = max(0, (len(text) - size) // 2)
    sample = text[start : start + size]
    if not sample.isascii():
        sample = unicodedata.normalize("NFD", sample).translate(_BASE)
    if recognized and _share_broken(sample) >= _MOST_BROKEN:
        return "broken-words"
    packed = "".join(sample.split())
    if len(packed) < _FEWEST_CHARS:
        return None
    letters = packed.encode("ascii", "ignore")
    latin, digits = _count(letters, _LATIN), _count(letters, _DIGITS)
    # Marks of other scripts are part of their letters; of what is not ASCII only signs speak against a text.
    others = 0 if len(letters) == len(packed) else sum(map(_is_letter, filterfalse(str.isascii, packed)))
    if latin + digits + others < _LEAST_ALPHANUMERIC * len(packed):
        told = _DRAWN.sub("", packed)
        if latin + digits + others < _LEAST_ALPHANUMERIC * len(told) and len(told) >= _FEWEST_CHARS:
            return "hardly-letters"
    if latin >= _FEWEST_CHARS and latin > others and _count(letters, _VOWELS) < _LEAST_VOWELS * latin:
        return "hardly-vowels"
    return None


def _count(plain: bytes, wanted: bytes) -> int:
    return len(plain) - len(plain.translate(None, wanted))


def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] in "LMN"


def _share_broken(sample: str) -> float:
    """Share of the Latin words that no language writes like this; 0 where there are too few to tell."""
    words = broken = 0
    for token in sample.split():
        word = token.strip(_EDGES)
        letters = len(_LETTER.findall(word))
        if letters < 3 or letters < 0.4 * len(word) or len(word) > 40:
            continue
        words += 1
        broken += (
            _BROKEN.search(word) is not None
            or (_INNER_CAPITAL.search(word) is not None and min(map(len, _HUMP.findall(word))) < 3)
            or (letters > 3 and not word.isupper() and not _VOWEL.search(word))
        )
    return broken / words if words >= _FEWEST_WORDS else 0.0
