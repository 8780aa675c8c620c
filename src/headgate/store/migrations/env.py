"""Alembic's entry. `headgate.store.migrate` passes the open connection and the metadata; there is no offline mode."""

from __future__ import annotations

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["metadata"],
    compare_type=True,
    compare_server_default=False,
    transactional_ddl=True,
)
context.run_migrations()
