"""Query parameters: what a route does not know, or takes once, is refused instead of ignored."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Annotated

from fastapi import Query, Request
from fastapi.routing import APIRoute

from preflight.errors import UsageError
from preflight.judging import UserLimits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi.dependencies.models import Dependant

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
    known = list(_parameters(route.dependant)) if isinstance(route, APIRoute) else []
    counts = Counter(name for name, _ in request.query_params.multi_items())
    unknown = [name for name in counts if name not in known]
    if unknown:
        there = f"Known here: {_listed(known)}." if known else "None is known here."
        raise UsageError(f"There is no query parameter {_listed(unknown)}. {there}")
    repeated = [name for name, count in counts.items() if count > 1 and name not in REPEATABLE]
    if repeated:
        raise UsageError(f"The query parameter {_listed(repeated)} is given more than once. Give it once.")


def own_limits(
    max_bytes: Annotated[int | None, Query(description="Bytes a piece may have")] = None,
    max_pages: Annotated[int | None, Query(description="Pages a piece may have")] = None,
    max_tokens: Annotated[int | None, Query(description="Tokens a piece may have")] = None,
    max_seconds: Annotated[float | None, Query(description="Seconds a piece may take there")] = None,
) -> UserLimits:
    """Return the caller's own limits; a route takes them with ``Depends(own_limits)``."""
    return UserLimits(bytes=max_bytes, pages=max_pages, tokens=max_tokens, seconds=max_seconds)


def _parameters(dependant: Dependant) -> Iterable[str]:
    """Names a route takes in its query, those of what it depends on among them."""
    yield from (one.alias for one in dependant.query_params)
    for part in dependant.dependencies:
        yield from _parameters(part)


def _listed(names: Iterable[str]) -> str:
    """Names in backticks. What does not look like a name is not repeated: it may be anything."""
    return ", ".join(f"`{name}`" if _NAME.fullmatch(name) else "of that name" for name in names)
