"""Recorded returns, and the returns that partners ask for."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON, TIMESTAMP, UUID

from headgate.channel.evidence.keeping import files_table
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

# Returns that partners ask for (RMA), as they stand now.
return_requests = tenant_table(
    "return_requests",
    sa.Column("rma", sa.Text, nullable=False),
    sa.Column("partner", sa.Text, nullable=False),
    sa.Column("order_no", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("wanted", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("stake", sa.Numeric, nullable=False),
    sa.Column("credit", sa.Numeric, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("submitted_by", sa.Text, nullable=False),
    sa.Column("requested_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("send_by", TIMESTAMP(timezone=True)),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("tracking", sa.Text, nullable=False),
    sa.Column("told", JSON, nullable=False),
    sa.Column("content", JSON, nullable=False),
    sa.Column("case_id", UUID(as_uuid=True), nullable=False),
    sa.Column("updated_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Index("return_requests_recent", "tenant_id", "updated_at", "rma"),
    sa.Index("return_requests_by_partner", "tenant_id", "partner", "updated_at"),
    sa.Index("return_requests_by_order", "tenant_id", "order_no"),
    primary_key=("rma",),
    partner_column="partner",
)

# What each return has taken of its order's lines: how much can still come back is found here.
return_lines = tenant_table(
    "return_lines",
    sa.Column("rma", sa.Text, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("partner", sa.Text, nullable=False),
    sa.Column("order_no", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("quantity", sa.Numeric, nullable=False),
    sa.Column("counts", sa.Numeric, nullable=False),
    sa.Column("credited", sa.Numeric, nullable=False),
    sa.Index("return_lines_by_order", "tenant_id", "order_no"),
    primary_key=("rma", "line"),
    partner_column="partner",
)

# What happened to a return, as its partner may know it.
return_milestones = tenant_table(
    "return_milestones",
    sa.Column("rma", sa.Text, nullable=False),
    sa.Column("place", sa.BigInteger, sa.Identity(), nullable=False),
    sa.Column("partner", sa.Text, nullable=False),
    sa.Column("at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("told", JSON, nullable=False),
    sa.Index("return_milestones_recent", "tenant_id", "partner", "at"),
    primary_key=("rma", "place"),
    partner_column="partner",
)

# Pictures and papers of a return.
return_files = files_table("return_files", "rma", "return_files_by_rma")
