"""One event applied to one case: what it does, what it refuses, which clocks and tasks it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from headgate.kernel.errors import DutyConflict, Forbidden, Misconfigured, Refused, Stale
from headgate.process.core.advance import MAX_HOPS
from headgate.process.core.approval import Voter
from headgate.process.core.parse import read_definition
from headgate.process.core.running import ActionCall, ActionResult
from tests.unit.process.play import NOW, Play, outputs, row

TEXT = """\
process: repair
version: 3
title: Repair
subject: thing
owner: workshop
events:
  thing.broken: {key: "thing:{thing}", subject: "{thing}", starts: true}
  thing.found: {key: "thing:{thing}", subject: "{thing}"}
  thing.lost: {key: "thing:{thing}", subject: "{thing}"}
  thing.poked: {key: "thing:{thing}", subject: "{thing}"}
anywhere:
  thing.lost: {to: lost}
stages:
  - id: looking
    title: Looking
    enter:
      - {id: look, run: look, thing: $event.thing, case: $case.subject, closely: true}
      - set: {stake: $look.stake, currency: $look.currency, exceptions: $look.exceptions, partner: $look.partner}
    go:
      - {when: {look.verdict: fine}, to: fixed}
      - {when: {look.verdict: costly}, to: asking}
      - {when: {look.verdict: urgent}, do: [{id: hurry, task: "Hurry {subject}", role: runner}], to: mending}
      - {when: {look.verdict: spin}, to: spinning}
      - {when: {look.verdict: odd}, to: passing}
  - id: asking
    title: Asking
    exception: true
    sla: {hours: 16, warn: 0.5}
    enter:
      - id: ask
        approve: matrix
        each: $look.asks
        binds: $look.digest
        stake: $look.stake
        summary: $look.summary
        requested_by: $look.by
        barred: $look.barred
    go:
      - {when: {approval.status: approved}, to: mending}
    on:
      approval.approved: {to: mending}
      approval.edited: {do: [{id: edited, run: edit}], to: looking}
      approval.rejected: {to: lost}
      approval.returned: {to: lost}
      approval.expired: {to: lost}
      thing.found: {to: looking}
      thing.poked: {do: [{id: poked, run: poke}]}
  - id: mending
    title: Mending
    owner: foreman
    sla: {hours: 8, warn: 0.75}
    enter:
      - {id: mend, task: "Mend {subject}", role: mechanic, hours: 2}
      - {timer: nap, hours: 4}
      - {timer: alarm, at: $look.until}
      - {id: parts, command: warehouse, type: parts.order, payload: {thing: $look.thing, n: 2}}
      - {id: told, emit: thing.mending, data: {thing: $look.thing}}
      - {id: weighed, decide: weight, with: {kilos: $look.kilos}}
    on:
      thing.broken: {refuse: "{thing} is being mended already, {subject}"}
      thing.found: {do: [{id: check, task: "Check {subject}"}], to: checked}
      sla.breached: {do: [{id: chase, task: "Chase {subject}", role: boss}]}
      timer.nap: {to: checked}
      timer.alarm: {to: lost}
  - id: checked
    title: Checked
    on:
      thing.found: {to: fixed}
  - id: passing
    title: Passing
    enter:
      - {id: work, task: "Never mind {subject}", role: nobody}
    go:
      - {to: checked}
  - id: spinning
    title: Spinning
    go:
      - {when: {look.verdict: spin}, to: spinning}
    on:
      thing.found: {to: fixed}
  - {id: fixed, title: Fixed, final: fixed}
  - id: lost
    title: Lost
    final: lost
    on:
      thing.found: {to: looking}
"""
# Checking refuses its stage `spinning`; what was installed before that rule is read all the same.
DEFINITION = read_definition(TEXT, "repair.yaml")
MANAGER, SECOND = "user:ana", "user:ben"


def look(verdict: Any, **more: Any) -> ActionResult:
    found = {
        "verdict": verdict,
        "stake": Decimal("12.50"),
        "currency": "EUR",
        "exceptions": ["costly"] if verdict == "costly" else [],
        "partner": "P-1",
        "thing": "T-1",
        "kilos": 3,
        "asks": [{"exception": "costly"}],
        "digest": "abc",
        "summary": {"what": "a thing"},
        "by": "user:rita",
        "barred": ["user:rita", "user:sam", ""],
    }
    return ActionResult({**found, **more}, (f"looked: {verdict}",))


def play(*verdicts: Any, rows: list[dict[str, Any]] | None = None, **more: Any) -> Play:
    """A repair whose looks give these verdicts, the last again and again."""
    left = list(verdicts)

    def act(call: ActionCall) -> ActionResult:
        return look(left.pop(0) if len(left) > 1 else left[0], **more)

    people = [Voter(MANAGER, frozenset({"manager"})), Voter(SECOND, frozenset({"manager", "boss"}))]
    return Play(
        DEFINITION,
        actions={"look": act, "edit": outputs(edited=True), "poke": outputs(poked=True)},
        rows=rows or [row(1, "manager")],
        voters={p.principal: p for p in people},
    )


def test_an_event_starts_a_case_and_runs_it_to_where_it_waits() -> None:
    game = play("urgent")
    done = game.send("thing.broken", thing="T-1")
    case = done.case
    assert (case.process, case.version, case.subject, case.key) == ("repair", 3, "T-1", "thing:T-1")
    assert (case.stage, case.status, case.owner_role, case.outcome) == ("mending", "waiting", "foreman", "")
    assert (case.stake, case.currency, case.partner, case.exceptions) == (Decimal("12.50"), "EUR", "P-1", ())
    assert game.calls == [("look", {"thing": "T-1", "case": "T-1", "closely": True})]
    assert game.gathered.records == {"thing": ["looked: urgent"]}
    assert done.audit.body["path"] == ["looking", "mending"]
    assert (done.audit.body["from"], done.audit.body["to"]) == (None, "mending")
    assert (done.audit.event_seq, done.audit.case_id) == (1, case.case_id)


def test_the_same_events_make_the_same_case_to_the_byte() -> None:
    assert play("costly").send("thing.broken", thing="T-1") == play("costly").send("thing.broken", thing="T-1")


def test_every_kind_of_step_asks_for_what_it_says() -> None:
    game = play("urgent")
    case = game.send("thing.broken", thing="T-1").case
    (command,) = game.gathered.commands
    assert (command.target, command.type, command.payload) == ("warehouse", "parts.order", {"thing": "T-1", "n": 2})
    assert command.idempotency_key == "thing:T-1:1:parts"
    ((seq, emitted),) = game.gathered.emitted
    assert (seq, emitted.type, emitted.data) == (1, "thing.mending", {"thing": "T-1"})
    (decision,) = game.gathered.decisions
    assert (decision.policy, decision.outcome, decision.event_seq) == ("weight", "pass", 1)
    assert case.data["weighed"] == {"outcome": "pass", "seen": {"kilos": 3}}
    tasks = {row.task.title: row.task for row in game.gathered.tasks.values()}
    assert tasks["Mend T-1"].due_at == NOW + timedelta(hours=2)
    assert tasks["Mend T-1"].partner == "P-1"


def test_what_an_event_cannot_start_is_refused() -> None:
    for type_ in ("thing.found", "timer.fired", "approval.decided"):
        with pytest.raises(Refused, match="is not known"):
            play("fine").send(type_, thing="T-1")


def test_what_a_stage_refuses_is_refused_in_its_words() -> None:
    game = play("urgent")
    game.send("thing.broken", thing="T-1")
    before = (game.case, game.timers(), game.tasks())
    with pytest.raises(Refused, match="T-1 is being mended already, T-1"):
        game.send("thing.broken", thing="T-1")
    assert (game.case, game.timers(), game.tasks()) == before


def test_what_no_stage_speaks_of_is_refused() -> None:
    game = play("urgent")
    game.send("thing.broken", thing="T-1")
    with pytest.raises(Refused, match=r"is mending, where thing\.poked cannot be applied"):
        game.send("thing.poked", thing="T-1")


def test_what_holds_anywhere_holds_in_every_stage() -> None:
    for verdict in ("urgent", "costly", "odd"):
        game = play(verdict)
        game.send("thing.broken", thing="T-1")
        game.send("thing.lost", thing="T-1")
        assert game.case is not None
        assert (game.case.stage, game.case.status, game.case.outcome) == ("lost", "closed", "lost")
        assert (game.tasks(), game.timers()) == ([], {})


def test_a_definition_that_moves_on_for_ever_is_stopped() -> None:
    with pytest.raises(Refused, match=f"more than {MAX_HOPS} stages"):
        play("spin").send("thing.broken", thing="T-1")


def test_an_action_nobody_knows_is_the_installations_fault() -> None:
    game = Play(DEFINITION)
    with pytest.raises(Misconfigured, match="repair@3 runs look"):
        game.send("thing.broken", thing="T-1")


def test_a_condition_on_a_list_compares_it() -> None:
    game = play(["urgent"])
    game.send("thing.broken", thing="T-1")
    assert game.case is not None
    assert game.case.stage == "looking"


# --- clocks ---------------------------------------------------------------------------------------------------------


def test_a_stage_that_waits_runs_its_clock() -> None:
    game = play("urgent")
    case = game.send("thing.broken", thing="T-1").case
    warn, due = NOW + timedelta(hours=6), NOW + timedelta(hours=8)
    assert (case.warn_at, case.due_at, case.sla_state) == (warn, due, "running")
    assert game.timers() == {"sla.warn": warn, "sla.breach": due, "nap": NOW + timedelta(hours=4)}


def test_a_warning_and_a_breach_are_told_once_each_and_may_do_something() -> None:
    game = play("urgent")
    game.send("thing.broken", thing="T-1")
    assert game.fire("sla.warn").case.sla_state == "warned"
    assert "boss" not in game.tasks()
    assert game.fire("sla.breach").case.sla_state == "breached"
    assert "boss" in game.tasks()


def test_leaving_a_stage_stops_its_clock_and_keeps_what_it_said() -> None:
    game = play("urgent")
    game.send("thing.broken", thing="T-1")
    case = game.send("thing.found", thing="T-1").case
    assert (case.stage, case.due_at, case.warn_at, case.sla_state) == ("checked", None, None, "met")
    assert game.timers() == {}
    late = play("urgent")
    late.send("thing.broken", thing="T-1")
    late.fire("sla.breach")
    assert late.send("thing.found", thing="T-1").case.sla_state == "breached"


@pytest.mark.parametrize("name", ["sla.warn", "sla.breach", "approval.late.1", "approval.expire"])
def test_a_clock_that_fires_too_late_does_nothing(name: str) -> None:
    game = play("urgent")
    game.send("thing.broken", thing="T-1")
    before = game.send("thing.found", thing="T-1").case
    after = game.fire(name, at=NOW + timedelta(hours=8)).case
    assert after._replace(updated_at=before.updated_at) == before


def test_the_clock_of_an_earlier_stay_in_the_same_stage_does_nothing() -> None:
    game = play("costly")
    game.send("thing.broken", thing="T-1")
    first = game.timers()["sla.breach"]
    game.now += timedelta(hours=1)
    game.send("thing.found", thing="T-1")
    assert game.fire("sla.breach", at=first).case.sla_state == "running"


def test_a_clock_of_ones_own_moves_the_case_and_stops_with_its_stage() -> None:
    game = play("urgent")
    game.send("thing.broken", thing="T-1")
    assert game.timers()["nap"] == NOW + timedelta(hours=4)
    assert game.fire("nap").case.stage == "checked"
    assert game.timers() == {}
    # One that was on its way already says nothing any more.
    assert game.fire("nap").case.stage == "checked"


@pytest.mark.parametrize("until", [NOW + timedelta(days=3), "2026-03-05T09:00:00Z"])
def test_a_clock_goes_off_at_a_date_an_action_found_fresh_or_stored(until: object) -> None:
    game = play("urgent", until=until)
    game.send("thing.broken", thing="T-1")
    assert game.timers()["alarm"] == NOW + timedelta(days=3)
    assert game.fire("alarm").case.outcome == "lost"


# --- work belongs to its stage --------------------------------------------------------------------------------------


def test_work_opened_on_the_way_belongs_to_the_stage_it_leads_to() -> None:
    game = play("urgent")
    game.send("thing.broken", thing="T-1")
    assert game.tasks() == ["mechanic", "runner"]
    game.send("thing.found", thing="T-1")
    assert game.tasks() == ["foreman"]  # the check, for the owner of the stage it was opened from
    game.send("thing.found", thing="T-1")
    assert game.tasks() == []


def test_work_of_a_stage_that_is_only_passed_is_closed() -> None:
    game = play("odd")
    game.send("thing.broken", thing="T-1")
    assert game.case is not None
    assert (game.case.stage, game.tasks()) == ("checked", [])


def test_a_case_that_ended_can_be_taken_up_again() -> None:
    game = play("fine", "urgent")
    game.send("thing.broken", thing="T-1")
    assert game.case is not None
    assert (game.case.status, game.case.outcome, game.case.closed_at) == ("closed", "fixed", NOW)
    game.send("thing.lost", thing="T-1")
    case = game.send("thing.found", thing="T-1").case
    assert (case.stage, case.status, case.outcome, case.closed_at) == ("mending", "waiting", "", None)


# --- approvals ------------------------------------------------------------------------------------------------------


def test_an_approval_is_bound_to_what_is_asked_and_bars_who_asked() -> None:
    game = play("costly")
    case = game.send("thing.broken", thing="T-1").case
    assert case.approval is not None
    asked = case.approval
    assert (asked.digest, asked.stake, asked.requested_by) == ("abc", Decimal("12.50"), "user:rita")
    assert asked.barred == ("user:rita", "user:sam")
    assert asked.summary == {"what": "a thing"}
    assert asked.decision == game.gathered.decisions[-1].decision
    assert game.tasks() == ["manager"]
    assert set(game.timers()) == {"sla.warn", "sla.breach", "approval.late.1", "approval.expire"}
    assert game.timers()["approval.expire"] == asked.expires_at == NOW + timedelta(hours=40)


def test_the_last_word_moves_the_case_and_clears_its_work() -> None:
    game = play("costly", rows=[row(1, "manager"), row(2, "boss")])
    game.send("thing.broken", thing="T-1")
    first = game.vote(MANAGER).case
    assert (first.stage, game.tasks()) == ("asking", ["boss"])
    assert "approval.late.2" in game.timers()
    assert "approval.late.1" not in game.timers()
    second = game.vote(SECOND).case
    assert (second.stage, game.tasks()) == ("mending", ["mechanic"])
    assert set(game.timers()) == {"sla.warn", "sla.breach", "nap"}
    found: Any = second.data["approval"]
    assert (found["status"], found["voters"]) == ("approved", [MANAGER, SECOND])


def test_a_role_that_has_agreed_is_done_while_others_of_its_level_are_not() -> None:
    game = play("costly", rows=[row(1, "manager"), row(1, "boss")])
    game.send("thing.broken", thing="T-1")
    assert game.tasks() == ["boss", "manager"]
    game.vote(MANAGER)
    assert game.tasks() == ["boss"]
    assert game.vote(SECOND).case.stage == "mending"


def test_a_quorum_keeps_the_task_until_enough_have_agreed() -> None:
    game = play("costly", rows=[row(1, "manager", quorum=2)])
    game.send("thing.broken", thing="T-1")
    game.vote(MANAGER)
    assert game.tasks() == ["manager"]
    with pytest.raises(DutyConflict):
        game.vote(MANAGER)
    assert game.vote(SECOND).case.stage == "mending"


@pytest.mark.parametrize(("outcome", "stage"), [("reject", "lost"), ("return", "lost"), ("edit", "mending")])
def test_any_other_word_ends_the_approval(outcome: str, stage: str) -> None:
    game = play("costly", "urgent", rows=[row(1, "manager"), row(2, "boss")])
    game.send("thing.broken", thing="T-1")
    case = game.vote(MANAGER, outcome, edit={"price": "2"}).case
    assert case.stage == stage
    assert "boss" not in game.tasks()
    assert case.approval is None


def test_a_word_that_does_not_count_changes_nothing() -> None:
    game = play("costly")
    game.send("thing.broken", thing="T-1")
    before = game.case
    with pytest.raises(Stale):
        game.vote(MANAGER, digest="other")
    with pytest.raises(Forbidden, match="not a person"):
        game.vote("user:stranger")
    with pytest.raises(Refused, match="no longer open"):
        game.vote(MANAGER, approval="another")
    assert game.case == before


def test_what_the_editor_wrote_counts_as_agreed_by_them() -> None:
    game = play("costly")
    game.send("thing.broken", thing="T-1")
    case = game.vote(MANAGER, "edit", edit={"price": "2"}).case
    assert case.stage == "mending"  # the same level and role was asked again, and had agreed
    found: Any = case.data["approval"]
    assert (found["status"], found["voters"]) == ("approved", [MANAGER])
    assert (game.tasks(), set(game.timers())) == (["mechanic"], {"sla.warn", "sla.breach", "nap"})


def test_the_editors_word_does_not_count_for_another_level() -> None:
    game = play("costly", rows=[row(1, "manager"), row(2, "boss")])
    game.send("thing.broken", thing="T-1")
    case = game.vote(MANAGER, "edit", edit={"price": "2"}).case
    assert (case.stage, game.tasks()) == ("asking", ["boss"])
    with pytest.raises(DutyConflict):
        game.vote(MANAGER)


def test_a_change_voids_what_was_asked() -> None:
    game = play("costly")
    game.send("thing.broken", thing="T-1")
    assert game.case is not None
    first = game.case.approval
    game.now += timedelta(hours=1)
    done = game.send("thing.found", thing="T-1")
    assert first is not None
    assert done.case.approval is not None
    assert done.case.approval.approval != first.approval
    assert game.gathered.approvals[first.approval].status == "voided"
    assert done.audit.body["approval_voided"] == str(first.approval)
    assert game.tasks() == ["manager"]
    with pytest.raises(Refused, match="no longer open"):
        game.vote(MANAGER, approval=str(first.approval))


def test_what_happens_beside_an_approval_leaves_it_alone() -> None:
    game = play("costly")
    before = game.send("thing.broken", thing="T-1").case
    after = game.send("thing.poked", thing="T-1").case
    assert after.approval == before.approval
    assert after.data["poked"] == {"poked": True}


def test_an_approval_nobody_decides_lapses() -> None:
    game = play("costly")
    game.send("thing.broken", thing="T-1")
    case = game.fire("approval.expire").case
    assert (case.stage, game.tasks(), game.timers()) == ("lost", [], {})
    with pytest.raises(Refused, match="no longer open"):
        game.vote(MANAGER)


def test_only_late_steps_escalate_each_in_its_time() -> None:
    quick = row(1, "manager", sla_hours=Decimal(2), escalate_to="boss")
    slow = row(1, "finance", sla_hours=Decimal(6), escalate_to="director")
    game = play("costly", rows=[quick, slow])
    game.send("thing.broken", thing="T-1")
    assert game.timers()["approval.late.1"] == NOW + timedelta(hours=2)
    assert game.fire("approval.late.1").audit.body["escalated_to"] == ["boss"]
    assert game.tasks() == ["finance", "manager+boss"]
    assert game.timers()["approval.late.1"] == NOW + timedelta(hours=6)
    assert game.fire("approval.late.1").audit.body["escalated_to"] == ["director"]
    assert game.tasks() == ["finance+director", "manager+boss"]
    assert "approval.late.1" not in game.timers()


def test_an_escalation_that_comes_after_its_level_does_nothing() -> None:
    game = play("costly", rows=[row(1, "manager", escalate_to="boss"), row(2, "boss")])
    game.send("thing.broken", thing="T-1")
    game.vote(MANAGER)
    game.fire("approval.late.1", at=NOW + timedelta(hours=4))
    assert game.tasks() == ["boss"]


def test_a_matrix_that_names_nobody_is_an_error_of_the_matrix() -> None:
    game = play("costly")
    game.rows = []
    with pytest.raises(Exception, match="names nobody who could approve"):
        game.send("thing.broken", thing="T-1")


def test_an_approval_in_a_stage_that_is_left_at_once_is_voided() -> None:
    text = TEXT.replace("      - {when: {approval.status: approved}, to: mending}", "      - {to: checked}")
    game = replace(play("costly"), definition=read_definition(text, "repair.yaml"))
    game.send("thing.broken", thing="T-1")
    assert game.case is not None
    assert (game.case.stage, game.case.approval, game.tasks(), game.timers()) == ("checked", None, [], {})
    assert [a.status for a in game.gathered.approvals.values()] == ["voided"]
