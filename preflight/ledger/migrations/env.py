"""Run by alembic: brings a database to the newest form over the connection :mod:`preflight.ledger.migrate` gives."""

from __future__ import annotations

from alembic import context

from preflight.ledger.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
