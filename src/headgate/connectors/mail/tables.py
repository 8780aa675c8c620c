"""Which mails went to those who have to decide, and which of their links were followed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

# `turn` counts the mails to somebody about a level of a request, from 0. Only the SHA-256 of a link's secret is kept;
# a mail about many requests at once has no link of its own for each.
approval_mails = tenant_table(
    "approval_mails",
    sa.Column("approval", UUID(as_uuid=True), nullable=False),
    sa.Column("level", sa.SmallInteger, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("turn", sa.SmallInteger, nullable=False),
    sa.Column("token_hash", BYTEA),
    sa.Column("sent_at", _TS, nullable=False),
    sa.Column("expires_at", _TS, nullable=False),
    sa.Column("followed_at", _TS),
    sa.Index("approval_mails_by_token", "tenant_id", "token_hash"),
    sa.Index("approval_mails_by_age", "tenant_id", "sent_at"),
    primary_key=("approval", "level", "principal", "turn"),
    app="crud",
)
