"""The command line as a user meets it: a real process, its output and its exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from warm_command import warm_command


def preflight(*args: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFLIGHT_")}
    return subprocess.run(
        [*warm_command(), *map(str, args)],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=cwd,
        env=environment | {"COLUMNS": "110"},
        timeout=120,
    )


def test_a_document_that_fits(samples: Path) -> None:
    run = preflight("check", samples / "report.pdf", "--for", "anthropic-messages")

    assert run.returncode == 0, run.stderr
    out = run.stdout.decode()
    assert out.lstrip().startswith("FITS")
    assert "nearest limit: 36,164 of 992,000 tokens" in out
    assert "tokens" in out
    assert not run.stderr


def test_a_document_that_must_be_split_shows_where(samples: Path) -> None:
    run = preflight("check", samples / "report.pdf", "--for", "anthropic-messages", "--max-pages", "5")

    assert run.returncode == 1
    out = run.stdout.decode()
    assert out.lstrip().startswith("SPLIT")
    assert "Chapter 2" in out
    assert "|" in out


def test_exit_zero_turns_the_verdict_off(samples: Path) -> None:
    assert preflight("check", samples / "scan.pdf", "--for", "chatgpt-web").returncode == 1
    assert preflight("check", samples / "scan.pdf", "--for", "chatgpt-web", "--exit-zero").returncode == 0


def test_json_follows_the_contract(samples: Path) -> None:
    run = preflight("check", samples / "mixed.pdf", "--for", "anthropic-messages", "--via", "nginx", "--json")

    report = json.loads(run.stdout)
    assert report["schema"] == "preflight/report/1"
    assert set(report) == {
        "schema", "source", "facts", "target", "estimate", "verdict", "binding", "findings", "plan", "limits",
    }  # fmt: skip
    assert set(report["source"]) == {"name", "size_bytes", "sha256", "media_type"}
    assert [unit["kind"] for unit in report["facts"]["units"]] == ["text", "scan", "image", "hybrid", "blank"]
    assert [unit["needs_ocr"] for unit in report["facts"]["units"]] == [False, True, False, False, False]
    needed = {"number", "kind", "needs_ocr", "native_chars", "image_count", "image_coverage", "width_pt", "height_pt"}
    assert all(needed <= set(unit) for unit in report["facts"]["units"])
    assert set(report["estimate"]) >= {"tokens", "cost", "seconds", "upload_bytes"}
    assert re.fullmatch(r"\d+\.\d+", report["estimate"]["cost"]["likely"])
    assert {"limit", "value", "max", "by", "source", "as_of", "status"} <= set(report["binding"])
    assert report["target"] == {"id": "anthropic-messages", "hops": ["nginx"], "model": "claude-sonnet-5-5"}


def test_without_a_target_the_verdict_speaks_of_the_document(samples: Path) -> None:
    report = json.loads(preflight("check", samples / "scan.pdf", "--json").stdout)

    assert report["verdict"] == "ocr-first"
    assert report["target"] is report["binding"] is report["plan"] is report["estimate"]["cost"] is None


def test_several_files_are_an_array_in_the_order_given(samples: Path) -> None:
    run = preflight("check", samples / "scan.pdf", samples / "notes.md", "nothing.pdf", "--json")

    reports = json.loads(run.stdout)
    assert [one["source"]["name"] for one in reports] == ["scan.pdf", "notes.md", "nothing.pdf"]
    assert reports[2]["verdict"] == "unreadable"
    assert run.returncode == 3


def test_the_same_file_gives_the_same_bytes(samples: Path) -> None:
    args = ("check", samples / "mixed.pdf", samples / "letter.docx", "--for", "gemini-api", "--json")

    from_nothing = [sys.executable, "-m", "preflight.cli", *map(str, args)]
    ordered_otherwise = os.environ | {"PYTHONHASHSEED": "7"}

    told = subprocess.run(from_nothing, capture_output=True, check=False, env=ordered_otherwise).stdout

    assert told == preflight(*args).stdout


def test_standard_input(samples: Path) -> None:
    data = (samples / "notes.md").read_bytes()

    report = json.loads(preflight("check", "-", "--json", stdin=data).stdout)

    assert report["source"]["name"] == "stdin"
    assert report["source"]["size_bytes"] == len(data)


def test_explain_says_where_figures_come_from(samples: Path) -> None:
    out = preflight("check", samples / "mixed.pdf", "--for", "openai-api-file-input", "--explain").stdout.decode()

    for words in (
        "where the figures come from",
        "limits looked at",
        "why a page is of its kind",
        "genai-prices",
        "counted exactly",
    ):
        assert words in out
    report = json.loads(preflight("check", samples / "mixed.pdf", "--for", "openai-api-file-input", "--json").stdout)
    spaced = " ".join(out.split())
    for sentence in report["estimate"]["basis"].values():
        assert " ".join(sentence.split()) in spaced
    assert {one["limit"] for one in report["limits"]} == {"bytes", "tokens", "seconds"}


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["check", "missing.pdf"], 66, "no file"),
        (["check", "."], 66, "folder"),
        (["check", "empty.pdf"], 65, "zero bytes"),
        (["check", "cut.pdf"], 65, ""),
        (["check", "archive.zip"], 65, "ZIP"),
        (["check", "good.txt", "--for", "anthropic-mesages"], 78, "anthropic-messages"),
        (["check", "good.txt", "--for", "anthropic-messages", "--model", "gpt-2"], 78, "gpt-2"),
        (["check", "good.txt", "--via", "nginx"], 2, "--for"),
        (["check", "good.txt", "--for", "anthropic-messages", "--max-pages", "0"], 2, "--max-pages"),
        (["check", "-", "-"], 2, "once"),
        (["check"], 2, ""),
        (["text", "good.txt", "--as", "docx"], 2, "--as"),
        (["text", "missing.txt"], 66, "no file"),
        (["text", "good.txt", "-o", "no/such/folder/x.txt"], 73, "Cannot write"),
        (["check", "good.txt", "--password-file", "missing"], 66, "password"),
    ],
)
def test_bad_input_ends_in_one_sentence_and_its_own_code(
    tmp_path: Path, samples: Path, args: list[str], code: int, words: str
) -> None:
    (tmp_path / "empty.pdf").touch()
    (tmp_path / "cut.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog")
    (tmp_path / "archive.zip").write_bytes(b"PK\x05\x06" + b"\0" * 18)
    (tmp_path / "good.txt").write_text("fine\n")

    run = preflight(*args, cwd=tmp_path)

    told = (run.stdout + run.stderr).decode()
    assert run.returncode == code, told
    assert words.lower() in " ".join(told.lower().split())
    assert "Traceback" not in told


def test_odd_names_are_printed_safely(tmp_path: Path) -> None:
    path = tmp_path / "a\nb\u202efdp.\x1b[31mexe.txt"
    path.write_text("hello")

    run = preflight("check", path)

    assert run.returncode == 0
    assert b"\x1b" not in run.stdout
    assert "\u202e" not in run.stdout.decode()


def test_a_wrong_password_and_none_are_told_apart(
    corpus: Path, labels: list[dict[str, object]], tmp_path: Path
) -> None:
    label = next(
        one for one in labels if one["type"] == "pdf" and one["expected"] == "needs-password" and one["user_password"]
    )
    path = corpus / str(label["path"])
    (tmp_path / "right").write_text(f"{label['user_password']}\n")
    (tmp_path / "wrong").write_text("not it\n")

    assert preflight("check", path).returncode == 77
    assert b"password" in preflight("check", path, "--password-file", tmp_path / "wrong").stdout
    assert preflight("check", path, "--password-file", tmp_path / "right", "--exit-zero").returncode == 0


def test_help_lists_every_command() -> None:
    out = preflight("--help").stdout.decode()

    for command in ("check", "plan", "text", "targets", "batch", "serve", "doctor", "schema"):
        assert command in out


def test_targets_and_doctor_and_schema() -> None:
    assert b"anthropic-messages" in preflight("targets").stdout
    assert json.loads(preflight("targets", "show", "nginx", "--json").stdout)["id"] == "nginx"
    assert b"client_max_body_size" in preflight("targets", "show", "nginx").stdout
    doctor = json.loads(preflight("doctor", "--json").stdout)
    assert doctor["healthy"]
    assert "eng" in doctor["ocr"]["engines"]["tesserocr"]["languages"]
    assert json.loads(preflight("schema", "report").stdout)["type"] == "object"


def test_a_profile_of_the_users_own(tmp_path: Path, samples: Path) -> None:
    (tmp_path / "bad.toml").write_text('schema = "preflight/target/1"\nid = "mine"\nnmae = "x"\n')

    run = preflight("targets", "check", tmp_path / "bad.toml")

    assert run.returncode == 78
    assert b"nmae" in run.stdout


def test_loopback_only_unless_told_otherwise() -> None:
    run = preflight("serve", "--host", "0.0.0.0", "--port", "1")  # noqa: S104 - it must refuse

    assert run.returncode == 2
    assert b"--keys" in run.stderr
    assert b"--allow-anonymous" in run.stderr
    both = preflight("serve", "--host", "0.0.0.0", "--port", "1", "--keys", "--allow-anonymous")  # noqa: S104
    assert both.returncode == 2


@pytest.mark.parametrize("command", ["check", "plan", "text", "split", "batch"])
def test_flags_that_messages_name_are_there(command: str) -> None:
    told = preflight(command, "--help").stdout.decode()

    for flag in ("--timeout", "--max-units", "--jobs", "--password-file"):
        assert flag in told
    if command != "text":
        for flag in ("--for", "--via", "--model", "--max-bytes", "--max-pages", "--max-tokens", "--max-seconds"):
            assert flag in told


def test_a_page_that_takes_too_long_names_its_own_flag(samples: Path) -> None:
    run = preflight("text", samples / "scan.pdf", "--page-timeout", "0.001")

    assert run.returncode == 1
    assert b"--page-timeout" in run.stderr


def test_a_document_that_takes_too_long_names_its_own_flag(samples: Path) -> None:
    run = preflight("plan", samples / "scan.pdf", "--for", "textract", "--timeout", "0.001")

    assert run.returncode == 75
    assert b"--timeout" in run.stdout


def test_a_plan_for_limits_of_ones_own(samples: Path) -> None:
    run = preflight("plan", samples / "report.pdf", "--max-pages", "5")

    assert run.returncode == 1
    assert "Chapter 2" in run.stdout.decode()
    assert preflight("plan", samples / "report.pdf", "--max-pages", "5", "--exit-zero").returncode == 0
    assert b"--for TARGET" in preflight("plan", samples / "report.pdf").stderr


def test_standard_input_is_what_its_name_or_its_text_says(samples: Path) -> None:
    notes = (samples / "notes.md").read_bytes()
    cases = (([], notes), (["--stdin-name", "notes.md"], b"no sign of anything"), ([], b"# a comment\nx = [1](2)\n"))

    reports = [json.loads(preflight("check", "-", *args, "--json", stdin=data).stdout) for args, data in cases]

    told = [(one["source"]["name"], one["source"]["media_type"]) for one in reports]
    assert told == [("stdin", "text/markdown"), ("notes.md", "text/markdown"), ("stdin", "text/plain")]
    assert [[found["code"] for found in one["findings"]] for one in reports] == [["kind-guessed"], [], []]
    planned = preflight("plan", "-", "--stdin-name", "n.csv", "--max-tokens", "50", "--json", stdin=b"a,b\n1,2\n3,4\n")
    assert json.loads(planned.stdout)["source"]["media_type"] == "text/csv"


def test_a_missing_file_is_said_once() -> None:
    out = preflight("check", "nothing.pdf").stdout.decode()

    assert " ".join(out.split()) == "UNREADABLE nothing.pdf There is no file nothing.pdf. Check the path."


def test_a_document_that_fits_and_has_lost_pages_is_something_to_act_on(samples: Path, tmp_path: Path) -> None:
    whole = (samples / "report.pdf").read_bytes()
    cut = tmp_path / "cut.pdf"
    cut.write_bytes(whole[: len(whole) // 2])

    run = preflight("check", cut, "--for", "anthropic-messages", "--json")

    report = json.loads(run.stdout)
    assert report["verdict"] == "fits"
    assert "error" in {finding["severity"] for finding in report["findings"]}
    assert run.returncode == 1
    shown = preflight("check", cut, "--for", "anthropic-messages", "--exit-zero")
    assert shown.returncode == 0
    assert shown.stdout.startswith(b" FITS, BUT DAMAGED  cut.pdf")


@pytest.mark.parametrize("end", [b"trailer\n<< /Root 1 0 R /Size 5 >>\n%%EOF\n", b"%%EOF\n"])
def test_a_page_tree_that_declares_a_billion_pages_is_told(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "many.pdf"
    path.write_bytes(
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        b"2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1000000000 >>\nendobj\n"
        b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>\nendobj\n"
        b"4 0 obj\n<< /Length 18 >>\nstream\n0 0 100 100 re f\n\nendstream\nendobj\n" + end
    )

    report = json.loads(preflight("check", path, "--json").stdout)

    told = next(one["message"] for one in report["findings"] if one["code"] == "structure-inconsistent")
    assert report["facts"]["pdf"]["page_counts"]["declared"] == 1_000_000_000
    assert "declared 1,000,000,000, pdfium 1, qpdf 1" in told
