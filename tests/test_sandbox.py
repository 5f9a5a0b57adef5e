"""What a locked worker cannot do, each tried for real, and what becomes of workers that lie."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_slots import codes, find_fault_tasks, tasks

from api.serve import PRELOAD
from preflight import check
from preflight.document import find_document
from preflight.errors import SettingsError
from preflight.execution import Outcome, Task
from preflight.isolation import Guard
from preflight.reading import ReadEvents, Unread, examined_from
from preflight.sandbox_probe import REFUSED, probe
from preflight.sandbox_syscalls import ABSENT, CHECKED, FILES, NAMES, NETWORK, PROGRAMS, SYSTEM
from preflight.settings import load_settings
from preflight.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.document import Document

HEADERS = {
    0: Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    1: Path("/usr/include/asm-generic/unistd.h"),
}
LIMITS = {"raise the memory limit", "take twice the memory allowed"}


def needs_full_isolation() -> None:
    from preflight import sandbox

    found = sandbox.support()
    if found.level != "full":
        pytest.skip(f"THIS KERNEL CANNOT LOCK WORKERS DOWN, so this test proved nothing: {found.missing}")


def test_every_attempt_to_get_out_is_refused() -> None:
    needs_full_isolation()

    locked, attempts = probe()

    assert {name: outcome for name, outcome in attempts.items() if outcome != REFUSED} == {}
    assert len(attempts) > 35
    assert locked.level == "full"


def test_without_isolation_the_same_attempts_get_through() -> None:
    locked, attempts = probe("off")

    assert locked.level == "none"
    assert attempts == {}  # the last of them replaced the process by another program


@pytest.mark.parametrize("column", [0, 1])
def test_numbers_of_system_calls_are_those_of_the_headers(column: int) -> None:
    if not HEADERS[column].exists():
        pytest.skip("the headers of this architecture are not installed")
    lines = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", HEADERS[column].read_text(), re.MULTILINE)
    known = {name: int(number) for name, number in lines}

    for table in (FILES, NAMES, NETWORK, PROGRAMS, SYSTEM, CHECKED, ABSENT):
        for name, numbers in table.items():
            assert numbers[column] == known.get(name) or numbers[column] >= 450, name  # newer than these headers


def test_isolation_that_is_required_and_there_lets_work_begin(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_full_isolation()
    find_fault_tasks(monkeypatch)
    slots = Slots(1, preload=("fault_tasks",), guard=Guard(isolation="required"))

    assert codes(list(slots.run(tasks(document, "count_bytes")))) == [None]
    slots.close()


def test_required_isolation_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Stands for an old kernel: a seccomp filter of our own takes Landlock away from a whole run."""
    needs_full_isolation()
    (tmp_path / "notes.txt").write_text("words\n")
    script = (
        "import ctypes, os, struct, sys\n"
        "one = lambda code, value, yes=0, no=0: struct.pack('=HBBI', code, yes, no, value)\n"
        "code = one(0x20, 0) + one(0x15, 444, 0, 1) + one(6, 0x50000 | 38) + one(6, 0x7FFF0000)\n"
        "class Program(ctypes.Structure):\n"
        "    _fields_ = [('length', ctypes.c_ushort), ('code', ctypes.c_char_p)]\n"
        "c = ctypes.CDLL(None)\n"
        "c.prctl(38, ctypes.c_ulong(1), 0, 0, 0)\n"
        "assert c.prctl(22, ctypes.c_ulong(2), ctypes.byref(Program(4, code)), 0, 0) == 0\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    preflight = [sys.executable, "-c", script, str(Path(sys.executable).with_name("preflight"))]
    file = str(tmp_path / "notes.txt")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*preflight, *arguments], capture_output=True, text=True, check=False)

    required = run("--isolation", "required", "check", file)
    auto = run("check", file)
    doctor = run("doctor", "--json")

    assert required.returncode == 69
    assert "Landlock" in required.stderr
    assert "auto" in required.stderr
    assert auto.returncode == 0, auto.stderr
    isolation = json.loads(doctor.stdout)["isolation"]
    assert isolation["level"] == "partial"
    through = {name for name, outcome in isolation["attempts"].items() if outcome == "allowed"}
    assert through <= {"read a file of the system", "read a file of the user", "list a folder"}


@pytest.mark.parametrize(
    "words",
    [
        "no frame at all",
        "\x00\x00\x00\x01x",
        "\x00\x00\x00\x00",
        "\xff\xff\xff\xfe",
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        "\x00\x00\x00\x03p{}",
        "\x00\x00\x00\x03p[]",
        "\x00\x00\x00\x02p\xff",
        "\x00\x00\x27\x11p" + "[" * 10_000,
    ],
)
def test_garbage_is_a_verdict_about_the_document(document: Document, lying: Slots, words: str) -> None:
    outcomes = list(lying.run([task(document, "say_raw", {"words": words}, wall_s=20.0)]))

    assert codes(outcomes) == ["parser-crashed"]
    assert codes(list(lying.run(tasks(document, "process")))) == [None]


def test_a_forged_problem_tells_only_what_is_particular(document: Document, lying: Slots) -> None:
    forged = {"problem": {"code": "damaged", "detail": "x" * 100_000, "status": 200, "exit_code": 0, "unit": True}}
    words = frame_words(b"p" + json.dumps(forged | {"trace": "y" * 1_000_000}).encode())

    (outcome,) = lying.run([task(document, "say_raw", {"words": words})])

    assert outcome.problem is not None
    assert (outcome.problem.code, outcome.problem.status, outcome.problem.exit_code) == ("damaged", 422, 65)
    assert outcome.problem.unit is None
    assert len(outcome.problem.detail) < 5_000
    assert len(outcome.trace) < 50_000


@pytest.mark.parametrize("name", ["announce_much", "announce_and_wait", "tell_without_end", "note_nonsense"])
def test_a_worker_that_keeps_its_parent_busy_is_ended(document: Document, lying: Slots, name: str) -> None:
    started = time.monotonic()

    outcomes = list(lying.run([task(document, name, {}, wall_s=2.0)], lambda *_: None))

    assert codes(outcomes) in (["parser-crashed"], ["timeout"])
    assert time.monotonic() - started < 60
    assert codes(list(lying.run(tasks(document, "process")))) == [None]


@pytest.mark.parametrize(
    "answer",
    [
        b"{}",
        b"[]",
        b"nothing",
        b'{"source": {}, "facts": null, "measures": []}',
        b'{"source":' * 5_000,
    ],
)
def test_results_of_a_wrong_shape_are_a_verdict(answer: bytes, document: Document) -> None:
    read = examined_from(Outcome(key=0, result=answer), document, None)

    assert isinstance(read, Unread)
    assert read.problem.code == "parser-crashed"


def test_events_of_a_wrong_shape_are_a_verdict(document: Document, lying: Slots) -> None:
    words = frame_words(b"e{}") + frame_words(b"r1")

    outcomes = list(lying.run([task(document, "say_raw", {"words": words})], ReadEvents(None)))

    assert codes(outcomes) == ["parser-crashed"]


@pytest.mark.parametrize(("length", "code"), [(60_000_000, None), (70_000_000, "out-of-memory")])
def test_a_small_document_has_no_large_answer(document: Document, lying: Slots, length: int, code: str | None) -> None:
    outcomes = list(lying.run([task(document, "say_much", {"length": length})]))

    assert codes(outcomes) == [code]


def test_an_answer_too_large_is_refused_before_it_arrives(document: Document, lying: Slots) -> None:
    announced = (70_000_000).to_bytes(4, "big").decode("latin-1")

    outcomes = list(lying.run([task(document, "say_raw", {"words": announced})]))

    assert codes(outcomes) == ["parser-crashed"]


def crashing(document: Document, **units: list[int]) -> Task:
    payload = {"aborting": [], "killing": [], "spinning": [], "greedy": [], "mistaken": []} | units
    return task(document, "crash_at", payload, cpu_s=60.0, unit_s=1.0, spares=True)


def test_a_unit_that_takes_its_worker_down_costs_itself(document: Document, lying: Slots) -> None:
    (outcome,) = lying.run([crashing(document, aborting=[3], killing=[5], spinning=[7], greedy=[10])])

    assert outcome.problem is None
    assert outcome.result == b"1,2,4,6,8,9"


def test_a_bug_at_one_unit_costs_that_unit_and_is_logged(
    document: Document, lying: Slots, caplog: pytest.LogCaptureFixture
) -> None:
    (outcome,) = lying.run([crashing(document, mistaken=[4])])

    assert outcome.problem is None
    assert outcome.result == b"1,2,3,5,6,7,8,9,10"
    assert "unit 4 is left out" in caplog.text
    assert "LookupError: a bug at 4" in caplog.text


@pytest.mark.parametrize(("kills", "code"), [(2, None), (3, "out-of-memory")])
def test_a_worker_killed_from_outside_costs_a_try(document: Document, lying: Slots, kills: int, code: str) -> None:
    told: list[int] = []

    def kill(_: int, event: bytes) -> None:
        told.append(int(event))
        if len(told) <= kills:
            os.kill(told[-1], signal.SIGKILL)

    (outcome,) = lying.run([task(document, "process_and_wait", {})], kill)

    assert codes([outcome]) == [code]
    assert len(set(told)) == len(told) == 3


def test_a_document_with_too_many_bad_units_is_given_up(document: Document, lying: Slots) -> None:
    (outcome,) = lying.run([crashing(document, aborting=[*range(1, 11)])])

    assert outcome.problem is not None
    assert (outcome.problem.code, outcome.problem.unit) == ("parser-crashed", 9)


def test_other_documents_do_not_wait_for_the_bad_one(document: Document, lying: Slots) -> None:
    work = [crashing(document, spinning=[1]), *(replace(one, key=one.key + 1) for one in tasks(document, "process"))]

    order = [outcome.key for outcome in lying.run(work)]

    assert sorted(order) == [0, 1]


def test_a_fresh_worker_for_each_task(document: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    find_fault_tasks(monkeypatch)
    slots = Slots(1, preload=("lying_tasks",), fresh=True)

    answers = [outcome.result for outcome in slots.run(tasks(document, *["process"] * 4))]
    slots.close()

    assert len(set(answers)) == 4


def test_a_fresh_worker_of_the_service_has_nothing_to_import(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each document has a worker of its own there; importing would cost it ten times what it does."""
    find_fault_tasks(monkeypatch)
    monkeypatch.setenv("WATCHED_IMPORTS", str(tmp_path / "imports"))
    slots = Slots(1, preload=(*PRELOAD, "watch_imports"), fresh=True)

    reports = [
        check(samples / name, target="anthropic-messages", executor=slots)
        for name in ("report.pdf", "letter.docx", "page.png", "notes.md")
    ]
    slots.close()

    assert [str(report.verdict) for report in reports] == ["fits", "wont-fit", "fits", "fits"]
    assert (tmp_path / "imports").read_text().split() == []


def test_a_worker_is_used_again_and_loses_no_descriptors(document: Document, lying: Slots) -> None:
    first = [outcome.result for outcome in lying.run(tasks(document, *["open_files"] * 5))]
    workers = {outcome.result for outcome in lying.run(tasks(document, *["process"] * 5))}

    assert len(set(first)) == 1
    assert len(workers) == 1


def test_the_program_of_an_ocr_engine_may_run_and_nothing_else(
    document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("tesseract") is None:
        pytest.skip("the program tesseract is not installed")
    needs_full_isolation()
    find_fault_tasks(monkeypatch)
    slots = Slots(1, preload=("lying_tasks",))

    (outcome,) = slots.run([replace(task(document, "run_programs", {}), runs_program=True)])
    slots.close()

    assert outcome.result is not None, outcome.problem
    assert json.loads(outcome.result) == {
        "tesseract": "ran",
        "sh": "refused",
        "python": "refused",
        "passwd": "refused",
        "socket": "refused",
        "signal": "refused",
        "scratch": "written",
        "elsewhere": "refused",
    }


@pytest.mark.parametrize(
    ("flags", "word"),
    [({"isolation": "maybe"}, "isolation"), ({"memory_limit_bytes": 1_000}, "memory-limit-bytes")],
)
def test_settings_that_make_no_sense_are_said(tmp_path: Path, flags: dict[str, object], word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        load_settings(folder=tmp_path, environment={}, flags=flags)


def frame_words(data: bytes) -> str:
    return (len(data).to_bytes(4, "big") + data).decode("latin-1")


def task(
    document: Document,
    name: str,
    payload: dict[str, object],
    *,
    wall_s: float = 60.0,
    cpu_s: float = 60.0,
    unit_s: float = 60.0,
    spares: bool = False,
) -> Task:
    return Task(
        key=0, name=name, document=document, payload=payload, wall_s=wall_s, cpu_s=cpu_s, unit_s=unit_s, spares=spares
    )


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "one.txt"
    path.write_bytes(b"x" * 1000)
    return find_document(path)


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slots]:
    find_fault_tasks(monkeypatch)
    made = Slots(1, preload=("lying_tasks",))
    yield made
    made.close()
