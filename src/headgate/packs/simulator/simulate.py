"""Put a channel together: masters, agreements, orders, what is planted in them, and the events of the weeks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from headgate.domain.fx import FxRate
from headgate.kernel.errors import Invalid
from headgate.packs.simulator.anomalies import SPLIT_LIMIT, Planted, Planting
from headgate.packs.simulator.credits import Credits
from headgate.packs.simulator.demand import Demand, number_orders
from headgate.packs.simulator.masters import HOME, make_partners, make_products, make_rates
from headgate.packs.simulator.model import ZERO, Event, GroundTruth, Partner, Product, Simulation, TenantProfile
from headgate.packs.simulator.names import COUNTRIES, EMBARGOED, STOREFRONTS
from headgate.packs.simulator.plan import Step, plan_steps, weekly_needs
from headgate.packs.simulator.prices import PriceDesk, make_agreements, make_desk
from headgate.packs.simulator.returns import made_returns
from headgate.packs.simulator.stocks import Stocks
from headgate.packs.simulator.world import ERP, World, product_item

ZONE = ZoneInfo("Europe/Berlin")
_BATCH = 200

TENANT = TenantProfile(
    slug="nordwind",
    name="Nordwind Distribution",
    currency="EUR",
    timezone="Europe/Berlin",
    settings={
        "orders": {
            "home_country": HOME,
            "embargoed": list(EMBARGOED),
            "duplicate_days": 7,
            "split_limit": str(SPLIT_LIMIT),
            "split_hours": 24,
        }
    },
)


def simulate(
    seed: int, start: date, weeks: int = 12, partners: int = 60, products: int = 800, storefronts: int = 3
) -> Simulation:
    """A distributor's channel from midnight of `start` in Berlin, with planted anomalies and their ground truth.

    Pure: the same arguments give the same simulation. Raises `Invalid` for sizes that make no channel.
    """
    _check(weeks, partners, products, storefronts)
    begin = datetime.combine(start, time(), ZONE)
    end = datetime.combine(start + timedelta(weeks=weeks), time(), ZONE)
    shops = STOREFRONTS[:storefronts]
    people = make_partners(_random(seed, "partners"), partners, shops)
    catalogue = make_products(_random(seed, "products"), products)
    rates = make_rates(_random(seed, "rates"), start, weeks)
    agreements = make_agreements(_random(seed, "agreements"), people, catalogue, rates[1], begin, weeks)
    desk = make_desk(agreements, rates, begin)
    demand = Demand(_random(seed, "demand"), people, catalogue, desk, ZONE)
    stale = frozenset((net.partner, net.product) for net in agreements.stale)
    active = [p for p in people if p.status == "active"]
    sound = [
        demand.order(at, partner, stale if at >= agreements.expiry else frozenset())
        for at, partner in demand.times(active, begin, weeks)
    ]
    by_code = {p.code: p for p in catalogue}
    planting = Planting(
        _random(seed, "planting"),
        demand,
        desk,
        {p.code: p for p in people},
        by_code,
        agreements,
        begin,
        end,
        sound,
    )
    planting.plant()
    orders = [order for order in (*sound, *planting.added) if order.at < end]
    number_orders(orders, shops)
    planted = [p for p in planting.planted if p.order.number]
    touched = {p.order.number for p in planted} | {o.number for p in planted for o in p.related}
    steps = plan_steps(_random(seed, "steps"), orders, touched, by_code, demand, end)
    requests = _price_exceptions(_random(seed, "requests"), active, catalogue, desk, shops, begin, weeks)

    def world(limits: Mapping[str, Decimal] | None) -> World:
        accounts = Credits(people, desk, limits)
        accounts.open_with(_turnover(steps, weeks), begin)
        sizing = {p.order.number: p for p in planted if p.amount is None and limits is not None}
        stocks = Stocks(catalogue, _random(seed, "stock"))
        return World(people, by_code, desk, demand, rates, begin, agreements.expiry, stocks, accounts, sizing)

    short = frozenset(p.order.number for p in planted if p.kind == "out_of_stock")
    needs = weekly_needs(steps, begin, weeks, short)
    rehearsal = world(None)
    rehearsal.run(steps, needs, ())
    final = world(rehearsal.credits.limits())
    opening = final.credits.bill(begin)
    stream = final.run(steps, needs, requests)
    back = made_returns(_random(seed, "returns"), stream, by_code, touched, end)
    stream = sorted([*stream, *back], key=lambda e: e.time)
    truth = [_truth(p, final.sized) for p in sorted(planted, key=lambda p: (p.order.at, p.order.number))]
    return Simulation(
        seed=seed,
        start=begin,
        end=end,
        tenant=TENANT,
        storefronts=shops,
        partners=people,
        products=catalogue,
        agreements=agreements.documents,
        masters=tuple(_masters(people, catalogue, rates, opening, begin - timedelta(days=1))),
        stream=tuple(stream),
        ground_truth=tuple(truth),
        counts={
            "orders": len(orders),
            "planted": len(touched),
            "short": len(final.short),
            "returns": sum(e.type == "rma.requested" for e in back),
        },
    )


def _random(seed: int, part: str) -> Random:
    """A source of its own for each part, so that a change in one does not shift the others."""
    return Random(f"{seed}:{part}")  # noqa: S311 - a simulation, not a secret


def _check(weeks: int, partners: int, products: int, storefronts: int) -> None:
    if not (2 <= weeks <= 104 and 10 <= partners <= 2000 and 100 <= products <= 20_000):
        raise Invalid("a simulation has 2 to 104 weeks, 10 to 2,000 partners and 100 to 20,000 products")
    if not 1 <= storefronts <= len(STOREFRONTS):
        raise Invalid(f"a simulation has 1 to {len(STOREFRONTS)} storefronts")


def _truth(planted: Planted, sized: Mapping[str, Decimal]) -> GroundTruth:
    amount = sized.get(planted.order.number) if planted.amount is None else planted.amount
    return replace(planted, amount=amount).truth()


def _turnover(steps: Sequence[Step], weeks: int) -> dict[str, Decimal]:
    """What an account buys in a week, in its currency, net."""
    total: dict[str, Decimal] = {}
    for step in steps:
        if step.kind == "submit" and step.order.fate in ("release", "flag"):
            account = step.order.partner.account
            total[account] = total.get(account, ZERO) + step.order.net()
    return {account: amount / weeks for account, amount in total.items()}


def _masters(
    partners: Sequence[Partner],
    products: Sequence[Product],
    rates: Sequence[Mapping[tuple[str, str], FxRate]],
    accounts: list[dict[str, Any]],
    at: datetime,
) -> list[Event]:
    """What must be known before the first order, in the order in which it must become known."""
    since = (at - timedelta(days=400)).date().isoformat()
    taxes = [
        {"jurisdiction": c.code, "tax_class": kind, "rate": rate, "valid_from": since}
        for c in COUNTRIES
        for kind, rate in (("standard", c.standard), ("reduced", c.reduced))
    ]
    fx = [
        {"base": r.base, "quote": r.quote, "rate": format(r.rate, "f"), "valid_on": r.on.isoformat() if r.on else since}
        for week in rates[:2]
        for r in week.values()
    ]
    exemptions = [
        {"partner": p.code, "jurisdiction": p.country, "certificate": f"RC-{p.tax_id}", "valid_from": since}
        for p in partners
        if p.tax_exempt
    ]
    sections = (
        ("tax_rate.recorded", taxes),
        ("fx_rate.recorded", fx),
        ("credit_account.recorded", accounts),
        ("partner.recorded", [_partner_item(p) for p in partners]),
        ("exemption.recorded", exemptions),
        ("product.recorded", [product_item(p) for p in products]),
    )
    return [
        Event(
            ERP, f"masters:{kind}:{number}", kind, kind.partition(".")[0], at, {"items": items[first : first + _BATCH]}
        )
        for kind, items in sections
        for number, first in enumerate(range(0, len(items), _BATCH))
    ]


def _partner_item(partner: Partner) -> dict[str, Any]:
    return {
        "partner": partner.code,
        "name": partner.name,
        "legal_name": partner.legal_name,
        "country": partner.country,
        "region": partner.region,
        "tier": partner.tier,
        "groups": list(partner.groups),
        "channel": partner.channel,
        "terms": partner.terms,
        "account": partner.account,
        "status": partner.status,
        "tax_id": partner.tax_id,
        "email": partner.email,
    }


def _price_exceptions(
    rng: Random,
    partners: Sequence[Partner],
    products: Sequence[Product],
    desk: PriceDesk,
    storefronts: Sequence[str],
    start: datetime,
    weeks: int,
) -> list[Event]:
    """About two requests a week for a special price, some within reason and some not."""
    reasons = ("A tender of the city", "A competitor offers less", "Roll-out for one customer", "End-of-quarter deal")
    popular = [p for p in products if p.status == "active" and p.appeal > 0.05]
    found = []
    for number in range(weeks * 2):
        partner, product = rng.choice(partners), rng.choice(popular)
        day = start + timedelta(days=rng.randrange(weeks * 7), hours=rng.randint(8, 16), minutes=rng.randrange(60))
        contract = desk.contract(partner, product, product.typical, day)
        price = (contract * (100 - rng.randint(3, 12)) / 100).quantize(Decimal("0.01"))
        request = f"PX-{1001 + number}"
        data = {
            "request": request,
            "partner": partner.code,
            "product": product.code,
            "unit_price": format(price, "f"),
            "currency": partner.currency,
            "max_quantity": str(product.multiple * rng.randint(5, 40)),
            "valid_from": day.date().isoformat(),
            "valid_until": (day.date() + timedelta(days=rng.choice((14, 30, 45)))).isoformat(),
            "justification": f"{rng.choice(reasons)}, {rng.randint(10, 90)} pieces expected",
            "requested_by": rng.choice(partner.buyers),
        }
        source = f"storefront/{partner.storefront if partner.storefront in storefronts else storefronts[0]}"
        found.append(Event(source, f"requested:{request}", "price_exception.requested", request, day, data))
    return sorted(found, key=lambda e: e.time)
