"""One database under the ledger, SQLite or PostgreSQL: connections, transactions, the clock, failures.

SQLite keeps a write-ahead log, so that readers and the one writer do not wait for each other. A transaction that
acknowledges something waits until the disk has it; one that only lends out work does not, because whoever borrowed it
dies with the machine.
"""

from __future__ import annotations

import math
import random
import sqlite3
import time
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from sqlalchemy import ColumnElement, Double, create_engine, event, literal, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from preflight.errors import DiskFull, LedgerBusy, LedgerUnavailable, SettingsError
from preflight.ledger.absence import ENDING_S, Absence

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import URL, Connection, Dialect, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry
    from sqlalchemy.sql.compiler import SQLCompiler

    from preflight.errors import PreflightError

T = TypeVar("T")
Hope = Literal["none", "lock", "server"]
"""What may pass, so that trying again helps: a lock, or that the server is away."""

ANSWER_S = 4.0
"""How long somebody who is waiting for an answer waits for a server that is silent: stopped, or behind a dead line."""
_CONNECT_S = 3.0
_BUSY_S = 2.0
_SQLITE_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_POSTGRES_AGAIN = frozenset({"40001", "40P01", "55P03", "57014"})
"""SQLSTATEs after which the same transaction may succeed: conflict, deadlock, lock, and a statement that took longer
than the server was told to work on it (:mod:`preflight.ledger.silence`)."""
_POSTGRES_AWAY = frozenset({"57P01", "57P02", "57P03", "53300"})
"""SQLSTATEs of a server that takes no connections now: restart, too many of them."""
_DISK_FULL = "53100"
_SQLITE_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BEGIN_ANEW = "Check the disk, then remove it (of a batch, the folder .preflight among its results) and begin anew."
_ADVICE = "Check that the folder or database can be written, or name another one."


class _Now(FunctionElement[float]):
    """Seconds since 1970 by the clock of the database, so that all runners go by one clock."""

    type = Double()
    inherit_cache = True


@compiles(_Now, "sqlite")
def _now_sqlite(_element: _Now, _compiler: SQLCompiler, **_options: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(_Now, "postgresql")
def _now_postgresql(_element: _Now, _compiler: SQLCompiler, **_options: object) -> str:
    return "extract(epoch FROM clock_timestamp())::double precision"


class Database:
    """Connections to one ledger; may be used from several threads."""

    def __init__(
        self,
        url: str | URL,
        *,
        patience_s: float = 30.0,
        away_s: float | None = None,
        clock: Callable[[], float] | None = None,
        pool: int = 8,
    ) -> None:
        """Take an address; nothing is opened yet.

        Args:
            url: ``sqlite:///PATH`` or ``postgresql://…``.
            patience_s: How long a locked or restarting database is waited for.
            away_s: How long a server that is away is waited for, by all who wait together; ``patience_s``, each for
                itself, when None.
            clock: Seconds since 1970; the database's own clock when None.
            pool: Connections kept at most.

        Raises:
            SettingsError: The address names no database that can be used.
        """
        self._answer_s = patience_s if away_s is None else ANSWER_S
        self._absence = Absence(patience_s, away_s)
        self._clock = clock
        try:
            address = make_url(url)
            if address.drivername in ("postgresql", "postgres"):
                address = address.set(drivername="postgresql+psycopg")
            with_ping = address.get_backend_name() != "sqlite"  # a server may have been restarted meanwhile
            impatient = _impatient(_CONNECT_S if away_s is None else away_s) if with_ping else {}
            self.engine: Engine = create_engine(
                address, pool_size=pool, pool_pre_ping=with_ping, connect_args=impatient, pool_timeout=self._answer_s
            )
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise SettingsError(
                "The address of the database is not one that can be used. Give sqlite:///PATH, or postgresql://… with "
                "the extra [postgres] installed."
            ) from error
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        if self.is_sqlite:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "do_connect", self._connect)

    def now(self) -> ColumnElement[float]:
        """Return the time as an SQL expression."""
        return literal(self._clock(), Double()) if self._clock else cast("ColumnElement[float]", _Now())

    def write(self, work: Callable[[Connection], T], *, durable: bool = True) -> T:
        """Run a transaction that writes; it is repeated when the database was locked or went away meanwhile.

        Args:
            work: Runs inside the transaction. It may run again after a failure, so it must not keep anything.
            durable: Return only when the result will survive a loss of power.

        Raises:
            LedgerBusy: The database stayed locked.
            DiskFull: No space left.
            LedgerUnavailable: It cannot be opened, read or written.
        """
        options = {"ledger_begin": "FULL" if durable else "NORMAL"}
        return self._patiently(lambda: self._once(work, options))

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction that only reads.

        Raises:
            LedgerBusy: The database stayed locked.
            LedgerUnavailable: It cannot be opened or read.
        """
        return self._patiently(lambda: self._once(work, {}))

    def answers(self) -> bool:
        """Whether it can be read at this moment; nothing is waited for but its answer."""
        try:
            with self._absence.attempt():
                self._once(lambda connection: connection.execute(text("SELECT 1")).scalar(), {})
        except (LedgerUnavailable, PoolTimeout):
            return False
        except DatabaseError as error:
            if _translated(error)[1] is None:
                raise
            return False
        self._absence.back()
        return True

    def end(self) -> None:
        """Wait for nothing any more: neither for locks nor for a server that is away. The program is to end."""
        self._absence.end()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _once(self, work: Callable[[Connection], T], options: dict[str, str]) -> T:
        with self.engine.connect().execution_options(**options) as connection, connection.begin():
            return work(connection)

    def _connect(self, _dialect: Dialect, _record: object, arguments: list[Any], named: dict[str, Any]) -> object:
        """Connect to a server, and wait for its answers as long as makes sense."""
        from preflight.ledger.silence import listening

        answer_s = self._answer_s
        return listening(arguments, named, lambda: ENDING_S if self._absence.ending else answer_s, answer_s)

    def _patiently(self, attempt: Callable[[], T]) -> T:
        begun, pause, lost = time.monotonic(), 0.02, None
        while True:
            tried = time.monotonic()
            try:
                with self._absence.attempt():
                    done = attempt()
            except PoolTimeout as error:
                raise LedgerUnavailable("All connections to the database of the jobs are taken. Try again.") from error
            except DatabaseError as error:
                hope, failure = _translated(error)
                if failure is None:
                    raise
                if hope == "server":
                    self._absence.away(str(failure), tried)
                    lost = tried if lost is None else lost
                else:
                    self._absence.back()
                deadline = self._absence.deadline(begun, lost if hope == "server" else None)
                if hope == "none" or time.monotonic() > deadline:
                    raise failure from error
            else:
                self._absence.back()
                return done
            self._absence.rest(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads attempts, protects nothing
            pause = min(pause * 2, 1.0)


def _impatient(away_s: float) -> dict[str, int]:
    """What libpq is told, so that a server behind a broken line is not waited for; two seconds are its least."""
    seconds = max(2, math.ceil(away_s))
    return {"connect_timeout": seconds, "tcp_user_timeout": 1000 * seconds}


def _set_up_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    opened = cast("sqlite3.Connection", connection)
    opened.isolation_level = None  # we begin transactions ourselves
    for pragma in (f"busy_timeout={_BUSY_S * 1000:.0f}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        opened.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """A transaction that will write takes the lock at its start: taken later, it could only fail."""
    synchronous = connection.get_execution_options().get("ledger_begin")
    if synchronous is None:
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _translated(error: DBAPIError) -> tuple[Hope, PreflightError | None]:
    """Say whether trying again may help, and what to tell; None for what is a bug of ours."""
    original = error.orig
    if isinstance(original, sqlite3.DatabaseError):
        return _of_sqlite(original)
    code = getattr(original, "sqlstate", None)
    if code == _DISK_FULL:
        return "none", DiskFull("No space left for the record of jobs. Free some space on the database's disk.")
    if code in _POSTGRES_AGAIN:
        return "lock", LedgerBusy("The database of the jobs is locked or busy with other work. Try again later.")
    if error.connection_invalidated or code in _POSTGRES_AWAY:
        return "server", LedgerUnavailable(f"The database of the jobs does not answer. {_ADVICE}")
    if code is None and type(error).__name__ == "OperationalError":  # no connection: nobody gave it a code
        return "server", LedgerUnavailable(f"The database of the jobs cannot be reached: {original}. {_ADVICE}")
    return "none", None


def _of_sqlite(error: sqlite3.DatabaseError) -> tuple[Hope, PreflightError | None]:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _SQLITE_LOCKED:
        return "lock", LedgerBusy(
            "Another program keeps the record of jobs locked. Try again when it has ended; one that is stopped has "
            "to go on first (kill -CONT), or be ended."
        )
    if code == sqlite3.SQLITE_FULL:
        return "none", DiskFull("No space left for the record of jobs. Free some space, or choose another folder.")
    if code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_MISUSE, 0):
        return "none", None
    if code in _SQLITE_BROKEN:
        return "none", LedgerUnavailable(f"The record of jobs is damaged ({error}). {_BEGIN_ANEW}")
    return "none", LedgerUnavailable(f"The record of jobs cannot be used ({error}). {_ADVICE}")
