"""The tables of dotted paths, held against the classes that mypy holds against the seams."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typing_seams

from extractors.base import Cuttable, Fingerprinting, Joinable, Renderable, Viewable
from extractors.ocr import ENGINES
from extractors.registry import FORMATS
from preflight.tokens import TOKENIZERS

PROJECT = Path(__file__).resolve().parents[1]


def classes(dotted: set[str]) -> set[type]:
    found = set()
    for path in dotted:
        module, _, name = path.partition(":")
        found.add(getattr(import_module(module), name))
    return found


def test_every_format_and_engine_is_held_against_its_seam() -> None:
    assert classes(set(FORMATS.values())) == set(typing_seams.EXTRACTORS)
    assert classes(set(ENGINES.values())) == set(typing_seams.ENGINES)
    assert {type(one) for one in TOKENIZERS.values()} == set(typing_seams.COUNTERS)


@pytest.mark.parametrize(
    ("ability", "listed"),
    [
        (Renderable, typing_seams.RENDERABLE),
        (Viewable, typing_seams.VIEWABLE),
        (Cuttable, typing_seams.CUTTABLE),
        (Fingerprinting, typing_seams.FINGERPRINTING),
        (Joinable, typing_seams.JOINABLE),
    ],
)
def test_every_ability_is_held_against_its_seam(ability: type, listed: tuple[type, ...]) -> None:
    assert {one for one in typing_seams.EXTRACTORS if isinstance(one(), ability)} == set(listed)


def test_mypy_reads_the_classes() -> None:
    assert '"tests/typing_seams.py"' in (PROJECT / "pyproject.toml").read_text(encoding="utf-8")


def test_a_class_that_lacks_a_method_of_its_seam_is_noticed(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from extractors.ocr.base import OcrEngine\n"
        "class Engine:\n"
        "    name = 'x'\n"
        "ENGINES: tuple[type[OcrEngine], ...] = (Engine,)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(wrong)]
    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert run.returncode == 1
    assert "recognize" in run.stdout or "Incompatible types" in run.stdout
