"""What tests of killed batches share: the program, its processes, its ledger, its results."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

TESTS = Path(__file__).parent


def start(folder: Path, out: Path, **wanted: object) -> subprocess.Popen[str]:
    """Start a batch; its standard output is one JSON object at the end."""
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, str(TESTS / "batch_program.py"), str(folder), str(out), json.dumps(wanted)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )


def finish(process: subprocess.Popen[str], code: int | None = None) -> dict[str, Any]:
    """Wait for a batch; return what it printed."""
    printed, _ = process.communicate(timeout=250)
    if code is not None:
        assert process.returncode == code, printed
    return json.loads(printed) if printed.strip() else {}


def run(folder: Path, out: Path, code: int | None = None, **wanted: object) -> dict[str, Any]:
    """Run a batch to its end."""
    return finish(start(folder, out, **wanted), code)


def query(out: Path, statement: str) -> list[tuple[Any, ...]]:
    """Ask the ledger of a folder of results; nothing where there is none yet."""
    path = out / ".preflight" / "ledger.sqlite3"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=20)) as connection, suppress(sqlite3.OperationalError):
        return connection.execute(statement).fetchall()
    return []


def ended(out: Path) -> int:
    """Number of jobs that have ended."""
    rows = query(out, "SELECT count(*) FROM jobs WHERE finished_at IS NOT NULL")
    return rows[0][0] if rows else 0


def wait_for(what: Callable[[], object], seconds: float = 120.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def below(pid: int) -> set[int]:
    """All processes that descend from one."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found: set[int] = set()
    edge = {pid}
    while edge:
        edge = {child for child, parent in parents.items() if parent in edge} - found
        found |= edge
    return found


def freeze(process: subprocess.Popen[str], out: Path) -> None:
    """Stop a batch while it does not write to its ledger: SQLite has one writer, and a stopped one keeps the lock."""
    for _ in range(200):
        process.send_signal(signal.SIGSTOP)
        with closing(sqlite3.connect(out / ".preflight" / "ledger.sqlite3", isolation_level=None, timeout=0.2)) as one:
            try:
                one.execute("BEGIN IMMEDIATE")
                one.execute("ROLLBACK")
            except sqlite3.OperationalError:
                process.send_signal(signal.SIGCONT)
                time.sleep(0.03)
            else:
                return
    raise AssertionError("it never stopped writing")


def workers_of(pid: int) -> set[int]:
    """Worker processes of a batch: the children of its fork server."""
    return {worker for server in below(pid) for worker in below(server)}


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a batch; nothing it has started may outlive it."""
    others = below(process.pid)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert_gone(others)


def assert_gone(pids: set[int]) -> None:
    """Make sure that processes have ended."""
    wait_for(lambda: not any(is_there(pid) for pid in pids), 60)


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def results(out: Path) -> dict[str, str]:
    """Every file that a batch has written for its user, by hash."""
    found = {}
    for path in sorted(out.rglob("*")):
        if path.is_file() and ".preflight" not in path.relative_to(out).parts:
            found[str(path.relative_to(out))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def check_manifests(out: Path) -> int:
    """Check that each manifest names each file of its folder once; return the number of pieces."""
    count = 0
    for manifest in (out / "pieces").rglob("manifest.json"):
        names = [one["name"] for one in json.loads(manifest.read_text())["pieces"]]
        assert len(names) == len(set(names))
        assert sorted([*names, "manifest.json"]) == sorted(one.name for one in manifest.parent.iterdir())
        count += len(names)
    return count
