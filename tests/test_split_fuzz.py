"""Damaged copies of real files, split: pieces that prove sound, or an answer, and nothing half-written.

As tests/test_fuzz.py, with one case for thirty-two there: each is split and verified.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from mutations import mutated
from test_fuzz import CASES, OF_THE_DOCUMENT, SEED, SUFFIXES

from extractors.errors import ExtractionError
from preflight import SplitOptions, UserLimits, split, verify
from preflight.errors import PreflightError, Stopped
from preflight.problems import problem_from
from preflight.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.slots import Slots

SPLITS = CASES // 32
LARGEST = 150_000
SETTINGS = Settings(timeout=60, unit_timeout=5)
REFUSED = OF_THE_DOCUMENT | {"unit-over-limit", "decryption-not-allowed", "parser-crashed", "timeout"}


@pytest.mark.timeout(600 + 20 * SPLITS)
def test_damaged_files_are_split_soundly_or_refused(
    corpus: Path, samples: Path, tmp_path: Path, workers: Slots
) -> None:
    files = sorted(
        path
        for folder in (corpus, samples)
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and 0 < path.stat().st_size < LARGEST
    )
    chance = random.Random(SEED)
    wrong: list[tuple[str, str, int, object]] = []
    for number in range(SPLITS):
        file, other, seed = chance.choice(files), chance.choice(files), chance.randrange(1 << 32)
        damaged, out = tmp_path / f"{number}{file.suffix}", tmp_path / f"{number}"
        damaged.write_bytes(mutated(file.read_bytes(), other.read_bytes(), seed))
        limits = UserLimits(pages=chance.randint(1, 4), bytes=chance.choice([20_000, 1_000_000]))
        try:
            result = split(damaged, out, limits=limits, options=SplitOptions(), settings=SETTINGS, executor=workers)
        except (ExtractionError, PreflightError) as error:
            problem = error.problem if isinstance(error, Stopped) else problem_from(error)
            if problem.code not in REFUSED or out.exists():
                wrong.append((file.name, other.name, seed, problem.code))
            continue
        found = verify(out, executor=workers, against=damaged).discrepancies
        manifest = result.manifest
        units = [unit.number for piece in manifest.pieces for unit in piece.units if unit.part in {None, 1}]
        there = sorted([*units, *(one.number for one in manifest.quarantined)])
        told = [one.code for one in found] if result.complete else []
        if told or there != list(range(1, manifest.unit_count + 1)):
            wrong.append((file.name, other.name, seed, told))
    assert not wrong
