"""What the service needs: documents, messages to be told, how far a job is, and what it is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_ZERO = sa.text("0")


def upgrade() -> None:
    """Make the tables and columns."""
    op.add_column("jobs", sa.Column("subject", sa.String(64)))
    op.add_column("jobs", sa.Column("revision", sa.BigInteger(), nullable=False, server_default=_ZERO))
    op.add_column("jobs", sa.Column("phase", sa.String(20)))
    op.add_column("jobs", sa.Column("reached", sa.Integer(), nullable=False, server_default=_ZERO))
    op.add_column("jobs", sa.Column("goal", sa.Integer()))
    op.add_column("units", sa.Column("reached", sa.Integer(), nullable=False, server_default=_ZERO))
    op.create_index("ix_jobs_subject", "jobs", ["subject"])
    op.create_table(
        "documents",
        sa.Column("seq", _KEY, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("key", sa.String(200)),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.UniqueConstraint("id", name="uq_documents_id"),
        sa.UniqueConstraint("owner", "key", name="uq_documents_owner_key"),
    )
    op.create_index("ix_documents_expires_at", "documents", ["expires_at"])
    op.create_table(
        "messages",
        sa.Column("job", sa.String(64), primary_key=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Double(), nullable=False),
    )


def downgrade() -> None:
    """Remove them."""
    for name in ("messages", "documents"):
        op.drop_table(name)
    op.drop_index("ix_jobs_subject", "jobs")
    with op.batch_alter_table("units") as units:
        units.drop_column("reached")
    with op.batch_alter_table("jobs") as jobs:
        for name in ("subject", "revision", "phase", "reached", "goal"):
            jobs.drop_column(name)
