"""Tables of support: consents of the tenant, and looks taken under them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

support_consents = tenant_table(
    "support_consents",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("valid_until", _TS, nullable=False),
    sa.Column("granted_by", sa.Text, nullable=False),
    sa.Column("granted_at", _TS, nullable=False),
    sa.Column("withdrawn_at", _TS),
    primary_key=("id",),
    app="crud",
)

# `link_hash` is of a link that works once, for some minutes; `token_hash` of the session that it became.
support_looks = tenant_table(
    "support_looks",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("consent", UUID(as_uuid=True), nullable=False),
    sa.Column("supporter", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("link_hash", BYTEA, nullable=False),
    sa.Column("link_until", _TS, nullable=False),
    sa.Column("token_hash", BYTEA),
    sa.Column("begun_at", _TS),
    sa.Column("ends_at", _TS),
    sa.UniqueConstraint("tenant_id", "link_hash"),
    sa.UniqueConstraint("tenant_id", "token_hash"),
    primary_key=("id",),
    app="crud",
)
