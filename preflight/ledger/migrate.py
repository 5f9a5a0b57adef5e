"""Bring a ledger's tables to the form this version needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from preflight.errors import LedgerUnavailable

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD = "0005"
"""The newest step in ``migrations/versions``; a test compares. Known here, so that alembic is loaded on need only."""

LOCK = 7_262_018_114
"""Number of the advisory lock under which two programs do not migrate one PostgreSQL database at once."""


def migrate(connection: Connection) -> None:
    """Make or upgrade the tables, inside the caller's transaction.

    Raises:
        LedgerUnavailable: The ledger is from a newer version than this one.
    """
    if connection.dialect.name != "postgresql":
        _migrate(connection)
        return
    from preflight.ledger.silence import unhurried

    with unhurried(connection):  # another program may be at it, and a large table takes its time
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        _migrate(connection)


def _migrate(connection: Connection) -> None:
    found = _revision(connection)
    if found == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise LedgerUnavailable(
            f"The record of jobs was written by a newer version (form {found}). Use that version, or another folder."
        )
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
