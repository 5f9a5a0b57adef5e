"""split, verify and join as a user meets them: real processes, their output and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cuttable import make_pdf, make_scan

if TYPE_CHECKING:
    from pathlib import Path


def preflight(*args: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "preflight.cli", *map(str, args)]
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
