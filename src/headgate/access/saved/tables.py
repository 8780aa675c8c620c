"""Saved views of lists: whose they are, of which list, and whether colleagues see them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP, UUID

from headgate.store import tenant_table

# `query` is what stands behind the question mark of the list's address. `partner` is the owner's company, null for the
# tenant's own people: in a portal there are the views of one company, whoever shares them.
saved_views = tenant_table(
    "saved_views",
    sa.Column("view", UUID(as_uuid=True), nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("partner", sa.Text),
    sa.Column("list", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("is_default", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("changed_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Index("saved_views_shared", "tenant_id", "list", postgresql_where=sa.text("shared")),
    sa.UniqueConstraint("tenant_id", "owner", "list", "name"),
    primary_key=("view",),
    app="crud",
    partner_column="partner",
)

# The colleague's shared view with which somebody's list opens; of one's own view that stands with the view itself.
saved_view_choices = tenant_table(
    "saved_view_choices",
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("list", sa.Text, nullable=False),
    sa.Column("view", UUID(as_uuid=True), nullable=False),
    sa.ForeignKeyConstraint(["tenant_id", "view"], ["saved_views.tenant_id", "saved_views.view"], ondelete="CASCADE"),
    sa.Index("saved_view_choices_by_view", "tenant_id", "view"),
    primary_key=("principal", "list"),
    app="crud",
    actor_column="principal",
)
