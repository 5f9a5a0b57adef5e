"""Query parameters: what a route does not know, or takes once, is refused instead of ignored."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.routing import APIRoute

from preflight.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

REPEATABLE = frozenset({"via"})
"""Parameters that may be given several times."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")


async def known_query(request: Request) -> None:
    """Check the names in the query against those of the route.

    A misspelled ``?target=`` that was ignored would be answered with a report on something else than was asked.

    Raises:
        UsageError: A parameter is not known here, or repeated where one is taken.
    """
    route = request.scope.get("route")
    known = [one.alias for one in route.dependant.query_params] if isinstance(route, APIRoute) else []
    counts = Counter(name for name, _ in request.query_params.multi_items())
    unknown = [name for name in counts if name not in known]
    if unknown:
        there = f"Known here: {_listed(known)}." if known else "None is known here."
        raise UsageError(f"There is no query parameter {_listed(unknown)}. {there}")
    repeated = [name for name, count in counts.items() if count > 1 and name not in REPEATABLE]
    if repeated:
        raise UsageError(f"The query parameter {_listed(repeated)} is given more than once. Give it once.")


def _listed(names: Iterable[str]) -> str:
    """Names in backticks. What does not look like a name is not repeated: it may be anything."""
    return ", ".join(f"`{name}`" if _NAME.fullmatch(name) else "of that name" for name in names)
