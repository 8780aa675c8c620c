"""Deal registrations."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from headgate.console.present.deals import tabs
from headgate.console.views.common import Fact, TimelineEntry
from headgate.console.views.deals import DealRow, DealsView, DealView, Rival, RuleRow, SignalRow
from tests.unit.ui.samples.base import AURIGA, HALBERD, JONAS, KESTREL, LYNX, SHOP, ago, ahead, eur, gbp, uid

DEALS = DealsView(
    tabs=tabs("approved"),
    text="",
    status="approved",
    deals=(
        DealRow("D-2291", "Acme Robotics GmbH", "Germany", HALBERD, "approved", eur("48000.00"), date(2026, 1, 30),
                ahead(days=9), ago(days=81)),
        DealRow("D-2304", "Société Générale de Transports Frigorifiques et Logistiques SA", "France", AURIGA,
                "under_review", eur("1250000.00"), date(2026, 3, 31), None, ago(hours=2)),
        DealRow("D-2307", "Łódzkie Zakłady Przemysłowe", "Poland", LYNX, "rejected", eur("0.00"), date(2025, 12, 1),
                None, ago(minutes=4)),
    ),
    more="/deals?after=x",
    matching=50_001,
    counted_to=50_000,
)  # fmt: skip
NO_DEALS = DealsView(tabs=tabs(""), text="", status="", deals=())
NO_MATCH = DealsView(tabs=tabs("lost"), text="zzz", status="lost", deals=())

DEAL = DealView(
    deal="D-2307",
    customer="ACME Robotics",
    status="pending_approval",
    partner=KESTREL,
    amount=gbp("41500.00"),
    stake=eur("48970.00"),
    facts=(
        Fact("Registered", ago(hours=5)),
        Fact("Expected close", "30 Jan 2026"),
        Fact("Programme", "DACH automation"),
        Fact("Evidence", ("mail of 3 March", "site visit")),
    ),
    contact=(Fact("Contact", "Ina Roth"), Fact("E-mail", "ina.roth@acme-robotics.example")),
    lines=(("ARM-7", "Robot arm 7", Decimal(2), gbp("31500.00")), ("CELL", "CELL", Decimal(1), gbp("10000.00"))),
    protected_until=None,
    granted_days=0,
    told=("We are checking this registration",),
    requested_by=SHOP,
    rivals=(
        Rival(
            kind="Deal",
            title="D-2291",
            href="/deals/D-2291",
            holder="Halberd Systems GmbH",
            state="approved",
            since=ago(days=81),
            score=Decimal("79.4"),
            same=Decimal("98.4"),
            overlap=Decimal("80.7"),
            signals=(
                SignalRow("Domain", "both use the domain acme-robotics.de", "acme-robotics.de", "acme-robotics.de",
                          Decimal(92)),
                SignalRow("Name", "without legal forms both are “acme robotics”", "ACME Robotics",
                          "Acme Robotics GmbH", Decimal(80)),
                SignalRow("Products", "both are about ARM-7", "ARM-7, CELL", "ARM-7", Decimal(30)),
                SignalRow("Time", "one had ended before the other began", "2025-11-21 to 2026-02-19",
                          "2025-08-01 to 2025-11-01", Decimal(0)),
            ),
            pairs=(
                ("Customer", "ACME Robotics", "Acme Robotics GmbH", False),
                ("Domain", "acme-robotics.de", "acme-robotics.de", True),
                ("Place", "London GB", "München DE", False),
                ("Parent", "", "Acme Holding", False),
            ),
        ),
        Rival("Existing customer", "K-77", "", "Key accounts", "", None, Decimal("31.0"), Decimal("31.0"),
              Decimal(100), (SignalRow("Name", "the names are 82 % alike", "ACME", "ACMI", Decimal(32)),),
              (("Customer", "ACME Robotics", "ACMI Robots", False),)),
    ),
    rules=(
        RuleRow("likely_taken", "ask", "Another partner's protected deal stands against it with 79.4 of 100",
                "Deal programme 2.2", "/policies/deal_rules/versions/1?row=likely_taken#row-likely_taken"),
    ),
    decided_at=ago(hours=5),
    case_id=uid("deal-case"),
    approval=uid("deal-approval"),
    may_decide=True,
    timeline=(
        TimelineEntry(ago(hours=5), SHOP, "event", "registered the deal", seq=812),
        TimelineEntry(ago(hours=1), JONAS, "note", "added a note", quote="They say the site is another one."),
    ),
)  # fmt: skip
FREE_DEAL = replace(
    DEAL,
    customer="Boreal Timber Oy",
    status="approved",
    stake=None,
    told=(),
    contact=(),
    rivals=(),
    rules=(),
    approval=None,
    may_decide=False,
    protected_until=ahead(days=90),
    granted_days=90,
)
NEW_DEAL = replace(FREE_DEAL, status="draft", decided_at=None, protected_until=None)
