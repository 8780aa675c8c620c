"""Tables of sign-on by identity providers."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, TIMESTAMP

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

# `client_secret` is sealed (access/seal.py); null for a public client.
identity_providers = tenant_table(
    "identity_providers",
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("client_secret", sa.Text),
    sa.Column("scopes", ARRAY(sa.Text), nullable=False),
    sa.Column("groups_claim", sa.Text, nullable=False),
    sa.Column("domains", ARRAY(sa.Text), nullable=False),
    sa.Column("just_in_time", sa.Boolean, nullable=False, server_default=sa.text("false")),
    sa.Column("status", sa.Text, nullable=False, server_default="disabled"),
    sa.Column("tested_at", _TS),
    sa.Column("created_at", _TS, nullable=False),
    sa.CheckConstraint("status in ('active', 'disabled')", name="status"),
    sa.UniqueConstraint("tenant_id", "issuer", "client_id"),
    primary_key=("provider",),
    app="crud",
)

# Which account somebody is: by what an issuer never gives to anybody else, never by an e-mail address.
federated_identities = tenant_table(
    "federated_identities",
    sa.Column("issuer", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("linked_at", _TS, nullable=False),
    sa.Column("linked_by", sa.Text, nullable=False),
    sa.Column("last_used", _TS),
    sa.Index("federated_identities_by_principal", "tenant_id", "principal"),
    primary_key=("issuer", "subject"),
    app="crud",
)

# Sign-ins that are under way: each is answered once, in the browser that began it.
sign_in_requests = tenant_table(
    "sign_in_requests",
    sa.Column("state_hash", BYTEA, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("verifier", sa.Text, nullable=False),
    sa.Column("browser_hash", BYTEA, nullable=False),
    sa.Column("redirect_uri", sa.Text, nullable=False),
    sa.Column("onward", sa.Text, nullable=False),
    sa.Column("started_by", sa.Text),
    sa.Column("expires_at", _TS, nullable=False),
    sa.CheckConstraint("purpose in ('sign_in', 'test')", name="purpose"),
    primary_key=("state_hash",),
    app="crud",
)

# `origin` is `oidc:<provider>` or `scim`.
group_roles = tenant_table(
    "group_roles",
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("group_name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    primary_key=("origin", "group_name", "role"),
    app="crud",
)

# Which grants came from groups: those go with the group, others are nobody's business here.
federated_grants = tenant_table(
    "federated_grants",
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    primary_key=("principal", "role", "origin"),
    app="crud",
)

# What is needed to end a session at the identity provider, too; the token is sealed.
federated_sessions = tenant_table(
    "federated_sessions",
    sa.Column("token_hash", BYTEA, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("id_token", sa.Text, nullable=False),
    sa.Column("expires_at", _TS, nullable=False),
    primary_key=("token_hash",),
    app="crud",
)

sign_in_rules = tenant_table(
    "sign_in_rules",
    sa.Column("passwords", sa.Boolean, nullable=False),
    sa.Column("break_glass", ARRAY(sa.Text), nullable=False),
    primary_key=(),
    app="crud",
)
