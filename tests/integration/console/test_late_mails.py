"""Mails to staff about late work: what was escalated to them, and what is past its time in their hands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from headgate import access
from headgate.access.mailing import want_kind
from headgate.connectors.mail import write_of_late
from headgate.connectors.mail.core.writing import Written
from headgate.connectors.mail.post import opened
from headgate.kernel.context import SYSTEM
from headgate.ledger import outbox_list
from tests.integration.console.site import Visitor
from tests.scenarios.channel import Channel, person


def told(channel: Channel) -> dict[str, Written]:
    """What is posted now, by the first part of the address."""
    with channel.app.database.transaction(channel.tenant) as conn:
        before = {row.id for row in outbox_list(conn, target="mail", limit=200)}
        write_of_late(conn, channel.context(SYSTEM), replace(channel.app.mailroom, base="https://hg.example"))
        rows = [row for row in outbox_list(conn, target="mail", limit=200) if row.id not in before]
    letters = [opened(channel.app.envelope, row.payload)[0] for row in rows]
    found = {each.to.partition("@")[0]: each for each in letters}
    assert len(found) == len(letters)
    return found


def change(channel: Channel, sql: str, *values: object) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute(sql.encode(), values)


def escalate(channel: Channel, role: str, priority: int = 1) -> None:
    """What a link of an escalation chain does: a task for a role, high in its queue."""
    now = channel.clock.now()
    change(
        channel,
        "insert into tasks (task, case_id, kind, title, role, status, due_at, created_at, priority)"
        " select %s, case_id, 'work', 'Late', %s, 'open', %s, %s, %s from cases limit 1",
        uuid4(),
        role,
        now - timedelta(hours=1),
        now,
        priority,
    )


def test_who_holds_the_role_that_late_work_goes_to_hears_of_it_once(held: Visitor) -> None:
    channel = held.channel
    assert told(channel) == {}
    escalate(channel, "finance_director")
    found = told(channel)
    assert set(found) == {"fiona"}
    letter = found["fiona"]
    assert letter.subject == "Escalated: order O-1"
    assert letter.link.startswith("https://hg.example/cases/")
    assert "https://hg.example/mails/" in letter.stop
    assert "Was due" in dict(letter.facts)
    assert told(channel) == {}, "once"
    channel.clock.move(timedelta(days=2))
    escalate(channel, "finance_director", 2)
    with channel.app.database.transaction(channel.tenant) as conn:
        want_kind(conn, channel.context(SYSTEM), person("fiona"), "escalations", wanted=False, by="test")
    assert told(channel) == {}, "not who wants none"


def test_who_has_taken_something_hears_when_its_time_is_over_and_nobody_else(held: Visitor) -> None:
    channel = held.channel
    change(channel, "update tasks set assignee = %s where status = 'open'", person("carl"))
    assert told(channel) == {}
    change(channel, "update tasks set due_at = created_at + interval '1 hour'")
    channel.clock.move(timedelta(hours=2))
    change(channel, "update tasks set snoozed_until = %s", channel.clock.now() + timedelta(minutes=10))
    assert told(channel) == {}, "it sleeps"
    channel.clock.move(timedelta(minutes=11))
    found = told(channel)
    assert set(found) == {"carl"}
    assert found["carl"].subject == "Late: order O-1"
    assert told(channel) == {}, "once"


def test_what_is_late_for_long_and_what_is_done_is_not_told(held: Visitor) -> None:
    channel = held.channel
    escalate(channel, "finance_director")
    change(channel, "update tasks set status = 'closed' where kind = 'work'")
    assert told(channel) == {}
    change(channel, "update tasks set status = 'open' where kind = 'work'")
    channel.clock.move(timedelta(days=1, minutes=1))
    assert told(channel) == {}


def test_who_is_suspended_gets_none(held: Visitor) -> None:
    channel = held.channel
    escalate(channel, "finance_director")
    with channel.app.database.transaction(channel.tenant) as conn:
        access.suspend(conn, channel.context(SYSTEM), person("fiona"))
    assert told(channel) == {}
