"""Real documents, split for a service and under limits made up by chance: every piece fits, all are the document.

A part of the corpus, small files for the most part; ``python benchmarks/split_corpus.py`` does all of it.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from split_proof import Case, prove, random_limits

from preflight import check

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from preflight.slots import Slots

DOCUMENTS = 20
MOST_BYTES, MOST_PAGES = 400_000, 20
MEASURES = ("bytes", "pages", "tokens")
READABLE = frozenset({"ok", "damaged-but-readable"})
REFUSED = frozenset({"not-accepted", "unit-over-limit", "unsupported-format", "damaged"})
"""Ways in which a document may be refused that are right: the others are bugs, or not of these documents."""


def units_in(entry: dict[str, Any]) -> int:
    """Pages, paragraphs or frames, as labelled."""
    paragraphs = entry.get("docx", {}).get("body_paragraphs", 2 if entry["path"].endswith(".docx") else 1)
    return int(entry.get("pages") or entry.get("image", {}).get("frames") or paragraphs)


def test_real_documents_under_limits_of_all_kinds(
    labels: list[dict[str, Any]], corpus: Path, workers: Slots, capsys: pytest.CaptureFixture[str]
) -> None:
    readable = [
        entry
        for entry in labels
        if entry["expected"] in READABLE and entry["bytes"] < MOST_BYTES and 2 <= units_in(entry) <= MOST_PAGES
    ]
    chance = random.Random(3)
    wrong: dict[str, object] = {}
    cases = pieces = refused = 0
    for entry in chance.sample(readable, DOCUMENTS):
        path, secret = corpus / entry["path"], entry.get("user_password") or entry.get("owner_password")
        target = "openai-api-file-input" if path.suffix == ".docx" else "anthropic-messages"
        report = check(path, target=target, password=secret, executor=workers)
        limits = random_limits(report, entry["bytes"], chance, chance.sample(MEASURES, 1))
        both = random_limits(report, entry["bytes"], chance, ("pages", "tokens"))
        for case in (
            Case(path=path, target=target, via=("nginx",), limits=both, password=secret),
            Case(path=path, limits=limits, password=secret),
        ):
            proof = prove(case, workers)
            cases, pieces, refused = cases + 1, pieces + proof.pieces, refused + (proof.refused is not None)
            if proof.wrong or (proof.refused and proof.refused[0] not in REFUSED):
                wrong[str(case)] = proof.wrong or proof.refused
    with capsys.disabled():
        print(f"\n{cases} cases in {pieces} pieces, {refused} refused")
    assert wrong == {}
    assert pieces > 1.3 * (cases - refused)
