"""Partners and price agreements."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from headgate.console.views.common import (
    Change,
    Fact,
    Tab,
    TimelineEntry,
)
from headgate.console.views.partners import (
    AgreementRow,
    AgreementStep,
    AgreementsView,
    AgreementView,
    PartnerRow,
    PartnersView,
    PartnerView,
    TermRow,
    Tier,
)
from headgate.ui.figures import Percent
from tests.unit.ui.samples.base import (
    HALBERD,
    JONAS,
    KESTREL,
    LENA,
    LYNX,
    MOLEN,
    TERN,
    ago,
    eur,
    uid,
)
from tests.unit.ui.samples.credit_tax import CREDIT
from tests.unit.ui.samples.orders import ORDER_ROWS

WEEKS = tuple(Decimal(n) for n in (41, 38, 52, 47, 61, 58, 66, 49, 72, 70, 81, 77))


FEWER = tuple(Decimal(n) for n in (60, 58, 55, 49, 51, 44, 40, 31, 33, 28, 22, 19))


PARTNERS = PartnersView(
    tabs=(Tab("Partners", "/partners", 61, current=True), Tab("Price agreements", "/agreements", 38)),
    text="",
    partners=(
        PartnerRow("P-0007", HALBERD.name, "DE", "gold", "active", "near", Decimal(91), eur("412900.00"), WEEKS, 2),
        PartnerRow(
            "P-0031", MOLEN.name, "NL", "gold", "active", "over", Decimal(102), eur("286410.30"), WEEKS[::-1], 1
        ),
        PartnerRow("P-0012", KESTREL.name, "GB", "silver", "active", "within", Decimal(44), eur("190240.00"), FEWER, 2),
        PartnerRow("P-0019", TERN.name, "DE", "silver", "blocked", "hold", Decimal(118), eur("88120.90"), FEWER, 3),
        PartnerRow("P-0058", LYNX.name, "PL", "bronze", "active", "none", None, eur("20118.00"), WEEKS, 0),
    ),
    matching=61,
    ordered=eur("3418220.10"),
    more="/partners?after=P-0058",
)


AGREEMENT_ROWS = (
    AgreementRow(
        uid("g1"),
        "AG-2025-014",
        2,
        "Halberd frame agreement 2025",
        "net",
        "active",
        HALBERD,
        "EUR",
        48,
        ago(days=320),
        ago(days=-40),
    ),
    AgreementRow(
        uid("g2"),
        "AG-DERIVED-1",
        1,
        "Derived from sales until 31 Mar 2025",
        "list",
        "draft",
        None,
        "EUR",
        812,
        ago(days=230),
        None,
    ),
    AgreementRow(
        uid("g3"), "AG-2025-002", 1, "Gold tier discounts", "discount", "active", None, "EUR", 12, ago(days=320), None
    ),
    AgreementRow(
        uid("g4"),
        "AG-2023-051",
        4,
        "Kestrel volume prices",
        "net",
        "retired",
        KESTREL,
        "GBP",
        31,
        ago(days=800),
        ago(days=90),
    ),
)


AGREEMENTS = AgreementsView(
    tabs=(Tab("Partners", "/partners", 61), Tab("Price agreements", "/agreements", 38, current=True)),
    text="",
    agreements=AGREEMENT_ROWS,
    matching=38,
)


AGREEMENT = AgreementView(
    agreement_id=uid("g2"),
    code="AG-DERIVED-1",
    revision=1,
    title="Derived from sales until 31 Mar 2025",
    kind="list",
    status="draft",
    partner=None,
    currency="EUR",
    valid_from=ago(days=230),
    valid_until=None,
    recorded_at=ago(hours=2),
    author=JONAS,
    approver=None,
    source="headgate agreements derive",
    digest="0badc0de" * 8,
    evidence=(
        Fact("Invoice lines read", 171_420),
        Fact("Period", "1 Dec 2010 – 31 Mar 2011"),
        Fact("Products priced", 798),
        Fact("Lines explained", Percent(Decimal("96.4"))),
        Fact("Products too uneven to price", 14),
    ),
    conflicts=(
        "Terms 14 and 208 both price SKU-0418 for Halberd from 1 Jan at the same rank; the later one would win.",
    ),
    terms=(
        TermRow(
            1,
            "everyone",
            "SKU-0102",
            "Handbook, printed",
            "list",
            "list 21.00",
            "none",
            (),
            date(2025, 4, 1),
            None,
            evidence="median of 412 sales, spread 1.2 %",
        ),
        TermRow(
            2,
            "partner Halberd",
            "SKU-0418",
            "Edge switch 24-port PoE",
            "net",
            "net, by quantity",
            "range",
            (Tier(Decimal(1), "104.00"), Tier(Decimal(25), "96.12"), Tier(Decimal(100), "91.50")),
            date(2025, 4, 1),
            date(2025, 12, 31),
            evidence="38 sales, steady since Jan",
        ),
        TermRow(3, "group gold", "network", "", "discount", "18 % off list", "none", (), date(2025, 4, 1), None),
        TermRow(
            4,
            "partner Kestrel",
            "SKU-0777",
            "SFP+ module 10G, 10 km",
            "net",
            "net 41.00",
            "none",
            (),
            date(2025, 4, 1),
            None,
            Decimal(120),
            Decimal(500),
            "9 sales",
        ),
    ),
    terms_count=812,
    step=AgreementStep("activate", "Activate 812 terms", "Why the tie between terms 14 and 208 is meant"),
    blocked="",
    more="/agreements/g2?after=4",
    timeline=(
        TimelineEntry(ago(hours=2), JONAS, "event", "derived the agreement from 171,420 invoice lines", seq=48001),
    ),
)


PLAIN_AGREEMENT = replace(AGREEMENT, status="draft", conflicts=(), step=AgreementStep("submit", "Submit for review"))
OWN_AGREEMENT = replace(
    AGREEMENT, step=None, conflicts=(), blocked="You wrote this draft, so somebody else must approve it."
)


PARTNER = PartnerView(
    code=HALBERD.code,
    name=HALBERD.name,
    legal_name="Halberd Systems GmbH",
    status="active",
    blocked_because="",
    facts=(
        Fact("Legal name", "Halberd Systems GmbH"),
        Fact("Country", "Germany"),
        Fact("Tier", "gold"),
        Fact("Groups", ("gold", "network")),
        Fact("Terms", "30 days net"),
        Fact("Tax id", "DE811234567"),
        Fact("Account", "A-0007"),
    ),
    ordered=eur("412900.00"),
    weekly=WEEKS,
    margin=Decimal("17.8"),
    straight_through=Decimal("86.4"),
    open_cases=2,
    held=eur("18420.00"),
    credit=(CREDIT,),
    agreements=AGREEMENT_ROWS[:2],
    orders=ORDER_ROWS[1:5],
    timeline=(
        TimelineEntry(
            ago(days=30),
            LENA,
            "edit",
            "raised the credit limit",
            changes=(Change("Limit", eur("200000"), eur("250000")),),
            seq=40120,
        ),
    ),
)


BLOCKED_PARTNER = replace(
    PARTNER,
    status="blocked",
    blocked_because="Blocked by Finance since 12 Nov 2025: invoices over 60 days unpaid.",
    agreements=(),
    orders=(),
    credit=(),
)
