"""The demo as a script starts it: loaded once, kept afterwards, and true to what was planted in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from headgate.access import find_tenant
from headgate.cli import demo as demo_command
from headgate.cli.demo import SEED, STAFF
from headgate.kernel.settings import Settings
from headgate.packs.simulator import TENANT, GroundTruth, Simulation, simulate
from headgate.store import Database
from tests.integration.cli.shell import Shell

WEEKS = 2
DEMO = ("demo", "--no-serve", "--weeks", str(WEEKS))
# What a planted anomaly is called when a check finds it.
EXCEPTION = {
    "margin_leakage": "margin_floor",
    "price_deviation": "price_deviation",
    "expired_agreement_price": "price_deviation",
    "duplicate_order": "duplicate_order",
    "credit_overrun": "credit_limit",
    "blocked_partner": "partner_blocked",
    "out_of_stock": "out_of_stock",
    "embargoed_ship_to": "export_restricted",
    "export_controlled": "export_restricted",
}
# Per order: whether somebody was asked about it, and every exception it ever had, also those that are settled.
FATES = """
select o.order_no, o.status, o.exceptions || coalesce(a.exceptions, '{}'), coalesce(a.asked, 0)
from orders o
left join lateral (
    select count(*) as asked, array_agg(e.type) as exceptions
    from approvals x left join lateral unnest(x.exceptions) e(type) on true where x.case_id = o.case_id
) a on true
"""
EVENTS = "select count(*) from events"
LATEST = "select max(time), max(received_at) from events"
PENDING = "select approval from approvals where status = 'pending'"
OLDEST_WAITING = "select count(*) from approvals where status = 'pending' and requested_at < %s"


@dataclass(frozen=True, slots=True)
class Loaded:
    """An installation with the demo in it: what loading printed, and when it began and ended."""

    shell: Shell
    facts: dict[str, Any]
    began: datetime
    ended: datetime

    def rows(self, query: str, *params: object) -> list[tuple[Any, ...]]:
        """Rows of the demo's tenant."""
        opened = Database(self.shell.settings.app_database_url, pool_size=1)
        try:
            with opened.transaction(find_tenant(opened, "nordwind"), read_only=True) as conn:
                return conn.execute(query, params).fetchall()
        finally:
            opened.close()

    def simulation(self) -> Simulation:
        """What the demo was made from."""
        tomorrow = self.began.astimezone(ZoneInfo(TENANT.timezone)).date() + timedelta(days=1)
        return simulate(SEED, tomorrow - timedelta(weeks=WEEKS), WEEKS)


@pytest.fixture(scope="module")
def loaded(module_settings: Settings) -> Loaded:
    shell = Shell(module_settings)
    began = datetime.now(UTC)
    ran = shell.ok(*DEMO, "--json")
    assert ran.err == ""
    return Loaded(shell, ran.json(), began, datetime.now(UTC))


def test_the_facts_tell_a_plausible_story(loaded):
    facts = loaded.facts
    assert facts["orders"] > 800
    assert 86 <= float(facts["straight_through_pct"]) <= 94
    assert 3 <= facts["approvals_waiting"]["approvals"] <= 40
    assert {"price_deviation", "credit_limit", "margin_floor"} <= {e["type"] for e in facts["exceptions"]}
    assert isinstance(facts["amount"], str)
    assert sum(c["count"] for c in facts["quarantine"]) < facts["orders"] * 0.03
    assert [login["email"] for login in facts["logins"]] == [f"{name}@nordwind.example" for name, _, _ in STAFF]


def test_nothing_comes_from_the_future_and_nothing_old_is_left_undecided(loaded):
    ((last, received),) = loaded.rows(LATEST)
    assert last <= loaded.ended
    assert received <= loaded.ended
    waiting = loaded.facts["approvals_waiting"]["approvals"]
    ((old,),) = loaded.rows(OLDEST_WAITING, loaded.began - timedelta(days=6))
    assert old <= waiting * 0.2


def test_every_planted_anomaly_met_its_fate(loaded):
    simulation = loaded.simulation()
    happened = {e.subject for e in simulation.stream if e.type == "order.submitted" and e.time < loaded.began}
    truths = [t for t in simulation.ground_truth if t.order in happened]
    fates = {order: (status, set(exceptions), asked) for order, status, exceptions, asked in loaded.rows(FATES)}
    assert len({t.kind for t in truths}) > 6
    assert [(t, fates.get(t.order)) for t in truths if not met(t, fates.get(t.order))] == []


def met(truth: GroundTruth, fate: tuple[str, set[str], int] | None) -> bool:
    """Whether what became of an order is what a sound governance does about the anomaly in it."""
    if truth.expected == "refuse" or fate is None:
        return truth.expected == "refuse" and fate is None
    status, exceptions, asked = fate
    if truth.expected == "hold":
        return asked > 0 and EXCEPTION[truth.kind] in exceptions
    if truth.expected == "reject":
        return status == "rejected" and EXCEPTION[truth.kind] in exceptions
    return status != "rejected" or asked > 0


def test_a_second_start_applies_nothing_and_keeps_everything(loaded, monkeypatch):
    before = loaded.rows(EVENTS)

    def refuse(*_: object) -> None:
        raise AssertionError("the demo was loaded again")

    monkeypatch.setattr(demo_command, "simulate", refuse)
    again = loaded.shell.ok(*DEMO, "--json").json()
    assert loaded.rows(EVENTS) == before
    # Whether something is late depends on the time of day.
    for facts in (again, loaded.facts):
        facts["approvals_waiting"].pop("late", None)
    assert again == loaded.facts


def test_the_audit_chain_of_the_demo_verifies_with_events_and_decisions(loaded):
    proof = loaded.shell.read("audit", "verify")
    assert (proof["ok"], proof["bad"]) == (True, [])
    assert proof["entries"] == loaded.facts["audit_entries"]
    assert proof["events"] == loaded.facts["events"]
    assert proof["contents"]["decisions"] > loaded.facts["orders"]


def test_what_waits_can_be_listed_and_decided(loaded):
    waiting = loaded.shell.read("approvals", "list", "--limit", "200")["items"]
    assert {w["approval"] for w in waiting} == {str(a) for (a,) in loaded.rows(PENDING)}
    person = {role: name for name, _, role in reversed(STAFF)}
    task = next(w for w in waiting if w["subject_type"] == "order" and w["role"] in person and w["level"] == 1)
    said = ("--as", f"{person[task['role']]}@nordwind.example", "--because", "the demo's reader decides")
    assert loaded.shell.read("approvals", "decide", task["subject"], "reject", *said)["status"] == "rejected"


def test_the_demo_serves_unless_told_not_to(loaded):
    loaded.shell.ok("demo", "--weeks", str(WEEKS), "--port", "0")
    assert loaded.shell.served == [("127.0.0.1", 0, True)]


@pytest.mark.parametrize("marked", ['"loading"', "null"])
def test_a_demo_that_was_interrupted_while_it_loaded_says_how_to_go_on(loaded, superuser_of, marked):
    superuser_of(loaded.shell.settings).execute(
        "update tenants set settings = jsonb_set(settings, '{demo}', %s::jsonb)", [marked]
    )
    ran = loaded.shell.run(*DEMO, "--json")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("Error an earlier demo was interrupted while it loaded; ")
    assert "HEADGATE_DATABASE_URL" in ran.err


@pytest.fixture
def superuser_of():
    """Opens connections bound by nothing, to spoil what is there."""
    opened: list[psycopg.Connection[Any]] = []

    def connect(settings: Settings) -> psycopg.Connection[Any]:
        target = psycopg.conninfo.make_conninfo(settings.database_url, user="postgres")
        opened.append(psycopg.connect(target, autocommit=True))
        return opened[-1]

    yield connect
    for conn in opened:
        conn.close()
