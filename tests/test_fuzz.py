"""Damaged copies of real files: whatever comes out, it is an answer, in time, and the next file is read as ever.

In CI for 40 seconds from a fixed seed. Longer, from another one:

    PREFLIGHT_FUZZ_S=3600 PREFLIGHT_FUZZ_SEED=7 pytest tests/test_fuzz.py

A failure names file, other file and seed; ``python tests/mutations.py FILE OTHER SEED OUT`` makes that file again.
"""

from __future__ import annotations

import os
import random
import time
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

SECONDS = float(os.environ.get("PREFLIGHT_FUZZ_S", "40"))
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


@pytest.mark.timeout(SECONDS + 600)
def test_damaged_files_get_an_answer(corpus: Path, samples: Path, tmp_path: Path) -> None:
    files = sorted(
        path
        for folder in (corpus, samples)
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and 0 < path.stat().st_size < LARGEST
    )
    good = samples / "letter.docx"
    cases: dict[int, tuple[Path, Path, int]] = {}
    deadline = time.monotonic() + SECONDS
    slots = Slots(2, preload=("preflight.tasks", "extractors.pdf.reader", "extractors.docx.reader"))

    def documents() -> Iterator[tuple[int, Document]]:
        chance = random.Random(SEED)
        key = 0
        while time.monotonic() < deadline:
            file, other, seed = chance.choice(files), chance.choice(files), chance.randrange(1 << 32)
            data = mutated(file.read_bytes(), other.read_bytes(), seed)
            if not data:
                continue
            damaged = tmp_path / f"{key}{file.suffix}"
            damaged.write_bytes(data)
            cases[key] = (file, other, seed)
            yield key, find_document(damaged)
            if key % 10 == 0:
                yield -key - 1, find_document(good)
            key += 1

    answered = {}
    for key, report in run_many(documents(), prepare(Order()), SETTINGS, slots):
        assert report_json(report)
        answered[key] = report
        if key < 0:
            assert report.verdict == "fits", "a good file after damaged ones"
        elif report.problem is not None:
            assert report.problem.code in OF_THE_DOCUMENT, (cases[key], report.problem)
        if key >= 0:
            find = next(tmp_path.glob(f"{key}.*"))
            find.unlink()
    slots.close()

    assert {key for key in answered if key >= 0} == set(cases)
    assert len(cases) >= 20
    assert time.monotonic() - deadline < 300
