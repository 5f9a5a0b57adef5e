"""What verifying tells: a bug in full to the log, a fault once to the user, and never more work than a piece may be."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from cuttable import make_pdf

from preflight import UserLimits, split, verify
from preflight.execution import Outcome
from preflight.manifest import seal_of
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


@pytest.mark.parametrize("size", [20_000_000_000, 700_000_000])
def test_a_piece_of_text_made_huge_is_not_read_into_memory(
    size: int, tmp_path: Path, samples: Path, workers: Slots
) -> None:
    split(samples / "notes.md", tmp_path / "out", limits=UserLimits(bytes=1_000), executor=workers)
    piece = sorted((tmp_path / "out").glob("*.md"))[0]
    with piece.open("r+b") as file:
        file.truncate(size)  # without taking room on the disk

    tracemalloc.start()
    told = verify(tmp_path / "out", against=samples / "notes.md", executor=workers).discrepancies
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert {"size-differs", "hash-differs"} <= {one.code for one in told}
    assert {one.piece for one in told if one.piece} == {piece.name}
    assert peak < 600_000_000  # the room kept for a manifest of the largest size, of which next to nothing is used


@pytest.mark.parametrize("said", [-2, 10**25])
def test_a_piece_of_text_of_a_size_that_cannot_be(said: int, tmp_path: Path, samples: Path, workers: Slots) -> None:
    split(samples / "notes.md", tmp_path / "out", limits=UserLimits(bytes=1_000), executor=workers)
    path = tmp_path / "out" / "manifest.json"
    data = json.loads(path.read_bytes())
    data["pieces"][0]["size_bytes"] = said
    data["seal"] = seal_of(data)
    path.write_text(json.dumps(data))

    assert "size-differs" in {one.code for one in verify(path, executor=workers).discrepancies}
