"""A year of real invoices, imported and governed by the commands a person would use. Slow, and needs the file.

The file is found through `HEADGATE_ONLINE_RETAIL`, or beside the project.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

import headgate
from headgate.kernel.settings import Settings
from tests.integration.cli.shell import Shell

ROOT = Path(headgate.__file__).parents[2]
MAPPING = ROOT / "docs/examples/online_retail/mapping.yaml"
DATA = Path(os.environ.get("HEADGATE_ONLINE_RETAIL", str(ROOT.parent / "shared/data/online_retail.csv.gz")))
ROWS = 541_909
EXACT = Decimal("9747747.934")
TENANT = ("--tenant", "retail")
FILE = (str(DATA), "--mapping", str(MAPPING))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not DATA.is_file(), reason="online_retail.csv.gz is not at hand; set HEADGATE_ONLINE_RETAIL"),
]

# A line of an order or a return stands for one row of the file. Read from the log, because that is what was taken in;
# and from the records, because that is what people look at.
EVENTS = """
select type, count(*), sum(jsonb_array_length(data::jsonb -> 'lines')) from events
where type in ('order.submitted', 'return.recorded') group by type
"""
RECORDS = """
select (select count(*) from order_lines) as orders,
       (select sum(jsonb_array_length(content::jsonb -> 'lines')) from returns) as returns,
       (select count(*) from quarantine where kind = 'row') as quarantine
"""
AMOUNTS = """
select (select sum(quantity * unit_price) from order_lines) as orders,
       (select -sum((line ->> 'quantity')::numeric * (line ->> 'unit_price')::numeric)
        from returns r cross join lateral jsonb_array_elements(r.content::jsonb -> 'lines') line) as returns,
       (select sum(amount) from quarantine where kind = 'row') as quarantine
"""
ROUNDED = "select (select sum(total - tax) from orders) as orders, (select -sum(total) from returns) as returns"
UNDECIDED = "select count(*) from orders where decision is null or status = 'received'"
QUARANTINE = """
select count(*) filter (where reason = '') as unexplained, count(*) - count(distinct row_number) as twice,
       count(*) filter (where kind <> 'row') as events
from quarantine
"""
STATUSES = """
select status, count(*), sum(tenant_total) from orders where placed_at >= %(start)s and placed_at < %(end)s
group by status order by count(*) desc
"""
EXCEPTIONS = """
select e.type, count(*), sum(o.stake) from orders o cross join lateral unnest(o.exceptions) as e(type)
where placed_at >= %(start)s and placed_at < %(end)s group by e.type order by count(*) desc, e.type
"""
LINES = """
select count(*), count(*) filter (where l.contract_price is null),
       count(*) filter (where abs(l.contract_price - l.unit_price) > l.contract_price * 0.02)
from order_lines l join orders o using (tenant_id, order_no) where o.placed_at >= %(start)s and o.placed_at < %(end)s
"""
PERIODS = {"until 31 March 2011": ("2010-12-01", "2011-04-01"), "after that": ("2011-04-01", "2012-01-01")}


@dataclass(frozen=True, slots=True)
class Books:
    """All tables of an installation, looked at past the application."""

    conn: psycopg.Connection

    def rows(self, query: str, **params: object) -> Sequence[tuple[Any, ...]]:
        return self.conn.execute(query, params).fetchall()

    def one(self, query: str, **params: object) -> tuple[Any, ...]:
        (row,) = self.rows(query, **params)
        return row

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        tables = self.rows("select tablename from pg_tables where schemaname = 'public' order by tablename")
        return {
            name: self.one(sql.SQL("select count(*) from {}").format(sql.Identifier(name)).as_string())[0]
            for (name,) in tables
        }


@pytest.fixture
def shell(fresh_settings: Settings) -> Shell:
    """A tenant in pounds and London time, with two people who may settle prices."""
    made = Shell(fresh_settings)
    made.ok("tenant", "create", "retail", "--name", "Retail", "--currency", "GBP", "--timezone", "Europe/London")
    for who in ("ann", "bob"):
        made.ok("tenant", "add-person", f"{who}@retail.example", "--name", who, "--role", "channel_manager", *TENANT)
    return made


@pytest.fixture
def books(fresh_settings: Settings) -> Iterator[Books]:
    with psycopg.connect(make_conninfo(fresh_settings.database_url, user="postgres"), autocommit=True) as conn:
        yield Books(conn)


def settle_prices(shell: Shell, until: str) -> int:
    """Agreements from the sales until a day, approved by one and activated by another; how many terms they have."""
    derived = shell.read("agreements", "derive", *TENANT, "--from", *FILE, "--until", until)
    ann, bob = ("--as", "ann@retail.example"), ("--as", "bob@retail.example")
    shell.ok("agreements", "approve", *TENANT, "--source", "derived", *ann, "--because", "as sold until then")
    shell.ok("agreements", "activate", *TENANT, "--source", "derived", *bob)
    return int(derived["terms"])


def bring(shell: Shell, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = shell.read("import", "orders", *FILE, *TENANT, "--source", "retail", *options)
    return found


def tell(books: Books, capsys: pytest.CaptureFixture[str], report: dict[str, Any]) -> None:
    """Print what became of the orders, whatever pytest captures."""
    told = [f"{report['rows']:,} rows: {report['documents']}"]
    told += [
        f"  quarantine {refused['rows']:>8,} {Decimal(refused['amount']):>14,.2f}  {refused['reason']}"
        for refused in report["quarantined"]
    ]
    for name, (start, end) in PERIODS.items():
        statuses = books.rows(STATUSES, start=start, end=end)
        if not statuses:
            continue
        orders = sum(count for _, count, _ in statuses)
        lines, free, off = books.one(LINES, start=start, end=end)
        told.append(
            f"orders placed {name}: {orders:,} with {lines:,} lines; {free / lines:.1%} of the lines without a contract"
            f" price, {off / lines:.1%} more than 2 % off it"
        )
        for status, count, amount in statuses:
            told.append(f"  {status:<24} {count:>8,} {count / orders:>7.1%} {amount:>16,.2f} GBP")
        for kind, count, stake in books.rows(EXCEPTIONS, start=start, end=end):
            told.append(f"    {kind:<22} {count:>8,} {count / orders:>7.1%} {stake:>16,.2f} GBP at stake")
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(told) + "\n")


def test_every_row_is_accounted_for_to_the_cent_and_a_second_import_changes_nothing(shell, books, capsys):
    assert settle_prices(shell, "2011-03-31") > 2_000
    report = bring(shell)
    tell(books, capsys, report)

    # Every row is in an order, in a return, or in quarantine with a reason; once.
    assert report["rows"] == ROWS
    assert report["reconciled"] is True
    taken = {kind: (documents, lines) for kind, documents, lines in books.rows(EVENTS)}
    orders, returns, quarantined = books.one(RECORDS)
    assert orders + returns + quarantined == ROWS
    assert taken == {"order.submitted": (18_524, orders), "return.recorded": (3_653, returns)}
    assert books.one(QUARANTINE) == (0, 0, 0)
    assert books.one("select count(*) from inbox") == (0,)
    assert books.one(UNDECIDED) == (0,)

    # The amounts of the tables come to the amount of the file, exactly, and to the cent where money is rounded.
    exact = books.one(AMOUNTS)
    assert sum(exact) == EXACT
    assert books.one(ROUNDED) == (exact[0], exact[1])
    assert sum(exact).quantize(Decimal("0.01")) == Decimal("9747747.93")
    assert {name: Decimal(report["amounts"][name]) for name in ("orders", "returns", "quarantined")} == dict(
        zip(("orders", "returns", "quarantined"), exact, strict=True)
    )

    before = books.counts()
    again = bring(shell)
    assert (again["appended"], again["newly_quarantined"], again["governed"]) == (0, 0, {"applied": 0, "refused": 0})
    assert (again["rows"], again["amounts"]) == (ROWS, report["amounts"])
    assert books.counts() == before

    proof = shell.read("audit", "verify", *TENANT)
    assert (proof["ok"], proof["bad"]) == (True, [])
    assert proof["events"] == before["events"]
    assert proof["contents"]["decisions"] == before["decisions"]


def test_an_import_since_a_day_governs_what_came_after_and_accounts_for_what_came_before(shell, books, capsys):
    settle_prices(shell, "2011-09-30")
    report = bring(shell, "--since", "2011-10-01")
    tell(books, capsys, report)
    assert report["reconciled"] is True
    orders, returns, quarantined = books.one(RECORDS)
    assert report["earlier_rows"] + orders + returns + quarantined == ROWS
    assert Decimal(report["amounts"]["earlier"]) + sum(books.one(AMOUNTS)) == EXACT
    # Midnight in London on that day, which is still summer time.
    assert books.one("select min(time) >= '2011-09-30T23:00:00Z' from events where type = 'order.submitted'") == (True,)
    before = books.counts()
    assert bring(shell, "--since", "2011-10-01")["appended"] == 0
    assert books.counts() == before
    assert shell.read("audit", "verify", *TENANT)["ok"] is True
