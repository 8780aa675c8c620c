"""The price agreements of the simulated channel, and the desk that prices an order by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from random import Random
from typing import Any

from headgate.domain.fx import FxRate, Rates
from headgate.domain.pricing import PriceBook, PriceQuery, Term, Tier, price_book, resolve_price
from headgate.kernel.canonical import instant_text
from headgate.packs.simulator.model import Partner, Product

CENT = Decimal("0.01")
# Percent off list by tier; services and subscriptions give less.
_GROUP = {"platinum": (12, 5), "gold": (9, 4), "silver": (6, 3), "bronze": (3, 0)}
_THIN_FAMILIES = ("services", "subscriptions")
# The least a family must earn of its price, in percent; agreements stay some points above it.
FLOORS = {"hardware": 6, "software": 10, "subscriptions": 10, "services": 25}
OTHER_FLOOR = 12


@dataclass(frozen=True, slots=True)
class NetPrice:
    """A partner's own price for a product, in its own currency."""

    agreement: str
    partner: str
    product: str
    value: Decimal
    tiers: tuple[Tier, ...]
    mode: str


@dataclass(frozen=True, slots=True)
class Agreements:
    """All agreements as authored, the terms they make, and the partner prices by the part they play.

    `expiring` end at `expiry`; `stale` are close to their floor, and their products' cost rises at that time too.
    """

    documents: tuple[Mapping[str, Any], ...]
    terms: tuple[Term, ...]
    expiring: tuple[NetPrice, ...]
    stale: tuple[NetPrice, ...]
    expiry: datetime


@dataclass(frozen=True, slots=True)
class PriceDesk:
    """Answers what a partner's contract price is, exactly as governance will work it out."""

    book: PriceBook
    rates: Sequence[Mapping[tuple[str, str], FxRate]]
    start: datetime

    def rates_at(self, at: datetime) -> Rates:
        """The exchange rates of the week of an instant (UTC)."""
        week = (at.date() - self.start.date()).days // 7
        return self.rates[max(0, min(week + 1, len(self.rates) - 1))]

    def contract(self, partner: Partner, product: Product, quantity: int, at: datetime) -> Decimal:
        """The contract price per unit in the partner's currency, rounded half up to the cent as shops charge it."""
        rates = self.rates_at(at)
        query = PriceQuery(
            partner=partner.code,
            product=product.code,
            quantity=Decimal(quantity),
            currency=partner.currency,
            at=at,
            as_known=at,
            groups=partner.groups,
            region=partner.region,
            channel=partner.channel,
            family=product.family,
            cost=product.cost,
            cost_currency="EUR",
            fx=rates,
        )
        found = resolve_price(query, self.book).unit_price
        assert found is not None, f"{product.code} has no price"
        return found.quantize(CENT, ROUND_HALF_UP)

    def in_eur(self, amount: Decimal, currency: str, at: datetime) -> Decimal:
        """An amount in EUR at the rate of its week, rounded half up to the cent."""
        return self.convert(amount, currency, "EUR", at)

    def convert(self, amount: Decimal, source: str, target: str, at: datetime) -> Decimal:
        """An amount in another currency, through EUR, rounded half up to the cent."""
        rates = self.rates_at(at)
        if source != "EUR":
            amount = amount / rates["EUR", source].rate
        if target != "EUR":
            amount = amount * rates["EUR", target].rate
        return amount.quantize(CENT, ROUND_HALF_UP)


def floor_of(family: str) -> int:
    """The least margin of a family in percent of its price."""
    return FLOORS.get(family, OTHER_FLOOR)


def make_agreements(
    rng: Random,
    partners: Sequence[Partner],
    products: Sequence[Product],
    rates: Mapping[tuple[str, str], FxRate],
    start: datetime,
    weeks: int,
) -> Agreements:
    """List prices, discounts by tier, a family promotion by channel, and partner prices with slabs and ranges."""
    since = start - timedelta(days=60)
    expiry = start + timedelta(weeks=max(1, weeks // 3))
    authored = [_list(products, since), *_tiers(since), _promotion(since)]
    nets = _nets(rng, partners, products, rates)
    expiring, stale = _parts(nets, products)
    for partner in partners:
        own = [net for net in nets if net.partner == partner.code]
        for label, chosen, until in (
            ("", [n for n in own if n not in expiring], None),
            ("-OLD", [n for n in own if n in expiring], expiry),
        ):
            if chosen:
                authored.append(_net_agreement(partner, f"NET-{partner.code}{label}", chosen, since, until))
    documents = tuple(authored)
    return Agreements(documents, tuple(_terms(documents)), expiring, stale, expiry)


def _parts(nets: Sequence[NetPrice], products: Sequence[Product]) -> tuple[tuple[NetPrice, ...], tuple[NetPrice, ...]]:
    """Some nets of plain form end early; some others will be overtaken by their products' cost."""
    rising = {product.code for product in products if product.later_cost is not None}
    plain = [net for net in nets if net.mode == "none"]
    stale = tuple(net for net in plain if net.product in rising)
    expiring = tuple(net for net in plain if net.product not in rising)[::3]
    return expiring, stale


def _agreement(code: str, title: str, kind: str, since: datetime, terms: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "code": code,
        "title": title,
        "kind": kind,
        "currency": "EUR",
        "valid_from": instant_text(since),
        "terms": terms,
    }


def _list(products: Sequence[Product], since: datetime) -> dict[str, Any]:
    terms = [
        {"method": "list", "product": p.code, "value": format(p.list_price, "f"), "description": p.name}
        for p in products
    ]
    return _agreement("LIST-EUR", "List prices", "list", since, terms)


def _tiers(since: datetime) -> list[dict[str, Any]]:
    found = []
    for tier, (usual, thin) in _GROUP.items():
        group = f"tier-{tier}"
        terms: list[dict[str, Any]] = [{"method": "discount", "partner_group": group, "value": str(usual)}]
        terms += [
            {"method": "discount", "partner_group": group, "family": family, "value": str(thin)}
            for family in _THIN_FAMILIES
        ]
        found.append(_agreement(f"TIER-{tier.upper()}", f"Discounts for {tier} partners", "contract", since, terms))
    return found


def _promotion(since: datetime) -> dict[str, Any]:
    tiers = [{"from": "1", "value": "10"}, {"from": "50", "value": "13"}, {"from": "200", "value": "16"}]
    term = {
        "method": "discount",
        "partner_group": "channel-online",
        "channel": "online",
        "family": "accessories",
        "value": "0",
        "tier_mode": "range",
        "tiers": tiers,
    }
    return _agreement("PROMO-ACCESSORIES", "Accessories by quantity for online shops", "promotion", since, [term])


def _nets(
    rng: Random, partners: Sequence[Partner], products: Sequence[Product], rates: Mapping[tuple[str, str], FxRate]
) -> list[NetPrice]:
    """Two partners in five have their own prices, for products that sell well and for those whose cost will rise."""
    active = [p for p in partners if p.status == "active"]
    popular = sorted((p for p in products if p.status == "active"), key=lambda p: (-p.appeal, p.code))[
        : len(products) // 3
    ]
    rising = [p for p in products if p.later_cost is not None]
    found: list[NetPrice] = []
    for partner in sorted(rng.sample(active, max(1, len(active) * 2 // 5)), key=lambda p: p.code):
        chosen = rng.sample(popular, min(len(popular), rng.randint(8, 22)))
        chosen += [p for p in rng.sample(rising, min(len(rising), 3)) if p not in chosen]
        found.extend(_net(rng, partner, product, rates) for product in sorted(chosen, key=lambda p: p.code))
    return found


def _net(rng: Random, partner: Partner, product: Product, rates: Mapping[tuple[str, str], FxRate]) -> NetPrice:
    usual, thin = _GROUP[partner.tier]
    off = (thin if product.family in _THIN_FAMILIES else usual) + rng.randint(3, 9)
    least = product.cost * 100 / (100 - floor_of(product.family) - 4)
    price = max(product.list_price * (100 - off) / 100, least)
    if product.later_cost is not None:
        price = least
    if partner.currency != "EUR":
        price = price * rates["EUR", partner.currency].rate
    value = price.quantize(CENT, ROUND_UP)
    mode = "none" if product.later_cost is not None else rng.choices(("none", "range", "slab"), (70, 20, 10))[0]
    tiers = () if mode == "none" else _net_tiers(product, value)
    return NetPrice(f"NET-{partner.code}", partner.code, product.code, value, tiers, mode)


def _net_tiers(product: Product, lowest: Decimal) -> tuple[Tier, ...]:
    """Dearer in small quantities: the lowest price is that of the last tier."""
    first, second = product.typical, product.typical * 4
    steps = ((1, 104), (max(2, first), 102), (max(3, second), 100))
    return tuple(Tier(Decimal(start), (lowest * pct / 100).quantize(CENT, ROUND_UP)) for start, pct in steps)


def _net_agreement(
    partner: Partner, code: str, nets: Sequence[NetPrice], since: datetime, until: datetime | None
) -> dict[str, Any]:
    terms = []
    for net in nets:
        term: dict[str, Any] = {"method": "net", "product": net.product, "value": format(net.value, "f")}
        if net.mode != "none":
            tiers = [{"from": format(t.start, "f"), "value": format(t.value, "f")} for t in net.tiers]
            term |= {"tier_mode": net.mode, "tiers": tiers, "value": "0"}
        terms.append(term)
    title = f"Net prices of {partner.name}" + ("" if until is None else " (until the spring round)")
    found = _agreement(code, title, "net", since, terms) | {"partner": partner.code, "currency": partner.currency}
    return found if until is None else found | {"valid_until": instant_text(until)}


def _terms(documents: Sequence[Mapping[str, Any]]) -> list[Term]:
    """The terms as pricing knows them once the agreements are active."""
    return [
        Term(
            agreement=document["code"],
            code=document["code"],
            revision=1,
            term=number,
            method=term["method"],
            value=Decimal(term["value"]),
            currency=document["currency"],
            valid_from=datetime.fromisoformat(document["valid_from"]),
            recorded_at=datetime.fromisoformat(document["valid_from"]),
            kind=document["kind"],
            valid_until=datetime.fromisoformat(document["valid_until"]) if "valid_until" in document else None,
            partner=document.get("partner"),
            partner_group=term.get("partner_group"),
            channel=term.get("channel"),
            product=term.get("product"),
            family=term.get("family"),
            tier_mode=term.get("tier_mode", "none"),
            tiers=tuple(Tier(Decimal(t["from"]), Decimal(t["value"])) for t in term.get("tiers", ())),
        )
        for document in documents
        for number, term in enumerate(document["terms"], 1)
    ]


def make_desk(agreements: Agreements, rates: Sequence[Mapping[tuple[str, str], FxRate]], start: datetime) -> PriceDesk:
    """A desk over active agreements."""
    return PriceDesk(price_book(agreements.terms), rates, start)
