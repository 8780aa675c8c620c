"""Tables of calendars. Both only grow: what held when can always be told."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, Index, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB

from headgate.store import tenant_table

calendar_versions = tenant_table(
    "calendar_versions",
    Column("calendar", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    primary_key=("calendar", "version"),
    app="append",
)

calendar_uses = tenant_table(
    "calendar_uses",
    Column("change", Integer, nullable=False),
    Column("scope", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("calendar", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("scope in ('tenant', 'region', 'partner')", name="scope"),
    primary_key=("change",),
    app="append",
)
Index(None, calendar_uses.c.tenant_id, calendar_uses.c.scope, calendar_uses.c.ref)
