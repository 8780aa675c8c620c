"""Tables of inheritance: what a tenant offers to those below it, and what it has from those above."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

# A publication: the text of a version as it was then. One of a kind and name is open at a time; a newer one ends it.
offers = tenant_table(
    "offers",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("digest", BYTEA, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    # Whether those below must follow it, or may put a version of their own in its place.
    sa.Column("locked", sa.Boolean, nullable=False),
    sa.Column("effective_at", _TS, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("approver", sa.Text, nullable=False),
    sa.Column("published_by", sa.Text, nullable=False),
    sa.Column("published_at", _TS, nullable=False),
    sa.Column("ended_by", sa.Text),
    sa.Column("ended_at", _TS),
    sa.CheckConstraint("kind in ('policy', 'role', 'pack')", name="kind"),
    sa.Index("offers_open", "tenant_id", "kind", "name", unique=True, postgresql_where=sa.text("ended_at is null")),
    primary_key=("id",),
    app="crud",
)

# What the tenant has, or could have, from the nearest tenant above that offers it. `taken` is the offer that is in
# `local_version`; `problem` says why the newest one could not be taken.
inheritances = tenant_table(
    "inheritances",
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("provider", UUID(as_uuid=True), nullable=False),
    sa.Column("provider_slug", sa.Text, nullable=False),
    sa.Column("provider_name", sa.Text, nullable=False),
    sa.Column("offer", UUID(as_uuid=True), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("digest", BYTEA, nullable=False),
    sa.Column("locked", sa.Boolean, nullable=False),
    sa.Column("effective_at", _TS, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("taken", UUID(as_uuid=True)),
    sa.Column("taken_version", sa.Integer),
    sa.Column("local_version", sa.Integer),
    sa.Column("problem", sa.Text, nullable=False, server_default=""),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", _TS, nullable=False),
    sa.CheckConstraint("state in ('following', 'overridden', 'released')", name="state"),
    primary_key=("kind", "name"),
    app="crud",
)
