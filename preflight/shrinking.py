"""Units too large alone: their images made smaller, just enough; then they are units like all others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from extractors.registry import JPEG, PNG
from preflight.case import TargetView
from preflight.estimate import resized
from preflight.judging import limits_for
from preflight.looks import compare_task, compared, still_the_same
from preflight.oversize import over_bytes
from preflight.shrink import steps_for
from preflight.splitting import staged_document

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from extractors.base import ShrinkStep
    from preflight.cutting import Bench, Piece
    from preflight.cutting_tasks import Span
    from preflight.fitting import Fitting, Frame
    from preflight.problems import Problem
    from preflight.survey import Surveyed


def with_smaller_images(surveyed: Surveyed, bench: Bench, fitting: Fitting, pieces: Sequence[Piece]) -> list[Piece]:
    """Make the images of each unit that is too large alone smaller, just enough; ``bench.smaller`` says how far.

    Args:
        surveyed: The document.
        bench: Where it is cut.
        fitting: What is known of its pieces.
        pieces: Pieces in order; those without a file hold one unit that is too large.

    Returns:
        The pieces, all of which fit; without units that nobody can compare, which ``bench.bad`` names then.

    Raises:
        UnitOverLimit: That is not allowed, not enough, or nobody could read it any more.
    """
    large = [piece for piece in pieces if piece.path is None]
    if surveyed.options.shrink == "never":
        raise over_bytes(surveyed, large[0])
    made: dict[Span, Piece] = {}
    for steps, spans in _alike(surveyed, large).items():
        most = {span: fitting.frame.room((span.first, span.last)) for span in spans}
        made |= bench.cut(spans, most, steps=steps)
    for piece in large:
        smaller = made.get(piece.span)
        if smaller is None or smaller.path is None:
            raise over_bytes(surveyed, piece, smaller)
    unknown, differing = _unrecognizable(surveyed, list(made.values()))
    for piece in large:
        if piece.span.first in differing:
            raise over_bytes(surveyed, piece, made[piece.span])
    for piece in [one for one in made.values() if one.span.first in unknown]:
        bench.drop(made.pop(piece.span))
    bench.bad |= unknown
    bench.smaller |= {span.first: piece.step for span, piece in made.items() if piece.step is not None}
    return [made.get(piece.span, piece) for piece in pieces if piece.span.first not in unknown]


def smaller_frame(frame: Frame, pieces: Sequence[Piece], smaller: Collection[int]) -> Frame:
    """Return what a document is to be planned by once images of some units are smaller."""
    sizes = {piece.span.first: piece.size_bytes for piece in pieces if piece.span.first in smaller}
    units = [
        resized(unit, max(1, sizes[unit.number] - frame.shared_bytes), frame.rate) if unit.number in sizes else unit
        for unit in frame.units
    ]
    return replace(frame, units=units, whole_bytes=sum(piece.size_bytes for piece in pieces))


def _alike(surveyed: Surveyed, large: Sequence[Piece]) -> dict[tuple[ShrinkStep, ...], list[Span]]:
    """Group units by the steps to try."""
    found: dict[tuple[ShrinkStep, ...], list[Span]] = {}
    for piece in large:
        unit = surveyed.examined.facts.units[piece.span.first - 1]
        steps = steps_for(unit, png=surveyed.media_type == PNG, jpeg=_may_be_jpeg(surveyed))
        found.setdefault(steps, []).append(piece.span)
    return found


def _may_be_jpeg(surveyed: Surveyed) -> bool:
    """Whether a JPEG is taken, under the same limits."""
    prepared = surveyed.prepared
    if limits_for(prepared, JPEG) != surveyed.limits:
        return False
    return prepared.target is None or TargetView.of(prepared.target, JPEG).sees not in {None, "refused"}


def _unrecognizable(surveyed: Surveyed, made: Sequence[Piece]) -> tuple[dict[int, str], set[int]]:
    """Return units that cannot be compared, with the reason, and those that do not look the same any more.

    Nothing is sent that nobody can read.
    """
    tasks = [
        compare_task(
            surveyed.document,
            [staged_document(piece.path, piece.media_type)],
            [[(piece.span.first, 1)]],
            surveyed.settings,
            key=key,
            password=surveyed.options.password,
        )
        for key, piece in enumerate(made)
        if piece.path is not None
    ]
    unknown: dict[int, str] = {}

    def hear(key: int, problem: Problem) -> None:
        unknown[made[key].span.first] = f"Made smaller it cannot be compared: {problem.detail}"

    seen = compared(surveyed.executor, tasks, hear)
    unknown |= {one.number: f"Made smaller it cannot be compared: {one.error}." for one in seen if one.error}
    return unknown, {one.number for one in seen if not one.error and not still_the_same(one)}
