"""The brands a tenant has had, each as it was: what is in force stands in the tenant's settings as well."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB, TIMESTAMP

from headgate.store import tenant_table

brand_versions = tenant_table(
    "brand_versions",
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("brand", JSONB, nullable=False),
    sa.Column("logo", BYTEA),
    sa.Column("logo_type", sa.Text, nullable=False, server_default=""),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", TIMESTAMP(timezone=True), nullable=False),
    primary_key=("version",),
    app="append",
)
