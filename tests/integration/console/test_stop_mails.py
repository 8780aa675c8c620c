"""Choosing mails on one's account, and the link below a mail: one kind for one person, by anybody who holds it, and
nothing else."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from headgate import access
from headgate.access.mailing import NO_CHOICE, MailChoice, choices_of, stop_link
from headgate.access.mailing.links import LASTS
from headgate.kernel.context import SYSTEM
from headgate.ledger import audit_list
from tests.conftest import create_tenant
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import person

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def choice(visitor: Visitor, name: str = "carl") -> MailChoice:
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        return choices_of(conn, [person(name)]).get(person(name), NO_CHOICE)


def link(visitor: Visitor, name: str = "carl", kind: str = "approvals", tenant: UUID | None = None) -> str:
    app, now = visitor.channel.app, visitor.channel.clock.now()
    return f"/mails/{stop_link(app.envelope, tenant or visitor.channel.tenant, person(name), kind, now)}"


def program(visitor: Visitor) -> TestClient:
    """A mail program: it has no cookie of ours and keeps none."""
    return TestClient(visitor.console, base_url="http://localhost", follow_redirects=False)


def test_looking_at_a_link_shows_a_button_and_changes_nothing(visitor: Visitor) -> None:
    there = program(visitor)
    page = there.get(link(visitor))
    assert page.status_code == 200
    assert "Stop these mails" in words(page)
    assert "Requests for your decision" in words(page)
    assert there.head(link(visitor)).status_code == 200
    assert choice(visitor) == NO_CHOICE
    assert not page.headers.get_list("set-cookie")
    assert "csrf" not in page.text


@pytest.mark.parametrize("as_file", [False, True])
def test_one_press_in_a_mail_program_stops_that_kind_for_that_person_and_signs_nobody_in(
    visitor: Visitor, as_file: bool
) -> None:
    there, path = program(visitor), link(visitor)
    sent = {"files": {"List-Unsubscribe": (None, "One-Click")}} if as_file else {"data": ONE_CLICK}
    answer = there.post(path, **sent)  # either of two ways to send a form
    assert answer.status_code == 200, "no redirect, no question"
    assert not answer.headers.get_list("set-cookie")
    assert choice(visitor) == MailChoice(off=frozenset({"approvals"}))
    assert choice(visitor, "fay") == NO_CHOICE
    assert there.get("/").status_code == 303, "it lets nobody in"
    assert there.post(path, data=ONE_CLICK).status_code == 200
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        (entry,) = audit_list(conn, action="mails.chosen")
    assert (entry.actor, entry.subject) == (SYSTEM.id, person("carl"))
    assert dict(entry.body) == {"by": "link of a mail", "off": ["approvals"]}


def test_the_page_stops_and_takes_it_back_and_asks_for_one_of_both(visitor: Visitor) -> None:
    there, path = program(visitor), link(visitor)
    stopped = there.post(path, data={"act": "stop"})
    assert "no more mails of this kind" in words(stopped)
    assert "Get these mails again" in words(there.get(path))
    again = there.post(path, data={"act": "again"})
    assert "You get these mails again" in words(again)
    assert choice(visitor) == NO_CHOICE
    for fields in ({}, {"act": "everything"}, {"List-Unsubscribe": "yes"}):
        assert there.post(path, data=fields).status_code == 400
    assert choice(visitor) == NO_CHOICE


def test_who_is_signed_in_as_somebody_else_changes_nothing_of_their_own(visitor: Visitor) -> None:
    fay = visitor.enter("fay")
    assert fay.client.post(link(visitor), data=ONE_CLICK).status_code == 200
    assert choice(visitor, "fay") == NO_CHOICE
    assert "approvals" in choice(visitor).off


def test_links_that_were_forged_moved_or_are_over_do_nothing(visitor: Visitor) -> None:
    there, path = program(visitor), link(visitor)
    elsewhere = create_tenant(visitor.channel.app.database)
    wrong = [
        path[:-2] + ("A" if path[-2] != "A" else "B") + path[-1],
        f"/mails/{elsewhere.hex}.{path.partition('.')[2]}",
        link(visitor, tenant=elsewhere),
        link(visitor, name="nobody"),
        "/mails/made-up",
        f"/mails/{'a' * 3000}",
    ]
    for each in wrong:
        for answer in (there.get(each), there.post(each, data=ONE_CLICK)):
            assert answer.status_code == 404, each
            assert "This link is over" in words(answer)
    visitor.channel.clock.move(LASTS + timedelta(seconds=1))
    assert there.post(path, data=ONE_CLICK).status_code == 404
    assert choice(visitor) == NO_CHOICE


def test_the_page_is_in_the_language_of_whom_the_mail_was_for_and_in_the_tenants_name(visitor: Visitor) -> None:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        settings = access.get_tenant(conn).settings
        access.set_tenant(conn, channel.context(SYSTEM), settings={**settings, "locale": "de_DE"})
        name = access.get_tenant(conn).name
    page = program(visitor).get(link(visitor))
    assert "Diese E-Mails abbestellen" in words(page)
    assert name in page.text


def test_people_choose_on_their_account(visitor: Visitor) -> None:
    carl = visitor.enter("carl")
    page = carl.get("/account")
    for label in ("Requests for your decision", "Reminders of decisions", "Reviews of access", "Late work"):
        assert label in words(page)
    for label in ("Exports of everything", "What becomes of"):
        assert label not in words(page), "nobody of that role gets such mails"
    chosen = {"language": "de", "mail-reminders": "on"}
    assert "Your mails come as you chose" in carl.post("/account/mails", chosen).text
    assert choice(visitor) == MailChoice("de", off=frozenset({"approvals", "reviews", "escalations"}))
    assert carl.post("/account/mails", chosen, token="wrong", follow=False).status_code == 403


def test_the_language_of_the_pages_is_that_of_mails_too(visitor: Visitor) -> None:
    carl = visitor.enter("carl")
    carl.post("/settings/language", {"language": "de", "then": "/"})
    assert choice(visitor).language == "de"
    carl.post("/settings/language", {"language": "", "then": "/"}, token=carl.token())
    assert choice(visitor).language == ""


def test_the_page_of_a_stopped_digest_says_that_what_waited_comes_once_more(visitor: Visitor) -> None:
    there, path = program(visitor), link(visitor, kind="digest")
    said = "What had waited for the digest comes once more"
    assert said not in words(there.post(path, data=ONE_CLICK))
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        conn.execute(
            "insert into digest_items (principal, key, kind, ref, sealed, added_at)"
            " values (%s, 'k', 'approvals', 'approval:x', '', %s)",
            [person("carl"), visitor.channel.clock.now()],
        )
    assert said in words(there.get(path))
    assert said not in words(there.get(link(visitor, kind="approvals")))
