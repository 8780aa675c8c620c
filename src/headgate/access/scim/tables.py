"""Tables of provisioning. `document` is the resource as the identity provider wrote it, without passwords."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

scim_users = tenant_table(
    "scim_users",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    # In lower case: a user name is not case-exact (RFC 7643 4.1.1).
    sa.Column("user_name", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text),
    sa.Column("document", JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("changed_at", _TS, nullable=False),
    sa.UniqueConstraint("tenant_id", "principal"),
    sa.UniqueConstraint("tenant_id", "user_name"),
    sa.Index("scim_users_by_external_id", "tenant_id", "external_id"),
    primary_key=("id",),
    app="crud",
)

scim_groups = tenant_table(
    "scim_groups",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text),
    sa.Column("document", JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("changed_at", _TS, nullable=False),
    sa.UniqueConstraint("tenant_id", "display_name"),
    primary_key=("id",),
    app="crud",
)

scim_members = tenant_table(
    "scim_members",
    sa.Column("group_id", UUID(as_uuid=True), nullable=False),
    sa.Column("user_id", UUID(as_uuid=True), nullable=False),
    # What the provider calls the member, where it says so.
    sa.Column("display", sa.Text),
    sa.Index("scim_members_by_user", "tenant_id", "user_id"),
    primary_key=("group_id", "user_id"),
    app="crud",
)
