"""Requests that are not as they must be: what is wrong and what is allowed is said, and nothing of them repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from service import running
from test_api import is_problem

from api.invalid import complaints
from api.json_body import check_json
from api.problems import Advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from preflight.slots import Slots

NOBODY = "0" * 32
SPLITS = f"/v1/documents/{NOBODY}/splits"
JSON = "application/json"


@pytest.fixture(scope="module")
def at(workers: Slots) -> Iterator[httpx.Client]:
    with running(workers) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


@pytest.mark.parametrize(
    ("kind", "body", "status", "code", "words"),
    [
        ("application/x-www-form-urlencoded", b'{"max_pages": 5}', 415, "unsupported-media-type", JSON),
        ("text/plain", b'{"max_pages": 5}', 415, "unsupported-media-type", JSON),
        ("", b'{"max_pages": 5}', 415, "unsupported-media-type", JSON),
        (JSON, b"", 400, "bad-request", "JSON object"),
        ("", b"", 400, "bad-request", "JSON object"),
        (JSON, b'{"max_pages": 5', 400, "bad-request", "column 16"),
        (JSON, b'{"s3cret": \xff}', 400, "bad-request", "UTF-8"),
        (JSON, b"[" * 60_000, 400, "bad-request", "JSON"),
        (JSON, b'{"max_seconds": NaN}', 400, "bad-request", "JSON"),
        (JSON, b'{"max_pages": ' + b"1" * 5_000 + b"}", 400, "bad-request", "JSON"),
        (JSON, b'{"max_pages": 5, "max_pages": 6}', 422, "usage", "`max_pages`"),
        (JSON, b'{"s3cret": 5, "s3cret\\u0020": {"a b": 5, "a b": 6}}', 422, "usage", "more than once"),
        (JSON, b"[]", 422, "unprocessable-content", "JSON object"),
        (JSON, b'{"max_pages": true}', 422, "unprocessable-content", "`max_pages` must be a whole number"),
        (JSON, b'{"max_pages": "5"}', 422, "unprocessable-content", "`max_pages` must be a whole number"),
        (JSON, b'{"max_pages": 0}', 422, "unprocessable-content", "must be more than 0"),
        (JSON, b'{"max_seconds": "s3cret"}', 422, "unprocessable-content", "must be a number"),
        (JSON, b'{"decrypt": 1}', 422, "unprocessable-content", "`decrypt` must be true or false"),
        (JSON, b'{"ocr": "s3cret"}', 422, "unprocessable-content", "'auto', 'never' or 'always'"),
        (JSON, b'{"languages": "s3cret"}', 422, "unprocessable-content", "eng+deu"),
        (JSON, b'{"webhook": {"url": "https://s3cret"}}', 422, "unprocessable-content", "`webhook.secret` is missing"),
        (JSON, b'{"a s3cret": 1}', 422, "unprocessable-content", "a name is not known"),
        ("application/problem+json; charset=utf-8", b'{"max_seconds": 5}', 404, "unknown-document", "no such document"),
    ],
)
def test_bodies_that_cannot_be_used(
    at: httpx.Client, kind: str, body: bytes, status: int, code: str, words: str
) -> None:
    answer = at.post(SPLITS, content=body, headers={"Content-Type": kind} if kind else {})

    is_problem(answer, status, code)
    assert words in answer.json()["detail"]
    assert "s3cret" not in answer.text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/v1/documents?limit=0", "The query parameter `limit` must be at least 1."),
        ("/v1/documents?limit=s3cret", "The query parameter `limit` must be a whole number."),
        (
            f"/v1/documents/{NOBODY}/units/1/text?ocr=s3cret",
            "The query parameter `ocr` must be one of 'auto' or 'never'.",
        ),
        (f"/v1/documents/{NOBODY}/units/1/thumbnail?w=9999", "The query parameter `w` must be at most 600."),
        (f"/v1/documents?cursor={'s3cret' * 50}", "The query parameter `cursor` must have at most 100 characters."),
    ],
)
def test_parameters_that_cannot_be_used(at: httpx.Client, address: str, words: str) -> None:
    answer = at.get(address)

    is_problem(answer, 422, "unprocessable-content")
    assert answer.json()["detail"] == words


def test_a_header_that_is_too_long_is_named(at: httpx.Client) -> None:
    answer = at.post("/v1/documents", content=b"x", headers={"Idempotency-Key": "k" * 500})

    assert answer.json()["detail"].startswith("The header `Idempotency-Key` must have at most ")


def test_what_is_wrong_is_said_once_and_not_without_end() -> None:
    wrong = [{"type": "missing", "loc": ("body", f"m{number}")} for number in range(9)]

    assert complaints(wrong[:1] * 3) == "In the body `m0` is missing."
    assert complaints(wrong).endswith("`m4` is missing. There is more.")
    assert "s3cret" not in complaints([{"type": "new", "loc": ("body", "a"), "msg": "s3cret", "input": "s3cret"}])
    assert complaints([])


@pytest.mark.parametrize("kind", [JSON, "application/json;charset=utf-8", "Application/JSON", "application/vnd.x+json"])
def test_json_has_several_names(kind: str) -> None:
    check_json(kind, b"\xef\xbb\xbf{}")

    with pytest.raises(Advice):
        check_json(f"x{kind}", b"{}")


_FILE = b'--b\r\nContent-Disposition: form-data; name="%b"; filename="s3cret.txt"\r\n\r\ns3cret\r\n'
_FIELD = b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\ns3cret\r\n'
_END = b"--b--\r\n"


# The framework leaves the file of a part that breaks off to be closed when nobody has it any more.
@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")
@pytest.mark.parametrize(("address", "name"), [("/v1/documents", b"file"), ("/v1/convert/file", b"files")])
def test_forms_that_cannot_be_used(at: httpx.Client, address: str, name: bytes) -> None:
    field, forms = name.decode(), "multipart/form-data; boundary=b"
    for kind, form, words in [
        (forms, _FILE % name * 3 + _END, "several files"),
        (forms, _FIELD % name + _END, f"`{field}` is no file"),
        (forms, _FILE % b"other" + _END, f"no multipart field `{field}`"),
        (forms, (_FILE % name)[:-4], "breaks off before its end"),
        (forms, b"--b\r\n\0s3cret", "malformed"),
        (forms, _FIELD % b"to_formats" * 250 + _END, "more than is read"),
        ("multipart/form-data", _FILE % name + _END, "no boundary"),
    ]:
        answer = at.post(address, content=form, headers={"Content-Type": kind})

        is_problem(answer, 400, "bad-request")
        assert words in answer.json()["detail"]
        assert "s3cret" not in answer.text
