"""Worker processes under faults: one bad task never costs another."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from batch_runs import assert_gone
from fault_tasks import HOARD_BYTES

from preflight.document import Document, find_document
from preflight.errors import ServiceBusy
from preflight.execution import Outcome, Task
from preflight.forkclient import ForkServer
from preflight.isolation import Guard
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
    find_fault_tasks(monkeypatch)
    made = Slots(2, preload=("fault_tasks",))
    yield made
    made.close()


def find_fault_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the workers import what lies beside this file, besides what they find anyway."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)


def tasks(document: Document, *names: str, wall_s: float = 60.0, cpu_s: float = 60.0) -> list[Task]:
    return [
        Task(key=key, name=name, document=document, payload={}, wall_s=wall_s, cpu_s=cpu_s)
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
    assert time.monotonic() - started < 50  # else it ended by what is allowed otherwise: a minute of CPU
    told = outcomes[0].problem.detail if outcomes[0].problem else ""
    assert "--timeout" in told
    assert "plit" not in told  # who hears it may be splitting


def test_cpu_limit_ends_a_spinning_task(slots: Slots, document: Document) -> None:
    assert codes(list(slots.run(tasks(document, "burn", cpu_s=1.0)))) == ["timeout"]


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


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library than glibc")
def test_a_worker_gives_freed_memory_back_before_a_long_answer(slots: Slots, document: Document) -> None:
    (outcome,) = slots.run(tasks(document, "hoard"))

    status = Path(f"/proc/{int(outcome.result or b'0')}/status").read_text("ascii")
    (resident,) = (int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon"))
    assert resident < HOARD_BYTES / 2


def test_events_arrive_before_the_result(slots: Slots, document: Document) -> None:
    events: list[tuple[int, bytes]] = []

    list(slots.run(tasks(document, "count_bytes"), lambda key, event: events.append((key, event))))

    assert events == [(0, b"started")]


def test_no_process_outlives_close(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    find_fault_tasks(monkeypatch)
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
    find_fault_tasks(monkeypatch)
    slots = Slots(1, preload=("fault_tasks",), busy_s=0.2)
    begun, refused = threading.Event(), threading.Event()

    def hear(_: int, _event: bytes) -> None:
        begun.set()
        refused.wait(60)

    first = threading.Thread(target=lambda: list(slots.run(tasks(document, "count_bytes"), hear)))
    first.start()
    assert begun.wait(60)

    with pytest.raises(ServiceBusy):
        list(slots.run(tasks(document, "count_bytes")))
    refused.set()
    first.join()
    assert codes(list(slots.run(tasks(document, "count_bytes")))) == [None]
    slots.close()


def test_a_document_that_changes_is_noticed(slots: Slots, document: Document) -> None:
    document.path.write_bytes(b"y" * 2000)

    assert codes(list(slots.run(tasks(document, "count_bytes")))) == ["file-missing"]


def test_a_task_that_keeps_telling_is_killed_at_its_deadline_too(slots: Slots, document: Document) -> None:
    started = time.monotonic()

    assert codes(list(slots.run(tasks(document, "tell_for_ever", wall_s=1.0)))) == ["timeout"]
    assert time.monotonic() - started < 50  # else it ended by what is allowed otherwise: a minute of CPU


def test_what_a_worker_has_started_dies_with_it(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    find_fault_tasks(monkeypatch)
    slots = Slots(1, preload=("fault_tasks",), guard=Guard(isolation="off"))
    children: list[int] = []

    def hear(_: int, event: bytes) -> None:
        children.append(int(event))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(slots.run(tasks(document, "start_a_child"), hear))

    slots.close()
    assert len(children) == 1
    assert _gone(set(children))


def test_a_server_of_workers_that_dies_is_started_anew(slots: Slots, document: Document) -> None:
    before = _descendants(os.getpid())
    assert codes(list(slots.run(tasks(document, "count_bytes")))) == [None]
    for pid in before:
        if b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes() and _parent(pid) == os.getpid():
            os.kill(pid, signal.SIGKILL)
            assert_gone({pid})

    outcomes = list(slots.run(tasks(document, "count_bytes", "count_bytes", "count_bytes")))

    assert outcomes[-1].problem is None


def test_workers_outlive_the_thread_that_made_them(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    find_fault_tasks(monkeypatch)
    made: list[Slots] = []
    thread = threading.Thread(target=lambda: made.append(Slots(1, preload=("fault_tasks",))))
    thread.start()
    thread.join()
    time.sleep(0.3)

    assert codes(list(made[0].run(tasks(document, "count_bytes")))) == [None]
    made[0].close()


def test_workers_stand_back_where_they_are_to() -> None:
    server = ForkServer((), niceness=5)
    try:
        pid, pipe = server.fork()
        with pipe:
            assert os.getpriority(os.PRIO_PROCESS, pid) == min(os.nice(0) + 5, 19)
    finally:
        server.close()


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


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
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.05)
    return False
