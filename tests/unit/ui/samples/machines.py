"""Machine access in every state."""

from __future__ import annotations

from dataclasses import replace

from headgate.access import PERMISSIONS
from headgate.console.views.common import FormError, Option
from headgate.console.views.machines import ClientRow, KeyRow, MachinesView, ServiceRow, ShownOnce
from tests.unit.ui.samples.base import ago

_CLIENT = ClientRow(
    client="hgc_0123456789abcdef0123456789abcdef_0123456789abcdef",
    name="ERP bridge",
    principal="service:erp-bridge",
    scopes=("events.write", "orders.read"),
    audience="HTTP API",
    minutes=15,
    state="active",
    last_used=ago(minutes=4),
    former_until=None,
    act_href="/identity/machines/clients/1",
)
_KEY = KeyRow(
    key_id="0123456789abcdef",
    name="live",
    principal="service:webshop",
    scopes=("events.write",),
    state="active",
    expires_at=ago(days=-90),
    last_used=ago(hours=2),
    act_href="/identity/machines/keys/1",
)
MACHINES = MachinesView(
    services=(
        ServiceRow("service:erp-bridge", "ERP bridge", ("Integration",), "active"),
        ServiceRow("service:entra", "Identity provider of the group", ("Provisioning",), "active"),
        ServiceRow("service:old-shop", "Old shop", (), "suspended"),
    ),
    clients=(
        _CLIENT,
        replace(_CLIENT, name="Identity provider", audience="SCIM", scopes=("scim",), former_until=ago(hours=-20)),
        replace(_CLIENT, name="Reports", state="disabled", last_used=None),
    ),
    keys=(
        _KEY,
        replace(_KEY, name="test", expires_at=None, last_used=None),
        replace(_KEY, name="spring", state="expired", expires_at=ago(days=3)),
        replace(_KEY, name="lost", state="revoked"),
    ),
    accounts=(Option("service:erp-bridge", "ERP bridge (service:erp-bridge)"),),
    roles=(Option("integration", "Integration: deals.read, events.write, orders.read"),),
    scopes=tuple((scope, PERMISSIONS[scope]) for scope in ("deals.read", "events.write", "orders.read", "scim")),
    token_address="https://headgate.nordwind.example/oauth/token",
)
NO_MACHINES = replace(MACHINES, services=(), clients=(), keys=(), accounts=())
SHOWN_ONCE = replace(
    MACHINES,
    shown=ShownOnce(
        "The client is ready. Copy its secret now",
        (("Client id", _CLIENT.client), ("Client secret", "pZx0cQm3u8v1yJb6n2wE5r7tA9sD4fG6hK8lM0oP1qR")),
    ),
)
REFUSED = replace(MACHINES, error=FormError("scopes", "Scopes is empty."), more=True)
