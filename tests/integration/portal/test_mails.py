"""The link below a mail on a portal's own host, and choosing mails as somebody of a partner."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from headgate import access
from headgate.access.mailing import NO_CHOICE, MailChoice, choices_of, stop_link, want_kind
from headgate.connectors.mail import write_to_partners
from headgate.connectors.mail.post import opened
from headgate.kernel.context import SYSTEM, Context
from headgate.ledger import outbox_list
from headgate.process.messages import About, mark_seen, send_message
from tests.conftest import create_tenant
from tests.domains import serve_at
from tests.integration.portal.site import Portal, mail
from tests.scenarios.channel import person

HOST = "partners.nordwind.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def who(name: str) -> str:
    return f"user:{mail(name)}"


def choice(portal: Portal, name: str = "pia") -> MailChoice:
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        return choices_of(conn, [who(name)]).get(who(name), NO_CHOICE)


def token(portal: Portal, name: str = "pia", kind: str = "messages") -> str:
    channel = portal.channel
    return stop_link(channel.app.envelope, channel.tenant, who(name), kind, channel.clock.now())


def test_one_press_stops_messages_on_the_portals_own_host_and_on_no_other_tenants(portal: Portal) -> None:
    channel = portal.channel
    path = f"/portal/mails/{token(portal)}"
    elsewhere = create_tenant(channel.app.database)
    with channel.app.database.transaction(elsewhere) as conn:
        serve_at(conn, Context(elsewhere, SYSTEM, channel.clock.now()), "other.example")
    with channel.app.database.transaction(channel.tenant) as conn:
        serve_at(conn, channel.context(SYSTEM), HOST)
    other, own = portal.another("http://other.example"), portal.another(f"http://{HOST}")
    for answer in (other.get(path), other.client.post(path, data=ONE_CLICK)):
        assert answer.status_code == 404
    assert choice(portal) == NO_CHOICE
    page = own.get(path)
    assert "Stop these mails" in page.text
    assert choice(portal) == NO_CHOICE
    done = own.client.post(path, data=ONE_CLICK)
    assert done.status_code == 200
    assert not done.headers.get_list("set-cookie")
    assert choice(portal).off == {"messages"}
    assert choice(portal, "paul") == NO_CHOICE
    assert own.get("/portal/").status_code == 303, "nobody is signed in by it"


def test_a_link_of_the_console_is_none_of_the_portal_and_the_other_way_round(portal: Portal) -> None:
    channel = portal.channel
    staff = stop_link(
        channel.app.envelope, channel.tenant, "user:carl@nordwind.example", "approvals", channel.clock.now()
    )
    assert portal.client.post(f"/portal/mails/{staff}", data=ONE_CLICK).status_code == 404
    assert portal.client.post(f"/mails/{token(portal)}", data=ONE_CLICK).status_code == 404
    assert choice(portal) == NO_CHOICE


def test_people_of_partners_choose_on_their_account(portal: Portal) -> None:
    portal.sign_in("pia")
    page = portal.get("/portal/account").text
    assert "Messages about your orders" in page
    assert "Requests for your decision" not in page
    answer = portal.post("/portal/account/mails", {"language": "de", "mail-approvals": "on"})
    assert answer.status_code == 200
    assert choice(portal) == MailChoice("de", off=frozenset({"messages", "returns", "deals", "prices"}))
    assert choice(portal, "paul") == NO_CHOICE


def test_people_of_a_partner_hear_once_of_what_staff_wrote_and_nobody_opened(portal: Portal) -> None:
    channel = portal.channel
    mailroom = replace(channel.app.mailroom, base="https://hg.example")

    def told() -> dict[str, str]:
        with channel.app.database.transaction(channel.tenant) as conn:
            before = {row.id for row in outbox_list(conn, target="mail", limit=100)}
            write_to_partners(conn, channel.context(SYSTEM), mailroom)
            rows = [row for row in outbox_list(conn, target="mail", limit=100) if row.id not in before]
        found = [opened(channel.app.envelope, row.payload)[0] for row in rows]
        return {letter.to.partition("@")[0]: letter.subject for letter in found}

    def write(text: str) -> None:
        with channel.app.database.transaction(channel.tenant) as conn:
            ctx = replace(
                channel.context(SYSTEM), principal=access.load_principal(conn, person("carl"), channel.clock.now())
            )
            send_message(conn, ctx, About(case, "order", "O-1", "P-1"), text)

    case = uuid4()
    write("Which project is this for?")
    assert told() == {}, "who is looking anyway reads it there"
    channel.clock.move(timedelta(minutes=6))
    with channel.app.database.transaction(channel.tenant) as conn:
        want_kind(conn, channel.context(SYSTEM), who("paul"), "messages", wanted=False, by="test")
    assert told() == {"pia": "New message about order O-1"}, "not those who want none, nor another partner"
    write("And until when?")
    channel.clock.move(timedelta(minutes=6))
    assert told() == {}, "once until it was read"
    with channel.app.database.transaction(channel.tenant, partner="P-1") as conn:
        pia = replace(channel.context(SYSTEM), principal=access.load_principal(conn, who("pia"), channel.clock.now()))
        mark_seen(conn, pia, case)
    write("Thank you.")
    channel.clock.move(timedelta(minutes=6))
    assert told() == {"pia": "New message about order O-1"}
