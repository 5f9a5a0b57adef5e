"""What a unit of work is done with, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from preflight.artifacts import Artifacts
    from preflight.document import Document
    from preflight.engine.base import Unit
    from preflight.engine.replay import Replay
    from preflight.engine.request import Request
    from preflight.judging import Prepared
    from preflight.ledger.records import Json
    from preflight.ledger.states import Status
    from preflight.problems import Problem
    from preflight.reading import Progress

FAN_OUT = 8
"""Pages to recognize from which on a document is worth several units of work."""

Tell = Callable[[str, int, int | None], None]
"""Takes what is being done, how much of it is done, and how much there is to do, if that is known."""

STATUS_OF: Final[Mapping[str, Status]] = {
    "parser-crashed": "crash",
    "timeout": "timeout",
    "out-of-memory": "oom",
    "disk-full": "storage",
    "worker-failed": "lost",
    "busy": "lost",
    "interrupted": "cancelled",
}
"""Problems that are not the document's answer, and how an attempt that met one ended."""


def tell_nobody(_phase: str, _count: int, _goal: int | None) -> None:
    """Let nobody know how far the work is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """All that a unit needs to be worked on.

    Attributes:
        unit: The unit.
        document: Its document.
        request: What is to be done.
        prepared: Its targets with their profiles loaded.
        executor: Where the document is read.
        artifacts: Where results go.
        tell: Takes what is being done, how much of it is done, and how much there is to do.
        password: The document's password, if it may need one.
    """

    unit: Unit
    document: Document
    request: Request
    prepared: tuple[Prepared, ...]
    executor: Replay
    artifacts: Artifacts
    tell: Tell = tell_nobody
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a unit.

    Attributes:
        receipt: What the ledger is told.
        keeps: Stored results that it names.
        follow_up: What is to be done next.
        problem: What is the matter.
        complete: Nothing is missing of what was to be done.
    """

    receipt: Json
    keeps: Sequence[str]
    follow_up: Json | None = None
    problem: Problem | None = None
    complete: bool = True

    @property
    def status(self) -> Status:
        """How the attempt ended."""
        return "ok" if self.problem is None else STATUS_OF.get(self.problem.code, "ok")

    @property
    def sound(self) -> bool:
        """Whether nothing would come out better another time: only then may a later attempt take it over."""
        return self.problem is None and self.complete

    def told(self) -> Json:
        """Return what is told of it, as plain JSON."""
        problem = None if self.problem is None else asdict(self.problem)
        return {"receipt": self.receipt, "follow_up": self.follow_up, "problem": problem}


def progress_of(bench: Bench, goal: int | None = None) -> Progress:
    """Return what takes stages and counts and tells them on; of a stage whose end is known, with that.

    Pieces to be cut are as many as are known so far: one that turns out too large is cut again.
    """
    to_cut: int | None = None

    def tell(stage: str, count: int) -> None:
        nonlocal to_cut
        if stage == "to cut":
            to_cut = count
        else:
            bench.tell(stage, count, to_cut if stage == "cut" else goal)

    return tell
