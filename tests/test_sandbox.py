"""What a locked worker cannot do, each tried for real, and what becomes of workers that lie."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from preflight.sandbox_probe import REFUSED, probe
from preflight.sandbox_syscalls import ABSENT, CHECKED, FILES, NAMES, NETWORK, PROGRAMS, SYSTEM

if TYPE_CHECKING:
    pass

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
