"""Branches, sub-cases, stepping in and moving, in the database: the case, its queue, its clocks and its links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, Invalid, Stale
from headgate.ledger import NewEvent, audit_list
from headgate.process import (
    ActionCall,
    ActionResult,
    Choice,
    TenantProfile,
    Work,
    approvals_of_case,
    case_detail,
    case_of_subject,
    complete_task,
    decide_approval,
    install,
)
from headgate.process.core.intervening import Intervention
from headgate.process.core.moving import Renaming
from headgate.process.interventions import confirm, interventions_of, step_in, turn_down
from headgate.process.linking import children_of, parents_of
from headgate.process.migration.rehearsal import Rehearsal, rehearse
from headgate.process.migration.service import Progress, go_on, migration_of, start, undo
from tests.scenarios.channel import Channel, person

ONBOARDING = """\
process: onboarding
version: 1
title: Onboarding of a partner
subject: newcomer
owner: partner_success
events:
  newcomer.asked: {key: "newcomer:{newcomer}", subject: "{newcomer}", starts: true}
  newcomer.signed: {key: "newcomer:{newcomer}", subject: "{newcomer}"}
  newcomer.gone: {key: "newcomer:{newcomer}", subject: "{newcomer}"}
anywhere:
  newcomer.gone: {to: dropped}
stages:
  - id: looking
    title: Looking
    enter:
      - {id: look, run: newcomer.look, owners: $event.owners, by: $event.asker}
    go:
      - {to: gathering}
  - id: gathering
    title: Gathering
    enter:
      - parallel: checks
        join: all
        branches:
          agreement:
            - id: agreed
              approve: approval_matrix
              each: $look.asks
              binds: $look.digest
              stake: $look.stake
              requested_by: $look.by
            - {wait: newcomer.signed, id: signed}
          owners:
            - id: screening
              subcase: screening
              each: $look.owners
              data: {screening: $new, person: $item}
              accept: [clear]
          papers:
            - {id: collect, task: "Collect the papers of {subject}", role: order_desk, hours: 8}
    go:
      - {when: {checks.outcome: joined}, to: active}
      - {when: {checks.outcome: failed}, to: declined}
  - {id: active, title: Active, final: active}
  - {id: declined, title: Declined, final: declined}
  - {id: dropped, title: Dropped, final: dropped}
"""
SCREENING = """\
process: screening
version: 1
title: Screening of a person
subject: newcomer
owner: partner_success
events:
  screening.asked: {key: "screening:{screening}", subject: "{screening}", starts: true}
  screening.answered: {key: "screening:{screening}", subject: "{screening}"}
stages:
  - id: waiting
    title: Waiting
    enter:
      - {id: asked, run: newcomer.note, person: $event.person}
    on:
      screening.answered: {do: [{id: answer, run: newcomer.note, verdict: $event.verdict}], to: answered}
  - id: answered
    title: Answered
    go:
      - {when: {answer.verdict: clear}, to: clear}
      - {to: hit}
  - {id: clear, title: Clear, final: clear}
  - {id: hit, title: Hit, final: hit}
"""


class Newcomers:
    """A kind of subject without records of its own."""

    def load(self, conn: Connection[Any], ctx: Context, work: Sequence[Work], profile: TenantProfile) -> object:
        return None

    def apply(self, facts: object, records: Sequence[object]) -> None:
        return

    def flush(
        self, conn: Connection[Any], ctx: Context, facts: object, records: Sequence[object]
    ) -> Sequence[NewEvent]:
        return ()


def look(call: ActionCall) -> ActionResult:
    ask = {
        "exception": "margin_floor",
        "stake": Decimal(100),
        "deviation_pct": Decimal(0),
        "margin_pct": Decimal(1),
        "tier": "gold",
        "risk": "low",
    }
    # Put back to the beginning by hand, it goes by what the case knows.
    before: Any = call.case.data.get("look") or {}
    told = {name: call.args[name] or before.get(name) for name in ("by", "owners")}
    return ActionResult({"asks": [ask], "digest": "d" * 64, "stake": "100", **told})


@pytest.fixture
def office(channel: Channel) -> Channel:
    """A tenant that takes newcomers in."""
    channel.app.engine.registry.ports["newcomer"] = Newcomers()
    channel.app.engine.registry.actions["newcomer.look"] = look
    channel.app.engine.registry.actions["newcomer.note"] = lambda call: ActionResult(dict(call.args))
    put(channel, SCREENING, "screening.yaml")
    put(channel, ONBOARDING, "onboarding.yaml")
    return channel


def put(channel: Channel, text: str, file: str) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        install(conn, channel.context(SYSTEM), text, file, channel.app.policies, channel.app.actions)


def ask(channel: Channel, name: str = "N-1", owners: Sequence[str] = ("Ann", "Bob")) -> UUID:
    channel.send("newcomer.asked", newcomer=name, owners=list(owners), asker=person("rita"))
    channel.govern()
    return case(channel, name)["case_id"]


def case(channel: Channel, subject: str) -> dict[str, Any]:
    with channel.app.database.transaction(channel.tenant) as conn:
        found = case_of_subject(conn, "newcomer", subject)
        assert found is not None, conn.execute("select problems from quarantine").fetchall()
        return case_detail(conn, found["case_id"])


def as_(channel: Channel, who: str, *roles: str) -> Context:
    return channel.context(Principal(person(who), "person", who, roles=frozenset(roles)))


def finish_papers(channel: Channel, case_id: UUID, who: str = "desk") -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        (task,) = [t for t in case_detail(conn, case_id)["tasks"] if t["kind"] == "work" and t["status"] == "open"]
        seq = complete_task(conn, as_(channel, who, "order_desk"), channel.app.engine, task["task"], "all here")
    channel.runner.settle(channel.tenant, seq)


def agree(channel: Channel, case_id: UUID, outcome: str = "approve") -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        (approval,) = [a for a in approvals_of_case(conn, case_id) if a.status == "pending"]
        choice = Choice(outcome, "looks fine", approval.digest)
        seq = decide_approval(conn, as_(channel, "carl"), channel.app.engine, approval.approval, choice)
    channel.runner.settle(channel.tenant, seq)


def children(channel: Channel, case_id: UUID) -> list[dict[str, Any]]:
    with channel.app.database.transaction(channel.tenant) as conn:
        return children_of(conn, case_id)


def answer(channel: Channel, screening: str, verdict: str = "clear") -> None:
    channel.send("screening.answered", screening=screening, verdict=verdict)
    channel.govern()


def standing(channel: Channel, name: str = "N-1") -> dict[str, str]:
    data = case(channel, name)["data"]["parallel"]["checks"]["branches"]
    return {n: f"{b['status']} {b['step']}" for n, b in data.items()}


def test_three_branches_with_an_approval_two_cases_and_a_task_come_together(office: Channel) -> None:
    newcomer = ask(office)
    assert standing(office) == {
        "agreement": "waiting agreed", "owners": "waiting screening", "papers": "waiting collect",
    }  # fmt: skip
    started = children(office, newcomer)
    assert [(c["subject"], c["stage"], c["status"]) for c in started] == [
        ("N-1-screening-1", "waiting", "started"), ("N-1-screening-2", "waiting", "started"),
    ]  # fmt: skip
    finish_papers(office, newcomer)
    answer(office, "N-1-screening-2")
    agree(office, newcomer)
    assert standing(office) == {"agreement": "waiting signed", "owners": "waiting screening", "papers": "done collect"}
    answer(office, "N-1-screening-1")
    office.send("newcomer.signed", newcomer="N-1")
    office.govern()
    done = case(office, "N-1")
    assert (done["stage"], done["status"]) == ("active", "closed")
    assert {t["status"] for t in done["tasks"]} == {"done"}
    assert done["timers"] == []
    assert {c["status"] for c in children(office, newcomer)} == {"ended"}
    with office.app.database.transaction(office.tenant) as conn:
        (parent,) = parents_of(conn, "screening", "screening:N-1-screening-1")
    assert parent["subject"] == "N-1"


def test_a_hit_declines_the_newcomer_and_ends_everything_else(office: Channel) -> None:
    newcomer = ask(office)
    answer(office, "N-1-screening-1", "hit")
    done = case(office, "N-1")
    assert done["stage"] == "declined"
    assert {t["status"] for t in done["tasks"]} == {"cancelled"}
    assert [c["case_status"] for c in children(office, newcomer)] == ["closed", "closed"]
    assert [c["outcome"] for c in children(office, newcomer)] == ["hit", ""]
    assert case(office, "N-1-screening-2")["outcome"] == "cancelled"
    with office.app.database.transaction(office.tenant) as conn:
        assert [a.status for a in approvals_of_case(conn, newcomer)] == ["voided"]


def test_processes_that_start_each_other_are_refused(office: Channel) -> None:
    text = SCREENING.replace("version: 1", "version: 2").replace(
        "  - {id: clear, title", "  - {id: again, title: Again, go: [{when: {onboarding.status: ended}, to: clear}, "
        "{to: hit}], enter: [{id: onboarding, subcase: onboarding, event: newcomer.asked}]}\n  - {id: clear, title"
    ).replace("{when: {answer.verdict: clear}, to: clear}", "{when: {answer.verdict: clear}, to: again}")  # fmt: skip
    with pytest.raises(
        Conflict, match="screening → onboarding → screening start each other's cases without end"
    ) as caught:
        put(office, text, "screening.yaml")
    line = 1 + next(n for n, each in enumerate(text.splitlines()) if "subcase: onboarding" in each)
    assert [p.field for p in caught.value.problems] == [f"screening.yaml:{line} stage again"]


class Killed(BaseException):
    """What takes a worker down."""


@pytest.mark.parametrize("place", ["segment_applied", "before_commit", "after_commit"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_worker_that_dies_starts_and_ends_every_case_exactly_once(office: Channel, place: str, number: int) -> None:
    seen = 0

    def probe(at: str) -> None:
        nonlocal seen
        seen += at == place
        if seen == number and at == place:
            raise Killed

    office.send("newcomer.asked", newcomer="N-1", owners=["Ann", "Bob"], asker=person("rita"))
    dying = replace(office.runner, probe=probe, batch=1)
    with pytest.raises(Killed):
        for _ in range(9):
            dying.drain(office.tenant)
    office.govern()
    newcomer = case(office, "N-1")["case_id"]
    assert [c["subject"] for c in children(office, newcomer)] == ["N-1-screening-1", "N-1-screening-2"]
    seen = 0
    office.send("screening.answered", screening="N-1-screening-1", verdict="hit")
    with pytest.raises(Killed):
        for _ in range(9):
            dying.drain(office.tenant)
    office.govern()
    assert case(office, "N-1")["stage"] == "declined"
    assert case(office, "N-1-screening-2")["outcome"] == "cancelled"
    with office.app.database.transaction(office.tenant) as conn:
        types = [r[0] for r in conn.execute("select type from events where source = 'headgate/cases'").fetchall()]
    assert sorted(types) == ["parent.cancelled", "screening.asked", "screening.asked", "subcase.ended"]


def by(channel: Channel, who: str, case_id: UUID, wanted: Intervention) -> Any:
    with channel.app.database.transaction(channel.tenant) as conn:
        done = step_in(conn, as_(channel, who), channel.app.engine, case_id, wanted)
    if done.seq is not None:
        channel.runner.settle(channel.tenant, done.seq)
        channel.nothing_left()
    return done


def test_a_step_is_skipped_with_a_reason_that_stands_in_the_timeline(office: Channel) -> None:
    newcomer = ask(office)
    by(office, "desk", newcomer, Intervention("skip", "checks/papers", "they came on paper"))
    assert standing(office)["papers"] == "done collect"
    with office.app.database.transaction(office.tenant) as conn:
        (entry,) = audit_list(conn, action="case.intervened", case_id=newcomer, limit=5)
    assert entry.actor == person("desk")
    assert entry.body["intervention"] == {"kind": "skip", "at": "checks/papers", "reason": "they came on paper"}


def test_an_approval_is_passed_over_only_by_two_who_did_not_ask_for_it(office: Channel) -> None:
    newcomer = ask(office)
    wanted = Intervention("skip", "checks/agreement", "agreed on the phone")
    with pytest.raises(DutyConflict, match="rita"):
        by(office, "rita", newcomer, wanted)
    done = by(office, "desk", newcomer, wanted)
    assert done.seq is None
    assert standing(office)["agreement"] == "waiting agreed"
    with office.app.database.transaction(office.tenant) as conn:
        for who, words in (("desk", "another person"), ("rita", "asked for this")):
            with pytest.raises(DutyConflict, match=words):
                confirm(conn, as_(office, who), office.app.engine, done.intervention)
    with office.app.database.transaction(office.tenant) as conn:
        seq = confirm(conn, as_(office, "fiona"), office.app.engine, done.intervention)
    office.runner.settle(office.tenant, seq)
    assert standing(office)["agreement"] == "waiting signed"
    after = case(office, "N-1")
    assert after["data"]["agreed"]["status"] == "skipped"
    with office.app.database.transaction(office.tenant) as conn:
        assert [a.status for a in approvals_of_case(conn, newcomer)] == ["voided"]
        with pytest.raises(Conflict, match="confirmed already"):
            confirm(conn, as_(office, "fay"), office.app.engine, done.intervention)


def test_what_the_case_has_left_behind_cannot_be_confirmed_any_more(office: Channel) -> None:
    newcomer = ask(office)
    done = by(office, "desk", newcomer, Intervention("jump", "active", "the board said so"))
    office.clock.move(timedelta(minutes=1))
    finish_papers(office, newcomer)
    with (
        office.app.database.transaction(office.tenant) as conn,
        pytest.raises(Stale, match="has moved since"),
    ):
        confirm(conn, as_(office, "fiona"), office.app.engine, done.intervention)
    with office.app.database.transaction(office.tenant) as conn:
        assert turn_down(conn, as_(office, "fiona"), done.intervention) == newcomer
        assert [i["status"] for i in interventions_of(conn, newcomer)] == ["turned_down"]


def test_a_jump_ends_what_is_open_and_one_to_the_beginning_needs_no_second(office: Channel) -> None:
    newcomer = ask(office)
    by(office, "desk", newcomer, Intervention("jump", "looking", "the owners changed"))
    after = case(office, "N-1")
    assert after["stage"] == "gathering"
    assert sorted(t["status"] for t in after["tasks"]) == ["cancelled", "cancelled", "open", "open"]
    assert [c["subject"] for c in children(office, newcomer) if c["status"] == "started"] == [
        "N-1-screening-3", "N-1-screening-4",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Intervention("skip", "checks/papers", " "), "reason: is missing"),
        (Intervention("skip", "checks/papers", "x" * 2001), "longer than 2000"),
        (Intervention("skip", "checks/nothing", "why not"), "is nothing this case waits at"),
        (Intervention("jump", "nowhere", "why not"), "is not a stage of this process"),
        (Intervention("jump", "gathering", "why not"), "where the case is already"),
        (Intervention("dance", "gathering", "why not"), "is no way to step in"),
    ],
)
def test_an_intervention_that_makes_no_sense_is_refused(office: Channel, wanted: Intervention, words: str) -> None:
    newcomer = ask(office)
    with pytest.raises(Invalid, match=words):
        by(office, "desk", newcomer, wanted)


PAID = '  newcomer.paid: {key: "newcomer:{newcomer}", subject: "{newcomer}"}\n'
VISIT = "    on:\n      newcomer.signed: {do: [{id: n, run: newcomer.note, x: $visit.day}]}\n"


def changed(*pairs: tuple[str, str]) -> str:
    text = ONBOARDING.replace("version: 1", "version: 2")
    for old, new in pairs:
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    return text


def rehearsed(channel: Channel, renaming: Renaming = Renaming()) -> Rehearsal:  # noqa: B008
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        return rehearse(conn, channel.app.engine.definitions, "onboarding", 2, renaming)


def move(channel: Channel, renaming: Renaming, limit: int = 500) -> Progress:
    with channel.app.database.transaction(channel.tenant) as conn:
        migration = start(conn, as_(channel, "desk"), channel.app.engine, "onboarding", 2, renaming, "new papers")
    return carried_on(channel, migration, limit)


def carried_on(channel: Channel, migration: UUID, limit: int = 500) -> Progress:
    queued = 1
    while queued:
        with channel.app.database.transaction(channel.tenant) as conn:
            queued = go_on(conn, as_(channel, "desk"), channel.app.engine, migration, limit)
        channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        return migration_of(conn, migration)


def test_cases_move_as_they_stand_in_batches_and_go_on_by_the_new_version(office: Channel) -> None:
    ids = [ask(office, f"N-{n}", ["Ann"]) for n in range(1, 6)]
    finish_papers(office, ids[0])
    renamed = changed(
        ("id: gathering", "id: checking"), ("to: gathering", "to: checking"),
        ("            - {wait: newcomer.signed, id: signed}",
         "            - {id: paid, wait: newcomer.paid}\n            - {wait: newcomer.signed, id: signed}"),
        ("  newcomer.gone: {key", PAID + "  newcomer.gone: {key"),
    )  # fmt: skip
    put(office, renamed, "onboarding.yaml")
    stuck = rehearsed(office)
    assert (stuck.movable, stuck.staying) == (0, 5)
    assert "no stage 'gathering'" in stuck.groups[0].why
    renaming = Renaming({"gathering": "checking"})
    found = rehearsed(office, renaming)
    assert (found.movable, found.staying) == (5, 0)
    assert [(g.from_stage, g.to_stage, g.count) for g in found.groups] == [("gathering", "checking", 5)]
    done = move(office, renaming, limit=2)
    assert (done.status, done.counts) == ("queued", {"moved": 5})
    first = case(office, "N-1")
    assert (first["version"], first["stage"]) == (2, "checking")
    agree(office, ids[0])
    assert standing(office)["agreement"] == "waiting paid"
    with office.app.database.transaction(office.tenant) as conn:
        (entry,) = audit_list(conn, action="case.migrated", case_id=ids[0], limit=5)
    assert entry.body["migration"]["status"] == "moved"


def test_what_was_moved_and_has_not_gone_on_can_be_moved_back(office: Channel) -> None:
    ids = [ask(office, f"N-{n}", ["Ann"]) for n in (1, 2)]
    put(office, changed(("id: gathering", "id: checking"), ("to: gathering", "to: checking")), "onboarding.yaml")
    before = case(office, "N-2")
    done = move(office, Renaming({"gathering": "checking"}))
    office.clock.move(timedelta(minutes=1))
    finish_papers(office, ids[0])
    with office.app.database.transaction(office.tenant) as conn:
        undo(conn, as_(office, "desk"), done.migration)
    back = carried_on(office, done.migration)
    assert (back.status, back.counts) == ("undone", {"kept": 1, "undone": 1})
    assert back.reasons[0][1] == "it has gone on since it was moved"
    after = case(office, "N-2")
    assert (after["version"], after["stage"], after["data"]) == (1, "gathering", before["data"])


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("{id: look, run", "{id: looked, run"), ("$look", "$looked")], "'look' would be lost"),
        ([("binds: $look.digest", "binds: $look.stake")], "would be asked otherwise in version 2 (binds)"),
        ([("- {id: collect, task", "- {id: gather, task")], "has no step 'collect'"),
        ([("          papers:\n", "          money: [{wait: newcomer.signed, id: m}]\n          papers:\n")],
         "branches this case never began: money"),
        ([("      - {id: look, run", "      - {id: visit, run: newcomer.note, day: monday}\n      - {id: look, run"),
          ("    go:\n      - {when: {checks.outcome: joined}",
           VISIT + "    go:\n      - {when: {checks.outcome: joined}")], "reads 'visit' when newcomer.signed comes"),
    ],
)  # fmt: skip
def test_a_case_that_would_lose_something_stays_and_says_why(
    office: Channel, pairs: Sequence[tuple[str, str]], words: str
) -> None:
    ask(office)
    put(office, changed(*pairs), "onboarding.yaml")
    found = rehearsed(office)
    assert (found.movable, found.staying) == (0, 1)
    assert words in found.groups[0].why
    done = move(office, Renaming())
    assert done.counts == {"stayed": 1}
    assert words in done.reasons[0][1]
    assert case(office, "N-1")["version"] == 1


def test_what_would_be_lost_is_carried_over_once_the_mapping_says_how(office: Channel) -> None:
    ask(office)
    put(office, changed(("{id: look, run", "{id: looked, run"), ("$look", "$looked")), "onboarding.yaml")
    # The open approval reads it under the new name, so it would be another question.
    assert (
        "its open approval would be asked otherwise"
        in rehearsed(office, Renaming(data={"look": "looked"})).groups[0].why
    )
    with pytest.raises(Invalid, match="is a stage of no older version"):
        rehearsed(office, Renaming({"gatherin": "gathering"}))


def test_only_one_migration_of_a_process_runs_and_only_a_finished_one_is_undone(office: Channel) -> None:
    ask(office)
    put(office, changed(("title: Gathering", "title: Checking")), "onboarding.yaml")
    with office.app.database.transaction(office.tenant) as conn:
        person_ = as_(office, "desk")
        migration = start(conn, person_, office.app.engine, "onboarding", 2, Renaming(), "new words")
        with pytest.raises(Conflict, match="is not through"):
            start(conn, person_, office.app.engine, "onboarding", 2, Renaming(), "again")
        with pytest.raises(Conflict, match="only one that is through"):
            undo(conn, person_, migration)


def test_a_task_is_finished_once_by_who_holds_its_role(office: Channel) -> None:
    newcomer = ask(office)
    with office.app.database.transaction(office.tenant) as conn:
        (task,) = [t for t in case_detail(conn, newcomer)["tasks"] if t["kind"] == "work"]
        with pytest.raises(Forbidden, match="is for order_desk"):
            complete_task(conn, as_(office, "carl", "channel_manager"), office.app.engine, task["task"])
    finish_papers(office, newcomer)
    with (
        office.app.database.transaction(office.tenant) as conn,
        pytest.raises(Conflict, match="is done already"),
    ):
        complete_task(conn, as_(office, "desk", "order_desk"), office.app.engine, task["task"])
