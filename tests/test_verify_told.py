"""What verifying tells: a bug in full to the log, a fault once to the user, and never more work than a piece may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cuttable import make_pdf

from preflight import UserLimits, split, verify
from preflight.execution import Outcome
from preflight.problems import problem_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from preflight.execution import Task
    from preflight.slots import Slots


class Mistaken:
    """Workers with a bug in one of their tasks."""

    def __init__(self, workers: Slots, name: str) -> None:
        self._workers, self._name = workers, name

    def run(self, tasks: Iterable[Task], on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        every = list(tasks)
        yield from self._workers.run([task for task in every if task.name != self._name], on_event)
        for task in every:
            if task.name == self._name:
                yield Outcome(key=task.key, problem=problem_from(LookupError("a bug")), trace="where the bug is")

    def close(self) -> None:
        """The workers are not ours."""


@pytest.mark.parametrize("task", ["fingerprint", "compare"])
def test_a_bug_is_logged_in_full(task: str, tmp_path: Path, workers: Slots, caplog: pytest.LogCaptureFixture) -> None:
    source = make_pdf(tmp_path / "report.pdf", [5] * 4)
    split(source, tmp_path / "out", limits=UserLimits(pages=2), executor=workers)
    executor = Mistaken(workers, task)

    if task == "compare":
        told = verify(tmp_path / "out", against=source, executor=executor)
    else:
        told = verify(tmp_path / "out", executor=executor)

    assert not told.ok
    assert "where the bug is" in caplog.text
    assert not any("where the bug is" in one.message for one in told.discrepancies)


def test_a_wrong_number_of_units_is_told_once(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "report.pdf", [5] * 4)
    split(source, tmp_path / "out", limits=UserLimits(pages=2), executor=workers)
    first, second = sorted((tmp_path / "out").glob("*.pdf"))
    make_pdf(first, [5] * 3)
    make_pdf(second, [5])

    told = verify(tmp_path / "out", executor=workers).discrepancies

    counts = [one.message for one in told if one.code == "unit-count-differs"]
    assert sorted(counts) == [
        f"{first.name} has 3 unit(s), the manifest says 2.",
        f"{second.name} has 1 unit(s), the manifest says 2.",
    ]
