"""The tables of the ledger. Times are seconds since 1970 by the database's own clock; JSON is ASCII text.

A change here needs a migration in ``migrations/versions``; a test compares the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from preflight.ledger.states import UnitState

if TYPE_CHECKING:
    from preflight.ledger.states import UnitKind

metadata = MetaData(
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
)

BigKey = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only where it says INTEGER

owners = Table(
    "owners",
    metadata,
    Column("owner", String(200), primary_key=True),
    # The turn of the owner's last job: who has many jobs waiting gets a far turn for the next one.
    Column("turn", BigInteger, nullable=False, index=True),
)

jobs = Table(
    "jobs",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("owner", String(200), nullable=False),
    Column("key", String(200), nullable=False),
    Column("state", String(10), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("request", String(64), nullable=False),
    Column("document", Text, nullable=False),
    # The last fencing token given out; one row of numbers for all units of the job, so that none ever comes twice.
    Column("tokens", BigInteger, nullable=False),
    Column("pending", Integer, nullable=False),
    Column("units_total", Integer, nullable=False),
    Column("units_done", Integer, nullable=False),
    Column("units_dead", Integer, nullable=False),
    Column("result", Text),
    Column("problem", Text),
    Column("created_at", Double, nullable=False),
    Column("finished_at", Double),
    # What the job is about, for whoever wants all jobs of one document.
    Column("subject", String(64), index=True),
    # Counts every change that can be seen, so that whoever follows a job knows what is new.
    Column("revision", BigInteger, nullable=False, server_default=text("0"), onupdate=text("revision + 1")),
    Column("phase", String(20)),
    Column("reached", Integer, nullable=False, server_default=text("0")),
    Column("goal", Integer),
    # Whether who wanted to be told of its end was; null where nobody did.
    Column("hook", String(10)),
    # The API key it was asked for with; null where there are no keys, or where that is not known.
    Column("asked_with", String(200)),
    UniqueConstraint("owner", "key"),
    Index("ix_jobs_owner_state", "owner", "state"),
)

units = Table(
    "units",
    metadata,
    Column("job", BigKey, ForeignKey("jobs.seq", ondelete="CASCADE"), primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("state", String(10), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("payload", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("losses", Integer, nullable=False),
    Column("not_before", Double, nullable=False),
    Column("runner", String(200)),
    Column("lease_until", Double),
    Column("receipt", Text),
    Column("reached", Integer, nullable=False, server_default=text("0")),
)

documents = Table(
    "documents",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("owner", String(200), nullable=False),
    Column("key", String(200)),
    Column("name", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    # The API key it came with; null where there are no keys, or where that is not known.
    Column("asked_with", String(200)),
    UniqueConstraint("owner", "key"),
)

messages = Table(
    "messages",
    metadata,
    Column("job", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("not_before", Double, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("tenant", String(200), nullable=False),
    Column("label", String(200), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("scopes", String(100), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    Column("last_used_at", Double),
    Column("requests_per_minute", Integer),
    Column("bytes_per_day", BigInteger),
    # Bytes of one day, and which day that is: days since 1970 (UTC).
    Column("day", Integer, nullable=False),
    Column("day_bytes", BigInteger, nullable=False),
)

_is_ready, _is_leased = units.c.state == "ready", units.c.state == "leased"
Index(
    "ix_units_ready",
    units.c.priority.desc(),
    units.c.turn,
    units.c.job,
    units.c.no,
    sqlite_where=_is_ready,
    postgresql_where=_is_ready,
)
Index("ix_units_leased", units.c.lease_until, sqlite_where=_is_leased, postgresql_where=_is_leased)


def unit_row(
    job: int,
    no: int,
    kind: UnitKind,
    *,
    owner: str,
    priority: int,
    turn: int,
    span: tuple[int, int] = (0, 0),
    payload: str = "{}",
) -> dict[str, object]:
    """Return the row of a unit that waits to be done."""
    return {
        "job": job,
        "no": no,
        "kind": kind,
        "state": UnitState.READY,
        "owner": owner,
        "priority": priority,
        "turn": turn,
        "first": span[0],
        "last": span[1],
        "payload": payload,
        "token": 0,
        "faults": 0,
        "losses": 0,
        "not_before": 0.0,
    }
