"""What is written follows the published JSON Schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from test_cli import preflight

from preflight.schemas import SCHEMAS, json_schema


def check(name: str, data: Any) -> None:
    """Hold data against a schema; every failure is told."""
    schema = json_schema(name)
    Draft202012Validator.check_schema(schema)
    errors = [f"{error.json_path}: {error.message[:200]}" for error in Draft202012Validator(schema).iter_errors(data)]
    assert not errors


def strict(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema, in which members it does not name are errors."""
    out = json.loads(json.dumps(schema))
    for part in (out, *out.get("$defs", {}).values()):
        if part.get("type") == "object" and "properties" in part:
            part["additionalProperties"] = False
    return out


def named(name: str, data: Any) -> None:
    """Hold data against a schema, and find members the schema does not know."""
    check(name, data)
    errors = Draft202012Validator(strict(json_schema(name))).iter_errors(data)
    assert not [error.message[:200] for error in errors]


@pytest.mark.parametrize("target", [["--for", "anthropic-messages", "--via", "nginx"], ["--for", "textract"], []])
def test_reports_follow_their_schema(samples: Path, target: list[str]) -> None:
    files = [samples / name for name in ("report.pdf", "mixed.pdf", "letter.docx", "notes.md", "page.png", "none.pdf")]
    reports = json.loads(preflight("check", *files, *target, "--json").stdout)

    assert len(reports) == len(files)
    for report in reports:
        named("report", report)
        assert report["schema"] == "preflight/report/1"


@pytest.mark.parametrize("name", ["report.pdf", "letter.docx", "none.pdf"])
def test_plans_follow_their_schema(samples: Path, name: str) -> None:
    plan = json.loads(preflight("plan", samples / name, "--for", "textract", "--json").stdout)
    dry_run = preflight("split", samples / name, "--for", "textract", "--dry-run", "--json").stdout

    named("plan", plan)
    assert plan["schema"] == "preflight/plan/1"
    assert json.loads(dry_run) == plan
    assert (plan["plan"] is None) == (name != "report.pdf")
    assert (plan["problem"] is not None) == (name == "none.pdf")


@pytest.mark.parametrize("name", ["mixed.pdf", "letter.docx", "notes.md"])
def test_texts_follow_their_schema(samples: Path, name: str) -> None:
    text = json.loads(preflight("text", samples / name, "--as", "json").stdout)

    named("text", text)
    assert text["schema"] == "preflight/text/1"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("report.pdf", ["--max-pages", "5"]),
        ("mixed.pdf", ["--max-bytes", "300000", "--max-seconds", "9", "--with-text"]),
        ("letter.docx", ["--max-tokens", "200"]),
        ("notes.md", ["--max-bytes", "300", "--as", "text"]),
    ],
)
def test_manifests_verifications_and_joins_follow_their_schema(
    samples: Path, tmp_path: Path, name: str, options: list[str]
) -> None:
    manifest = preflight("split", samples / name, *options, "-o", tmp_path / "out", "--json")
    seen = preflight("verify", tmp_path / "out", "--against", samples / name, "--json")
    joined = preflight("join", tmp_path / "out", "-o", tmp_path / "again", "--json")
    (tmp_path / "out" / json.loads(manifest.stdout)["pieces"][0]["name"]).write_bytes(b"something else")
    wrong = preflight("verify", tmp_path / "out", "--json")

    assert (manifest.returncode, seen.returncode, joined.returncode) == (0, 0, 0), manifest.stderr + seen.stdout
    assert wrong.returncode == 1
    named("manifest", json.loads(manifest.stdout))
    named("verification", json.loads(seen.stdout))
    named("verification", json.loads(wrong.stdout))
    named("joined", json.loads(joined.stdout))


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_printed_and_names_itself(name: str) -> None:
    schema = json.loads(preflight("schema", name).stdout)

    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema"]
    if name != "manifest":
        assert schema["properties"]["schema"]["default"] == f"preflight/{name}/1"


def test_an_unknown_schema_is_one_sentence() -> None:
    run = preflight("schema", "nothing")

    assert run.returncode == 2
    assert (
        run.stderr.decode()
        == "preflight: There is no schema nothing. Known: joined, manifest, plan, report, text, verification.\n"
    )
