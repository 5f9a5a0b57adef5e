"""Measures what worker processes use while something runs: CPU, and the peak of memory of any of them."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Self

_TICKS = 100.0  # USER_HZ, which Linux shows to programs whatever the kernel was built with


def children_of(pid: int | str) -> set[int]:
    """Return the processes below one."""
    found: set[int] = set()
    frontier = {str(pid)}
    while frontier:
        below: set[str] = set()
        for one in frontier:
            for task in Path(f"/proc/{one}/task").glob("*/children"):
                try:
                    below |= set(task.read_text(encoding="ascii").split())
                except OSError:
                    continue
        frontier = below
        found |= {int(one) for one in below}
    return found


class Gauge:
    """Watches all processes below this one for the length of a ``with`` block, by sampling.

    Attributes:
        wall_s: Seconds the block took.
        peak_bytes: Largest resident memory (VmHWM) of one process that was seen.
    """

    def __init__(self) -> None:
        self.wall_s = 0.0
        self.peak_bytes = 0
        self._before: dict[int, float] = {}
        self._after: dict[int, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def cpu_s(self) -> float:
        """CPU of all those processes meanwhile, but for what they used after the last look at them."""
        return sum(used - self._before.get(pid, 0.0) for pid, used in self._after.items())

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        for pid in children_of("self"):
            self._before[pid] = _cpu_s(pid)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._look()
        self.wall_s = time.monotonic() - self._started

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self._look()

    def _look(self) -> None:
        for pid in children_of("self"):
            self._after[pid] = max(_cpu_s(pid), self._after.get(pid, 0.0))
            self.peak_bytes = max(self.peak_bytes, _peak_bytes(pid))


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak_bytes(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0
