"""The demo as a script starts it: loaded once, kept afterwards, and true to what was planted in it."""

from __future__ import annotations

import fcntl
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from headgate.access import find_tenant
from headgate.cli import demo as demo_command
from headgate.cli import loading
from headgate.cli.loading import SEED, STAFF
from headgate.cli.playing import Player
from headgate.kernel.settings import Settings
from headgate.packs.simulator import TENANT, GroundTruth, Simulation, simulate
from headgate.packs.simulator.deals import number_of
from headgate.store import Database
from tests.integration.cli.shell import Ran, Shell

pytestmark = pytest.mark.slow

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
TODAYS_ORDER = """
select o.status, o.exceptions from orders o join principals p on p.tenant_id = o.tenant_id and p.partner = o.partner
where p.name = 'Petra Sund' and o.order_no like '%%-200001'
"""
SIMULATED = "select event_id from events"
CONFLICTS = "select count(*) from event_conflicts"
SHIPPED_TOO_EARLY = """
select o.order_no from orders o join order_lines l on l.tenant_id = o.tenant_id and l.order_no = o.order_no
where o.status in ('held', 'rejected', 'returned') and l.shipped > 0
"""
LEFT_LYING = "select count(*) from orders where status in ('released', 'flagged') and placed_at < %s"
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
    """Stopped twice while it loaded, by Ctrl-C: between two looks at the channel, and in the middle of one."""
    shell = Shell(module_settings)
    began = datetime.now(UTC)
    for method, calls in (("_look", 9), ("_decide_what_is_due", 21)):
        stopped = interrupted(shell, method, calls)
        assert (stopped.code, stopped.out) == (130, "")
    ran = shell.ok(*DEMO, "--json")
    assert ran.err == ""
    return Loaded(shell, ran.json(), began, datetime.now(UTC))


def interrupted(shell: Shell, method: str, calls: int) -> Ran:
    """The demo, stopped when the player has done something `calls` times."""
    real, done = getattr(Player, method), 0

    def stop(*given: Any) -> Any:
        nonlocal done
        done += 1
        if done > calls:
            raise KeyboardInterrupt
        return real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Player, method, stop)
        return shell.run(*DEMO, "--json")


def test_the_facts_tell_a_plausible_story(loaded):
    facts = loaded.facts
    assert facts["orders"] > 800
    assert 86 <= float(facts["straight_through_pct"]) <= 94
    assert 3 <= facts["approvals_waiting"]["approvals"] <= 40
    assert {"price_deviation", "credit_limit", "margin_floor"} <= {e["type"] for e in facts["exceptions"]}
    assert isinstance(facts["amount"], str)
    assert sum(c["count"] for c in facts["quarantine"]) < facts["orders"] * 0.01
    assert all(c["reason"].endswith("is not a known product") for c in facts["quarantine"])
    staff = [login["email"] for login in facts["logins"] if not login["role"].startswith("partner_")]
    assert staff == [f"{name}@nordwind.example" for name, _, _ in STAFF]
    partners = [login["role"] for login in facts["logins"] if login["role"].startswith("partner_")]
    assert sorted(set(partners)) == ["partner_admin", "partner_user"]


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


def test_going_on_took_nothing_twice_and_left_nothing_out(loaded):
    simulation = loaded.simulation()
    due = {e.event_id for e in simulation.stream if e.time < loaded.began and e.type != "shipment.confirmed"}
    taken = [event for (event,) in loaded.rows(SIMULATED)]
    assert due <= set(taken)
    assert loaded.rows(CONFLICTS) == [(0,)]


def test_who_signs_in_to_the_portal_finds_an_order_that_waits_for_a_price(loaded):
    assert loaded.rows(TODAYS_ORDER) == [("held", ["price_deviation"])]


def test_goods_came_back_in_several_states_and_a_protection_has_run_out(loaded):
    states = {status for (status,) in loaded.rows("select status from return_requests")}
    assert {"authorised", "credited"} <= states
    # Two weeks are short: whether the goods of somebody else were looked at by today depends on the day.
    looked_at = (e for e in loaded.simulation().stream if e.type == "rma.inspected" and e.time < loaded.began)
    assert ("refused" in states) == any(e.data["lines"][0]["condition"] == "other_goods" for e in looked_at)
    ((status, until),) = loaded.rows("select status, protected_until from deals where deal = %s", number_of(15))
    assert status == "expired"
    assert until < loaded.began
    told = loaded.rows("select action from audit_entries where subject = %s order by seq", number_of(15))
    assert [action for (action,) in told][:4] == [
        "deal.submitted", "deal.decided", "timer.fired", "deal.protection_ending",
    ]  # fmt: skip


def test_what_was_released_ships_and_nothing_else(loaded):
    assert loaded.rows(SHIPPED_TOO_EARLY) == []
    ((open_orders,),) = loaded.rows(LEFT_LYING, loaded.began - timedelta(days=7))
    assert open_orders == 0


def test_a_second_start_applies_nothing_and_keeps_everything(loaded, monkeypatch):
    before = loaded.rows(EVENTS)

    def refuse(*_: object) -> None:
        raise AssertionError("the demo was loaded again")

    monkeypatch.setattr(loading, "simulate", refuse)
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


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_passed_over_unless_it_was_asked_for(loaded, taken, monkeypatch):
    monkeypatch.setattr(demo_command, "PORT", taken)
    loaded.shell.served.clear()
    ran = loaded.shell.ok("demo")
    ((_, port, _),) = loaded.shell.served
    assert taken < port < taken + demo_command.PORTS_TO_TRY
    assert f"Port {taken} is taken, so the console comes on {port}" in ran.err
    refused = loaded.shell.run("demo", "--port", str(taken))
    assert (refused.code, refused.out) == (1, "")
    assert f"cannot listen on 127.0.0.1:{taken}" in refused.err


def test_only_one_process_loads_at_a_time(loaded):
    with (loaded.shell.settings.home / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = loaded.shell.run(*DEMO, "--json")
    assert (ran.code, ran.out) == (1, "")
    assert "loaded by another process" in ran.err


@pytest.mark.parametrize(
    ("marked", "said"),
    [('"loading"', "an earlier demo was interrupted while it loaded; "), ("null", "is not the demo's; ")],
)
def test_a_tenant_that_the_demo_cannot_go_on_with_is_left_alone(loaded, superuser_of, marked, said):
    superuser_of(loaded.shell.settings).execute(
        "update tenants set settings = jsonb_set(settings, '{demo}', %s::jsonb)", [marked]
    )
    ran = loaded.shell.run(*DEMO, "--json")
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
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
