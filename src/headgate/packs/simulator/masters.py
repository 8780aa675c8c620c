"""Partners, products, taxes and exchange rates of the simulated channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from headgate.domain.fx import FxRate
from headgate.packs.simulator.model import Partner, Product
from headgate.packs.simulator.names import (
    BY_COUNTRY,
    CATEGORIES,
    COUNTRIES,
    FIRST_NAMES,
    LAST_NAMES,
    SERIES,
    STEMS,
    STOCKED,
    TRADES,
    Category,
    CountryProfile,
)

HOME = "DE"
TIERS = (("platinum", 10), ("gold", 25), ("silver", 40), ("bronze", 25))
CHANNELS = ("integrator", "retail", "online", "public-sector")
_SIZE = {"platinum": 1.9, "gold": 1.3, "silver": 0.9, "bronze": 0.6}
_TERMS = {"platinum": "NET45", "gold": "NET30", "silver": "NET30", "bronze": "NET14"}
# One EUR in other currencies at the start; each week moves a little.
_EUR = {"CHF": 93_800, "GBP": 84_600, "SEK": 1_124_000, "DKK": 745_900, "PLN": 427_500, "CZK": 2_518_000}
_BLOCKED = 2
# Whose supplier raises the cost during the simulation, by this many percent: well-earning articles of middling appeal.
_RISING = frozenset({"switches", "wireless", "docks", "headsets", "input"})
_RISE = 10
_CENT = Decimal("0.01")
_ASCII = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def make_partners(rng: Random, count: int, storefronts: tuple[str, ...]) -> tuple[Partner, ...]:
    """Partners with credit accounts; some of them belong to groups with a parent account.

    The last two are blocked.
    """
    names = _company_names(rng, count)
    tiers = _spread(rng, TIERS, count)
    countries = _spread(rng, [(c.code, c.share) for c in COUNTRIES], count)
    made = []
    for number in range(1, count + 1):
        stem, trade = names[number - 1]
        place = BY_COUNTRY[countries[number - 1]]
        tier = tiers[number - 1]
        made.append(
            _partner(rng, number, f"{stem} {trade}", place, tier, storefronts, blocked=number > count - _BLOCKED)
        )
    return _in_groups(tuple(made))


def _partner(
    rng: Random,
    number: int,
    name: str,
    place: CountryProfile,
    tier: str,
    storefronts: tuple[str, ...],
    *,
    blocked: bool,
) -> Partner:
    domain = name.lower().translate(_ASCII).replace(" ", "-")
    buyers = tuple(
        f"user:{rng.choice(FIRST_NAMES).lower()}.{rng.choice(LAST_NAMES).lower()}@{domain}.example"
        for _ in range(rng.randint(1, 3))
    )
    channel = rng.choices(CHANNELS, (5, 3, 3, 2))[0]
    late = rng.choices((0, 4, 12, 45), (60, 24, 11, 5))[0]
    return Partner(
        code=f"P-{number:04}",
        name=name,
        legal_name=f"{name} {rng.choice(place.forms)}",
        country=place.code,
        region=place.region,
        tier=tier,
        groups=(f"tier-{tier}", f"channel-{channel}"),
        channel=channel,
        terms=_TERMS[tier],
        account=f"A-{number:04}",
        status="blocked" if blocked else "active",
        tax_id=f"{place.code}{rng.randint(10**8, 10**9 - 1)}",
        email=f"orders@{domain}.example",
        currency=place.currency,
        buyers=buyers,
        ship_to=tuple(_address(rng, name, place) for _ in range(rng.randint(1, 3))),
        storefront=rng.choices(storefronts, range(len(storefronts) + 1, 1, -1))[0],
        activity=0.15 if blocked else min(max(rng.lognormvariate(0, 0.55), 0.3), 3.5),
        size=_SIZE[tier] * rng.uniform(0.85, 1.2),
        late_days=late,
        tax_exempt=place.code != HOME and rng.random() < 0.85,
    )


def _address(rng: Random, name: str, place: CountryProfile) -> dict[str, str]:
    postcode, city = rng.choice(place.places)
    street = f"{rng.choice(place.streets)} {rng.randint(1, 140)}"
    return {"name": name, "country": place.code, "postcode": postcode, "city": city, "street": street}


def _in_groups(partners: tuple[Partner, ...]) -> tuple[Partner, ...]:
    """Two of every eight of the first 32 euro partners share a parent account."""
    euro = [p.code for p in partners if p.currency == "EUR" and p.status == "active"]
    pairs = {code: f"A-G{place // 8 + 1:02}" for place, code in enumerate(euro) if place % 8 < 2 and place < 32}
    return tuple(replace(p, parent_account=pairs.get(p.code, "")) for p in partners)


def make_products(rng: Random, count: int) -> tuple[Product, ...]:
    """A catalogue with list prices, costs and selling rules; appeal falls off as in Zipf's law within a category."""
    shares = _counts([c.share for c in CATEGORIES], count)
    made: list[Product] = []
    for category, share in zip(CATEGORIES, shares, strict=True):
        codes = [f"{category.code}-{1000 + 7 * n + rng.randint(0, 6)}" for n in range(share)]
        made.extend(_product(rng, category, rank, codes) for rank in range(share))
    return tuple(made)


def _product(rng: Random, category: Category, rank: int, codes: list[str]) -> Product:
    # Cheap articles are more frequent than dear ones; prices end as shops write them.
    whole = category.low + int((category.high - category.low) * rng.random() ** 1.8)
    price = Decimal(whole) + Decimal(rng.choice(("0.00", "0.50", "0.90", "0.90")))
    margin = rng.randint(category.thin * 10, category.fat * 10)
    cost = (price * (1000 - margin) / 1000).quantize(_CENT)
    controlled = category.code == "FW" and rank % 3 == 1
    rises = category.name in _RISING and 3 <= rank < 6
    others = [code for code in codes if code != codes[rank]]
    return Product(
        code=codes[rank],
        name=f"{rng.choice(category.words)} {rng.choice(SERIES)} {rng.randint(2, 9)}",
        family=category.family,
        category=category.name,
        unit=category.unit,
        tax_class=category.tax_class,
        cost=cost,
        list_price=price,
        min_quantity=category.pack if category.pack > 1 else 2 if category.unit == "licence" else 1,
        multiple=category.pack,
        status="discontinued" if rng.random() < 0.015 and rank > 8 else "active",
        export_controlled=controlled,
        substitutes=tuple(rng.sample(others, min(2, len(others)))) if rng.random() < 0.3 else (),
        stocked=category.family in STOCKED,
        appeal=category.appeal / (rank + 1) ** 0.8 / sum(1 / (n + 1) ** 0.8 for n in range(len(codes))),
        typical=category.typical,
        later_cost=(cost * (100 + _RISE) / 100).quantize(_CENT) if rises else None,
    )


def make_rates(rng: Random, first: date, weeks: int) -> list[dict[tuple[str, str], FxRate]]:
    """What one EUR buys in each currency, a set of rates per week from the week before the first on."""
    values = dict(_EUR)
    found = []
    for week in range(-1, weeks):
        day = first + timedelta(weeks=week)
        found.append(
            {
                ("EUR", currency): FxRate("EUR", currency, Decimal(value) / 100_000, day)
                for currency, value in values.items()
            }
        )
        values = {currency: value + value * rng.randint(-40, 40) // 10_000 for currency, value in values.items()}
    return found


def _company_names(rng: Random, count: int) -> list[tuple[str, str]]:
    stems = rng.sample(STEMS, len(STEMS))
    return [
        (stems[n % len(stems)], rng.choice(TRADES) + ("" if n < len(stems) else f" {n // len(stems) + 1}"))
        for n in range(count)
    ]


def _spread(rng: Random, shares: list[tuple[str, int]] | tuple[tuple[str, int], ...], count: int) -> list[str]:
    """Values in proportion to their shares, in random order."""
    values = [
        value
        for (value, _), number in zip(shares, _counts([s for _, s in shares], count), strict=True)
        for _ in range(number)
    ]
    rng.shuffle(values)
    return values


def _counts(shares: list[int], count: int) -> list[int]:
    """Whole numbers in proportion to the shares, adding up to `count`."""
    total = sum(shares)
    ends = [count * sum(shares[: n + 1]) // total for n in range(len(shares))]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]
