"""A tenant's day in a process of its own, to be killed in the middle: `python day.py <JSON>`.

Everything in it may be done again: events are sent under the same ids, decisions under the same idempotency keys, and
what is done already is not there to be done any more. So after a crash the whole day is simply run again.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from starlette.testclient import TestClient

from headgate.api import create_app
from headgate.kernel.clock import FixedClock
from headgate.kernel.settings import Settings
from headgate.policy.backtest import Wanted, get_result, list_runs
from headgate.process import ActionCall, ActionResult
from headgate.process.carrying import carry_out_due
from headgate.store import Database
from headgate.wiring import build
from tests.scenarios.api.world import World, event, order
from tests.scenarios.channel import Channel

MORNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOON = MORNING + timedelta(hours=3)
WEEK = MORNING + timedelta(days=7)
LATE = WEEK + timedelta(hours=1)
CLUMSY = "O-5"  # its check breaks at the first try

SENT = [
    # Every third is far below contract and needs two agreements; the last one stays undecided for a week.
    event(f"e-{n}", order(f"O-{n}", ("S-1", str(n), "8.00" if n % 3 == 0 else "10.00")))
    for n in range(1, 10)
]
LATER = [
    event("l-1", {"order": "O-2", "reason": "never mind"}, type="order.cancelled"),
    event(
        "l-2",
        {
            "order": "O-4",
            "shipment": "S-1",
            "shipped_at": "2026-03-02T11:00:00Z",
            "lines": [{"line": "1", "quantity": "1"}],
        },
        type="shipment.confirmed",
    ),
    event("l-3", order("O-7", ("S-1", "15", "10.00")), type="order.amended"),
    event("l-4", order("O-nobody", partner="P-nobody")),
]


def live(world: World) -> None:
    """The day, from the first order to the clocks that run out a week later."""
    channel = world.channel
    stumble(channel)
    go_on(channel, MORNING)
    for sent in SENT:
        assert world.send(sent).status_code == 202
    drain(channel)
    deliver(channel)
    go_on(channel, NOON)
    drain(channel)
    for who, subject in (("carl", "O-3"), ("fiona", "O-3")):
        decide(world, who, subject)
    decide(world, "carl", "O-6", hold_seconds=20)
    channel.clock.move(timedelta(seconds=20))
    carry_out_due(channel.app.database, channel.app.engine, channel.clock, channel.tenant)
    answer = world.send(*LATER)
    assert answer.status_code == 202, answer.text
    drain(channel)
    go_on(channel, WEEK)
    channel.runner.run_jobs(channel.tenant)
    while channel.runner.fire_timers(channel.tenant):
        drain(channel)
    drain(channel)
    go_on(channel, LATE)
    deliver(channel)
    drain(channel)
    look_back(channel)


def look_back(channel: Channel) -> None:
    """Try the prices' policy on the day. A run that somebody left behind is taken over when its lease is over."""
    app, tenant = channel.app, channel.tenant
    with app.database.transaction(tenant) as conn:
        day = channel.clock.now().date()
        if not list_runs(conn):
            wanted = Wanted("price_deviation", day - timedelta(days=30), day, (1,))
            app.backtests.start(conn, channel.context(), wanted, small=0)
    for _ in range(3):
        app.backtests.work(app.database, channel.context(), channel.clock, "day")
        channel.clock.move(timedelta(minutes=2))
    with app.database.transaction(tenant) as conn:
        (run,) = list_runs(conn)
        assert run.status == "done"
        assert get_result(conn, run.run) is not None


def go_on(channel: Channel, at: datetime) -> None:
    """Go on to an instant, or to the last that an earlier process came to: time never runs backwards."""
    with channel.app.database.transaction(channel.tenant) as conn:
        ((last,),) = conn.execute("select max(received_at) from events").fetchall()
    channel.clock.set(max(at, last))


def stumble(channel: Channel) -> None:
    """Let the check of one order break at the first try."""
    check, fails = channel.app.engine.registry.actions["order.check"], [True]

    def act(call: ActionCall) -> ActionResult:
        if call.case.subject == CLUMSY and fails:
            fails.clear()
            raise ZeroDivisionError("a mistake in the check")
        return check(call)

    channel.app.engine.registry.actions["order.check"] = act


def drain(channel: Channel) -> None:
    """Apply everything that can be, as a worker does."""
    while (done := channel.runner.run_tenant(channel.tenant)).events or done.failed:
        pass


def deliver(channel: Channel) -> None:
    """Deliver every command that is due and that nobody who died still holds."""
    courier = channel.app.courier
    while done := [courier.send(errand) for errand in courier.claim(channel.tenant, "erp", 4)]:
        courier.record(channel.tenant, done)


def decide(world: World, who: str, subject: str, **more: Any) -> None:
    """Approve what waits for a subject over the API; whoever did so already is answered the same."""
    found = [t for t in world.get(who, "/v1/tasks").json()["items"] if t["subject"] == subject]
    if not found:
        return
    approval = world.get(who, f"/v1/approvals/{found[0]['approval']}").json()
    if any(vote["principal"].startswith(f"user:{who}@") for vote in approval["votes"]):
        return
    body = {"outcome": "approve", "justification": "agreed with the partner", "digest": approval["digest"], **more}
    answer = world.post(
        who, f"/v1/approvals/{approval['approval']}/decision", body, Idempotency_Key=f"{who}-decides-{subject}"
    )
    assert answer.status_code == 200, answer.text


def rebuild(given: dict[str, Any]) -> World:
    """The world that the parent opened, over connections of our own."""
    home, tenant = Path(given["home"]), UUID(given["tenant"])
    app = build(
        Settings(home=home, batch=4, outbound_allow=("127.0.0.1/32",)),
        FixedClock(MORNING),
        database=Database(given["dsn"], pool_size=6),
    )
    channel = Channel(app, tenant, app.clock, app.runner())  # type: ignore[arg-type]
    return World(channel, given["slug"], given["secret"], TestClient(create_app(app)), given["keys"])


def main() -> None:
    """Live the day, then say so."""
    world = rebuild(json.loads(sys.argv[1]))
    live(world)
    world.channel.app.close()
    sys.stdout.write("the day is over\n")


if __name__ == "__main__":
    main()
