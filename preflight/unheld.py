"""Limits that nobody can hold pieces to, because what they limit is not known of such a document or target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from extractors.facts import Finding
from preflight.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.model import Limit
    from preflight.survey import Surveyed


def about_unheld(surveyed: Surveyed) -> tuple[Finding, ...]:
    """Tell of limits that pieces cannot be held to.

    Raises:
        UsageError: They are all the limits there are.
    """
    unheld = [(limit, why) for limit in surveyed.limits if (why := _why(surveyed, limit))]
    if unheld and len(unheld) == len(surveyed.limits):
        raise UsageError(f"{unheld[0][1]} Add a limit on bytes or tokens, or name a target.")
    return tuple(_findings(unheld))


def _findings(unheld: list[tuple[Limit, str]]) -> Iterator[Finding]:
    for limit, why in unheld:
        if limit.by == "user":
            yield Finding(severity="warning", code="limit-not-held", message=f"{why} Pieces are not cut by it.")


def _why(surveyed: Surveyed, limit: Limit) -> str:
    target = surveyed.prepared.target
    if limit.measure == "seconds" and (target is None or target.rate is None):
        whose = f"how fast {target.id} is" if target else "how fast a service is, without a target"
        return f"Your limit on seconds says nothing here: nobody knows {whose}."
    if limit.measure == "pages" and surveyed.examined.facts.unit_kind == "block":
        return "Your limit on pages says nothing here: a document of flowing text has no fixed pages."
    return ""
