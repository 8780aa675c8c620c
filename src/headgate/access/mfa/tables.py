"""Tables of second factors."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, TIMESTAMP

from headgate.store import tenant_table

_TS = TIMESTAMP(timezone=True)

# One authenticator app per person. `secret` is sealed; it counts once `confirmed_at` is set. `last_step` is the time
# step of the last code that was used: it and older ones are refused.
totp_secrets = tenant_table(
    "totp_secrets",
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("confirmed_at", _TS),
    sa.Column("last_step", sa.BigInteger, nullable=False, server_default="0"),
    primary_key=("principal",),
    app="crud",
    actor_column="principal",
)

recovery_codes = tenant_table(
    "recovery_codes",
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("code_hash", BYTEA, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("used_at", _TS),
    primary_key=("principal", "code_hash"),
    app="crud",
    actor_column="principal",
)

# `rp_id` is the host a passkey was made for; `user_handle` names the person to the authenticator and says nothing about
# them. `sign_count` only ever grows; authenticators that do not count leave it at 0.
passkeys = tenant_table(
    "passkeys",
    sa.Column("credential_id", BYTEA, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("rp_id", sa.Text, nullable=False),
    sa.Column("user_handle", BYTEA, nullable=False),
    sa.Column("public_key", BYTEA, nullable=False),
    sa.Column("sign_count", sa.BigInteger, nullable=False),
    sa.Column("transports", ARRAY(sa.Text), nullable=False),
    sa.Column("synced", sa.Boolean, nullable=False),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("last_used", _TS),
    sa.Index("passkeys_by_principal", "tenant_id", "principal"),
    primary_key=("credential_id",),
    app="crud",
    actor_column="principal",
)

# A sign-in whose password was right and whose second factor is awaited. Only the SHA-256 of its token is kept.
pending_sign_ins = tenant_table(
    "pending_sign_ins",
    sa.Column("token_hash", BYTEA, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("proofs", ARRAY(sa.Text), nullable=False),
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("created_at", _TS, nullable=False),
    sa.Column("expires_at", _TS, nullable=False),
    # What the session will be good for; empty: everything.
    sa.Column("limited_to", sa.Text, nullable=False, server_default=""),
    primary_key=("token_hash",),
    app="crud",
    actor_column="principal",
)

# Challenges of passkeys that were answered: none is taken twice. They travel sealed, so those never answered leave
# nothing here.
used_challenges = tenant_table(
    "used_challenges",
    sa.Column("challenge_hash", BYTEA, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("expires_at", _TS, nullable=False),
    primary_key=("challenge_hash",),
    app="crud",
    actor_column="principal",
)
