"""Worker processes under faults: one bad task never costs another."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from preflight.document import Document, find_document
from preflight.errors import ServiceBusy
from preflight.execution import Outcome, Task
from preflight.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "one.txt"
    path.write_bytes(b"x" * 1000)
    return find_document(path)


@pytest.fixture
def slots(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slots]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))  # so that the workers find fault_tasks
    made = Slots(2, preload=("fault_tasks",))
    yield made
    made.close()


def tasks(document: Document, *names: str, wall_s: float = 60.0) -> list[Task]:
    return [
        Task(key=key, name=name, document=document, payload={}, wall_s=wall_s, cpu_s=60)
        for key, name in enumerate(names)
    ]


def codes(outcomes: list[Outcome]) -> list[str | None]:
    ordered = sorted(outcomes, key=lambda one: one.key)
    return [one.problem.code if one.problem else None for one in ordered]


def test_each_fault_is_a_value_about_its_own_task(slots: Slots, document: Document) -> None:
    names = ["count_bytes", "abort", "count_bytes", "be_killed", "count_bytes", "bug", "use_all_memory", "count_bytes"]

    outcomes = list(slots.run(tasks(document, *names)))

    expected = [None, "parser-crashed", None, "out-of-memory", None, "internal", "out-of-memory", None]
    assert expected == codes(outcomes)
    assert {b"1000"} == {one.result for one in outcomes if one.problem is None}


def test_a_hanging_task_is_killed_at_its_deadline(slots: Slots, document: Document) -> None:
    started = time.monotonic()

    outcomes = list(slots.run([*tasks(document, "hang", wall_s=1.0)]))

    assert codes(outcomes) == ["timeout"]
    assert time.monotonic() - started < 10


def test_cpu_limit_ends_a_spinning_task(slots: Slots, document: Document) -> None:
    assert codes(list(slots.run(tasks(document, "burn")))) == ["timeout"]


def test_a_bug_tells_nothing_but_leaves_a_trace_for_the_log(slots: Slots, document: Document) -> None:
    (outcome,) = slots.run(tasks(document, "bug"))

    assert outcome.problem is not None
    assert "division" not in outcome.problem.detail
    assert "ZeroDivisionError" in outcome.trace


def test_library_chatter_does_not_reach_our_streams(
    slots: Slots, document: Document, capfd: pytest.CaptureFixture[str]
) -> None:
    (outcome,) = slots.run(tasks(document, "chatter"))

    assert outcome.result == b"quiet"
    assert capfd.readouterr() == ("", "")


def test_events_arrive_before_the_result(slots: Slots, document: Document) -> None:
    events: list[tuple[int, bytes]] = []

    list(slots.run(tasks(document, "count_bytes"), lambda key, event: events.append((key, event))))

    assert events == [(0, b"started")]


def test_no_process_outlives_close(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    others = _descendants(os.getpid())
    slots = Slots(2, preload=("fault_tasks",))
    running = slots.run(tasks(document, "count_bytes", "hang", "hang"))
    next(running)
    children = _descendants(os.getpid()) - others
    assert len(children) >= 2

    running.close()
    slots.close()

    assert _gone(children)


def test_a_busy_executor_says_so(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    slots = Slots(1, preload=("fault_tasks",), busy_s=0.2)
    first = threading.Thread(target=lambda: list(slots.run(tasks(document, "hang", wall_s=3.0))))
    first.start()
    time.sleep(1.0)

    with pytest.raises(ServiceBusy):
        list(slots.run(tasks(document, "count_bytes")))
    first.join()
    assert codes(list(slots.run(tasks(document, "count_bytes")))) == [None]
    slots.close()


def test_a_document_that_changes_is_noticed(slots: Slots, document: Document) -> None:
    document.path.write_bytes(b"y" * 2000)

    assert codes(list(slots.run(tasks(document, "count_bytes")))) == ["file-missing"]


def _descendants(pid: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(entry.name)] = int(fields[1])
    found: set[int] = set()
    frontier = {pid}
    while frontier:
        frontier = {child for child, parent in parents.items() if parent in frontier} - found
        found |= frontier
    return found


def _gone(pids: set[int]) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.05)
    return False
