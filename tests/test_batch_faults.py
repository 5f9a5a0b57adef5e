"""Whatever is killed, frozen, full or locked: nothing lost, nothing twice, nobody left, and the same report."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from batch_runs import (
    TESTS,
    assert_gone,
    below,
    check_manifests,
    ended,
    finish,
    freeze,
    kill,
    query,
    results,
    run,
    start,
    wait_for,
    workers_of,
)

SPLIT = {"split": {}}
COUNT = 24


@pytest.fixture(scope="module")
def documents(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents that can be held, and some that are cut into many pieces."""
    root = tmp_path_factory.mktemp("in")
    (root / "sub").mkdir()
    for number in range(COUNT):
        (root / "sub" / f"held-{number:02}.txt").write_text(f"FAULT held 0\ndocument {number}\n")
    for name in ("report.pdf", "mixed.pdf", "scan.pdf"):
        shutil.copy(samples / name, root / name)
    (root / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    return root


def hold_from(folder: Path, first: int) -> None:
    """Let workers wait at documents from a number on, and let go of those before: a run cannot end by surprise."""
    for number, path in enumerate(sorted((folder / "sub").iterdir())):
        path.chmod(0o600 if number >= first else 0o700)


@pytest.fixture
def folder(documents: Path) -> Path:
    """The documents, none of them held."""
    hold_from(documents, COUNT)
    return documents


@pytest.fixture(scope="module")
def undisturbed(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What comes out when nothing happens."""
    hold_from(documents, COUNT)
    out = tmp_path_factory.mktemp("undisturbed")
    run(documents, out, 3, **SPLIT)
    assert check_manifests(out) >= COUNT + 8
    return results(out)


def leased(out: Path) -> int:
    """Number of units that somebody works on."""
    return len(query(out, "SELECT 1 FROM units WHERE state = 'leased'"))


def test_workers_that_are_killed_cost_a_try_each(folder: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    out, killed = tmp_path / "out", set[int]()
    hold_from(folder, 4)
    batch = start(folder, out, **SPLIT)
    for held_from in (4, 12):
        hold_from(folder, held_from)
        for _ in range(2):
            wait_for(lambda at=held_from: ended(out) >= at and leased(out) and workers_of(batch.pid) - killed)
            for worker in workers_of(batch.pid) - killed:
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
                killed.add(worker)
    hold_from(folder, COUNT)
    finish(batch, 3)

    assert len(killed) >= 4
    assert results(out) == undisturbed


def test_a_run_killed_three_times_goes_on(folder: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    """Leases that nobody gives back hold for longer than this test would wait."""
    out = tmp_path / "out"
    for held_from in (5, 11, 17):
        hold_from(folder, held_from)
        batch = start(folder, out, lease_s=1_000, **SPLIT)
        wait_for(lambda at=held_from: ended(out) >= at and leased(out))
        kill(batch)
        assert not (out / "report.jsonl").exists()
    hold_from(folder, COUNT)
    last = finish(start(folder, out, **SPLIT), 3)

    assert last["known"] >= 17
    assert results(out) == undisturbed
    assert query(out, "SELECT max(faults) FROM units") == [(0,)]
    assert list((out / ".preflight" / "tmp").iterdir()) == []


def test_a_run_that_is_frozen_is_overtaken(folder: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    out = tmp_path / "out"
    hold_from(folder, 6)
    frozen = start(folder, out, lease_s=1.5, **SPLIT)
    wait_for(lambda: ended(out) >= 6 and leased(out))
    freeze(frozen, out)
    hold_from(folder, COUNT)
    run(folder, out, 3, lease_s=1.5, **SPLIT)
    meanwhile = results(out)
    frozen.send_signal(signal.SIGCONT)
    told = finish(frozen, 3)

    assert told["late"] > 0
    assert meanwhile == results(out) == undisturbed
    assert query(out, "SELECT count(*), count(DISTINCT id) FROM jobs") == [(COUNT + 4, COUNT + 4)]


def test_two_runs_share_the_work(folder: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    out = tmp_path / "out"
    both = [start(folder, out, **SPLIT) for _ in range(2)]
    for one in both:
        finish(one, 3)

    assert results(out) == undisturbed
    assert query(out, "SELECT max(token) FROM units") == [(1,)]


def test_ctrl_c_ends_at_once_and_the_next_run_goes_on(
    folder: Path, tmp_path: Path, undisturbed: dict[str, str]
) -> None:
    out = tmp_path / "out"
    hold_from(folder, 6)
    batch = start(folder, out, **SPLIT)
    wait_for(lambda: ended(out) >= 6 and leased(out))
    others = below(batch.pid)
    batch.send_signal(signal.SIGINT)
    finish(batch, 130)
    assert_gone(others)
    assert query(out, "SELECT count(*) FROM units WHERE state = 'leased'") == [(0,)]

    hold_from(folder, COUNT)
    assert run(folder, out, 3, **SPLIT)["known"] >= 6
    assert results(out) == undisturbed
    assert query(out, "SELECT max(losses) FROM units") == [(0,)]


def test_a_run_told_to_terminate_says_how_to_go_on(folder: Path, tmp_path: Path) -> None:
    """While it waits for a locked ledger, so that it cannot have ended before."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "preflight.cli", "batch", str(folder / "scan.pdf"), "-o", str(out)]
    assert subprocess.run(command, capture_output=True, check=False).returncode in (0, 1)
    with closing(sqlite3.connect(out / ".preflight" / "ledger.sqlite3", isolation_level=None, timeout=30)) as locker:
        locker.execute("BEGIN IMMEDIATE")
        batch = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: catches(batch.pid, signal.SIGTERM))
        batch.terminate()
        locker.execute("ROLLBACK")
        _, told = batch.communicate(timeout=120)

    assert batch.returncode == 130
    assert "Run the same command to go on" in told


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler of its own for a signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (number - 1) & 1)


def test_a_broken_ledger_is_said_to_be_broken(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(folder, out, 3)
    for path in (out / ".preflight").glob("ledger.sqlite3*"):
        path.write_bytes(b"no database " * 1000)

    told = run(folder, out, 73)

    assert "remove it (of a batch, the folder .preflight" in told["error"]


def test_a_full_disk_ends_the_run_and_costs_nothing(folder: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    """On a small file system of its own, in a mount namespace of its own."""
    place, marker = tmp_path / "small", tmp_path / "codes"
    place.mkdir()
    program = TESTS / "batch_program.py"
    script = f"""set -u
mount -t tmpfs -o size=6m tmpfs "{place}" || exit 99
head -c 5700k /dev/zero > "{place}/filler"
"$PYTHON" "{program}" "{folder}" "{place}/out" '{json.dumps(SPLIT)}'; echo "full $?" >> "{marker}"
rm "{place}/filler"
"$PYTHON" "{program}" "{folder}" "{place}/out" '{json.dumps(SPLIT)}'; echo "free $?" >> "{marker}"
rm -rf "{place}/out/.preflight"; cp -r "{place}/out" "{tmp_path}/kept"
"""
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        env=os.environ | {"PYTHON": sys.executable, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    if done.returncode == 99 or not marker.exists():
        pytest.skip(f"NO SMALL DISK: this system allows no mount namespace ({done.stderr.strip()})")

    assert marker.read_text().split("\n")[:2] == ["full 73", "free 3"], done.stdout + done.stderr
    assert results(tmp_path / "kept") == undisturbed


def test_files_that_may_not_grow_end_the_run(folder: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    out = tmp_path / "out"
    told = run(folder, out, 73, fsize=60_000, **SPLIT)
    assert told["error"]

    run(folder, out, 3, **SPLIT)
    assert results(out) == undisturbed


def test_a_locked_ledger_is_waited_for(folder: Path, tmp_path: Path, undisturbed: dict[str, str]) -> None:
    """For longer than SQLite itself waits, which is two seconds."""
    out = tmp_path / "out"
    hold_from(folder, 4)
    batch = start(folder, out, **SPLIT)
    wait_for(lambda: ended(out) >= 4)
    locker = sqlite3.connect(out / ".preflight" / "ledger.sqlite3", isolation_level=None, timeout=30)
    locker.execute("BEGIN IMMEDIATE")
    hold_from(folder, COUNT)
    time.sleep(3)
    locker.execute("ROLLBACK")
    locker.close()
    finish(batch, 3)

    assert results(out) == undisturbed


def test_poison_is_tried_three_times_and_the_others_are_done(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    for number, fault in enumerate(("abort", "killed", "memory", "spin")):
        (root / f"{number}-{fault}.txt").write_text(f"FAULT {fault} 0\n")
        (root / f"{number}-good.txt").write_text("a good one\n")

    run(root, out, 3, timeout=3)

    lines = [json.loads(line) for line in (out / "report.jsonl").read_text().splitlines()]
    codes = {one["path"]: one["problem"] and one["problem"]["code"] for one in lines}
    assert codes == {
        "0-abort.txt": "parser-crashed",
        "0-good.txt": None,
        "1-good.txt": None,
        "1-killed.txt": "out-of-memory",
        "2-good.txt": None,
        "2-memory.txt": "out-of-memory",
        "3-good.txt": None,
        "3-spin.txt": "timeout",
    }
    faults = query(out, "SELECT faults, count(*) FROM units GROUP BY faults ORDER BY faults")
    assert faults == [(0, 4), (3, 4)]
