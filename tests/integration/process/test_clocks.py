"""Clocks of stages in the database: paused and run on, escalated to others, and what is to be taken back by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from headgate.channel import calendars
from headgate.kernel.context import SYSTEM, Principal
from headgate.process import case_detail, case_of_subject, complete_task, install
from tests.integration.process.test_side_by_side import Newcomers
from tests.scenarios.channel import Channel, person

REPAIR = """\
process: repair
version: 1
title: Repair
subject: newcomer
owner: order_desk
events:
  repair.asked: {key: "repair:{repair}", subject: "{repair}", starts: true}
  repair.questioned: {key: "repair:{repair}", subject: "{repair}"}
  repair.answered: {key: "repair:{repair}", subject: "{repair}"}
  repair.done: {key: "repair:{repair}", subject: "{repair}"}
stages:
  - id: mending
    title: Mending
    sla:
      hours: 4
      target: 2
      warn: 0.5
      pause:
        - {because: Waiting for the customer, on: repair.questioned, until: repair.answered}
      escalate:
        - {after: 1, notify: channel_manager}
        - {after: 2, reassign: finance_director}
    enter:
      - {id: mend, task: "Mend {subject}", role: order_desk}
    on:
      repair.done: {to: mended}
  - {id: mended, title: Mended, final: mended}
"""


@pytest.fixture
def workshop(channel: Channel) -> Channel:
    """A tenant that mends things, on Monday 2 March 2026, 10:00; it works until 17:00."""
    channel.app.engine.registry.ports["newcomer"] = Newcomers()
    with channel.app.database.transaction(channel.tenant) as conn:
        install(conn, channel.context(SYSTEM), REPAIR, "repair.yaml", channel.app.policies, channel.app.actions)
    channel.send("repair.asked", repair="R-1")
    channel.govern()
    return channel


def case(channel: Channel) -> dict[str, Any]:
    with channel.app.database.transaction(channel.tenant) as conn:
        found = case_of_subject(conn, "newcomer", "R-1")
        assert found is not None
        return case_detail(conn, found["case_id"])


def send(channel: Channel, type_: str) -> dict[str, Any]:
    channel.send(type_, repair="R-1")
    channel.govern()
    return case(channel)


def test_a_paused_clock_stands_still_and_runs_on_with_the_time_it_had_left(workshop: Channel) -> None:
    due = case(workshop)["due_at"]
    workshop.pass_time(hours=1)
    paused = send(workshop, "repair.questioned")
    assert paused["sla_state"] == "paused"
    assert [t["name"] for t in paused["timers"]] == []
    workshop.pass_time(hours=20)  # until six the next morning: five working hours of Monday are over
    assert case(workshop)["sla_state"] == "paused"
    workshop.pass_time(hours=4)  # 10:00 on Tuesday, an hour more
    resumed = send(workshop, "repair.answered")
    assert resumed["sla_state"] == "running"
    assert resumed["due_at"] > due
    assert (resumed["due_at"] - workshop.clock.now()).total_seconds() == 3 * 3600  # what was left of four
    workshop.pass_time(hours=3, minutes=1)
    assert case(workshop)["sla_state"] == "breached"


def test_the_chain_tells_one_role_and_gives_the_work_to_the_next(workshop: Channel) -> None:
    workshop.pass_time(hours=5, minutes=1)  # an hour after the breach
    told = case(workshop)
    assert {(t["role"], t["status"]) for t in told["tasks"]} == {("order_desk", "open"), ("channel_manager", "open")}
    assert told["owner_role"] == "order_desk"
    assert {t["priority"] for t in told["tasks"]} == {1}
    workshop.pass_time(hours=1)
    given = case(workshop)
    assert given["owner_role"] == "finance_director"
    mend = next(t for t in given["tasks"] if t["title"] == "Mend R-1")
    assert (mend["role"], mend["status"], mend["assignee"]) == ("finance_director", "open", None)
    assert {t["priority"] for t in given["tasks"]} == {2}
    with workshop.app.database.transaction(workshop.tenant) as conn:
        ctx = workshop.context(Principal(person("fiona"), "person", "Fiona", roles=frozenset({"finance_director"})))
        seq = complete_task(conn, ctx, workshop.app.engine, mend["task"])
    workshop.runner.settle(workshop.tenant, seq)
    done = send(workshop, "repair.done")
    assert (done["status"], done["timers"]) == ("closed", [])
    assert {t["status"] for t in done["tasks"]} == {"done"}


def test_a_service_level_over_the_hour_that_is_skipped_gives_its_whole_time_and_ends_at_its_instant(
    channel: Channel,
) -> None:
    channel.app.engine.registry.ports["newcomer"] = Newcomers()
    nights = {"timezone": "Europe/Berlin", "hours": {"sun": [["01:00", "08:00"]]}}
    keeper = Principal(person("ops"), "person", permissions=frozenset({"calendars.write"}))
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(keeper)
        calendars.change_calendar(conn, ctx, calendar="nights", title="Nights", body=nights, reason="agreed")
        calendars.assign_calendar(conn, ctx, scope="tenant", ref="", calendar="nights", reason="agreed")
        install(conn, channel.context(SYSTEM), REPAIR, "repair.yaml", channel.app.policies, channel.app.actions)
    # Half an hour before the clocks are put forward from 2:00 to 3:00.
    start = datetime.fromisoformat("2026-03-29T01:30+01:00")
    channel.clock.set(start)
    channel.send("repair.asked", repair="R-1")
    channel.govern()
    due = start + timedelta(hours=4)
    assert due == datetime.fromisoformat("2026-03-29T06:30+02:00")
    assert case(channel)["due_at"] == due
    for at, state in (
        (start + timedelta(hours=2, seconds=-1), "running"),
        (start + timedelta(hours=2), "warned"),
        (due - timedelta(seconds=1), "warned"),
        (due, "breached"),
    ):
        channel.clock.set(at)
        channel.runner.fire_timers(channel.tenant)
        channel.govern()
        assert case(channel)["sla_state"] == state, at
