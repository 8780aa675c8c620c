"""The table of partners."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY

from headgate.store import tenant_table

partners = tenant_table(
    "partners",
    Column("partner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("legal_name", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("groups", ARRAY(Text), nullable=False),
    Column("channel", Text, nullable=False),
    Column("terms", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("tax_id", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("status in ('active', 'blocked')", name="status"),
    primary_key=("partner",),
    partner_column="partner",
)
Index(None, partners.c.tenant_id, partners.c.account)
Index(None, partners.c.tenant_id, partners.c.name, partners.c.partner)
