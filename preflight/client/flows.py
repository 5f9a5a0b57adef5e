"""What a client does, without saying how requests are sent: generators that yield requests and are sent the answers.

Both forms of the client run the same flows. A request that does not get through is thrown into the flow as
:class:`~preflight.errors.Unreachable`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import quote

from preflight.client.failures import failure_from, failure_of, retry_after
from preflight.client.values import Document, Job, Json, SplitWish, TextWish, document_from, job_from, wish_json
from preflight.errors import BadAnswer, TimedOut, Unreachable

if TYPE_CHECKING:
    from pathlib import Path

    from preflight.client.common import Service
    from preflight.judging import UserLimits

T = TypeVar("T")
OK, CREATED, ACCEPTED = 200, 201, 202
AGAIN = frozenset({408, 423, 429, 502, 503, 504})
"""Statuses after which the same request may succeed: slow, busy, over a rate, full, a gateway alone."""
_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_MOST_PAUSE_S = 60.0
_POLL_S = (0.1, 2.0)
_WAITED, _MOST_WAIT_S = 0.9, 300.0
"""How much of the time a request has here the service may take, and the most it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request.

    Attributes:
        method: HTTP method.
        path: Address below the service's.
        headers: Headers.
        params: Query.
        body: Bytes, or a file whose bytes are sent as they are read; None for none.
        sink: Takes the body of an answer part by part; None to have it in the answer.
        sink_for: Status of the answers whose body the sink takes. Of others that say yes nothing is read then.
        final: Failures that the same request would only meet again.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | Path | None = None
    sink: Callable[[bytes], None] | None = None
    sink_for: int = OK
    final: tuple[type[Exception], ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing for a while.

    Attributes:
        seconds: How long.
    """

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer.

    Attributes:
        status: HTTP status.
        headers: Headers by lower-case name.
        body: The body; empty where a sink took it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body as a JSON object.

        Raises:
            BadAnswer: It is none.
        """
        try:
            data = json.loads(self.body)
        except ValueError as error:
            raise BadAnswer("The answer is no JSON. Check the address of the service.") from error
        if not isinstance(data, dict):
            raise BadAnswer("The answer is no JSON object. Check the address of the service.")
        return cast("Json", data)


Flow = Generator[Ask | Pause, Answer, T]


def asked(ask: Ask, retries: int, wanted: tuple[int, ...] = (OK,)) -> Flow[Answer]:
    """Ask until there is an answer that is wanted; failures that may pass are tried again.

    Raises:
        Unreachable: No answer came.
        Exception: The answer says no (:func:`preflight.client.failures.failure_from`).
    """
    for attempt in range(retries + 1):
        try:
            answer = yield ask
        except Unreachable:
            if attempt == retries:
                raise
            yield Pause(pause_s(attempt))
            continue
        if answer.status in wanted:
            return answer
        failure = failure_from(answer.status, answer.headers, answer.body)
        if answer.status not in AGAIN or attempt == retries or isinstance(failure, ask.final):
            raise failure
        yield Pause(pause_s(attempt, answer.headers))
    raise Unreachable("The service was not asked: retries must be 0 or more.")


def pause_s(attempt: int, headers: Mapping[str, str] | None = None) -> float:
    """Return how long to wait before the next attempt: as long as the service says, else longer each time."""
    said = retry_after(headers or {})
    return min(said, _MOST_PAUSE_S) if said is not None else _PAUSES_S[min(attempt, len(_PAUSES_S) - 1)]


def check(
    file: Path,
    service: Service,
    *,
    name: str,
    target: str | None,
    via: tuple[str, ...],
    model: str | None,
    limits: UserLimits | None,
    password: str | None,
) -> Flow[Json]:
    """Check a document in one call; where that becomes a job, wait for it. Returns the report.

    With a password there is no job: the service answers within the request, before it would be given up here.
    """
    own = () if limits is None else ((f"max_{measure}", value) for measure, value in asdict(limits).items())
    named = (("for", target), ("model", model), ("filename", name), *(("via", hop) for hop in via), *own)
    params = tuple((key, str(value)) for key, value in named if value is not None)
    headers = {"content-type": "application/octet-stream"}
    final: tuple[type[Exception], ...] = ()
    if password is not None:
        wait_s = max(1, int(_WAITED * min(service.timeout_s, _MOST_WAIT_S)))
        headers |= {"x-document-password": password, "prefer": f"wait={wait_s}"}
        final = (TimedOut,)
    ask = Ask(method="POST", path="/v1/check", headers=headers, params=params, body=file, final=final)
    answer = yield from asked(ask, service.retries, (OK, ACCEPTED))
    if answer.status == OK:
        return answer.json
    job = yield from wait(job_from(answer.json), service.retries, None, None)
    return (yield from result(job, service.retries)).json


def listed(path: str, retries: int, most: int | None = None) -> Flow[list[Json]]:
    """Read a list page by page; returns its items, ``most`` of them at most.

    Raises:
        BadAnswer: It is no list.
    """
    items: list[Json] = []
    cursor: tuple[tuple[str, str], ...] = ()
    while True:
        page = (yield from asked(Ask(method="GET", path=path, params=cursor), retries)).json
        found, following = page.get("items"), page.get("next_cursor")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise BadAnswer("The answer is no list. Check the address of the service.")
        items += found
        if not isinstance(following, str) or not found or (most is not None and len(items) >= most):
            return items[:most]
        cursor = (("cursor", following),)


def documents(retries: int, most: int | None) -> Flow[list[Document]]:
    """List the documents that are kept, the latest first."""
    return [document_from(one) for one in (yield from listed("/v1/documents", retries, most))]


def look(document_id: str, number: int, what: str, wish: tuple[str, str]) -> Ask:
    """Return the request for a look at one unit of a document."""
    path = f"/v1/documents/{quote(document_id, safe='')}/units/{number}/{what}"
    return Ask(method="GET", path=path, params=(wish,))


def profile(target_id: str) -> Ask:
    """Return the request for one service or gateway."""
    return Ask(method="GET", path=f"/v1/targets/{quote(target_id, safe=':')}")


def begin(document_id: str, kind: str, wish: TextWish | SplitWish, retries: int) -> Flow[Job]:
    """Ask for work on a document. Asked twice because an answer was lost, it is the same work."""
    headers = {"content-type": "application/json", "idempotency-key": uuid.uuid4().hex, "prefer": "respond-async"}
    body = json.dumps(wish_json(wish)).encode()
    ask = Ask(method="POST", path=f"/v1/documents/{document_id}/{kind}", headers=headers, body=body)
    answer = yield from asked(ask, retries, (ACCEPTED,))
    return job_from(answer.json)


def wait(
    job: Job, retries: int, timeout_s: float | None, on_progress: Callable[[Job], None] | None, slept_s: float = 0.0
) -> Flow[Job]:
    """Wait for the end of a job; asks now and then, at first often.

    Raises:
        TimedOut: It has not ended in time; it goes on all the same.
    """
    pause, last = _POLL_S
    while not job.done:
        if timeout_s is not None and slept_s >= timeout_s:
            raise TimedOut("The job has not ended in the time that was given. It goes on: wait again, or cancel it.")
        yield Pause(pause)
        slept_s += pause
        pause = min(pause * 1.5, last)
        answer = yield from asked(Ask(method="GET", path=f"/v1/jobs/{job.id}"), retries)
        later = job_from(answer.json)
        if on_progress is not None and later != job:
            on_progress(later)
        job = later
    return job


def result(job: Job, retries: int) -> Flow[Answer]:
    """Return what a job has made.

    Raises:
        Exception: Why it has made nothing.
    """
    if job.problem is not None:
        raise failure_of(job.problem)
    path = f"/v1/splits/{job.id}" if job.kind == "split" else f"/v1/jobs/{job.id}/result"
    return (yield from asked(Ask(method="GET", path=path), retries))
