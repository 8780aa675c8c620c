"""What the components of the style guide are shown with: made up, and the same for everybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from headgate.console import urls
from headgate.console.views.common import (
    AppliedFilter,
    Change,
    Clock,
    Fact,
    Option,
    Person,
    PolicyRef,
    SumRow,
    Tab,
    TimelineEntry,
)
from headgate.console.views.styleguide import Bar, Specimens, StyleguideView
from headgate.kernel.money import Money
from headgate.ui.assets import STATIC
from headgate.ui.figures import Percent, Quantity
from headgate.ui.tokens import token_groups
from headgate.ui.words import STATES

_ADA = Person("user:ada", "Ada Example")
_POLICY = PolicyRef("price_deviation", "How far a price may stray", 4, "deep_discount", "Price policy §2.3")


def styleguide(now: datetime) -> StyleguideView:
    """The page as of an instant."""
    names = (STATIC.parent / "icons.txt").read_text(encoding="utf-8").split()
    return StyleguideView(token_groups(), STATES, _specimens(now), tuple(sorted(set(names))))


def _eur(text: str) -> Money:
    return Money(Decimal(text), "EUR")


def _specimens(now: datetime) -> Specimens:
    hour = timedelta(hours=1)
    return Specimens(
        amounts=(_eur("18420"), _eur("-80.5"), _eur("0"), Money(Decimal(1250), "JPY"), None),
        clocks=(
            Clock("running", now + 30 * hour),
            Clock("warned", now + hour / 2),
            Clock("breached", now - 3 * hour),
            Clock("paused", None),
            Clock("met", now),
        ),
        people=(_ADA, Person("service:shop", "Webshop", "service"), Person("agent:watch", "Margin watch", "agent")),
        facts=(
            Fact("Contract price", _eur("10")),
            Fact("Below contract", Percent(Decimal("12.4"))),
            Fact("Quantity", Quantity(Decimal(40), "EA")),
            Fact("Requested by", "Ada Example"),
            Fact("Repeat order", True),
            Fact("Lead time", None),
        ),
        sums=(
            SumRow("", "Receivables", _eur("4100")),
            SumRow("+", "Open orders", _eur("900.5"), "two orders"),
            SumRow("−", "Deposits", _eur("500")),
            SumRow("=", "Exposure", _eur("4500.5")),
        ),
        policies=(_POLICY, PolicyRef("margin_floor", "The least margin", 2)),
        timeline=_timeline(now),
        tabs=(Tab("Mine", urls.STYLEGUIDE, 7, current=True), Tab("My team's", urls.STYLEGUIDE, 12)),
        filters=(
            AppliedFilter("Status", "Held", urls.STYLEGUIDE),
            AppliedFilter("Partner", "Halberd GmbH", urls.STYLEGUIDE),
        ),
        options=(Option("held", "Held", 12), Option("released", "Released", 340)),
        bars=tuple(Bar(orders, stopped) for orders, stopped in ((12, 2), (30, 4), (22, 9), (41, 3), (35, 0), (8, 8))),
        shares=(
            ("Price deviation", "12 orders", _eur("48210"), urls.STYLEGUIDE),
            ("Credit limit", "4 orders", _eur("31200"), urls.STYLEGUIDE),
            ("Availability", "9 orders", _eur("4108"), urls.STYLEGUIDE),
        ),
        long_ago=now - timedelta(days=3),
    )


def _timeline(now: datetime) -> tuple[TimelineEntry, ...]:
    at = [now - timedelta(hours=hours) for hours in (26, 25, 3, 1)]
    shop = Person("source:shop", "Webshop", "service")
    engine = Person("system", "Headgate", "system")
    bo = Person("user:bo", "Bo Example")
    return (
        TimelineEntry(at[0], shop, "event", "sent the order"),
        TimelineEntry(at[1], engine, "hold", "held it: 12.4 % below contract", policy=_POLICY),
        TimelineEntry(
            at[2],
            _ADA,
            "edit",
            "approved with changes",
            quote="Agreed for this quarter only.",
            on_behalf_of=bo,
            changes=(Change("Price of line 1", _eur("8"), _eur("8.75")),),
            seq=1024,
        ),
        TimelineEntry(at[3], engine, "release", "released the order"),
    )
