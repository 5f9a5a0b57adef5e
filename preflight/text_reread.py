"""Reading again what OCR is said to have read, and comparing the two as far as that can be told.

The same picture may read otherwise with another version of the engine, or with other data of the same languages, which
no manifest names. So only text of which too little comes out again speaks for a change; the rest is told in a note.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from extractors.ocr.null import NullEngine
from preflight.fingerprints import text_print
from preflight.manifest import this_tool
from preflight.reading import merge_text, recognize
from preflight.record_check import Discrepancy
from preflight.textual import write_units
from preflight.wording import named_units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.manifest import Manifest
    from preflight.reading import OcrRun
    from preflight.settings import Settings
    from preflight.textual import DocumentText

MOST_READ = 5
"""Units that are read by OCR again, evenly spread, unless all are asked for: each takes seconds."""
ALIKE = 0.8
"""Share of pairs of characters that must come out again: they are there in each script, with and without spaces."""
_SLACK = 4
"""Pairs that may differ in any case: one character that is read otherwise is in two of each text."""


def read_again(
    manifest: Manifest,
    original: Document,
    text: DocumentText,
    said: Mapping[int, str],
    settings: Settings,
    executor: Executor,
    password: str | None,
    most: int | None,
) -> tuple[tuple[int, ...], tuple[Discrepancy, ...]]:
    """Read units by OCR again and compare what comes out.

    Args:
        manifest: The record.
        original: The document.
        text: Its native text.
        said: What OCR is said to have read, by number of the unit.
        settings: How the work is done.
        executor: Where it is read.
        password: Its password.
        most: Units that are read at most, evenly spread; None for all.

    Returns:
        Units that read otherwise, and notes on what cannot be told for sure.
    """
    chosen = _chosen(sorted(said), most)
    if not chosen:
        return (), ()
    again = replace(settings, languages=_languages(manifest) or settings.languages)
    run = recognize(original, chosen, again, executor, password=password)
    if run.problem is not None or run.engine.startswith(NullEngine.name):
        why = run.problem.detail if run.problem else "There is no OCR engine here (preflight doctor)."
        return (), (_not_compared(manifest, chosen, why),)
    return _compared(manifest, text, {number: said[number] for number in chosen}, run)


def _compared(
    manifest: Manifest, text: DocumentText, said: Mapping[int, str], run: OcrRun
) -> tuple[tuple[int, ...], tuple[Discrepancy, ...]]:
    form = manifest.settings.form if manifest.settings.form != "document" else "text"
    units = {unit.number: unit for unit in text.units}
    exact = manifest.tool == this_tool() and manifest.settings.ocr.startswith(f"{run.engine}, ")
    wrong: list[int] = []
    doubtful: list[int] = []
    unread: dict[str, list[int]] = {}
    for number, words in said.items():
        now = run.texts.get(number)
        if now is None:
            unread.setdefault(run.errors.get(number, "OCR told nothing of it."), []).append(number)
            continue
        merged = merge_text(units[number], now)
        (real,) = write_units(replace(text, units=(merged,), findings=()), form)
        if not alike(words, real):
            wrong.append(number)
        elif exact and text_print(words) != text_print(real):
            doubtful.append(number)
    notes = [_not_compared(manifest, numbers, why) for why, numbers in unread.items()]
    if doubtful:
        message = (
            f"OCR reads a little otherwise here: {named_units(manifest.unit_kind, doubtful)}. Other data of the same "
            "language can be why, or a change: compare them by eye."
        )
        notes.append(Discrepancy(code="ocr-reads-nearly", message=message, units=tuple(doubtful)))
    return tuple(wrong), tuple(notes)


def alike(one: str, other: str) -> bool:
    """Whether two texts of a unit can be two readings of one picture; the line that names the unit is left out."""
    first, second = _pairs(one), _pairs(other)
    total = first.total() + second.total()
    return total - 2 * (first & second).total() <= max(_SLACK, (1 - ALIKE) * total)


def _pairs(words: str) -> Counter[tuple[str, str]]:
    head, _, rest = words.partition("\n")
    bare = "".join((rest if head.startswith(("--- ", "<!-- ")) else words).split())
    return Counter(pairwise(bare))


def _not_compared(manifest: Manifest, numbers: Sequence[int], why: str) -> Discrepancy:
    what = named_units(manifest.unit_kind, numbers)
    message = f"What OCR read was not compared with the original, {what}: {why}"
    return Discrepancy(code="ocr-not-compared", message=message, units=tuple(numbers))


def _chosen(numbers: Sequence[int], most: int | None) -> list[int]:
    if most is None or len(numbers) <= most:
        return list(numbers)
    return sorted({numbers[at * (len(numbers) - 1) // max(1, most - 1)] for at in range(most)})


def _languages(manifest: Manifest) -> tuple[str, ...]:
    """Languages that OCR looked for, as the manifest names them after the engine."""
    _, named, languages = manifest.settings.ocr.rpartition(", ")
    return tuple(languages.split("+")) if named else ()
