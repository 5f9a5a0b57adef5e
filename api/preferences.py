"""How long a caller wants to wait: ``Prefer`` (RFC 7240)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import Request

    from preflight.service.options import ServiceOptions

_WAIT = re.compile(r"wait\s*=\s*\"?([0-9]{1,6})\"?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """How long to wait for a result before the caller is told where it will be.

    Attributes:
        wait_s: Seconds; 0 to be told at once.
        applied: Value of ``Preference-Applied``; empty where nothing was preferred.
    """

    wait_s: float
    applied: str = ""

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says of it."""
        return {"Preference-Applied": self.applied, "Vary": "Prefer"} if self.applied else {}


def preference_of(request: Request, options: ServiceOptions, *, unless_said_s: float) -> Preference:
    """Read what a request prefers; what is not understood is ignored, as the standard has it.

    Args:
        request: The request.
        options: How long it may wait at most.
        unless_said_s: Seconds to wait when it says nothing.
    """
    wait_s: float | None = None
    at_once = False
    for value in request.headers.getlist("prefer"):
        for one in value.split(","):
            name = one.partition(";")[0].strip().lower()
            at_once = at_once or name == "respond-async"
            found = _WAIT.fullmatch(name)
            if found is not None:
                wait_s = min(float(found[1]), options.max_wait_s)
    if wait_s is not None:
        return Preference(wait_s=wait_s, applied=f"wait={wait_s:.0f}")
    if at_once:
        return Preference(wait_s=0.0, applied="respond-async")
    return Preference(wait_s=min(unless_said_s, options.max_wait_s))
