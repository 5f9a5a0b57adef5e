"""Whether pieces are what the original holds: hash, text and content of each unit, and how units look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.facts import UnitKind
from preflight.look_check import MOST_COMPARED, check_looks
from preflight.piece_check import MOST_TEXT
from preflight.reading import ReadEvents, Unread, examine_task, examined_from
from preflight.record_check import Discrepancy, altered_rows, shown
from preflight.recut import cut_otherwise
from preflight.repairs import repaired_units
from preflight.row_proof import RowPiece, differing_rows
from preflight.survey import print_task, printed_from, stopped
from preflight.text_check import check_written_text
from preflight.text_reread import MOST_READ
from preflight.wording import named_units, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from extractors.likeness import Likeness
    from preflight.cutting_tasks import Printed
    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.manifest import Manifest, ManifestUnit
    from preflight.messages import Examined
    from preflight.piece_check import Found
    from preflight.settings import Settings

_READ, _PRINTS = 0, 1


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
    again = None if looks is None else min(looks, MOST_READ)
    if manifest.settings.form == "document":
        notes = _check_units(manifest, found, original, settings, executor, password)
        _check_rows(manifest, found, original, settings, executor, password)
        told, seen = check_looks(manifest, found, original, settings, executor, password=password, most=looks)
        _check_repairs(manifest, found, notes, seen)
        if found.beside:
            _, more = check_written_text(manifest, found, original, settings, executor, password=password, most=again)
            told = (*told, *more)
        return (*notes, *told, *_too_long(manifest)), len(seen)
    text, told = check_written_text(manifest, found, original, settings, executor, password=password, most=again)
    _check_source(manifest, found, text.source.sha256, len(text.units))
    return told, 0


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
    if printed.able:
        there = [one for one in manifest.pieces if one.index in found.pieces and one.index not in found.miscounted]
        wrong = cut_otherwise(manifest, there, original, (examined, printed), settings, executor, password=password)
        if wrong:
            what = named_units(manifest.unit_kind, wrong)
            message = f"Cut out of the original again, {what} come out otherwise than in the pieces."
            found.note("changed-otherwise", message, units=wrong)
    return tuple(notes)


def _check_repairs(manifest: Manifest, found: Found, notes: Sequence[Discrepancy], seen: Sequence[Likeness]) -> None:
    """Units are said to be repaired only if they read or look otherwise than in the original."""
    other = {number for note in notes for number in note.units} | {one.number for one in seen if one.worst or one.error}
    claimed = {number for piece in manifest.pieces for number in repaired_units(piece)}
    sound = tuple(sorted(claimed.intersection(one.number for one in seen) - other))
    if sound:
        message = f"Said to be repaired, though it is as in the original: {named_units(manifest.unit_kind, sound)}."
        found.note("repaired-undamaged", message, units=sound)


def _check_rows(
    manifest: Manifest, found: Found, original: Document, settings: Settings, executor: Executor, password: str | None
) -> None:
    """Compare the rows of tables that were cut by rows."""
    unreadable = {one.piece for one in found.discrepancies if one.code == "piece-unreadable"}  # which was told
    holding = {
        piece.index: piece
        for piece in manifest.pieces
        if piece.index in found.pieces and shown(piece.name) not in unreadable
    }
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


def _too_long(manifest: Manifest) -> Iterator[Discrepancy]:
    """Texts beside pieces that are not read."""
    for piece in manifest.pieces:
        if piece.text is not None and piece.text.size_bytes > MOST_TEXT:
            name = shown(piece.text.name)
            message = f"{name} is over {size(MOST_TEXT)}, so its text was not compared. Choose smaller pieces."
            yield Discrepancy(code="text-not-compared", message=message, piece=shown(piece.name))


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
