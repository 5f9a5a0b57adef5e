"""What workers are allowed: how far they are locked down, and how much memory one may take. Light to import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from preflight.errors import IsolationUnavailable

Isolation = Literal["required", "auto", "off"]

ISOLATIONS: tuple[Isolation, ...] = ("required", "auto", "off")

MEMORY_BYTES = 1 << 30
"""Memory of one worker (RLIMIT_DATA); docs/security.md has the measurements behind it."""
LEAST_MEMORY_BYTES = 1 << 28
"""Below this not even Python with its parser libraries fits."""

ISOLATION_ADVICE = "Run it where it can, or set isolation to auto for documents you trust."


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """How workers are kept.

    Attributes:
        isolation: ``required`` refuses to work where the kernel cannot lock workers down, ``auto`` takes what there is,
            ``off`` leaves them as free as this process.
        memory_bytes: Memory one worker may take besides files it maps; 0 for no limit.
    """

    isolation: Isolation = "auto"
    memory_bytes: int = MEMORY_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What locking down came to.

    Attributes:
        level: ``full``: reads only what Python needs, writes nothing by name, no network, no programs, no other
            processes. ``partial``: some of that. ``none``: time and memory limits only.
        missing: What is not kept out and why, one sentence each.
    """

    level: Literal["full", "partial", "none"]
    missing: tuple[str, ...] = ()


def isolation_unavailable(locked: Locked) -> IsolationUnavailable:
    """Return the failure for a kernel that cannot do what is required."""
    return IsolationUnavailable(
        f"Isolation is required, but workers can be locked down in part only. {' '.join(locked.missing)} "
        f"{ISOLATION_ADVICE}"
    )
