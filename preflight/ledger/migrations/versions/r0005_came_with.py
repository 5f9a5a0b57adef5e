"""Which API key a document came with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the column; of documents that are there already nobody knows."""
    op.add_column("documents", sa.Column("asked_with", sa.String(200)))


def downgrade() -> None:
    """Remove the column."""
    op.drop_column("documents", "asked_with")
