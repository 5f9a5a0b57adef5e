"""Whether text that was written is that of the original: native text to the letter, and what OCR read, read again.

Only units that need OCR in the original may have been read by it, unless all were (``--ocr always``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from extractors.ocr.null import NullEngine
from preflight.fingerprints import text_print
from preflight.manifest import this_tool
from preflight.record_check import Discrepancy
from preflight.survey import stopped
from preflight.text_reread import read_again
from preflight.textual import UNREAD, document_text, write_units
from preflight.wording import named_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.manifest import Manifest, ManifestPiece
    from preflight.piece_check import Found
    from preflight.settings import Settings
    from preflight.textual import DocumentText


@dataclass(frozen=True, slots=True)
class _Claims:
    """What the original has, and what pieces say of it.

    Attributes:
        native: Text of each unit as it is written where no OCR is done, by number.
        silent: The same of units that need OCR, as it is written where OCR finds nothing.
        tried: Units that OCR is said to have been tried on.
        wrong: Units whose native text is not that of the original.
        recognized: What OCR is said to have read, by number of the unit.
    """

    native: dict[int, str]
    silent: dict[int, str]
    tried: frozenset[int]
    wrong: set[int] = field(default_factory=set)
    recognized: dict[int, str] = field(default_factory=dict)

    def take_native(self, number: int, words: str) -> None:
        """Take text that the original has: where OCR was tried, it is as if that had found nothing."""
        if number in self.tried:
            self.recognized[number] = words


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
    _check_needed(manifest, found, claims)
    wrong, notes = read_again(manifest, original, text, claims.recognized, settings, executor, password, most)
    _note(manifest, found, "ocr-reads-otherwise", "OCR reads otherwise in the original", wrong)
    if manifest.settings.ocr and manifest.tool != this_tool():
        message = "Another version of this program wrote the text: which units it had to read by OCR was not compared."
        notes = (*notes, Discrepancy(code="ocr-not-compared", message=message))
    return text, notes


def _claims_of(manifest: Manifest, found: Found, text: DocumentText) -> _Claims:
    """Take what was written apart: native text that is not the original's, and what OCR is said to have read."""
    form = "text" if manifest.settings.form == "document" else manifest.settings.form
    needing = {number for one in text.findings if one.code == "ocr-skipped" for number in one.units}
    unread = _written(replace(text, findings=()), form)
    silent = {number: words for number, words in unread.items() if number in needing}
    claims = _Claims(native=_written(text, form), silent=silent, tried=_tried(manifest, silent))
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
        elif read == text_print(claims.native.get(number, "")):
            claims.take_native(number, words)
        elif read == text_print(claims.silent.get(number, words + ".")):
            claims.recognized[number] = words
        else:
            claims.wrong.add(number)


def _take_beside(piece: ManifestPiece, words: str, kind: str, claims: _Claims) -> None:
    """Text beside a piece of pages or frames: each begins with a line that names it and tells whether OCR read it."""
    at, numbers = 0, [unit.number for unit in piece.units]
    for number, following in zip(numbers, [*numbers[1:], 0], strict=True):
        expected, silent = claims.native.get(number, ""), claims.silent.get(number)
        if words.startswith(expected, at):
            claims.take_native(number, expected)
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
    """Text beside a piece of blocks, which no line names; what OCR read in their pictures is not told from the rest.

    All between two such pictures is looked for as one: a short block may well stand in what OCR read, too.
    """
    runs: list[list[int]] = [[]]
    for unit in piece.units:
        if unit.number in claims.silent:
            runs.append([])
        else:
            runs[-1].append(unit.number)
    at = 0
    for place, numbers in enumerate(runs):
        run = "".join(claims.native.get(number, "") for number in numbers)
        if place == len(runs) - 1:
            begin = len(words) - len(run) if words.endswith(run) else -1
        else:
            begin = words.find(run, at)
        if begin < at or (place == 0 and begin > 0):
            claims.wrong.update(_not_there(numbers, words[at:], claims.native))
        else:
            at = begin + len(run)


def _not_there(numbers: Sequence[int], words: str, native: Mapping[int, str]) -> list[int]:
    """Which blocks are not found in a text, one after the other; the last where something else is between them."""
    at, gone = 0, []
    for number in numbers:
        begin = words.find(native.get(number, ""), at)
        if begin < 0:
            gone.append(number)
        else:
            at = begin + len(native.get(number, ""))
    return gone or list(numbers[-1:])


def _check_needed(manifest: Manifest, found: Found, claims: _Claims) -> None:
    """OCR is said to have read only what needs it, unless all units were asked for; another version judges otherwise.

    Where all were asked for, units in which OCR found nothing still have the text that the original has.
    """
    extra = claims.recognized.keys() - claims.silent.keys()
    if manifest.tool == this_tool() and manifest.settings.ocr_mode in {"auto", "never"}:
        _note(manifest, found, "ocr-not-needed", "Said to be read by OCR, though the original has the text", extra)


def _tried(manifest: Manifest, silent: Iterable[int]) -> frozenset[int]:
    """Of units that need OCR those that it was tried on, so that it must have found nothing where it gave no text."""
    engine = manifest.settings.ocr
    if not engine or engine.startswith(NullEngine.name) or manifest.tool != this_tool():
        return frozenset()
    return frozenset(silent).difference(*(one.units for one in manifest.findings if one.code in UNREAD))


def _written(text: DocumentText, form: str) -> dict[int, str]:
    """Text of each unit by number, as it is written."""
    return dict(zip((unit.number for unit in text.units), write_units(text, form), strict=True))


def _note(manifest: Manifest, found: Found, code: str, message: str, numbers: Iterable[int]) -> None:
    if units := tuple(sorted(numbers)):
        found.note(code, f"{message}: {named_units(manifest.unit_kind, units)}.", units=units)
