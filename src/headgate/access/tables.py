"""Access tables: tenants, principals, roles, delegations, sessions, API keys, webhook sources."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, TIMESTAMP, UUID

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

tenants = tenant_table(
    "tenants",
    # A slug names a tenant before anyone is signed in, so it is unique across tenants (the one such key).
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("timezone", sa.Text, nullable=False),
    sa.Column("settings", JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
    sa.Column("created_at", _TS, nullable=False),
    # Where its partners' portal is found; like a slug it names the tenant before anyone is signed in.
    sa.Column("portal_host", sa.Text),
    # Who administers the tenant from above, and what it is itself: an operator of this installation, a provider with
    # clients below it, or an organisation of its own.
    sa.Column("parent", UUID(as_uuid=True)),
    sa.Column("kind", sa.Text, nullable=False, server_default="client"),
    sa.Column("status", sa.Text, nullable=False, server_default="active"),
    sa.Column("status_reason", sa.Text, nullable=False, server_default=""),
    sa.Column("status_at", _TS),
    # Where its data may be stored and worked on; empty is anywhere.
    sa.Column("residency", sa.Text, nullable=False, server_default=""),
    # What it may use of the installation: {"people": 50}. Left out is no limit.
    sa.Column("quotas", JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
    sa.Index("tenants_by_portal_host", "portal_host", unique=True),
    sa.CheckConstraint("kind in ('operator', 'provider', 'client')", name="kind"),
    sa.CheckConstraint("status in ('active', 'suspended', 'deleting')", name="status"),
    primary_key=(),
    app="crud",
    portal="read",
    steward=("select", "update"),
)

principals = tenant_table(
    "principals",
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("password_hash", sa.Text),
    sa.Column("partner", sa.Text),
    sa.Column("status", sa.Text, nullable=False, server_default="active"),
    # Wrong passwords since the last right one or the last lock.
    sa.Column("failed_logins", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("locked_until", _TS),
    # How often it was locked since the last sign-in that succeeded: each lock lasts longer.
    sa.Column("locks", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("created_at", _TS, nullable=False),
    sa.UniqueConstraint("tenant_id", "email"),
    sa.CheckConstraint("kind in ('person', 'service', 'agent', 'system')", name="kind"),
    sa.CheckConstraint("status in ('active', 'suspended')", name="status"),
    primary_key=("principal",),
    app="crud",
    partner_column="partner",
)

# Half-open in time: valid_from <= now < valid_until; null means open-ended.
role_grants = tenant_table(
    "role_grants",
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("valid_from", _TS),
    sa.Column("valid_until", _TS),
    sa.Column("granted_by", sa.Text, nullable=False),
    sa.Column("granted_at", _TS, nullable=False),
    primary_key=("principal", "role"),
    app="crud",
    actor_column="principal",
)

# `max_amount` is in the tenant's currency; null is no limit beyond the roles' own.
delegations = tenant_table(
    "delegations",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("delegator", sa.Text, nullable=False),
    sa.Column("delegate", sa.Text, nullable=False),
    sa.Column("roles", ARRAY(sa.Text), nullable=False),
    sa.Column("valid_from", _TS, nullable=False),
    sa.Column("valid_until", _TS, nullable=False),
    sa.Column("max_amount", sa.Numeric),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("revoked_at", _TS),
    sa.Column("onward", sa.Boolean, nullable=False, server_default=sa.text("false")),
    sa.Index("delegations_by_delegate", "tenant_id", "delegate", "valid_until"),
    primary_key=("id",),
    app="crud",
)

# Only the SHA-256 of a session token is kept: reading the table does not let anyone in. `proofs` are what its owner has
# shown, `proved_at` when they last did; `limited_to` is the only thing it is good for, empty: everything.
sessions = tenant_table(
    "sessions",
    sa.Column("token_hash", BYTEA, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("expires_at", _TS, nullable=False),
    sa.Column("last_seen", _TS, nullable=False),
    sa.Column("user_agent", sa.Text, nullable=False, server_default=""),
    sa.Column("proved_at", _TS),
    sa.Column("proofs", ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'::text[]")),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.Column("limited_to", sa.Text, nullable=False, server_default=""),
    # The browser that it was started in, where that is known.
    sa.Column("device", UUID(as_uuid=True)),
    sa.Index("sessions_by_principal", "tenant_id", "principal"),
    primary_key=("token_hash",),
    app="crud",
    actor_column="principal",
)

# A form that was sent when a fresh proof was asked for: kept for minutes, sealed, for the very session that sent it,
# which it follows when that gets another token, and with which it ends.
session_forms = tenant_table(
    "session_forms",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("session", BYTEA, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("expires_at", _TS, nullable=False),
    sa.ForeignKeyConstraint(
        ["tenant_id", "session"],
        ["sessions.tenant_id", "sessions.token_hash"],
        onupdate="CASCADE",
        ondelete="CASCADE",
    ),
    sa.Index("session_forms_by_session", "tenant_id", "session"),
    primary_key=("id",),
    app="crud",
    actor_column="principal",
)

# Browsers that somebody signed in with before. Wrong passwords from one count for it and not for the account. Only the
# SHA-256 of what its cookie holds is kept.
known_devices = tenant_table(
    "known_devices",
    sa.Column("id", UUID(as_uuid=True), nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("secret_hash", BYTEA, nullable=False),
    sa.Column("user_agent", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("last_used", _TS, nullable=False),
    sa.Column("expires_at", _TS, nullable=False),
    sa.Column("failed_logins", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("locks", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("locked_until", _TS),
    sa.Index("known_devices_by_principal", "tenant_id", "principal"),
    primary_key=("id",),
    app="crud",
    actor_column="principal",
)

api_keys = tenant_table(
    "api_keys",
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("secret_hash", BYTEA, nullable=False),
    sa.Column("scopes", ARRAY(sa.Text), nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="active"),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("expires_at", _TS),
    sa.Column("last_used", _TS),
    # A key is kept until it is revoked; a token was given to an OAuth 2 client for some minutes, for one audience.
    sa.Column("kind", sa.Text, nullable=False, server_default="key"),
    sa.Column("audience", sa.Text),
    sa.Column("client", sa.Text),
    sa.Column("replaces", sa.Text),
    sa.CheckConstraint("status in ('active', 'revoked')", name="status"),
    primary_key=("key_id",),
    app="crud",
    actor_column="principal",
)

# `secrets` are sealed (see access/seal.py), newest first; more than one while a secret is being rotated.
# `rate` is in events per second; null is the installation's.
sources = tenant_table(
    "sources",
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("secrets", ARRAY(sa.Text), nullable=False),
    sa.Column("types", ARRAY(sa.Text), nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="active"),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("rate", sa.Integer),
    sa.CheckConstraint("status in ('active', 'disabled')", name="status"),
    primary_key=("source",),
    app="crud",
)

# What a write answered, so that its repeat is answered the same. `receipt` is noted between the steps of a write in
# two.
idempotency_keys = tenant_table(
    "idempotency_keys",
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("request_digest", BYTEA, nullable=False),
    sa.Column("receipt", JSONB),
    sa.Column("status", sa.SmallInteger),
    sa.Column("response", sa.Text),
    sa.Column("created_at", _TS, nullable=False),
    sa.Index("idempotency_keys_by_age", "tenant_id", "created_at"),
    primary_key=("principal", "key"),
    app="crud",
    actor_column="principal",
)

# A link that lets somebody choose a password once: a colleague who was invited, or one who forgot it. Only the SHA-256
# of its secret is kept.
invitations = tenant_table(
    "invitations",
    sa.Column("token_hash", BYTEA, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("expires_at", _TS, nullable=False),
    sa.Column("used_at", _TS),
    # Why: `invitation` by somebody else, `reset` by whoever forgot the password.
    sa.Column("kind", sa.Text, nullable=False, server_default="invitation"),
    sa.Index("invitations_by_principal", "tenant_id", "principal"),
    primary_key=("token_hash",),
    app="crud",
    actor_column="principal",
)
