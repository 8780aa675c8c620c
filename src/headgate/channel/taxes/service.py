"""Use cases of tax rates, exemptions and exchange rates: take them in, give them to a batch, list them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from psycopg import Connection

from headgate.channel.masters import (
    Cache,
    ItemReader,
    Page,
    bump,
    decode_cursor,
    latest,
    page_of,
    page_size,
    read_events,
    read_items,
    refusals,
    tenant_zone,
)
from headgate.channel.taxes import repo
from headgate.channel.taxes.core.record import fx_key, jurisdictions, read_exemption, read_fx_rate, read_tax_rate
from headgate.channel.taxes.repo import ExemptionView, FxView, TaxRateView
from headgate.domain.fx import FxRate, Rates
from headgate.domain.tax import Exemption, TaxRate, TaxTable
from headgate.kernel.canonical import instant_text
from headgate.kernel.clock import parse_instant
from headgate.kernel.context import Context
from headgate.kernel.errors import Problem, invalid
from headgate.ledger import Refusal, StoredEvent

TAX_RATES, EXEMPTIONS, FX_RATES = "tax_rates", "exemptions", "fx_rates"
_UTC = ZoneInfo("UTC")
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
T = TypeVar("T")
Write = Callable[[Connection[Any], Sequence[tuple[T, datetime]]], None]


def validate_tax_rates(data: dict[str, Any]) -> list[Problem]:
    """Every problem of the data of a `tax_rate.recorded` event."""
    return read_items(data, lambda item: read_tax_rate(item, _UTC))[1]


def validate_exemptions(data: dict[str, Any]) -> list[Problem]:
    """Every problem of the data of an `exemption.recorded` event."""
    return read_items(data, lambda item: read_exemption(item, _UTC))[1]


def validate_fx_rates(data: dict[str, Any]) -> list[Problem]:
    """Every problem of the data of an `fx_rate.recorded` event."""
    return read_items(data, read_fx_rate)[1]


def project_tax_rates(conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent]) -> list[Refusal]:
    """Write the rates of `tax_rate.recorded` events; a plain date is a day in the tenant's time zone."""
    tz = tenant_zone(conn)
    return _project(
        conn,
        events,
        TAX_RATES,
        lambda item: read_tax_rate(item, tz),
        lambda rate: (rate.jurisdiction, rate.tax_class, rate.valid_from),
        repo.upsert_tax_rates,
    )


def project_exemptions(conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent]) -> list[Refusal]:
    """Write the certificates of `exemption.recorded` events; a plain date is a day in the tenant's time zone."""
    tz = tenant_zone(conn)
    return _project(
        conn,
        events,
        EXEMPTIONS,
        lambda item: read_exemption(item, tz),
        lambda found: (found.partner, found.jurisdiction, found.certificate),
        repo.upsert_exemptions,
    )


def project_fx_rates(conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent]) -> list[Refusal]:
    """Write the rates of `fx_rate.recorded` events."""
    return _project(conn, events, FX_RATES, read_fx_rate, fx_key, repo.upsert_fx_rates)


def _project(
    conn: Connection[Any],
    events: Sequence[StoredEvent],
    noun: str,
    read: Callable[[ItemReader], T],
    key: Callable[[T], Hashable],
    write: Write[T],
) -> list[Refusal]:
    items, bad = read_events(events, read)
    kept = latest(items, key)
    if kept:
        write(conn, [(item.record, item.time) for item in kept.values()])
        bump(conn, noun)
    return refusals(bad)


def load_tax_rates(
    conn: Connection[Any], places: Collection[str], cache: Cache | None = None
) -> dict[str, tuple[TaxRate, ...]]:
    """All rates of the jurisdictions that have some, whenever valid: the tax table picks by the order's date."""
    if cache is None:
        return repo.load_tax_rates(conn, places)
    return cache.take(conn, TAX_RATES, places, lambda missing: repo.load_tax_rates(conn, missing))


def load_exemptions(
    conn: Connection[Any], partners: Collection[str], cache: Cache | None = None
) -> dict[str, tuple[Exemption, ...]]:
    """All certificates of the partners that have some, whenever valid."""
    if cache is None:
        return repo.load_exemptions(conn, partners)
    return cache.take(conn, EXEMPTIONS, partners, lambda missing: repo.load_exemptions(conn, missing))


def load_tax_table(
    conn: Connection[Any],
    places: Collection[tuple[str, str]],
    partners: Collection[str],
    cache: Cache | None = None,
) -> TaxTable:
    """The tax engine over everything recorded for these (country, region) places and partners."""
    wanted = sorted({code for country, region in places for code in jurisdictions(country, region)})
    rates = load_tax_rates(conn, wanted, cache)
    exempt = load_exemptions(conn, partners, cache)
    return TaxTable(
        [rate for place in rates.values() for rate in place],
        [certificate for found in exempt.values() for certificate in found],
    )


def load_fx(conn: Connection[Any], days: Collection[date], cache: Cache | None = None) -> Mapping[date, Rates]:
    """For each day, the latest rate of every recorded pair on or before it: what `domain.fx.find_rate` takes."""
    if cache is None:
        return repo.load_fx(conn, days)
    found: dict[date, dict[tuple[str, str], FxRate]] = cache.take(
        conn, FX_RATES, days, lambda missing: repo.load_fx(conn, missing)
    )
    return found


def list_tax_rates(
    conn: Connection[Any], *, jurisdiction: str = "", tax_class: str = "", cursor: str = "", limit: int = 50
) -> Page[TaxRateView]:
    """Tax rates by jurisdiction, class and start."""
    place, name, start = decode_cursor(cursor, 3)
    params: dict[str, object] = {
        "jurisdiction_after": place,
        "class_after": name,
        "from_after": parse_instant("cursor", start) if start else _EARLIEST,
        "jurisdiction": jurisdiction,
        "tax_class": tax_class,
        "limit": page_size(limit) + 1,
    }
    return page_of(
        repo.list_tax_rates(conn, params),
        limit,
        lambda view: (view.rate.jurisdiction, view.rate.tax_class, instant_text(view.rate.valid_from)),
    )


def list_exemptions(
    conn: Connection[Any], *, partner: str = "", at: datetime | None = None, cursor: str = "", limit: int = 50
) -> Page[ExemptionView]:
    """Certificates by partner, jurisdiction and number; with `at`, those in force then."""
    partner_after, place, certificate = decode_cursor(cursor, 3)
    params: dict[str, object] = {
        "partner_after": partner_after,
        "jurisdiction_after": place,
        "certificate_after": certificate,
        "partner": partner,
        "at": at,
        "limit": page_size(limit) + 1,
    }
    return page_of(
        repo.list_exemptions(conn, params),
        limit,
        lambda view: (view.exemption.partner, view.exemption.jurisdiction, view.exemption.certificate),
    )


def list_fx_rates(conn: Connection[Any], *, currency: str = "", cursor: str = "", limit: int = 50) -> Page[FxView]:
    """Exchange rates, the newest first; `currency` keeps pairs with it on either side."""
    on, base, quote = decode_cursor(cursor, 3)
    try:
        before = date.fromisoformat(on) if on else None
    except ValueError:
        raise invalid("cursor", cursor, "is not a cursor of this list") from None
    params: dict[str, object] = {
        "on_before": before,
        "base_before": base,
        "quote_before": quote,
        "currency": currency,
        "limit": page_size(limit) + 1,
    }
    return page_of(
        repo.list_fx_rates(conn, params), limit, lambda view: (str(view.rate.on), view.rate.base, view.rate.quote)
    )
