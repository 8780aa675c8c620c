"""The task of who reviews an emergency change: opened, overdue, escalated, and closed by the review alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from headgate.kernel.context import Principal
from headgate.ledger import NewEvent, append_events, event_list, quarantine_list
from headgate.packs import find_pack
from headgate.policy import apply_at_once, review_emergency
from headgate.process import case_of_subject, complete_task, work_queue
from tests.scenarios.channel import AUTHOR, Channel, person

CHANGE = "price_deviation@2"
FIONA = Principal(person("fiona"), "person", "Fiona", frozenset({"finance_director"}))


def applied(channel: Channel, hours: int = 24) -> None:
    """Version 2 decides at once, to be reviewed within so many hours; the runner has heard of it."""
    channel.clock.move(timedelta(hours=1))
    text = (find_pack("order_governance") / "policies" / "price_deviation.yaml").read_text(encoding="utf-8")
    with channel.app.database.transaction(channel.tenant) as conn:
        author = channel.context(AUTHOR)
        channel.app.policies.draft(conn, author, text.replace("version: 1", "version: 2", 1))
        apply_at_once(
            channel.app.policies,
            conn,
            author,
            "price_deviation",
            2,
            "a price list leaked",
            review_within=timedelta(hours=hours),
        )
    turn(channel)


def turn(channel: Channel) -> int:
    """The periodic jobs, and what follows from them."""
    emitted = channel.runner.run_jobs(channel.tenant)
    channel.govern()
    return emitted


def waiting(channel: Channel) -> list[tuple[str, str, int]]:
    with channel.app.database.transaction(channel.tenant) as conn:
        tasks = work_queue(conn, channel.clock.now(), view="all")
    return [(t["title"], t["role"], t["priority"]) for t in tasks if t["subject"] == CHANGE]


def case(channel: Channel) -> dict[str, Any]:
    with channel.app.database.transaction(channel.tenant) as conn:
        found = case_of_subject(conn, "policy_change", CHANGE)
    assert found is not None
    return found


def reviewed(channel: Channel, outcome: str) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        review_emergency(channel.app.policies, conn, channel.context(FIONA), "price_deviation", 2, outcome, "I looked")
    turn(channel)


def test_an_emergency_change_is_a_task_for_its_reviewers_until_it_is_reviewed(channel: Channel) -> None:
    applied(channel)
    assert waiting(channel) == [(f"Review the emergency change {CHANGE}", "finance_director", 0)]
    with channel.app.database.transaction(channel.tenant) as conn:
        (task,) = work_queue(conn, channel.clock.now(), view="team", roles=["finance_director"])
    assert task["due_at"] == channel.clock.now() + timedelta(hours=24)
    assert turn(channel) == 0, "told once"
    with channel.app.database.transaction(channel.tenant) as conn:
        (told,) = event_list(conn, source="policies")
    assert told.actor == AUTHOR.id, "who applied it, not the platform"
    reviewed(channel, "confirm")
    assert waiting(channel) == []
    assert (case(channel)["status"], case(channel)["outcome"]) == ("closed", "confirmed")
    assert turn(channel) == 0


def test_a_review_that_is_overdue_stands_first_and_others_are_told(channel: Channel) -> None:
    applied(channel, hours=2)
    channel.clock.move(timedelta(hours=2))
    channel.runner.fire_timers(channel.tenant)
    turn(channel)
    assert waiting(channel) == [(f"Overdue: review the emergency change {CHANGE}", "finance_director", 0)]
    channel.clock.move(timedelta(days=1))
    for _ in range(2):  # the breach, and the link of the chain that it sets
        channel.runner.fire_timers(channel.tenant)
        channel.govern()
    overdue, told = sorted(waiting(channel), key=lambda task: task[1])
    assert overdue == (f"Overdue: review the emergency change {CHANGE}", "finance_director", 1)
    assert (told[1], told[2]) == ("tenant_admin", 1)
    reviewed(channel, "revert")
    assert waiting(channel) == []
    assert case(channel)["outcome"] == "reverted"


def test_the_task_cannot_be_ticked_off_without_a_review(channel: Channel) -> None:
    applied(channel)
    with channel.app.database.transaction(channel.tenant) as conn:
        (task,) = work_queue(conn, channel.clock.now(), view="team", roles=["finance_director"])
        complete_task(conn, channel.context(FIONA), channel.app.engine, task["task"], "done")
    channel.govern()
    assert len(waiting(channel)) == 1
    with channel.app.database.transaction(channel.tenant) as conn:
        assert "confirm it or revert it" in str(quarantine_list(conn)[0])


def test_an_event_that_claims_a_review_closes_nothing(channel: Channel) -> None:
    applied(channel)
    for kind, change in (("reviewed", CHANGE), ("applied", "price_deviation@1")):
        event = NewEvent(
            "elsewhere",
            f"claim-{kind}",
            f"policy.emergency_{kind}",
            change,
            f"policy_change:{change}",
            channel.clock.now(),
            {"change": change, "outcome": "confirmed"},
            "source:elsewhere",
        )
        with channel.app.database.transaction(channel.tenant) as conn:
            append_events(conn, channel.clock.now(), [event], lanes=channel.app.settings.lanes)
        channel.govern()
    assert case(channel)["stage"] == "reviewing"
    assert len(waiting(channel)) == 1
    with channel.app.database.transaction(channel.tenant) as conn:
        assert "is no policy version that was applied in an emergency" in str(quarantine_list(conn)[0])


def test_a_tenant_without_the_process_is_told_nothing(channel: Channel) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute("update process_versions set status = 'retired' where process = 'policy_review'")
    applied(channel)
    assert waiting(channel) == []
    with channel.app.database.transaction(channel.tenant) as conn:
        assert quarantine_list(conn) == []
