"""The client's flows, step by step, against services that behave badly; no network."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from extractors.errors import DamagedDocument, ExtractionError
from preflight.client import Client, SplitWish, TextWish, flows, transfer
from preflight.client.common import service
from preflight.client.failures import failure_from
from preflight.client.flows import Answer, Ask, Pause
from preflight.client.values import Job, wish_json
from preflight.errors import (
    BadAnswer,
    OverQuota,
    PiecesDiffer,
    PreflightError,
    Refused,
    TimedOut,
    Unreachable,
    UploadOffsetDiffers,
    UsageError,
)
from preflight.problems import PROBLEMS, problem_from, problem_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Respond = Callable[[Ask], Answer]

ID = "0" * 32


def played(flow: flows.Flow[object], respond: Respond) -> tuple[object, list[float]]:
    """Run a flow against a service; return what it returns and how long it paused each time."""
    pauses: list[float] = []
    try:
        step = next(flow)
        while True:
            if isinstance(step, Pause):
                pauses.append(step.seconds)
                step = next(flow)
                continue
            try:
                answer = respond(step)
            except Unreachable as error:
                step = flow.throw(error)
            else:
                step = flow.send(answer)
    except StopIteration as ended:
        return ended.value, pauses


def said(status: int, data: object = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=named, body=b"" if data is None else json.dumps(data).encode())


def problem(code: str) -> dict[str, object]:
    one = problem_of(code, "words", 3)
    return {"code": one.code, "detail": one.detail, "title": one.title, "status": one.status, "unit": 3}


@pytest.mark.parametrize("kind", sorted(PROBLEMS, key=lambda one: one.__name__), ids=lambda one: one.__name__)
def test_every_problem_comes_back_as_its_class(kind: type[BaseException]) -> None:
    row = PROBLEMS[kind]
    headers = {"upload-offset": "7", "retry-after": "9"}
    error = failure_from(row.http_status, headers, json.dumps(problem(row.slug)).encode())

    assert type(error) is kind
    assert str(error) == "words"
    assert problem_from(error).code == row.slug
    if isinstance(error, ExtractionError):
        assert error.unit == 3
    if isinstance(error, UploadOffsetDiffers):
        assert error.offset == 7
    if isinstance(error, OverQuota):
        assert error.retry_after_s == 9


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>502 Bad Gateway</html>", "http-502"),
        (b"", "http-502"),
        (b"[]", "http-502"),
        (b'{"code": 5}', "http-502"),
        (b'{"code": "not-found", "detail": "d"}', "not-found"),
        (b'{"code": "of-a-newer-version", "detail": "d"}', "of-a-newer-version"),
        (b'{"code": "internal", "detail": "d"}', "internal"),
    ],
)
def test_what_has_no_class_is_refused_with_what_was_said(body: bytes, code: str) -> None:
    error = failure_from(502, {}, body)

    assert isinstance(error, Refused)
    assert error.problem.code == code
    assert error.problem.status == 502


@given(
    st.integers(100, 599),
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=10),
        lambda inner: st.dictionaries(
            st.sampled_from(["code", "detail", "unit", "title", "status"]), inner, max_size=4
        ),
        max_leaves=6,
    ).map(lambda data: json.dumps(data).encode()),
)
@settings(max_examples=200, deadline=None)
def test_any_refusal_becomes_an_exception(status: int, body: bytes) -> None:
    error = failure_from(status, {}, body)

    assert isinstance(error, (PreflightError, ExtractionError))
    assert problem_from(error)


def test_what_may_pass_is_tried_again_as_the_service_says() -> None:
    answers = [said(503, retry_after="7"), said(429), said(200, {})]
    answer, pauses = played(flows.asked(Ask(method="GET", path="/"), 5), lambda _: answers.pop(0))

    assert isinstance(answer, Answer)
    assert pauses == [7.0, 0.5]


def test_trying_again_ends() -> None:
    tried: list[Ask] = []

    def gone(ask: Ask) -> Answer:
        tried.append(ask)
        raise Unreachable("gone")

    with pytest.raises(Unreachable):
        played(flows.asked(Ask(method="GET", path="/"), 3), gone)
    assert len(tried) == 4
    with pytest.raises(DamagedDocument):
        played(flows.asked(Ask(method="GET", path="/"), 3), lambda _: said(422, problem("damaged")))
    with pytest.raises(OverQuota):
        played(flows.asked(Ask(method="GET", path="/"), 1), lambda _: said(429, problem("over-quota")))


def test_a_check_with_a_password_is_answered_in_time_or_not_at_all(tmp_path: Path) -> None:
    at, tried = service("http://x", None, 60.0, 5), list[Ask]()
    flow = partial(flows.check, tmp_path, at, name="n", target=None, via=(), model=None, limits=None)

    def late(ask: Ask) -> Answer:
        tried.append(ask)
        return said(503, problem("timeout"))

    with pytest.raises(TimedOut):
        played(flow(password="x"), late)
    assert [one.headers["prefer"] for one in tried] == ["wait=54"]
    with pytest.raises(TimedOut):
        played(flow(password=None), late)
    assert len(tried) == 1 + 6
    assert "prefer" not in tried[-1].headers


def test_a_pause_has_an_end_whatever_the_service_says() -> None:
    assert flows.pause_s(0, {"retry-after": "999999"}) == 60
    assert flows.pause_s(0, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == flows.pause_s(0)
    assert flows.pause_s(99) == 10


class Shelf:
    """A service that keeps one upload, by tus, and behaves as it is told."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.length = 0
        self.breaks: list[str] = []
        self.asked: list[str] = []

    def __call__(self, ask: Ask) -> Answer:
        self.asked.append(ask.method)
        if ask.method == "POST":
            self.length = int(ask.headers["upload-length"])
            return said(201, location=f"/v1/uploads/{ID}")
        if ask.method == "HEAD":
            return said(200, upload_offset=str(len(self.data)), upload_length=str(self.length))
        if ask.method == "GET":
            sha256 = hashlib.sha256(self.data).hexdigest()
            about = {"id": ID, "name": "n", "size_bytes": self.length, "sha256": sha256, "expires_at": "t"}
            return said(200, about)
        return self.patch(ask)

    def patch(self, ask: Ask) -> Answer:
        assert isinstance(ask.body, bytes)
        how = self.breaks.pop(0) if self.breaks else "well"
        if int(ask.headers["upload-offset"]) != len(self.data):
            return said(409, problem("upload-offset"))
        if how == "half":
            self.data += ask.body[: len(ask.body) // 2]
            raise Unreachable("half")
        if how == "before":
            raise Unreachable("before")
        if how == "busy":
            return said(423, problem("upload-busy"), retry_after="1")
        self.data += ask.body
        if how == "after":
            raise Unreachable("the answer was lost")
        return said(204, upload_offset=str(len(self.data)))


def sent(file: Path, shelf: Respond, **more: object) -> object:
    options: dict[str, object] = {"name": "n", "resume": None, "chunk_bytes": 1000, "on_progress": None} | more
    return played(transfer.upload(file, 3, **options), shelf)[0]  # type: ignore[arg-type]


@given(st.integers(1, 5_000), st.lists(st.sampled_from(["half", "before", "after", "busy", "well"]), max_size=12))
@example(2_500, ["before", "before", "busy", "well", "after", "after", "after", "after", "half"])
@settings(max_examples=80, deadline=None)
def test_an_upload_arrives_whatever_breaks(
    tmp_path_factory: pytest.TempPathFactory, size: int, breaks: list[str]
) -> None:
    """Three failures in a row without progress are borne, and any number with progress between them."""
    failed = 0
    for one in breaks:
        assume(one == "well" or failed < 3)
        failed = 0 if one in ("well", "after") else failed + 1
    file = tmp_path_factory.mktemp("up") / "f.bin"
    file.write_bytes(bytes(n % 251 for n in range(size)))
    shelf = Shelf()
    shelf.breaks = list(breaks)
    told: list[int] = []

    sent(file, shelf, on_progress=lambda one: told.append(one.sent))

    assert bytes(shelf.data) == file.read_bytes()
    assert told == sorted(told)
    assert told[-1] == size


def test_an_upload_is_gone_on_with_later(tmp_path: Path) -> None:
    file = tmp_path / "f.bin"
    file.write_bytes(bytes(range(256)) * 20)
    shelf = Shelf()
    shelf.breaks = ["well", "well", *["before"] * 4]
    with pytest.raises(Unreachable):
        sent(file, shelf)
    assert len(shelf.data) == 2000

    shelf.asked.clear()
    sent(file, shelf, resume=ID)

    assert shelf.asked[0] == "HEAD"
    assert "POST" not in shelf.asked
    assert bytes(shelf.data) == file.read_bytes()
    other = tmp_path / "other.bin"
    other.write_bytes(b"short")
    with pytest.raises(BadAnswer, match="another size"):
        sent(other, shelf, resume=ID)


def test_what_arrived_is_compared_with_what_was_sent(tmp_path: Path) -> None:
    file = tmp_path / "f.bin"
    file.write_bytes(b"x" * 1500)
    shelf = Shelf()

    def flipping(ask: Ask) -> Answer:
        answer = shelf(ask)
        if ask.method == "PATCH":
            shelf.data[0] |= 0x80
        return answer

    with pytest.raises(BadAnswer, match="not the file"):
        sent(file, flipping)


@pytest.mark.parametrize("offset", ["", "-1", "nonsense", "1501", "99999999999999999999"])
def test_an_offset_that_cannot_be_is_not_believed(tmp_path: Path, offset: str) -> None:
    file = tmp_path / "f.bin"
    file.write_bytes(b"x" * 1500)
    shelf = Shelf()

    def lying(ask: Ask) -> Answer:
        return said(204, upload_offset=offset) if ask.method == "PATCH" else shelf(ask)

    with pytest.raises(BadAnswer, match="offset"):
        sent(file, lying, chunk_bytes=1500)


PIECE = bytes(range(256)) * 40


def manifest(name: str = "piece-1.pdf", data: bytes = PIECE) -> dict[str, list[dict[str, object]]]:
    return {"pieces": [{"index": 1, "name": name, "sha256": hashlib.sha256(data).hexdigest()}]}


class Rack:
    """A service that gives one piece, some bytes at a time."""

    def __init__(self, *, most: int = 1 << 30, ranges: bool = True, data: bytes = PIECE) -> None:
        self.most, self.ranges, self.data = most, ranges, data
        self.begun: list[int] = []

    def __call__(self, ask: Ask) -> Answer:
        first = int(ask.headers.get("range", "bytes=0-")[6:-1]) if self.ranges else 0
        self.begun.append(first)
        status = 206 if first else 200
        if ask.sink is not None and status == ask.sink_for:
            part = self.data[first : first + self.most]
            ask.sink(part)
            if first + len(part) < len(self.data):
                raise Unreachable("broke off")
        return said(status)


def test_a_piece_is_fetched_on_from_where_it_broke_off(tmp_path: Path) -> None:
    rack = Rack(most=4000)
    places, _ = played(transfer.fetch(manifest(), ID, tmp_path, 5), rack)

    assert places == [tmp_path / "piece-1.pdf"]
    assert (tmp_path / "piece-1.pdf").read_bytes() == PIECE
    assert rack.begun == [0, 4000, 8000]
    assert [one.name for one in tmp_path.iterdir()] == ["piece-1.pdf"]


def test_a_gateway_that_takes_no_ranges_gives_all_of_it_again(tmp_path: Path) -> None:
    rack = Rack(most=4000, ranges=False)

    def healing(ask: Ask) -> Answer:
        if len(rack.begun) == 2:
            rack.most = 1 << 30
        return rack(ask)

    played(transfer.fetch(manifest(), ID, tmp_path, 5), healing)

    assert (tmp_path / "piece-1.pdf").read_bytes() == PIECE


def test_a_list_is_read_page_by_page() -> None:
    pages = {(): ([{"id": "a"}, {"id": "b"}], "on"), (("cursor", "on"),): ([{"id": "c"}], None)}

    def shelf(ask: Ask) -> Answer:
        items, following = pages[ask.params]
        return said(200, {"items": items, "next_cursor": following})

    assert played(flows.listed("/v1/targets", 0), shelf)[0] == [{"id": "a"}, {"id": "b"}, {"id": "c"}]
    assert played(flows.listed("/v1/targets", 0, 1), shelf)[0] == [{"id": "a"}]
    with pytest.raises(BadAnswer, match="list"):
        played(flows.listed("/v1/targets", 0), lambda _: said(200, {"items": 3}))


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "piece-1.pdf").write_bytes(PIECE)
    rack = Rack()
    played(transfer.fetch(manifest(), ID, tmp_path, 5), rack)
    assert rack.begun == []
    (tmp_path / "piece-1.pdf").write_bytes(b"else")
    played(transfer.fetch(manifest(), ID, tmp_path, 5), rack)

    assert rack.begun == [0]
    assert (tmp_path / "piece-1.pdf").read_bytes() == PIECE


def test_a_piece_with_another_hash_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(PiecesDiffer):
        played(transfer.fetch(manifest(), ID, tmp_path, 5), Rack(data=b"else"))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/b", "..", "", "a\\b", "a\0b"])
def test_names_do_not_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadAnswer, match="folder"):
        played(transfer.fetch(manifest(name), ID, tmp_path / "in", 5), Rack())

    assert [one.name for one in tmp_path.iterdir()] == ["in"]


def test_the_text_beside_a_piece_is_fetched_too(tmp_path: Path) -> None:
    entry = {"name": "piece-1.txt", "sha256": hashlib.sha256(b"words").hexdigest()}
    made = {"pieces": [{**piece, "text": entry} for piece in manifest()["pieces"]]}
    racks = {"1": Rack(), "text": Rack(data=b"words")}

    played(transfer.fetch(made, ID, tmp_path, 5), lambda ask: racks[ask.path.rpartition("/")[2]](ask))

    assert (tmp_path / "piece-1.txt").read_bytes() == b"words"
    made["pieces"][0]["text"] = {"name": "../evil", "sha256": entry["sha256"]}
    with pytest.raises(BadAnswer, match="folder"):
        played(transfer.fetch(made, ID, tmp_path, 5), Rack())


@pytest.mark.parametrize(
    "data",
    [{}, {"pieces": 3}, {"pieces": [{}]}, {"pieces": [{"index": "1"}]},
     {"pieces": [{"index": 1, "name": "a", "sha256": "b", "text": "c"}]}],
)  # fmt: skip
def test_a_manifest_that_is_none_is_said_so(tmp_path: Path, data: dict[str, object]) -> None:
    with pytest.raises(BadAnswer):
        played(transfer.fetch(data, ID, tmp_path, 5), Rack())


def job_data(*, done: bool, units: int = 0, problem_data: object = None) -> dict[str, object]:
    return {
        "id": ID,
        "kind": "split",
        "document_id": ID,
        "state": "failed" if problem_data else "done" if done else "running",
        "done": done,
        "progress": {"phase": "read", "units_done": units, "units_total": 9},
        "problem": problem_data,
        "result_url": None,
        "webhook": None,
    }


def a_job() -> Job:
    started = said(202, job_data(done=False))
    made, _ = played(flows.begin(ID, "splits", SplitWish(target="t"), 3), lambda _: started)
    assert isinstance(made, Job)
    return made


def test_waiting_tells_how_far_it_is_and_ends() -> None:
    coming = [job_data(done=False, units=n) for n in (1, 1, 5)] + [job_data(done=True, units=9)]
    seen: list[int | None] = []
    done, pauses = played(
        flows.wait(a_job(), 3, None, lambda one: seen.append(one.units_done)), lambda _: said(200, coming.pop(0))
    )

    assert isinstance(done, Job)
    assert done.done
    assert seen == [1, 5, 9]
    assert pauses == sorted(pauses)
    with pytest.raises(TimedOut):
        played(flows.wait(a_job(), 3, 5.0, None), lambda _: said(200, job_data(done=False)))


def test_why_a_job_failed_is_raised() -> None:
    failed = said(200, job_data(done=True, problem_data=problem("damaged")))
    done, _ = played(flows.wait(a_job(), 3, None, None), lambda _: failed)
    assert isinstance(done, Job)

    with pytest.raises(DamagedDocument):
        played(flows.result(done, 3), lambda _: said(500))


def test_a_wish_asked_twice_is_the_same_wish() -> None:
    keys: list[str] = []

    def losing(ask: Ask) -> Answer:
        keys.append(ask.headers["idempotency-key"])
        if len(keys) < 3:
            raise Unreachable("lost")
        return said(202, job_data(done=False))

    played(flows.begin(ID, "texts", TextWish(), 5), losing)
    assert len(set(keys)) == 1
    assert wish_json(SplitWish(target="t", max_pages=3)) == {
        "for": "t", "via": (), "max_pages": 3, "as": "document", "with_text": False, "shrink": "auto",
        "active_content": "strip", "decrypt": False, "ocr": "auto",
    }  # fmt: skip


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://u:p@x", "http://x/?key=1", "nonsense", ""])
def test_addresses_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(UsageError):
        Client(url)


def test_nothing_is_loaded_by_who_does_not_use_it() -> None:
    code = "import preflight, preflight.cli, sys; print('httpx' in sys.modules, 'preflight.client' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert run.stdout == b"False False\n"
