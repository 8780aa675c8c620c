"""The tables that files are kept in: one beside each kind of thing that partners send files with.

For declarations of tables alone: SQLAlchemy comes with it, which a process that only works does without.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP, UUID

from headgate.store import tenant_table


def files_table(name: str, number: str, index: str | None = None) -> sa.Table:
    """A table of files of things whose number stands in the column `number`, isolated by partner.

    A file may be there before its thing is: the form keeps it while it is being filled in.
    """
    return tenant_table(
        name,
        sa.Column("file", UUID(as_uuid=True), nullable=False),
        sa.Column(number, sa.Text, nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("uploaded_by", sa.Text, nullable=False),
        sa.Column("uploaded_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Index(index, "tenant_id", number),
        primary_key=("file",),
        partner_column="partner",
    )
