"""Tax rates, exemptions and exchange rates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from headgate.channel.masters import RevisionCache
from headgate.channel.taxes import (
    list_exemptions,
    list_fx_rates,
    list_tax_rates,
    load_exemptions,
    load_fx,
    load_tax_rates,
    load_tax_table,
    project_exemptions,
    project_fx_rates,
    project_tax_rates,
)
from headgate.domain.fx import find_rate
from headgate.domain.tax import Taxable, TaxRequest
from headgate.store import Database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def rate(jurisdiction: str = "DE", percent: str = "19", start: str = "2020-01-01", **changes: object) -> dict:
    return {"jurisdiction": jurisdiction, "rate": percent, "valid_from": start, **changes}


def fx(base: str, quote: str, value: str, on: str) -> dict:
    return {"base": base, "quote": quote, "rate": value, "valid_on": on}


def exemption(partner: str = "P", **changes: object) -> dict:
    return {"partner": partner, "jurisdiction": "DE", "certificate": "C-1", "valid_from": "2026-01-01", **changes}


def test_a_plain_date_is_a_day_of_the_tenant(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project_tax_rates(conn, ctx, [recorded(rate(start="2026-01-01", valid_until="2026-06-30"))])
        (found,) = load_tax_rates(conn, ["DE", "FR"])["DE"]
    # Berlin: an hour ahead of UTC in winter, two in summer; the end day is included.
    assert found.valid_from == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert found.valid_until == datetime(2026, 6, 30, 22, tzinfo=UTC)


def test_the_year_9999_is_no_end(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        assert project_tax_rates(conn, ctx, [recorded(rate(valid_until="9999-12-31"))]) == []
        assert load_tax_rates(conn, ["DE"])["DE"][0].valid_until is None


def test_the_tax_table_takes_region_before_country_and_honours_certificates(
    database: Database, tenant: UUID, ctx, recorded
) -> None:
    cache = RevisionCache()
    with database.transaction(tenant) as conn:
        project_tax_rates(conn, ctx, [recorded(rate("US", "0"), rate("US-CA", "7.25"), rate())])
        project_exemptions(conn, ctx, [recorded(exemption(valid_until="2026-03-01"))])
        table = load_tax_table(conn, {("US", "CA"), ("DE", "")}, {"P", "Q"}, cache)

    def tax(partner: str, country: str, region: str, at: datetime) -> Decimal:
        lines = (Taxable("1", "standard", Decimal(100)),)
        return table.determine(TaxRequest(partner, country, region, at, "EUR", lines)).total

    assert tax("Q", "US", "CA", NOW) == Decimal("7.25")
    assert tax("Q", "DE", "", NOW) == 19
    assert tax("P", "DE", "", NOW) == 19
    assert tax("P", "DE", "", NOW - timedelta(days=30)) == 0


def test_a_renewed_certificate_leaves_the_old_one(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        items = [exemption(valid_until="2026-02-01"), exemption(certificate="C-2", valid_from="2026-02-02")]
        project_exemptions(conn, ctx, [recorded(*items)])
        assert [e.certificate for e in load_exemptions(conn, ["P"])["P"]] == ["C-1", "C-2"]
        assert [v.exemption.certificate for v in list_exemptions(conn, partner="P", at=NOW).items] == ["C-2"]


@pytest.mark.parametrize(
    ("project", "item", "field"),
    [
        (project_tax_rates, rate("Germany"), "jurisdiction"),
        (project_tax_rates, rate("US-"), "jurisdiction"),
        (project_tax_rates, rate(percent="-1"), "rate"),
        (project_tax_rates, rate(percent="1900"), "rate"),
        (project_tax_rates, rate(start="yesterday"), "valid_from"),
        (project_tax_rates, {"jurisdiction": "DE", "rate": "1"}, "valid_from"),
        (project_tax_rates, rate(start="0001-01-01"), "valid_from"),
        (project_tax_rates, rate(valid_until="2019-12-31"), "valid_until"),
        (project_exemptions, exemption(certificate=""), "certificate"),
        (project_fx_rates, fx("EUR", "XXX", "1", "2026-01-01"), "quote"),
        (project_fx_rates, fx("EUR", "EUR", "1", "2026-01-01"), "quote"),
        (project_fx_rates, fx("EUR", "USD", "0", "2026-01-01"), "rate"),
        (project_fx_rates, fx("EUR", "USD", "1", "2026-02-30"), "valid_on"),
        (project_fx_rates, {"base": "EUR", "quote": "USD", "rate": "1"}, "valid_on"),
    ],
)
def test_a_bad_record_is_refused(database, tenant, ctx, recorded, project, item, field) -> None:
    with database.transaction(tenant) as conn:
        assert [r.problem.field for r in project(conn, ctx, [recorded(item)])] == [f"items[0].{field}"]


def test_the_latest_rate_on_or_before_each_day_is_taken(database: Database, tenant: UUID, ctx, recorded) -> None:
    cache = RevisionCache()
    days = [date(2026, 1, 1), date(2026, 1, 31), date(2026, 3, 1)]
    with database.transaction(tenant) as conn:
        items = [
            fx("EUR", "USD", "1.10", "2026-01-10"),
            fx("EUR", "USD", "1.20", "2026-02-10"),
            fx("EUR", "GBP", "0.80", "2026-01-15"),
        ]
        project_fx_rates(conn, ctx, [recorded(*items)])
        for loaded in (load_fx(conn, days), load_fx(conn, days, cache), load_fx(conn, days, cache)):
            assert loaded[days[0]] == {}
            assert loaded[days[1]]["EUR", "USD"].rate == Decimal("1.10")
            assert loaded[days[2]]["EUR", "USD"].on == date(2026, 2, 10)
            crossed = find_rate(loaded[days[2]], "USD", "GBP")
            assert crossed is not None
            assert round(crossed.rate, 6) == round(Decimal("0.8") / Decimal("1.2"), 6)


def test_a_corrected_rate_is_seen_at_once(database: Database, tenant: UUID, ctx, recorded) -> None:
    cache, day = RevisionCache(), date(2026, 1, 31)
    with database.transaction(tenant) as conn:
        project_fx_rates(conn, ctx, [recorded(fx("EUR", "USD", "1.1", "2026-01-10"))])
        load_fx(conn, [day], cache)
        project_fx_rates(conn, ctx, [recorded(fx("EUR", "USD", "1.3", "2026-01-10"))])
        assert load_fx(conn, [day], cache)[day]["EUR", "USD"].rate == Decimal("1.3")


def test_lists_page_through(database: Database, tenant: UUID, ctx, recorded) -> None:
    with database.transaction(tenant) as conn:
        project_tax_rates(conn, ctx, [recorded(rate(), rate(start="2021-01-01"), rate("FR", "20"))])
        page = list_tax_rates(conn, limit=1)
        page = list_tax_rates(conn, limit=1, cursor=page.next_cursor)
        assert page.items[0].rate.valid_from.year == 2020
        assert [v.rate.jurisdiction for v in list_tax_rates(conn, cursor=page.next_cursor).items] == ["FR"]
        days = [fx("EUR", "USD", "1.1", f"2026-01-0{n}") for n in range(1, 4)]
        project_fx_rates(conn, ctx, [recorded(*days, fx("EUR", "GBP", "1", "2026-01-02"))])
        first = list_fx_rates(conn, limit=2, currency="USD")
        rest = list_fx_rates(conn, limit=2, currency="USD", cursor=first.next_cursor)
        assert [str(v.rate.on)[-1] for v in (*first.items, *rest.items)] == ["3", "2", "1"]
