"""Connections to PostgreSQL that do not wait for ever: a server that is stopped keeps them open, and is silent.

A server that is at work is silent, too, behind a lock for example. So it is told to end a statement itself a little
before it would be taken for stopped: then it says so, does nothing any more for whoever has gone, and is not away.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from sqlalchemy import Connection

T = TypeVar("T")

_LOCK_SHARE, _STATEMENT_SHARE = 0.75, 0.875
"""Of the time an answer may take: how long the server waits for a lock, and works on a statement."""
_LIMITS = "SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', %s, false)"
_NO_LIMITS = "SELECT set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true)"
"""Until the end of the transaction; ``0`` is no limit."""


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


def listening(arguments: list[Any], named: dict[str, Any], most_s: Callable[[], float], answer_s: float) -> Listening:
    """Connect to a server, and have it end statements that take too long.

    Args:
        arguments: What psycopg is told.
        named: The same, by name.
        most_s: Seconds that an answer may take now.
        answer_s: Seconds that one may take as long as nothing is to end.

    Raises:
        OperationalError: There is no connection to be had.
    """
    connection = Listening.connect(*arguments, **named)
    connection.most_s = most_s
    limits = [f"{max(1.0, 1000 * share * answer_s):.0f}" for share in (_LOCK_SHARE, _STATEMENT_SHARE)]  # milliseconds
    try:
        connection.autocommit = True
        connection.execute(_LIMITS, limits)
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def unhurried(connection: Connection) -> Iterator[None]:
    """Let statements take as long as they take in a ``with`` block inside a transaction, once the server has answered.

    Args:
        connection: To PostgreSQL.

    Raises:
        DatabaseError: The server does not answer at all.
    """
    connection.execute(text(_NO_LIMITS))
    driver = connection.connection.driver_connection
    if not isinstance(driver, Listening):
        raise TypeError("the connection was not made by this module")
    most_s, driver.most_s = driver.most_s, None
    try:
        yield
    finally:
        driver.most_s = most_s
