"""Which API key a document came with, and a job was asked for with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the columns; of what is there already nobody knows."""
    for table in ("documents", "jobs"):
        op.add_column(table, sa.Column("asked_with", sa.String(200)))


def downgrade() -> None:
    """Remove the columns."""
    for table in ("documents", "jobs"):
        op.drop_column(table, "asked_with")
