"""What deals are held against besides deals: customers, the direct pipeline, programmes, territories. Snapshots come in
as events and replace what was recorded before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from psycopg import Connection

from headgate.channel.deals import repo
from headgate.channel.deals.core.state import Programme, Territory
from headgate.channel.masters import ItemReader, latest, read_events, read_items, refusals, tenant_zone
from headgate.domain.deals import Address, Claim, Company, keys
from headgate.kernel.context import Context
from headgate.ledger import Projection, Refusal, StoredEvent, Validator

STANDING = frozenset({"active", "open"})
T = TypeVar("T")
_UTC = ZoneInfo("UTC")
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StoredClaim:
    """A customer or an opportunity of the direct sales team as recorded."""

    kind: str
    ref: str
    holder: str
    company: Company
    products: tuple[str, ...]
    status: str
    since: datetime | None
    close_on: date | None


def _company(item: ItemReader) -> Company:
    name = item.text("name")
    if not name:
        item.note("name", "", "is missing", "Give the company's name.")
    duns = "".join(c for c in item.text("duns") if c.isdigit())
    parent = "".join(c for c in item.text("parent_duns") if c.isdigit())
    return Company(
        name=name,
        address=Address(
            item.country("country"),
            item.code("region", required=False),
            item.text("postcode"),
            item.text("city"),
            item.text("street"),
        ),
        domains=tuple(item.codes("domains")),
        duns=duns if len(duns) == 9 else "",
        parent_name=item.text("parent_name"),
        parent_duns=parent if len(parent) == 9 else "",
    )


def read_customer(item: ItemReader, tz: ZoneInfo) -> StoredClaim:
    """One item of `customer.recorded`: a company that buys already, with its account team as `owner`."""
    return StoredClaim(
        kind="customer",
        ref=item.code("customer"),
        holder=item.text("owner"),
        company=_company(item),
        products=tuple(item.codes("products")),
        status=item.choice("status", ("active", "former"), default="active"),
        since=item.starts("since", tz),
        close_on=None,
    )


def read_opportunity(item: ItemReader, tz: ZoneInfo) -> StoredClaim:
    """One item of `opportunity.recorded`: what the tenant's own sales team works on."""
    return StoredClaim(
        kind="opportunity",
        ref=item.code("opportunity"),
        holder=item.text("owner"),
        company=_company(item),
        products=tuple(item.codes("products")),
        status=item.choice("status", ("open", "closed"), default="open"),
        since=item.starts("since", tz),
        close_on=item.day("close_on"),
    )


def read_programme(item: ItemReader, tz: ZoneInfo) -> Programme:
    """One item of `deal_programme.recorded`. `least` is the smallest amount, in `currency`."""
    start = item.starts("valid_from", tz)
    code = item.code("programme")
    least = item.number("least", default=Decimal(0))
    return Programme(
        programme=code,
        title=item.text("title") or code,
        products=frozenset(item.codes("products")),
        families=frozenset(item.codes("families")),
        countries=frozenset(item.codes("countries")),
        least=least,
        currency=item.currency("currency", required=bool(least)),
        valid_from=start,
        valid_until=item.ends("valid_until", tz, start),
    )


def read_territory(item: ItemReader, tz: ZoneInfo) -> Territory:
    """One item of `territory.recorded`."""
    code = item.code("territory")
    countries = frozenset(item.codes("countries"))
    if not countries:
        item.note("countries", "", "is missing", "Name at least one country.")
    return Territory(
        territory=code,
        title=item.text("title") or code,
        countries=countries,
        regions=frozenset(item.codes("regions")),
        partners=frozenset(item.codes("partners")),
        exclusive=item.flag("exclusive"),
    )


def _projection(
    read: Callable[[ItemReader, ZoneInfo], T],
    key: Callable[[T], str],
    write: Callable[[Connection[Any], Sequence[tuple[T, datetime]]], None],
) -> Projection:
    """A projection that writes the latest record of every key; days are read in the tenant's zone."""

    def project(conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent]) -> list[Refusal]:
        zone = tenant_zone(conn)
        items, bad = read_events(events, lambda item: read(item, zone))
        kept = latest(items, key)
        if kept:
            write(conn, [(item.record, item.time) for item in kept.values()])
        return refusals(bad)

    return project


def _save_claims(conn: Connection[Any], found: Sequence[tuple[StoredClaim, datetime]]) -> None:
    written = repo.save_claims(conn, [(_row(claim), at) for claim, at in found])
    # What stands in nobody's way any more is not looked up.
    repo.save_keys(
        conn,
        {
            (c.kind, c.ref): keys(c.company) if c.status in STANDING else frozenset()
            for c, _ in found
            if (c.kind, c.ref) in written
        },
    )


def _row(claim: StoredClaim) -> Claim:
    return Claim(
        kind=claim.kind,
        ref=claim.ref,
        holder=claim.holder,
        customer=claim.company,
        products=frozenset(claim.products),
        since=claim.since or _EVER,
        until=None,
        close_on=claim.close_on,
        status=claim.status,
    )


PROJECTIONS: Mapping[str, Projection] = {
    "customer.recorded": _projection(read_customer, lambda claim: claim.ref, _save_claims),
    "opportunity.recorded": _projection(read_opportunity, lambda claim: claim.ref, _save_claims),
    "deal_programme.recorded": _projection(read_programme, lambda found: found.programme, repo.save_programmes),
    "territory.recorded": _projection(read_territory, lambda found: found.territory, repo.save_territories),
}
VALIDATORS: Mapping[str, Validator] = {
    "customer.recorded": lambda data: read_items(data, lambda item: read_customer(item, _UTC))[1],
    "opportunity.recorded": lambda data: read_items(data, lambda item: read_opportunity(item, _UTC))[1],
    "deal_programme.recorded": lambda data: read_items(data, lambda item: read_programme(item, _UTC))[1],
    "territory.recorded": lambda data: read_items(data, lambda item: read_territory(item, _UTC))[1],
}
