"""Units that are over a limit all by themselves, in words that say what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.case import TargetView
from preflight.errors import UnitOverLimit
from preflight.limits import raw_bytes_max
from preflight.margins import Measured, read_limits
from preflight.remedies import remedy_alone
from preflight.wording import amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from preflight.cutting import Piece
    from preflight.margins import Reading
    from preflight.model import Limit
    from preflight.survey import Surveyed


def readings_of(surveyed: Surveyed) -> tuple[Reading, ...]:
    """Hold the document against the limits on its pieces."""
    examined, weighed = surveyed.examined, surveyed.weighed
    return read_limits(
        surveyed.limits,
        Measured(
            size_bytes=examined.source.size_bytes,
            facts=examined.facts,
            estimate=weighed.figures,
            units=weighed.units,
        ),
    )


def too_long_alone(surveyed: Surveyed) -> Iterator[tuple[int, Limit]]:
    """Yield units over a limit by themselves that is known before anything is cut: any but the one on bytes."""
    for reading in readings_of(surveyed):
        if reading.limit.measure != "bytes":
            for number in reading.alone:
                yield number, reading.limit


def over_limit(surveyed: Surveyed, number: int, limit: Limit) -> UnitOverLimit:
    """Return the failure for a unit that is over a limit other than the one on bytes."""
    remedy = remedy_alone(limit.measure, takes_text=_takes_text(surveyed))
    raised = ", or raise the limit" if limit.by == "user" and "raise" not in remedy else ""
    return UnitOverLimit(
        f"{_named(surveyed, number)} alone has more than the {_allowed(limit)}. {remedy}{raised}.", unit=number
    )


def over_with_repeated(surveyed: Surveyed, number: int, limit: Limit, held: int) -> UnitOverLimit:
    """Return the failure for a unit that is over a limit with the headers and footers that its piece repeats."""
    remedy = remedy_alone(limit.measure, takes_text=_takes_text(surveyed))
    return UnitOverLimit(
        f"{_named(surveyed, number)} with the headers and footers of its section, which every piece repeats, has "
        f"{amount(limit.measure, held)}: more than the {_allowed(limit)}. {remedy}.",
        unit=number,
    )


def over_bytes(surveyed: Surveyed, piece: Piece, tried: Piece | None = None) -> UnitOverLimit:
    """Return the failure for a unit that is over the limit on bytes whatever was done.

    Args:
        surveyed: The document.
        piece: A piece with this unit alone, as it is.
        tried: What it came to with its images made smaller; with a path, it was small enough and looked different.
    """
    number, size = piece.span.first, piece.size_bytes
    limit = tightest_on_bytes(surveyed.limits)
    most = f"the {_allowed(limit)}" if limit else "the time limit allows"
    done = _mostly((tried or piece).heaviest, (tried or piece).size_bytes)
    remedy = remedy_alone("bytes", takes_text=_takes_text(surveyed))
    left = [change.message for change in tried.changes if change.code == "images-left"] if tried else []
    if surveyed.options.shrink == "never" and surveyed.examined.facts.units[number - 1].image_count:
        remedy = f"Allow its images to be made smaller (--shrink auto). {remedy}"
    elif tried and tried.path is not None:
        remedy = f"With its images small enough for that it would no longer look the same. {remedy}"
    elif tried and tried.size_bytes < size:
        images = surveyed.examined.facts.units[number - 1].image_count
        how = "with its images as small as OCR can do with" if images else "without embedded fonts"
        done = f", and still {amount('bytes', tried.size_bytes)} {how}{done}"
    elif left:
        remedy = f"{left[0]} {remedy}"
    elif tried and surveyed.examined.facts.units[number - 1].image_count:
        remedy = f"Its images are as small already as OCR can do with. {remedy}"
    return UnitOverLimit(
        f"{_named(surveyed, number)} alone has {amount('bytes', size)}{done}: more than {most}. {remedy}.", unit=number
    )


def _mostly(heaviest: tuple[str, int] | None, size: int) -> str:
    """Say what weighs most, where that is half of it or more, and not its pictures or its text."""
    if heaviest is None or heaviest[1] < size / 2 or heaviest[0] in {"its pictures", "its text"}:
        return ""
    return f", of which {amount('bytes', heaviest[1])} are {heaviest[0]}, which every piece carries"


def tightest_on_bytes(limits: Sequence[Limit]) -> Limit | None:
    """Return the limit on bytes that leaves the smallest file."""
    return min((limit for limit in limits if limit.measure == "bytes"), key=raw_bytes_max, default=None)


def _takes_text(surveyed: Surveyed) -> bool:
    target = surveyed.prepared.target
    return target is None or TargetView.of(target, surveyed.examined.source.media_type).takes_text


def _named(surveyed: Surveyed, number: int) -> str:
    return f"{surveyed.examined.facts.unit_kind} {number:,}".capitalize()


def _allowed(limit: Limit) -> str:
    most = amount(limit.measure, raw_bytes_max(limit) if limit.measure == "bytes" else limit.max)
    return f"{most} {'you allow' if limit.by == 'user' else f'{limit.by} allows'}"
