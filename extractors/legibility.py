"""Whether the text of a layer can be what the page says: plain statistics, no dictionary, no language asked for.

A text layer lies in three ways. Broken encodings (fonts without a Unicode mapping) give other letters than the page
shows, mostly all moved by the same number: hardly a vowel, hardly a letter, or rare letters in the place of common
ones. Where only part of the mapping is broken, words change their script back and forth. Recognition in the wrong
script gives words with capitals, digits and signs in their middle.

Measured on 1,300 pages and 20 languages. Broken words: honest layers 0.00 to 0.29 (names of variables), the wrong
script 0.31 to 0.87. Vowels among Latin letters: honest 0.31 to 0.50, moved by 29 (the usual case) 0.15. Bits a letter
takes: honest 3.9 to 4.7, pages of formulas up to 4.96; moved by 28 to 31 from 4.8 to 5.8, nearly all of them capitals.
"""

from __future__ import annotations

import math
import re
import unicodedata
from itertools import filterfalse

from extractors.jumbled import is_jumbled

SAMPLE_CHARS = 1_500
"""Characters looked at, taken from the middle of the text; of recognized text four times as many.

Only words in several scripts are looked for in the whole text.
"""

_FEWEST_CHARS = 100  # fewer prove nothing
_FEWEST_WORDS = 12
_LEAST_VOWELS = 0.2
_ENOUGH_VOWELS = 0.35
_LEAST_ALPHANUMERIC = 0.4
_MOST_BITS = 5.1
_MOST_BITS_OF_CAPITALS = 4.75
_ALL_CAPITALS = 0.9
_MOST_DIGITS = 0.15  # codes and part numbers have more; their letters follow no language
_MOST_BROKEN = 0.25
# Running text: English, German, French, Finnish, Turkish, Hungarian have vowels of 0.34 to 0.47 and 4.0 to 4.3 bits.
# Of 8,325 texts with their letters exchanged or moved two pass.
_ENOUGH_LETTERS = 300
_MOSTLY_LETTERS = 0.7
_PROSE_VOWELS = (0.34, 0.52)
_PROSE_BITS = 4.45

_DRAWN = re.compile(r"[-–—|+=_.*#~:/\\…·•\u2500-\u257f]+")  # leaders, ruled lines and tables made of signs
_LATIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CAPITALS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VOWELS = b"aeiouyAEIOUY"
_DIGITS = b"0123456789"
# Per cent of the letters a to z in running text, mean of a dozen European languages; one decimal is plenty here.
_PER_CENT = (
    *(8.9, 1.5, 2.6, 4.0, 13.0, 1.2, 1.9, 2.2, 8.2, 0.9, 2.2, 4.7, 3.0),
    *(7.4, 6.2, 2.2, 0.4, 6.5, 6.3, 6.4, 3.8, 1.7, 1.2, 0.2, 1.4, 1.3),
)
_BITS = {97 + index: -math.log2(share / sum(_PER_CENT)) for index, share in enumerate(_PER_CENT)}
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
    if is_jumbled(text):
        return "mixed-scripts"
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
    if latin >= _FEWEST_CHARS and latin > others and digits < _MOST_DIGITS * latin:
        return _unlikely(letters, latin)
    return None


def is_latin_prose(text: str) -> bool:
    """Whether Latin letters occur as in running text of a European language, which misread letters never do.

    Fonts made of drawings (old TeX) often give right letters by numbers alone, without saying so.
    """
    letters = "".join(text.split()).encode("ascii", "ignore")
    latin = _count(letters, _LATIN)
    if latin < max(_ENOUGH_LETTERS, _MOSTLY_LETTERS * len(letters)):
        return False
    low, high = _PROSE_VOWELS
    return low <= _count(letters, _VOWELS) / latin <= high and _bits(letters, latin) <= _PROSE_BITS


def _unlikely(letters: bytes, latin: int) -> str | None:
    """Whether Latin letters occur as often as in no language."""
    vowels = _count(letters, _VOWELS) / latin
    if vowels < _LEAST_VOWELS:
        return "hardly-vowels"
    capitals = _count(letters, _CAPITALS) >= _ALL_CAPITALS * latin
    if vowels >= _ENOUGH_VOWELS and not capitals:
        return None  # most pages: nothing more to count
    most = _MOST_BITS_OF_CAPITALS if capitals else _MOST_BITS
    return "unlikely-letters" if _bits(letters, latin) > most else None


def _bits(letters: bytes, latin: int) -> float:
    """Mean information of the Latin letters, by how common they are in European languages."""
    lower = letters.lower()
    return sum(lower.count(code) * bits for code, bits in _BITS.items()) / latin


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
