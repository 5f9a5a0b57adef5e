"""Whether units look in pieces as they do in the original, pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from preflight.looks import compare_task, compared, still_the_same
from preflight.record_check import ALTERING, Discrepancy, shown
from preflight.repairs import repaired_units

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from extractors.likeness import Likeness
    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.manifest import Manifest, ManifestPiece, ManifestUnit
    from preflight.piece_check import Found
    from preflight.problems import Problem
    from preflight.settings import Settings

MOST_COMPARED = 200
"""Units whose looks are compared unless asked otherwise: evenly spread, and all that a change may have altered."""
_PIECES_AT_ONCE = 32


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


def check_looks(
    manifest: Manifest,
    found: Found,
    original: Document,
    settings: Settings,
    executor: Executor,
    *,
    password: str | None,
    most: int | None,
) -> tuple[tuple[Discrepancy, ...], list[Likeness]]:
    """Compare how units look in the original and in the pieces; what differs is added to ``found``.

    Args:
        manifest: The record.
        found: Its files.
        original: The document.
        settings: How the work is done.
        executor: Where it is drawn.
        password: Its password.
        most: How many units are compared, besides those altered; None for all.

    Returns:
        Differences that the manifest accounts for, and what was seen of each unit that was compared.
    """
    looks = _chosen(manifest, found, most)
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
    return notes, seen


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
