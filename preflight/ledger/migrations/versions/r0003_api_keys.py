"""API keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("tenant", sa.String(200), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scopes", sa.String(100), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double()),
        sa.Column("revoked_at", sa.Double()),
        sa.Column("last_used_at", sa.Double()),
        sa.Column("requests_per_minute", sa.Integer()),
        sa.Column("bytes_per_day", sa.BigInteger()),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("day_bytes", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    """Remove the table."""
    op.drop_table("api_keys")
