"""Recorded returns."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON, TIMESTAMP

from headgate.store import tenant_table

returns = tenant_table(
    "returns",
    sa.Column("return_no", sa.Text, nullable=False),
    sa.Column("partner", sa.Text, nullable=False),
    sa.Column("order_no", sa.Text, nullable=False, server_default=""),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("total", sa.Numeric, nullable=False),
    sa.Column("content", JSON, nullable=False),
    sa.Column("recorded_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Index("returns_by_partner", "tenant_id", "partner", "recorded_at"),
    primary_key=("return_no",),
    partner_column="partner",
)
