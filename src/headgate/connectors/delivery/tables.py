"""Where messages go to: targets of commands, subscribers of events, how they fare, and each attempt."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

# `code` is what commands name; a subscriber's is `subscription:<code>`. `secrets` is a list of {sealed, until}, newest
# first: a former one signs beside it until its time is up. `rate` is messages a second, null: as fast as it goes.
targets = tenant_table(
    "targets",
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("config", JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
    sa.Column("types", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'::text[]")),
    sa.Column("secrets", JSONB, nullable=False),
    sa.Column("authorization", sa.Text, nullable=False, server_default=""),
    sa.Column("rate", sa.Numeric),
    sa.Column("burst", sa.Integer, nullable=False),
    sa.Column("concurrency", sa.Integer, nullable=False),
    sa.Column("timeout_seconds", sa.Integer, nullable=False),
    sa.Column("max_attempts", sa.SmallInteger, nullable=False),
    sa.Column("ordered", sa.Boolean, nullable=False, server_default=sa.text("false")),
    sa.Column("status", sa.Text, nullable=False, server_default="active"),
    sa.Column("status_reason", sa.Text, nullable=False, server_default=""),
    sa.Column("status_at", _TS, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.CheckConstraint("purpose in ('commands', 'events')", name="purpose"),
    sa.CheckConstraint("status in ('active', 'paused', 'disabled')", name="status"),
    primary_key=("code",),
    app="crud",
)

# Beside the targets, because it changes with every message. Whoever holds a row's lock claims for that target.
target_states = tenant_table(
    "target_states",
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("tokens", sa.Double, nullable=False),
    sa.Column("tokens_at", _TS, nullable=False),
    sa.Column("breaker", sa.Text, nullable=False, server_default="closed"),
    sa.Column("breaker_failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("breaker_openings", sa.Integer, nullable=False, server_default="0"),
    sa.Column("breaker_until", _TS),
    sa.Column("breaker_reason", sa.Text, nullable=False, server_default=""),
    sa.Column("breaker_at", _TS),
    sa.Column("not_before", _TS),
    sa.Column("last_attempt_at", _TS),
    sa.Column("last_success_at", _TS),
    sa.Column("last_error", sa.Text, nullable=False, server_default=""),
    sa.Column("last_error_at", _TS),
    sa.CheckConstraint("breaker in ('closed', 'open', 'half_open')", name="breaker"),
    primary_key=("code",),
    app="crud",
)

# Kept for some weeks, then forgotten.
delivery_attempts = tenant_table(
    "delivery_attempts",
    sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
    sa.Column("command", UUID(as_uuid=True), nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("number", sa.SmallInteger, nullable=False),
    sa.Column("at", _TS, nullable=False),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("status", sa.SmallInteger),
    sa.Column("error", sa.Text, nullable=False, server_default=""),
    sa.Column("excerpt", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint("outcome in ('delivered', 'retry', 'refused')", name="outcome"),
    sa.Index("delivery_attempts_by_command", "tenant_id", "command", "id"),
    sa.Index("delivery_attempts_by_target", "tenant_id", "target", "id"),
    sa.Index("delivery_attempts_by_age", "tenant_id", "at"),
    primary_key=("id",),
    app="crud",
)

__all__ = ["delivery_attempts", "target_states", "targets"]
