"""Requested price exceptions as they stand. What is granted becomes an agreement of its own."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON, TIMESTAMP, UUID

from headgate.channel.evidence.keeping import files_table
from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

price_exceptions = tenant_table(
    "price_exceptions",
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("partner", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("unit_price", sa.Numeric, nullable=False),
    sa.Column("contract_price", sa.Numeric),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("max_quantity", sa.Numeric),
    sa.Column("valid_from", _TS, nullable=False),
    sa.Column("valid_until", _TS, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("stake", sa.Numeric, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("submitted_by", sa.Text, nullable=False),
    sa.Column("order_no", sa.Text, nullable=False, server_default=""),
    sa.Column("agreement", sa.Text),
    sa.Column("content", JSON, nullable=False),
    sa.Column("case_id", UUID(as_uuid=True), nullable=False),
    sa.Column("updated_at", _TS, nullable=False),
    sa.Index("price_exceptions_recent", "tenant_id", "updated_at", "request"),
    sa.Index("price_exceptions_by_partner", "tenant_id", "partner", "updated_at"),
    primary_key=("request",),
    partner_column="partner",
)

# Evidence of price exceptions. What the approval binds is named in its content, with the SHA-256 of the bytes.
price_exception_files = files_table("price_exception_files", "request")
