"""Having workers compare how units look in the original and in pieces, and how far they may differ."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING

from extractors.base import ReadLimits
from extractors.likeness import Likeness
from preflight.execution import Task
from preflight.views import CompareTask
from preflight.wire import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from preflight.document import Document
    from preflight.execution import Executor
    from preflight.problems import Problem
    from preflight.settings import Settings

logger = logging.getLogger(__name__)

SHRUNK_MEAN = 0.06
"""Mean difference of the pixels, 0 to 1, up to which a unit with smaller images still looks the same. Measured on the
corpus: 0 to 0.023 for all steps that keep tones; 0.17 where a photograph became black and white."""
SHRUNK_WORST = 0.25
"""The same for the square of 32 pixels that differs most: 0 to 0.082, and 0.31 to 0.68."""


def compare_task(
    original: Document,
    pieces: Sequence[Document],
    pairs: Sequence[Sequence[tuple[int, int]]],
    settings: Settings,
    *,
    key: int = 0,
    password: str | None = None,
) -> Task:
    """Return the task that compares units of a document with those of its pieces.

    Args:
        original: The document.
        pieces: The pieces.
        pairs: For each piece, numbers of a unit in the document and in the piece.
        settings: How the work is done.
        key: Comes back with the outcome.
        password: Password of the document.
    """
    arguments = CompareTask(
        name=original.name,
        pairs=tuple(tuple(one) for one in pairs),
        password=password,
        limits=ReadLimits(max_units=settings.max_units),
    )
    return Task(
        key=key,
        name="compare",
        document=original,
        payload=asdict(arguments),
        cpu_s=settings.timeout,
        inputs=tuple(pieces),
        spares=True,
    )


def compared(executor: Executor, tasks: Sequence[Task], on_problem: Callable[[int, Problem], None]) -> list[Likeness]:
    """Run comparisons; return what was seen, in the order of the units. ``on_problem`` hears which task failed."""
    seen: dict[int, Likeness] = {}

    def hear(_key: int, event: bytes) -> None:
        one = load(Likeness, event)
        seen[one.number] = one  # again, where a task is done again without a unit that took its worker down

    for outcome in executor.run(tasks, hear):
        if outcome.trace:
            logger.error("bug while comparing looks:\n%s", outcome.trace)
        if outcome.problem is not None:
            on_problem(outcome.key, outcome.problem)
    return [seen[number] for number in sorted(seen)]


def still_the_same(seen: Likeness) -> bool:
    """Whether a unit whose images were made smaller still looks the same."""
    return not seen.error and seen.mean <= SHRUNK_MEAN and seen.worst <= SHRUNK_WORST
