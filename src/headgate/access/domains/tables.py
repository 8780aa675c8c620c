"""The domains that tenants say are theirs, each with its proof."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

# `token` stands in the record that proves it. `found` and `seen` are what the last check came to; `next_at` is when a
# worker looks again, which it moves ahead while it looks, so that no other does. `seen_at`: the record was there then.
tenant_domains = tenant_table(
    "tenant_domains",
    sa.Column("domain", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("proof", sa.Text, nullable=False, server_default=""),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("found", sa.Text, nullable=False, server_default=""),
    sa.Column("seen", sa.Text, nullable=False, server_default=""),
    sa.Column("spf", sa.Text, nullable=False, server_default=""),
    sa.Column("claimed_by", sa.Text, nullable=False),
    sa.Column("claimed_at", _TS, nullable=False),
    sa.Column("proven_at", _TS),
    sa.Column("seen_at", _TS),
    sa.Column("checked_at", _TS),
    sa.Column("asked_at", _TS),
    sa.Column("missing_since", _TS),
    sa.Column("next_at", _TS),
    sa.CheckConstraint("status in ('claimed', 'proven', 'missing', 'lost')", name="status"),
    sa.CheckConstraint("proof in ('', 'dns', 'operator', 'migration')", name="proof"),
    sa.Index("tenant_domains_due", "tenant_id", "next_at", postgresql_where=sa.text("next_at is not null")),
    primary_key=("domain",),
    app="crud",
    # A letter that is posted for a partner comes from the tenant's address, if its domain is proven.
    portal="read",
    staff_columns=("token", "reason", "seen", "claimed_by"),
)
