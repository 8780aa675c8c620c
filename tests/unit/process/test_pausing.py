"""Clocks of approvals while their stage waits for somebody outside: they stop, and go on with what was left."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.kernel.errors import Stale
from headgate.process.core.approval import Voter
from headgate.process.core.parse import parse_definition
from headgate.process.core.state import Approval
from tests.unit.process.play import NOW, Play, outputs, row

ANA, BEN = "user:ana", "user:ben"
HOUR = timedelta(hours=1)
STAGE = """
process: repair
version: 1
title: Repair
subject: thing
owner: desk
events:
  thing.came: {key: "thing:{thing}", subject: "{thing}", starts: true}
stages:
  - id: asking
    title: Asking
    sla:
      hours: 200
      pause:
        - {because: waiting for the partner, on: case.asked, until: case.answered}
    enter:
      - {id: look, run: look}
"""
ASK = "{id: ask, approve: matrix, each: $look.asks, binds: $look.digest, stake: $look.stake, requested_by: $look.by}"
ENDS = """
    on:
      approval.approved: {to: agreed}
      approval.rejected: {to: lost}
      approval.returned: {to: lost}
      approval.edited: {to: lost}
      approval.expired: {to: lost}
  - {id: agreed, title: Agreed, final: agreed}
  - {id: lost, title: Lost, final: lost}
"""
PLAIN = f"{STAGE}      - {ASK}{ENDS}"
IN_BRANCHES = f"""{STAGE}      - parallel: checks
        branches:
          one: [{ASK}]
          two: [{{wait: thing.came}}]
    go:
      - {{when: {{checks.status: failed}}, to: lost}}
      - {{when: {{checks.status: done}}, to: agreed}}
  - {{id: agreed, title: Agreed, final: agreed}}
  - {{id: lost, title: Lost, final: lost}}
"""


def asking(*rows: dict[str, Any], text: str = PLAIN) -> Play:
    """A request that waits since 9:00; unless said otherwise, four hours to decide and a reminder after three."""
    found = {"asks": [{"exception": "costly"}], "digest": "d1", "stake": "5", "by": "user:rita"}
    voters = {ANA: Voter(ANA, frozenset({"manager"})), BEN: Voter(BEN, frozenset({"director"}))}
    asked = list(rows) or [row(1, "manager", remind_hours=Decimal(3), escalate_to="director"), row(2, "director")]
    play = Play(parse_definition(text, "repair.yaml"), {"look": outputs(**found)}, asked, voters)
    play.send("thing.came")
    return play


def pause(play: Play, after: timedelta, length: timedelta) -> None:
    play.now += after
    play.send("case.asked")
    play.now += length
    play.send("case.answered")


def request(play: Play) -> Approval:
    assert play.case is not None
    return play.case.approval or next(iter(play.case.asked.values()))


def due(play: Play) -> list[Any]:
    return [each.task.due_at for each in play.gathered.tasks.values() if each.status == "open"]


@given(st.timedeltas(timedelta(), 4 * HOUR - timedelta(seconds=1)), st.timedeltas(timedelta(), timedelta(days=90)))
def test_every_clock_goes_on_with_what_it_had_left(after: timedelta, length: timedelta) -> None:
    after, length = (timedelta(seconds=int(span.total_seconds())) for span in (after, length))
    play = asking()
    if after >= 3 * HOUR:
        play.fire("approval.remind.1")
        play.now = NOW
    before, asked = play.timers(), request(play)
    pause(play, after, length)
    gone_on = request(play)
    assert play.timers() == {name: at + length for name, at in before.items()}
    assert gone_on.expires_at == asked.expires_at + length
    assert [s.due_at for s in gone_on.steps] == [at and at + length for at in (s.due_at for s in asked.steps)]
    assert due(play) == [gone_on.steps[0].due_at]
    assert gone_on.paused_at is None


def test_while_it_stands_still_nothing_fires_and_no_task_is_due() -> None:
    play = asking()
    play.now += HOUR
    play.send("case.asked")
    assert (request(play).paused_at, due(play)) == (play.now, [None])
    assert not [name for name in play.timers() if name.startswith("approval.")]
    for name in ("approval.remind.1", "approval.late.1", "approval.expire"):
        play.fire(name, at=play.now + 300 * HOUR)
    assert (request(play).status, request(play).steps[0].escalated, play.tasks()) == ("pending", False, ["manager"])
    assert play.gathered.emitted == []


def test_whoever_may_decide_still_can_and_after_it_went_on_the_time_is_over_when_it_is() -> None:
    play = asking(row(1, "manager"))
    play.now += HOUR
    play.send("case.asked")
    play.now += 500 * HOUR
    play.vote(ANA)
    assert play.case is not None
    assert play.case.stage == "agreed"
    other = asking(row(1, "manager"))
    pause(other, HOUR, 500 * HOUR)
    other.now = request(other).expires_at
    with pytest.raises(Stale, match="expired"):
        other.vote(ANA)


def test_a_level_that_is_asked_meanwhile_has_its_whole_time_from_then_on() -> None:
    play = asking(row(1, "manager"), row(2, "director", remind_hours=Decimal(2)))
    play.now += HOUR
    play.send("case.asked")
    play.now += 10 * HOUR
    play.vote(ANA)
    assert (play.tasks(), due(play)) == (["director"], [None])
    assert not [name for name in play.timers() if name.startswith("approval.")]
    play.now += 10 * HOUR
    play.send("case.answered")
    clocks = play.timers()
    assert (clocks["approval.late.2"], clocks["approval.remind.2"]) == (play.now + 4 * HOUR, play.now + 2 * HOUR)
    assert clocks["approval.expire"] == NOW + 60 * HOUR
    assert due(play) == [play.now + 4 * HOUR]


def test_what_was_late_before_stays_late_and_its_reminders_keep_their_pace() -> None:
    play = asking()
    play.fire("approval.remind.1")
    play.fire("approval.late.1")
    assert play.tasks() == ["manager+director"]
    late = request(play).steps[0].due_at
    pause(play, HOUR, 20 * HOUR)
    assert (request(play).steps[0].due_at, due(play)) == (late, [late])
    clocks = play.timers()
    assert "approval.late.1" not in clocks
    assert clocks["approval.remind.1"] == NOW + 26 * HOUR, "five hours had passed, so the second is an hour away"


def test_an_escalation_that_came_just_when_the_clock_stopped_is_made_up_for() -> None:
    play = asking()
    fires = play.timers()["approval.late.1"]
    play.now = fires
    play.send("case.asked")
    play.fire("approval.late.1", at=fires)
    assert play.tasks() == ["manager"]
    play.now += HOUR
    play.send("case.answered")
    play.fire("approval.late.1")
    assert play.tasks() == ["manager+director"]


def test_a_second_pause_moves_it_again() -> None:
    play = asking()
    before = play.timers()
    pause(play, HOUR, 5 * HOUR)
    pause(play, HOUR, 7 * HOUR)
    assert play.timers() == {name: at + 12 * HOUR for name, at in before.items()}


def test_requests_of_branches_stand_still_with_the_stage() -> None:
    play = asking(text=IN_BRANCHES)
    before = play.timers()
    assert "checks/one:approval.expire" in before
    play.now += HOUR
    play.send("case.asked")
    assert [name for name in play.timers() if "approval." in name] == []
    assert request(play).paused_at == play.now
    play.now += 6 * HOUR
    play.send("case.answered")
    assert play.timers() == {name: at + 6 * HOUR for name, at in before.items()}


def test_a_stage_that_is_over_its_time_stops_its_requests_as_well() -> None:
    play = asking(text=PLAIN.replace("hours: 200", "hours: 1"))
    play.fire("sla.breach")
    before = {name: at for name, at in play.timers().items() if name.startswith("approval.")}
    pause(play, HOUR, 5 * HOUR)
    after = {name: at for name, at in play.timers().items() if name.startswith("approval.")}
    assert after == {name: at + 5 * HOUR for name, at in before.items()}
    assert before
