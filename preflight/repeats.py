"""What every piece of flowing text repeats: the headers and footers of its sections, which count in each of them.

In the document they were counted once, with the first block of their section. So pieces are read and weighed as
whoever receives them will, and where one holds more than was planned, all are planned anew with that much less room.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from preflight.fit import Fit
from preflight.fitting import Fitting
from preflight.judging import weigh
from preflight.oversize import over_with_repeated
from preflight.plan import PieceLimits
from preflight.reread import read_again
from preflight.split_rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from preflight.cutting import Bench, Piece
    from preflight.cutting_tasks import Span
    from preflight.fitting import Frame
    from preflight.judging import Weighed
    from preflight.survey import Surveyed

_ROUNDS = 6
"""Plans made at most; each leaves as much room as any piece of those before it was found to need."""


def fitted_pieces(
    surveyed: Surveyed, bench: Bench, frame: Frame, lost: Iterable[int], known: Sequence[Piece] = ()
) -> tuple[list[Piece], Fitting, dict[Span, Weighed]]:
    """Cut pieces that fit, what they repeat counted in.

    Args:
        surveyed: The document.
        bench: Where it is cut.
        frame: What stays the same while ranges are chosen.
        lost: Units that are left out.
        known: Pieces that fit, with all units; fewer are looked for then.

    Returns:
        The pieces in order (those of a single unit may be over the limit on bytes), what was learned of them, and what
        each comes to where it was read again. Tables that are over a limit with what their piece repeats are in none;
        the second value names them among those that are lost.

    Raises:
        UnitOverLimit: A unit with what its piece repeats is over a limit by itself.
        Stopped: The document cannot be cut, or a piece cannot be read.
    """
    most, left_out, repeated = PieceLimits.of(surveyed.limits), set(lost), {"tokens": 0, "words": 0}
    if known and frame.limits != most:  # what they were found to repeat
        repeated = {
            "tokens": (most.tokens or 0) - (frame.limits.tokens or 0),
            "words": (most.words or 0) - (frame.limits.words or 0),
        }
    for _ in range(_ROUNDS):
        fitting = Fitting(frame)
        fitting.lost.update(left_out)
        pieces = Fit(bench, fitting, known).pieces()
        if surveyed.examined.facts.unit_kind != "block" or (most.tokens is None and most.words is None):
            return pieces, fitting, {}
        weighed = _weighed(surveyed, pieces)
        over = [one for one in pieces if one.span in weighed and _over(weighed[one.span], most)]
        if not over:
            return pieces, fitting, weighed
        alone = [one for one in over if one.span.count == 1]
        for one in alone:
            if not rows_of(surveyed, one.span.first):
                _refuse(surveyed, one, weighed[one.span])
        left_out.update(one.span.first for one in alone)
        _learn(surveyed, [one for one in pieces if one not in alone], weighed, repeated)
        for piece in pieces:
            bench.drop(piece)
        known = ()
        frame = replace(frame, limits=_less(most, repeated))
    raise RuntimeError("pieces repeat more each time they are cut")


def _weighed(surveyed: Surveyed, pieces: Sequence[Piece]) -> dict[Span, Weighed]:
    """Read all pieces, and say what each comes to."""
    there = [(one.span, one.path, one.media_type) for one in pieces if one.path is not None]
    read = read_again(surveyed, [(path, media_type) for _, path, media_type in there])
    return {span: weigh(examined, surveyed.prepared) for (span, _, _), examined in zip(there, read, strict=True)}


def _held(weighed: Weighed) -> dict[str, int]:
    tokens = weighed.figures.tokens
    return {"tokens": tokens.high if tokens else 0, "words": sum(unit.words for unit in weighed.units)}


def _over(weighed: Weighed, most: PieceLimits) -> bool:
    held, given = _held(weighed), {"tokens": most.tokens, "words": most.words}
    return any(limit is not None and held[measure] > limit for measure, limit in given.items())


def _refuse(surveyed: Surveyed, piece: Piece, weighed: Weighed) -> None:
    held = _held(weighed)
    for limit in surveyed.limits:
        if held.get(limit.measure, 0) > limit.max:
            raise over_with_repeated(surveyed, piece.span.first, limit, held[limit.measure])


def _learn(
    surveyed: Surveyed, pieces: Sequence[Piece], weighed: Mapping[Span, Weighed], repeated: dict[str, int]
) -> None:
    """Note the most that a piece holds besides its own units."""
    for piece in pieces:
        if piece.span in weighed:
            units = surveyed.weighed.units[piece.span.first - 1 : piece.span.last]
            own = {"tokens": sum(unit.tokens.high for unit in units), "words": sum(unit.words for unit in units)}
            for measure, held in _held(weighed[piece.span]).items():
                repeated[measure] = max(repeated[measure], held - own[measure])


def _less(most: PieceLimits, repeated: Mapping[str, int]) -> PieceLimits:
    return replace(
        most,
        tokens=None if most.tokens is None else max(1, most.tokens - repeated["tokens"]),
        words=None if most.words is None else max(1, most.words - repeated["words"]),
    )
