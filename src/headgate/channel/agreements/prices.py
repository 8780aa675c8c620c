"""Terms for pricing: which ones a batch needs, as of any moment of knowledge, remembered where that is safe.

Volatile terms are never remembered: what is left of a meter (`max_quantity`) changes with every order, and price
exceptions come and go too often to forget everything else for each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.channel.masters import Cache
from headgate.domain.pricing import PriceBook, Term, Tier, price_book
from headgate.store import Later

NOUN = "agreements"
Pair = tuple[str, str]  # partner and product; empty means any
# Up to so many live terms a process remembers all of a tenant's terms as one price book.
BOOK_TERMS = 50_000
_BOOK: Pair = ("*", "*")
_KNOWN = "infinity"

# In the order of the fields of Term. An agreement that was ended (or replaced) counts, from the moment that was
# recorded, as one with an earlier end; before that moment it counts as it was.
_SELECT = """
select a.agreement::text, a.code, a.revision, t.term, t.method, t.value, t.currency, e.valid_from,
    case when a.retired_at <= %(known)s::timestamptz then a.retired_at else a.recorded_at end, a.kind, e.valid_until,
    null, t.partner, t.partner_group, t.region, t.channel, t.product, t.family, t.tier_mode,
    case when t.tier_mode <> 'none' then t.tiers end, t.min_quantity, t.max_quantity,
"""

_LIVE = """
join agreements a on a.agreement = t.agreement
cross join lateral (
    select greatest(t.valid_from, a.active_from) as valid_from,
        least(
            t.valid_until, a.valid_until, case when a.retired_at <= %(known)s::timestamptz then a.retired_from end
        ) as valid_until
) e
where a.status in ('active', 'retired') and a.recorded_at <= %(known)s::timestamptz
    and (e.valid_until is null or e.valid_until > e.valid_from)
"""

_PAIRS = """
from unnest(%(partners)s::text[], %(products)s::text[]) as k(partner, product)
join agreement_terms t on t.product = k.product and t.partner = k.partner
"""

ALL_STEADY = f"{_SELECT} t.used_quantity from agreement_terms t {_LIVE} and not t.volatile"

OF_PAIRS = f"{_SELECT} t.used_quantity {_PAIRS} {_LIVE}"

OF_PAIRS_STEADY = f"{OF_PAIRS} and not t.volatile"

# The meters as they stood then, from what was taken until then.
OF_PAIRS_KNOWN = f"""
{_SELECT} case when t.volatile then (
    select coalesce(sum(u.quantity), 0) from agreement_uses u
    where u.agreement = t.agreement and u.term = t.term and u.at <= %(known)s::timestamptz
) else 0 end
{_PAIRS} {_LIVE}
"""

VOLATILE = f"""
{_SELECT} t.used_quantity from agreement_terms t {_LIVE}
    and t.volatile and t.partner = any(%(partners)s) and t.product = any(%(products)s)
order by t.agreement, t.term
"""

VOLATILE_LOCKED = f"{VOLATILE} for no key update of t"

COUNT_STEADY = """
select count(*) from (
    select from agreements a join agreement_terms t on t.agreement = a.agreement
    where a.status in ('active', 'retired') and not t.volatile limit %s
) steady
"""

BESIDE = f"""
{_SELECT} t.used_quantity
from (select distinct partner, product from agreement_terms where agreement = any(%(ids)s::uuid[])) k
join agreement_terms t on t.product = k.product and t.partner = k.partner
{_LIVE}
"""


def load_terms(
    conn: Connection[Any], pairs: Collection[Pair], cache: Cache | None = None, *, known: datetime | None = None
) -> list[Term]:
    """Every term that may price one of the (partner, product) pairs, whenever valid.

    `known` asks what was known at a past moment, meters included, for a replay; it bypasses the cache.
    """
    wanted = _widened(pairs)
    if known is not None:
        return _of_pairs(conn, OF_PAIRS_KNOWN, wanted, known)
    if cache is None:
        return _of_pairs(conn, OF_PAIRS, wanted)
    return _steady(conn, wanted, cache) + load_volatile(conn, pairs)


def load_prices(conn: Connection[Any], pairs: Collection[Pair], cache: Cache | None = None) -> PriceBook:
    """The price book for a batch of (partner, product) pairs."""
    return prices_with(conn, pairs, load_volatile(conn, pairs), cache)


def prices_with(
    conn: Connection[Any], pairs: Collection[Pair], volatile: Collection[Term], cache: Cache | None = None
) -> PriceBook:
    """The price book of pairs whose volatile terms are loaded already.

    Who locked these reads stamps (`RevisionCache.at_once`) after that, so that what was agreed while it waited counts.
    """
    if cache is None:
        return price_book([*_of_pairs(conn, OF_PAIRS_STEADY, _widened(pairs)), *volatile])
    if not volatile:
        whole, _ = cache.take(conn, NOUN, [_BOOK], lambda _: _whole(conn), weigh=lambda book: book[1])[_BOOK]
        if whole is not None:
            return whole
    return price_book([*_steady(conn, _widened(pairs), cache), *volatile])


def load_volatile(conn: Connection[Any], pairs: Collection[Pair], *, lock: bool = False) -> list[Term]:
    """The price exceptions and metered terms that may price one of the pairs, as they stand now.

    `lock` locks the meters of price exceptions that may apply, until the end of the transaction, so that of two orders
    for the rest of one the second sees it gone.
    """
    return ask_volatile(conn, pairs, lock=lock)()


def ask_volatile(conn: Connection[Any], pairs: Collection[Pair], *, lock: bool = False) -> Later[list[Term]]:
    """`load_volatile`, not waited for yet."""
    params = {
        "known": _KNOWN,
        "partners": sorted({pair[0] for pair in pairs} | {""}),
        "products": sorted({pair[1] for pair in pairs} | {""}),
    }
    asked = conn.execute(VOLATILE_LOCKED if lock else VOLATILE, params)
    return lambda: [_term(row) for row in asked.fetchall()]


def terms_beside(conn: Connection[Any], ids: Collection[UUID]) -> list[Term]:
    """The live terms of these agreements, and of all others for the same partners and products."""
    return [_term(row) for row in conn.execute(BESIDE, {"known": _KNOWN, "ids": list(ids)})]


def _widened(pairs: Iterable[Pair]) -> list[Pair]:
    wanted: dict[Pair, None] = {("", ""): None}
    for partner, product in pairs:
        wanted[partner, product] = wanted[partner, ""] = wanted["", product] = None
    return list(wanted)


def _of_pairs(conn: Connection[Any], sql: str, pairs: Collection[Pair], known: datetime | str = _KNOWN) -> list[Term]:
    params = {"known": known, "partners": [pair[0] for pair in pairs], "products": [pair[1] for pair in pairs]}
    return [_term(row) for row in conn.execute(sql, params)]


def _steady(conn: Connection[Any], pairs: Collection[Pair], cache: Cache) -> list[Term]:
    def load(missing: list[Pair]) -> Mapping[Pair, tuple[Term, ...]]:
        found: dict[Pair, list[Term]] = {}
        for term in _of_pairs(conn, OF_PAIRS_STEADY, missing):
            found.setdefault((term.partner or "", term.product or ""), []).append(term)
        return {pair: tuple(terms) for pair, terms in found.items()}

    found = cache.take(conn, NOUN, pairs, load, weigh=lambda terms: 1 + len(terms))
    return [term for held in found.values() for term in held]


def _whole(conn: Connection[Any]) -> Mapping[Pair, tuple[PriceBook | None, int]]:
    row = conn.execute(COUNT_STEADY, (BOOK_TERMS + 1,)).fetchone()
    assert row is not None
    if row[0] > BOOK_TERMS:
        return {_BOOK: (None, 1)}
    terms = [_term(found) for found in conn.execute(ALL_STEADY, {"known": _KNOWN})]
    return {_BOOK: (price_book(terms), 1 + len(terms))}


def _term(row: tuple[Any, ...]) -> Term:
    fields = list(row)
    fields[19] = tuple(Tier(Decimal(tier["from"]), Decimal(tier["value"])) for tier in fields[19] or ())
    return Term(*fields)
