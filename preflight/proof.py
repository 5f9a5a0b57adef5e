"""Holding freshly cut pieces against the document, before anybody gets to see them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from extractors.errors import DamagedDocument
from extractors.facts import Finding
from preflight.record_check import ALTERING, altered_rows
from preflight.repairs import is_damaged, with_repairs
from preflight.reread import read_again
from preflight.row_proof import RowPiece, differing_rows
from preflight.splitting import staged_document
from preflight.survey import print_task, printed_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.manifest import ManifestUnit
    from preflight.splitting import Ready
    from preflight.survey import Surveyed


def proven_pieces(
    surveyed: Surveyed, ready: Sequence[Ready], *, lossy: bool, mended: bool
) -> tuple[list[Ready], tuple[Finding, ...]]:
    """Take the fingerprints of all pieces and hold them against the document's.

    Args:
        surveyed: The document.
        ready: Its pieces.
        lossy: Units of the document are in no piece, so that the text of all pieces is read again too: parsers may
            number what is left of it differently.
        mended: Cutting mended something damaged.

    Returns:
        The pieces with the fingerprints their units have now, and what is to be told.

    Raises:
        DamagedDocument: Pieces do not hold what they should.
    """
    repaired: tuple[Finding, ...] = ()
    if lossy:
        _check_texts(surveyed, ready)
    elif mended or is_damaged(surveyed):
        ready, repaired = with_repairs(surveyed, ready)
    if not surveyed.prints:
        return list(ready), repaired
    tasks = [
        print_task(staged_document(one.path, one.media_type), surveyed.settings, key=key)
        for key, one in enumerate(ready)
    ]
    proven = list(ready)
    unexplained: list[int] = []
    for outcome in surveyed.executor.run(tasks):
        one = ready[outcome.key]
        prints = printed_from(outcome).prints
        if len(prints) != len(one.units):
            raise _reads_otherwise(surveyed, one, len(prints))
        proven[outcome.key] = replace(one, units=tuple(map(_compared, one.units, prints)))
        explained = {number for change in one.changes if change.code in ALTERING for number in change.units}
        unexplained += [
            unit.number
            for unit in proven[outcome.key].units
            if unit.original is not None and one.span.rows is None and unit.number not in explained
        ]
    unexplained += _differing_in_rows(surveyed, proven)
    return proven, (*repaired, *_about_differences(surveyed, sorted(unexplained)))


def _differing_in_rows(surveyed: Surveyed, ready: Sequence[Ready]) -> set[int]:
    """Return the tables of which a piece holds other rows than it should, and no change explains it."""
    rows = [
        RowPiece(index=at, document=staged_document(one.path, one.media_type), unit=one.span.first, rows=one.span.rows)
        for at, one in enumerate(ready)
        if one.span.rows is not None
    ]
    password = surveyed.options.password
    wrong = differing_rows(surveyed.document, rows, surveyed.settings, surveyed.executor, password=password)
    return {one.unit for one in wrong if one.unit not in altered_rows(ready[one.index].changes)}


def _check_texts(surveyed: Surveyed, ready: Sequence[Ready]) -> None:
    """Read all pieces again and hold the text of each unit against the document's."""
    whole = [one for one in ready if one.span.rows is None]
    read = read_again(surveyed, [(one.path, one.media_type) for one in whole], measured=False)
    for one, examined in zip(whole, read, strict=True):
        if examined.prints != tuple(unit.text for unit in one.units):
            raise DamagedDocument(
                f"{surveyed.examined.source.name} is damaged, and its {surveyed.examined.facts.unit_kind}s cannot be "
                "told apart for sure. Print it to a new file, or repair it (`qpdf IN OUT`), and split that; or send "
                "its text (--as text)."
            )


def _reads_otherwise(surveyed: Surveyed, one: Ready, count: int) -> DamagedDocument:
    """Return the failure for a piece that reads otherwise alone: text with binary data in it, say."""
    kind = surveyed.examined.facts.unit_kind
    held = f"{kind} {one.span.first:,}" if one.span.count == 1 else f"{kind}s {one.span.first:,} to {one.span.last:,}"
    return DamagedDocument(
        f"A piece with {held} alone would be read as {count:,}, not {len(one.units):,}: the document is damaged there, "
        "or part of it looks like another kind of file. Mend it, choose other limits, or send its text (--as text)."
    )


def _compared(unit: ManifestUnit, content: str) -> ManifestUnit:
    return unit if unit.content == content else replace(unit, content=content, original=unit.content)


def _about_differences(surveyed: Surveyed, numbers: Sequence[int]) -> tuple[Finding, ...]:
    if not numbers:
        return ()
    kind = surveyed.examined.facts.unit_kind
    message = (
        f"{len(numbers):,} {kind}(s) are not in their piece exactly as in the document, and no change explains it. "
        "Compare them by eye, or run `preflight verify` with --against the original."
    )
    return (Finding(severity="error", code="content-differs", message=message, units=tuple(numbers)),)
