"""The connectors' tables."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

# One row per file, mapping and source. `groups_done` counts the groups of rows whose events are committed: a run that
# was killed goes on behind them. `mapping_text` is kept so that a refused row can be mapped again when it is mended.
imports = tenant_table(
    "imports",
    sa.Column("import_id", UUID(as_uuid=True), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("file_digest", sa.Text, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
    sa.Column("mapping_digest", sa.Text, nullable=False),
    sa.Column("mapping_text", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("rows_done", sa.BigInteger, nullable=False),
    sa.Column("groups_done", sa.BigInteger, nullable=False),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("counts", JSONB, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("started_at", _TS, nullable=False),
    sa.Column("updated_at", _TS, nullable=False),
    sa.Column("finished_at", _TS),
    sa.CheckConstraint("status in ('running', 'done')", name="status"),
    sa.Index("imports_by_file", "tenant_id", "source", "file_digest", "started_at"),
    primary_key=("import_id",),
    app="crud",
)
