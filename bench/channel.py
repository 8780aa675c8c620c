"""A seeded tenant to govern: partners with credit, products with cost and stock, agreements, tax, orders."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from headgate.channel import agreements
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import Context, Principal
from headgate.kernel.settings import Settings
from headgate.packs import find_pack, install_pack, read_pack
from headgate.process import Incoming, ingest
from headgate.store import Database
from headgate.wiring import App, build

TENANT = UUID("0197f0a0-0000-7000-8000-0000000000b1")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PARTNERS, PRODUCTS, NET_PER_PARTNER = 60, 800, 20
FAMILIES = ("hardware", "software", "subscriptions", "services", "accessories")
TIERS = ("platinum", "gold", "silver", "bronze")
LINES = (1, 2, 3, 3, 3, 4, 5)  # 3 on average
# One order in so many asks for a price far below contract, so that the way of an exception is part of the figure.
DEVIATING = 32
_ADMIN = Principal("user:admin", "person", "Admin", frozenset({"tenant_admin"}))
_AUTHOR = Principal("user:author", "person", "Author")
_SHOP = Principal("source:shop", "service", "Shop")
_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Channel:
    """The application over one copy of the database."""

    app: App
    clock: FixedClock

    @property
    def database(self) -> Database:
        """The application's database."""
        return self.app.database

    def context(self, principal: Principal = _ADMIN, tenant: UUID = TENANT) -> Context:
        """A context in a tenant of the bench."""
        return Context(tenant, principal, self.clock.now())

    def warm(self, tenant: UUID = TENANT) -> None:
        """Compile policies and parse definitions beforehand: a worker does so once in its life."""
        with self.database.transaction(tenant) as conn:
            self.app.policies.active(conn, NOW)
            self.app.engine.definitions.router(conn)


def tenant_of(place: int) -> UUID:
    """Further tenants of a bench."""
    return UUID(int=TENANT.int + place)


def open_channel(database: Database, home: Path) -> Channel:
    """The application over a database, at the bench's own time, so that every run derives the same ids."""
    clock = FixedClock(NOW)
    return Channel(build(Settings(home=home), clock, database), clock)


def seed(channel: Channel, tenant: UUID = TENANT) -> None:
    """Create the tenant, install the order pack, record masters and activate agreements."""
    slug = "bench" if tenant == TENANT else f"bench-{tenant.int - TENANT.int}"
    with channel.database.transaction(tenant) as conn:
        conn.execute(
            "insert into tenants (slug, name, currency, timezone, created_at) values (%s, %s, %s, %s, %s)",
            [slug, "Bench", "EUR", "Europe/Berlin", NOW],
        )
        pack = read_pack(find_pack("order_governance"))
        install_pack(conn, channel.context(tenant=tenant), pack, channel.app.policies, channel.app.actions)
    masters = [
        Incoming(f"master-{number}", type_, NOW, {"items": items}) for number, (type_, items) in enumerate(_masters())
    ]
    append(channel, masters, tenant)
    channel.app.runner().drain(tenant)
    with channel.database.transaction(tenant) as conn:
        _agree(conn, channel, tenant)


def append(channel: Channel, events: Sequence[Incoming], tenant: UUID = TENANT) -> None:
    """Put events into the log."""
    for start in range(0, len(events), 500):
        with channel.database.transaction(tenant) as conn:
            ingest(conn, channel.context(_SHOP, tenant), channel.app.engine, "shop", events[start : start + 500])


def orders(count: int, seed: int = 7) -> list[Incoming]:
    """Order events, the same for the same seed; about 3 lines each, placed over the last two days."""
    chance = random.Random(seed)
    return [_order(chance, number, count) for number in range(count)]


def _order(chance: random.Random, number: int, count: int) -> Incoming:
    partner = chance.randrange(PARTNERS)
    deviating = number % DEVIATING == DEVIATING - 1
    lines = []
    for line in range(1, chance.choice(LINES) + 1):
        product = chance.randrange(PRODUCTS)
        price = _net(product) if _has_net(partner, product) else _list(product)
        lines.append(
            {
                "line": str(line),
                "product": f"SKU-{product}",
                "quantity": str(chance.randint(1, 20)),
                "unit": "EA",
                "unit_price": str(price * Decimal("0.80") if deviating and line == 1 else price),
                "description": f"Product {product}",
            }
        )
    placed = NOW - timedelta(hours=48) * (count - number) / count
    data = {
        "order": f"SHOP-{number}",
        "partner": f"P-{partner}",
        "storefront": "shop",
        "placed_at": placed.isoformat(),
        "currency": "EUR",
        "customer_reference": f"PO-{number}",
        "ship_to": {"name": f"Partner {partner}", "country": "DE", "postcode": "10115", "city": "Berlin"},
        "requested_by": "user:shop",
        "lines": lines,
    }
    return Incoming(f"order-{number}", "order.submitted", placed, data)


def _has_net(partner: int, product: int) -> bool:
    return (product - partner) % (PRODUCTS // NET_PER_PARTNER) == 0


def _list(product: int) -> Decimal:
    return Decimal(20 + product % 400) + Decimal("0.50")


def _net(product: int) -> Decimal:
    return (_list(product) * Decimal("0.90")).quantize(Decimal("0.01"))


def _masters() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    accounts = [
        {
            "account": f"A-{p}",
            "currency": "EUR",
            "credit_limit": "1000000000",
            "receivables": "12000.50",
            "shipped_unbilled": "800",
            "deposits": "0",
            "overdue_1_30": "0",
            "overdue_31_60": "0",
            "overdue_61_plus": "0",
            "hold": False,
        }
        for p in range(PARTNERS)
    ]
    partners = [
        {
            "partner": f"P-{p}",
            "name": f"Partner {p}",
            "legal_name": f"Partner {p} GmbH",
            "country": "DE",
            "tier": TIERS[p % len(TIERS)],
            "groups": [f"group-{p % 5}"],
            "channel": "online",
            "terms": "NET30",
            "account": f"A-{p}",
            "status": "active",
        }
        for p in range(PARTNERS)
    ]
    products = [
        {
            "product": f"SKU-{s}",
            "name": f"Product {s}",
            "family": FAMILIES[s % len(FAMILIES)],
            "category": f"category-{s % 20}",
            "tax_class": "standard" if s % 7 else "reduced",
            "unit": "EA",
            "cost": str((_list(s) * Decimal("0.60")).quantize(Decimal("0.01"))),
            "cost_currency": "EUR",
            "status": "active",
        }
        for s in range(PRODUCTS)
    ]
    stock = [
        {
            "product": f"SKU-{s}",
            "warehouse": warehouse,
            "region": "DE",
            "on_hand": "10000000",
            "safety_stock": "10",
            "inbound": "0",
            "threshold": "20",
        }
        for s in range(PRODUCTS)
        for warehouse in ("BERLIN", "HAMBURG")
    ]
    rates = [
        {"jurisdiction": "DE", "tax_class": name, "rate": rate, "valid_from": "2020-01-01"}
        for name, rate in (("standard", "19"), ("reduced", "7"))
    ]
    for type_, items in (
        ("credit_account.recorded", accounts),
        ("partner.recorded", partners),
        ("product.recorded", products),
        ("stock.recorded", stock),
        ("tax_rate.recorded", rates),
    ):
        for start in range(0, len(items), _CHUNK):
            yield type_, items[start : start + _CHUNK]


def _agree(conn: Any, channel: Channel, tenant: UUID) -> None:
    author, approver = channel.context(_AUTHOR, tenant), channel.context(tenant=tenant)
    common = {"currency": "EUR", "valid_from": "2026-01-01"}
    drafts = [
        {
            **common,
            "code": "LIST",
            "title": "List prices",
            "kind": "list",
            "terms": [{"method": "list", "product": f"SKU-{s}", "value": str(_list(s))} for s in range(PRODUCTS)],
        },
        *(
            {
                **common,
                "code": f"NET-{p}",
                "title": f"Net prices of partner {p}",
                "kind": "net",
                "partner": f"P-{p}",
                "terms": [
                    {"method": "net", "product": f"SKU-{s}", "partner": f"P-{p}", "value": str(_net(s))}
                    for s in range(PRODUCTS)
                    if _has_net(p, s)
                ],
            }
            for p in range(PARTNERS)
        ),
    ]
    ids = [agreements.draft(conn, author, draft).agreement for draft in drafts]
    agreements.submit(conn, author, ids)
    agreements.approve(conn, approver, ids, justification="agreed for the bench")
    agreements.activate_many(conn, approver, ids, start=datetime(2026, 1, 1, tzinfo=UTC))
