"""Whether a manifest is sound in itself: every unit once and in order, every piece within every limit. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from extractors.clean import safe_label
from preflight.names import is_plain_name
from preflight.plan import PieceLimits
from preflight.wording import amount, named_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from extractors.base import Change
    from preflight.manifest import Manifest, ManifestPiece
    from preflight.model import Measure


ALTERING = frozenset({
    "shrunk", "repaired", "re-encoded", "active-content-stripped", "page-attachments-dropped", "missing-parts-dropped",
    "damaged-parts-dropped", "signature-dropped", "signatures-invalidated", "fields-locked", "table-split",
})  # fmt: skip
"""Changes that may alter what a unit shows; no other explains a difference of content."""
_MOST_NAMED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """Something that is not as it should be.

    Attributes:
        code: Stable slug.
        message: One sentence for people.
        piece: File name of the piece it is about, safe to print; None for the whole.
        units: Numbers of the units it is about.
    """

    code: str
    message: str
    piece: str | None = None
    units: tuple[int, ...] = ()


def altered_rows(changes: Iterable[Change]) -> set[int]:
    """Return the tables whose rows a change may have altered: that a table was cut by rows alters none."""
    codes = ALTERING - {"table-split"}
    return {number for change in changes if change.code in codes for number in change.units}


def check_record(manifest: Manifest, *, sealed: bool) -> Iterator[Discrepancy]:
    """Yield what is wrong with a manifest, whatever the files are like."""
    if not sealed:
        yield Discrepancy(code="manifest-changed", message="The manifest was changed after it was written.")
    yield from _names(manifest)
    for piece in manifest.pieces:
        yield from _inside(manifest, piece)
        yield from _altered(manifest, piece)
    yield from _order(manifest)
    yield from _parts(manifest)
    yield from _limits(manifest)


def shown(name: str) -> str:
    """A file name out of a manifest, safe to print."""
    return safe_label(name, 300) or "?"


def _names(manifest: Manifest) -> Iterator[Discrepancy]:
    seen: set[str] = set()
    for name in manifest.file_names():
        if not is_plain_name(name):
            yield Discrepancy(code="name-not-allowed", message=f"{shown(name)!r} is no name of a file beside it.")
        elif name in seen:
            yield Discrepancy(code="name-twice", message=f"{shown(name)} is named twice.")
        seen.add(name)
    if [piece.index for piece in manifest.pieces] != list(range(1, len(manifest.pieces) + 1)):
        yield Discrepancy(code="index-wrong", message="The pieces are not numbered from 1 in order.")


def _inside(manifest: Manifest, piece: ManifestPiece) -> Iterator[Discrepancy]:
    numbers = [unit.number for unit in piece.units]
    parted = [unit for unit in piece.units if unit.part is not None]
    # Left-out units of text leave gaps inside a piece; of documents they end it.
    gone = {one.number for one in manifest.quarantined} if manifest.settings.form != "document" else set()
    expected = (number for number in range(piece.first, piece.last + 1) if number not in gone)
    distinct = list(dict.fromkeys(numbers))
    wanted = list(islice(expected, len(distinct) + 1))  # a forged manifest may speak of billions
    if distinct != wanted or (len(distinct) != len(numbers) and not parted):
        name = shown(piece.name)
        message = f"{name} is said to hold {piece.first} to {piece.last}, but lists other units."
        yield Discrepancy(code="units-not-listed", message=message, piece=name)


def _altered(manifest: Manifest, piece: ManifestPiece) -> Iterator[Discrepancy]:
    """What is not as in the source must be named by a change that can be why; only tables and text come in parts."""
    named = {number for change in piece.changes if change.code in ALTERING for number in change.units}
    other = tuple(
        unit.number
        for unit in piece.units
        if unit.original not in {None, unit.content} and unit.part is None and unit.number not in named
    )
    name = shown(piece.name)
    if other:
        message = f"{name}: {named_units(manifest.unit_kind, other)} differ from the source, and no change says why."
        yield Discrepancy(code="content-unexplained", message=message, piece=name, units=other)
    parted = piece.rows is not None or any(unit.part is not None for unit in piece.units)
    if parted and manifest.settings.form == "document" and manifest.unit_kind != "block":
        message = f"{name} is said to hold parts of a {manifest.unit_kind}, which is never cut."
        yield Discrepancy(code="parts-missing", message=message, piece=name)


def _order(manifest: Manifest) -> Iterator[Discrepancy]:
    kind = manifest.unit_kind
    found = [unit for piece in manifest.pieces for unit in piece.units]
    gone = [one.number for one in manifest.quarantined]
    firsts = [unit.number for unit in found if unit.part in {None, 1}]
    present = set(firsts)
    known = present.union(gone)
    absent = (number for number in range(1, manifest.unit_count + 1) if number not in known)
    missing = tuple(islice(absent, _MOST_NAMED))
    if missing:
        more = manifest.unit_count - sum(1 <= number <= manifest.unit_count for number in known) - len(missing)
        message = f"In no piece: {named_units(kind, missing)}{f' and {more:,} more' if more else ''}."
        yield Discrepancy(code="units-missing", message=message, units=missing)
    twice = tuple(sorted(number for number, times in Counter(firsts).items() if times > 1))
    if twice:
        message = f"In more than one piece: {named_units(kind, twice)}."
        yield Discrepancy(code="units-twice", message=message, units=twice)
    strange = tuple(sorted(number for number in present if not 1 <= number <= manifest.unit_count))
    if strange or present.intersection(gone):
        units = (*strange, *sorted(present.intersection(gone)))
        message = f"In a piece, but not in the document or said to be left out: {named_units(kind, units)}."
        yield Discrepancy(code="units-unknown", message=message, units=units)
    numbers = [unit.number for unit in found]
    if numbers != sorted(numbers):
        yield Discrepancy(code="order-wrong", message=f"The {kind}s are not in the order of the source.")


def _parts(manifest: Manifest) -> Iterator[Discrepancy]:
    """Of a unit cut into several parts, all must be there, in order, and the rows of a table must follow each other."""
    parts: dict[int, list[tuple[int | None, int | None]]] = {}
    rows: dict[int, list[tuple[int, int]]] = {}
    for piece in manifest.pieces:
        if piece.rows is not None:
            rows.setdefault(piece.first, []).append(piece.rows)
        for unit in piece.units:
            if unit.part is not None:
                parts.setdefault(unit.number, []).append((unit.part, unit.parts))
    for number, found in parts.items():
        if found != [(part, len(found)) for part in range(1, len(found) + 1)]:
            message = f"{named_units(manifest.unit_kind, (number,))} is cut into parts, and not all of them are there."
            yield Discrepancy(code="parts-missing", message=message, units=(number,))
    for number, spans in rows.items():
        ends = [0, *(last for _, last in spans)]
        if any(first != end + 1 or last < first for (first, last), end in zip(spans, ends, strict=False)):
            message = f"The rows of the table in block {number} do not follow each other."
            yield Discrepancy(code="rows-missing", message=message, units=(number,))


def _limits(manifest: Manifest) -> Iterator[Discrepancy]:
    most = PieceLimits.of(manifest.settings.limits_used)
    given = manifest.settings.limits
    if (most.bytes, most.pages, most.tokens, most.seconds, most.words, most.images) != (
        given.bytes, given.pages, given.tokens, given.seconds, given.words, given.images,
    ):  # fmt: skip
        yield Discrepancy(code="limits-differ", message="The limits are not those that the sources in it give.")
    for piece in manifest.pieces:
        pages = len(piece.units) if manifest.unit_kind != "block" else 0
        values: tuple[tuple[Measure, float | None, float | None], ...] = (
            ("bytes", piece.size_bytes, given.bytes),
            ("pages", pages, given.pages),
            ("tokens", piece.tokens.high if piece.tokens else None, given.tokens),
            ("seconds", piece.seconds.high if piece.seconds else None, given.seconds),
            ("words", piece.words, given.words),
            ("images", piece.images, given.images),
        )
        for measure, value, limit in values:
            if value is not None and limit is not None and value > limit:
                name = shown(piece.name)
                message = f"{name} has {amount(measure, value)}; {amount(measure, limit)} are allowed."
                yield Discrepancy(code="over-limit", message=message, piece=name)
