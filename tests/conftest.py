"""What several test modules need."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(os.environ.get("PREFLIGHT_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of real documents; tests that need it are skipped loudly where it is absent."""
    folder = SHARED / "corpus"
    if not folder.is_dir():
        pytest.skip(f"NO CORPUS: {folder} is not there, so this test proved nothing")
    return folder


@pytest.fixture(scope="session")
def labels(corpus: Path) -> list[dict[str, Any]]:
    """One dict a corpus file, as labels.jsonl has it."""
    with (corpus / "labels.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
