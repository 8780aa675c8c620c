"""The daily digest of mails: once a day, nothing lost, nothing twice, and only what still is so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from headgate import access
from headgate.access.mailing import choose_mails, choose_reading, want_kind
from headgate.connectors.mail import changed_letter, write_digests, write_of_late, write_to_deciders
from headgate.connectors.mail.core.parts import page, plain
from headgate.connectors.mail.core.writing import Written
from headgate.connectors.mail.post import opened
from headgate.kernel.canonical import loads
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.ledger import outbox_list
from tests.integration.console.site import Visitor
from tests.scenarios.channel import Channel, person

BASE = "https://hg.example"
KINDS = ("approvals", "reminders", "escalations")
NIGHT = timedelta(hours=21)  # from 11:00 to 08:00


def write(channel: Channel) -> dict[str, list[Written]]:
    """Do what the jobs do; what was written to whom, by the first part of the address."""
    mailroom, registry = replace(channel.app.mailroom, base=BASE), channel.app.engine.registry
    with channel.app.database.transaction(channel.tenant) as conn:
        before = {row.id for row in outbox_list(conn, target="mail", limit=500)}
        ctx = channel.context(SYSTEM)
        write_to_deciders(conn, ctx, registry, mailroom)
        write_of_late(conn, ctx, mailroom)
        write_digests(conn, ctx, registry, mailroom)
        rows = [row for row in outbox_list(conn, target="mail", limit=500) if row.id not in before]
    found: dict[str, list[Written]] = {}
    for row in rows:
        letter, _ = opened(channel.app.envelope, row.payload)
        found.setdefault(letter.to.partition("@")[0], []).append(letter)
    return found


def choose(channel: Channel, name: str, *digest: str, hour: int | None = None, zone: str | None = None) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(Principal(person(name), "person"))
        choose_mails(conn, ctx, language=None, timezone=zone, off=(), digest=digest, among=KINDS, hour=hour)


def change(channel: Channel, sql: str, *values: object) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        conn.execute(sql.encode(), values)


def work(channel: Channel, role: str, count: int = 1) -> None:
    """Tasks for a role that were escalated and are due in two days."""
    now = channel.clock.now()
    for _ in range(count):
        change(
            channel,
            "insert into tasks (task, case_id, kind, title, role, status, due_at, created_at, priority)"
            " select %s, case_id, 'work', 'Late', %s, 'open', %s, %s, 1 from cases limit 1",
            uuid4(),
            role,
            now + timedelta(days=2),
            now,
        )


@pytest.fixture
def carl(held: Visitor) -> Channel:
    """Carl, a channel manager, has chosen the digest at noon; it is eleven, and an order waits for him."""
    held.channel.clock.move(timedelta(hours=1))
    choose(held.channel, "carl", *KINDS, hour=12)
    change(held.channel, "update approval_steps set due_at = due_at + interval '1 day' where due_at is not null")
    return held.channel


def test_what_waits_comes_once_at_the_hour_with_what_is_due_and_at_stake(carl: Channel) -> None:
    assert "carl" not in write(carl)
    assert "carl" not in write(carl)
    carl.clock.move(timedelta(hours=2))
    (letter,) = write(carl)["carl"]
    assert letter.subject == "Your day: 1 thing needs you"
    (needs,) = letter.sections
    (line,) = needs.lines
    assert needs.title == "What needs you"
    assert line.title.startswith("Please decide: order O-1 of Partner P-1")
    assert "Due: " in line.facts
    assert "At stake: €" in line.facts
    assert line.link.startswith(f"{BASE}/approvals/")
    assert "carl" not in write(carl)
    carl.clock.move(timedelta(hours=1))
    assert "carl" not in write(carl), "nothing twice"


def test_a_decision_that_cannot_wait_is_asked_at_once(carl: Channel) -> None:
    choose(carl, "carl", *KINDS, hour=8)
    change(carl, "update approval_steps set due_at = due_at - interval '1 day' where due_at is not null")
    (letter,) = write(carl)["carl"]
    assert letter.subject.startswith("Please decide: order O-1")
    assert letter.link.startswith(f"{BASE}/from-mail/")
    carl.clock.move(NIGHT)
    assert all(not each.sections for each in write(carl).get("carl", [])), "and not told again"


def test_what_was_done_meanwhile_is_not_told_and_an_empty_digest_is_not_sent(carl: Channel) -> None:
    work(carl, "channel_manager")
    assert "carl" not in write(carl)
    carl.decide("carl", "O-1")
    change(carl, "update tasks set status = 'closed' where kind = 'work'")
    carl.clock.move(timedelta(hours=2))
    assert "carl" not in write(carl)
    work(carl, "channel_manager", 2)
    assert "carl" not in write(carl), "the hour of today is over"
    carl.clock.move(timedelta(days=1))
    (letter,) = write(carl)["carl"]
    assert letter.subject == "Your day: 2 things need you"


def test_who_lost_the_role_or_the_account_is_told_nothing(carl: Channel) -> None:
    choose(carl, "fiona", *KINDS, hour=12)
    work(carl, "channel_manager")
    work(carl, "finance_director")
    assert not {"carl", "fiona"} & write(carl).keys()
    with carl.app.database.transaction(carl.tenant) as conn:
        access.revoke_role(conn, carl.context(SYSTEM), person("carl"), "channel_manager")
        access.suspend(conn, carl.context(SYSTEM), person("fiona"))
    carl.clock.move(timedelta(hours=2))
    assert not {"carl", "fiona"} & write(carl).keys()


def test_a_worker_that_dies_before_its_commit_loses_and_doubles_nothing(carl: Channel) -> None:
    work(carl, "channel_manager")
    write(carl)
    carl.clock.move(timedelta(hours=2))
    mailroom, registry = replace(carl.app.mailroom, base=BASE), carl.app.engine.registry
    with pytest.raises(KeyboardInterrupt), carl.app.database.transaction(carl.tenant) as conn:
        assert write_digests(conn, carl.context(SYSTEM), registry, mailroom) == 1
        raise KeyboardInterrupt
    (letter,) = write(carl)["carl"]
    assert letter.subject == "Your day: 2 things need you"
    assert "carl" not in write(carl)


def test_another_choice_tells_nothing_twice_and_loses_nothing(carl: Channel) -> None:
    work(carl, "channel_manager")
    choose(carl, "carl", "approvals", "escalations", hour=12)
    write(carl)
    choose(carl, "carl", hour=12)
    assert "carl" not in write(carl), "it is in the digest already"
    carl.clock.move(timedelta(hours=2))
    (letter,) = write(carl)["carl"]
    assert letter.subject == "Your day: 2 things need you"
    work(carl, "channel_manager")
    (alone,) = write(carl)["carl"]
    assert alone.subject == "Escalated: order O-1"
    choose(carl, "carl", *KINDS, hour=12)
    carl.clock.move(timedelta(hours=20))
    assert "carl" not in write(carl)
    change(carl, "update tasks set due_at = due_at + interval '9 days'")
    carl.clock.move(timedelta(hours=3))
    assert all(
        "Escalated" not in line.title for each in write(carl).get("carl", []) for s in each.sections for line in s.lines
    )


def test_what_a_worker_of_the_release_before_sent_at_once_is_not_told_again(carl: Channel) -> None:
    work(carl, "channel_manager")
    write(carl)
    with carl.app.database.transaction(carl.tenant) as conn:
        keys = [row[0] for row in conn.execute("select key from digest_items where principal = %s", [person("carl")])]
        mailroom, tenant = replace(carl.app.mailroom, base=BASE), access.get_tenant(conn)
        letter = changed_letter("carl@nordwind.example", "Carl", "what was sent at once")
        mailroom.send_all(conn, carl.context(SYSTEM), tenant, [(letter, person("carl"), key) for key in keys])
    carl.clock.move(timedelta(hours=2))
    assert "carl" not in write(carl)


def test_the_link_below_it_stops_all_of_it_until_something_is_chosen(carl: Channel) -> None:
    work(carl, "channel_manager")
    write(carl)
    with carl.app.database.transaction(carl.tenant) as conn:
        want_kind(conn, carl.context(SYSTEM), person("carl"), "digest", wanted=False, by="test")
    # What had waited is told at once, for the last time.
    (last,) = write(carl)["carl"]
    assert last.subject == "Your day: 2 things need you"
    assert last.paragraphs == (
        "You have stopped the daily digest. This had waited for it and comes once more; no other follows.",
    )
    assert f"{BASE}/mails/" in last.stop
    carl.clock.move(timedelta(hours=2))
    assert "carl" not in write(carl)
    work(carl, "channel_manager")
    assert "carl" not in write(carl), "not at once either"
    choose(carl, "carl", "approvals", "reminders")
    (letter,) = write(carl)["carl"]
    assert letter.subject == "Escalated: order O-1"


def test_who_stops_it_twice_on_a_day_loses_nothing_either(carl: Channel) -> None:
    for count in (2, 1):
        work(carl, "channel_manager")
        write(carl)
        stop(carl)
        (last,) = write(carl)["carl"]
        assert len([line for section in last.sections for line in section.lines]) == count
        assert "carl" not in write(carl), "once"
        stop(carl, wanted=True)
        carl.clock.move(timedelta(minutes=1))


def test_the_last_digest_leaves_out_what_is_not_so_any_more_and_none_comes_where_nothing_waits(carl: Channel) -> None:
    write(carl)
    carl.decide("carl", "O-1")
    stop(carl)
    assert "carl" not in write(carl)


def test_a_kind_that_is_turned_off_is_told_once_more_where_it_had_waited(carl: Channel) -> None:
    work(carl, "channel_manager")
    write(carl)
    with carl.app.database.transaction(carl.tenant) as conn:
        want_kind(conn, carl.context(SYSTEM), person("carl"), "escalations", wanted=False, by="test")
    assert "carl" not in write(carl)
    carl.clock.move(timedelta(hours=2))
    (letter,) = write(carl)["carl"]
    assert letter.subject == "Your day: 2 things need you"
    work(carl, "channel_manager")
    carl.clock.move(timedelta(days=1))
    assert all(
        "Escalated" not in line.title for each in write(carl).get("carl", []) for s in each.sections for line in s.lines
    )


def stop(channel: Channel, *, wanted: bool = False) -> None:
    with channel.app.database.transaction(channel.tenant) as conn:
        want_kind(conn, channel.context(SYSTEM), person("carl"), "digest", wanted=wanted, by="test")


def test_it_is_in_the_readers_words_at_their_hour_and_bounded(carl: Channel) -> None:
    work(carl, "channel_manager", 40)
    with carl.app.database.transaction(carl.tenant) as conn:
        ctx: Context = carl.context(Principal(person("carl"), "person"))
        choose_reading(conn, ctx, language="de", timezone="America/New_York")
    choose(carl, "carl", *KINDS, hour=6)  # noon in Berlin
    assert "carl" not in write(carl)
    carl.clock.move(timedelta(minutes=59))
    assert "carl" not in write(carl)
    carl.clock.move(timedelta(minutes=1))
    (letter,) = write(carl)["carl"]
    assert letter.subject == "Ihr Tag: 41 Dinge warten auf Sie"
    (needs,) = letter.sections
    assert needs.title == "Was auf Sie wartet"
    assert (len(needs.lines), needs.more) == (25, "und 16 weitere")
    assert "Fällig: " in needs.lines[0].facts
    assert f"{BASE}/mails/" in letter.stop
    with carl.app.database.transaction(carl.tenant) as conn:
        (row,) = [r for r in outbox_list(conn, target="mail", limit=500) if r.idempotency_key.startswith("digest:")]
    made, look = opened(carl.app.envelope, row.payload)
    text, html = plain(made, look), page(made, look)
    for line in needs.lines:
        assert line.link in text
        assert line.link in html
    # A worker of the release before knows no sections: it finds the same lines as facts.
    body = loads(carl.app.envelope.open(row.payload["sealed"], f"mail {carl.tenant}"))
    assert "sections" not in body["written"]
    assert len(body["written"]["facts"]) == 25
    with carl.app.database.transaction(carl.tenant) as conn:
        left = conn.execute("select count(*) from digest_items where sealed <> ''").fetchone()
    assert left == (0,), "what was told is not kept"
