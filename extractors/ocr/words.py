"""Words as Tesseract reports them, and the text they make."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from extractors.clean import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD_LEVEL = "5"
_FIELDS = 12
# Scripts written without spaces between words: Tesseract reports single characters or small groups there.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003134f]")
_CLINGS = re.compile(r"[\u3001-\u3003\u3008-\u3011\u3014-\u301b\uff01-\uff0f\uff1a-\uff1f]")


@dataclass(frozen=True, slots=True)
class Word:
    """One recognized word.

    Attributes:
        text: Without white space at its ends, not empty.
        confidence: 0 to 1.
        left, top, right, bottom: Box in pixels of the image recognized.
        place: Block, paragraph and line it stands in, each counted from 1.
    """

    text: str
    confidence: float
    left: int
    top: int
    right: int
    bottom: int
    place: tuple[int, int, int]


def read_tsv(tsv: str) -> list[Word]:
    """Read Tesseract's TSV output (with or without its header), in reading order.

    Columns: level, page, block, paragraph, line, word, left, top, width, height, confidence (0 to 100), text.
    """
    words = []
    for row in tsv.split("\n"):
        cells = row.split("\t", _FIELDS - 1)
        if len(cells) < _FIELDS or cells[0] != _WORD_LEVEL:
            continue
        text = safe_text(cells[11]).strip()
        if text:
            block, paragraph, line = (int(cell) for cell in cells[2:5])
            left, top, width, height = (int(cell) for cell in cells[6:10])
            confidence = min(1.0, max(0.0, float(cells[10]) / 100))
            words.append(Word(text, confidence, left, top, left + width, top + height, (block, paragraph, line)))
    return words


def text_of(words: Sequence[Word]) -> str:
    """Join words to lines, and set an empty line between paragraphs."""
    paragraphs = []
    for _, paragraph in groupby(words, key=lambda word: word.place[:2]):
        lines = [_joined(list(line)) for _, line in groupby(paragraph, key=lambda word: word.place)]
        paragraphs.append("\n".join(lines))
    return "\n\n".join(paragraphs)


def mean_confidence(words: Sequence[Word]) -> float:
    """Return the mean of the words' confidences, 0 when there are none."""
    return round(sum(word.confidence for word in words) / len(words), 4) if words else 0.0


def _joined(line: list[Word]) -> str:
    text = line[0].text
    for word in line[1:]:
        text += word.text if _clings(text[-1], word.text[0]) else f" {word.text}"
    return text


def _clings(before: str, after: str) -> bool:
    """Tell whether no space belongs between two characters."""
    first, second = _UNSPACED.match(before), _UNSPACED.match(after)
    return bool((first and second) or (first and _CLINGS.match(after)) or (second and _CLINGS.match(before)))
