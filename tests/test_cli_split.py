"""split, verify and join as a user meets them: real processes, their output and exit codes."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from cuttable import make_pdf, make_scan
from warm_command import warm_command

if TYPE_CHECKING:
    from pathlib import Path


def preflight(*args: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [*warm_command(), *map(str, args)]
    return subprocess.run(command, input=stdin, capture_output=True, cwd=cwd, check=False)


def test_split_verify_join(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "report.pdf", [20] * 10, chapters=4)

    cut = preflight("split", source, "--for", "bedrock-converse", "--max-pages", "4", "-o", tmp_path / "out")
    seen = preflight("verify", tmp_path / "out", "--against", source)
    joined = preflight("join", tmp_path / "out", "-o", tmp_path / "again.pdf")

    assert cut.returncode == 0, cut.stderr
    assert b"3 PIECES" in cut.stdout
    assert b"report-001-of-003-p0001-0004.pdf" in cut.stdout
    assert seen.returncode == 0, seen.stdout
    assert b"each exactly once and in order" in b" ".join(seen.stdout.split())
    assert joined.returncode == 0, joined.stderr
    assert (tmp_path / "again.pdf").exists()


def test_json_is_the_manifest_and_every_discrepancy(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "report.pdf", [5] * 4)

    out = preflight("split", source, "--max-pages", "2", "-o", tmp_path / "out", "--json").stdout
    assert out == (tmp_path / "out" / "manifest.json").read_bytes()
    (tmp_path / "out" / "report-002-of-002-p0003-0004.pdf").unlink()
    found = preflight("verify", tmp_path / "out", "--json")

    assert found.returncode == 1
    data = json.loads(found.stdout)
    assert data["ok"] is False
    assert [one["code"] for one in data["discrepancies"]] == ["file-missing"]


def test_the_schema_of_the_manifest_describes_it(tmp_path: Path) -> None:
    schema = json.loads(preflight("schema", "manifest").stdout)

    assert {"schema", "source", "settings", "pieces", "quarantined", "unit_kind"} <= set(schema["properties"])
    assert "as" in schema["$defs"]["SplitSettings"]["properties"]


def test_scans_for_a_target_that_takes_text_only(tmp_path: Path, samples: Path) -> None:
    scan = samples / "scan.pdf"

    alone = preflight("split", scan, "--for", "notebooklm", "-o", tmp_path / "alone")
    beside = preflight("split", scan, "--for", "notebooklm", "--with-text", "-o", tmp_path / "beside")
    seen = preflight("split", scan, "--for", "anthropic-messages", "-o", tmp_path / "seen")

    said = b" ".join(alone.stdout.split())
    assert alone.returncode == 1, alone.stderr
    assert b"None of the 3 pages can be read as text" in said
    assert b"--as text" in said
    assert b"--with-text" in said
    manifest = json.loads((tmp_path / "alone" / "manifest.json").read_bytes())
    assert [(one["code"], one["severity"], one["units"]) for one in manifest["findings"]] == [
        ("scans-invisible", "warning", [1, 2, 3])
    ]
    assert beside.returncode == 0, beside.stderr
    assert b"send the text beside each piece" in b" ".join(beside.stdout.split())
    assert seen.returncode == 0, seen.stderr
    assert b"read as text" not in seen.stdout


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "report.pdf", [20] * 10)

    run = preflight("split", source, "--max-pages", "4", "-o", tmp_path / "out", "--dry-run")
    data = json.loads(preflight("split", source, "--max-pages", "4", "--dry-run", "--json").stdout)

    assert run.returncode == 0
    assert b"page limit" in run.stdout or b"balanced" in run.stdout
    assert len(data["plan"]["pieces"]) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["report.pdf"]


def test_standard_input(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "report.pdf", [5] * 3)

    run = preflight("split", "-", "--max-pages", "2", "-o", tmp_path / "out", stdin=source.read_bytes())

    assert run.returncode == 0
    assert (tmp_path / "out" / "stdin-001-of-002-p0001-0001.pdf").exists()


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["split", "missing.pdf", "--max-pages", "1", "-o", "out"], 66, "no file"),
        (["split", "small.pdf", "-o", "out"], 2, "--for"),
        (["split", "small.pdf", "--max-pages", "1"], 2, "-o"),
        (["split", "small.pdf", "--max-pages", "0", "-o", "out"], 2, "--max-pages"),
        (["split", "small.pdf", "--for", "nowhere", "-o", "out"], 78, "nowhere"),
        (["split", "small.pdf", "--max-pages", "1", "-o", "small.pdf"], 73, "is a file"),
        (["split", "small.pdf", "--max-pages", "1", "-o", "full"], 73, "mine.txt"),
        (["split", "small.pdf", "--max-pages", "1", "-o", "loop/out"], 73, "a link that leads nowhere"),
        (["split", "small.pdf", "--max-tokens", "3", "-o", "out"], 65, "Page 1 alone"),
        (["split", "scan.pdf", "--max-bytes", "9000", "--shrink", "never", "-o", "out"], 65, "--shrink auto"),
        (["split", "small.pdf", "--max-pages", "1", "-o", "out", "--as", "docx"], 2, "--as"),
        (["split", "small.pdf", "--max-pages", "1", "--as", "text", "--dry-run"], 2, "--dry-run"),
        (["split", "small.pdf", "--max-seconds", "9", "-o", "out"], 2, "nobody knows how fast"),
        (["split", "notes.md", "--max-pages", "9", "-o", "out"], 2, "no fixed pages"),
        (["split", "small.pdf", "--max-tokens", "3", "--dry-run"], 1, "over a limit"),
        (["split", "broken.pdf", "--max-pages", "1", "-o", "out"], 65, ""),
        (["verify", "full"], 66, "manifest"),
        (["verify", "full/mine.txt"], 65, "no manifest"),
        (["join", "full", "-o", "x.pdf"], 66, "manifest"),
    ],
)
def test_bad_input_ends_in_one_sentence_its_own_code_and_writes_nothing(
    tmp_path: Path, args: list[str], code: int, words: str
) -> None:
    make_pdf(tmp_path / "small.pdf", [10] * 3)
    make_scan(tmp_path / "scan.pdf", [100])
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog")
    (tmp_path / "notes.md").write_text("# Notes\n\nSome words.\n")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = sorted(path.name for path in tmp_path.iterdir())

    run = preflight(*args, cwd=tmp_path)

    told = " ".join((run.stdout + run.stderr).decode().split())
    assert run.returncode == code, told
    assert words.lower() in told.lower()
    assert "Traceback" not in told
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_what_is_left_out_is_told_and_the_exit_code_is_not_0(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "report.pdf", [5] * 6)
    data = bytearray(source.read_bytes())
    at = [place for place in range(len(data)) if data.startswith(b"/Type /Page\n", place)][2]
    data[at : at + 11] = b"/Type /Xage"
    source.write_bytes(data)

    run = preflight("split", source, "--max-pages", "4", "-o", tmp_path / "out")

    assert run.returncode == 1
    assert "[3]" in run.stdout.decode()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert [one["number"] for one in manifest["quarantined"]] == [3]
    joined = preflight("join", tmp_path / "out", "-o", tmp_path / "again.pdf")
    assert joined.returncode == 1
    assert b"3" in joined.stderr


def test_many_pieces_fit_one_screen_and_long_names_one_line(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "a report with a name that is longer than most are.pdf", [2] * 60)

    lines = preflight("split", source, "--max-pages", "1", "-o", tmp_path / "out").stdout.decode().splitlines()

    assert len(lines) <= 20
    assert any("-001-of-060-p0001-0001.pdf" in line for line in lines)
    assert any("47 more: manifest.json lists them" in line for line in lines)
    assert any("-060-of-060-p0060-0060.pdf" in line for line in lines)


def test_what_is_wrong_with_pieces_comes_with_what_to_do(tmp_path: Path) -> None:
    preflight("split", make_pdf(tmp_path / "report.pdf", [5] * 4), "--max-pages", "1", "-o", tmp_path / "out")
    (tmp_path / "out" / "report-002-of-004-p0002-0002.pdf").unlink()
    (tmp_path / "out" / "mine.txt").write_text("mine")

    told = " ".join(preflight("verify", tmp_path / "out").stdout.decode().split())

    assert "2 discrepancies" in told
    assert "→ Copy the missing files back" in told
    assert "→ Move what does not belong there" in told
    assert "not as they were written" not in told


def test_a_limit_that_nobody_can_hold_is_told(tmp_path: Path) -> None:
    source = make_pdf(tmp_path / "report.pdf", [5] * 4)

    run = preflight("split", source, "--max-pages", "2", "--max-seconds", "9", "-o", tmp_path / "out")

    assert run.returncode == 0
    assert "nobody knows how fast" in " ".join(run.stdout.decode().split())
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert [one["code"] for one in manifest["findings"]] == ["limit-not-held"]


@pytest.mark.parametrize(
    ("options", "code", "severity"),
    [(["--page-timeout", "0.01"], 1, "error"), (["--ocr-engine", "null"], 0, "warning")],
)
def test_pages_that_ocr_did_not_read_are_told_and_marked(
    tmp_path: Path, samples: Path, options: list[str], code: int, severity: str
) -> None:
    scan = samples / "scan.pdf"

    run = preflight("split", scan, "--max-tokens", "500", "--as", "text", *options, "-o", tmp_path / "out")
    seen = preflight("verify", tmp_path / "out", "--against", scan)

    assert run.returncode == code, run.stderr
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert [(one["severity"], one["units"]) for one in manifest["findings"]] == [(severity, [1, 2, 3])]
    (text,) = (tmp_path / "out").glob("*.txt")
    assert "--- page 2 (not read: it needs OCR) ---" in text.read_text()
    assert seen.returncode == 0, seen.stdout


def test_the_shares_of_a_page_that_had_to_be_made_smaller_are_told_for_all(tmp_path: Path) -> None:
    source = make_scan(tmp_path / "scan.pdf", [1500, 1600])

    run = preflight("split", source, "--max-bytes", "900000", "-o", tmp_path / "out")

    assert run.returncode == 0, run.stderr
    assert "shrunk: Images re-encoded where one alone was too large: " in " ".join(run.stdout.decode().split())
    left = preflight("split", source, "--max-bytes", "20000", "-o", tmp_path / "none").stderr.decode()
    assert "Page 1 alone has" in left
    assert "and still" in left
    assert not (tmp_path / "none").exists()


def test_a_failure_is_json_too_where_json_is_asked_for(tmp_path: Path, samples: Path) -> None:
    runs = (
        ("split", samples / "report.pdf", "--max-tokens", "2", "-o", tmp_path / "out", "--json"),
        ("verify", tmp_path / "nothing", "--json"),
        ("join", tmp_path / "nothing", "-o", tmp_path / "x.pdf", "--json"),
    )
    told = []
    for arguments in runs:
        run = preflight(*arguments)
        problem = json.loads(run.stdout)["problem"]
        assert problem["exit_code"] == run.returncode
        assert problem["detail"] in run.stderr.decode()
        told.append(problem["code"])
    assert told == ["unit-over-limit", "file-missing", "file-missing"]
