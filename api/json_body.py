"""Small bodies of JSON: named as such, read strictly, and said what is wrong with them where they cannot be read."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.bodies import counted_body
from api.problems import Advice
from preflight.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.types import Message, Receive

MAX_JSON_BYTES = 64 * 1024
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json", re.IGNORECASE | re.ASCII)


class SmallBodyRoute(APIRoute):
    """A route whose body is a few lines of JSON; more is refused while it arrives, and so is what is none."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        """Wrap the handler of the route."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None

        async def handled(request: Request) -> Response:
            receive = counted_body(request.receive, MAX_JSON_BYTES)
            if takes_body:
                body = await Request(request.scope, receive).body()
                check_json(request.headers.get("content-type", ""), body)
                receive = _again(body, receive)
            return await handle(Request(request.scope, receive))

        return handled


def check_json(media_type: str, body: bytes) -> None:
    """Check that a body is JSON, and says so. What is in it is for the route to check.

    Args:
        media_type: What it says it is: the value of ``Content-Type``.
        body: Its bytes.

    Raises:
        Advice: 415 when it does not say that it is JSON, 400 when it is none.
        UsageError: A member is there twice; readers differ in which of the two they take.
    """
    if not body:
        raise Advice(
            400, "The body is empty. Send a JSON object as Content-Type: application/json; {} asks for nothing."
        )
    if not _JSON.fullmatch(media_type.partition(";")[0].strip()):
        raise Advice(415, "The body must be a JSON object. Send it with the header Content-Type: application/json.")
    try:
        json.loads(body.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise Advice(400, "The body is no UTF-8. Send JSON in UTF-8.") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Advice(400, f"The body is no JSON: it cannot be read from {place} on. Send a JSON object.") from error
    except (RecursionError, ValueError) as error:  # a number of thousands of digits, one that JSON has not
        raise Advice(400, "The body is JSON that is not read: too deep, or with a number that is none.") from error


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    if twice:
        named = ", ".join(f"`{name}`" if _NAME.fullmatch(name) else "one of them" for name in twice[:5])
        raise UsageError(f"Members of the body are given more than once: {named}. Give each once.")
    return dict(pairs)


def _no_number(_name: str) -> float:
    raise ValueError("JSON has no such number")


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body that has been read once more, and then what comes after it."""
    left = [body]

    async def receiving() -> Message:
        return {"type": "http.request", "body": left.pop(), "more_body": False} if left else await receive()

    return receiving
