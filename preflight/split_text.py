"""Pieces that are text, units whole where possible, with OCR where it is needed; and text beside other pieces."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from extractors.facts import DocumentFacts, Origin, Source, UnitFacts, UnitKind
from preflight.cutting_tasks import Span
from preflight.divide import divide
from preflight.document import storage_error
from preflight.errors import Stopped, UnitOverLimit
from preflight.fingerprints import text_print
from preflight.fitting import MARGINS
from preflight.judging import boundaries, weigh
from preflight.manifest import ManifestUnit, Quarantined
from preflight.messages import Examined
from preflight.plan import Boundary, PieceLimits, make_plan
from preflight.splitting import TEXT_TYPES, Ready, staged_document
from preflight.textual import document_text, write_text, write_units
from preflight.tokens import measure_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from extractors.facts import Finding, UnitText
    from preflight.judging import Weighed
    from preflight.model import Plan
    from preflight.reading import Progress
    from preflight.survey import Surveyed
    from preflight.textual import DocumentText

_MOST_ROUNDS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    """Text of a unit, or of a part of one."""

    number: int
    text: str
    ocr: bool
    part: int | None = None
    parts: int | None = None

    @property
    def data(self) -> bytes:
        return self.text.encode()


def text_pieces(
    surveyed: Surveyed, folder: Path, on_progress: Progress | None = None
) -> tuple[list[Ready], list[Quarantined], tuple[Finding, ...], str]:
    """Write a document's text as pieces that fit.

    Returns:
        The pieces in order, the units that are in none, what is to be told, and the OCR engine used.

    Raises:
        Stopped: The document cannot be read, or OCR cannot be done at all.
        UnitOverLimit: Not even one character fits.
    """
    text = _text_of(surveyed, on_progress)
    form, bad = surveyed.options.form, surveyed.bad
    whole = [_chunk(unit, words) for unit, words in zip(text.units, write_units(text, form), strict=True)]
    chunks = _divided(surveyed, [chunk for chunk in whole if chunk.number not in bad])
    ready = []
    for place, (first, last) in enumerate(_planned(surveyed, chunks)):
        ready.append(_written(surveyed, chunks[first:last], folder / f"text-{place:06}"))
    quarantined = [Quarantined(number=number, code="unreadable", message=bad[number]) for number in sorted(bad)]
    return ready, quarantined, _told(text), _engine(surveyed, text)


def with_texts(
    ready: Sequence[Ready], surveyed: Surveyed, on_progress: Progress | None = None
) -> tuple[list[Ready], tuple[Finding, ...], str]:
    """Give pieces their text, to lie beside them; pieces that are plain text need none.

    Returns:
        The pieces, what is to be told, and the OCR engine used.

    Raises:
        Stopped: The document cannot be read, or OCR cannot be done at all.
    """
    if surveyed.media_type == TEXT_TYPES["text"]:
        return list(ready), (), ""
    text = _text_of(surveyed, on_progress)
    by_number = {unit.number: unit for unit in text.units}
    done = []
    for one in ready:
        if one.span.rows is not None:
            part = _text_of(surveyed, None, piece=one)
        else:
            part = replace(text, units=tuple(by_number[unit.number] for unit in one.units))
        done.append(replace(one, text=write_text(part, "text")))
    return done, _told(text), _engine(surveyed, text)


def _text_of(surveyed: Surveyed, on_progress: Progress | None, piece: Ready | None = None) -> DocumentText:
    options = surveyed.options
    text = document_text(
        staged_document(piece.path, piece.media_type) if piece else surveyed.document,
        surveyed.settings,
        surveyed.executor,
        ocr=options.ocr,
        password=None if piece else options.password,
        on_progress=on_progress,
        known=surveyed.examined.facts if surveyed.counted and not piece else None,
    )
    if text.problem is not None:
        raise Stopped(text.problem)
    return text


def _told(text: DocumentText) -> tuple[Finding, ...]:
    return tuple(finding for finding in text.findings if finding.code.startswith("ocr-"))


def _engine(surveyed: Surveyed, text: DocumentText) -> str:
    return f"{text.engine}, {'+'.join(surveyed.settings.languages)}" if text.engine else ""


def _chunk(unit: UnitText, words: str) -> _Chunk:
    return _Chunk(number=unit.number, text=words, ocr=any(part.origin is Origin.OCR for part in unit.parts))


def _divided(surveyed: Surveyed, chunks: list[_Chunk]) -> list[_Chunk]:
    """Divide what is too long for a piece by itself.

    Raises:
        UnitOverLimit: Not even one character fits.
    """
    for _ in range(_MOST_ROUNDS):
        weighed = _weighed(surveyed, [chunk.text for chunk in chunks])
        oversize = set(_plan(surveyed, weighed).oversize)
        if not oversize:
            return _numbered(chunks)
        divided: list[_Chunk] = []
        for place, chunk in enumerate(chunks, start=1):
            divided += _parts(surveyed, chunk, _times(surveyed, weighed, place)) if place in oversize else [chunk]
        chunks = divided
    raise _too_tight(surveyed, chunks[0].number)


def _parts(surveyed: Surveyed, chunk: _Chunk, parts: int) -> list[_Chunk]:
    found = divide(chunk.text, parts)
    if len(found) < 2:
        raise _too_tight(surveyed, chunk.number)
    return [replace(chunk, text=text) for text in found]


def _too_tight(surveyed: Surveyed, number: int) -> UnitOverLimit:
    most = PieceLimits.of(surveyed.limits)
    given = {"bytes": most.bytes, "tokens": most.tokens, "words": most.words, "seconds": most.seconds}
    named = ", ".join(f"{value:,} {measure}" for measure, value in given.items() if value is not None)
    kind = surveyed.examined.facts.unit_kind
    message = f"Not even one character of {kind} {number:,} fits into a piece of {named}. Raise the limits."
    return UnitOverLimit(message, unit=number)


def _times(surveyed: Surveyed, weighed: Weighed, place: int) -> int:
    """How many times over the limits a chunk is, at least 2."""
    unit, most = weighed.units[place - 1], PieceLimits.of(surveyed.limits)
    pairs = ((unit.bytes, most.bytes), (unit.tokens.high, most.tokens), (unit.words, most.words))
    return max(2, *(-(-value // max(1, limit)) for value, limit in pairs if limit is not None))


def _numbered(chunks: Sequence[_Chunk]) -> list[_Chunk]:
    """Say of chunks of one unit which part of it they are."""
    totals: dict[int, int] = {}
    for chunk in chunks:
        totals[chunk.number] = totals.get(chunk.number, 0) + 1
    counters = {number: count(1) for number in totals}
    return [
        replace(chunk, part=next(counters[chunk.number]), parts=totals[chunk.number])
        if totals[chunk.number] > 1
        else chunk
        for chunk in chunks
    ]


def _planned(surveyed: Surveyed, chunks: Sequence[_Chunk]) -> list[tuple[int, int]]:
    """Return the pieces as ranges of chunks. A text may count more tokens than its parts, so pieces are counted."""
    weighed = _weighed(surveyed, [chunk.text for chunk in chunks])
    starts = {chunk.number: place for place, chunk in reversed(list(enumerate(chunks, start=1)))}
    natural = [
        Boundary(before=starts[one.before], level=one.level, title=one.title)
        for one in boundaries(surveyed.examined.facts)
        if one.before in starts
    ]
    pages = surveyed.examined.facts.unit_kind != "block"
    for margin in MARGINS:
        plan = _plan(surveyed, weighed, natural, margin=margin, pages=pages)
        ranges = [(piece.first - 1, piece.last) for piece in plan.pieces]
        whole = _weighed(surveyed, ["".join(chunk.text for chunk in chunks[first:last]) for first, last in ranges])
        if not _plan(surveyed, whole).oversize:
            return ranges
    raise _too_tight(surveyed, chunks[0].number)


def _plan(
    surveyed: Surveyed, weighed: Weighed, natural: Sequence[Boundary] = (), *, margin: float = 0.0, pages: bool = False
) -> Plan:
    limits, target = PieceLimits.of(surveyed.limits), surveyed.prepared.target
    if limits.tokens is not None:
        limits = replace(limits, tokens=int(limits.tokens * (1 - margin)))
    return make_plan(
        weighed.units,
        limits,
        boundaries=natural,
        overhead_seconds=target.rate.request[2] if target and target.rate else 0.0,
        page_units=pages,
    )


def _weighed(surveyed: Surveyed, texts: Sequence[str]) -> Weighed:
    """Say what texts come to at the target."""
    media_type = TEXT_TYPES[surveyed.options.form]
    sizes = [len(text.encode()) for text in texts]
    units = tuple(
        UnitFacts(number=number, kind=UnitKind.TEXT, stored_bytes=size) for number, size in enumerate(sizes, start=1)
    )
    examined = Examined(
        source=Source(name="", size_bytes=sum(sizes), sha256="", media_type=media_type),
        facts=DocumentFacts(unit_kind="block", unit_count=len(units), units=units),
        measures=measure_all(list(enumerate(texts, start=1)), surveyed.prepared.encodings),
    )
    return weigh(examined, surveyed.prepared)


def _written(surveyed: Surveyed, chunks: Sequence[_Chunk], path: Path) -> Ready:
    data = b"".join(chunk.data for chunk in chunks)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise storage_error(error, "a piece") from error
    weighed = _weighed(surveyed, [data.decode()])
    return Ready(
        span=Span(first=chunks[0].number, last=chunks[-1].number),
        path=path,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=TEXT_TYPES[surveyed.options.form],
        units=tuple(_unit(chunk) for chunk in chunks),
        tokens=weighed.figures.tokens,
        seconds=weighed.figures.seconds,
        words=weighed.units[0].words,
        images=weighed.units[0].images,
    )


def _unit(chunk: _Chunk) -> ManifestUnit:
    data = chunk.data
    return ManifestUnit(
        number=chunk.number,
        content=hashlib.sha256(data).hexdigest(),
        text=text_print(chunk.text),
        part=chunk.part,
        parts=chunk.parts,
        size_bytes=len(data),
        ocr=chunk.ocr or None,
    )
