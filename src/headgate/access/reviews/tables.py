"""Tables of access reviews: what was asked, of whom, and what was decided about every grant."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

# `digest` is that of the content that was signed (see core.content); `role` only with the scope `role`.
access_reviews = tenant_table(
    "access_reviews",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False, server_default=""),
    sa.Column("reviewers", ARRAY(sa.Text), nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="open"),
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("opened_at", _TS, nullable=False),
    sa.Column("due_at", _TS, nullable=False),
    # The version of the matrix of duties that conflicts were looked for with.
    sa.Column("matrix", sa.Integer, nullable=False),
    sa.Column("closed_by", sa.Text),
    sa.Column("closed_at", _TS),
    sa.Column("statement", sa.Text, nullable=False, server_default=""),
    sa.Column("digest", BYTEA),
    sa.CheckConstraint("scope in ('all', 'staff', 'partners', 'role')", name="scope"),
    sa.CheckConstraint("status in ('open', 'signed', 'cancelled')", name="status"),
    sa.Index("access_reviews_by_time", "tenant_id", "opened_at"),
    primary_key=("id",),
    app="crud",
)

# A grant as it stood when the review was opened, and what was decided about it. `conflicts`: [{first, second, reason,
# beside, control, until}] at that moment. `outcome` of a revocation: `removed`, or `gone` where somebody was quicker.
access_review_items = tenant_table(
    "access_review_items",
    sa.Column("review", UUID(as_uuid=True), nullable=False),
    sa.Column("item", sa.Integer, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("partner", sa.Text),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("granted_by", sa.Text, nullable=False),
    sa.Column("granted_at", _TS, nullable=False),
    sa.Column("valid_from", _TS),
    sa.Column("valid_until", _TS),
    sa.Column("last_used", _TS),
    sa.Column("conflicts", JSONB, nullable=False),
    sa.Column("decision", sa.Text, nullable=False, server_default=""),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("outcome", sa.Text, nullable=False, server_default=""),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", _TS),
    sa.CheckConstraint("decision in ('', 'keep', 'revoke')", name="decision"),
    sa.CheckConstraint("outcome in ('', 'removed', 'gone')", name="outcome"),
    primary_key=("review", "item"),
    app="crud",
)
