"""Connections to PostgreSQL that do not wait for ever: a server that is stopped keeps them open, and is silent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

T = TypeVar("T")


class Listening(psycopg.Connection[Any]):
    """A connection that is given up when the server has been silent for too long."""

    most_s: Callable[[], float] | None = None
    """Seconds without an answer; asked again and again while one is waited for. Without end when None."""

    def wait(self, gen: Generator[Any, Any, T], *arguments: Any, **named: Any) -> T:
        """Wait for the answer to what was asked.

        Raises:
            OperationalError: None came in time; the connection is closed.
        """
        if self.most_s is None:
            return super().wait(gen, *arguments, **named)
        return super().wait(self._heard(gen, self.most_s), *arguments, **named)

    def _heard(self, gen: Generator[Any, Any, T], most_s: Callable[[], float]) -> Generator[Any, Any, T]:
        """Pass on what is waited for and what comes; nothing comes as a falsy value every tenth of a second."""
        heard = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    heard = time.monotonic()
                elif time.monotonic() - heard > most_s():
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the server does not answer")
                wanted = gen.send(ready)
        except StopIteration as ended:
            result: T = ended.value
            return result


def listening(arguments: list[Any], named: dict[str, Any], most_s: Callable[[], float]) -> Listening:
    """Connect to a server.

    Args:
        arguments: What psycopg is told.
        named: The same, by name.
        most_s: Seconds that an answer may take.

    Raises:
        OperationalError: There is no connection to be had.
    """
    connection = Listening.connect(*arguments, **named)
    connection.most_s = most_s
    return connection
