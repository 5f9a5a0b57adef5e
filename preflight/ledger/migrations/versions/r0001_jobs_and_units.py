"""Owners, jobs and units of work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "owners",
        sa.Column("owner", sa.String(200), primary_key=True),
        sa.Column("turn", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_owners_turn", "owners", ["turn"])
    _create_jobs()
    _create_units()


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("seq", _KEY, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("units_total", sa.Integer(), nullable=False),
        sa.Column("units_done", sa.Integer(), nullable=False),
        sa.Column("units_dead", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text()),
        sa.Column("problem", sa.Text()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double()),
        sa.UniqueConstraint("id", name="uq_jobs_id"),
        sa.UniqueConstraint("owner", "key", name="uq_jobs_owner_key"),
    )
    op.create_index("ix_jobs_owner_state", "jobs", ["owner", "state"])


def _create_units() -> None:
    op.create_table(
        "units",
        sa.Column("job", _KEY, sa.ForeignKey("jobs.seq", ondelete="CASCADE"), primary_key=True),
        sa.Column("no", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Double(), nullable=False),
        sa.Column("runner", sa.String(200)),
        sa.Column("lease_until", sa.Double()),
        sa.Column("receipt", sa.Text()),
    )
    ready, leased = sa.text("state = 'ready'"), sa.text("state = 'leased'")
    order: list[str | sa.TextClause] = [sa.text("priority DESC"), "turn", "job", "no"]
    op.create_index("ix_units_ready", "units", order, sqlite_where=ready, postgresql_where=ready)
    op.create_index("ix_units_leased", "units", ["lease_until"], sqlite_where=leased, postgresql_where=leased)


def downgrade() -> None:
    """Remove the tables."""
    for name in ("units", "jobs", "owners"):
        op.drop_table(name)
