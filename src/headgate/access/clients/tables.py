"""Tables of OAuth 2 clients. Their access tokens are rows of `api_keys` of the kind `token`."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, TIMESTAMP

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

oauth_clients = tenant_table(
    "oauth_clients",
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    # The most that a token of it may do; what its account may do at the moment bounds it further.
    sa.Column("scopes", ARRAY(sa.Text), nullable=False),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("token_minutes", sa.SmallInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="active"),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.CheckConstraint("status in ('active', 'disabled')", name="status"),
    sa.CheckConstraint("token_minutes between 1 and 60", name="token_minutes"),
    sa.Index("oauth_clients_by_principal", "tenant_id", "principal"),
    primary_key=("client",),
    app="crud",
)

# More than one while a secret is being replaced. Only the SHA-256 is kept.
client_secrets = tenant_table(
    "client_secrets",
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("secret_hash", BYTEA, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("expires_at", _TS),
    sa.Column("last_used", _TS),
    primary_key=("client", "secret"),
    app="crud",
)
