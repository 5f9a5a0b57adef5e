"""Damaged documents: pieces hold what was repaired on the way, and are told from what readers make of the original.

Cutting repairs: qpdf finds the true length of a stream, say, and the piece shows words that PDFium does not read in the
document. That is no loss, but neither is it the same, and it may hold more tokens than were counted. So the pieces of a
document with structural damage are read and shown again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from extractors.base import Change
from extractors.errors import DamagedDocument
from extractors.facts import Finding
from preflight.judging import weigh
from preflight.looks import compare_task, compared
from preflight.margins import Measured, read_limits
from preflight.reread import read_again
from preflight.splitting import staged_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.document import Document
    from preflight.manifest import ManifestPiece
    from preflight.messages import Examined
    from preflight.splitting import Ready
    from preflight.survey import Surveyed

REPAIRED = "repaired"
MOST_SHOWN = 200
"""Units of a damaged document whose looks are compared while it is cut."""
_REMEDY = "Print it to a new file, or repair it (`qpdf IN OUT`), and split that; or send its text (--as text)."
_DAMAGE = frozenset({"damaged", "repaired", "structure-inconsistent", "not-examined", "page-not-drawn"})


def is_damaged(surveyed: Surveyed) -> bool:
    """Whether something in the document is damaged in a way that readers may mend differently."""
    return any(one.code in _DAMAGE and one.severity != "info" for one in surveyed.examined.facts.findings)


def repaired_units(piece: ManifestPiece) -> set[int]:
    """Return the units of a piece that differ from the original because they were repaired, as the manifest says."""
    return {number for change in piece.changes if change.code == REPAIRED for number in change.units}


def with_repairs(surveyed: Surveyed, ready: Sequence[Ready]) -> tuple[list[Ready], tuple[Finding, ...]]:
    """Read and look at all pieces again, and say which units are not as readers see them in the document.

    Returns:
        The pieces with the text and the figures they really have, and what is to be told.

    Raises:
        DamagedDocument: A piece is over a limit, once repaired.
        Stopped: A piece cannot be read.
    """
    documents = [staged_document(one.path, one.media_type) for one in ready]
    examined = _examined(surveyed, ready)
    differing = _other_looks(surveyed, ready, documents)
    told: list[Ready] = []
    for one, seen in zip(ready, examined, strict=True):
        units = tuple(replace(unit, text=text) for unit, text in zip(one.units, seen.prints, strict=True))
        other = {unit.number for unit, before in zip(units, one.units, strict=True) if unit.text != before.text}
        told.append(_retold(surveyed, replace(one, units=units), seen) if other else one)
        differing |= other
    told = [_noted(one, differing) for one in told]
    return told, _about(surveyed, sorted(differing))


def _examined(surveyed: Surveyed, ready: Sequence[Ready]) -> list[Examined]:
    """Read all pieces."""
    read = read_again(surveyed, [(one.path, one.media_type) for one in ready])
    if any(len(examined.prints) != len(one.units) for examined, one in zip(read, ready, strict=True)):
        raise DamagedDocument(f"{_name(surveyed)} is damaged, and what is cut out of it has other pages. {_REMEDY}")
    return read


def _other_looks(surveyed: Surveyed, ready: Sequence[Ready], documents: Sequence[Document]) -> set[int]:
    """Return units that look different though their content is the same."""
    places = [(at, number) for at, one in enumerate(ready) for number in range(1, len(one.units) + 1)]
    step = -(-len(places) // MOST_SHOWN)
    wanted = set(places[::step])
    pairs = [
        [(unit.number, place) for place, unit in enumerate(one.units, start=1) if (at, place) in wanted]
        for at, one in enumerate(ready)
    ]
    chosen = [at for at, some in enumerate(pairs) if some]
    tasks = [
        compare_task(
            surveyed.document,
            [documents[at]],
            [pairs[at]],
            surveyed.settings,
            key=at,
            password=surveyed.options.password,
        )
        for at in chosen
    ]
    seen = compared(surveyed.executor, tasks, lambda _key, _problem: None)
    changed = {unit.number for one in ready if one.changes for unit in one.units if unit.original is not None}
    return {one.number for one in seen if one.worst > 0} - changed


def _retold(surveyed: Surveyed, one: Ready, examined: Examined) -> Ready:
    """Give a piece the figures it has now that it is repaired.

    Raises:
        DamagedDocument: They are over a limit.
    """
    weighed = weigh(examined, surveyed.prepared)
    measured = Measured(size_bytes=one.size_bytes, facts=examined.facts, estimate=weighed.figures, units=weighed.units)
    if any(reading.over for reading in read_limits(surveyed.limits, measured)):
        raise DamagedDocument(
            f"{_name(surveyed)} is damaged: once repaired, it holds more than can be read in it as it is, and a piece "
            f"is over a limit. {_REMEDY}"
        )
    return replace(
        one,
        tokens=weighed.figures.tokens if one.tokens is not None else None,
        words=sum(unit.words for unit in weighed.units),
        images=sum(unit.images for unit in weighed.units),
    )


def _noted(one: Ready, differing: set[int]) -> Ready:
    """Say of a piece which of its units were repaired."""
    here = tuple(unit.number for unit in one.units if unit.number in differing)
    if not here:
        return one
    message = "Damaged in the document: what the piece shows is not what every reader shows of the original."
    return replace(one, changes=(*one.changes, Change(code=REPAIRED, units=here, message=message)))


def _about(surveyed: Surveyed, numbers: Sequence[int]) -> tuple[Finding, ...]:
    if not numbers:
        return ()
    message = (
        f"{len(numbers):,} {surveyed.examined.facts.unit_kind}(s) are damaged in the document. The pieces hold them "
        "repaired, and show more or other than some readers do of the original: look at them, or print the document to "
        "a new file and split that."
    )
    return (Finding(severity="error", code=REPAIRED, message=message, units=tuple(numbers)),)


def _name(surveyed: Surveyed) -> str:
    return surveyed.examined.source.name
