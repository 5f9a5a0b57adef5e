"""Who is let in, and how much of them. Stands before the application, and before a byte of a body is read."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from api.access import UNKNOWN, allowed_methods, find_rule
from api.exchange import Exchange
from api.heads import check_framing, check_length, check_origin, check_password, declared, host_name, shown_key
from api.problems import framework_problem, problem_of, problem_response
from api.rates import Rates
from api.receiving import Body, Pace
from preflight.errors import KeyRequired, OverQuota, PreflightError, ScopeMissing, ServiceFull
from preflight.keys import ADMIN
from preflight.logs import request_id
from preflight.service.door import is_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.access import Rule
    from api.heads import Headers
    from api.keyring import Keyring
    from preflight.keys import ApiKey

SMALL_BYTES = 64 * 1024
HEADER_BYTES = 32 * 1024
DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardLimits:
    """How much is let in.

    Attributes:
        document_bytes: Largest body with a whole document, its form included.
        upload_bytes: Largest body of a resumable upload.
        requests: Requests at a time, all callers together.
        requests_per_key: Requests at a time of one key, so that nobody takes all places.
        requests_per_minute: Requests of one key.
        bytes_per_day: Bytes of one key in a day (UTC); 0 for no limit.
        hosts: Names by which the service may be called; empty for any.
        pace: How slow a body may come.
    """

    document_bytes: int
    upload_bytes: int
    requests: int = 256
    requests_per_key: int = 64
    requests_per_minute: int = 1_200
    bytes_per_day: int = 0
    hosts: frozenset[str] = frozenset()
    pace: Pace = field(default_factory=Pace)


class Guard:
    """The application behind its door.

    Sets ``tenant``, ``key_id``, ``request_id`` and ``own_only`` in the request's state; the last is whether the
    key reaches those jobs and documents alone that came with it.
    """

    def __init__(
        self,
        app: ASGIApp,
        limits: GuardLimits,
        *,
        keys: Keyring | None = None,
        finished: Callable[[Exchange], None] | None = None,
        settle: Callable[[], None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Stand before an application.

        Args:
            app: The application.
            limits: How much is let in.
            keys: Who is let in; anybody, as the tenant with the empty name, when None.
            finished: Told of every request when it has been answered.
            settle: Called at the end, when no request is on its way any more.
            now: Seconds since 1970.
        """
        self.busy = 0
        self._app = app
        self._limits = limits
        self._keys = keys
        self._finished = finished
        self._settle = settle
        self._now = now
        self._rates = Rates()
        self._busy_keys: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rule = find_rule(scope["method"], scope["path"])
        exchange = Exchange(scope, send, rule.path if rule else UNKNOWN)
        request_id.set(exchange.id)
        try:
            await self._admit(scope, receive, exchange, rule)
        except PreflightError as error:
            await problem_response(problem_of(error), _extra(error))(scope, receive, exchange.send)
        except HTTPException as error:
            await _refusal(error)(scope, receive, exchange.send)
        finally:
            if self._finished is not None:
                self._finished(exchange)

    async def _admit(self, scope: Scope, receive: Receive, exchange: Exchange, rule: Rule | None) -> None:
        """Let a request through to the application.

        Raises:
            PreflightError: It is refused.
            HTTPException: The same, for a reason that HTTP defines.
        """
        headers: Headers = scope["headers"]
        self._check_head(headers)
        state = scope.setdefault("state", {})
        state.update(tenant="", key_id="", request_id=exchange.id, own_only=False)
        most = self._most(rule)
        check_length(headers, most)
        body = Body(receive, most=most, pace=self._limits.pace)
        if rule is not None and rule.scope == "open":
            await self._app(scope, body.receive, exchange.send)
            return
        if self._keys is None:
            check_origin(scope["method"], headers)
        key = None if self._keys is None else await self._known(self._keys, headers, rule, scope)
        if key is not None:
            exchange.tenant, exchange.key_id = state["tenant"], state["key_id"] = key.tenant, key.id
            self._check_quota(key, headers, rule)
        check_password(headers, rule)
        with self._place(exchange.key_id):
            try:
                await self._app(scope, self._counted(body, exchange.key_id), exchange.send)
            finally:
                exchange.bytes_in = body.received

    def settle(self) -> None:
        """Write down what keys were used for, and what else is to be done when no request is on its way any more."""
        if self._keys is not None:
            self._keys.close()
        if self._settle is not None:
            self._settle()

    def _counted(self, body: Body, key_id: str) -> Receive:
        """Return how a body is received by a key, which is used from now on; its bytes count as they come."""
        keys = self._keys
        if keys is None:
            return body.receive
        keys.spend(key_id, 0)

        async def receive() -> Message:
            before = body.received
            try:
                return await body.receive()
            finally:
                if body.received > before:
                    keys.spend(key_id, body.received - before)

        return receive

    def _check_head(self, headers: Headers) -> None:
        check_framing(headers)
        if sum(len(name) + len(value) + 4 for name, value in headers) > HEADER_BYTES:
            raise HTTPException(431, f"The headers have more than {HEADER_BYTES:,} bytes. Send fewer or shorter ones.")
        called = [host_name(value) for name, value in headers if name == b"host"]
        if self._limits.hosts and (len(called) != 1 or not is_known(called[0], self._limits.hosts)):
            raise HTTPException(421, "The service is not known by this name. Whoever runs it can add --allowed-host.")

    def _most(self, rule: Rule | None) -> int:
        if rule is None or rule.body == "small":
            return SMALL_BYTES
        return self._limits.document_bytes if rule.body == "document" else self._limits.upload_bytes

    async def _known(self, keys: Keyring, headers: Headers, rule: Rule | None, scope: Scope) -> ApiKey:
        """Return the key of a request, which may make it."""
        token = shown_key(headers)
        if not token:
            raise KeyRequired("Send a key of this service as `Authorization: Bearer pf_…` or as `X-Api-Key: pf_…`.")
        key = await keys.key_of(token)
        wait_s = self._rates.take(key.id, key.requests_per_minute or self._limits.requests_per_minute)
        if wait_s:
            raise OverQuota("More requests than the key may send in a minute. Wait a little.", retry_after_s=wait_s)
        if rule is None and not key.allows(ADMIN):
            methods = allowed_methods(scope["path"])
            raise HTTPException(405 if methods else 404, headers={"Allow": ", ".join(methods)} if methods else None)
        if rule is None or rule.scope == "any" or key.allows(rule.scope):
            return key
        if not (rule.own and key.allows("check")):
            raise ScopeMissing(f"This needs a key with the scope {rule.scope}. Ask whoever runs the service for one.")
        scope["state"]["own_only"] = True
        return key

    def _check_quota(self, key: ApiKey, headers: Headers, rule: Rule | None) -> None:
        """Refuse a document a key has no bytes left for; of one without a length, what comes counts afterwards.

        Who has spent the day's bytes may still ask for work, and fetch what was made.
        """
        if rule is None or rule.body == "small":
            return
        allowed = key.bytes_per_day or self._limits.bytes_per_day
        left = max(allowed - key.day_bytes, 0)
        if allowed and max(declared(headers), 1) > left:
            rest = f"{left:,} are left today, fewer than this request has" if left else "none are left today"
            raise OverQuota(
                f"The key may send {allowed:,} bytes a day (UTC), and {rest}. Wait for the next day, or ask whoever "
                "runs the service for more.",
                retry_after_s=DAY_S - self._now() % DAY_S,
            )

    @contextmanager
    def _place(self, key_id: str) -> Iterator[None]:
        """Take a place for the length of a request.

        Raises:
            ServiceFull: There is none.
            OverQuota: The key has as many as it may.
        """
        mine = self._busy_keys.get(key_id, 0)
        if key_id and mine >= self._limits.requests_per_key:
            raise OverQuota("As many requests of this key are on their way as may be. Wait for one to end.")
        if self.busy >= self._limits.requests:
            raise ServiceFull("The service has as many requests as it takes at a time. Try again in some seconds.")
        self.busy += 1
        self._busy_keys[key_id] = mine + 1
        try:
            yield
        finally:
            self.busy -= 1
            self._busy_keys[key_id] -= 1
            if not self._busy_keys[key_id]:
                del self._busy_keys[key_id]


def _extra(error: PreflightError) -> dict[str, str]:
    if isinstance(error, KeyRequired):
        return {"WWW-Authenticate": 'Bearer realm="upload-preflight"'}
    if isinstance(error, OverQuota) and error.retry_after_s is not None:
        return {"Retry-After": str(math.ceil(error.retry_after_s))}
    return {}


def _refusal(error: HTTPException) -> Response:
    details = {404: "There is nothing at this address. See /openapi.json.", 405: "See the Allow header."}
    detail = details.get(error.status_code, error.detail)
    return problem_response(framework_problem(error.status_code, detail), error.headers)
