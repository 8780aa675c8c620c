"""Tables of roles that a tenant made itself, its matrix of duties, and what was allowed in spite of it."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

# A role waits as `proposed` while it holds more than its maker does, until somebody who holds the rest confirms it.
custom_roles = tenant_table(
    "custom_roles",
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("permissions", ARRAY(sa.Text), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("wanted", ARRAY(sa.Text), nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", _TS, nullable=False),
    sa.Column("confirmed_by", sa.Text),
    sa.CheckConstraint("status in ('proposed', 'active', 'retired')", name="status"),
    primary_key=("role",),
    app="crud",
)

# `rules`: [{first, second, reason}], pairs of permissions. Version 0 is the shipped one and is not stored.
duty_matrices = tenant_table(
    "duty_matrices",
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("rules", JSONB, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("proposed_by", sa.Text, nullable=False),
    sa.Column("proposed_at", _TS, nullable=False),
    sa.Column("approved_by", sa.Text),
    sa.Column("approved_at", _TS),
    sa.CheckConstraint("status in ('proposed', 'active', 'superseded', 'rejected')", name="status"),
    primary_key=("version",),
    app="crud",
)

# A clash that one person may hold all the same, because something else keeps watch. Half-open in time.
duty_mitigations = tenant_table(
    "duty_mitigations",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("first", sa.Text, nullable=False),
    sa.Column("second", sa.Text, nullable=False),
    sa.Column("control", sa.Text, nullable=False),
    sa.Column("valid_from", _TS, nullable=False),
    sa.Column("valid_until", _TS, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", _TS, nullable=False),
    sa.Column("approved_by", sa.Text),
    sa.Column("approved_at", _TS),
    sa.Column("ended_at", _TS),
    sa.Column("ended_by", sa.Text),
    sa.Index("duty_mitigations_by_principal", "tenant_id", "principal"),
    primary_key=("id",),
    app="crud",
    actor_column="principal",
)
