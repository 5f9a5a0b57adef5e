"""Findings about units over a limit by themselves: no cut between units helps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from extractors.facts import Finding
from preflight.advice import allowed
from preflight.remedies import remedy_alone
from preflight.wording import named_units, upper_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from preflight.case import Case
    from preflight.margins import Reading

Helps = Literal["rows", "shrinking", "measuring", "text", "hand", "nothing"]
"""What helps: cutting a table by rows, smaller images, leaving out what only other pieces use (which shows when it is
measured), sending the text, the reader's own hand, or nothing."""
_HELP: dict[Helps, str] = {
    "shrinking": "`preflight split` makes its images smaller, no further than OCR can do with",
    "measuring": "`preflight split` leaves out what only other pieces use",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """Units over one limit by themselves that the same helps.

    Attributes:
        reading: The limit.
        helps: What helps.
        sure: It surely is enough.
        numbers: The units.
    """

    reading: Reading
    helps: Helps
    sure: bool
    numbers: tuple[int, ...]


def about_alone(case: Case, found: Sequence[Alone]) -> Iterator[Finding]:
    """Say of units over a limit what helps; those that nothing helps come first."""
    for one in sorted(found, key=lambda one: one.helps != "nothing"):  # stable: in order otherwise
        kind, limit = case.facts.unit_kind, one.reading.limit
        where = upper_first(named_units(kind, one.numbers))
        verb = "has" if len(one.numbers) == 1 else "have each"
        over = f"{where} {verb} more than {allowed(limit)}"
        if one.helps == "rows":
            message = (
                f"{over}. `preflight split` divides such a table by its rows and repeats its header rows; into how "
                "many pieces is an estimate that takes all rows for alike."
            )
            yield Finding(severity="info", code="table-divided", message=message, units=one.numbers)
            continue
        remedy = remedy_alone(limit.measure, takes_text=case.target is None or case.target.takes_text)
        if one.helps in _HELP and one.sure:
            remedy = _HELP[one.helps]
        elif one.helps in _HELP:
            tried = "; whether that is enough shows only when it is tried"
            remedy = f"{_HELP[one.helps]}{tried}. If not: {remedy[:1].lower()}{remedy[1:]}"
        message = f"{over}, so cutting between {kind}s does not help. {remedy}."
        yield Finding(severity="error", code="unit-over-limit", message=message, units=one.numbers)
