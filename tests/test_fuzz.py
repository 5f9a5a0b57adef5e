"""Damaged copies of real files: whatever comes out, it is an answer, in time, and the next file is read as ever.

In CI so many from a fixed seed, the same on a slow machine as on a fast one. More, from another one:

    PREFLIGHT_FUZZ=20000 PREFLIGHT_FUZZ_SEED=7 pytest tests/test_fuzz.py

A failure names file, other file and seed; ``python tests/mutations.py FILE OTHER SEED OUT`` makes that file again.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mutations import mutated

from preflight.document import find_document
from preflight.judging import Order, prepare
from preflight.pipeline import run_many
from preflight.settings import Settings
from preflight.slots import Slots
from preflight.wire import report_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.document import Document
    from preflight.model import Report

CASES = int(os.environ.get("PREFLIGHT_FUZZ", "1000"))
SEED = int(os.environ.get("PREFLIGHT_FUZZ_SEED", "1"))
LARGEST = 2_000_000
SUFFIXES = {".pdf", ".docx", ".png", ".jpg", ".tif", ".tiff", ".webp", ".txt", ".md", ".csv", ".html"}
OF_THE_DOCUMENT = frozenset(
    {
        "unreadable", "unsupported-format", "legacy-office", "not-a-docx", "encrypted-office", "password-required",
        "damaged", "empty-file", "no-pages", "over-safety-limit", "timeout", "out-of-memory", "parser-crashed",
    }
)  # fmt: skip
SETTINGS = Settings(timeout=60, unit_timeout=5)


def test_mutations_can_be_made_again(samples: Path) -> None:
    data = (samples / "report.pdf").read_bytes()

    made = [mutated(data, data, seed) for seed in range(50)]

    assert made == [mutated(data, data, seed) for seed in range(50)]
    assert len(set(made)) > 40


@pytest.mark.timeout(600 + 5 * CASES)
def test_damaged_files_get_an_answer(corpus: Path, samples: Path, tmp_path: Path) -> None:
    files = sorted(
        path
        for folder in (corpus, samples)
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and 0 < path.stat().st_size < LARGEST
    )
    good = samples / "letter.docx"
    cases: dict[int, tuple[Path, Path, int]] = {}

    def documents() -> Iterator[tuple[int, Document]]:
        chance = random.Random(SEED)
        while len(cases) < CASES:
            file, other, seed = chance.choice(files), chance.choice(files), chance.randrange(1 << 32)
            data = mutated(file.read_bytes(), other.read_bytes(), seed)
            if not data:
                continue
            key = len(cases)
            damaged = tmp_path / f"{key}{file.suffix}"
            damaged.write_bytes(data)
            cases[key] = (file, other, seed)
            yield key, find_document(damaged)
            if key % 10 == 0:
                yield -key - 1, find_document(good)

    answered: dict[int, Report] = {}
    slots = Slots(2, preload=("preflight.tasks", "extractors.pdf.reader", "extractors.docx.reader"))
    try:
        for key, report in run_many(documents(), prepare(Order()), SETTINGS, slots):
            assert report_json(report)
            answered[key] = report
            for file in tmp_path.glob(f"{key}.*"):
                file.unlink()
    finally:
        slots.close()

    assert {key for key in answered if key >= 0} == set(cases)
    assert {report.verdict for key, report in answered.items() if key < 0} == {"fits"}, "good files between them"
    problems = {key: report.problem for key, report in answered.items() if report.problem is not None}
    wrong = [(cases[key], one.code) for key, one in problems.items() if one.code not in OF_THE_DOCUMENT]
    wrong += [(cases[key], "bug at a page") for key, report in answered.items() if _met_a_bug(report)]
    assert not wrong


def _met_a_bug(report: Report) -> bool:
    """Whether a page was left out because of a mistake of ours."""
    return report.facts is not None and any(finding.code == "internal" for finding in report.facts.findings)
