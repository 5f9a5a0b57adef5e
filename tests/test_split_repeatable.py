"""The same input and options give the same bytes wherever it runs, and a run ended at any moment can be repeated."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import docx_samples as samples
import pytest
from cuttable import make_pdf, make_scan, words
from PIL import Image

MADE = {
    "report.pdf": ("--max-bytes", "5000"),
    "scan.pdf": ("--max-bytes", "400000", "--for", "anthropic-messages"),
    "report.docx": ("--max-tokens", "60"),
    "table.docx": ("--max-tokens", "70"),
    "fax.tiff": ("--max-pages", "2"),
    "notes.md": ("--max-bytes", "600", "--as", "markdown"),
    "beside.pdf": ("--max-pages", "5", "--with-text", "--ocr", "never"),
}

AS_INSTALLED = "from preflight.start import main; main()"
"""What the command `preflight` is; run as a module, Python itself would be interrupted while it still imports it."""


def make(folder: Path, name: str) -> Path:
    """Write one of the documents."""
    path = folder / name
    if name == "scan.pdf":
        return make_scan(path, [400, 400, 1400, 400])
    if name.endswith(".pdf"):
        return make_pdf(path, [12] * 14, chapters=4)
    if name == "report.docx":
        body = "".join(samples.p(f"{number} {words(number, 20)}") for number in range(1, 20))
        path.write_bytes(samples.make(body + samples.SECTION))
    elif name == "table.docx":
        path.write_bytes(samples.long_table())
    elif name == "fax.tiff":
        frames = [Image.frombytes("L", (40, 40), random.Random(at).randbytes(1600)) for at in range(7)]
        frames[0].save(path, save_all=True, append_images=frames[1:])
    else:
        path.write_text("\n\n".join(f"# {number}\n\n{words(number, 30)}" for number in range(12)), encoding="utf-8")
    return path


def split(source: Path, out: Path, *more: str, **where: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "preflight.cli", "split", str(source), "-o", str(out), *more]
    return subprocess.run(command, capture_output=True, check=False, env={**os.environ, **where})


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", MADE)
def test_same_bytes_whatever_the_place_the_time_zone_the_language_and_the_number_of_workers(
    tmp_path: Path, name: str
) -> None:
    made, original = [], make(tmp_path, name)
    places: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("here", "1", {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1"}),
        ("an other plàce", "3", {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "2"}),
    )
    ended = 0
    for folder, jobs, where in places:
        while int(time.time()) == ended:
            time.sleep(0.05)  # file times are kept in whole seconds in some formats
        (tmp_path / folder).mkdir()
        source = Path(shutil.copy(original, tmp_path / folder))
        run = split(source, tmp_path / folder / "out" / folder, *MADE[name], "--jobs", jobs, **where)
        assert run.returncode == 0, run.stderr
        made.append(contents(tmp_path / folder / "out" / folder))
        ended = int(time.time())

    assert len(made[0]) > 2
    assert made[0] == made[1]


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ended_at_any_moment_it_leaves_nothing_visible_and_can_be_repeated(
    tmp_path: Path, name: signal.Signals
) -> None:
    source = make_pdf(tmp_path / "long.pdf", [2] * 250)
    begin = time.monotonic()
    assert split(source, tmp_path / "whole", "--max-pages", "2").returncode == 0
    whole_s = time.monotonic() - begin
    wanted = contents(tmp_path / "whole")
    chance = random.Random(name)
    for number in range(3):
        out = tmp_path / "out"
        process = subprocess.Popen(
            [sys.executable, "-c", AS_INSTALLED, "split", str(source), "-o", str(out), "--max-pages", "2"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        time.sleep(whole_s * chance.random())
        process.send_signal(name)
        told = process.communicate(timeout=60)[1]
        assert b"Traceback" not in told or b"preflight/" not in told, told  # Python's own start may be hit
        if out.exists():  # it was faster
            assert contents(out) == wanted
            shutil.rmtree(out)
        visible = [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")]
        assert sorted(visible) == ["long.pdf", "whole"], number
        if name is not signal.SIGKILL:
            assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert split(source, tmp_path / "out", "--max-pages", "2").returncode == 0
    assert contents(tmp_path / "out") == wanted
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.pdf", "out", "whole"]


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs a mount namespace")
def test_a_read_only_folder_is_said(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "report.pdf", [3] * 4)
    (tmp_path / "disk").mkdir()
    command = f"{sys.executable} -m preflight.cli split {source} -o {tmp_path}/disk/out --max-pages 1"
    script = f"mount -t tmpfs -o ro tmpfs {tmp_path}/disk || exit 99; {command}; echo code=$?"

    run = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, check=False)

    if "code=" not in run.stdout:
        pytest.skip("cannot mount here")
    assert run.stdout.splitlines() == ["code=73"]
    assert "choose a folder you may write to" in run.stderr.lower()
    assert "Traceback" not in run.stderr
