"""Waiting for a partner: a question stops the clock of a stage, the answer lets it run on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from headgate import access
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Principal
from headgate.kernel.errors import Conflict
from headgate.ledger import event_list
from headgate.packs import find_pack, install_pack, read_pack
from headgate.process import case_detail, case_of_subject
from headgate.process.core.moving import Renaming, outlook
from headgate.process.core.state import TaskEscalated
from headgate.process.messages import About, send_message
from headgate.process.migration.rehearsal import rehearse
from headgate.process.migration.service import start
from headgate.process.outside import answered, ask
from headgate.process.repo import escalate_tasks, get_cases
from headgate.store import Database
from tests.scenarios.channel import Channel, bare_channel, person, record

OLD_PACK = Path(__file__).parents[2] / "histories" / "weeks" / "pack"
CARL = Principal(person("carl"), "person", "Carl")
PIA = Principal("user:pia@amberlo.example", "person", "Pia", partner="P-1")


@pytest.fixture
def held(channel: Channel) -> Channel:
    """An order that waits for the channel manager since Monday 10:00; eight of sixteen hours are aimed for."""
    with channel.app.database.transaction(channel.tenant) as conn:
        access.create_person(conn, channel.context(SYSTEM), email="pia@amberlo.example", name="Pia", partner="P-1")
    channel.order("O-1", ("S-1", "10", "8.80"))
    channel.govern()
    return channel


def case(channel: Channel, order: str = "O-1") -> dict[str, Any]:
    with channel.app.database.transaction(channel.tenant) as conn:
        found = case_of_subject(conn, "order", order)
        assert found is not None
        return case_detail(conn, found["case_id"])


def ask_partner(channel: Channel) -> UUID:
    found = case(channel)
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(CARL)
        send_message(conn, ctx, About(found["case_id"], "order", "O-1", "P-1"), "Which project is this for?")
        ask(conn, ctx, channel.app.engine, found["case_id"])
    channel.govern()
    return UUID(str(found["case_id"]))


def jobs(channel: Channel) -> None:
    channel.runner.run_jobs(channel.tenant)
    channel.govern()


def test_the_partners_answer_lets_the_clock_run_on_with_the_time_it_had_left(held: Channel) -> None:
    due = case(held)["due_at"]
    case_id = ask_partner(held)
    paused = case(held)
    assert (paused["sla_state"], paused["data"]["service_level"]["because"]) == ("paused", "waiting for the partner")
    jobs(held)
    assert case(held)["sla_state"] == "paused", "nobody has answered"
    held.pass_time(hours=2)
    with held.app.database.transaction(held.tenant, partner="P-1") as conn:
        send_message(conn, held.context(PIA), About(case_id, "order", "O-1", "P-1"), "The new warehouse.")
    jobs(held)
    went_on = case(held)
    assert (went_on["sla_state"], went_on["due_at"]) == ("running", due + timedelta(hours=2))
    jobs(held)
    with held.app.database.transaction(held.tenant) as conn:
        events = event_list(conn, source="headgate/messages")
    assert [(e.type, e.actor) for e in events] == [("case.answered", PIA.id)], "once"


def test_a_second_question_is_answered_anew(held: Channel) -> None:
    case_id = ask_partner(held)
    for text in ("first", "second"):
        held.pass_time(minutes=10)
        with held.app.database.transaction(held.tenant, partner="P-1") as conn:
            send_message(conn, held.context(PIA), About(case_id, "order", "O-1", "P-1"), text)
        held.pass_time(minutes=10)
        jobs(held)
        assert case(held)["sla_state"] == "running"
        ask_partner(held)
        jobs(held)
        assert case(held)["sla_state"] == "paused"


def test_an_answer_by_phone_is_said_by_hand_and_only_while_it_is_waited_for(held: Channel) -> None:
    case_id = ask_partner(held)
    with held.app.database.transaction(held.tenant) as conn:
        answered(conn, held.context(CARL), held.app.engine, case_id)
    held.govern()
    assert case(held)["sla_state"] == "running"
    with (
        pytest.raises(Conflict, match="does not wait for anybody"),
        held.app.database.transaction(held.tenant) as conn,
    ):
        answered(conn, held.context(CARL), held.app.engine, case_id)


def test_nobody_is_waited_for_after_the_end_and_a_stage_that_does_not_listen_goes_on(held: Channel) -> None:
    held.decide("carl", "O-1")
    released = case(held)
    with held.app.database.transaction(held.tenant) as conn:
        ask(conn, held.context(CARL), held.app.engine, released["case_id"])
    held.govern()
    assert (case(held)["stage"], case(held)["sla_state"]) == ("released", released["sla_state"])
    held.ship("O-1", ("1", "10"))
    held.govern()
    with (
        pytest.raises(Conflict, match="has ended as fulfilled"),
        held.app.database.transaction(held.tenant) as conn,
    ):
        ask(conn, held.context(CARL), held.app.engine, released["case_id"])


def test_while_the_partner_is_asked_nobody_steps_in_and_the_request_does_not_lapse(held: Channel) -> None:
    before = held.approval("O-1")
    ask_partner(held)
    held.pass_time(days=30)
    asked, (task,) = held.approval("O-1"), held.tasks()
    assert (asked.status, asked.expires_at, asked.steps[0].escalated) == ("pending", before.expires_at, False)
    assert (task["due_at"], task["also_role"], asked.paused_at is not None) == (None, "", True)
    with held.app.database.transaction(held.tenant) as conn:
        answered(conn, held.context(CARL), held.app.engine, asked.case_id, "they rang")
    held.govern()
    went_on, (task,) = held.approval("O-1"), held.tasks()
    assert went_on.paused_at is None
    assert went_on.expires_at > held.clock.now()
    assert task["due_at"] == went_on.steps[0].due_at
    due = went_on.steps[0].due_at
    assert due is not None
    held.pass_time(seconds=(due - held.clock.now()).total_seconds() - 60)
    assert held.tasks()[0]["also_role"] == ""
    held.pass_time(minutes=2)
    assert held.tasks()[0]["also_role"] == "finance_director", "what was left has passed"


def test_a_case_that_waits_is_not_moved_to_where_nothing_would_let_it_go_on(held: Channel) -> None:
    case_id = ask_partner(held)
    with held.app.database.transaction(held.tenant) as conn:
        (found,) = get_cases(conn, [case_id])
        pair = (found.process, found.version)
        here = held.app.engine.definitions.versions(conn, [pair])[pair]
    stage = here.stages[found.stage]
    assert stage.sla is not None
    assert outlook(here, here, found, Renaming(), ()).movable
    deaf = replace(stage, sla=replace(stage.sla, pauses=()))
    there = replace(here, version=3, stages={**here.stages, stage.id: deaf})
    (why,) = outlook(here, there, found, Renaming(), ()).problems
    assert "its clocks stand still (waiting for the partner)" in why


def test_of_two_escalations_of_one_task_the_last_counts_whatever_the_plan(held: Channel) -> None:
    found = held.approval("O-1")
    late = [TaskEscalated(found.case_id, 1, "channel_manager", to, "") for to in ("finance", "tenant_admin", "finance")]
    for several in (late, late[:2]):
        with held.app.database.transaction(held.tenant) as conn:
            escalate_tasks(conn, several)
        assert held.tasks()[0]["also_role"] == several[-1].to


def test_nobody_outside_can_say_that_a_question_was_asked(held: Channel) -> None:
    with pytest.raises(Exception, match="is made by Headgate itself"):
        held.send("case.asked", process="order_to_release", case=str(case(held)["case_id"]))


def test_after_the_time_the_channel_manager_and_then_the_finance_director_are_told(held: Channel) -> None:
    held.pass_time(days=4)
    late = [t for t in held.tasks() if t["title"].startswith("Late:")]
    assert {t["role"] for t in late} == {"channel_manager", "finance_director"}
    assert case(held)["sla_state"] == "breached"


def test_cases_of_the_first_version_keep_it_and_can_be_moved(
    database: Database, tenant: UUID, clock: FixedClock, tmp_path: Path
) -> None:
    channel = bare_channel(database, tenant, clock, tmp_path, OLD_PACK)
    record(channel)
    for order, quantity in (("O-1", "10"), ("O-2", "11"), ("O-3", "12")):
        channel.order(order, ("S-1", quantity, "8.80"))
    channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        install_pack(
            conn,
            channel.context(SYSTEM),
            read_pack(find_pack("order_governance")),
            channel.app.policies,
            channel.app.actions,
        )
    channel.order("O-4", ("S-1", "9", "8.80"))
    channel.govern()
    assert [case(channel, f"O-{n}")["version"] for n in (1, 2, 3, 4)] == [1, 1, 1, 2]
    channel.decide("carl", "O-1")
    assert channel.status("O-1") == "released"
    assert case(channel, "O-1")["version"] == 1
    ctx = channel.context(CARL)
    engine = channel.app.engine
    with channel.app.database.transaction(channel.tenant) as conn:
        found = rehearse(conn, engine.definitions, "order_to_release", 2, Renaming(), 1)
        assert (found.movable, found.staying) == (3, 0), found.groups
        start(conn, ctx, engine, "order_to_release", 2, Renaming(), "a target for all", 1)
    jobs(channel)  # nobody looks at it: a worker goes on by itself
    assert [case(channel, f"O-{n}")["version"] for n in (1, 2, 3, 4)] == [2, 2, 2, 2]
    channel.decide("carl", "O-2")
    assert channel.status("O-2") == "released"
