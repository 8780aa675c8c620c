"""The clock of a stage: paused and run on, warned, breached, escalated, announced; and clocks that cannot be."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from headgate.kernel.errors import Invalid
from headgate.process.core.parse import parse_definition
from headgate.process.core.service_level import clock_of
from tests.unit.process.play import NOW, Play

FILE = """
process: repair
version: 1
title: Repair
subject: thing
owner: desk
events:
  thing.came: {key: "thing:{thing}", subject: "{thing}", starts: true}
  thing.asked: {key: "thing:{thing}", subject: "{thing}"}
  thing.answered: {key: "thing:{thing}", subject: "{thing}"}
  thing.done: {key: "thing:{thing}", subject: "{thing}"}
stages:
  - id: mending
    title: Mending
    sla:
      hours: 16
      target: 6
      warn: 0.5
      announce: true
      pause:
        - {because: Waiting for the customer, on: thing.asked, until: thing.answered}
      escalate:
        - {after: 0, notify: desk}
        - {after: 4, notify: lead}
        - {after: 8, reassign: manager}
    enter:
      - {id: mend, task: "Mend {subject}", role: fitter}
    on:
      thing.done: {to: mended}
  - {id: mended, title: Mended, final: mended}
"""
HOUR = timedelta(hours=1)


def begun() -> Play:
    play = Play(parse_definition(FILE, "repair.yaml"))
    play.send("thing.came")
    return play


def later(play: Play, hours: float) -> None:
    play.now += hours * HOUR


def test_a_clock_has_a_target_a_warning_and_an_end() -> None:
    play = begun()
    assert play.case is not None
    assert (play.case.warn_at, play.case.due_at, play.case.sla_state) == (NOW + 8 * HOUR, NOW + 16 * HOUR, "running")
    assert clock_of(play.case.data) == {"target_at": "2026-03-02T15:00:00.000000Z"}
    assert play.timers() == {"sla.warn": NOW + 8 * HOUR, "sla.breach": NOW + 16 * HOUR}


def test_time_in_which_the_customer_has_the_ball_does_not_count() -> None:
    play = begun()
    later(play, 2)
    paused = play.send("thing.asked")
    assert play.case is not None
    assert (play.case.stage, play.case.sla_state) == ("mending", "paused")
    assert clock_of(play.case.data)["because"] == "Waiting for the customer"
    assert play.timers() == {}
    assert paused.audit.body["clock"] == {"paused": "Waiting for the customer"}
    later(play, 30)
    play.send("thing.asked")  # once more: it waits already
    assert clock_of(play.case.data)["since"] == "2026-03-02T11:00:00.000000Z"
    play.send("thing.answered")
    # Two hours had passed; everything else is thirty hours later than it was.
    assert (play.case.sla_state, play.case.due_at, play.case.warn_at) == ("running", NOW + 46 * HOUR, NOW + 38 * HOUR)
    assert clock_of(play.case.data) == {"target_at": "2026-03-03T21:00:00.000000Z"}
    assert play.timers() == {"sla.warn": NOW + 38 * HOUR, "sla.breach": NOW + 46 * HOUR}


def test_a_pause_after_the_warning_keeps_the_warning_and_a_breach_on_its_way_is_no_breach() -> None:
    play = begun()
    play.fire("sla.warn")
    assert play.case is not None
    due = play.case.due_at
    play.send("thing.asked")
    # The timer had been taken before the pause; its event comes after it.
    play.fire("sla.breach", at=due)
    assert play.case.sla_state == "paused"
    play.send("thing.answered")
    assert play.case.sla_state == "warned"
    assert play.case.due_at == NOW + 24 * HOUR  # eight hours had passed, eight are left
    assert set(play.timers()) == {"sla.breach"}


def test_what_is_late_is_handed_up_link_by_link() -> None:
    play = begun()
    play.fire("sla.breach")
    breach = play.now
    assert play.case is not None
    assert play.case.sla_state == "breached"
    assert {n: t - breach for n, t in play.timers().items() if n.startswith("sla.escalate")} == {
        "sla.escalate.0": 0 * HOUR,
        "sla.escalate.1": 4 * HOUR,
        "sla.escalate.2": 8 * HOUR,
    }
    play.fire("sla.escalate.0")
    play.fire("sla.escalate.1")
    assert play.tasks() == ["desk", "fitter", "lead"]
    # Every link lets all that is open of the case stand higher.
    assert {row.task.priority for row in play.gathered.tasks.values()} == {2}
    last = play.fire("sla.escalate.2")
    assert play.case.owner_role == "manager"
    assert play.tasks() == ["manager"] * 4  # the work itself, what was told before, and the word that it is theirs
    assert last.audit.body["escalation"] == {"link": 3, "of": 3, "to": "manager", "how": "reassign"}


def chain(play: Play) -> dict[str, timedelta]:
    return {n.rpartition(".")[2]: t - NOW for n, t in play.timers().items() if n.startswith("sla.escalate")}


def test_nobody_is_called_for_while_what_is_late_waits_for_the_customer_and_it_stays_late() -> None:
    play = begun()
    play.fire("sla.breach")
    play.fire("sla.escalate.0")
    later(play, 1)  # three hours before the second link, seven before the last
    play.send("thing.asked")
    assert play.case is not None
    assert (play.case.sla_state, play.timers(), play.case.due_at) == ("paused", {}, NOW + 16 * HOUR)
    later(play, 50)
    play.send("thing.answered")
    assert (play.case.sla_state, play.case.due_at) == ("breached", NOW + 16 * HOUR)
    assert chain(play) == {"1": 70 * HOUR, "2": 74 * HOUR}
    play.fire("sla.escalate.1")
    # Asked once more, the last link moves on from where the first pause had put it.
    later(play, 1)
    play.send("thing.asked")
    later(play, 10)
    play.send("thing.answered")
    assert chain(play) == {"2": 84 * HOUR}
    play.fire("sla.escalate.2")
    assert play.case.owner_role == "manager"
    play.send("thing.done")
    assert play.case.sla_state == "breached"


def test_a_late_stage_that_is_left_while_it_waits_was_late() -> None:
    play = begun()
    play.fire("sla.breach")
    play.send("thing.asked")
    play.send("thing.done")
    assert play.case is not None
    assert (play.case.sla_state, play.case.due_at) == ("breached", None)


def test_a_link_that_fired_while_it_was_being_stopped_is_called_for_when_the_answer_has_come() -> None:
    play = begun()
    play.fire("sla.breach")
    play.send("thing.asked")
    # The timer had been taken before the pause; its event comes after it.
    play.fire("sla.escalate.0", at=play.now)
    assert play.tasks() == ["fitter"]
    later(play, 5)
    play.send("thing.answered")
    assert chain(play) == {"0": 21 * HOUR, "1": 25 * HOUR, "2": 29 * HOUR}
    play.fire("sla.escalate.0")
    assert play.tasks() == ["desk", "fitter"]


def test_an_escalation_that_comes_after_the_work_is_done_says_nothing() -> None:
    play = begun()
    play.fire("sla.breach")
    play.send("thing.done")
    assert play.case is not None
    assert play.case.status == "closed"
    before = len(play.gathered.tasks)
    play.fire("sla.escalate.0", at=play.now)
    assert len(play.gathered.tasks) == before


def test_a_paused_stage_that_is_left_was_in_time() -> None:
    play = begun()
    play.send("thing.asked")
    play.send("thing.done")
    assert play.case is not None
    assert (play.case.sla_state, play.case.due_at) == ("met", None)


def test_what_happens_to_the_clock_is_announced_where_the_definition_wants_it() -> None:
    play = begun()
    play.fire("sla.warn")
    play.send("thing.asked")
    play.send("thing.answered")
    play.fire("sla.breach")
    play.fire("sla.escalate.0")
    assert [e.type for _, e in play.gathered.emitted] == [
        "clock.warned",
        "clock.paused",
        "clock.resumed",
        "clock.breached",
        "clock.escalated",
    ]
    told = play.gathered.emitted[-1][1].data
    assert (told["stage"], told["to"], told["how"]) == ("mending", "desk", "notify")
    quiet = Play(parse_definition(FILE.replace("announce: true", "announce: false"), "repair.yaml"))
    quiet.send("thing.came")
    quiet.fire("sla.warn")
    assert quiet.gathered.emitted == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("target: 6", "target: 20", "'target' is later than 'hours'"),
        ("warn: 0.5", "warn: 2", "share of the hours"),
        ("announce: true", "announce: sometimes", "'announce' should be true or false"),
        (", until: thing.answered", "", "'until' is missing"),
        ("on: thing.asked", "on: thing.lost", "listens to 'thing.lost'"),
        ("until: thing.answered", "until: [thing.answered, thing.asked]", "pauses its clock and lets it run on"),
        ("until: thing.answered", "until: []", "'until' should name events"),
        ("- {after: 4, notify: lead}", "- {notify: lead}", "'after' is missing"),
        ("- {after: 4, notify: lead}", "- {after: -1, notify: lead}", "number from 0"),
        ("- {after: 4, notify: lead}", "- {after: 9, notify: lead}", "comes before the link above it"),
        ("- {after: 4, notify: lead}", "- {after: 4, notify: lead, reassign: lead}", "who is told or who gets"),
        ("- {after: 4, notify: lead}", "- {after: 4}", "who is told or who gets"),
    ],
)
def test_a_clock_that_cannot_be_is_refused_with_file_and_line(old: str, new: str, said: str) -> None:
    assert old in FILE
    with pytest.raises(Invalid) as refused:
        parse_definition(FILE.replace(old, new), "repair.yaml")
    assert said in refused.value.message
    assert "repair.yaml:" in refused.value.message


def test_a_reason_stands_once() -> None:
    twice = "        - {because: Waiting for the customer, on: thing.answered, until: thing.asked}\n      escalate:"
    with pytest.raises(Invalid, match="two pauses of its clock"):
        parse_definition(FILE.replace("      escalate:", twice), "repair.yaml")


def test_old_definitions_mean_what_they_meant() -> None:
    level = parse_definition(FILE, "repair.yaml").stages["mending"].sla
    assert level is not None
    assert level.hours == Decimal(16)
    plain = FILE[: FILE.index("      target")] + "      warn: 0.75\n" + FILE[FILE.index("    enter:") :]
    play = Play(parse_definition(plain, "repair.yaml"))
    play.send("thing.came")
    assert play.case is not None
    assert "service_level" not in play.case.data
