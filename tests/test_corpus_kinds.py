"""Kinds and needs-OCR of every labelled page of real documents nobody here wrote, against labels given by eye."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from corpus_share import EVERY, share_of

from extractors.base import ReadOptions
from extractors.errors import ExtractionError, PasswordRequired
from extractors.facts import UnitFacts, UnitKind
from extractors.registry import PDF, extractor_for

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {
    "born-digital": UnitKind.TEXT,
    "vector-text": UnitKind.TEXT,
    "scanned": UnitKind.SCAN,
    "hybrid": UnitKind.HYBRID,
    "image-heavy": UnitKind.IMAGE,
    "blank": UnitKind.BLANK,
    "not-renderable": UnitKind.UNREADABLE,
}
"""Class of the labels' README → our word."""

MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".webp": "image/webp",
}
EITHER = {"map-with-labels", "engraving-with-lettering", "image"}
"""Kinds of stand-alone images where a few words stand in a picture, or whose label is no judgement by eye."""


@dataclass
class Tally:
    """Agreement with the labels."""

    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    hits: int = 0
    missed: int = 0
    false_alarms: int = 0

    def count(self, where: str, label: dict[str, Any], unit: UnitFacts | None) -> None:
        """Compare one page; no unit means that the document as a whole could not be read."""
        kind = unit.kind if unit else UnitKind.UNREADABLE
        needed, wanted = bool(unit and unit.needs_ocr), label["needs_ocr"]
        self.confusion[KINDS[label["label"]].value, kind.value] += 1
        if kind not in {KINDS[name] for name in (label["label"], *label.get("also_accept", ()))}:
            self.wrong.append(f"{where}: {kind.value} instead of {label['label']}")
        if wanted is True:
            self.hits += needed
            self.missed += not needed
        elif wanted != "partial":
            self.false_alarms += needed
        if (wanted is True and not needed) or (wanted in (False, "none-or-little") and needed):
            self.wrong.append(f"{where}: needs_ocr {needed} instead of {wanted}")

    @property
    def pages(self) -> int:
        return self.confusion.total()

    @property
    def right(self) -> float:
        return 1 - sum("instead of" in line and "needs_ocr" not in line for line in self.wrong) / self.pages

    @property
    def recall(self) -> float:
        return self.hits / (self.hits + self.missed)

    @property
    def precision(self) -> float:
        return self.hits / (self.hits + self.false_alarms)

    def show(self) -> None:
        """Print the confusion matrix (rows: label) and the figures."""
        names = [kind.value for kind in UnitKind]
        print("\nlabel \\ found " + "".join(f"{name:>11}" for name in names))
        for row in names:
            print(f"{row:<14}" + "".join(f"{self.confusion[row, column] or '.':>11}" for column in names))
        print(
            f"pages {self.pages}, kind right {self.right:.3f}, recall {self.recall:.3f}, precision {self.precision:.3f}"
        )
        print("\n".join(self.wrong))


def units_of(path: Path, media_type: str, password: str | None) -> tuple[UnitFacts, ...]:
    with path.open("rb") as file:
        options = ReadOptions(media_type=media_type, password=password)
        return extractor_for(media_type).read(file, options, lambda _unit, _text: None).units


def test_pages_against_labels(corpus: Path, labels: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    refused: dict[str, str] = {}
    for label in share_of(labels):
        if label["type"] != "pdf":
            continue
        units: tuple[UnitFacts, ...] = ()
        try:
            units = units_of(corpus / label["path"], PDF, label.get("user_password") or None)
        except ExtractionError as error:
            refused[label["path"]] = str(error)
        for page in label.get("pages_visual", ()):
            where = f"{label['path']} page {page['page']}"
            tally.count(where, page, units[page["page"] - 1] if units else None)

    with capsys.disabled():
        tally.show()
    expected = {label["path"]: label["expected"] for label in labels}
    assert not [path for path in refused if expected[path] == "ok"]
    assert all(refused.values()), "every error says what to do"
    assert tally.pages > (250 if EVERY == 1 else 20)
    assert tally.right >= 0.96
    assert tally.recall >= 0.96
    assert tally.precision >= 0.95


def test_a_wanted_password_is_asked_for(corpus: Path, labels: list[dict[str, Any]]) -> None:
    wanted = [label for label in labels if label["type"] == "pdf" and label["expected"] == "needs-password"]

    assert len(wanted) > 8
    for label in wanted:
        with pytest.raises(PasswordRequired):
            units_of(corpus / label["path"], PDF, None)
        if label.get("user_password"):
            assert len(units_of(corpus / label["path"], PDF, label["user_password"])) == label["pages"]


def test_stand_alone_images_against_labels(corpus: Path, labels: list[dict[str, Any]]) -> None:
    wrong, seen = [], 0
    for label in labels:
        path = corpus / label["path"]
        media_type = MEDIA_TYPES.get(path.suffix.lower())
        if label["type"] != "image" or label["expected"] != "ok" or not media_type or label["kind"] in EITHER:
            continue
        seen += 1
        unit = units_of(path, media_type, None)[0]
        if unit.needs_ocr == ("no-text" in label["kind"]):
            wrong.append(f"{label['path']} ({label['kind']}): {unit.kind.value}, needs_ocr {unit.needs_ocr}")

    assert seen >= 12
    assert not wrong
