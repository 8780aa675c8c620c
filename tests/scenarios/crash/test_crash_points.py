"""Kill a process at every named place, let another one go on, and compare with a day on which nothing happened."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import headgate
from headgate.connectors.delivery import TargetDraft, create_target
from headgate.kernel import crashpoints
from headgate.kernel.clock import FixedClock
from headgate.kernel.crashpoints import POINTS, VARIABLE
from headgate.kernel.settings import Settings
from headgate.store import Database
from scripts.books import faults
from scripts.receiver import Receiver, receiving
from tests.scenarios.api.world import World, new_tenant, open_world
from tests.scenarios.crash.day import MORNING

DAY = Path(__file__).with_name("day.py")
ROOT = Path(__file__).parents[3]
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)

# What a day comes to, without ids and numbers that differ from run to run.
OUTCOME = {
    "orders": "select order_no, status, revision, total::text, counted::text, unbilled::text from orders",
    "events": "select source, type, subject from events where source not like 'headgate/timers%'",
    "decisions": "select policy, subject, outcome::text from decisions",
    "audit": "select action, subject_type from audit_entries",
    "reservations": "select order_no, line, status, quantity::text, shipped::text from reservations",
    "stock": "select product, on_hand::text, reserved::text from stock",
    "credit": "select account, open_orders::text, shipped_unbilled::text from credit_accounts",
    "cases": "select subject, stage, status, outcome from cases",
    "approvals": "select subject, status from approvals",
    "votes": "select principal, outcome from approval_votes",
    "held decisions": "select h.status, tries, i.status from held_decisions h join held_decision_items i using (held)",
    "tasks": "select kind, status from tasks",
    "timers": "select name from timers",
    "commands": "select target, type, subject, status from outbox",
    "waiting": "select seq from inbox",
    "put aside": "select reason from quarantine",
}


@dataclass(frozen=True)
class Ended:
    """How a day's process ended."""

    code: int
    out: str
    err: str


def run_day(world: World, settings: Settings, **environment: str) -> Ended:
    """A day in a process of its own."""
    given = {
        "home": str(world.channel.app.settings.home),
        "dsn": settings.app_database_url,
        "tenant": str(world.channel.tenant),
        "slug": world.slug,
        "secret": world.secret,
        "keys": world.keys,
    }
    done = subprocess.run(
        [sys.executable, str(DAY), json.dumps(given)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"} | environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def outcome(world: World) -> dict[str, Counter[Any]]:
    """What the day came to."""
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        return {name: Counter(conn.execute(query.encode()).fetchall()) for name, query in OUTCOME.items()}


def books(world: World) -> list[str]:
    """What does not add up."""
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        return faults(conn, world.channel.app.content_checks())


# No part of the day: tests/integration/connectors/provisioning/test_crash.py.
ELSEWHERE = "provisioning."


def new_world(database: Database, home: Path, receiver: Receiver) -> World:
    """A tenant whose commands go to the receiver."""
    allowed = ("127.0.0.1/32",)
    world = open_world(database, new_tenant(database, MORNING), FixedClock(MORNING), home, outbound_allow=allowed)
    app = world.channel.app
    with database.transaction(world.channel.tenant) as conn:
        draft = TargetDraft(code="erp", url=receiver.url)
        create_target(conn, world.context(), app.envelope, app.courier.ports, draft)
    return world


def effects(world: World, receiver: Receiver) -> Counter[Any]:
    """What commands did at an idempotent receiver. Each must have been one of ours."""
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        commands = dict(conn.execute("select id::text, subject from outbox").fetchall())
    assert set(receiver.effects) == set(commands)
    assert receiver.differing == set()
    return Counter(receiver.effects.values())


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A system that minds idempotency keys."""
    with receiving() as opened:
        yield opened


@pytest.fixture(scope="module")
def quiet_day(module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Counter[Any]]]:
    """A day on which nothing happened."""
    database = Database(module_settings.app_database_url, pool_size=5)
    with receiving() as receiver:
        world = new_world(database, tmp_path_factory.mktemp("quiet"), receiver)
        ended = run_day(world, module_settings)
        assert (ended.code, ended.out) == (0, "the day is over\n"), ended.err
        assert books(world) == []
        yield outcome(world) | {"effects": effects(world, receiver)}
    database.close()


@pytest.mark.slow
def test_a_quiet_day_comes_by_everything_that_the_crash_tests_rely_on(quiet_day: dict[str, Counter[Any]]) -> None:
    statuses = Counter(row[1] for row in quiet_day["orders"].elements())
    assert statuses == {"released": 5, "held": 2, "cancelled": 1, "shipping": 1}
    assert quiet_day["votes"].total() == 3
    assert quiet_day["held decisions"] == {("carried_out", 0, "decided"): 1}
    assert quiet_day["commands"]
    assert quiet_day["put aside"]
    assert not quiet_day["waiting"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in POINTS if not name.startswith(ELSEWHERE)])
def test_a_day_with_a_crash_comes_to_the_same_as_one_without(
    name: str, quiet_day: dict[str, Counter[Any]], module_settings: Settings, tmp_path: Path, receiver: Receiver
) -> None:
    database = Database(module_settings.app_database_url, pool_size=5)
    world = new_world(database, tmp_path, receiver)
    crashed = run_day(world, module_settings, **{VARIABLE: name})
    assert crashed.code == -signal.SIGKILL, crashed.err
    assert crashed.err.endswith(f"killed at crash point {name}\n")
    with database.transaction(world.channel.tenant) as conn:
        conn.execute("update lanes set lease_until = %s where owner is not null", [LONG_AGO])
    ended = run_day(world, module_settings)
    assert (ended.code, ended.out) == (0, "the day is over\n"), ended.err
    assert books(world) == []
    assert outcome(world) | {"effects": effects(world, receiver)} == quiet_day
    assert max(receiver.times.values()) == (2 if name == "outbox.sent" else 1)
    database.close()


def test_every_crash_point_in_the_code_is_registered_and_every_registered_one_is_in_the_code() -> None:
    package = Path(headgate.__file__).parent
    texts = (file.read_text(encoding="utf-8") for file in package.rglob("*.py"))
    found = Counter(
        call.args[0].value
        for text in texts
        if "crashpoint(" in text
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "crashpoint"
        if isinstance(call.args[0], ast.Constant)
    )
    assert set(found) == set(POINTS)
    assert set(found.values()) == {1}, "a place is named once"


@pytest.mark.parametrize("value", ["nowhere", "advance.applied@0", "advance.applied@x", "@2"])
def test_a_crash_point_that_does_not_exist_is_refused_at_the_start(value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import headgate.kernel.crashpoints"],
        env=os.environ | {VARIABLE: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "names no crash point; unset it" in done.stderr


def test_an_unarmed_process_passes_every_crash_point() -> None:
    assert os.environ.get(VARIABLE) is None
    for name in POINTS:
        crashpoints.crashpoint(name)


def test_the_third_passage_is_the_deadly_one_where_it_says_so() -> None:
    code = "from headgate.kernel.crashpoints import crashpoint as c\nfor n in range(9): c('jobs.done') or print(n)"
    done = subprocess.run(
        [sys.executable, "-u", "-c", code], env=os.environ | {VARIABLE: "jobs.done@3"}, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout.split()) == (-signal.SIGKILL, [b"0", b"1"])
