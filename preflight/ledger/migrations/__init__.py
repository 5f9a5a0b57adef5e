"""Migrations of the ledger, for alembic."""
