"""The first page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from headgate.console.views.domains import Unproved
from headgate.console.views.home import (
    ChangeToReview,
    DayTotal,
    ExceptionTotal,
    HomeView,
    HourTotal,
    RiskCase,
    WaitingApproval,
)
from tests.unit.ui.samples.base import (
    ANA,
    AURIGA,
    HALBERD,
    KESTREL,
    LYNX,
    MOLEN,
    NOW,
    TERN,
    ago,
    at_risk,
    breached,
    eur,
    running,
    uid,
)

HOME = HomeView(
    as_of=NOW,
    unproved=(
        Unproved("portal", "partners.nordwind.example", "nordwind.example", ago(days=3), ago(days=-11)),
        Unproved("mails", "channel@nordwind.example", "nordwind.example", ago(days=3), ago(days=-11)),
    ),
    today=date(2025, 11, 21),
    reviews=(ChangeToReview("How far a line may stray from its contract price", 2, ANA, ago(days=1), "/policies/p/2"),),
    waiting=(
        WaitingApproval(
            uid("a1"),
            "12.4 % below contract on 3 lines",
            "WEB1-10023",
            HALBERD,
            eur("18420.00"),
            at_risk(minutes=48),
            1,
            2,
        ),
        WaitingApproval(
            uid("a2"),
            "€5,937.75 over the credit limit",
            "WEB2-20417",
            MOLEN,
            eur("26310.50"),
            running(hours=3, minutes=12),
            2,
            2,
        ),
        WaitingApproval(
            uid("a3"),
            "Margin 4.1 % on network switches, floor 8 %",
            "EDI-00871",
            KESTREL,
            eur("9840.00"),
            running(hours=5),
            1,
            1,
        ),
        WaitingApproval(
            uid("a4"),
            "Special price 42.10 for SKU-0418 until 31 Dec",
            "PX-0192",
            AURIGA,
            eur("6915.80"),
            running(days=1, hours=2),
            1,
            2,
        ),
    ),
    arrived=(
        WaitingApproval(
            uid("a9"),
            "3 % below contract on one line",
            "PX-51D0AA17C3E2",
            KESTREL,
            eur("310.00"),
            running(hours=23),
            1,
            1,
        ),
    ),
    waiting_count=4,
    waiting_stake=eur("61486.30"),
    overdue=1,
    at_risk=(
        RiskCase(
            uid("c1"),
            "Held: credit and price deviation",
            TERN,
            "Jonas Brandt",
            eur("31200.00"),
            breached(hours=3, minutes=5),
        ),
        RiskCase(uid("c2"), "12.4 % below contract on 3 lines", HALBERD, "you", eur("18420.00"), at_risk(minutes=48)),
        RiskCase(
            uid("c3"), "Not enough stock for line 2", LYNX, "Order desk", eur("4108.25"), at_risk(hours=1, minutes=20)
        ),
    ),
    at_risk_count=3,
    orders=412,
    orders_amount=eur("1284310.44"),
    untouched=377,
    held=29,
    held_amount=eur("148902.10"),
    straight_through=Decimal("91.5"),
    straight_through_usual=Decimal("88.9"),
    straight_through_target=Decimal(90),
    exceptions=(
        ExceptionTotal("price_deviation", 14, eur("68204.10"), "/orders?exception=price_deviation"),
        ExceptionTotal("credit_limit", 6, eur("51300.00"), "/orders?exception=credit_limit"),
        ExceptionTotal("margin_floor", 5, eur("17988.00"), "/orders?exception=margin_floor"),
        ExceptionTotal("availability", 7, eur("9120.50"), "/orders?exception=availability"),
        ExceptionTotal("duplicate_order", 2, eur("2289.50"), "/orders?exception=duplicate_order"),
    ),
    days=tuple(DayTotal(date(2025, 11, day), 20 * day, day, "/orders") for day in range(8, 22)),
    hours=tuple(
        HourTotal(hour, orders, stopped)
        for hour, (orders, stopped) in enumerate(
            [
                (2, 0),
                (1, 0),
                (0, 0),
                (0, 0),
                (1, 0),
                (3, 0),
                (9, 1),
                (22, 1),
                (41, 3),
                (58, 4),
                (64, 6),
                (61, 4),
                (52, 5),
                (48, 4),
                (50, 1),
            ]
            + [(0, 0)] * 9
        )
    ),
    quarantined=14,
)


QUIET_HOME = replace(
    HOME,
    waiting=(),
    arrived=(),
    waiting_count=0,
    waiting_stake=eur("0"),
    at_risk=(),
    at_risk_count=0,
    orders=0,
    orders_amount=eur("0"),
    untouched=0,
    held=0,
    held_amount=eur("0"),
    straight_through=None,
    straight_through_usual=None,
    exceptions=(),
    hours=(),
    days=(),
    overdue=0,
    quarantined=0,
)
