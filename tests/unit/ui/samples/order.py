"""One order, in three states."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from headgate.console.views.common import (
    AuditLine,
    Fact,
    PolicyRef,
    TimelineEntry,
)
from headgate.console.views.order import (
    Check,
    OrderLine,
    OrderNeeds,
    OrderPrice,
    OrderView,
    Reservation,
)
from headgate.ui.figures import Percent, Quantity
from tests.unit.ui.samples.base import (
    CREDIT_POLICY,
    HALBERD,
    JONAS,
    LENA,
    MARGIN_POLICY,
    MATRIX,
    PRICE_POLICY,
    SHOP,
    SYSTEM,
    ago,
    ahead,
    at_risk,
    eur,
    uid,
)
from tests.unit.ui.samples.credit_tax import CREDIT, FREE_CREDIT, GROUP_CREDIT, TAX

ORDER_NO = "WEB1-10023"


LINES = (
    OrderLine(
        "1",
        "SKU-0418",
        "Edge switch 24-port PoE",
        Decimal(40),
        "pcs",
        eur("84.20"),
        eur("96.12"),
        Decimal("-12.4"),
        Decimal("9.1"),
        eur("3368.00"),
        Decimal(0),
        ("price_deviation",),
    ),
    OrderLine(
        "2",
        "SKU-0422",
        "Edge switch 48-port PoE",
        Decimal(25),
        "pcs",
        eur("231.00"),
        eur("263.70"),
        Decimal("-12.4"),
        Decimal("10.3"),
        eur("5775.00"),
        Decimal(0),
        ("price_deviation", "margin_floor"),
    ),
    OrderLine(
        "3",
        "SKU-0777",
        "SFP+ module 10G, 10 km",
        Decimal(120),
        "pcs",
        eur("38.90"),
        eur("44.41"),
        Decimal("-12.407"),
        Decimal("12.2"),
        eur("4668.00"),
        Decimal(0),
        ("price_deviation",),
    ),
    OrderLine(
        "4",
        "SKU-0102",
        "Handbook, printed",
        Decimal(37),
        "pcs",
        eur("19.50"),
        eur("19.50"),
        Decimal(0),
        Decimal("41.0"),
        eur("721.50"),
        Decimal(12),
    ),
    OrderLine(
        "5",
        "SKU-0930",
        "Cat 6A cable, 305 m reel",
        Decimal("8.5"),
        "reel",
        eur("119.911765"),
        None,
        None,
        None,
        eur("1019.25"),
        Decimal(0),
    ),
)


CHECKS = (
    Check(
        "price_deviation",
        "Price against contract",
        "hold",
        "Three lines are 12.4 % below contract; up to 10 % may pass with a flag.",
        PRICE_POLICY,
        (
            Fact("Price below contract", Percent(Decimal("12.4"))),
            Fact("Partner tier", "gold"),
            Fact("Amount of these lines", eur("13811.00")),
            Fact("Special price valid", False),
        ),
        ("1", "2", "3"),
    ),
    Check(
        "credit",
        "Credit",
        "hold",
        "The order takes the account €5,937.75 over its limit.",
        CREDIT_POLICY,
        (
            Fact("Exposure with this order", eur("255937.75")),
            Fact("Credit limit", eur("250000.00")),
            Fact("Oldest overdue", Quantity(Decimal(22), "days")),
            Fact("On hold", False),
        ),
    ),
    Check(
        "margin_floor",
        "Margin floor",
        "flag",
        "Line 2 makes 10.3 %; network equipment should make 11 %.",
        MARGIN_POLICY,
        (Fact("Margin of the line", Percent(Decimal("10.3"))), Fact("Floor of the family", Percent(Decimal(11)))),
        ("2",),
    ),
    Check(
        "partner",
        "Partner and terms",
        "pass",
        "Known, active, terms as agreed.",
        PolicyRef("order_release", "What happens to an order after its checks", 5, "known_partner"),
        (Fact("Status", "active"), Fact("Terms", "30 days net")),
    ),
    Check(
        "availability",
        "Availability",
        "pass",
        "All five lines can be promised today.",
        PolicyRef("order_release", "What happens to an order after its checks", 5, "in_stock"),
        (Fact("Lines short", 0),),
    ),
    Check("tax", "Tax", "pass", "Rates known for DE; no exemption.", None, (Fact("Tax", eur("2868.25")),)),
    Check(
        "duplicate",
        "Duplicate order",
        "pass",
        "No order like it in the last 24 hours.",
        PolicyRef("order_release", "What happens to an order after its checks", 5),
        (Fact("Most alike", "WEB1-10002"), Fact("Likeness", Percent(Decimal(31)))),
    ),
    Check(
        "export",
        "Ship-to and export rules",
        "pass",
        "Germany; no controlled product.",
        None,
        (Fact("Country", "DE"), Fact("Controlled products", ())),
    ),
)


HISTORY = (
    TimelineEntry(ago(hours=4, minutes=1), SHOP, "event", "sent the order", seq=48201),
    TimelineEntry(
        ago(hours=4),
        SYSTEM,
        "hold",
        "held it: price deviation, credit",
        policy=PolicyRef("order_release", "", 5, "needs_approval"),
        seq=48203,
    ),
    TimelineEntry(
        ago(hours=4),
        SYSTEM,
        "task",
        "asked Channel manager, then Finance, to approve",
        href="/approvals/1",
        policy=MATRIX,
        seq=48204,
    ),
    TimelineEntry(
        ago(hours=2, minutes=20),
        JONAS,
        "note",
        "added a note",
        quote="Halberd needs this for the Lübeck rollout; they offered to take the remaining 60 in January.",
        seq=48377,
    ),
    TimelineEntry(ago(minutes=70), SYSTEM, "timer", "warned that time runs out", seq=48512),
)


AUDIT_LINES = (
    AuditLine(48204, ago(hours=4), SYSTEM, "approval.requested", "approval", "a1", "9f2c11ab77e0d1c2a4", "verified"),
    AuditLine(48203, ago(hours=4), SYSTEM, "order.decided", "order", ORDER_NO, "77ab02c4e1f09d3388", "verified"),
    AuditLine(
        48201, ago(hours=4, minutes=1), SHOP, "order.submitted", "order", ORDER_NO, "c0ffee12ab9034de11", "linked"
    ),
)


PRICES = (
    OrderPrice("PX-00A1B2C3D4E5", "Edge switch, 24 ports", "deciding", eur("412.50"), ago(minutes=30), uid("c7")),
    OrderPrice("PX-00A1B2C3D4E4", "SKU-0102", "withdrawn", eur("18.00"), ago(hours=1), uid("c8")),
)


ORDER = OrderView(
    order=ORDER_NO,
    revision=2,
    status="held",
    partner=HALBERD,
    storefront="Northshop",
    customer_reference="PO 4500081223",
    placed_at=ago(hours=4, minutes=1),
    received_at=ago(hours=4, minutes=1),
    terms="30 days net",
    ship_to="Lübeck, Germany",
    requested_by=LENA,
    exceptions=("price_deviation", "credit_limit"),
    net=eur("15551.75"),
    tax=eur("2868.25"),
    total=eur("18420.00"),
    margin=Decimal("11.2"),
    tenant_total=None,
    rate=None,
    rate_on=None,
    needs=OrderNeeds(
        "Held: 12.4 % below contract and over the credit limit. Waits for you, then for Finance.",
        "/approvals/1",
        "Decide on the price",
        at_risk(minutes=48),
    ),
    case_id=uid("c2"),
    decision=uid("d1"),
    decided_at=ago(hours=4),
    lines=LINES,
    checks=CHECKS,
    credit=(CREDIT, GROUP_CREDIT),
    reservations=(
        Reservation("1", "SKU-0418", "Hamburg", Decimal(40), "pcs", "held", ahead(hours=20), "Edge switch, 24 ports"),
        Reservation("4", "SKU-0102", "Hamburg", Decimal(12), "pcs", "shipped", None),
        Reservation("5", "SKU-0930", "Rotterdam", Decimal("2.5"), "reel", "short", None),
    ),
    tax_snapshot=TAX,
    history=HISTORY,
    audit=AUDIT_LINES,
    proof="verified",
    verified_at=ago(hours=1),
    prices=PRICES,
)


RELEASED_ORDER = replace(
    ORDER,
    status="released",
    needs=None,
    exceptions=(),
    case_id=None,
    prices=(),
    revision=1,
    credit=(FREE_CREDIT,),
    reservations=(),
    checks=tuple(replace(check, outcome="pass") for check in CHECKS),
    tenant_total=eur("21366.10"),
    rate=Decimal("1.159940"),
    rate_on=date(2025, 11, 20),
    lines=tuple(replace(line, exceptions=()) for line in LINES),
    history=HISTORY[:1],
    proof="linked",
    verified_at=None,
)


NEW_ORDER = replace(
    RELEASED_ORDER,
    status="received",
    checks=(),
    credit=(),
    tax_snapshot=None,
    decision=None,
    decided_at=None,
    tenant_total=None,
)
