"""Whether those who wanted to be told of a job's end were."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the column."""
    op.add_column("jobs", sa.Column("hook", sa.String(10)))
    op.execute("UPDATE jobs SET hook = 'waiting' WHERE id IN (SELECT job FROM messages)")


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("jobs", "hook")
