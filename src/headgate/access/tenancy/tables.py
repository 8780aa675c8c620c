"""Tables of the life of tenants: deletions that two people agree to, what stays when a tenant is gone, exports."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

tenant_deletions = tenant_table(
    "tenant_deletions",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", _TS, nullable=False),
    sa.Column("confirmed_by", sa.Text),
    sa.Column("confirmed_at", _TS),
    sa.Column("not_before", _TS),
    sa.Column("withdrawn_by", sa.Text),
    sa.Column("withdrawn_at", _TS),
    primary_key=("id",),
    app="crud",
    steward=("select", "insert", "update"),
)

# What is left of a tenant that was deleted: that it was, when, by whom, and where its audit chain ended.
tenant_tombstones = tenant_table(
    "tenant_tombstones",
    sa.Column("slug", sa.Text, nullable=False),
    sa.Column("deleted_at", _TS, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("confirmed_by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("entries", sa.BigInteger, nullable=False),
    sa.Column("head", BYTEA),
    sa.Column("rows", JSONB, nullable=False),
    # Whose client it was: that tenant's audit chain gets the certificate.
    sa.Column("parent", UUID(as_uuid=True)),
    primary_key=(),
    app="read",
)

# People of a provider who may work in the tenant for a time: asked for by the one, granted by the other. `person` is
# their principal at the provider.
provider_guests = tenant_table(
    "provider_guests",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("provider", UUID(as_uuid=True), nullable=False),
    sa.Column("provider_slug", sa.Text, nullable=False),
    sa.Column("provider_name", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("person_name", sa.Text, nullable=False),
    sa.Column("roles", ARRAY(sa.Text), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", _TS, nullable=False),
    sa.Column("valid_until", _TS, nullable=False),
    sa.Column("decision", sa.Text, nullable=False, server_default=""),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", _TS),
    sa.Column("ended_by", sa.Text),
    sa.Column("ended_at", _TS),
    sa.CheckConstraint("decision in ('', 'granted', 'refused')", name="decision"),
    primary_key=("id",),
    app="crud",
    steward=("select", "insert", "update"),
)

# Exports of all that the tenant has, which its administrators ask for and a worker writes. A lease tells one that goes
# on from one whose process died. `digest` is of the manifest, `sha256` of the file, both in hex.
tenant_exports = tenant_table(
    "tenant_exports",
    sa.Column("export", UUID(as_uuid=True), nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", _TS, nullable=False),
    sa.Column("started_at", _TS),
    sa.Column("finished_at", _TS),
    sa.Column("owner", sa.Text),
    sa.Column("lease_until", _TS),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("tables", sa.Integer, nullable=False, server_default="0"),
    sa.Column("tables_done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("rows", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("entries", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("size", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("pieces", sa.Integer, nullable=False, server_default="0"),
    sa.Column("digest", sa.Text, nullable=False, server_default=""),
    sa.Column("sha256", sa.Text, nullable=False, server_default=""),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    sa.Column("expires_at", _TS),
    sa.Column("ended_by", sa.Text),
    sa.Column("ended_at", _TS),
    sa.CheckConstraint("status in ('queued', 'running', 'ready', 'failed', 'cancelled', 'removed')", name="status"),
    sa.CheckConstraint("status <> 'ready' or expires_at is not null", name="expiry"),
    sa.Index("tenant_exports_asked", "tenant_id", "asked_at"),
    # One at a time, whoever asks.
    sa.Index(
        "tenant_exports_under_way",
        "tenant_id",
        unique=True,
        postgresql_where=sa.text("status in ('queued', 'running')"),
    ),
    sa.Index("tenant_exports_ready", "tenant_id", "expires_at", postgresql_where=sa.text("status = 'ready'")),
    primary_key=("export",),
    app="crud",
)

# Their bytes, a mebibyte a row: isolated and deleted with everything else that is the tenant's.
tenant_export_pieces = tenant_table(
    "tenant_export_pieces",
    sa.Column("export", UUID(as_uuid=True), nullable=False),
    sa.Column("place", sa.Integer, nullable=False, autoincrement=False),
    sa.Column("data", BYTEA, nullable=False),
    sa.ForeignKeyConstraint(["tenant_id", "export"], ["tenant_exports.tenant_id", "tenant_exports.export"]),
    primary_key=("export", "place"),
    app="crud",
)
