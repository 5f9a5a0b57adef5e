"""A table too large for one piece: whether its rows divide it, and into how many parts. Pure.

Check foretells with it what split does (:mod:`preflight.split_rows`), so both go by the same rules.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from extractors.registry import DOCM, DOCX
from preflight.limits import raw_bytes_max

if TYPE_CHECKING:
    from collections.abc import Sequence

    from extractors.facts import DocumentFacts, UnitFacts
    from preflight.model import Limit, Plan, PlannedPiece, UnitEstimate

RowSpan = tuple[int, int]
"""First and last row of a part, from 1, header rows counted."""


def rows_of(unit: UnitFacts, media_type: str) -> int:
    """Return how many rows a unit can be divided by; 0 when it is no such table."""
    table = unit.table
    if table is None or media_type not in {DOCX, DOCM}:
        return 0
    return table.rows if table.rows - table.header_rows > 1 else 0


def divided(rows: RowSpan, headers: int, parts: int) -> list[RowSpan]:
    """Divide rows evenly; header rows stay with the first row below them."""
    first, last = rows
    start = max(first, headers + 1) if first == 1 else first
    count = last - start + 1
    parts = min(parts, count)
    spans = []
    for end in (start - 1 + count * part // parts for part in range(1, parts + 1)):
        spans.append((first, end))
        first = end + 1
    return spans


def parts_needed(unit: UnitFacts, cost: UnitEstimate, limits: Sequence[Limit], *, shared_bytes: int = 0) -> int:
    """Return the parts that the limits force at least, judged from what the table comes to as a whole.

    Args:
        unit: The table.
        cost: What it comes to.
        limits: Limits on one piece.
        shared_bytes: Bytes every piece carries besides its units.
    """
    repeated = _share(unit, 0)
    forced = [
        -(-value * (1 - repeated) // max(1.0, room - value * repeated))
        for value, room in _held(cost, limits, shared_bytes)
    ]
    return int(max(2, *forced))


def is_divisible(
    unit: UnitFacts, cost: UnitEstimate, limits: Sequence[Limit], media_type: str, *, shared_bytes: int
) -> bool:
    """Whether its longest row with the header rows, which is the least a piece can hold, is likely within limits."""
    if not rows_of(unit, media_type):
        return False
    least = _share(unit, unit.table.longest_row_chars if unit.table else 0)
    return all(value * least <= room for value, room in _held(cost, limits, shared_bytes))


def with_rows(
    plan: Plan, facts: DocumentFacts, costs: Sequence[UnitEstimate], limits: Sequence[Limit], media_type: str
) -> Plan:
    """Return a plan in which tables over a limit by themselves are divided by rows, as a split does."""
    pieces: list[PlannedPiece] = []
    for piece in plan.pieces:
        unit, cost = facts.units[piece.first - 1], costs[piece.first - 1]
        if piece.first in plan.oversize and is_divisible(
            unit, cost, limits, media_type, shared_bytes=facts.shared_bytes
        ):
            pieces += _parts(piece, unit, parts_needed(unit, cost, limits, shared_bytes=facts.shared_bytes), facts)
        else:
            pieces.append(piece)
    if len(pieces) == len(plan.pieces):
        return plan
    return replace(plan, pieces=tuple(replace(one, index=index) for index, one in enumerate(pieces, start=1)))


def share_of_rows(unit: UnitFacts, rows: RowSpan) -> Fraction:
    """Share of a table that some of its rows are, as if all were alike."""
    return Fraction(rows[1] - rows[0] + 1, unit.table.rows if unit.table else 1)


def _parts(piece: PlannedPiece, unit: UnitFacts, count: int, facts: DocumentFacts) -> list[PlannedPiece]:
    """Planned pieces for the parts of one table."""
    spans = divided((1, rows_of(unit, DOCX)), unit.table.header_rows if unit.table else 0, count)
    found = []
    for rows in spans:
        share = share_of_rows(unit, rows)
        found.append(
            replace(
                piece,
                rows=rows,
                tokens=None if piece.tokens is None else ceil(piece.tokens * share),
                bytes=facts.shared_bytes + ceil((piece.bytes - facts.shared_bytes) * share),
                seconds=None if piece.seconds is None else round(piece.seconds * float(share), 6),
                reason=piece.reason if rows is spans[-1] else "row of a table",
            )
        )
    return found


def _share(unit: UnitFacts, chars: int) -> float:
    """Share of the table that its header rows and so many characters more are."""
    table = unit.table
    if table is None:
        return 0.0
    return min(1.0, (table.header_chars + chars) / max(1, table.chars))


def _held(cost: UnitEstimate, limits: Sequence[Limit], shared_bytes: int) -> list[tuple[int, int]]:
    """What the table comes to, with the room for it, by each limit that rows count for."""
    values = {"bytes": cost.bytes, "tokens": cost.tokens.high, "words": cost.words}
    return [
        (values[limit.measure], raw_bytes_max(limit) - shared_bytes if limit.measure == "bytes" else int(limit.max))
        for limit in limits
        if limit.measure in values
    ]
