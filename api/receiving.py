"""A request's body while it arrives: not too large, not too slow."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Message, Receive


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How slow a sender may be.

    Attributes:
        idle_s: Seconds without a byte.
        grace_s: Seconds that are given to every body, however small.
        bytes_per_s: What it must make on average after that. A body of N bytes therefore has
            ``grace_s + N / bytes_per_s`` seconds in all.
    """

    idle_s: float = 30.0
    grace_s: float = 60.0
    bytes_per_s: float = 4_096.0


class Body:
    """Counts a body and breaks it off. Only time in which the service waits for the sender is held against the sender.

    Attributes:
        received: Bytes so far.
    """

    def __init__(self, receive: Receive, *, most: int, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self.received = 0
        self._receive = receive
        self._most = most
        self._pace = pace
        self._clock = clock
        self._waited_s = 0.0
        self._over = False

    async def receive(self) -> Message:
        """Return the next message of the request.

        Raises:
            HTTPException: 413 when the body is too large, 408 when it comes too slowly.
        """
        if self._over:  # what is waited for now is the end of the connection
            return await self._receive()
        left_s = self._pace.grace_s + self.received / self._pace.bytes_per_s - self._waited_s
        began = self._clock()
        try:
            with anyio.fail_after(max(0.0, min(self._pace.idle_s, left_s))):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "The body came too slowly. Send it again, or go on from Upload-Offset.") from None
        self._waited_s += self._clock() - began
        self.received += len(message.get("body", b""))
        self._over = message["type"] != "http.request" or not message.get("more_body", False)
        if self.received > self._most:
            raise HTTPException(413, f"The body has more than the {self._most:,} bytes that are taken here.")
        return message
