"""Command line, library, HTTP and batch call one pipeline and give one report."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from service import running
from warm_command import warm_command

from preflight import check
from preflight.batch import run_batch
from preflight.errors import PreflightError
from preflight.judging import Order, UserLimits, prepare
from preflight.settings import Settings
from preflight.wire import json_line, report_data, report_json
from preflight.wording import FLAG_WORDS, LIBRARY_WORDS, QUERY_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.slots import Slots

TARGET, HOP = "anthropic-messages", "nginx"


@pytest.fixture(scope="module")
def service(workers: Slots) -> Iterator[str]:
    with running(workers) as address:
        yield address


@pytest.fixture(scope="module")
def documents(samples: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples and 20 real documents of all kinds in one folder."""
    folder = tmp_path_factory.mktemp("documents")
    for path in sorted(samples.iterdir()):
        if path.suffix in {".pdf", ".docx", ".png", ".md"} and path.name != "README.md":
            shutil.copy(path, folder)
    for kind, count in (("pdf", 10), ("docx", 5), ("images", 5)):
        small = sorted(one for one in (corpus / kind).iterdir() if one.stat().st_size < 200_000)
        for path in small[:: max(1, len(small) // count)][:count]:
            shutil.copy(path, folder)
    return folder


def test_all_front_doors_give_the_same_bytes(documents: Path, service: str, workers: Slots, tmp_path: Path) -> None:
    paths = sorted(path for path in documents.iterdir())
    assert len(paths) >= 25
    order = Order(target=TARGET, hops=(HOP,))
    run_batch([documents], order, tmp_path, Settings(timeout=60), workers)
    lines: dict[str, dict[str, Any]] = {
        one["path"]: one for one in map(json.loads, (tmp_path / "report.jsonl").read_text().splitlines())
    }
    args = [*warm_command(), "check", *map(str, paths), "--for", TARGET, "--via", HOP, "--json"]
    from_cli = json.loads(subprocess.run(args, capture_output=True, check=False).stdout)

    for path, cli_report in zip(paths, from_cli, strict=True):
        report = check(path, target=TARGET, via=[HOP], executor=workers, settings=Settings(timeout=60))
        answer = httpx.post(
            f"{service}/v1/check",
            params={"for": TARGET, "via": HOP, "filename": path.name},
            content=path.read_bytes(),
            timeout=60,
        )
        assert json_line(cli_report) == json_line(report_data(report)), path.name
        if report.problem is None:
            assert answer.content == report_json(report), path.name
            assert json_line(lines[path.name]["report"]) == json_line(report_data(report)), path.name
        else:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["code"] == report.problem.code == lines[path.name]["problem"]["code"], path.name


def test_a_single_file_on_the_command_line_is_the_same_bytes(samples: Path, workers: Slots) -> None:
    path = samples / "report.pdf"
    args = [*warm_command(), "check", str(path), "--for", TARGET, "--json"]

    out = subprocess.run(args, capture_output=True, check=False).stdout

    assert out == report_json(check(path, target=TARGET, executor=workers))


def test_limits_of_ones_own_hold_at_every_door(samples: Path, service: str, workers: Slots) -> None:
    path = samples / "report.pdf"
    flags = ["--max-bytes", "9000", "--max-pages", "2", "--max-tokens", "1500", "--max-seconds", "7.5"]
    args = [*warm_command(), "check", str(path), "--for", TARGET, *flags, "--json"]
    query = {"for": TARGET, "filename": path.name} | {
        flag[2:].replace("-", "_"): value for flag, value in zip(flags[::2], flags[1::2], strict=True)
    }

    from_cli = subprocess.run(args, capture_output=True, check=False).stdout
    limits = UserLimits(bytes=9_000, pages=2, tokens=1_500, seconds=7.5)
    report = check(path, target=TARGET, limits=limits, executor=workers)
    answer = httpx.post(f"{service}/v1/check", params=query, content=path.read_bytes(), timeout=60)
    refused = httpx.post(f"{service}/v1/check", params={"max_pages": 0}, content=b"hello", timeout=60)

    assert {one.limit for one in report.limits if one.by == "user"} == {"bytes", "pages", "tokens", "seconds"}
    assert from_cli == answer.content == report_json(report)
    assert refused.status_code == 422
    assert "the query parameter `max_pages` must be more than 0" in refused.json()["detail"]


WRONG: dict[str, Order] = {
    "target": Order(hops=("nginx",)),
    "via": Order(target="nginx"),
    "target again": Order(target="textract", hops=("textract",)),
    "model": Order(target="textract", model="gpt-4o"),
    "limit": Order(target="textract", limits=UserLimits(pages=0)),
}


@pytest.mark.parametrize(
    ("what", "library", "flag", "query"),
    [
        ("target", "`target`", "--for", "parameter `for`"),
        ("via", "`via`", "--via", "parameter `via`"),
        ("target again", "`target`", "--for", "parameter `for`"),
        ("model", "`model`", "--model", "parameter `model`"),
        ("limit", "`limits.pages`", "--max-pages", "parameter `max_pages`"),
    ],
)
def test_each_front_door_names_things_in_its_own_words(what: str, library: str, flag: str, query: str) -> None:
    for words, named in ((LIBRARY_WORDS, library), (FLAG_WORDS, flag), (QUERY_WORDS, query)):
        with pytest.raises(PreflightError) as caught:
            prepare(replace(WRONG[what], words=words))
        assert named in str(caught.value)
        assert ("--" in str(caught.value)) is (words is FLAG_WORDS)
