"""Known texts of the corpus, and how far a recognized text is from one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from extractors.registry import PDF

MEDIA_TYPES = {
    ".pdf": PDF,
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".tif": "image/tiff",
    ".webp": "image/webp",
}


@dataclass(frozen=True, slots=True)
class Known:
    """A file whose text is known: each of its units shows ``text``."""

    path: Path
    units: int
    text: str

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.path.suffix]


def known_texts(corpus: Path) -> list[Known]:
    """Files of the corpus with a ground truth."""
    found = []
    for line in (corpus / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        if label.get("ground_truth"):
            text = (corpus / label["ground_truth"]["file"]).read_text(encoding="utf-8")
            found.append(Known(corpus / label["path"], label.get("pages") or 1, text))
    return found


def error_rate(texts: list[str], known: Known) -> float:
    """Mean character error rate over the units: edit distance by length of the truth, white space folded."""
    truth = " ".join(known.text.split())
    distances = [edit_distance(" ".join(text.split()), truth) for text in texts]
    missing = known.units - len(distances)
    return (sum(distances) / len(truth) + missing) / known.units


def edit_distance(one: str, other: str) -> int:
    """Levenshtein distance, a column of the table at a time in the bits of an integer (Myers 1999, Hyyrö 2003)."""
    if not one or not other:
        return len(one) + len(other)
    full = (1 << len(one)) - 1
    last = 1 << (len(one) - 1)
    places: dict[str, int] = {}
    for index, char in enumerate(one):
        places[char] = places.get(char, 0) | 1 << index
    up, down, distance = full, 0, len(one)
    for char in other:
        match = places.get(char, 0)
        flat = ((((match & up) + up) ^ up) | match | down) & full
        rise, fall = down | ~(flat | up) & full, up & flat
        distance += bool(rise & last) - bool(fall & last)
        rise = rise << 1 | 1
        up = (fall << 1 | ~(flat | rise)) & full
        down = rise & flat & full
    return distance
