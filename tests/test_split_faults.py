"""Splitting when things go wrong: parsers crash, disks are full, runs are killed. Nothing is left by halves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pikepdf
import pytest
from cuttable import make_pdf, make_scan

from preflight import SplitOptions, UserLimits, split, verify
from preflight.errors import DiskFull, OutputError, Stopped, UnitOverLimit
from preflight.output import find_folder, publish, staging
from preflight.slots import Slots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from preflight.execution import Outcome, Task

LIMITS = UserLimits(pages=6)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slots]:
    """Workers whose cutting fails at units 5, 9 and 12 (see fault_cuts)."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    made = Slots(2, preload=("fault_cuts",))
    yield made
    made.close()


def split_command(source: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "preflight.cli", "split", str(source), "-o", str(out), *more]


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_page_that_crashes_a_parser_costs_that_page_only(tmp_path: Path, faulty: Slots, workers: Slots) -> None:
    source = make_pdf(tmp_path / "report.pdf", [3] * 20)

    result = split(source, tmp_path / "out", limits=LIMITS, executor=faulty)

    manifest = result.manifest
    assert [one.number for one in manifest.quarantined] == [5, 9, 12]
    assert "parser" in manifest.quarantined[0].message.lower()
    held = [unit.number for piece in manifest.pieces for unit in piece.units]
    assert held == [number for number in range(1, 21) if number not in {5, 9, 12}]
    assert not result.complete
    assert verify(tmp_path / "out", against=source, executor=workers).ok


@pytest.fixture
def crashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slots]:
    """Workers that crash on some pages while they compare (see fault_prints)."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    made = Slots(2, preload=("fault_prints",))
    yield made
    made.close()


def test_a_page_that_crashes_while_fingerprints_are_taken_costs_that_page_only(
    tmp_path: Path, crashing: Slots, workers: Slots
) -> None:
    source = make_pdf(tmp_path / "report.pdf", [3] * 14)

    result = split(source, tmp_path / "out", limits=LIMITS, executor=crashing)

    assert [(one.number, one.code) for one in result.manifest.quarantined] == [(4, "unreadable")]
    held = [unit.number for piece in result.manifest.pieces for unit in piece.units]
    assert held == [number for number in range(1, 15) if number != 4]
    assert not result.complete
    assert verify(tmp_path / "out", executor=workers).ok
    assert verify(tmp_path / "out", against=source, executor=crashing).ok
    told = verify(tmp_path / "out", against=source, executor=workers).discrepancies
    assert [(one.code, one.units) for one in told] == [("left-out-readable", (4,))]


def test_a_page_that_crashes_while_looks_are_compared_costs_that_page_only(
    tmp_path: Path, crashing: Slots, workers: Slots
) -> None:
    source = make_scan(tmp_path / "scan.pdf", [120, 2400, 120, 2400])
    with pikepdf.open(source, allow_overwriting_input=True) as pdf:
        pdf.pages[1].MediaBox = pikepdf.Array([0, 0, 333, 432])
        pdf.save(source)

    result = split(source, tmp_path / "out", limits=UserLimits(bytes=1_000_000), executor=crashing)

    assert [one.number for one in result.manifest.quarantined] == [2]
    assert "compared" in result.manifest.quarantined[0].message
    assert [(piece.first, piece.last) for piece in result.manifest.pieces] == [(1, 1), (3, 4)]
    assert not result.complete
    assert verify(tmp_path / "out", against=source, executor=workers).ok


def test_one_result_is_not_put_inside_another(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "report.pdf", [3] * 8)
    split(source, tmp_path / "out", limits=LIMITS, executor=workers)

    for more in (SplitOptions(), SplitOptions(force=True)):
        with pytest.raises(OutputError, match="inside a former result"):
            split(source, tmp_path / "out" / "more", limits=LIMITS, options=more, executor=workers)

    assert verify(tmp_path / "out", executor=workers).ok


class Killing:
    """Workers that are killed at the first pieces they are asked for, until so many have been."""

    def __init__(self, slots: Slots, flag: Path, kills: int) -> None:
        self._slots = slots
        self._flag = flag
        self._left = kills

    def run(self, tasks: Iterable[Task], on_event: Callable[[int, bytes], None] | None = None) -> Iterator[Outcome]:
        for one in tasks:
            if one.name == "cut":
                self._left -= 1
                if self._left < 0:
                    self._flag.unlink(missing_ok=True)
            yield from self._slots.run([one], on_event)

    def close(self) -> None:
        self._slots.close()


@pytest.mark.parametrize(("kills", "lost"), [(2, False), (100, True)])
def test_workers_killed_from_outside_cost_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int, *, lost: bool
) -> None:
    source, flag = make_pdf(tmp_path / "report.pdf", [3] * 3), tmp_path / "flag"
    flag.touch()
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setenv("KILLED_WHILE", str(flag))
    killing = Killing(Slots(1, preload=("fault_cuts",)), flag, kills)
    with closing(killing), pytest.raises(Stopped, match="killed") if lost else nullcontext():
        result = split(source, tmp_path / "out", limits=UserLimits(pages=1), executor=killing)

        assert result.complete
        assert [piece.first for piece in result.manifest.pieces] == [1, 2, 3]


def test_a_refused_split_leaves_no_folders_it_made(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "report.pdf", [3] * 3)
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "deep" / "a" / "b" / "out", tmp_path / "empty" / "c" / "out"):
        with pytest.raises(UnitOverLimit):
            split(source, out, limits=UserLimits(tokens=1), executor=workers)
    assert listing(tmp_path) == ["empty", "report.pdf"]

    split(source, tmp_path / "deep" / "a" / "out", limits=UserLimits(pages=1), executor=workers)
    assert listing(tmp_path / "deep" / "a") == ["out"]


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "long.pdf", [1] * 800)
    process = subprocess.Popen(
        split_command(source, tmp_path / "out", "--max-pages", "1"), stderr=subprocess.PIPE, start_new_session=True
    )
    _wait_for_staging(tmp_path, process)

    os.killpg(process.pid, signal.SIGINT)

    _, told = process.communicate(timeout=120)
    assert process.returncode == 130
    assert b"Traceback" not in told
    assert listing(tmp_path) == ["long.pdf"]


def test_a_killed_run_is_cleaned_up_by_the_next(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "long.pdf", [1] * 800)
    process = subprocess.Popen(split_command(source, tmp_path / "out", "--max-pages", "1"), start_new_session=True)
    _wait_for_staging(tmp_path, process)

    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    assert not (tmp_path / "out").exists()
    assert any(name.startswith(".out.preflight-") for name in listing(tmp_path))
    split(source, tmp_path / "out", limits=UserLimits(pages=400), executor=workers)
    assert listing(tmp_path) == ["long.pdf", "out"]
    assert verify(tmp_path / "out", executor=workers).ok


def test_a_run_that_still_goes_on_is_left_alone(tmp_path: Path) -> None:
    folder = find_folder(tmp_path / "out", force=False)
    with staging(folder) as ours:
        (ours / "piece").write_text("x")

        find_folder(tmp_path / "out", force=False)

        assert (ours / "piece").exists()
    assert listing(tmp_path) == []


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs a mount namespace")
@pytest.mark.parametrize("size_kb", [200, 700])
def test_a_full_disk_is_said_and_nothing_is_left(tmp_path: Path, size_kb: int) -> None:
    source = make_scan(tmp_path / "scan.pdf", [600] * 8)
    assert source.stat().st_size > 1_000_000
    (tmp_path / "disk").mkdir()
    # As if the disk filled up on the way: more is said to be free than there is.
    split_it = " ".join(split_command(source, tmp_path / "disk" / "out", "--max-pages", "1"))
    script = (
        f"mount -t tmpfs -o size={size_kb}k tmpfs {tmp_path}/disk || exit 99; {split_it}; echo code=$?; "
        f"ls -A {tmp_path}/disk"
    )

    run = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=False)

    if "code=" not in run.stdout:
        pytest.skip("cannot mount here")
    assert run.stdout.splitlines() == ["code=73"]
    assert "Traceback" not in run.stderr
    assert "free" in run.stderr.lower()


def test_no_space_while_pieces_are_written_is_no_damage_of_the_document(tmp_path: Path) -> None:
    """A file size limit stands for a disk that fills up after the check for space."""
    import resource

    source = make_scan(tmp_path / "scan.pdf", [600] * 8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        made = Slots(1, preload=("preflight.tasks",))
        try:
            with pytest.raises(Exception, match="Cannot write a piece") as failure:
                split(source, tmp_path / "out", limits=UserLimits(pages=4), executor=made)
        finally:
            made.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert getattr(failure.value, "problem", None) is not None
    assert failure.value.problem.exit_code == 73  # type: ignore[attr-defined]
    assert listing(tmp_path) == ["scan.pdf"]


def test_too_little_space_is_noticed_before_work_begins(tmp_path: Path) -> None:
    folder = find_folder(tmp_path / "out", force=False)

    with pytest.raises(DiskFull, match="free"), staging(folder, needed_bytes=10**18):
        pytest.fail("must not begin")

    assert listing(tmp_path) == []


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path / "pool")
    (tmp_path / "pool").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere" / "deep")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    before = listing(tmp_path)

    for bad in ("file", "file/below", "loop", "loop/below", "dangling", "full"):
        with pytest.raises(OutputError):
            find_folder(tmp_path / bad, force=True)

    assert listing(tmp_path) == before
    assert (tmp_path / "full" / "mine.txt").read_text() == "x"


def test_a_forged_manifest_deletes_nothing_elsewhere(tmp_path: Path, workers: Slots) -> None:
    source, out = make_pdf(tmp_path / "report.pdf", [3] * 2), tmp_path / "out"
    split(source, out, limits=UserLimits(pages=1), executor=workers)
    (tmp_path / "precious").write_text("x")
    manifest = out / "manifest.json"
    manifest.write_text(manifest.read_text().replace("report-001-of-002-p0001-0001.pdf", "../precious"))

    with pytest.raises(OutputError):
        find_folder(out, force=True)

    assert (tmp_path / "precious").exists()


def test_a_link_to_a_folder_is_followed_and_stays_a_link(tmp_path: Path, workers: Slots) -> None:
    source = make_pdf(tmp_path / "report.pdf", [3] * 2)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    split(source, tmp_path / "link", limits=UserLimits(pages=1), executor=workers)

    assert (tmp_path / "link").is_symlink()
    assert len(listing(tmp_path / "real")) == 3


def test_the_working_folder_is_filled_in_place(tmp_path: Path, workers: Slots, monkeypatch: pytest.MonkeyPatch) -> None:
    source, here = make_pdf(tmp_path / "report.pdf", [3] * 2), tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)

    split(source, ".", limits=UserLimits(pages=1), executor=workers)

    assert Path.cwd() == here
    assert len(listing(here)) == 3
    assert verify(here, executor=workers).ok
    from preflight import SplitOptions

    split(source, ".", limits=UserLimits(pages=2), options=SplitOptions(force=True), executor=workers)
    assert len(listing(here)) == 2


def move_in_child(here: Path, at: int, failure: Callable[[], None]) -> int:
    """Put a result in place in a process whose move number ``at`` fails; return how that process ended.

    The interpreter tells an audit hook of each move before it is made, and what the hook raises comes out of it.
    """
    pid = os.fork()
    if pid == 0:  # pragma: no cover - the child, of which nothing may get back to the tests
        try:
            moves = 0

            def hook(event: str, arguments: tuple[object, ...]) -> None:
                nonlocal moves
                if event == "os.rename" and here in (Path(str(path)).parent for path in arguments[:2]):
                    moves += 1
                    if moves == at:
                        failure()

            os.chdir(here)
            folder = find_folder(Path(), force=True)
            with staging(folder) as staged:
                for name in ("a-1.pdf", "a-2.pdf", "manifest.json"):
                    (staged / name).write_text(name)
                sys.addaudithook(hook)
                publish(staged, folder, force=True)
            os._exit(0)
        except (KeyboardInterrupt, OutputError):
            os._exit(3)
        finally:
            os._exit(4)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt() -> None:
    raise KeyboardInterrupt


def fail() -> None:
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize("at", [2, 3])
def test_a_move_that_was_interrupted_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """In place, files appear one by one; killed in between, the next run finds the list and undoes it."""
    here = tmp_path / "here"
    here.mkdir()

    assert move_in_child(here, at, kill) == -signal.SIGKILL
    assert [name for name in listing(here) if not name.startswith(".")] == ["a-1.pdf", "a-2.pdf"][: at - 1]

    monkeypatch.chdir(here)
    find_folder(Path(), force=False)

    assert listing(here) == []


@pytest.mark.parametrize("failure", [interrupt, fail])
@pytest.mark.parametrize("at", range(1, 7))
def test_a_move_that_fails_leaves_the_former_result(
    failure: Callable[[], None], at: int, tmp_path: Path, workers: Slots, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, here = make_pdf(tmp_path / "report.pdf", [3] * 2), tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    split(source, ".", limits=UserLimits(pages=1), executor=workers)
    before = {path.name: path.read_bytes() for path in here.iterdir()}

    assert move_in_child(here, at, failure) == 3
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before


def test_a_list_of_moved_files_that_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    for text in ("[", '["../precious"]', "7"):
        planted = here / ".here.preflight-x"
        planted.mkdir(parents=True, exist_ok=True)
        (planted / ".moving").write_text(text)
        (tmp_path / "precious").write_text("x")
        monkeypatch.chdir(here)

        with pytest.raises(OutputError):  # it holds files of others
            find_folder(Path(), force=False)

        assert (tmp_path / "precious").exists()
        assert planted.exists()


def test_a_planted_list_takes_no_file_of_others(tmp_path: Path) -> None:
    planted = tmp_path / "here" / ".here.preflight-x"
    (planted / ".former").mkdir(parents=True)
    (planted / ".moving").write_text('{"thesis.odt": 1}')
    (tmp_path / "here" / "thesis.odt").write_text("years of work")

    with pytest.raises(OutputError, match="files of others"):
        find_folder(tmp_path / "here", force=True)

    assert (tmp_path / "here" / "thesis.odt").read_text() == "years of work"


def _wait_for_staging(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until some pieces are written."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, "it ended before it could be interrupted"
        for path in folder.glob(".out.preflight-*"):
            if len(list(path.iterdir())) >= 2:
                return
        time.sleep(0.005)
    raise AssertionError("no piece was written in time")
