"""Processors that may be used: affinity and the quota of the control group."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from preflight.cores import usable_cores
from preflight.settings import Settings

AFFINE = len(os.sched_getaffinity(0))


def group(root: Path, path: str, files: dict[str, str]) -> None:
    folder = root / path.strip("/")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def cores(tmp_path: Path, membership: str) -> int:
    (tmp_path / "self").write_text(membership)
    return usable_cores(tmp_path / "cgroup", tmp_path / "self")


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        ("max 100000", AFFINE),
        ("100000 100000", 1),
        ("50000 100000", 1),
        ("150000 100000", min(2, AFFINE)),
        ("6400000 100000", AFFINE),
        ("", AFFINE),
        ("nonsense", AFFINE),
        ("0 100000", AFFINE),
    ],
)
def test_a_quota_of_version_2_counts(tmp_path: Path, quota: str, expected: int) -> None:
    group(tmp_path / "cgroup", "/", {"cpu.max": quota})

    assert cores(tmp_path, "0::/\n") == expected


def test_the_tightest_group_on_the_way_up_counts(tmp_path: Path) -> None:
    group(tmp_path / "cgroup", "/a", {"cpu.max": "100000 100000\n"})
    group(tmp_path / "cgroup", "/a/b", {"cpu.max": "400000 100000\n"})

    assert cores(tmp_path, "0::/a/b\n") == 1
    assert cores(tmp_path, "0::/a/gone/away\n") == 1
    assert cores(tmp_path, "0::/other\n") == AFFINE


def test_a_quota_of_version_1_counts(tmp_path: Path) -> None:
    files = {"cpu.cfs_quota_us": "100000\n", "cpu.cfs_period_us": "100000\n"}
    group(tmp_path / "cgroup", "/cpu,cpuacct/docker/x", files)
    group(tmp_path / "cgroup", "/cpu,cpuacct/free", files | {"cpu.cfs_quota_us": "-1\n"})

    assert cores(tmp_path, "3:memory:/docker/x\n2:cpu,cpuacct:/docker/x\n") == 1
    assert cores(tmp_path, "2:cpu,cpuacct:/free\n") == AFFINE


def test_without_control_groups_affinity_counts(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "none", tmp_path / "nothing") == AFFINE
    assert 1 <= Settings().workers <= AFFINE
    assert Settings(jobs=7).workers == 7


def test_affinity_of_the_process_counts(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores(tmp_path / "none", tmp_path / "nothing") == 1
    finally:
        os.sched_setaffinity(0, before)
