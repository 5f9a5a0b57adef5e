"""How many processors this process may use: the machine's, its affinity, and the quota of its control group.

A container with a quota of two CPUs on a machine of 64 sees 64 cores; as many workers would only throttle each other.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def usable_cores(root: Path = CGROUPS, membership: Path = MEMBERSHIP) -> int:
    """Return the number of processors, at least one; a part of one counts whole.

    Args:
        root: Where control groups are mounted.
        membership: File that says which ones this process is in.
    """
    affine = len(os.sched_getaffinity(0))
    tightest = min(_quotas(root, membership), default=math.inf)
    return max(1, min(affine, math.ceil(tightest))) if math.isfinite(tightest) else affine


def _quotas(root: Path, membership: Path) -> Iterator[float]:
    """Yield the quotas, in processors, of this process's groups and of those above them.

    Version 2 of control groups is one tree with ``cpu.max``; version 1 has a tree for the controller ``cpu``
    (Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst of the Linux kernel).
    """
    for line in _read(membership).splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if not controllers:
            for folder in _upwards(root, path):
                quota, _, period = _read(folder / "cpu.max").strip().partition(" ")
                yield from _share(quota, period)
        elif "cpu" in controllers.split(","):
            for folder in _upwards(root / controllers, path):
                yield from _share(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _upwards(root: Path, path: str) -> Iterator[Path]:
    """Yield a group and those above it; in a container the path may be the host's, and only the root is there."""
    folder = root / path.strip("/")
    yield from (one for one in (folder, *folder.parents) if one.is_relative_to(root))


def _share(quota: str, period: str) -> Iterator[float]:
    try:
        allowed, of = int(quota), int(period)
    except ValueError:  # "max", or no such file
        return
    if allowed > 0 and of > 0:
        yield allowed / of


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
