"""An executor that does nothing twice: what is known of a document is told again without reading it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from preflight.execution import Outcome
from preflight.messages import Recognized
from preflight.problems import Problem
from preflight.wire import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from preflight.execution import Executor, Task
    from preflight.reading import OcrRun

    Hear = Callable[[int, bytes], None]

_KEPT = "examine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What OCR made of some pages, as it is stored.

    Attributes:
        recognized: The pages.
        engine: Engine and version used; empty when nothing was recognized.
        problem: Why nothing could be recognized at all.
    """

    recognized: tuple[Recognized, ...] = ()
    engine: str = ""
    problem: Problem | None = None

    @classmethod
    def of(cls, run: OcrRun) -> Pages:
        """Take over what was recognized."""
        numbers = sorted({*run.texts, *run.errors})
        told = (Recognized(number=one, text=run.texts.get(one), error=run.errors.get(one, "")) for one in numbers)
        return cls(recognized=tuple(told), engine=run.engine, problem=run.problem)

    def __add__(self, other: Pages) -> Pages:
        return Pages(
            recognized=self.recognized + other.recognized,
            engine=self.engine or other.engine,
            problem=self.problem or other.problem,
        )


class Replay:
    """Runs the tasks of one unit of work, and remembers the reading of the document and pages that were recognized."""

    def __init__(self, executor: Executor, pages: Pages | None = None, reading: bytes = b"[]") -> None:
        """Take what is known.

        Args:
            executor: Does the rest of the work.
            pages: Pages that need no OCR any more.
            reading: The reading of the document, from :meth:`reading`.
        """
        self._executor = executor
        self._pages = pages
        self._by_number = {one.number: one for one in pages.recognized} if pages else {}
        self._told = {
            name: ([event.encode("latin-1") for event in events], Outcome(key=0, result=result.encode("latin-1")))
            for name, events, result in json.loads(reading)
        }

    def run(self, tasks: Iterable[Task], on_event: Hear | None = None) -> Iterator[Outcome]:
        """Yield one outcome a task."""
        hearing: dict[int, tuple[str, list[bytes]]] = {}
        rest = []
        for task in tasks:
            known = self._known(task)
            if known is None:
                rest.append(task)
                if task.name == _KEPT:
                    hearing[task.key] = (_name_of(task), [])
                continue
            events, outcome = known
            for event in events:
                if on_event:
                    on_event(task.key, event)
            yield Outcome(key=task.key, result=outcome.result, problem=outcome.problem)

        def hear(key: int, event: bytes) -> None:
            if key in hearing:
                hearing[key][1].append(event)
            if on_event:
                on_event(key, event)

        for outcome in self._executor.run(rest, hear) if rest else ():
            if outcome.key in hearing and outcome.result is not None:
                name, events = hearing[outcome.key]
                self._told[name] = (events, outcome)
            yield outcome

    def reading(self) -> bytes:
        """Return the reading of the document as bytes, for whoever goes on elsewhere."""
        told = [
            (name, [event.decode("latin-1") for event in events], outcome.result.decode("latin-1"))
            for name, (events, outcome) in self._told.items()
            if outcome.result is not None
        ]
        return json.dumps(told).encode()

    def close(self) -> None:
        """Nothing of our own to end."""

    def _known(self, task: Task) -> tuple[list[bytes], Outcome] | None:
        """Return what a task would tell, where that is known."""
        if task.name == "recognize" and self._pages is not None:
            return self._recognized(self._pages, [int(one) for one in task.payload["numbers"]])
        return self._told.get(_name_of(task)) if task.name == _KEPT else None

    def _recognized(self, pages: Pages, numbers: list[int]) -> tuple[list[bytes], Outcome] | None:
        if pages.problem is not None:
            return [], Outcome(key=0, problem=pages.problem)
        if not self._by_number.keys() >= set(numbers):
            return None
        return [dump(self._by_number[one]) for one in numbers], Outcome(key=0, result=dump(pages.engine))


def _name_of(task: Task) -> str:
    return json.dumps([task.name, task.document.identity, task.payload], sort_keys=True)
