"""The whole service behind its door: keys, tenants, names, figures, the client."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi.routing import APIRoute
from service import Service
from test_observing import figures, free_port
from warm_command import warm_command

from api.access import OWN, RULES, find_rule
from api.app import create_app
from api.context import SCOPE, make_context
from extractors.errors import UnknownUnit
from preflight import UserLimits
from preflight.client import AsyncClient, Client, SplitWish, TextWish
from preflight.errors import KeyRequired, ScopeMissing, UnknownDocument, UnknownTarget, UsageError
from preflight.service.door import names_of
from preflight.service.options import ServiceOptions
from preflight.service.space import open_space
from preflight.settings import Settings
from preflight.wire import json_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgres import Server

EVERYBODY = {"/v1/targets", "/v1/targets/{target_id}", "/v1/limits", "/v1/version"}
"""What any key may see, though a route says that it reads."""
LISTS = ("/v1/jobs", "/v1/documents")


def make_key(folder: Path, *arguments: str) -> str:
    made = subprocess.run(
        [*warm_command(), "keys", "create", "--data", str(folder), *arguments], capture_output=True, check=True
    )
    return made.stdout.decode().strip()


class Opened:
    """A service with keys, one key of each of two tenants, and what the first of them has there."""

    def __init__(self, folder: Path, samples: Path) -> None:
        self.metrics = free_port()
        self.folder, self.samples = folder, samples
        self.ours = make_key(folder, "--name", "ours")
        self.theirs = make_key(folder, "--scopes", "admin")
        self.service = Service(folder, "--workers", "1", "--keys", "--metrics-port", str(self.metrics))

    def client(self, key: str | None) -> Client:
        return Client(self.service.address, key=key)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Iterator[Opened]:
    made = Opened(tmp_path_factory.mktemp("data"), samples)
    with made.service:
        yield made
        made.service.stop()


def test_the_table_of_access_and_the_routes_are_the_same(tmp_path: Path) -> None:
    with open_space(ServiceOptions(folder=tmp_path), Settings()) as space:
        app = create_app(make_context(space, None))
    seen, described = set(), app.openapi()["paths"]
    for route in app.routes:
        if not isinstance(route, APIRoute):
            continue
        for method in route.methods:
            rule = find_rule(method, route.path)
            assert rule is not None, f"{method} {route.path} is not in the table"
            assert rule.path == route.path
            taken = {one.alias.lower() for one in route.dependant.header_params}
            assert rule.password == ("x-document-password" in taken)
            seen.add(rule)
            mark = (route.openapi_extra or {}).get(SCOPE)
            assert described.get(route.path, {}).get(method.lower(), {}).get(OWN) == ("check" if rule.own else None)
            if mark is not None and route.path not in EVERYBODY:
                assert rule.scope == mark, f"{method} {route.path}"
    assert set(RULES) - seen == {find_rule("GET", "/openapi.json")}


def test_callers_are_told_little_of_a_database_that_is_away(postgres: Server, tmp_path: Path) -> None:
    address = postgres.database()
    key = make_key(tmp_path, "--database", address)
    stranger = f"pf_{'f' * 16}_{'0' * 64}"
    with (
        Service(tmp_path, "--workers", "0", "--keys", "--database", address) as service,
        httpx.Client(base_url=service.address, timeout=60) as at,
    ):
        assert at.get("/v1/jobs", headers={"X-Api-Key": key}).status_code == 200
        for method, path in (("POST", "/v1/check"), ("PUT", "/process"), ("POST", "/v1/convert/file")):
            idle = at.request(method, path, content=b"some text", headers={"X-Api-Key": key})
            assert (idle.status_code, idle.json()["code"]) == (503, "busy"), "nobody works here"
            assert idle.headers["retry-after"]
        later = {"X-Api-Key": key, "Prefer": "respond-async"}
        assert at.post("/v1/check", content=b"some text", headers=later).status_code == 202
        postgres.stop()
        try:
            told = [
                at.get("/v1/jobs", headers={"X-Api-Key": key}),
                at.get("/v1/documents", headers={"X-Api-Key": stranger}),
                at.head(f"/v1/uploads/{'0' * 32}", headers={"X-Api-Key": stranger, "Tus-Resumable": "1.0.0"}),
            ]
            ready = at.get("/readyz")
        finally:
            postgres.start()
        again = at.get("/v1/jobs", headers={"X-Api-Key": key})
        with postgres.frozen():
            told.append(at.get("/v1/jobs", headers={"X-Api-Key": key}))
            assert at.get("/healthz").status_code == 200
        assert at.get("/v1/jobs", headers={"X-Api-Key": key}).status_code == 200
        with postgres.frozen():
            assert service.stop() == -signal.SIGTERM, "it does not wait for what does not answer"

    for answer in told:
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    problem = told[1].json()
    assert (problem["code"], problem["title"]) == ("ledger-unavailable", "The database cannot be used")
    assert problem["detail"] == "The service cannot use its database now. Try again in some seconds."
    assert ready.status_code == 503
    assert not ready.json()["checks"]["database"]["ok"]
    assert again.status_code == 200


@pytest.mark.parametrize("command", ["serve", "work"])
def test_nobody_works_without_a_language_that_is_to_be_read(command: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [*warm_command(), command, "--data", str(tmp_path), "--workers", "1", "--languages", "eng+zzz"],
        capture_output=True,
        check=False,
        timeout=120,
    )

    assert (ended.returncode, ended.stdout) == (69, b"")
    assert b"zzz" in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_a_service_whose_workers_lack_a_language_is_not_ready(tmp_path: Path) -> None:
    with (
        Service(tmp_path, "--workers", "0", "--languages", "eng+zzz") as service,
        Service(tmp_path, "--workers", "1", command="work"),
        httpx.Client(base_url=service.address, timeout=60) as at,
    ):
        deadline = time.monotonic() + 120
        while not (told := at.get("/readyz").json())["checks"]["workers"]["ok"]:
            assert time.monotonic() < deadline, "nobody works"
            time.sleep(0.1)
        answer = at.get("/readyz")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert [name for name, check in told["checks"].items() if not check["ok"]] == ["ocr"]
    assert (told["checks"]["ocr"]["wanted"], "eng" in told["checks"]["ocr"]["languages"]) == (["eng", "zzz"], True)


def test_what_the_client_gets_is_what_the_command_gets(opened: Opened, tmp_path: Path) -> None:
    file = opened.samples / "report.pdf"
    command = [*warm_command(), "check", str(file), "--for", "anthropic-messages", "--via", "nginx", "--max-pages", "2",
               "--json", "--exit-zero"]  # fmt: skip
    local = subprocess.run(command, capture_output=True, check=True).stdout
    split = [*warm_command(), "split", str(file), "--max-pages", "1", "--with-text", "-o", str(tmp_path / "local")]
    subprocess.run(split, capture_output=True, check=True)
    told: list[int] = []
    with opened.client(opened.ours) as client:
        report = client.check(file, target="anthropic-messages", via=["nginx"], limits=UserLimits(pages=2))
        document = client.upload(file, chunk_bytes=5_000, on_progress=lambda one: told.append(one.sent))
        job = client.wait(client.split(document.id, SplitWish(max_pages=1, with_text=True)))
        pieces = client.fetch(job, tmp_path / "remote")
        text = client.result(client.wait(client.text(document.id, TextWish(ocr="never"))))
        client.delete(document.id)
        with pytest.raises(UnknownDocument):
            client.text(document.id)

    assert json_bytes(report) == local
    assert len(told) > 1
    assert document.name == "report.pdf"
    assert [one.read_bytes() for one in pieces] == [
        one.read_bytes() for one in sorted((tmp_path / "local").glob("*.pdf"))
    ]
    assert job.webhook is None
    remote, here = ({one.name: one.read_bytes() for one in (tmp_path / name).iterdir()} for name in ("remote", "local"))
    assert remote == here, "all that the manifest names, texts included"
    assert b"--- page 1" in text


def test_the_client_for_asyncio_does_the_same(opened: Opened, tmp_path: Path) -> None:
    file = opened.samples / "report.pdf"

    async def all_of_it() -> list[Path]:
        async with AsyncClient(opened.service.address, key=opened.ours) as client:
            report = await client.check(file, target="anthropic-messages")
            assert report["source"]["name"] == "report.pdf"
            document = await client.upload(file, chunk_bytes=5_000)
            job = await client.wait(await client.split(document.id, SplitWish(max_pages=1)))
            assert (await client.documents(most=1))[0].id == document.id
            assert await client.unit_text(document.id, 1, ocr="never")
            assert (await client.thumbnail(document.id, 1, width=60)).startswith(b"\x89PNG")
            with pytest.raises(UnknownUnit):
                await client.unit_text(document.id, 99)
            assert "nginx" in {one["id"] for one in await client.targets()}
            assert (await client.target("nginx"))["id"] == "nginx"
            with pytest.raises(UnknownTarget):
                await client.target("nginx-of-mars")
            return await client.fetch(job, tmp_path)

    pieces = asyncio.run(all_of_it())
    assert [one.suffix for one in pieces] == [".pdf"] * len(pieces)
    assert len(pieces) > 1


def test_who_may_not_is_told_so_by_class(opened: Opened) -> None:
    reader = make_key(opened.folder, "--scopes", "read")
    with opened.client(None) as nobody, opened.client(reader) as only:
        with pytest.raises(KeyRequired):
            nobody.check(opened.samples / "notes.md")
        with pytest.raises(ScopeMissing):
            only.check(opened.samples / "notes.md")
        with pytest.raises(ScopeMissing):
            only.upload(opened.samples / "notes.md")
    assert not list((opened.folder / "incoming").iterdir())


def test_who_may_ask_for_work_reaches_what_was_asked_for_with_the_same_key(opened: Opened) -> None:
    mill = ("--tenant", "mill", "--scopes")
    sender, checker, other, reader = (
        make_key(opened.folder, *mill, one) for one in ("write", "check", "check", "read")
    )
    body = (opened.samples / "report.pdf").read_bytes()

    def ask(key: str, method: str, path: str, **sent: Any) -> httpx.Response:
        headers = {"x-api-key": key, "prefer": "respond-async"}
        return httpx.request(method, opened.service.address + path, headers=headers, timeout=60, **sent)

    document = ask(sender, "POST", "/v1/documents", content=body).json()["id"]
    check = ask(checker, "POST", "/v1/check", content=body)
    split = ask(checker, "POST", f"/v1/documents/{document}/splits", json={"max_pages": 1, "with_text": True})
    for job in (check, split):
        assert job.status_code == 202
        with httpx.stream("GET", f"{opened.service.address}{job.headers['location']}/events",
                          headers={"x-api-key": checker}, timeout=120) as events:  # fmt: skip
            assert "event: done" in list(events.iter_lines())
        assert ask(checker, "GET", job.headers["location"]).json()["state"] == "done"
    assert ask(checker, "GET", f"{check.headers['location']}/result").json()["verdict"]
    assert ask(checker, "POST", f"{check.headers['location']}/cancel").status_code == 409, "over already"

    left = check.json()["document_id"]
    listed = {path: {one["id"] for one in ask(checker, "GET", path).json()["items"]} for path in LISTS}
    assert listed == {"/v1/jobs": {check.json()["id"], split.json()["id"]}, "/v1/documents": {left}}
    assert len(ask(reader, "GET", "/v1/documents").json()["items"]) == 2
    assert all(ask(other, "GET", path).json()["items"] == [] for path in LISTS)
    own = [rule for rule in RULES if (rule.own and "job_id" in rule.path) or "split_id" in rule.path]
    assert len(own) == 8
    for rule in own:
        path = rule.path.format(job_id=split.json()["id"], split_id=split.json()["id"], number=1)
        status = 409 if path.endswith("/cancel") else 200
        assert ask(checker, rule.methods, path).status_code == status, path
        refused = ask(other, rule.methods, path)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing"), path
        assert ask(reader, rule.methods, path).status_code == (403 if status == 409 else 200), path
        assert ask(checker, rule.methods, path.replace(split.json()["id"], "f" * 32)).status_code == 404, path
        assert ask(opened.ours, rule.methods, path).status_code == 404, "another tenant's"
    assert ask(checker, "GET", f"/v1/documents/{document}").status_code == 403, "it came with another key"
    assert ask(checker, "DELETE", f"/v1/documents/{document}").status_code == 403
    assert ask(other, "DELETE", f"/v1/documents/{left}").status_code == 403
    assert ask(checker, "GET", f"/v1/documents/{left}/units/1/text").status_code == 403, "that reads"
    assert ask(checker, "GET", f"/v1/documents/{left}").json()["id"] == left
    assert ask(checker, "DELETE", f"/v1/documents/{left}").status_code == 204
    assert ask(checker, "GET", f"/v1/documents/{left}").status_code == 404
    again = [
        httpx.post(f"{opened.service.address}/v1/documents/{document}/checks", json={},
                   headers={"x-api-key": key, "idempotency-key": "once"})
        for key in (checker, other)
    ]  # fmt: skip
    assert len({one.json()["id"] for one in again}) == 1, "the same work, whoever asks"
    loader = make_key(opened.folder, *mill, "check,write")
    with opened.client(loader) as client:
        sent = client.upload(opened.samples / "notes.md").id
    assert ask(loader, "GET", "/v1/documents").json()["items"][0]["id"] == sent, "a resumable upload comes with a key"
    assert ask(checker, "GET", f"/v1/documents/{sent}").status_code == 403


def test_no_route_shows_one_tenant_what_is_anothers(opened: Opened) -> None:
    """Every address with an id of ours, asked for with a key of theirs, is answered as if it did not exist."""
    described = httpx.get(f"{opened.service.address}/openapi.json").json()["paths"]
    with opened.client(opened.ours) as client:
        document = client.upload(opened.samples / "report.pdf")
        split = client.wait(client.split(document.id, SplitWish(max_pages=1)))
        text = client.wait(client.text(document.id, TextWish(ocr="never")))
    ids = {
        "document_id": document.id, "upload_id": document.id, "split_id": split.id, "job_id": text.id, "number": "1",
    }  # fmt: skip
    nobodys = {name: "f" * 32 if name != "number" else "1" for name in ids}
    headers = {"x-api-key": opened.theirs, "tus-resumable": "1.0.0", "upload-offset": "0"}
    tried = 0
    with httpx.Client(base_url=opened.service.address, headers=headers, timeout=60) as them:
        for path, methods in described.items():
            if "{" not in path or "{target_id}" in path:
                continue
            for method in methods:
                answers = []
                for values in (ids, nobodys):
                    named = re.sub(r"\{(\w+)\}", lambda found, values=values: values[found[1]], path)
                    body = {"max_pages": 1} if path.endswith("splits") else {}
                    kind = {"content-type": "application/offset+octet-stream"} if method == "patch" else {}
                    send = {"json": body} if method == "post" else {}
                    answers.append(them.request(method, named, headers=kind, **send))
                assert answers[0].status_code == 404, f"{method} {path}: {answers[0].text}"
                assert answers[0].content == answers[1].content, f"{method} {path} tells that it exists"
                tried += 1
        for path in ("/v1/documents", "/v1/jobs"):
            assert them.get(path).json()["items"] == []
    with opened.client(opened.ours) as client:
        assert client.result(text), "and all of it is still there"
        client.delete(document.id)
    assert tried >= 12


def test_figures_are_on_a_port_of_their_own(opened: Opened) -> None:
    httpx.get(f"{opened.service.address}/healthz")
    text = httpx.get(f"http://127.0.0.1:{opened.metrics}/metrics").text
    found = figures(text)

    assert found["preflight_workers"] == 1
    assert found["preflight_database_up"] == 1
    assert found['preflight_http_requests_total{method="GET",route="/healthz",status="200"}'] >= 1
    assert httpx.get(f"{opened.service.address}/metrics").status_code == 401
    assert "report" not in text


def test_it_answers_to_loopbacks_names_alone(opened: Opened) -> None:
    for host, status in (("localhost", 200), ("127.0.0.1:1", 200), ("rebound.example", 421)):
        assert httpx.get(f"{opened.service.address}/healthz", headers={"host": host}).status_code == status


def test_names() -> None:
    assert names_of("127.0.0.1", ["Docs.Example.org"]) >= {"localhost", "::1", "docs.example.org"}
    assert names_of("0.0.0.0", []) == frozenset(), "beyond loopback any name, unless some are given"  # noqa: S104
    assert names_of("0.0.0.0", ["a", "10.0.0.1", "x_1.example.org."]) == {"a", "10.0.0.1", "x_1.example.org"}  # noqa: S104
    for wrong in ("exa mple", "https://a.example", "a.example:80", "a..b", "", "-a", "a/b", "*.example", "x" * 64):
        with pytest.raises(UsageError, match="--allowed-host"):
            names_of("127.0.0.1", [wrong])
