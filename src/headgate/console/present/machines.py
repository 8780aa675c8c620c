"""From service accounts, clients and keys to their page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from headgate.access import PERMISSIONS, ROLES, Account, ApiKey
from headgate.access.clients import Client
from headgate.console import urls
from headgate.console.views.common import FormError, Option
from headgate.console.views.machines import ClientRow, KeyRow, MachinesView, ServiceRow, ShownOnce
from headgate.kernel.phrases import joined
from headgate.ui.words import humanise

# What a machine is given a role for; the others are for people.
MACHINE_ROLES = ("integration", "provisioning")


def machines(
    accounts: Sequence[Account],
    clients: Sequence[Client],
    keys: Sequence[ApiKey],
    now: datetime,
    base: str,
    *,
    more: bool,
) -> MachinesView:
    """The page. `base` is the address under which this installation was asked."""
    allowed = sorted({scope for role in MACHINE_ROLES for scope in ROLES[role]} - {"admin"})
    return MachinesView(
        services=tuple(
            ServiceRow(a.principal, a.name, tuple(humanise(role) for role in a.roles), a.status) for a in accounts
        ),
        clients=tuple(_client(c, now) for c in clients),
        keys=tuple(_key(k, now) for k in keys),
        accounts=tuple(Option(a.principal, f"{a.name} ({a.principal})") for a in accounts if a.status == "active"),
        roles=tuple(
            Option(role, joined(": ", (humanise(role), ", ".join(sorted(ROLES[role]))))) for role in MACHINE_ROLES
        ),
        scopes=tuple((scope, PERMISSIONS[scope]) for scope in allowed),
        token_address=f"{base}/oauth/token",
        more=more,
    )


def with_shown(view: MachinesView, shown: ShownOnce) -> MachinesView:
    """The page after something was made."""
    return replace(view, shown=shown)


def with_error(view: MachinesView, field: str, message: str) -> MachinesView:
    """The page after something was refused."""
    return replace(view, error=FormError(field, message))


def _client(client: Client, now: datetime) -> ClientRow:
    ends = [s.expires_at for s in client.secrets if s.expires_at is not None and s.expires_at > now]
    return ClientRow(
        client.client,
        client.name,
        client.principal,
        client.scopes,
        "HTTP API" if client.audience == "api" else "SCIM",
        client.token_minutes,
        client.status,
        client.last_used,
        max(ends, default=None),
        urls.machine_client(client.client),
    )


def _key(key: ApiKey, now: datetime) -> KeyRow:
    over = key.status == "active" and key.expires_at is not None and key.expires_at <= now
    return KeyRow(
        key.key_id,
        key.name,
        key.principal,
        key.scopes,
        "expired" if over else key.status,
        key.expires_at,
        key.last_used,
        urls.machine_key(key.key_id),
    )
