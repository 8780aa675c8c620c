"""The daily digest of somebody of a partner: what still is so, of their own company, with links into the portal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from headgate import access
from headgate.access.mailing import choose_mails
from headgate.connectors.mail import write_digests, write_to_partners
from headgate.connectors.mail.core.letters import Entry, Letter
from headgate.connectors.mail.core.writing import Written
from headgate.connectors.mail.post import opened
from headgate.kernel.context import SYSTEM, Principal
from headgate.ledger import outbox_list
from headgate.process.messages import About, mark_seen, send_message
from tests.integration.portal.site import Portal, mail
from tests.scenarios.channel import person

KINDS = ("messages", "returns", "deals", "prices")
PIA = f"user:{mail('pia')}"


def told(portal: Portal) -> list[Written]:
    """Do what the jobs do; what was written to Pia."""
    channel = portal.channel
    mailroom = replace(channel.app.mailroom, base="https://hg.example")
    with channel.app.database.transaction(channel.tenant) as conn:
        before = {row.id for row in outbox_list(conn, target="mail", limit=100)}
        write_to_partners(conn, channel.context(SYSTEM), mailroom)
        write_digests(conn, channel.context(SYSTEM), channel.app.engine.registry, mailroom)
        rows = [row for row in outbox_list(conn, target="mail", limit=100) if row.id not in before]
    found = [opened(channel.app.envelope, row.payload)[0] for row in rows]
    return [letter for letter in found if letter.to == mail("pia")]


def write(portal: Portal, subject: str) -> About:
    channel = portal.channel
    about = About(uuid4(), "order", subject, "P-1")
    with channel.app.database.transaction(channel.tenant) as conn:
        carl = access.load_principal(conn, person("carl"), channel.clock.now())
        send_message(conn, replace(channel.context(SYSTEM), principal=carl), about, "Which project is this for?")
    return about


def test_what_was_read_meanwhile_and_what_there_is_not_is_left_out(portal: Portal) -> None:
    channel = portal.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(Principal(PIA, "person", "Pia", partner="P-1"))
        choose_mails(conn, ctx, language=None, timezone=None, off=(), digest=KINDS, among=KINDS)
    read, _ = write(portal, "O-1"), write(portal, "O-2")
    channel.clock.move(timedelta(minutes=6))
    assert told(portal) == []
    gone = [
        (Letter(mail("pia"), "Pia", "gone", (), kind=kind, entry=Entry(ref, "https://hg.example/portal")), PIA, ref)
        for kind, ref in (
            ("returns", "return:R:9:credited"),
            ("deals", "deal:D-9:approved"),
            ("prices", "price:X:granted"),
        )
    ]
    with channel.app.database.transaction(channel.tenant) as conn:
        mailroom = replace(channel.app.mailroom, base="https://hg.example")
        mailroom.send_all(conn, channel.context(SYSTEM), access.get_tenant(conn), gone)
    with channel.app.database.transaction(channel.tenant, partner="P-1") as conn:
        pia = replace(channel.context(SYSTEM), principal=access.load_principal(conn, PIA, channel.clock.now()))
        mark_seen(conn, pia, read.case_id)
    channel.clock.move(timedelta(days=1))
    (letter,) = told(portal)
    assert letter.subject == "Your day: 1 thing happened"
    (news,) = letter.sections
    assert [(line.title, line.link) for line in news.lines] == [
        ("New message about order O-2", "https://hg.example/portal/orders/O-2")
    ]
    assert letter.act == "Open the portal"
    assert letter.stop.startswith("https://hg.example/portal/mails/")
    assert told(portal) == []
