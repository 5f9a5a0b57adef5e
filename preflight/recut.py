"""Holding what pieces show otherwise than the original against what comes out when it is cut again.

That a unit was repaired, or lost its scripts, explains that it differs from the original, and not how. Cutting is the
same each time, so the original cut again must differ from itself in the same way.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from extractors.errors import DamagedDocument
from preflight.cutting import OUTPUTS_AT_ONCE, Bench
from preflight.cutting_tasks import Span
from preflight.document import storage_error
from preflight.errors import Stopped
from preflight.problems import lies_in_document
from preflight.reading import Unread, examine_task, examined_from
from preflight.record_check import ALTERING
from preflight.repairs import repaired_units
from preflight.splitting import staged_document
from preflight.survey import places_of, print_task, printed_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from preflight.cutting import Piece
    from preflight.cutting_tasks import Printed
    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.manifest import Manifest, ManifestPiece
    from preflight.messages import Examined
    from preflight.settings import Settings

_HOW_ELSE = frozenset({"table-split", "shrunk"})
"""Changes that are judged in another way: by the rows of tables, and by how far looks differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What has to come out again for one piece.

    Attributes:
        piece: The piece.
        contents: Units whose content is as cutting makes it.
        texts: Units whose text is as cutting makes it.
    """

    piece: ManifestPiece
    contents: frozenset[int]
    texts: frozenset[int]

    @property
    def units(self) -> frozenset[int]:
        """All of them."""
        return self.contents | self.texts

    def holds(self, count: int) -> bool:
        """Whether the piece can be of a document of so many units: a forged manifest may speak of billions."""
        return 1 <= self.piece.first <= self.piece.last <= count

    @property
    def span(self) -> Span:
        """What is cut again."""
        return Span(first=self.piece.first, last=self.piece.last, rows=self.piece.rows)


def cut_otherwise(
    manifest: Manifest,
    pieces: Sequence[ManifestPiece],
    original: Document,
    read: tuple[Examined, Printed],
    settings: Settings,
    executor: Executor,
    *,
    password: str | None,
) -> tuple[int, ...]:
    """Return the units that differ from the original in another way than cutting it makes them differ.

    Args:
        manifest: The record.
        pieces: Those of its pieces that are there, each with as many units as it should have.
        original: The document.
        read: What was found in it, and its fingerprints.
        settings: How the work is done.
        executor: Where it is cut and read.
        password: Its password.

    Raises:
        Stopped: A unit cannot be cut or read again, for a reason that does not lie in the document.
        OutputError: There is no room for the pieces that are compared.
    """
    claims = [claim for piece in pieces if (claim := _claim(piece)) is not None]
    if not claims:
        return ()
    examined, printed = read
    try:
        with tempfile.TemporaryDirectory(prefix="preflight-") as folder:
            bench = Bench(
                document=original,
                source=examined.source,
                folder=Path(folder),
                settings=settings,
                executor=executor,
                password=password,
                active_content=manifest.settings.active_content,
                places=places_of(examined, printed),
            )
            likely = [claim for claim in claims if claim.holds(examined.facts.unit_count)]
            wrong = {number for claim in claims if claim not in likely for number in claim.units}
            return tuple(sorted(wrong.union(_otherwise(bench, likely))))
    except DamagedDocument:
        return tuple(sorted({number for claim in claims for number in claim.units}))
    except OSError as error:
        raise storage_error(error, "a piece to compare with") from error


def _claim(piece: ManifestPiece) -> _Claim | None:
    """Return what has to be made again of a piece; None where nothing has."""
    named = {change.code: set[int]() for change in piece.changes}
    for change in piece.changes:
        named[change.code].update(change.units)
    altered = {number for code, units in named.items() if code in ALTERING - _HOW_ELSE for number in units}
    repaired, shrunk = repaired_units(piece), named.get("shrunk", set())
    differing = {unit.number for unit in piece.units if piece.rows is not None or unit.original is not None}
    contents = frozenset(altered & (differing | repaired) - shrunk)
    texts = frozenset(unit.number for unit in piece.units if unit.number in repaired)
    return _Claim(piece=piece, contents=contents, texts=texts) if contents or texts else None


def _otherwise(bench: Bench, claims: Sequence[_Claim]) -> Iterator[int]:
    """Cut so many spans at a time that they need little room, each only once, whatever a manifest says."""
    by_span: dict[Span, list[_Claim]] = {}
    for claim in claims:
        by_span.setdefault(claim.span, []).append(claim)
    distinct = list(by_span)
    for at in range(0, len(distinct), OUTPUTS_AT_ONCE):
        spans = distinct[at : at + OUTPUTS_AT_ONCE]
        again = _cut(bench, spans)
        yield from _compared(bench, [claim for span in spans for claim in by_span[span]], again)
        for piece in again.values():
            bench.drop(piece)


def _cut(bench: Bench, spans: Sequence[Span]) -> dict[Span, Piece]:
    """Cut spans; those are missing that the document does not let be cut.

    Raises:
        Stopped: One could not be cut for another reason.
    """
    try:
        again = bench.cut(spans, dict.fromkeys(spans))
    except Stopped as error:
        if not lies_in_document(error.problem):
            raise
        again = {} if len(spans) == 1 else {one: piece for span in spans for one, piece in _cut(bench, [span]).items()}
    for span in spans:
        crashed = [number for number in bench.crashed if span.first <= number <= span.last]
        if span not in again and crashed:
            raise Stopped(bench.crashed[crashed[0]])
    return again


def _compared(bench: Bench, claims: Sequence[_Claim], again: Mapping[Span, Piece]) -> Iterator[int]:
    there = [(claim, again[claim.span]) for claim in claims if claim.span in again]
    for claim in claims:
        if claim.span not in again:
            yield from claim.units
    prints, texts = _prints(bench, [piece for _, piece in there]), _texts(bench, there)
    for key, (claim, _) in enumerate(there):
        yield from _wrong(claim.contents, {unit.number: unit.content for unit in claim.piece.units}, prints[key])
        yield from _wrong(claim.texts, {unit.number: unit.text for unit in claim.piece.units}, texts.get(key, ()))


def _wrong(claimed: frozenset[int], stated: Mapping[int, str], real: Sequence[str]) -> Iterator[int]:
    made = dict(zip(stated, real, strict=False)) if len(stated) == len(real) else {}
    for number in claimed:
        if made.get(number) != stated.get(number):
            yield number


def _prints(bench: Bench, pieces: Sequence[Piece]) -> dict[int, tuple[str, ...]]:
    tasks = [print_task(_document(piece), bench.settings, key=key) for key, piece in enumerate(pieces)]
    return {one.key: printed_from(one).prints for one in bench.executor.run(tasks)}


def _texts(bench: Bench, there: Sequence[tuple[_Claim, Piece]]) -> dict[int, tuple[str, ...]]:
    documents = {key: _document(piece) for key, (claim, piece) in enumerate(there) if claim.texts}
    tasks = [
        examine_task(document, bench.settings, key=key, encodings=(), prints=True, look=False)
        for key, document in documents.items()
    ]
    found = {}
    for outcome in bench.executor.run(tasks, lambda _key, _event: None):
        examined = examined_from(outcome, documents[outcome.key], None)
        if isinstance(examined, Unread) and not lies_in_document(examined.problem):
            raise Stopped(examined.problem)
        found[outcome.key] = () if isinstance(examined, Unread) else examined.prints
    return found


def _document(piece: Piece) -> Document:
    if piece.path is None:
        raise RuntimeError("a piece without a limit is never thrown away")
    return staged_document(piece.path, piece.media_type)
