"""Steps side by side: what is open at once, when it comes together, and what becomes of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.kernel.canonical import canonical_text, instant_text
from headgate.kernel.errors import Invalid, Misconfigured, Refused
from headgate.process.core.approval import Voter
from headgate.process.core.branches import live
from headgate.process.core.parse import parse_definition
from headgate.process.core.state import CaseCancelled, CaseStarted
from tests.unit.process.play import Play, outputs, row

HEAD = """\
process: onboarding
version: 1
title: Onboarding
subject: thing
owner: desk
events:
  thing.asked: {key: "thing:{thing}", subject: "{thing}", starts: true}
  thing.signed: {key: "thing:{thing}", subject: "{thing}"}
  thing.gone: {key: "thing:{thing}", subject: "{thing}"}
anywhere:
  thing.gone: {to: dropped}
stages:
"""
TAIL = """\
    go:
      - {when: {checks.outcome: joined}, to: active}
      - {when: {checks.outcome: failed}, to: declined}
  - {id: active, title: Active, final: active}
  - {id: declined, title: Declined, final: declined}
  - id: dropped
    title: Dropped
    final: dropped
"""
STAGE = """\
  - id: gathering
    title: Gathering
    enter:
      - {id: look, run: look}
      - parallel: checks
        join: JOIN
        branches:
          legal:
            - id: legal_word
              approve: matrix
              each: $look.asks
              binds: $look.digest
              stake: $look.stake
              requested_by: $look.by
            - {wait: thing.signed, where: {paper: nda}, id: signed}
          credit:
            - {id: limit, command: bank, type: limit.set, payload: {a: 1}, compensate: limit.unset}
            - {id: patience, timer: patience, hours: 2}
          papers:
            - {id: collect, task: "Collect papers of {subject}", role: desk, hours: 4}
"""


def definition(join: str = "all", stage: str = STAGE, tail: str = TAIL) -> Any:
    return parse_definition(HEAD + stage.replace("JOIN", join) + tail, "onboarding.yaml")


def looked() -> Any:
    return outputs(asks=[{"what": "join"}], digest="d1", stake="10", by="user:ask")


def play(join: str = "all") -> Play:
    voters = {n: Voter(n, frozenset({"manager"})) for n in ("user:ana", "user:ben")}
    found = Play(definition(join), {"look": looked()}, rows=[row(1, "manager")], voters=voters)
    found.send("thing.asked", thing="T-1")
    return found


def vote(p: Play, outcome: str = "approve", who: str = "user:ana") -> None:
    assert p.case is not None
    (asked,) = [a for a in p.case.asked.values() if a.status == "pending"]
    p.send(
        "approval.decided", actor=who, approval=str(asked.approval), outcome=outcome, justification="agreed",
        digest=asked.digest,
    )  # fmt: skip


def command_key(p: Play) -> str:
    return p.gathered.commands[0].idempotency_key


def delivered(p: Play) -> None:
    p.send("command.delivered", idempotency_key=command_key(p))


def task(p: Play, role: str) -> str:
    return str(next(t.task.task for t in p.gathered.tasks.values() if t.task.role == role and t.status == "open"))


def collect(p: Play) -> None:
    p.send("task.completed", actor="user:ana", task=task(p, "desk"), note="all here")


def where(p: Play) -> dict[str, str]:
    assert p.case is not None
    return {n: f"{b['status']} {b['step']}" for n, b in p.case.data["parallel"]["checks"]["branches"].items()}  # type: ignore[index]


def test_all_branches_are_open_at_once_and_the_case_goes_on_when_the_last_is_done() -> None:
    p = play()
    assert where(p) == {"legal": "waiting legal_word", "credit": "waiting limit", "papers": "waiting collect"}
    assert p.tasks() == ["desk", "manager"]
    assert sorted(p.timers()) == ["checks/legal:approval.expire", "checks/legal:approval.late.1"]
    collect(p)
    vote(p)
    delivered(p)
    assert where(p) == {"legal": "waiting signed", "credit": "waiting patience", "papers": "done collect"}
    assert p.tasks() == []
    p.fire("checks/credit:patience")
    assert p.case
    assert p.case.stage == "gathering"
    p.send("thing.signed", paper="nda")
    assert (p.case.stage, p.case.status, p.timers()) == ("active", "closed", {})
    assert p.case.data["checks"] == {
        "outcome": "joined", "done": ["legal", "credit", "papers"], "failed": [], "cancelled": [], "why": "",
    }  # fmt: skip
    assert p.case.data["collect"]["note"] == "all here"  # type: ignore[index]


def test_with_any_the_first_done_ends_what_the_others_have_open_and_takes_back_their_commands() -> None:
    p = play("any")
    delivered(p)
    collect(p)
    assert p.case
    assert p.case.stage == "active"
    assert p.tasks() == []
    assert list(p.timers()) == ["command.unanswered"], "only what takes back is waited for"
    assert [a.status for a in p.gathered.approvals.values()] == ["voided"]
    assert [c.type for c in p.gathered.commands] == ["limit.set", "limit.unset"]
    assert p.case.data["checks"]["cancelled"] == ["legal", "credit"]  # type: ignore[index]


def test_a_command_on_its_way_is_taken_back_when_it_has_arrived_though_its_branch_is_gone() -> None:
    p = play("any")
    collect(p)
    assert [c.type for c in p.gathered.commands] == ["limit.set"]
    delivered(p)
    assert [c.type for c in p.gathered.commands] == ["limit.set", "limit.unset"]


def test_two_of_three_are_enough_where_two_are_asked_for() -> None:
    p = play("2")
    collect(p)
    assert p.case
    assert p.case.stage == "gathering"
    delivered(p)
    p.fire("checks/credit:patience")
    assert p.case.stage == "active"
    assert p.case.data["checks"]["done"] == ["credit", "papers"]  # type: ignore[index]


def test_a_word_against_it_fails_the_step_when_all_are_needed_and_only_its_branch_when_they_are_not() -> None:
    p = play()
    vote(p, "reject")
    assert p.case
    assert p.case.stage == "declined"
    assert p.case.data["checks"]["why"] == "legal_word was rejected"  # type: ignore[index]
    assert p.tasks() == []
    p = play("2")
    vote(p, "reject")
    assert p.case
    assert p.case.stage == "gathering"
    assert where(p)["legal"] == "failed legal_word"


def test_an_approval_of_a_branch_that_lapses_fails_it() -> None:
    p = play()
    p.fire("checks/legal:approval.expire")
    assert p.case
    assert p.case.stage == "declined"
    assert [a.status for a in p.gathered.approvals.values()] == ["expired"]


def test_a_command_that_is_not_delivered_holds_its_branch_until_it_is_after_all() -> None:
    p = play()
    p.send("command.failed", idempotency_key=command_key(p), reason="the bank is closed")
    assert where(p)["credit"] == "stuck limit"
    assert p.case
    assert p.case.data["parallel"]["checks"]["branches"]["credit"]["why"] == "the bank is closed"  # type: ignore[index]
    delivered(p)
    assert where(p)["credit"] == "waiting patience"


def test_an_event_nobody_waits_for_yet_is_refused_and_one_for_another_paper_too() -> None:
    p = play()
    with pytest.raises(Refused, match="cannot be applied"):
        p.send("thing.signed", paper="nda")
    vote(p)
    with pytest.raises(Refused, match="cannot be applied"):
        p.send("thing.signed", paper="invoice")


def test_leaving_the_stage_ends_everything_its_branches_have_open() -> None:
    p = play()
    delivered(p)
    p.send("thing.gone")
    assert p.case
    assert (p.case.stage, p.case.asked) == ("dropped", {})
    assert (p.tasks(), list(p.timers())) == ([], ["command.unanswered"])
    assert [c.type for c in p.gathered.commands] == ["limit.set", "limit.unset"]
    assert set(where(p).values()) == {"cancelled legal_word", "cancelled patience", "cancelled collect"}


def test_a_clock_of_a_branch_that_has_gone_says_nothing() -> None:
    p = play("any")
    delivered(p)
    at = p.timers()["checks/credit:patience"]
    collect(p)
    before = p.case
    assert before
    p.send("timer.fired", name="checks/credit:patience", fire_at=instant_text(at))
    assert p.case
    assert p.case.data == before.data


def test_the_state_survives_the_database_and_the_same_events_lead_to_the_same_case() -> None:
    first, second = play(), play()
    for p in (first, second):
        collect(p)
        vote(p)
        delivered(p)
    assert first.case
    assert second.case
    assert canonical_text(dict(first.case.data)) == canonical_text(dict(second.case.data))
    assert [p.full for p in live(first.definition, first.case)] == ["checks/legal", "checks/credit"]


NESTED = """\
  - id: gathering
    title: Gathering
    enter:
      - parallel: checks
        branches:
          outer:
            - parallel: inner
              join: any
              branches:
                fast: [{id: quick, task: Quick, role: quick}]
                slow: [{id: long, timer: long, hours: 9}]
            - {id: after, task: After, role: after}
          other:
            - {id: other_task, task: Other, role: other}
"""


def nested() -> Play:
    p = Play(definition(stage=NESTED))
    p.send("thing.asked", thing="T-1")
    return p


def test_an_inner_parallel_step_joins_into_the_branch_around_it() -> None:
    p = nested()
    assert (p.tasks(), list(p.timers())) == (["other", "quick"], ["checks/outer/inner/slow:long"])
    p.send("task.completed", task=task(p, "quick"))
    assert (p.tasks(), list(p.timers())) == (["after", "other"], [])
    p.send("task.completed", task=task(p, "after"))
    p.send("task.completed", task=task(p, "other"))
    assert p.case
    assert p.case.stage == "active"


def test_leaving_the_stage_ends_the_inner_branches_too() -> None:
    p = nested()
    p.send("thing.gone")
    assert p.case
    assert p.case.data["parallel"]["checks/outer/inner"]["status"] == "cancelled"  # type: ignore[index]
    assert (p.tasks(), p.timers()) == ([], {})


SUB = """\
  - id: gathering
    title: Gathering
    enter:
      - {id: look, run: look}
      - id: checks
        subcase: screening
        each: $look.owners
        data: {screening: $new, person: $item.name, for: $case.subject}
        take: {score: grade.score}
        JOIN
"""
SUB_TAIL = TAIL.replace("checks.outcome: joined", "checks.status: ended").replace(
    "checks.outcome: failed", "checks.status: failed"
)
SCREENING = parse_definition(
    """\
process: screening
version: 1
title: Screening
subject: thing
events:
  screening.asked: {key: "screening:{screening}", subject: "{screening}", starts: true}
stages:
  - id: grading
    title: Grading
    enter: [{id: grade, task: Grade, role: desk}]
    on: {task.completed: {to: clean}}
  - {id: clean, title: Clean, final: clean}
""",
    "screening.yaml",
)


def parent(join: str = "join: all", owners: Any = ({"name": "Ann"}, {"name": "Bob"})) -> Play:
    p = Play(definition(stage=SUB.replace("JOIN", join), tail=SUB_TAIL), {"look": outputs(owners=list(owners))})
    p.processes = {"screening": SCREENING}
    p.send("thing.asked", thing="T-1")
    return p


def links(p: Play) -> list[CaseStarted]:
    return [e for e in p.gathered.subcases if isinstance(e, CaseStarted)]


def ended(p: Play, number: int, outcome: str = "clean", **brought: Any) -> None:
    p.send("subcase.ended", link=str(links(p)[number].link), outcome=outcome, brought=brought, child="screening")


def test_one_case_is_started_for_each_of_a_list_and_their_ends_are_awaited() -> None:
    p = parent()
    assert [(e.process, e.type, e.key, e.data["person"]) for e in links(p)] == [
        ("screening", "screening.asked", "screening:T-1-checks-1", "Ann"),
        ("screening", "screening.asked", "screening:T-1-checks-2", "Bob"),
    ]
    ended(p, 1, score=7)
    assert p.case
    assert p.case.stage == "gathering"
    ended(p, 0, score=9)
    assert p.case.stage == "active"
    assert p.case.data["checks"]["outcomes"] == ["clean", "clean"]  # type: ignore[index]
    assert [c["data"] for c in p.case.data["checks"]["cases"]] == [{"score": 9}, {"score": 7}]  # type: ignore[index]


def test_what_one_case_brings_stands_under_the_step_itself() -> None:
    p = parent(owners=[{"name": "Ann"}])
    ended(p, 0, score=9)
    assert p.case
    assert p.case.data["checks"]["score"] == 9  # type: ignore[index]
    assert p.case.data["checks"]["outcome"] == "clean"  # type: ignore[index]


def test_an_end_that_the_step_does_not_accept_fails_it_and_ends_the_others() -> None:
    p = parent("accept: [clean]")
    ended(p, 0, "dirty")
    assert p.case
    assert p.case.stage == "declined"
    assert [e.key for e in p.gathered.subcases if isinstance(e, CaseCancelled)] == ["screening:T-1-checks-2"]
    ended(p, 1)  # its end comes too late to matter
    assert p.case.stage == "declined"


def test_an_end_is_counted_once() -> None:
    p = parent()
    ended(p, 0)
    ended(p, 0)
    assert p.case
    assert p.case.stage == "gathering"


def test_leaving_the_stage_ends_the_cases_it_started() -> None:
    p = parent()
    ended(p, 0)
    p.send("thing.gone")
    assert [e.key for e in p.gathered.subcases if isinstance(e, CaseCancelled)] == ["screening:T-1-checks-2"]


def test_nothing_to_start_is_nothing_to_wait_for() -> None:
    p = parent(owners=[])
    assert p.case
    assert p.case.stage == "active"


def test_a_process_that_is_not_installed_keeps_the_event_waiting() -> None:
    p = Play(definition(stage=SUB.replace("JOIN", ""), tail=SUB_TAIL), {"look": outputs(owners=[{"name": "Ann"}])})
    with pytest.raises(Misconfigured, match="starts screening, which has no active version"):
        p.send("thing.asked", thing="T-1")


def test_a_list_that_is_none_or_far_too_long_is_refused() -> None:
    with pytest.raises(Invalid, match="more than 200 cases"):
        parent(owners=[{"name": "Ann"}] * 201)
    p = Play(definition(stage=SUB.replace("JOIN", ""), tail=SUB_TAIL), {"look": outputs(owners="Ann")})
    p.processes = {"screening": SCREENING}
    with pytest.raises(Invalid, match="is no list"):
        p.send("thing.asked", thing="T-1")


def test_a_case_whose_parent_goes_on_without_it_ends_and_one_that_ended_stays_as_it_is() -> None:
    child = Play(SCREENING)
    child.send("screening.asked", screening="S-1", thing="S-1")
    child.send("parent.cancelled", why="not needed")
    assert child.case
    assert (child.case.status, child.case.outcome) == ("closed", "cancelled")
    assert child.tasks() == []
    child.send("parent.cancelled", why="not needed")
    assert child.case.outcome == "cancelled"
