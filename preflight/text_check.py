"""Whether text that was written is that of the original: native text to the letter, and what OCR read, read again.

Only units that need OCR in the original may have been read by it, unless all were (``--ocr always``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from extractors.ocr.null import NullEngine
from preflight.fingerprints import text_print
from preflight.reading import merge_text, recognize
from preflight.record_check import Discrepancy
from preflight.survey import stopped
from preflight.textual import document_text, write_text
from preflight.wording import named_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.manifest import Manifest, ManifestPiece
    from preflight.piece_check import Found
    from preflight.reading import OcrRun
    from preflight.settings import Settings
    from preflight.textual import DocumentText

MOST_READ = 5
"""Units that are read by OCR again, evenly spread, unless all are asked for: each takes seconds."""
ALIKE = 0.8
"""Share of words that OCR must read again. The same engine reads the same; another version of it nearly so."""
_SOME_TEXT = 100


@dataclass(frozen=True, slots=True)
class _Claims:
    """What the original has, and what pieces say of it.

    Attributes:
        native: Text of each unit as it is written where no OCR is done, by number.
        silent: The same of units that need OCR, as it is written where OCR finds nothing.
        wrong: Units whose native text is not that of the original.
        recognized: What OCR is said to have read, by number of the unit.
    """

    native: dict[int, str]
    silent: dict[int, str]
    wrong: set[int] = field(default_factory=set)
    recognized: dict[int, str] = field(default_factory=dict)


def check_written_text(
    manifest: Manifest,
    found: Found,
    original: Document,
    settings: Settings,
    executor: Executor,
    *,
    password: str | None,
    most: int | None,
) -> tuple[DocumentText, tuple[Discrepancy, ...]]:
    """Hold pieces of text, or text beside pieces, against the original; what differs is added to ``found``.

    Args:
        manifest: The record.
        found: Its files.
        original: The document.
        settings: How the work is done.
        executor: Where it is read.
        password: Its password.
        most: Units that are read by OCR again at most; None for all.

    Returns:
        The native text of the original, and notes on what could not be compared here.

    Raises:
        Stopped: The original cannot be read.
    """
    text = document_text(original, settings, executor, ocr="never", password=password)
    if text.problem is not None:
        raise stopped(text.problem)
    claims = _claims_of(manifest, found, text)
    _note(manifest, found, "original-text-differs", "The text is not that of the original", claims.wrong)
    _check_needed(manifest, found, text, claims)
    chosen = _chosen(sorted(claims.recognized), most)
    if not chosen:
        return text, ()
    again = replace(settings, languages=_languages(manifest) or settings.languages)
    run = recognize(original, chosen, again, executor, password=password)
    if run.problem is not None or run.engine.startswith(NullEngine.name):
        why = run.problem.detail if run.problem else "There is no OCR engine here (preflight doctor)."
        message = f"What OCR read was not compared with the original: {why}"
        return text, (Discrepancy(code="ocr-not-compared", message=message, units=tuple(chosen)),)
    _read_again(manifest, found, text, {number: claims.recognized[number] for number in chosen}, run)
    return text, ()


def _claims_of(manifest: Manifest, found: Found, text: DocumentText) -> _Claims:
    """Take what was written apart: native text that is not the original's, and what OCR is said to have read."""
    form = "text" if manifest.settings.form == "document" else manifest.settings.form
    needing = {number for one in text.findings if one.code == "ocr-skipped" for number in one.units}
    unread = _written(replace(text, findings=()), form)
    claims = _Claims(
        native=_written(text, form), silent={number: words for number, words in unread.items() if number in needing}
    )
    if manifest.settings.form == "document":
        take = _take_flowing if text.unit_kind == "block" else _take_beside
        for piece in manifest.pieces:
            if piece.index in found.beside and piece.rows is None and piece.units:
                take(piece, _contents(found.beside[piece.index]), text.unit_kind, claims)
    else:
        _take_pieces(manifest, found, claims)
    for number in claims.recognized.keys() - claims.native.keys():  # a forged manifest may speak of billions
        claims.wrong.add(number)
        del claims.recognized[number]
    return claims


def _contents(document: Document) -> str:
    """Return a text; it is known to have the size that the manifest says, or that it has not is told."""
    with document.open() as file:
        return file.read().decode("utf-8", "replace")


def _take_pieces(manifest: Manifest, found: Found, claims: _Claims) -> None:
    """Pieces of text: the manifest says of each unit whether OCR read it."""
    recognized = {unit.number for piece in manifest.pieces for unit in piece.units if unit.ocr}
    for number, data in found.texts.items():
        words = data.decode("utf-8", "replace")
        read = text_print(words)
        if number in recognized:
            claims.recognized[number] = words
        elif read != text_print(claims.native.get(number, "")):
            if read != text_print(claims.silent.get(number, words + ".")):
                claims.wrong.add(number)
            else:
                claims.recognized[number] = words


def _take_beside(piece: ManifestPiece, words: str, kind: str, claims: _Claims) -> None:
    """Text beside a piece of pages or frames: each begins with a line that names it and tells whether OCR read it."""
    at, numbers = 0, [unit.number for unit in piece.units]
    for number, following in zip(numbers, [*numbers[1:], 0], strict=True):
        expected, silent = claims.native.get(number, ""), claims.silent.get(number)
        if words.startswith(expected, at):
            at += len(expected)
            continue
        end = (words.find(f"\n--- {kind} {following} ", at) + 1) or len(words)
        part, at = words[at:end], end
        if part.startswith(f"--- {kind} {number} (OCR") or part == silent:
            claims.recognized[number] = part
        else:
            claims.wrong.add(number)
    if at < len(words):
        claims.wrong.add(numbers[-1])


def _take_flowing(piece: ManifestPiece, words: str, _kind: str, claims: _Claims) -> None:
    """Text beside a piece of blocks, which no line names; what OCR read in their pictures is not told from the rest."""
    at, gap = 0, False
    for unit in piece.units:
        expected = claims.native.get(unit.number, "")
        place = words.find(expected, at) if gap else at
        if place >= 0 and words.startswith(expected, place):
            at, gap = place + len(expected), unit.number in claims.silent
        else:
            gap = True
            claims.wrong.update({unit.number} - claims.silent.keys())
    if at < len(words) and not gap:
        claims.wrong.add(piece.last)


def _check_needed(manifest: Manifest, found: Found, text: DocumentText, claims: _Claims) -> None:
    """OCR is said to have read only what needs it, or else all units."""
    extra = claims.recognized.keys() - claims.silent.keys()
    written = {unit.number for unit in text.units if len(unit.plain.strip()) >= _SOME_TEXT}
    present = {unit.number for piece in manifest.pieces for unit in piece.units}
    if extra and (written & present) - claims.recognized.keys():
        _note(manifest, found, "ocr-not-needed", "Said to be read by OCR, though the original has the text", extra)


def _read_again(manifest: Manifest, found: Found, text: DocumentText, said: Mapping[int, str], run: OcrRun) -> None:
    """Compare what OCR is said to have read with what it reads now."""
    form = manifest.settings.form if manifest.settings.form != "document" else "text"
    units = {unit.number: unit for unit in text.units}
    same_engine = manifest.settings.ocr.startswith(f"{run.engine}, ")
    wrong = set()
    for number, words in said.items():
        now = run.texts.get(number)
        if now is None or number not in units:
            wrong.add(number)
            continue
        merged = merge_text(units[number], now)
        real = write_text(replace(text, units=(merged,), findings=()), form).decode()
        if text_print(words) != text_print(real) if same_engine else _alike(words, real) < ALIKE:
            wrong.add(number)
    _note(manifest, found, "ocr-reads-otherwise", "OCR reads otherwise in the original", wrong)


def _alike(one: str, other: str) -> float:
    """Share of words that two texts have in common, 0 to 1."""
    first, second = Counter(one.split()), Counter(other.split())
    return 2 * (first & second).total() / max(1, first.total() + second.total())


def _written(text: DocumentText, form: str) -> dict[int, str]:
    """Text of each unit by number, as it is written."""
    return {unit.number: write_text(replace(text, units=(unit,)), form).decode() for unit in text.units}


def _chosen(numbers: Sequence[int], most: int | None) -> list[int]:
    if most is None or len(numbers) <= most:
        return list(numbers)
    return sorted({numbers[at * (len(numbers) - 1) // max(1, most - 1)] for at in range(most)})


def _languages(manifest: Manifest) -> tuple[str, ...]:
    """Languages that OCR looked for, as the manifest names them after the engine."""
    _, named, languages = manifest.settings.ocr.rpartition(", ")
    return tuple(languages.split("+")) if named else ()


def _note(manifest: Manifest, found: Found, code: str, message: str, numbers: Iterable[int]) -> None:
    if units := tuple(sorted(numbers)):
        found.note(code, f"{message}: {named_units(manifest.unit_kind, units)}.", units=units)
