"""Pieces that are documents of the same kind: cut, measured, made smaller where one unit alone is too large."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from extractors.errors import DamagedDocument
from preflight.cutting import Bench
from preflight.errors import Stopped
from preflight.estimate import rate_of, server_seconds
from preflight.fitting import Frame
from preflight.judging import boundaries
from preflight.manifest import ManifestUnit, Quarantined
from preflight.model import Range
from preflight.oversize import over_limit, too_long_alone
from preflight.plan import PieceLimits
from preflight.proof import proven_pieces
from preflight.repeats import fitted_pieces
from preflight.shrinking import smaller_frame, with_smaller_images
from preflight.split_rows import row_pieces, rows_of
from preflight.splitting import Ready

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from extractors.facts import Finding
    from preflight.cutting import Piece
    from preflight.judging import Weighed
    from preflight.model import UnitEstimate
    from preflight.reading import Progress
    from preflight.survey import Surveyed

_SHARED = 0.25
"""Of the byte limit that parts in every piece may take before embedded fonts are left out."""


def document_pieces(
    surveyed: Surveyed, folder: Path, on_progress: Progress | None = None
) -> tuple[list[Ready], list[Quarantined], tuple[Finding, ...]]:
    """Cut a document into pieces that fit.

    Args:
        surveyed: The document.
        folder: Where the pieces are written, under names of no meaning.
        on_progress: Takes a stage and a count.

    Returns:
        The pieces in order, the units that are in none, and what is to be told.

    Units that are made smaller are planned anew with all others then, so that none stands alone without need.

    Raises:
        Stopped: The document cannot be cut.
        UnitOverLimit: A unit alone is over a limit, and nothing helps.
    """
    bench = _bench(surveyed, folder, on_progress)
    by_rows = _tables_to_divide(surveyed)
    pieces, fitting, weighed = fitted_pieces(surveyed, bench, frame_of(surveyed), {*bench.bad, *by_rows})
    by_rows |= fitting.lost - bench.bad.keys()
    by_rows |= {one.span.first for one in pieces if one.path is None and rows_of(surveyed, one.span.first)}
    pieces = [one for one in pieces if one.span.first not in by_rows]
    if any(one.path is None for one in pieces):
        pieces = with_smaller_images(surveyed, bench, fitting, pieces)
        frame = smaller_frame(fitting.frame, pieces, bench.smaller)
        pieces, fitting, weighed = fitted_pieces(surveyed, bench, frame, {*bench.bad, *by_rows}, pieces)
        by_rows |= fitting.lost - bench.bad.keys()
    fitted = [_as_read(_ready(surveyed, [one])[0], weighed.get(one.span)) for one in pieces]
    for number in sorted(by_rows - bench.bad.keys()):
        fitted += row_pieces(surveyed, bench, number, fitting.frame.room((number, number)))
    if not fitted and bench.killed is not None:  # nothing is known of the document
        raise Stopped(bench.killed)
    if not fitted:
        raise DamagedDocument(
            f"Not one {surveyed.examined.facts.unit_kind} can be carried over into a piece: "
            f"{next(iter(bench.bad.values()))}"
        )
    fitted.sort(key=lambda one: (one.span.first, one.span.rows or (0, 0)))
    proven, findings = proven_pieces(surveyed, fitted, lossy=bool(bench.bad), mended=bench.mended)
    return proven, [_quarantined(surveyed, number, bench.bad[number]) for number in sorted(bench.bad)], findings


def _quarantined(surveyed: Surveyed, number: int, why: str) -> Quarantined:
    code = "unreadable" if number in surveyed.bad else "not-cut"
    return Quarantined(number=number, code=code, message=why)


def _bench(surveyed: Surveyed, folder: Path, on_progress: Progress | None) -> Bench:
    return Bench(
        document=surveyed.document,
        source=surveyed.examined.source,
        folder=folder,
        settings=surveyed.settings,
        executor=surveyed.executor,
        password=surveyed.options.password,
        active_content=surveyed.options.active_content,
        drop_fonts=_fonts_go(surveyed),
        places=surveyed.places,
        bad=dict(surveyed.bad),
        on_progress=on_progress,
    )


def _fonts_go(surveyed: Surveyed) -> bool:
    """Whether pieces of flowing text do without embedded fonts: they would carry little but what all of them share."""
    most, facts = PieceLimits.of(surveyed.limits).bytes, surveyed.examined.facts
    if most is None or facts.unit_kind != "block" or surveyed.examined.source.size_bytes <= most:
        return False
    return facts.shared_bytes > most * _SHARED


def frame_of(surveyed: Surveyed) -> Frame:
    """Return what stays the same while the ranges of a document are chosen."""
    facts, target = surveyed.examined.facts, surveyed.prepared.target
    return Frame(
        units=surveyed.weighed.units,
        limits=PieceLimits.of(surveyed.limits),
        boundaries=boundaries(facts),
        shared_bytes=facts.shared_bytes,
        whole_bytes=surveyed.examined.source.size_bytes,
        page_units=facts.unit_kind != "block",
        rate=rate_of(target, facts.unit_kind),
    )


def _tables_to_divide(surveyed: Surveyed) -> set[int]:
    """Return tables that are over a limit by themselves.

    Raises:
        UnitOverLimit: Something else than a table is.
    """
    found = set()
    for number, limit in too_long_alone(surveyed):
        if number in surveyed.bad:
            continue
        if not rows_of(surveyed, number):
            raise over_limit(surveyed, number, limit)
        found.add(number)
    return found


def _ready(surveyed: Surveyed, pieces: Sequence[Piece]) -> list[Ready]:
    """Say of pieces what the manifest says."""
    rate = rate_of(surveyed.prepared.target, surveyed.examined.facts.unit_kind)
    ready = []
    for piece in pieces:
        if piece.path is None:
            raise RuntimeError("a piece without a file cannot be ready")
        numbers = range(piece.span.first, piece.span.last + 1)
        units = [surveyed.weighed.units[number - 1] for number in numbers]
        ready.append(
            Ready(
                span=piece.span,
                path=piece.path,
                size_bytes=piece.size_bytes,
                sha256=piece.sha256,
                media_type=piece.media_type,
                units=tuple(_unit(surveyed, number) for number in numbers),
                changes=piece.changes,
                tokens=_tokens(surveyed, units),
                seconds=server_seconds(units, rate, piece.size_bytes),
                words=sum(unit.words for unit in units),
                images=sum(unit.images for unit in units),
            )
        )
    return ready


def _as_read(one: Ready, weighed: Weighed | None) -> Ready:
    """Give a piece the figures it was found to have when it was read again."""
    if weighed is None:
        return one
    words = sum(unit.words for unit in weighed.units)
    images = sum(unit.images for unit in weighed.units)
    return replace(one, tokens=weighed.figures.tokens, seconds=weighed.figures.seconds, words=words, images=images)


def _unit(surveyed: Surveyed, number: int) -> ManifestUnit:
    prints = surveyed.examined.prints
    return ManifestUnit(number=number, content=surveyed.prints.get(number, ""), text=prints[number - 1])


def _tokens(surveyed: Surveyed, units: Sequence[UnitEstimate]) -> Range | None:
    if surveyed.weighed.figures.tokens is None or not surveyed.counted:
        return None
    return sum((unit.tokens for unit in units), Range(low=0, likely=0, high=0))
