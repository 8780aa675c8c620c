"""A small channel with the API in front of it: people and services with keys, a source that signs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
from starlette.testclient import TestClient

from headgate import access
from headgate.access.tenancy import place_in_tree
from headgate.api import create_app
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.settings import Settings
from headgate.packs import find_pack, install_pack, read_pack
from headgate.store import Database
from headgate.wiring import build
from tests.scenarios.channel import Channel, person, record

PEOPLE = {
    "carl": ("channel_manager",),
    "cora": ("channel_manager",),
    "prue": ("pricing_manager",),
    "fay": ("finance",),
    "fiona": ("finance_director",),
    "desk": ("order_desk",),
    "adam": ("tenant_admin",),
    "audrey": ("auditor",),
}
PARTNERS = {"pia": "P-1", "paul": "P-2"}
SOURCE = "webshop-1"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@dataclass(slots=True)
class World:
    """A tenant behind the API. `client` speaks to it; `keys` are API keys by person, for all that the person may do."""

    channel: Channel
    slug: str
    secret: str
    client: TestClient
    keys: dict[str, str] = field(default_factory=dict)

    def context(self) -> Context:
        """The platform itself, now."""
        return Context(self.channel.tenant, SYSTEM, self.channel.clock.now())

    def key(self, principal: str, *scopes: str) -> str:
        """A further key with these scopes, or with all that the principal has."""
        with self.channel.app.database.transaction(self.channel.tenant) as conn:
            held = access.load_principal(conn, principal, self.channel.clock.now()).permissions
            return access.create_api_key(conn, self.context(), principal, name="test", scopes=scopes or held)

    def get(self, who: str, path: str, **params: Any) -> httpx2.Response:
        """GET as a person."""
        return self.client.get(path, params=params, headers=bearer(self.keys[who]))

    def post(self, who: str, path: str, body: Any, **headers: str) -> httpx2.Response:
        """POST as a person."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, json=body, headers={**bearer(self.keys[who]), **named})

    def signed(
        self,
        body: bytes,
        *,
        content_type: str = STRUCTURED,
        at: datetime | None = None,
        source: str = "",
        secret: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """POST /v1/events with a signature over these bytes."""
        sent_at = at or self.channel.clock.now()
        signature = access.sign(secret or self.secret, "msg-1", sent_at, body)
        return self.client.post(
            "/v1/events",
            params={"source": source or f"{self.slug}/{SOURCE}"},
            content=body,
            headers={
                "content-type": content_type,
                "webhook-id": "msg-1",
                "webhook-timestamp": str(int(sent_at.timestamp())),
                "webhook-signature": signature,
                **(headers or {}),
            },
        )

    def send(self, *events: Mapping[str, Any]) -> httpx2.Response:
        """Sign and send one event, or several as a batch."""
        if len(events) == 1:
            return self.signed(json.dumps(events[0]).encode())
        return self.signed(json.dumps(events).encode(), content_type=BATCH)

    def govern(self) -> None:
        """Apply everything that waits."""
        self.channel.govern()


def bearer(key: str) -> dict[str, str]:
    """The header of an API key."""
    return {"Authorization": f"Bearer {key}"}


def order(number: str, *lines: tuple[str, str, str], **changes: Any) -> dict[str, Any]:
    """The data of an order of P-1 to Germany; lines are product, quantity, price."""
    data: dict[str, Any] = {
        "order": number,
        "partner": "P-1",
        "storefront": "webshop",
        "placed_at": "2026-03-02T08:59:00Z",
        "currency": "EUR",
        "ship_to": {"country": "DE"},
        "lines": [
            {"line": str(i), "product": product, "quantity": quantity, "unit": "EA", "unit_price": price}
            for i, (product, quantity, price) in enumerate(lines or (("S-1", "1", "10.00"),), 1)
        ],
    }
    return {**data, **changes}


def event(event_id: str, data: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """An order.submitted CloudEvent."""
    found: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": SOURCE,
        "type": "order.submitted",
        "time": "2026-03-02T09:00:00Z",
        "data": data,
    }
    return {**found, **changes}


def new_tenant(database: Database, now: datetime) -> UUID:
    """A tenant in EUR and Berlin time."""
    tenant = uuid4()
    with database.transaction(tenant) as conn:
        access.create_tenant(
            conn,
            Context(tenant, SYSTEM, now),
            slug=f"s-{tenant.hex[:12]}",
            name="Shop",
            currency="EUR",
            timezone="Europe/Berlin",
        )
    return tenant


def open_world(database: Database, tenant: UUID, clock: FixedClock, home: Path, **settings: Any) -> World:
    """A tenant with masters, people, keys, a signing source, and the API before it."""
    # Rates are for tests that set them: others ask as fast as they can.
    rates = {"api_rate": 100_000, "refusals_per_minute": 100_000}
    app = build(Settings(home=home, **{**rates, **settings}), clock, database=database)
    channel = Channel(app, tenant, clock, app.runner())
    ctx = Context(tenant, SYSTEM, clock.now())
    with database.transaction(tenant) as conn:
        slug = access.get_tenant(conn).slug
        install_pack(conn, ctx, read_pack(find_pack("order_governance")), app.policies, app.actions)
        secret = access.create_source(
            conn, ctx, app.envelope, source=SOURCE, name="Web shop", types=["order.*", "shipment.confirmed"]
        )
        for name, roles in PEOPLE.items():
            access.create_person(conn, ctx, email=f"{name}@nordwind.example", name=name)
            for role in roles:
                access.grant_role(conn, ctx, person(name), role)
        for name, partner in PARTNERS.items():
            access.create_person(conn, ctx, email=f"{name}@nordwind.example", name=name, partner=partner)
            access.grant_role(conn, ctx, person(name), "partner_user")
        access.create_service(conn, ctx, code="erp", name="ERP")
        access.grant_role(conn, ctx, "service:erp", "integration")
    record(channel)
    world = World(channel, slug, secret, TestClient(create_app(app)))
    world.keys = {name: world.key(person(name)) for name in (*PEOPLE, *PARTNERS)}
    world.keys["erp"] = world.key("service:erp")
    return world


def make_provider(world: World, *names: str) -> None:
    """Let the world's tenant have tenants below it, and people of these names operate them, with keys."""
    channel = world.channel
    ctx = Context(channel.tenant, SYSTEM, channel.clock.now())
    database = channel.app.database
    with database.transaction(channel.tenant) as conn:
        place_in_tree(database, conn, ctx, kind="provider", parent="")
        for name in names:
            access.create_person(conn, ctx, email=f"{name}@nordwind.example", name=name)
            access.grant_role(conn, ctx, person(name), "operator")
    world.keys |= {name: world.key(person(name)) for name in names}
