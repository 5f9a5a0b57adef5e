"""Who is let in: keys, scopes, rates, places, sizes, names; and what every answer carries."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.access import RULES, allowed_methods, find_rule
from api.exchange import Exchange, request_id
from api.guard import HEADER_BYTES, SMALL_BYTES, Guard, GuardLimits
from api.heads import host_name, shown_key
from api.keyring import Keyring
from api.rates import WINDOW_S, Rates
from preflight.ledger.keys import KeyStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

LIMITS = GuardLimits(document_bytes=1_000_000, upload_bytes=2_000_000)


class Inside:
    """An application that says who calls, and remembers whether it was reached and what it read."""

    def __init__(self) -> None:
        self.reached = 0
        self.read = 0
        self.inside = asyncio.Event()
        self.let_go = asyncio.Event()
        self.let_go.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.reached += 1
        self.inside.set()
        await self.let_go.wait()
        more = True
        while more:
            message = await receive()
            self.read += len(message.get("body", b""))
            more = message.get("more_body", False)
        body = json.dumps({name: scope["state"][name] for name in ("tenant", "key_id", "request_id")}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"private")]})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyStore]:
    with KeyStore(f"sqlite:///{tmp_path_factory.mktemp('keys')}/l.sqlite") as made:
        yield made


def client(guard: Guard) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://localhost")


def ask(guard: Guard, method: str, path: str, **headers: str) -> httpx.Response:
    """One request through a guard."""

    async def asking() -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with client(guard) as caller:
            return await caller.request(method, path, headers=named, content=b"0123456789" if method != "GET" else None)

    return asyncio.run(asking())


def problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_without_a_key_nothing_is_read(store: KeyStore) -> None:
    inside = Inside()
    guard = Guard(inside, LIMITS, keys=Keyring(store))
    token = store.create(scopes={"check"})[1].token
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    tries: list[dict[str, str]] = [
        {},
        {"authorization": "Bearer nonsense"},
        {"authorization": f"Bearer {wrong}"},
        {"x_api_key": f"pf_{'f' * 16}_{'0' * 64}"},
        {"authorization": "Basic dXNlcjpwYXNz"},
    ]

    for headers in tries:
        answer = ask(guard, "POST", "/v1/check", **headers)
        problem(answer, 401, "key-required")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    problem(ask(guard, "POST", f"/v1/check?key={token}&api_key={token}"), 401, "key-required")
    assert (inside.reached, inside.read) == (0, 0)


def test_a_key_opens_what_its_scopes_say_and_names_the_tenant(store: KeyStore) -> None:
    guard = Guard(Inside(), LIMITS, keys=Keyring(store))
    key, made = store.create(scopes={"check"}, tenant="mill")
    boss = store.create(scopes={"admin"})[1]

    for headers in ({"authorization": f"Bearer {made.token}"}, {"x_api_key": made.token}):
        answer = ask(guard, "POST", "/v1/check", **headers)
        assert answer.status_code == 200
        assert (answer.json()["tenant"], answer.json()["key_id"]) == ("mill", key.id)
    problem(ask(guard, "POST", "/v1/documents", x_api_key=made.token), 403, "scope-missing")
    problem(ask(guard, "GET", f"/v1/documents/{'0' * 32}/units/1/text", x_api_key=made.token), 403, "scope-missing")
    assert ask(guard, "GET", "/v1/targets", x_api_key=made.token).status_code == 200
    assert ask(guard, "GET", "/v1/jobs", x_api_key=boss.token).status_code == 200


def test_what_the_table_does_not_list_is_closed(store: KeyStore) -> None:
    inside = Inside()
    guard = Guard(inside, LIMITS, keys=Keyring(store))
    token = store.create(scopes={"check", "write", "read"})[1].token

    problem(ask(guard, "GET", "/v1/forgotten", x_api_key=token), 404, "not-found")
    answer = ask(guard, "PUT", "/v1/check", x_api_key=token)
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"
    problem(ask(guard, "GET", "/v1/forgotten"), 401, "key-required")
    assert inside.reached == 0


def test_health_asks_for_no_key_and_keys_may_be_off(store: KeyStore) -> None:
    assert ask(Guard(Inside(), LIMITS, keys=Keyring(store)), "GET", "/healthz").status_code == 200
    answer = ask(Guard(Inside(), LIMITS), "POST", "/v1/documents")
    assert answer.json()["tenant"] == ""


def test_a_password_is_refused_where_it_would_be_ignored(store: KeyStore) -> None:
    inside = Inside()
    guard = Guard(inside, LIMITS, keys=Keyring(store))
    token = store.create(scopes={"admin"})[1].token
    nobody = "0" * 32

    for method, path in [
        ("POST", f"/v1/documents/{nobody}/splits"),
        ("POST", f"/v1/documents/{nobody}/checks"),
        ("POST", "/v1/uploads"),
        ("PUT", "/process"),
    ]:
        answer = ask(guard, method, path, x_api_key=token, x_document_password="s3cret-marker")
        problem(answer, 422, "usage")
        assert "POST /v1/check" in answer.json()["detail"]
        assert "s3cret-marker" not in answer.text
    problem(ask(guard, "PUT", "/process", x_document_password="s3cret-marker"), 401, "key-required")
    assert (inside.reached, inside.read) == (0, 0)
    assert ask(guard, "POST", "/v1/check", x_api_key=token, x_document_password="open").status_code == 200


def test_a_key_that_ends_is_refused_soon(tmp_path: Path) -> None:
    now = [0.0]
    store = KeyStore(f"sqlite:///{tmp_path}/l.sqlite", clock=lambda: now[0] + 1_000_000)
    guard = Guard(Inside(), LIMITS, keys=Keyring(store, fresh_s=5, clock=lambda: now[0]))
    key, made = store.create(scopes={"check"})
    late = store.create(scopes={"check"}, holds_s=100)[1]
    assert ask(guard, "POST", "/v1/check", x_api_key=made.token).status_code == 200
    store.revoke(key.id)
    now[0] = 5.1

    problem(ask(guard, "POST", "/v1/check", x_api_key=made.token), 401, "key-required")
    assert ask(guard, "POST", "/v1/check", x_api_key=late.token).status_code == 200
    now[0] = 100.1
    problem(ask(guard, "POST", "/v1/check", x_api_key=late.token), 401, "key-required")
    store.close()


def test_use_is_written_down(store: KeyStore) -> None:
    ring = Keyring(store)
    guard = Guard(Inside(), LIMITS, keys=ring)
    made = store.create(scopes={"check"})[1]
    for _ in range(3):
        assert ask(guard, "POST", "/v1/check", x_api_key=made.token).status_code == 200
    ring.close()

    (key,) = store.list()
    assert key.day_bytes == 30
    assert key.last_used_at is not None


def test_a_days_bytes_are_a_days_bytes(store: KeyStore) -> None:
    guard = Guard(Inside(), LIMITS, keys=Keyring(store), now=lambda: 86_400 * 7 + 86_000.0)
    made = store.create(scopes={"check"}, bytes_per_day=25)[1]

    assert [ask(guard, "POST", "/v1/check", x_api_key=made.token).status_code for _ in range(2)] == [200, 200]
    answer = ask(guard, "POST", "/v1/check", x_api_key=made.token)
    problem(answer, 429, "over-quota")
    assert answer.headers["retry-after"] == "400", "the rest of the day"
    assert "25 bytes a day (UTC), and 5 are left today, fewer than this request has." in answer.json()["detail"]
    few = store.create(scopes={"check"}, bytes_per_day=10)[1]
    assert ask(guard, "POST", "/v1/check", x_api_key=few.token).status_code == 200
    answer = ask(guard, "POST", "/v1/check", x_api_key=few.token)
    assert "10 bytes a day (UTC), and none are left today." in answer.json()["detail"]
    for method, path in (("GET", "/v1/targets"), ("GET", "/v1/jobs"), ("POST", f"/v1/documents/{'0' * 32}/splits")):
        assert ask(guard, method, path, x_api_key=few.token).status_code == 200, "no document is sent"


def test_bodies_that_can_be_taken_in_two_ways_are_refused() -> None:
    inside = Inside()
    guard = Guard(inside, LIMITS)

    zipped = ask(guard, "POST", "/v1/check", content_encoding="gzip")
    problem(zipped, 415, "unsupported-media-type")
    assert "not compressed" in zipped.json()["detail"]
    assert ask(guard, "POST", "/v1/check", content_encoding="identity").status_code == 200
    both = ask(guard, "POST", "/v1/check", content_length="10", transfer_encoding="chunked")
    problem(both, 400, "bad-request")
    assert both.headers["connection"] == "close"
    assert inside.reached == 1


def test_a_minutes_requests_are_a_minutes_requests(store: KeyStore) -> None:
    guard = Guard(Inside(), LIMITS, keys=Keyring(store))
    made = store.create(scopes={"read"}, requests_per_minute=2)[1]
    other = store.create(scopes={"read"})[1]
    answers = [ask(guard, "GET", "/v1/jobs", x_api_key=made.token) for _ in range(3)]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert ask(guard, "GET", "/v1/jobs", x_api_key=other.token).status_code == 200, "somebody else is not held up"


@given(st.integers(1, 50), st.lists(st.floats(0, 40), max_size=80))
@settings(max_examples=60, deadline=None)
def test_no_window_has_more_than_two_minutes_worth(per_minute: int, pauses: list[float]) -> None:
    """A full minute's worth at once, and what has grown back by the window's end; and waiting as told always helps."""
    now = [0.0]
    rates = Rates(lambda: now[0])
    taken: list[float] = []
    for pause in pauses:
        now[0] += pause
        wait = rates.take("a", per_minute)
        if wait:
            assert 0 < wait <= WINDOW_S
            now[0] += wait + 1e-6
            assert not rates.take("a", per_minute)
        taken.append(now[0])
    for first in taken:
        assert sum(first <= one < first + WINDOW_S for one in taken) <= 2 * per_minute


def test_places_are_counted_and_given_back(store: KeyStore) -> None:
    limits = GuardLimits(document_bytes=10_000, upload_bytes=10_000, requests=2, requests_per_key=1)
    token, other, third = (store.create(scopes={"read"})[1].token for _ in range(3))

    async def crowd() -> None:
        inside = Inside()
        guard = Guard(inside, limits, keys=Keyring(store))
        inside.let_go.clear()
        async with client(guard) as caller:

            async def get(key: str) -> httpx.Response:
                return await caller.get("/v1/jobs", headers={"x-api-key": key})

            first = asyncio.create_task(get(token))
            await inside.inside.wait()
            problem(await get(token), 429, "over-quota")
            inside.inside.clear()
            second = asyncio.create_task(get(other))
            await inside.inside.wait()
            full = await get(third)
            problem(full, 503, "service-full")
            assert int(full.headers["retry-after"]) > 0
            inside.let_go.set()
            assert (await caller.get("/healthz")).status_code == 200, "health takes no place"
            assert [(await one).status_code for one in (first, second)] == [200, 200]
            assert (await get(third)).status_code == 200
        assert guard.busy == 0

    asyncio.run(crowd())


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/v1/jobs/1/cancel", SMALL_BYTES, 200),
        ("/v1/jobs/1/cancel", SMALL_BYTES + 1, 413),
        ("/v1/check", 1_000_000, 200),
        ("/v1/check", 1_000_001, 413),
        ("/v1/uploads", 2_000_000, 200),
        ("/v1/uploads", 2_000_001, 413),
    ],
)
def test_bodies_have_a_size_declared_or_not(path: str, size: int, status: int) -> None:
    async def parts() -> AsyncIterator[bytes]:
        left = size
        while left:
            part = min(left, 50_000)
            left -= part
            yield bytes(part)

    async def send() -> None:
        inside = Inside()
        async with client(Guard(inside, LIMITS)) as caller:
            declared = await caller.post(path, content=bytes(size))
            assert (declared.status_code, inside.reached) == (status, 1 if status == 200 else 0)
            assert (await caller.post(path, content=parts())).status_code == status
            assert inside.read <= 2 * size

    asyncio.run(send())


def test_headers_have_a_size() -> None:
    problem(
        ask(Guard(Inside(), LIMITS), "GET", "/healthz", cookie="x" * HEADER_BYTES),
        431,
        "request-header-fields-too-large",
    )


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8080", 200),
        ("[::1]:8080", 200),
        ("evil.example", 421),
        ("localhost.evil", 421),
        ("preflight:8080", 200),
    ],
)
def test_the_service_answers_to_its_names_alone(host: str, status: int) -> None:
    limits = GuardLimits(document_bytes=1, upload_bytes=1, hosts=frozenset({"localhost", "::1"}))
    answer = ask(Guard(Inside(), limits), "GET", "/healthz", host=host)

    assert answer.status_code == status
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    ("method", "origin", "status"),
    [
        ("POST", "http://localhost", 200),
        ("POST", "HTTP://LOCALHOST", 200),
        ("POST", "http://evil.example", 403),
        ("POST", "http://localhost.evil.example", 403),
        ("POST", "http://localhost:81", 403),
        ("POST", "null", 403),
        ("GET", "http://evil.example", 200),
    ],
)
def test_a_page_of_another_site_changes_nothing(method: str, origin: str, status: int) -> None:
    inside = Inside()
    answer = ask(Guard(inside, LIMITS), method, "/v1/documents", origin=origin)

    assert answer.status_code == status
    assert inside.reached == (status == 200)
    assert "evil" not in answer.text


def test_who_has_a_key_may_call_from_anywhere(store: KeyStore) -> None:
    token = store.create(scopes={"write"})[1].token
    guard = Guard(Inside(), LIMITS, keys=Keyring(store))

    assert ask(guard, "POST", "/v1/documents", origin="http://app.example", x_api_key=token).status_code == 200


@pytest.mark.parametrize("given", ["a1b2c3d4-e5f6", "0" * 64])
def test_a_request_id_is_kept(given: str) -> None:
    answer = ask(Guard(Inside(), LIMITS), "GET", "/healthz", x_request_id=given)

    assert answer.headers.get_list("x-request-id") == [given]
    assert answer.json()["request_id"] == given


@pytest.mark.parametrize(
    "given", ["short", "0" * 65, "inject\tme-0000", "<script>alert(1)</script>", 'a1b2c3d4","level":"x']
)
def test_what_is_no_request_id_is_replaced(given: str) -> None:
    (made,) = ask(Guard(Inside(), LIMITS), "GET", "/healthz", x_request_id=given).headers.get_list("x-request-id")

    assert made != given
    assert len(made) == 32


def test_two_request_ids_are_none() -> None:
    assert request_id([(b"x-request-id", b"a1b2c3d4"), (b"x-request-id", b"a1b2c3d4")]) != "a1b2c3d4"


def test_headers_of_the_application_stay() -> None:
    headers = ask(Guard(Inside(), LIMITS), "GET", "/healthz").headers

    assert headers["cache-control"] == "private"
    assert "default-src 'none'" in headers["content-security-policy"]


def test_what_happened_is_told_without_names() -> None:
    told: list[Exchange] = []
    guard = Guard(Inside(), LIMITS, finished=told.append)
    ask(guard, "POST", "/v1/check?filename=secret.pdf")
    ask(guard, "GET", "/v1/targets/secret")
    ask(guard, "GET", "/secret")

    assert [(one.method, one.route, one.status) for one in told] == [
        ("POST", "/v1/check", 200),
        ("GET", "/v1/targets/{target_id}", 200),
        ("GET", "(unknown)", 200),
    ]
    assert told[0].bytes_in == 10
    assert told[0].bytes_out > 0


def test_the_table_knows_each_address_once() -> None:
    places = [(method, rule.path) for rule in RULES for method in rule.methods.split()]

    assert len(places) == len(set(places))
    rule = find_rule("HEAD", "/v1/jobs/abc")
    assert rule is not None
    assert rule.path == "/v1/jobs/{job_id}"
    assert find_rule("GET", "/v1/jobs/abc/def") is None
    assert find_rule("GET", "/v1/jobs/") is None
    assert allowed_methods("/v1/uploads") == ["OPTIONS", "POST"]


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ([(b"authorization", b"bearer  k ")], "k"),
        ([(b"authorization", b"Bearer k"), (b"x-api-key", b"other")], "k"),
        ([(b"authorization", b"Basic k"), (b"x-api-key", b"other")], "other"),
        ([(b"authorization", b"Bearer k"), (b"authorization", b"Bearer l")], ""),
        ([(b"x-api-key", b"k"), (b"x-api-key", b"k")], ""),
        ([(b"authorization", b"Bearer")], ""),
        ([], ""),
    ],
)
def test_where_a_key_is_looked_for(headers: list[tuple[bytes, bytes]], key: str) -> None:
    assert shown_key(headers) == key


@given(st.binary(max_size=40))
def test_any_host_header_can_be_read(header: bytes) -> None:
    assert isinstance(host_name(header), str)
