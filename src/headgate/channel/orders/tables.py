"""Orders and their lines as they stand now.

How they came to stand so is in the log, the decisions and the audit chain.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSON, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

orders = tenant_table(
    "orders",
    sa.Column("order_no", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("partner", sa.Text, nullable=False),
    sa.Column("account", sa.Text),
    sa.Column("storefront", sa.Text, nullable=False),
    sa.Column("customer_reference", sa.Text, nullable=False, server_default=""),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("placed_at", _TS, nullable=False),
    sa.Column("received_at", _TS, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("total", sa.Numeric, nullable=False),
    sa.Column("tax", sa.Numeric, nullable=False),
    sa.Column("tenant_total", sa.Numeric, nullable=False),
    sa.Column("rate", sa.Numeric, nullable=False),
    sa.Column("rate_on", sa.Date),
    sa.Column("counted", sa.Numeric, nullable=False),
    sa.Column("unbilled", sa.Numeric, nullable=False),
    sa.Column("exception_uses", JSON),
    sa.Column("stake", sa.Numeric, nullable=False),
    sa.Column("exceptions", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("digest", BYTEA, nullable=False),
    sa.Column("line_key", BYTEA, nullable=False),
    sa.Column("content", JSON, nullable=False),
    sa.Column("decision", UUID(as_uuid=True)),
    sa.Column("case_id", UUID(as_uuid=True)),
    sa.Column("requested_by", sa.Text, nullable=False, server_default=""),
    sa.Column("submitted_by", sa.Text, nullable=False, server_default=""),
    sa.Column("updated_at", _TS, nullable=False),
    sa.Index("orders_recent", "tenant_id", "placed_at", "order_no"),
    sa.Index("orders_by_partner", "tenant_id", "partner", "placed_at"),
    sa.Index("orders_by_line_key", "tenant_id", "line_key"),
    # To find orders by how number or reference begin, in any collation (quick.py).
    sa.Index("orders_number_begins", "tenant_id", "order_no", postgresql_ops={"order_no": "text_pattern_ops"}),
    sa.Index(
        "orders_reference_begins",
        "tenant_id",
        "customer_reference",
        postgresql_ops={"customer_reference": "text_pattern_ops"},
        postgresql_where=sa.text("customer_reference <> ''"),
    ),
    sa.Index(
        "orders_by_reference",
        "tenant_id",
        "partner",
        "customer_reference",
        postgresql_where=sa.text("customer_reference <> ''"),
    ),
    primary_key=("order_no",),
    partner_column="partner",
)

order_lines = tenant_table(
    "order_lines",
    sa.Column("order_no", sa.Text, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("partner", sa.Text, nullable=False),
    sa.Column("product", sa.Text, nullable=False),
    sa.Column("quantity", sa.Numeric, nullable=False),
    sa.Column("unit", sa.Text, nullable=False, server_default=""),
    sa.Column("unit_price", sa.Numeric, nullable=False),
    sa.Column("contract_price", sa.Numeric),
    sa.Column("amount", sa.Numeric, nullable=False),
    sa.Column("cost", sa.Numeric),
    sa.Column("margin", sa.Numeric),
    sa.Column("tax", sa.Numeric, nullable=False),
    sa.Column("agreement", sa.Text),
    sa.Column("shipped", sa.Numeric, nullable=False, server_default="0"),
    primary_key=("order_no", "line"),
    partner_column="partner",
    staff_columns=("cost", "margin"),
)
