"""A batch reads what is a file, leaves links and devices alone, and one bad file never ends it."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from preflight.batch import run_batch, walk
from preflight.errors import DiskFull, FileMissing, OutputError, UsageError
from preflight.execution import Outcome
from preflight.judging import Order
from preflight.settings import Settings
from preflight.storage import write_file
from preflight.wire import json_bytes, json_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from preflight.execution import Task
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


def lines_of(report: Path) -> dict[str, str | None]:
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    codes = {one["path"]: one["problem"] and one["problem"]["code"] for one in lines}
    assert len(codes) == len(lines)
    return codes


def test_a_folder_that_cannot_be_read_is_one_line(tmp_path: Path, workers: Slots) -> None:
    """A path longer than the system takes is refused to root, too."""
    root = tmp_path / "in"
    root.mkdir()
    (root / "a.txt").write_text("hello")
    at = os.open(root, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=at)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(at)
    too_long = root.joinpath(*["d" * 250] * 20)

    below = lines_of(run_batch([root], Order(), tmp_path / "one", Settings(), workers).report)
    itself = lines_of(run_batch([root / "a.txt", too_long], Order(), tmp_path / "two", Settings(), workers).report)

    assert list(below.values()) == [None, "file-missing"]
    assert itself == {"a.txt": None, "d" * 250: "file-missing"}


def test_folders_too_deep_are_not_left_out_silently(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    (deep / "a.txt").write_text("hello")

    (found,) = walk([tmp_path])

    assert found.error is not None
    assert "deep" in str(found.error)


def test_a_path_given_may_be_a_link_and_links_below_are_left_out(folder: Path, workers: Slots, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "file-link").symlink_to(folder / "a.txt")

    assert [one.shown for one in walk([tmp_path / "link"])] == [one.shown for one in walk([folder])]
    result = run_batch([tmp_path / "file-link"], Order(), tmp_path / "out", Settings(), workers)
    assert lines_of(result.report) == {"file-link": None}


def test_output_may_be_the_folder_that_is_read(tmp_path: Path, workers: Slots) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "sub" / "report.jsonl").write_text("a file of the user's")
    (tmp_path / ".preflight-abc").write_text("half a report")

    first = run_batch([tmp_path], Order(), tmp_path, Settings(), workers)
    again = run_batch([tmp_path], Order(), tmp_path, Settings(), workers)
    below = run_batch([tmp_path / "sub"], Order(), tmp_path, Settings(), workers)

    assert sum(first.verdicts.values()) == sum(again.verdicts.values()) == 2
    assert lines_of(below.report) == {"report.jsonl": None}


def test_no_file_at_all_is_said(tmp_path: Path, workers: Slots) -> None:
    (tmp_path / "in").mkdir()

    with pytest.raises(FileMissing, match="no file to check"):
        run_batch([tmp_path / "in"], Order(), tmp_path / "out", Settings(), workers)


def test_several_paths_never_share_a_name(tmp_path: Path) -> None:
    for parent in ("one", "two", "three"):
        (tmp_path / parent / "in").mkdir(parents=True)
        (tmp_path / parent / "in" / "a.txt").write_text(parent)

    shown = [one.shown for one in walk([tmp_path / "one" / "in", tmp_path / "two" / "in", tmp_path / "three"])]

    assert shown == ["in/a.txt", "in (2)/a.txt", "three/in/a.txt"]


class Nonsense:
    """An executor with a bug: for every second document it has neither a result nor a problem."""

    def __init__(self, workers: Slots) -> None:
        self._workers = workers

    def run(self, tasks: Iterable[Task], on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        waiting = list(tasks)
        names = {task.key: task.document.name for task in waiting}
        for outcome in self._workers.run(waiting, on_event):
            yield Outcome(key=outcome.key) if names[outcome.key] in "bd" else outcome

    def close(self) -> None:
        """Nothing to end."""


def test_a_bug_about_one_file_is_its_line(tmp_path: Path, workers: Slots, caplog: pytest.LogCaptureFixture) -> None:
    root = tmp_path / "in"
    root.mkdir()
    for name in "abcd":
        (root / name).write_text(name)

    result = run_batch([root], Order(), tmp_path / "out", Settings(), Nonsense(workers))

    assert lines_of(result.report) == {"a": None, "b": "internal", "c": None, "d": "internal"}
    assert caplog.text.count("bug while judging") == 2


def test_a_result_replaces_what_is_there_and_links_stay(tmp_path: Path) -> None:
    path, link = tmp_path / ("x" * 250), tmp_path / "link"
    link.symlink_to(path)

    write_file(link, b"one")
    write_file(path, b"two")
    write_file(link, b"three")

    assert link.is_symlink()
    assert path.read_bytes() == b"three"
    assert sorted(tmp_path.iterdir()) == sorted([path, link])


def test_a_result_goes_through_pipes_and_devices(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()

    write_file(pipe, b"through")
    reader.join(10)

    assert got == [b"through"]
    assert pipe.is_fifo()
    with pytest.raises(DiskFull):
        write_file(Path("/dev/full"), b"x")


def test_a_result_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    for name in ("loop", "no/such/folder", "y" * 300, "."):
        with pytest.raises(OutputError):
            write_file(tmp_path / name, b"x")

    assert [one.name for one in tmp_path.iterdir()] == ["loop"]


@pytest.mark.parametrize("write", [json_bytes, json_line])
def test_no_json_is_written_that_is_none(write: Callable[[object], bytes]) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write({"seconds": float("nan")})
