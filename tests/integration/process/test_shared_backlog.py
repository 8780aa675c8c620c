"""Runners in processes of their own share a backlog; one that is killed loses nothing and applies nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from headgate.kernel.settings import Settings
from headgate.ledger import verify_audit
from tests.scenarios.channel import Channel, account, partner, stock

pytestmark = pytest.mark.slow

MAIN = Path(__file__).with_name("runner_main.py")
ROOT = Path(__file__).parents[3]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(channel: Channel, settings: Settings, tmp_path: Path) -> Iterator[Start]:
    """Starts a runner process; it waits for `go`."""
    running: list[subprocess.Popen[str]] = []

    def begin(owner: str, **more: Any) -> subprocess.Popen[str]:
        given = {
            "home": str(tmp_path / "home"),
            "dsn": settings.app_database_url,
            "tenant": str(channel.tenant),
            "now": channel.clock.now().isoformat(),
            "owner": owner,
            "wanted": 4,
            "batch": 16,
            **more,
        }
        child = subprocess.Popen(
            [sys.executable, str(MAIN), json.dumps(given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        )
        running.append(child)
        assert said(child) == "ready"
        return child

    yield begin
    for child in running:
        child.kill()
        child.communicate()


def said(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def go(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()


def backlog(channel: Channel, orders: int, limit: str) -> None:
    """Orders of one piece at 10 each, every one from another partner of one account with credit up to a limit."""
    channel.send("credit_account.recorded", items=[account("A-1", limit)])
    channel.send("partner.recorded", items=[partner(f"Q-{number}", "A-1") for number in range(orders)])
    channel.send("stock.recorded", items=[stock("S-1", "100000")])
    channel.govern()
    for number in range(orders):
        channel.order(f"O-{number}", ("S-1", "1", "10.00"), partner=f"Q-{number}")


def rows(channel: Channel, sql: str) -> list[Any]:
    with channel.app.database.transaction(channel.tenant) as conn:
        return conn.execute(sql).fetchall()


def check_books(channel: Channel, orders: int, released: int) -> None:
    """Every order decided once, sums right, nothing waiting, the chain whole."""
    assert rows(channel, "select count(*) from inbox") == [(0,)]
    assert rows(channel, "select count(*), count(distinct subject) from decisions where policy = 'order_release'") == [
        (orders, orders)
    ]
    assert rows(channel, "select count(*) from audit_entries where action = 'order.submitted'") == [(orders,)]
    # Those that nearly fill the credit are released with a flag.
    held = Counter(row[0] == "held" for row in rows(channel, "select status from orders"))
    assert held == Counter({False: released, True: orders - released})
    assert rows(channel, "select count(*) from approvals where status = 'pending'") == [(orders - released,)]
    assert channel.sums() | {"on_hand": Decimal(0)} == {
        "open_orders": Decimal(10 * released),
        "unbilled": Decimal(0),
        "reserved": Decimal(released),
        "on_hand": Decimal(0),
    }
    assert rows(channel, "select coalesce(sum(quantity), 0) from reservations where status = 'held'") == [(released,)]
    with channel.app.database.transaction(channel.tenant) as conn:
        report = verify_audit(conn, checks=channel.app.content_checks())
    assert report.ok, report.bad


def test_two_processes_share_a_backlog_and_nothing_is_lost_or_applied_twice(channel: Channel, start: Start) -> None:
    backlog(channel, orders=300, limit="2000")
    children = [start("first"), start("second")]
    for child in children:
        go(child)
    applied = [int(said(child)) for child in children]
    assert sum(applied) == 300
    assert all(applied), "each had a part in it"
    assert [child.wait(timeout=60) for child in children] == [0, 0]
    check_books(channel, orders=300, released=200)


@pytest.mark.parametrize("place", ["segment_applied", "before_commit", "after_commit"])
def test_a_runner_killed_in_the_middle_of_a_batch_loses_nothing(channel: Channel, start: Start, place: str) -> None:
    backlog(channel, orders=40, limit="250")
    victim = start("victim", stop_at=place, times=2, wanted=100)
    go(victim)
    assert said(victim) == "stopped"
    if place == "after_commit":
        # The commit gave its lanes back: others go on at once, not only when the lease is over.
        assert channel.runner.run_tenant(channel.tenant).events == 8
    else:
        # Its lanes are leased, and those of a batch under way are fenced whatever the clock says.
        assert channel.runner.run_tenant(channel.tenant).events == 0
        channel.clock.move(timedelta(seconds=16))
        assert channel.runner.run_tenant(channel.tenant).events == 0
    victim.send_signal(signal.SIGKILL)
    victim.wait(timeout=60)
    while rows(channel, "select 1 from inbox limit 1"):
        channel.runner.drain(channel.tenant)
    check_books(channel, orders=40, released=25)


def test_the_lanes_of_a_killed_runner_are_free_after_the_lease_and_not_before(channel: Channel, start: Start) -> None:
    backlog(channel, orders=5, limit="1000")
    victim = start("victim", stop_at="segment_applied", wanted=100)
    go(victim)
    assert said(victim) == "stopped"
    victim.send_signal(signal.SIGKILL)
    victim.wait(timeout=60)
    channel.clock.move(timedelta(seconds=14))
    assert channel.runner.run_tenant(channel.tenant).events == 0
    channel.clock.move(timedelta(seconds=1))
    channel.govern()
    check_books(channel, orders=5, released=5)
