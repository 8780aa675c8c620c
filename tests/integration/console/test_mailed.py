"""Mails to those who have to decide, and their links: once, for one person, and nothing is decided by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from headgate import access
from headgate.connectors.mail import write_to_deciders
from headgate.connectors.mail.core.asking import MOST_SINGLE
from headgate.connectors.mail.core.writing import Written
from headgate.connectors.mail.post import opened
from headgate.kernel.context import SYSTEM
from headgate.ledger import outbox_list
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import Channel, person

BASE = "https://hg.example"


def write(channel: Channel) -> dict[str, list[Written]]:
    """Do what the job does; what was written to whom, by the first part of the address."""
    with channel.app.database.transaction(channel.tenant) as conn:
        before = {row.id for row in outbox_list(conn, target="mail", limit=500)}
        mailroom = replace(channel.app.mailroom, base=BASE)
        write_to_deciders(conn, channel.context(SYSTEM), channel.app.engine.registry, mailroom)
        rows = [row for row in outbox_list(conn, target="mail", limit=500) if row.id not in before]
    found: dict[str, list[Written]] = {}
    for row in rows:
        letter, _ = opened(channel.app.envelope, row.payload)
        found.setdefault(letter.to.partition("@")[0], []).append(letter)
    return found


def link_of(letters: list[Written]) -> str:
    (letter,) = letters
    assert letter.link.startswith(f"{BASE}/from-mail/")
    return letter.link.removeprefix(BASE)


def test_each_who_can_decide_is_written_to_once_per_level(held: Visitor) -> None:
    channel = held.channel
    first = write(channel)
    assert "carl" in first
    assert "fiona" not in first, "her level has not come yet"
    (letter,) = first["carl"]
    assert letter.subject.startswith("Please decide: order O-1")
    assert "At stake" in dict(letter.facts)
    assert write(channel) == {}, "nobody twice"
    channel.decide("carl", "O-1")
    second = write(channel)
    assert set(second) == {"fiona"}
    channel.decide("fiona", "O-1")
    assert write(channel) == {}


def test_the_link_opens_the_request_for_whom_it_was_sent_to_once_and_decides_nothing(held: Visitor) -> None:
    channel = held.channel
    link = link_of(write(channel)["carl"])
    stranger = held.get(link)
    assert stranger.status_code == 303, "who is not signed in is asked to"
    assert stranger.headers["location"].startswith("/sign-in?then=/from-mail/")
    other = held.enter("fay").get(link)
    assert other.status_code == 404
    assert "sent to somebody else" in words(other)
    assert "O-1" not in words(other)
    assert held.get("/from-mail/made-up").status_code == 404
    opened_page = held.enter("carl").get(link)
    assert opened_page.headers["location"] == held.approval_of("O-1")
    assert channel.approval("O-1").votes == (), "looking is no vote"
    again = held.get(link)
    assert again.status_code == 410
    assert "was used already" in words(again)
    assert held.approval_of("O-1") in again.text, "who may see it is led there all the same"
    assert held.post(link).status_code in (404, 405)


def test_a_link_ends_with_its_time(held: Visitor) -> None:
    link = link_of(write(held.channel)["carl"])
    held.channel.clock.move(timedelta(days=8))
    late = held.enter("carl").get(link)
    assert late.status_code == 410
    assert "Its time is up" in words(late)


def test_who_has_taken_it_is_written_to_alone_and_nobody_while_it_sleeps(held: Visitor) -> None:
    channel = held.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute("update tasks set snoozed_until = %s", [channel.clock.now() + timedelta(hours=4)])
    assert write(channel) == {}
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(SYSTEM)
        access.create_person(conn, ctx, email="cora@nordwind.example", name="Cora")
        access.grant_role(conn, ctx, person("cora"), "channel_manager")
        conn.execute("update tasks set snoozed_until = null, assignee = %s", [person("cora")])
    assert set(write(channel)) == {"cora"}


def test_reminders_come_by_working_hours_and_say_so(held: Visitor) -> None:
    channel = held.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute("update approval_steps set remind_hours = 4")
    write(channel)
    channel.clock.move(timedelta(hours=3))
    assert write(channel) == {}
    channel.clock.move(timedelta(hours=2))
    (letter,) = write(channel)["carl"]
    assert letter.subject.startswith("Reminder: please decide")
    assert letter.paragraphs[0].startswith("This still waits")
    assert write(channel) == {}


def test_many_at_once_are_one_mail_and_a_tenant_may_want_none(visitor: Visitor) -> None:
    channel = visitor.channel
    for number in range(MOST_SINGLE + 1):
        channel.order(f"O-{number}", ("S-1", f"{number + 5}", "8.00"))
    channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        settings = access.get_tenant(conn).settings
        access.set_tenant(conn, channel.context(SYSTEM), settings={**settings, "mail": {"approvals": False}})
    assert write(channel) == {}
    with channel.app.database.transaction(channel.tenant) as conn:
        access.set_tenant(conn, channel.context(SYSTEM), settings=settings)
    (letter,) = write(channel)["carl"]
    assert letter.subject == f"{MOST_SINGLE + 1} requests wait for your decision"
    assert letter.link == f"{BASE}/work"


def test_the_job_writes_only_where_links_have_an_address(held: Visitor) -> None:
    channel = held.channel
    channel.runner.run_jobs(channel.tenant)
    with channel.app.database.transaction(channel.tenant) as conn:
        assert conn.execute("select count(*) from approval_mails").fetchone() == (0,)
    assert "approval.mails" in channel.app.engine.registry.jobs
