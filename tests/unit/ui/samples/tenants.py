"""Clients of a provider: none, a few, many; one that is open, shut, and being deleted."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from headgate.access import Tenant
from headgate.access.tenancy import Deletion, TenantBelow, UmbrellaRow
from headgate.console.present.guests import guest_row
from headgate.console.present.tenants import client_page, clients_page
from tests.unit.ui.samples.base import NOW, ago
from tests.unit.ui.samples.guests import EVERY

HOME = Tenant(UUID(int=1), "westhafen", "Westhafen Systemhaus GmbH", "EUR", "Europe/Berlin", {}, NOW, kind="provider")
_ROW = UmbrellaRow(
    UUID(int=2),
    "nordhandel",
    "Nordhandel Großhandelsgesellschaft für Veranstaltungstechnik mbH & Co. KG",
    HOME.id,
    1,
    "client",
    "active",
    "EUR",
    18_204,
    Decimal("12840221.40"),
    18_190,
    16_733,
    212,
    Decimal("341880.05"),
    301,
    17,
    88,
    4,
    41,
    60,
)
ROWS = [
    _ROW,
    replace(
        _ROW, id=UUID(int=3), slug="kestrel", name="Kestrel <b>Ltd</b>", currency="GBP", cases_late=0, kind="provider"
    ),
    replace(
        _ROW,
        id=UUID(int=4),
        slug="new-one",
        name="New one",
        depth=2,
        parent=UUID(int=3),
        status="suspended",
        orders=0,
        order_value=Decimal(0),
        decided=0,
        straight=0,
        held=0,
        held_value=Decimal(0),
        cases_late=0,
        approvals_waiting=0,
    ),
]
CLIENTS = clients_page(ROWS, 30, operates=True)
LOOKING_ON = clients_page(ROWS, 30, operates=False)
NO_CLIENTS = clients_page([], 30, operates=True, invites=False)
NOT_MADE = clients_page(
    ROWS[:1],
    7,
    operates=True,
    values={"slug": "No Good", "name": "Nordhandel", "pack:order_governance": "1", "currency": "EUR"},
    error="slug 'No Good' is not a tenant's short name. Use 3 to 40 lower-case letters, digits, hyphens.",
)
MANY_CLIENTS = clients_page(
    [replace(_ROW, id=UUID(int=9 + n), slug=f"client-{n}", name=f"Client {n}", held=n) for n in range(120)],
    365,
    operates=True,
)
BELOW = TenantBelow(
    UUID(int=2),
    "nordhandel",
    "Nordhandel GmbH",
    "client",
    "active",
    "",
    None,
    HOME.id,
    1,
    "eu",
    "EUR",
    ago(days=400),
    {"people": 50},
)
OTHERS = [BELOW, replace(BELOW, id=UUID(int=3), slug="kestrel", name="Kestrel Ltd", kind="provider")]
OLGA, OTTO = "provider:westhafen/user:olga@westhafen.example", "provider:westhafen/user:otto@westhafen.example"
ASKED = Deletion(UUID(int=5), "the contract ended", OLGA, ago(days=1), None, None, None, None, None)
CLIENT = client_page(BELOW, HOME, OTHERS, None, OLGA, wait=30)
SHUT = client_page(
    replace(BELOW, status="suspended", status_reason="unpaid since June", status_at=ago(days=3)),
    HOME,
    OTHERS,
    None,
    OLGA,
    wait=30,
)
TO_CONFIRM = client_page(BELOW, HOME, OTHERS, ASKED, OTTO, wait=30, error="Type nordhandel to confirm that it is it.")
ASKED_BY_ME = client_page(BELOW, HOME, OTHERS, ASKED, OLGA, wait=30)
GOING = client_page(
    replace(BELOW, status="deleting", status_reason="the contract ended", status_at=ago(hours=2)),
    HOME,
    OTHERS,
    replace(ASKED, confirmed_by=OTTO, confirmed_at=ago(hours=2), not_before=ago(days=-30)),
    OTTO,
    wait=30,
)
WITH_GUESTS = client_page(
    BELOW,
    HOME,
    OTHERS,
    None,
    OLGA,
    wait=30,
    guests=[guest_row(each, NOW) for each in EVERY],
    may_enter=True,
)
