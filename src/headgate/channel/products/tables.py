"""The table of products."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, DateTime, Index, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY

from headgate.store import tenant_table

products = tenant_table(
    "products",
    Column("product", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("family", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("tax_class", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("cost", Numeric),
    Column("cost_currency", Text, nullable=False),
    Column("list_price", Numeric),
    Column("list_currency", Text, nullable=False),
    Column("min_quantity", Numeric, nullable=False),
    Column("multiple", Numeric, nullable=False),
    Column("status", Text, nullable=False),
    Column("export_controlled", Boolean, nullable=False),
    Column("substitutes", ARRAY(Text), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("status in ('active', 'discontinued')", name="status"),
    CheckConstraint("cost is null or cost_currency <> ''", name="cost_currency"),
    CheckConstraint("list_price is null or list_currency <> ''", name="list_currency"),
    primary_key=("product",),
    portal="read",
    staff_columns=("cost", "cost_currency"),
)
Index(None, products.c.tenant_id, products.c.family)
