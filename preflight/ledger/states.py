"""The states of jobs and units of work, and the rules that lead from one to the next. Pure.

::

    job : queued → running → done | partial | failed | cancelled
    unit: ready → leased → done
          ready ←  lease ran out, machine lost, or a fault, which also costs a pause
          dead  ←  MAX_FAULTS faults of the document, or MAX_LOSSES lost leases
          cancelled

A *fault* is what a document did (crash, memory, time). A *loss* is what happened to whoever worked on it: a runner that
was killed, a disk that was full. Faults end a document soon, losses late, and neither is counted as the other.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

MAX_FAULTS = 3
MAX_LOSSES = 8
_PAUSE_S = (0.2, 0.5)
_MAX_PAUSE_S = 30.0


class HookState(StrEnum):
    """How far it is to tell somebody of a job's end."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class JobState(StrEnum):
    """What became of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Nothing more will happen to the job, unless somebody asks for it again."""
        return self in FINAL


FINAL = frozenset({JobState.DONE, JobState.PARTIAL, JobState.FAILED, JobState.CANCELLED})


class UnitState(StrEnum):
    """What became of a unit of work."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


UnitKind = Literal["plan", "range", "assembly"]
"""``plan`` looks at the document and may be all there is to do; a ``range`` reads some of its units; the ``assembly``
puts the ranges together."""

PLAN_NUMBER, ASSEMBLY_NUMBER = 0, 1_000_000
"""Numbers of units within a job; ranges are numbered from 1."""

Status = Literal["ok", "crash", "timeout", "oom", "lost", "storage", "cancelled"]
"""How an attempt at a unit ended. A document that cannot be read is an answer, so it is ``ok``."""

FAULTS: frozenset[Status] = frozenset({"crash", "timeout", "oom"})
LOSSES: frozenset[Status] = frozenset({"lost", "storage"})


def after_failure(status: Status, faults: int, losses: int) -> tuple[UnitState, int, int, float]:
    """Say what becomes of a leased unit whose attempt failed.

    Args:
        status: How it failed.
        faults: Faults counted before.
        losses: Losses counted before.

    Returns:
        Its state, faults, losses, and seconds to wait before the next attempt.

    Raises:
        ValueError: ``status`` is no failure.
    """
    if status == "cancelled":
        return UnitState.CANCELLED, faults, losses, 0.0
    if status in FAULTS:
        faults += 1
        dead, pause = faults >= MAX_FAULTS, _PAUSE_S[0] * 2**faults
    elif status in LOSSES:
        losses += 1
        dead, pause = losses >= MAX_LOSSES, _PAUSE_S[1] * 2**losses
    else:
        raise ValueError(status)
    return (UnitState.DEAD if dead else UnitState.READY), faults, losses, min(pause, _MAX_PAUSE_S)
