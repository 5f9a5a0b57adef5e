"""Whether pieces are what the original holds: hash, text and content of each unit, and how units look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from extractors.facts import UnitKind
from preflight.fingerprints import text_print
from preflight.looks import compare_task, compared, still_the_same
from preflight.reading import ReadEvents, Unread, examine_task, examined_from
from preflight.record_check import ALTERING, Discrepancy, altered_rows, shown
from preflight.repairs import repaired_units
from preflight.row_proof import RowPiece, differing_rows
from preflight.survey import print_task, printed_from, stopped
from preflight.textual import document_text, write_text
from preflight.wording import named_units

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from extractors.likeness import Likeness
    from preflight.cutting_tasks import Printed
    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.manifest import Manifest, ManifestPiece, ManifestUnit
    from preflight.messages import Examined
    from preflight.piece_check import Found
    from preflight.problems import Problem
    from preflight.settings import Settings

MOST_COMPARED = 200
"""Units whose looks are compared unless asked otherwise: evenly spread, and all that a change may have altered."""
_PIECES_AT_ONCE = 32
_READ, _PRINTS = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """A unit to be looked at.

    Attributes:
        piece: Its piece.
        unit: What the manifest says of it.
        place: Its number in the piece.
        shrunk: Its images were made smaller.
        repaired: It is damaged in the original.
        altered: A change says that it may look otherwise.
    """

    piece: ManifestPiece
    unit: ManifestUnit
    place: int
    shrunk: bool
    repaired: bool
    altered: bool


def check_original(
    manifest: Manifest,
    found: Found,
    original: Document,
    settings: Settings,
    executor: Executor,
    *,
    password: str | None,
    looks: int | None = MOST_COMPARED,
) -> tuple[tuple[Discrepancy, ...], int]:
    """Hold the pieces against the original; what differs is added to ``found``.

    Args:
        manifest: The record.
        found: Its files.
        original: The document.
        settings: How the work is done.
        executor: Where it is read.
        password: Its password.
        looks: How many units are compared by their looks, besides those altered; None for all.

    Returns:
        Differences that the manifest accounts for, and how many units were compared by their looks.

    Raises:
        Stopped: The original cannot be read.
    """
    if manifest.settings.form == "document":
        notes = _check_units(manifest, found, original, settings, executor, password)
        _check_rows(manifest, found, original, settings, executor, password)
        chosen = _chosen(manifest, found, looks)
        seen, compared_units = _check_looks(chosen, found, original, settings, executor, password)
        return (*notes, *seen), compared_units
    _check_text(manifest, found, original, settings, executor, password)
    return (), 0


def _check_units(
    manifest: Manifest, found: Found, original: Document, settings: Settings, executor: Executor, password: str | None
) -> tuple[Discrepancy, ...]:
    """Compare text and content of all units; returns notes on those that the manifest says were repaired."""
    tasks = [
        examine_task(original, settings, key=_READ, password=password, encodings=(), prints=True, look=False),
        print_task(original, settings, key=_PRINTS, password=password),
    ]
    events = ReadEvents(None)
    outcomes = {one.key: one for one in executor.run(tasks, lambda key, event: None if key else events(key, event))}
    examined = examined_from(outcomes[_READ], original, events.sources.get(_READ))
    if isinstance(examined, Unread):
        raise stopped(examined.problem)
    _check_source(manifest, found, examined.source.sha256, len(examined.prints))
    printed = printed_from(outcomes[_PRINTS])
    _check_left_out(manifest, found, examined, printed)
    texts = dict(enumerate(examined.prints, start=1))
    stated = {unit.number: unit.text for unit in _whole_units(manifest)}
    notes: list[Discrepancy] = []
    if printed.able:  # where content is compared, text that reads otherwise once repaired need not be the same
        mended = {number for piece in manifest.pieces for number in repaired_units(piece)}
        notes += [_mended(number) for number in sorted(mended) if stated.get(number) != texts.get(number)]
        stated = {number: text for number, text in stated.items() if number not in mended}
        contents = {unit.number: unit.original or unit.content for unit in _units(manifest)}
        _differing(manifest, found, "content", contents, _by_number(manifest, printed.prints))
    _differing(manifest, found, "text", stated, texts)
    return tuple(notes)


def _check_rows(
    manifest: Manifest, found: Found, original: Document, settings: Settings, executor: Executor, password: str | None
) -> None:
    """Compare the rows of tables that were cut by rows."""
    holding = {piece.index: piece for piece in manifest.pieces if piece.index in found.pieces}
    rows = [
        RowPiece(index=index, document=found.pieces[index], unit=piece.first, rows=piece.rows)
        for index, piece in holding.items()
        if piece.rows is not None
    ]
    for one in differing_rows(original, rows, settings, executor, password=password):
        if one.unit not in altered_rows(holding[one.index].changes):
            message = (
                f"Rows {one.rows[0]} to {one.rows[1]} of the table in block {one.unit} are not those of the original."
            )
            found.note("original-rows-differ", message, holding[one.index], (one.unit,))


def _check_left_out(manifest: Manifest, found: Found, examined: Examined, printed: Printed) -> None:
    """Units are left out as unreadable only if they are so in the original."""
    prints = _by_number(manifest, printed.prints)
    readable = tuple(
        one.number
        for one in manifest.quarantined
        if one.code == "unreadable"
        and 1 <= one.number <= len(examined.facts.units)
        and examined.facts.units[one.number - 1].kind is not UnitKind.UNREADABLE
        and (not printed.able or prints.get(one.number))
    )
    if readable:
        message = f"Left out as unreadable, though they can be read: {named_units(manifest.unit_kind, readable)}."
        found.note("left-out-readable", message, units=readable)


def _mended(number: int) -> Discrepancy:
    message = f"Unit {number}: damaged in the original and repaired in the piece, where its text reads otherwise."
    return Discrepancy(code="changed-text", message=message, units=(number,))


def _by_number(manifest: Manifest, prints: Sequence[str]) -> dict[int, str]:
    """Number fingerprints as the manifest does: the library that takes them may pass over what cannot be read."""
    gone = {one.number for one in manifest.quarantined}
    numbers = [number for number in range(1, manifest.unit_count + 1) if number not in gone]
    whole = len(prints) == manifest.unit_count
    return dict(enumerate(prints, start=1)) if whole else dict(zip(numbers, prints, strict=False))


def _check_source(manifest: Manifest, found: Found, sha256: str, count: int) -> None:
    if sha256 != manifest.source.sha256:
        found.note("source-differs", "The original is not the file that was split: its hash differs.")
    if count != manifest.unit_count:
        kind = manifest.unit_kind
        found.note("source-differs", f"The original has {count:,} {kind}s, the manifest says {manifest.unit_count:,}.")


def _differing(manifest: Manifest, found: Found, what: str, stated: dict[int, str], real: dict[int, str]) -> None:
    wrong = tuple(number for number in sorted(stated) if stated[number] != real.get(number))
    if wrong:
        message = f"The {what} of {named_units(manifest.unit_kind, wrong)} is not that of the original."
        found.note(f"original-{what}-differs", message, units=wrong)


def _units(manifest: Manifest) -> Iterator[ManifestUnit]:
    return (unit for piece in manifest.pieces for unit in piece.units)


def _whole_units(manifest: Manifest) -> Iterator[ManifestUnit]:
    return (unit for unit in _units(manifest) if unit.part is None)


def _check_text(
    manifest: Manifest, found: Found, original: Document, settings: Settings, executor: Executor, password: str | None
) -> None:
    """Hold pieces of text against the native text of the original; what OCR read is not read again."""
    text = document_text(original, settings, executor, ocr="never", password=password)
    if text.problem is not None:
        raise stopped(text.problem)
    _check_source(manifest, found, text.source.sha256, len(text.units))
    recognized = {unit.number for unit in _units(manifest) if unit.ocr}
    real = {
        unit.number: text_print(write_text(replace(text, units=(unit,)), manifest.settings.form).decode())
        for unit in text.units
    }
    stated = {
        number: text_print(data.decode("utf-8", "replace"))
        for number, data in found.texts.items()
        if number not in recognized
    }
    _differing(manifest, found, "text", stated, real)


def _check_looks(
    looks: Sequence[_Look],
    found: Found,
    original: Document,
    settings: Settings,
    executor: Executor,
    password: str | None,
) -> tuple[tuple[Discrepancy, ...], int]:
    tasks = []
    for key, group in enumerate(_grouped(looks)):
        pieces = [found.pieces[of_piece[0].piece.index] for of_piece in group]
        pairs = [[(look.unit.number, look.place) for look in of_piece] for of_piece in group]
        tasks.append(compare_task(original, pieces, pairs, settings, key=key, password=password))

    def tell(_key: int, problem: Problem) -> None:
        found.note("looks-not-compared", f"Pieces could not be compared by their looks: {problem.detail}")

    seen = compared(executor, tasks, tell)
    by_number = {look.unit.number: look for look in looks}
    notes = tuple(note for one in seen if (note := _judged(found, by_number[one.number], one)) is not None)
    return notes, len(seen)


def _chosen(manifest: Manifest, found: Found, most: int | None) -> list[_Look]:
    """Choose the units to look at, in order: those that were altered, and so many others, evenly spread."""
    looks: list[_Look] = []
    for piece in manifest.pieces:
        if piece.index not in found.pieces or piece.rows is not None:
            continue
        shrunk = {number for change in piece.changes if change.code == "shrunk" for number in change.units}
        repaired = repaired_units(piece)
        altered = {number for change in piece.changes if change.code in ALTERING for number in change.units}
        looks += [
            _Look(
                piece=piece,
                unit=unit,
                place=place,
                shrunk=unit.number in shrunk,
                repaired=unit.number in repaired,
                altered=unit.number in altered,
            )
            for place, unit in enumerate(piece.units, start=1)
        ]
    if most is None or len(looks) <= most:
        return looks
    spread = {at * (len(looks) - 1) // max(1, most - 1) for at in range(most)}
    return [look for at, look in enumerate(looks) if at in spread or look.altered]


def _grouped(looks: Sequence[_Look]) -> Iterator[list[list[_Look]]]:
    """Group by piece, and pieces into tasks."""
    by_piece: dict[int, list[_Look]] = {}
    for look in looks:
        by_piece.setdefault(look.piece.index, []).append(look)
    pieces = list(by_piece.values())
    for at in range(0, len(pieces), _PIECES_AT_ONCE):
        yield pieces[at : at + _PIECES_AT_ONCE]


def _judged(found: Found, look: _Look, seen: Likeness) -> Discrepancy | None:
    """Judge how much a unit differs; returns a note where the manifest accounts for it."""
    number, name = look.unit.number, shown(look.piece.name)
    if seen.error or (look.shrunk and not still_the_same(seen)):
        why = seen.error or f"by {seen.mean:.1%} on the whole and {seen.worst:.1%} in one place"
        found.note("looks-different", f"{name}: unit {number} looks different: {why}.", look.piece, (number,))
    elif seen.worst > 0 and not (look.altered and (look.unit.original is not None or look.repaired)):
        why = f"{seen.mean:.2%} on the whole, {seen.worst:.1%} in one place"
        found.note("looks-different", f"{name}: unit {number} looks different: {why}.", look.piece, (number,))
    elif seen.worst > 0:
        what = "something was taken out"
        if look.shrunk or look.repaired:
            what = "its images were made smaller" if look.shrunk else "it was damaged and is repaired"
        message = f"Unit {number}: {what}; it differs by {seen.mean:.2%} on the whole, {seen.worst:.1%} in one place."
        return Discrepancy(code="changed-looks", message=message, piece=name, units=(number,))
    return None
