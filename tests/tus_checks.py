"""Runs the conformance checks for resumable uploads that lie beside the project."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TIMED = "partial_disconnect_kept"
"""It breaks a connection half a second after it has sent and asks 0.8 s later, however busy the machine is."""
TRIES = 3


def failed_checks(shared: Path, address: str, max_bytes: int, *key: str) -> set[str]:
    """Return the names of the checks that fail; the one that is a matter of time has more tries, the others one."""
    failed = _failed(shared, address, max_bytes, *key)
    for _ in range(TRIES - 1):
        if TIMED in failed:
            failed -= {TIMED} - _failed(shared, address, max_bytes, *key)
    return failed


def _failed(shared: Path, address: str, max_bytes: int, *key: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, shared / "tools" / "tus_conform.py", address, str(max_bytes), *key],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = run.stdout.splitlines()
    assert lines[-1].endswith("/32"), run.stdout
    return {line.split()[0] for line in lines if " FAIL" in line}
