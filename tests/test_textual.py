"""`preflight text`: every part marked with where it comes from, OCR where it is needed and only there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from extractors.facts import Origin, Role, TextPart, UnitText
from preflight.document import find_document
from preflight.messages import Examined
from preflight.reading import merge_text, read_text
from preflight.settings import Settings
from preflight.textual import document_text, write_text

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.slots import Slots


def test_ocr_reads_exactly_the_units_that_need_it(samples: Path, workers: Slots) -> None:
    text = document_text(find_document(samples / "mixed.pdf"), Settings(), workers)

    origins = [{part.origin for part in unit.parts} for unit in text.units]
    assert origins[0] == {Origin.NATIVE}
    assert origins[1] == {Origin.OCR}
    assert origins[3] == {Origin.NATIVE}
    assert text.complete
    assert text.engine.startswith("tesserocr 5")
    recognized = text.units[1].parts[0]
    assert recognized.confidence is not None
    assert recognized.confidence > 0.8


def test_pixels_of_a_known_document_are_not_looked_at_again(samples: Path, workers: Slots) -> None:
    scan = find_document(samples / "scan.pdf")
    known, _ = read_text(scan, Settings(), workers)
    again, _ = read_text(scan, Settings(), workers, look=False)

    assert isinstance(known, Examined)
    assert isinstance(again, Examined)
    assert all(unit.needs_ocr for unit in known.facts.units)
    assert all("not-looked-at" in unit.reasons for unit in again.facts.units)
    whole = document_text(scan, Settings(ocr_engine="null"), workers)
    assert document_text(scan, Settings(ocr_engine="null"), workers, known=known.facts) == whole
    other = replace(known.facts, unit_count=1, units=known.facts.units[:1])  # of what it was before
    assert document_text(scan, Settings(ocr_engine="null"), workers, known=other) == whole


def test_without_ocr_the_gap_is_told(samples: Path, workers: Slots) -> None:
    text = document_text(find_document(samples / "scan.pdf"), Settings(), workers, ocr="never")

    assert not text.complete
    assert [finding.units for finding in text.findings if finding.code == "ocr-skipped"] == [(1, 2, 3)]


def test_an_engine_that_recognizes_nothing_says_so(samples: Path, workers: Slots) -> None:
    text = document_text(find_document(samples / "mixed.pdf"), Settings(ocr_engine="null"), workers)

    (finding,) = [finding for finding in text.findings if finding.code.startswith("ocr-")]
    assert (finding.code, finding.severity, finding.units) == ("ocr-null-engine", "warning", (2,))
    assert "--ocr-engine auto" in finding.message
    assert not text.complete


def test_pages_read_in_the_wrong_language_are_told(corpus: Path, workers: Slots) -> None:
    hebrew = document_text(find_document(corpus / "images/tesstest__hebrew.png"), Settings(), workers)
    french = document_text(find_document(corpus / "pdf/ocrmypdf__francais.pdf"), Settings(), workers)

    (finding,) = [finding for finding in hebrew.findings if finding.code.startswith("ocr-")]
    assert (finding.code, finding.units) == ("ocr-low-confidence", (1,))
    assert "(eng)" in finding.message
    assert "-l rus" in finding.message
    assert not [finding for finding in french.findings if finding.code.startswith("ocr-")]


def test_a_missing_language_is_a_problem_that_names_it(samples: Path, workers: Slots) -> None:
    text = document_text(find_document(samples / "scan.pdf"), Settings(languages=("xyz",)), workers)

    assert text.problem is not None
    assert text.problem.exit_code == 69
    assert "xyz" in text.problem.detail


def test_a_page_over_its_time_costs_that_page_only(samples: Path, workers: Slots) -> None:
    text = document_text(find_document(samples / "mixed.pdf"), Settings(page_timeout=0.001), workers)

    assert text.problem is None
    assert not text.complete
    assert text.units[0].plain
    assert [finding.units for finding in text.findings if finding.code == "ocr-failed"] == [(2,)]


def test_three_forms_hold_the_same_words(samples: Path, workers: Slots) -> None:
    text = document_text(find_document(samples / "letter.docx"), Settings(), workers)

    plain = write_text(text, "text").decode()
    markdown = write_text(text, "markdown").decode()
    data = json.loads(write_text(text, "json"))

    for words in ("Sample letter, header", "Sample letter, footer", "Is this still true?", "Part 2", "second item"):
        assert words in plain
        assert words in markdown
        assert any(words in part["text"] for unit in data["units"] for part in unit["parts"])
    assert "# Part 1" in markdown
    assert "| pages | 12 | 0.10 |" in markdown
    assert "[comment A. Reader: Is this still true?]" in plain


def test_ocr_text_replaces_the_layer_but_not_notes() -> None:
    native = UnitText(
        number=1,
        parts=(TextPart(text="l1es"), TextPart(text="a note", role=Role.ANNOTATION)),
    )
    recognized = UnitText(number=1, parts=(TextPart(text="truth", origin=Origin.OCR, confidence=0.9),))

    assert merge_text(native, recognized).plain == "truth\na note"
    assert merge_text(native, None) == native
    assert merge_text(native, UnitText(number=1)) == native
