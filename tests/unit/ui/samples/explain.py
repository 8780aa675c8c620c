"""Explanations of the sample order."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from headgate.console import urls
from headgate.console.views.common import (
    Fact,
    PolicyRef,
    SumRow,
)
from headgate.console.views.explain import (
    ApprovalPathView,
    Cell,
    CreditView,
    Link,
    MarginView,
    PathStep,
    PolicyEvaluationView,
    PriceCandidate,
    PriceTraceView,
    RuleMakers,
    StockRow,
    StockView,
    TaxView,
)
from headgate.ui.figures import Percent
from tests.unit.ui.samples.base import (
    ANA,
    CREDIT_POLICY,
    HALBERD,
    JONAS,
    MARGIN_POLICY,
    MATRIX,
    MIRA,
    PRICE_POLICY,
    ago,
    ahead,
    eur,
    uid,
)
from tests.unit.ui.samples.credit_tax import CREDIT, GROUP_CREDIT, TAX
from tests.unit.ui.samples.order import ORDER_NO

PRICE_TRACE = PriceTraceView(
    order=ORDER_NO,
    line="1",
    product="SKU-0418",
    description="Edge switch 24-port PoE",
    partner=HALBERD.name,
    quantity=Decimal(40),
    unit="pcs",
    as_of=ago(hours=4),
    asked=eur("84.20"),
    contract=eur("96.12"),
    deviation=Decimal("-12.4"),
    difference=eur("-11.92"),
    candidates=(
        PriceCandidate(
            uid("g1"),
            "AG-2025-014",
            "Halberd frame agreement 2025",
            "net",
            "net 96.12 from 25 pieces (range)",
            "partner Halberd · product SKU-0418",
            date(2025, 1, 1),
            date(2025, 12, 31),
            eur("96.12"),
            "wins",
            "It names this partner and this product, which goes before any group or family.",
        ),
        PriceCandidate(
            uid("g3"),
            "AG-2025-002",
            "Gold tier discounts",
            "discount",
            "18 % off list",
            "group gold · family network",
            date(2025, 1, 1),
            None,
            eur("97.58"),
            "loses",
            "It names a group and a family; a term for the partner and the product goes first.",
        ),
        PriceCandidate(
            uid("g2"),
            "LIST-2025",
            "List prices 2025",
            "list",
            "list 119.00",
            "everyone · product SKU-0418",
            date(2025, 1, 1),
            None,
            eur("119.00"),
            "loses",
            "List prices apply only when nothing else does.",
        ),
        PriceCandidate(
            uid("g4"),
            "AG-2025-030",
            "Spring campaign",
            "net",
            "net 89.00",
            "region DACH · product SKU-0418",
            date(2025, 3, 1),
            date(2025, 5, 31),
            None,
            "not_applicable",
            "It ended on 31 May 2025.",
        ),
    ),
    policy=PolicyRef("price_resolution", "Which agreement sets a price", 2, "most_specific"),
)


MARGIN = MarginView(
    order=ORDER_NO,
    line="2",
    product="SKU-0422",
    description="Edge switch 48-port PoE",
    rows=(
        SumRow("", "Amount", eur("5775.00"), "25 × 231.00"),
        SumRow("−", "Cost", eur("5180.18"), "25 × 207.207"),
        SumRow("=", "Margin", eur("594.82")),
    ),
    share=Decimal("10.3"),
    floor=Decimal(11),
    at_contract=Decimal("21.4"),
    cost_as_of=ago(days=6),
    policy=MARGIN_POLICY,
)


EVALUATION = PolicyEvaluationView(
    order=ORDER_NO,
    title="Price against contract",
    outcome="hold",
    reason="Three lines are 12.4 % below contract; up to 10 % may pass with a flag.",
    policy=PRICE_POLICY,
    hit="first",
    cells=(
        Cell("Price below contract, in %", Percent(Decimal("12.4")), "> 10"),
        Cell("Partner tier", "gold", "'gold', 'silver'", "chained", 2),
        Cell("Special price valid", False, "", "default"),
    ),
    outputs=(Fact("Outcome", "hold"), Fact("Exception", "price_deviation")),
    passed_over=(
        ("within_tolerance", "Price below contract: 12.4 %; the row asks for [-2..2]"),
        ("small_discount", "Price below contract: 12.4 %; the row asks for (2..5]"),
    ),
    decision=uid("d1"),
    decided_at=ago(hours=4),
    digest="5ac1f00d" * 8,
    links=(
        Link(
            "It bought for 410,000 EUR in twelve months",
            PolicyRef("turnover_band", "Turnover bands", 3, "large", "Programme guide 2.1"),
            (Cell("Turnover of twelve months", Decimal(410_000), ">= 250000"),),
            (Fact("Band", "large"),),
        ),
        Link(
            "A large partner that is certified is gold",
            PolicyRef("partner_tier", "Partner tiers", 2, "gold", ""),
            (Cell("Band", "large", "'large'", "chained", 1), Cell("Certified", True, "true", "default")),
            (Fact("Tier", "gold"),),
        ),
    ),
    makers=RuleMakers(ANA, (JONAS,), MIRA, ago(days=20)),
)


CREDIT_VIEW = CreditView(
    f"Order {ORDER_NO}",
    urls.order(ORDER_NO),
    (CREDIT, GROUP_CREDIT),
    CREDIT_POLICY,
    "Over the limit by less than 10 %: Finance decides.",
)


TAX_VIEW = TaxView(ORDER_NO, "Lübeck, Germany", replace(TAX, exemption="certificate DE-2211, valid until 31 Dec 2025"))


STOCK = StockView(
    order=ORDER_NO,
    line="5",
    product="SKU-0930",
    description="Cat 6A cable, 305 m reel",
    warehouse="Rotterdam",
    unit="reel",
    rows=(
        StockRow("", "On hand", Decimal(22)),
        StockRow("−", "Reserved", Decimal("13.5")),
        StockRow("−", "Safety stock", Decimal(4)),
        StockRow("+", "Confirmed inbound", Decimal("1.5")),
    ),
    available=Decimal(6),
    asked=Decimal("8.5"),
    read_at=ago(hours=4),
)


PATH = ApprovalPathView(
    approval=uid("a1"),
    subject="12.4 % below contract on 3 lines",
    steps=(
        PathStep(
            1,
            "channel_manager",
            1,
            ("Ana Keller", "Ravi Menon"),
            "open",
            "A price deviation over 10 % needs the channel manager.",
            "price_over_10",
            ahead(minutes=48),
            "Head of channel",
        ),
        PathStep(
            2,
            "finance",
            2,
            ("Mira Osei", "Paul Adler", "Ida Lund"),
            "waiting",
            "More than €10,000 at stake needs two people of Finance.",
            "price_over_10k",
            None,
        ),
    ),
    facts=(
        Fact("Exception", "price_deviation"),
        Fact("At stake", eur("18420.00")),
        Fact("Margin after", Percent(Decimal("11.2"))),
        Fact("Partner tier", "gold"),
    ),
    policy=MATRIX,
)
