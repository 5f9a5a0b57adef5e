"""Tokens of other families for each o200k token, by script, as per-mille low / likely / high.

Why by script: Claude's newer tokenizer needs 1.5 × o200k for English, 2.2 × for German, 1.3 × for Japanese and 4.2 ×
for Kannada; one multiplier would be wrong by a factor of three somewhere.

Sources of the Claude rows: shared/facts/targets.md, section C (English mean 1.116 / 1.532 and p95 1.292 / 1.675; code
1.291 / 1.606 and 1.449 / 1.84; per-language table for 4.7 and later; UDHR p95 2.02 / 2.068, maximum 4.301; never over
1.092 tokens a UTF-8 byte), and the same measurement repeated on 1,052 texts of 1,000 to 12,000 characters: 227 PDF
pages of the test corpus, translations of one free program into 86 languages, English prose and source code. Method in
both: o200k by toktok-rs, Claude by ctok 1.3.0 (MIT), an offline reconstruction that agrees with recorded
``count_tokens`` answers. Low is under the 5th percentile, likely near the median, high over the 95th. For Latin and
Cyrillic that rests on hundreds of texts; most other scripts had one to eight, so there the figures collected before
and these were joined and widened a little. Scripts nobody measured get the widest row.

Gemini: no offline tokenizer is obtainable; two published pairs (text 0.99, table of numbers 1.24) give the likely
figures, the width is our own. ``unknown`` spans seven published vocabularies (section C, "others": English 1.01 to
1.05, UDHR p95 1.38 to 2.48).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from preflight.model import UnitMeasure

Ratio = tuple[int, int, int]

# English: at least this share (per mille) of the words are the four function words; prose has about 130, forms 30.
_ENGLISH_PER_MILLE = 50
# Numbers: at least this share (per mille) of the characters are digits.
_NUMERIC_PER_MILLE = 150
_NEUTRAL = frozenset({"latin", "digit", "punct", "symbol"})

# o200k tokens for 100 characters of a script: medians of the texts above, for the five classes that never stand alone
# (latin-ext to mark) our own reading. Only the proportions matter, as weights in mixed text.
_WEIGHT: dict[str, int] = {
    "latin": 30,
    "latin-ext": 50,
    "digit": 40,
    "punct": 45,
    "symbol": 80,
    "mark": 60,
    "cyrillic": 43,
    "greek": 44,
    "armenian": 52,
    "hebrew": 49,
    "arabic": 41,
    "devanagari": 44,
    "bengali": 46,
    "gurmukhi": 75,
    "tamil": 41,
    "telugu": 52,
    "kannada": 47,
    "malayalam": 43,
    "thai": 42,
    "khmer": 65,
    "myanmar": 63,
    "georgian": 39,
    "ethiopic": 229,
    "hangul": 77,
    "kana": 105,
    "han": 101,
}
_OTHER_WEIGHT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Ratios of one tokenizer family.

    Attributes:
        source: Where they come from, in words.
        english: English prose.
        latin: Any other text in Latin script, source code and forms.
        numeric: Tables of numbers in Latin script.
        scripts: Other scripts.
        other: Scripts nobody measured.
        anything: When nothing is known of the text.
        bytes_per_mille: Most tokens for 1,000 UTF-8 bytes; 0 when unknown.
    """

    source: str
    english: Ratio
    latin: Ratio
    numeric: Ratio
    scripts: dict[str, Ratio]
    other: Ratio
    anything: Ratio
    bytes_per_mille: int = 0


def ratio(family: Family, unit: UnitMeasure) -> Ratio:
    """Return the ratios for a measured text; mixed scripts are weighted by the tokens they likely have."""
    scripts = unit.scripts
    if unit.function_words * 1000 >= unit.words * _ENGLISH_PER_MILLE:
        latin = family.english
    elif scripts.get("digit", 0) * 1000 >= unit.chars * _NUMERIC_PER_MILLE:
        latin = family.numeric
    else:
        latin = family.latin
    if _NEUTRAL.issuperset(scripts):
        return latin
    total = low = likely = high = 0
    for script, count in scripts.items():
        weight = count * _WEIGHT.get(script, _OTHER_WEIGHT)
        row = latin if script in _NEUTRAL else family.scripts.get(script, family.other)
        total += weight
        low += weight * row[0]
        likely += weight * row[1]
        high += weight * row[2]
    return low // total, likely // total, -(-high // total)


# Scripts in which both Claude families count nearly the same.
_CLAUDE_BOTH: dict[str, Ratio] = {
    "mark": (300, 900, 2400),
    "greek": (1650, 1860, 2050),
    "armenian": (1850, 1970, 2150),
    "hebrew": (1550, 1760, 1920),
    "arabic": (1350, 2000, 2450),
    "devanagari": (1450, 2080, 2400),
    "bengali": (2100, 2340, 2600),
    "gurmukhi": (3200, 3400, 4100),
    "tamil": (2200, 2300, 2400),
    "telugu": (1950, 2030, 2200),
    "kannada": (3950, 4200, 4400),
    "malayalam": (2550, 2900, 3450),
    "thai": (1700, 2250, 2450),
    "khmer": (1700, 1780, 1950),
    "myanmar": (1700, 1850, 2050),
    "georgian": (1850, 2000, 2150),
    "ethiopic": (650, 750, 1200),
    "hangul": (1600, 1840, 2050),
    "kana": (900, 1300, 1850),
    "han": (1250, 1460, 1680),
}
_CLAUDE_SOURCE = "measured with an offline reconstruction, high over the 95th percentile; docs/targets.md"

FAMILIES: dict[str, Family] = {
    "claude-4.7plus": Family(
        source=_CLAUDE_SOURCE,
        english=(1200, 1510, 1850),
        latin=(1100, 1640, 2400),
        numeric=(1080, 1500, 2100),
        scripts=_CLAUDE_BOTH | {"cyrillic": (1150, 1450, 1820), "latin-ext": (1100, 1900, 2600)},
        other=(700, 2000, 4400),
        anything=(1080, 1640, 2450),
        bytes_per_mille=1092,
    ),
    "claude-pre-4.7": Family(
        source=_CLAUDE_SOURCE,
        english=(1020, 1120, 1330),
        latin=(1000, 1270, 1660),
        numeric=(990, 1190, 1500),
        scripts=_CLAUDE_BOTH | {"cyrillic": (1100, 1410, 1800), "latin-ext": (1000, 1600, 2500)},
        other=(700, 2000, 4400),
        anything=(990, 1270, 2450),
        bytes_per_mille=1092,
    ),
    "gemini": Family(
        source="two published pairs (text 0.99, numbers 1.24), the width is our own; docs/targets.md",
        english=(850, 990, 1300),
        latin=(750, 1000, 1600),
        numeric=(950, 1240, 1900),
        scripts={"latin-ext": (650, 1000, 1800)},
        other=(500, 1000, 2500),
        anything=(500, 1000, 2500),
    ),
    "unknown": Family(
        source="tokenizer not published; spans seven published vocabularies; docs/targets.md",
        english=(900, 1020, 1300),
        latin=(850, 1100, 1800),
        numeric=(850, 1100, 1900),
        scripts={"latin-ext": (700, 1300, 2200)},
        other=(500, 1300, 2500),
        anything=(500, 1100, 2500),
    ),
    "cl100k": Family(
        source="measured, high over the 95th percentile; docs/targets.md",
        english=(960, 1000, 1060),
        latin=(960, 1120, 1600),
        numeric=(960, 1030, 1250),
        scripts={
            "latin-ext": (960, 1300, 1800),
            "cyrillic": (1000, 1570, 2300),
            "greek": (2050, 2350, 2700),
            "hebrew": (2100, 2300, 2550),
            "arabic": (1600, 2070, 2700),
            "thai": (2000, 2200, 2400),
            "hangul": (1300, 1450, 1600),
            "kana": (1100, 1350, 1500),
            "han": (1200, 1360, 1500),
        },
        other=(1200, 3000, 5500),
        anything=(960, 1120, 2500),
    ),
}
