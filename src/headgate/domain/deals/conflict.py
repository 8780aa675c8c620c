"""How far a deal stands against another claim on the same end customer, with every reason.

The score is a product of two questions, each answered from 0 to 1:

- **Is it the same customer?** Signals are combined as independent evidence ("noisy or"): 1 − Π(1 − weight · strength),
  so that one strong sign is enough and weak ones add up without ever passing 1. Different D-U-N-S numbers are evidence
  against it and cut the result to a fifth, unless one parent owns both.
- **Is it the same business?** A share for products and a share for time over a base that stands for "the same customer
  at all": base + products + time = 1.

Pearl, Probabilistic Reasoning in Intelligent Systems (1988), section 4.3.2, describes the noisy-or.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from headgate.domain.deals import names
from headgate.domain.deals.model import Claim, Company, Conflict, Deal, Signal

ZERO, ONE, HUNDRED = Decimal(0), Decimal(1), Decimal(100)
_TENTH = Decimal("0.1")
NEAR_CLOSE_DAYS = 180


@dataclass(frozen=True, slots=True)
class Weights:
    """What each signal counts when it shows fully. The first seven are evidence for one customer; the last three share
    out the overlap and add up to 1."""

    duns: Decimal = Decimal("0.99")
    domain: Decimal = Decimal("0.92")
    domain_variant: Decimal = Decimal("0.60")
    name: Decimal = Decimal("0.80")
    parent: Decimal = Decimal("0.60")
    address: Decimal = Decimal("0.55")
    place: Decimal = Decimal("0.15")
    base: Decimal = Decimal("0.50")
    products: Decimal = Decimal("0.30")
    time: Decimal = Decimal("0.20")


DEFAULT_WEIGHTS = Weights()


def conflicts(
    deal: Deal, registered_at: datetime, until: datetime, claims: Iterable[Claim], weights: Weights = DEFAULT_WEIGHTS
) -> tuple[Conflict, ...]:
    """The claims that share anything with the deal, highest score first; a deal is never held against itself.

    `until` is when the deal's own protection would end.
    """
    found = [weigh(deal, registered_at, until, claim, weights) for claim in claims if claim.ref != deal.deal]
    return tuple(sorted((c for c in found if c.score), key=lambda c: (-c.score, c.claim.kind, c.claim.ref)))


def weigh(deal: Deal, registered_at: datetime, until: datetime, claim: Claim, weights: Weights) -> Conflict:
    """One deal against one claim."""
    identity = tuple(_identity(deal.customer, claim.customer, weights))
    same = _noisy_or(identity)
    against = _against(deal.customer, claim.customer, identity)
    if against is not None:
        same = same / 5
        identity = (*identity, against)
    business = (_products(deal, claim, weights), _time(deal, registered_at, until, claim, weights))
    overlap = weights.base + sum((s.strength * s.weight for s in business), ZERO)
    return Conflict(
        claim=claim,
        same_customer=_points(same),
        overlap=_points(overlap),
        score=_points(same * overlap),
        signals=(*sorted(identity, key=lambda s: -s.strength * s.weight), *business),
    )


def _noisy_or(signals: Iterable[Signal]) -> Decimal:
    unexplained = ONE
    for signal in signals:
        unexplained *= ONE - signal.weight * signal.strength
    return ONE - unexplained


def _points(share: Decimal) -> Decimal:
    return (share * HUNDRED).quantize(_TENTH, ROUND_HALF_UP)


def _identity(ours: Company, theirs: Company, weights: Weights) -> Iterator[Signal]:
    """The signals that both names mean one company; only those that show."""
    if ours.duns and ours.duns == theirs.duns:
        yield Signal("duns", ONE, weights.duns, ours.duns, theirs.duns, "both have the same D-U-N-S number")
    yield from _domains(ours, theirs, weights)
    likeness = names.name_likeness(ours.name, theirs.name)
    telling = _telling(ours, theirs)
    if likeness >= Decimal("0.7"):
        # Below that, names only share letters; from there to 1 the strength runs from nothing to full.
        strength = ((likeness - Decimal("0.7")) / Decimal("0.3")).quantize(Decimal("0.01"), ROUND_HALF_UP) * telling
        core = names.legal_core(ours.name)
        because = f"without legal forms both are “{core}”" if likeness == 1 else f"the names are {likeness:.0%} alike"
        if telling < 1:
            because += ", which says less for so common a name"
        if strength:
            yield Signal("name", strength, weights.name, ours.name, theirs.name, because)
    yield from _parents(ours, theirs, weights)
    yield from _places(ours, theirs, weights)


def _telling(ours: Company, theirs: Company) -> Decimal:
    """A name tells less when it is short or of common words only, when all that tells is one word beside different
    common ones (Omega Partners, Omega Industries), and across borders. A compound (Rivermark, River Mark) is as good as
    two words."""
    words, _, compound = names.aligned(ours.name, theirs.name)
    weak = (
        all(word in names.COMMON for word in words)
        or sum(map(len, words)) < 4
        or (len(words) == 1 and not compound and names.run_together(ours.name) != names.run_together(theirs.name))
    )
    abroad = ours.address.country != theirs.address.country and len(words) < 3
    return (Decimal("0.5") if weak else ONE) * (Decimal("0.6") if abroad else ONE)


def _domains(ours: Company, theirs: Company, weights: Weights) -> Iterator[Signal]:
    left = {d: names.registrable(d) for d in ours.domains}
    right = {d: names.registrable(d) for d in theirs.domains}
    same = sorted({d for d in left.values() if d} & set(right.values()))
    if same:
        yield Signal("domain", ONE, weights.domain, same[0], same[0], f"both use the domain {same[0]}")
        return
    labels = {names.label(d): registrable for d, registrable in left.items() if registrable}
    others = {names.label(d): registrable for d, registrable in right.items() if registrable}
    variants = sorted(set(labels) & set(others))
    if variants and len(variants[0]) > 2:
        one, other = labels[variants[0]], others[variants[0]]
        yield Signal(
            "domain_variant", ONE, weights.domain_variant, one, other, f"{one} and {other} differ in ending or hyphens"
        )


def _parents(ours: Company, theirs: Company, weights: Weights) -> Iterator[Signal]:
    if ours.parent_duns and ours.parent_duns in (theirs.parent_duns, theirs.duns):
        yield Signal(
            "parent", ONE, weights.parent, ours.parent_duns, ours.parent_duns, "one parent company (by D-U-N-S number)"
        )
    elif theirs.parent_duns and theirs.parent_duns == ours.duns:
        yield Signal("parent", ONE, weights.parent, ours.duns, ours.duns, "one owns the other (by D-U-N-S number)")
    else:
        yield from _parents_by_name(ours, theirs, weights)


def _parents_by_name(ours: Company, theirs: Company, weights: Weights) -> Iterator[Signal]:
    pairs = ((ours.parent_name, theirs.parent_name), (ours.parent_name, theirs.name), (ours.name, theirs.parent_name))
    for one, other in pairs:
        if one and other and names.name_likeness(one, other) >= Decimal("0.95"):
            because = f"“{names.legal_core(one)}” owns both, or one of them the other"
            yield Signal("parent", Decimal("0.8"), weights.parent, one, other, because)
            return


def _places(ours: Company, theirs: Company, weights: Weights) -> Iterator[Signal]:
    here, there = ours.address, theirs.address
    if here.country != there.country:
        return
    code = names.postcode_key(here.country, here.postcode)
    same_code = bool(code) and code == names.postcode_key(there.country, there.postcode)
    street = names.street_likeness(here.street, there.street)
    same_city = bool(here.city) and names.plain(here.city) == names.plain(there.city)
    if street >= Decimal("0.85") and (same_code or same_city):
        shown = (f"{here.street}, {here.postcode} {here.city}", f"{there.street}, {there.postcode} {there.city}")
        yield Signal("address", street, weights.address, *shown, "both are at this address")
    elif same_code or same_city:
        shown = (f"{here.postcode} {here.city}".strip(), f"{there.postcode} {there.city}".strip())
        yield Signal("place", ONE, weights.place, *shown, "both are in this place")


def _against(ours: Company, theirs: Company, identity: Iterable[Signal]) -> Signal | None:
    """Two D-U-N-S numbers mean two companies, unless a parent holds both."""
    if not (ours.duns and theirs.duns) or ours.duns == theirs.duns or any(s.name == "parent" for s in identity):
        return None
    return Signal("duns_differs", ONE, ZERO, ours.duns, theirs.duns, "different D-U-N-S numbers: two companies")


def _products(deal: Deal, claim: Claim, weights: Weights) -> Signal:
    mine = deal.products
    if not claim.products:
        return Signal(
            "products", ONE, weights.products, _listed(mine), "everything", "the claim is not about single products"
        )
    shared = mine & claim.products
    strength = (Decimal(len(shared)) / Decimal(min(len(mine), len(claim.products)))).quantize(Decimal("0.01"))
    because = f"both are about {_listed(shared)}" if shared else "they share no product"
    return Signal("products", strength, weights.products, _listed(mine), _listed(claim.products), because)


def _time(deal: Deal, registered_at: datetime, until: datetime, claim: Claim, weights: Weights) -> Signal:
    ours = f"{registered_at:%Y-%m-%d} to {until:%Y-%m-%d}"
    theirs = f"{claim.since:%Y-%m-%d} to {claim.until:%Y-%m-%d}" if claim.until else f"since {claim.since:%Y-%m-%d}"
    running = claim.since < until and (claim.until is None or claim.until > registered_at)
    if not running:
        return Signal("time", ZERO, weights.time, ours, theirs, "one had ended before the other began")
    if claim.close_on is None or _near(deal.close_on, claim.close_on):
        return Signal("time", ONE, weights.time, ours, theirs, "both run at the same time")
    because = f"both run at the same time, but close more than {NEAR_CLOSE_DAYS} days apart"
    return Signal("time", Decimal("0.5"), weights.time, ours, theirs, because)


def _near(one: date, other: date) -> bool:
    return abs(one - other) <= timedelta(days=NEAR_CLOSE_DAYS)


def _listed(codes: Iterable[str], most: int = 5) -> str:
    ordered = sorted(codes)
    return ", ".join(ordered[:most]) + (f" and {len(ordered) - most} more" if len(ordered) > most else "")


def keys(company: Company) -> frozenset[str]:
    """Under what a company is looked up: two companies that could be one share at least one key.

    Keys are coarse on purpose (they find candidates, the score decides): D-U-N-S numbers, domains and their labels,
    each telling word of the name by its first four letters with umlauts folded, initials, the postcode with street.
    """
    found = {f"duns:{number}" for number in (company.duns, company.parent_duns) if number}
    for domain in company.domains:
        whole = names.registrable(domain)
        if whole:
            found |= {f"domain:{whole}", f"label:{names.label(domain)}"}
    for name in filter(None, (company.name, company.parent_name)):
        words = [names.folded(word) for word in names.telling(name)]
        core = names.run_together(name)
        found |= {f"name:{word[:4]}" for word in (*words, core)}
        initials = "".join(word[0] for word in names.legal_core(name).split())
        found |= {f"short:{text}" for text in (core, initials) if 3 <= len(text) <= 6}
    code = names.postcode_key(company.address.country, company.address.postcode)
    if code and company.address.street:
        found.add(f"post:{code}")
    return frozenset(found)
