"""A small channel to tell scenarios with: one tenant, a few masters, people with roles, and verbs for what they do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from headgate import access
from headgate.channel import agreements
from headgate.channel.orders import get_order
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.settings import Settings
from headgate.ledger import Appended, Quarantined, quarantine_list
from headgate.packs import find_pack, install_pack, read_pack
from headgate.process import (
    Approval,
    Choice,
    Incoming,
    LaneRunner,
    case_of_subject,
    decide_approval,
    get_approval,
    ingest,
    work_queue,
)
from headgate.store import Database
from headgate.wiring import App, build

STOREFRONT = Principal("source:webshop", "service", "Webshop")
AUTHOR = Principal("user:author@nordwind.example", "person", "Author")
APPROVER = Principal("user:approver@nordwind.example", "person", "Approver")
Line = tuple[str, str, str]  # product, quantity, unit price

PEOPLE = {
    "carl": ("channel_manager",),
    "fay": ("finance",),
    "fiona": ("finance_director",),
    "desk": ("order_desk",),
    "rita": ("channel_manager",),
    "dora": (),
}


@dataclass(slots=True)
class Channel:
    """One tenant's channel. `send` puts an event into the log, `govern` applies what waits."""

    app: App
    tenant: UUID
    clock: FixedClock
    runner: LaneRunner
    sent: int = 0
    seqs: list[int] = field(default_factory=list)

    def context(self, principal: Principal = STOREFRONT) -> Context:
        """Who, where, now."""
        return Context(self.tenant, principal, self.clock.now())

    def send(self, type_: str, *, by: Principal = STOREFRONT, event_id: str = "", **data: Any) -> Appended:
        """Append one event as a source would."""
        self.sent += 1
        event = Incoming(event_id or f"e-{self.sent}", type_, self.clock.now(), data)
        with self.app.database.transaction(self.tenant) as conn:
            (appended,) = ingest(conn, self.context(by), self.app.engine, "webshop", [event])
        self.seqs.append(appended.seq)
        return appended

    def order(self, number: str, *lines: Line, type_: str = "order.submitted", **more: Any) -> Appended:
        """Submit (or amend) an order of P-1 to Germany."""
        data: dict[str, Any] = {
            "order": number,
            "partner": "P-1",
            "storefront": "webshop",
            "placed_at": self.clock.now().isoformat(),
            "currency": "EUR",
            "ship_to": {"country": "DE"},
            "requested_by": person("rita"),
            "lines": [
                {"line": str(i), "product": product, "quantity": quantity, "unit": "EA", "unit_price": price}
                for i, (product, quantity, price) in enumerate(lines, 1)
            ],
        }
        return self.send(type_, **{**data, **more})

    def amend(self, number: str, *lines: Line, **more: Any) -> Appended:
        """Replace an order's content."""
        return self.order(number, *lines, type_="order.amended", **more)

    def ship(self, number: str, *lines: tuple[str, str], shipment: str = "") -> Appended:
        """Confirm a shipment of (line, quantity)."""
        return self.send(
            "shipment.confirmed",
            order=number,
            shipment=shipment or f"S-{self.sent}",
            shipped_at=self.clock.now().isoformat(),
            lines=[{"line": line, "quantity": quantity} for line, quantity in lines],
        )

    def govern(self) -> None:
        """Apply everything that waits; nothing may be left over."""
        self.runner.drain(self.tenant)
        self.nothing_left()

    def nothing_left(self) -> None:
        """Fail with the errors of events that could not be applied."""
        with self.app.database.transaction(self.tenant) as conn:
            left = conn.execute("select seq, error from inbox where error is not null order by seq").fetchall()
        assert not left, left

    def pass_time(self, **span: float) -> None:
        """Let the clock run and fire what is due."""
        self.clock.move(timedelta(**span))
        while self.runner.fire_timers(self.tenant):
            self.govern()

    def status(self, number: str) -> str:
        """An order's status."""
        with self.app.database.transaction(self.tenant) as conn:
            return str(get_order(conn, number)["status"])

    def found(self, number: str) -> dict[str, Any]:
        """An order as stored."""
        with self.app.database.transaction(self.tenant) as conn:
            return get_order(conn, number)

    def stage(self, number: str) -> str:
        """The stage of an order's case."""
        with self.app.database.transaction(self.tenant) as conn:
            case = case_of_subject(conn, "order", number)
        assert case is not None
        return str(case["stage"])

    def approval(self, subject: str) -> Approval:
        """The approval that waits for a subject."""
        with self.app.database.transaction(self.tenant) as conn:
            waiting = [t for t in work_queue(conn, self.clock.now(), view="all") if t["subject"] == subject]
            assert waiting, f"nothing waits for {subject}"
            approval = get_approval(conn, waiting[0]["approval"])
        assert approval is not None
        return approval

    def tasks(self) -> list[dict[str, Any]]:
        """Everything in the queue."""
        with self.app.database.transaction(self.tenant) as conn:
            return work_queue(conn, self.clock.now(), view="all")

    def decide(self, who: str, subject: str, outcome: str = "approve", **more: Any) -> None:
        """Decide what waits for a subject, and apply it."""
        approval = more.pop("approval", None) or self.approval(subject)
        choice = Choice(
            outcome,
            more.pop("because", "agreed with the partner"),
            more.pop("digest", approval.digest),
            more.pop("on_behalf_of", ""),
            more.pop("edit", None),
        )
        principal = Principal(person(who), "person", who)
        with self.app.database.transaction(self.tenant) as conn:
            seq = decide_approval(conn, self.context(principal), self.app.engine, approval.approval, choice)
        self.runner.settle(self.tenant, seq)
        self.nothing_left()

    def delegate(self, delegator: str, to: str, roles: Iterable[str], max_amount: str | None = None) -> None:
        """Let somebody decide for somebody else for a week."""
        with self.app.database.transaction(self.tenant) as conn:
            access.create_delegation(
                conn,
                self.context(Principal(person(delegator), "person")),
                delegator=person(delegator),
                delegate=person(to),
                roles=frozenset(roles),
                valid_from=self.clock.now(),
                valid_until=self.clock.now() + timedelta(days=7),
                max_amount=None if max_amount is None else Decimal(max_amount),
                reason="on holiday",
            )

    def quarantine(self) -> list[Quarantined]:
        """What was refused and is still open."""
        with self.app.database.transaction(self.tenant) as conn:
            return quarantine_list(conn)

    def sums(self) -> dict[str, Decimal]:
        """Open orders and unbilled of A-1, reserved and on hand of all stock."""
        with self.app.database.transaction(self.tenant) as conn:
            credit = conn.execute("select open_orders, shipped_unbilled from credit_accounts where account = 'A-1'")
            stock = conn.execute("select coalesce(sum(reserved), 0), coalesce(sum(on_hand), 0) from stock")
            found = (*(credit.fetchone() or ()), *(stock.fetchone() or ()))
        return dict(zip(("open_orders", "unbilled", "reserved", "on_hand"), found, strict=True))

    def price(self, code: str, terms: Sequence[dict[str, Any]], **more: Any) -> UUID:
        """Draft, approve and activate an agreement from 1 January 2026."""
        draft: dict[str, Any] = {
            "code": code,
            "title": code,
            "kind": "list",
            "currency": "EUR",
            "valid_from": "2026-01-01",
            "terms": list(terms),
        }
        with self.app.database.transaction(self.tenant) as conn:
            made = agreements.draft(conn, self.context(AUTHOR), {**draft, **more})
            agreements.submit(conn, self.context(AUTHOR), [made.agreement])
            agreements.approve(conn, self.context(APPROVER), [made.agreement], justification="checked")
            start = datetime.fromisoformat("2026-01-01T00:00:00+01:00")
            agreements.activate(conn, self.context(APPROVER), made.agreement, start=start)
        return made.agreement


def person(name: str) -> str:
    """The principal id of somebody of the scenario."""
    return f"user:{name}@nordwind.example"


def open_channel(database: Database, tenant: UUID, clock: FixedClock, home: Path) -> Channel:
    """A tenant with the order pack, people, one partner with credit, two products with stock and list prices."""
    channel = bare_channel(database, tenant, clock, home)
    record(channel)
    return channel


def bare_channel(database: Database, tenant: UUID, clock: FixedClock, home: Path, pack: Path | None = None) -> Channel:
    """A tenant with people and the order pack (the shipped one unless another is given), and no masters yet."""
    app = build(Settings(home=home), clock, database=database)
    channel = Channel(app, tenant, clock, app.runner())
    with database.transaction(tenant) as conn:
        ctx = channel.context(SYSTEM)
        install_pack(conn, ctx, read_pack(pack or find_pack("order_governance")), app.policies, app.actions)
        for name, roles in PEOPLE.items():
            access.create_person(conn, ctx, email=f"{name}@nordwind.example", name=name)
            for role in roles:
                access.grant_role(conn, ctx, principal=person(name), role=role)
    return channel


def record(channel: Channel) -> None:
    """The masters: partner P-1 (gold, account A-1 with 1,000 EUR), products S-1 at 10 and S-2 at 100, stock in
    Berlin.
    """
    channel.send("credit_account.recorded", items=[account("A-1", "1000")])
    channel.send("partner.recorded", items=[partner("P-1", "A-1")])
    channel.send("product.recorded", items=[product("S-1", "6.00"), product("S-2", "60.00")])
    channel.send("stock.recorded", items=[stock("S-1", "100"), stock("S-2", "5")])
    rate = {"jurisdiction": "DE", "tax_class": "standard", "rate": "0", "valid_from": "2020-01-01"}
    channel.send("tax_rate.recorded", items=[rate])
    channel.price(
        "LIST",
        [
            {"method": "list", "product": "S-1", "value": "10.00"},
            {"method": "list", "product": "S-2", "value": "100.00"},
        ],
    )
    channel.govern()


def account(code: str, limit: str, **more: Any) -> dict[str, Any]:
    """A credit account in EUR that owes nothing."""
    zero = dict.fromkeys(
        ("receivables", "shipped_unbilled", "deposits", "overdue_1_30", "overdue_31_60", "overdue_61_plus"), "0"
    )
    return {"account": code, "currency": "EUR", "credit_limit": limit, "hold": False, **zero, **more}


def partner(code: str, account: str, **more: Any) -> dict[str, Any]:
    """An active German gold partner."""
    known = {
        "name": f"Partner {code}",
        "legal_name": f"{code} GmbH",
        "country": "DE",
        "tier": "gold",
        "status": "active",
    }
    return {"partner": code, "account": account, "terms": "NET30", "channel": "online", **known, **more}


def product(code: str, cost: str, **more: Any) -> dict[str, Any]:
    """A product sold by the piece."""
    known = {"name": f"Product {code}", "family": "hardware", "tax_class": "standard", "unit": "EA"}
    return {"product": code, "cost": cost, "cost_currency": "EUR", "status": "active", **known, **more}


def stock(code: str, on_hand: str, **more: Any) -> dict[str, Any]:
    """Stock of a product in the warehouse in Berlin."""
    known = {"warehouse": "BER", "region": "DE", "safety_stock": "0", "inbound": "0"}
    return {"product": code, "on_hand": on_hand, **known, **more}
