"""Command line, HTTP and batch give the same bytes for the same file and settings: reports and manifests.

In CI for a few files, because each is read nine times. For the samples and twenty files of the corpus:

    PREFLIGHT_EQUAL=20 pytest tests/test_service_equal.py
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from service import Service
from warm_command import warm_command

from preflight.wire import json_line

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET, HOP, PAGES = "anthropic-messages", "nginx", 2
SAMPLES = ("report.pdf", "letter.docx", "notes.md")
FROM_CORPUS = int(os.environ.get("PREFLIGHT_EQUAL", "3"))


@pytest.fixture(scope="module")
def documents(samples: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    for path in samples.iterdir():
        if path.name in SAMPLES or (FROM_CORPUS > 10 and path.suffix in {".pdf", ".docx", ".md", ".png"}):
            shutil.copy(path, folder)
    for kind, count in (("pdf", FROM_CORPUS - FROM_CORPUS // 3), ("docx", FROM_CORPUS // 3)):
        small = sorted(one for one in (corpus / kind).iterdir() if 20_000 < one.stat().st_size < 120_000)
        for path in small[:: max(1, len(small) // count)][:count]:
            shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("service"), "--workers", "2") as service:
        yield service


@pytest.fixture(scope="module")
def batch(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """Lines of a batch by name, each manifest as its bytes."""
    out = tmp_path_factory.mktemp("batch")
    limit = ["--max-pages", str(PAGES), "--split"]
    run = [*warm_command(), "batch", str(documents), "--for", TARGET, "--via", HOP, *limit, "-o", str(out)]
    subprocess.run(run, capture_output=True, check=False)
    lines = [json.loads(line) for line in (out / "report.jsonl").read_text().splitlines()]
    for line in lines:
        line["manifest"] = (out / line["manifest"]).read_bytes() if line["manifest"] else None
    return {line["path"]: line for line in lines}


def test_reports_are_the_same_bytes(documents: Path, service: Service) -> None:
    """What is told at once is held against the command line by test_front_doors, for many more files."""
    run = [*warm_command(), "check", str(documents / "report.pdf"), "--for", TARGET, "--via", HOP, "--json"]
    from_cli = subprocess.run(run, capture_output=True, check=False).stdout
    for path in sorted(documents.iterdir()):
        query = {"for": TARGET, "via": HOP, "filename": path.name}
        place = {"params": query, "content": path.read_bytes(), "timeout": 120}

        at_once = httpx.post(f"{service.address}/v1/check", **place)  # type: ignore[arg-type]
        job = httpx.post(f"{service.address}/v1/check", headers={"Prefer": "respond-async"}, **place)  # type: ignore[arg-type]

        httpx.get(f"{service.address}{job.headers['location']}/events", timeout=120)
        as_job = httpx.get(f"{service.address}{job.headers['location']}/result")
        assert as_job.content == at_once.content, path.name
        assert path.name != "report.pdf" or as_job.content == from_cli


def test_manifests_and_pieces_are_the_same_bytes(
    documents: Path, service: Service, batch: dict[str, dict[str, object]], tmp_path: Path
) -> None:
    split = 0
    for path in sorted(documents.iterdir()):
        out = tmp_path / path.name
        limit = ["--max-pages", str(PAGES)]
        run = [*warm_command(), "split", str(path), "--for", TARGET, "--via", HOP, *limit, "-o", str(out)]
        subprocess.run(run, capture_output=True, check=False)
        document = httpx.post(
            f"{service.address}/v1/documents", params={"filename": path.name}, content=path.read_bytes()
        )

        answer = httpx.post(
            f"{service.address}{document.headers['location']}/splits",
            json={"for": TARGET, "via": [HOP], "max_pages": PAGES},
            headers={"Prefer": "wait=120"},
            timeout=150,
        )

        line = batch[path.name]
        if not (out / "manifest.json").exists():
            assert answer.json()["code"] == line["problem"]["code"], path.name  # type: ignore[index]
            continue
        split += 1
        assert answer.content == (out / "manifest.json").read_bytes() == line["manifest"], path.name
        place = httpx.get(f"{service.address}/v1/jobs?limit=1").json()["items"][0]["result_url"]
        for piece in answer.json()["pieces"]:
            fetched = httpx.get(f"{service.address}{place}/pieces/{piece['index']}").content
            assert fetched == (out / piece["name"]).read_bytes(), piece["name"]
    assert split >= 4, "DOCX is not taken there; all else is"


def test_the_batch_gives_the_same_reports(
    documents: Path, service: Service, batch: dict[str, dict[str, object]]
) -> None:
    """In a line of its report the same object is written more tightly; the limit of its own is left out here."""
    for path in sorted(documents.iterdir()):
        answer = httpx.post(
            f"{service.address}/v1/check",
            params={"for": TARGET, "via": HOP, "filename": path.name},
            content=path.read_bytes(),
            timeout=120,
        ).json()
        report = batch[path.name]["report"]
        assert isinstance(report, dict)
        for member in ("source", "facts", "target"):
            assert json_line(report[member]) == json_line(answer[member]), path.name
