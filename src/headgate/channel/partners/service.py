"""Use cases of partners: take snapshots in, give facts to a batch, list and show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from psycopg import Connection

from headgate.channel.masters import (
    Cache,
    Page,
    bump,
    decode_cursor,
    latest,
    page_of,
    page_size,
    read_events,
    read_items,
    refusals,
)
from headgate.channel.partners import repo
from headgate.channel.partners.core.record import read_partner
from headgate.channel.partners.repo import PartnerView
from headgate.domain.checks.facts import PartnerFacts
from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound, Problem
from headgate.kernel.phrases import phrase
from headgate.ledger import Refusal, StoredEvent

_PLACES = "*places"  # no partner's code
NOUN = "partners"


def validate(data: dict[str, Any]) -> list[Problem]:
    """Every problem of the data of a `partner.recorded` event."""
    return read_items(data, read_partner)[1]


def project(conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent]) -> list[Refusal]:
    """Write the partners of `partner.recorded` events; an event with any problem is refused as a whole."""
    items, bad = read_events(events, read_partner)
    kept = latest(items, lambda record: record.partner)
    if kept:
        repo.upsert(conn, [(item.record, item.time) for item in kept.values()])
        bump(conn, NOUN)
    return refusals(bad)


def load_partners(conn: Connection[Any], codes: Collection[str], cache: Cache | None = None) -> dict[str, PartnerFacts]:
    """The partners of these codes that exist, in one query; with a cache, it asks only for those not remembered.
    Whether a partner is `new` is for the caller to say."""
    if cache is None:
        return repo.load(conn, codes)
    return cache.take(conn, NOUN, codes, lambda missing: repo.load(conn, missing))


def load_places(conn: Connection[Any], cache: Cache | None = None) -> Mapping[str, tuple[str, str]]:
    """Region and country of every partner; with a cache, read when partners changed."""
    if cache is None:
        return repo.places(conn)
    found = cache.take(conn, NOUN, [_PLACES], lambda _: {_PLACES: repo.places(conn)}, weigh=lambda all_: 1 + len(all_))
    return found[_PLACES]


def known_places(conn: Connection[Any], scope: str, ref: str) -> bool:
    """Whether `ref` is a partner (scope `partner`), or the region or country of one (scope `region`)."""
    return repo.is_known(conn, scope, ref)


def list_partners(
    conn: Connection[Any],
    *,
    status: str = "",
    tier: str = "",
    region: str = "",
    country: str = "",
    group: str = "",
    text: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[PartnerView]:
    """Partners by code, with their credit sums. Empty filters let everything through; `text` is sought in code and
    names."""
    (after,) = decode_cursor(cursor, 1)
    params: dict[str, object] = {
        "after": after,
        "status": status,
        "tier": tier,
        "region": region,
        "country": country,
        "group": group,
        "text": text,
        "limit": page_size(limit) + 1,
    }
    return page_of(repo.list_views(conn, params), limit, lambda view: (view.partner.partner,))


def get_partner(conn: Connection[Any], code: str) -> PartnerView:
    """One partner. Raises `NotFound`."""
    view = repo.get_view(conn, code)
    if view is None:
        raise NotFound(phrase("partner %(code)s is not known", code=code))
    return view
