"""The installed command itself, as a user's shell starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from batch_runs import assert_gone, below, wait_for, workers_of

from preflight import __version__

COMMAND = Path(sys.executable).with_name("preflight")


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PREFLIGHT_")}
    return kept | {"COLUMNS": "100"}


def shell(words: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    """Run a line of shell in which ``$P`` is the command."""
    return subprocess.run(
        ["bash", "-c", words],
        cwd=folder,
        env=environment() | {"P": str(COMMAND)},
        capture_output=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("command", [[str(COMMAND)], [sys.executable, "-m", "preflight"]])
def test_it_is_installed_and_says_its_version(command: list[str], tmp_path: Path) -> None:
    run = subprocess.run([*command, "--version"], cwd=tmp_path, capture_output=True, check=True, timeout=60)

    assert run.stdout.decode() == f"upload-preflight {__version__}\n"
    assert not run.stderr


def test_it_checks_a_document_and_starts_workers_early(samples: Path) -> None:
    run = shell("$P check report.pdf notes.md --for anthropic-messages --json", samples)

    assert run.returncode == 0
    assert not run.stderr
    assert run.stdout.count(b'"verdict": "fits"') == 2


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-"])
def test_a_closed_input_or_error_stream_harms_nothing(samples: Path, closed: str) -> None:
    run = shell(f"$P check notes.md {closed}", samples)

    assert run.returncode == 0
    assert run.stdout.lstrip().startswith(b"FITS")
    assert shell(f"$P check none.md {closed}", samples).returncode == 66


def test_a_closed_output_is_one_sentence(samples: Path) -> None:
    run = shell("$P check notes.md >&-", samples)

    assert run.returncode == 73
    assert run.stderr == b"preflight: Standard output is closed. Send it somewhere, or use -o.\n"
    assert shell("$P check notes.md <&- >&- 2>&-", samples).returncode == 73


def test_a_reader_that_has_heard_enough_ends_it_well(samples: Path) -> None:
    run = shell("set -o pipefail; $P check report.pdf --json | head -c 100", samples)

    assert run.returncode == 0
    assert not run.stderr


def test_a_full_disk_is_one_sentence(samples: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    run = shell("$P check report.pdf --json > /dev/full", samples)

    assert run.returncode == 73
    assert run.stderr.startswith(b"preflight: No space left")
    assert run.stderr.count(b"\n") == 1


def test_an_interrupt_ends_it_with_130_and_leaves_nobody_behind(tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_text("All work and no play. " * 3_000_000)
    command = [str(COMMAND), "check", "big.txt"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as run:
        wait_for(lambda: workers_of(run.pid))
        others = below(run.pid)
        run.send_signal(signal.SIGINT)
        out, told = run.communicate(timeout=120)

    assert run.returncode == 130
    assert not out
    assert told == b"preflight: Interrupted.\n"
    assert_gone(others)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--data", "/proc/x"), 73, "/proc/x"),
        (("--database", "mysql://x/y"), 78, "The address of the database"),
    ],
)
def test_nobody_is_told_of_a_service_that_cannot_begin(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    command = [str(COMMAND), "serve", "--port", "0", "--data", str(tmp_path), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert (run.returncode, run.stdout) == (code, "")
    assert words in run.stderr
    assert "ledger" not in run.stderr


def test_a_service_says_once_that_it_listens_and_ends_where_it_cannot_say_so(tmp_path: Path) -> None:
    command = [str(COMMAND), "serve", "--port", "0", "--workers", "0", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        first = service.stdout.readline()
        service.send_signal(signal.SIGTERM)
        rest = service.stdout.read()
    with Path("/dev/full").open("w") as full:
        mute = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=120, check=False)

    assert first.startswith("listening on http://127.0.0.1:")
    assert rest == ""
    assert mute.returncode == 73, mute.stderr
