"""A batch reads what is a file, leaves links and devices alone, and one bad file never ends it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from preflight.batch import run_batch, walk
from preflight.errors import OutputError, UsageError
from preflight.judging import Order
from preflight.settings import Settings

if TYPE_CHECKING:
    from preflight.slots import Slots


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Good files, bad files, links, a pipe and odd names."""
    root = tmp_path / "in"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "a.txt").write_text("hello world\n")
    (root / "deep" / "b.md").write_text("# Title\n\nwords\n")
    (root / "deep" / "er" / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    (root / "empty.txt").touch()
    (root / "passwd").symlink_to("/etc/passwd")
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe")
    (root / "new\nline.txt").write_text("odd name")
    Path(os.fsdecode(os.fsencode(root) + b"/bytes\xff.txt")).write_text("odd bytes")
    return root


def test_walk_takes_regular_files_only_and_in_order(folder: Path) -> None:
    shown = [found.shown for found in walk([folder])]

    assert shown == ["a.txt", "bytes\\xff.txt", "deep/b.md", "deep/er/bad.pdf", "empty.txt", "new\nline.txt"]


def test_one_line_a_file_whatever_is_wrong_with_it(folder: Path, workers: Slots, tmp_path: Path) -> None:
    result = run_batch([folder], Order(), tmp_path / "out", Settings(timeout=60), workers)

    lines = [json.loads(line) for line in result.report.read_text().splitlines()]
    codes = {one["path"]: one["problem"] and one["problem"]["code"] for one in lines}
    assert codes == {
        "a.txt": None,
        "bytes\\xff.txt": None,
        "deep/b.md": None,
        "deep/er/bad.pdf": "damaged",
        "empty.txt": "empty-file",
        "new\nline.txt": None,
    }
    assert result.failed == 2
    assert sum(result.verdicts.values()) == 6


def test_the_same_folder_gives_the_same_bytes(folder: Path, workers: Slots, tmp_path: Path) -> None:
    one = run_batch([folder], Order(), tmp_path / "one", Settings(), workers).report.read_bytes()
    two = run_batch([folder], Order(), tmp_path / "two", Settings(), workers).report.read_bytes()

    assert one == two


def test_output_inside_the_folder_is_not_read_again(folder: Path, workers: Slots) -> None:
    first = run_batch([folder], Order(), folder / "out", Settings(), workers).report.read_bytes()
    second = run_batch([folder], Order(), folder / "out", Settings(), workers).report.read_bytes()

    assert first == second


def test_what_cannot_be_done_is_said_before_anything_is_read(folder: Path, workers: Slots, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match="no file or folder"):
        run_batch([folder / "nothing"], Order(), tmp_path / "out", Settings(), workers)
    with pytest.raises(OutputError):
        run_batch([folder], Order(), tmp_path / "file", Settings(), workers)
