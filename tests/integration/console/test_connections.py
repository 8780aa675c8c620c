"""Connections as the console shows them, and dead letters sent again from there."""

from __future__ import annotations

import re
from ipaddress import ip_network

from headgate.connectors.delivery import Rules, TargetDraft, WebhookPort, Wire, create_target, set_status
from headgate.kernel.context import SYSTEM
from headgate.ledger import CommandDraft, audit_list, outbox_add, outbox_list
from tests.integration.connectors.delivery.receiver import Receiver, receiving
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import person

RULES = Rules(networks=(ip_network("127.0.0.0/8"),))


def connect(visitor: Visitor, receiver: Receiver, commands: int = 3) -> None:
    """A target and a subscription here, commands that the receiver refuses, and some for nobody."""
    channel = visitor.channel
    channel.app.courier.ports["webhook"] = WebhookPort(RULES, Wire(RULES))  # type: ignore[index]
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx, app = channel.context(SYSTEM), channel.app
        erp = TargetDraft("erp", receiver.url, "ERP", concurrency=64)
        create_target(conn, ctx, app.envelope, app.courier.ports, erp)
        shop = TargetDraft("shop", receiver.url, "Shop", types=("order.*",))
        create_target(conn, ctx, app.envelope, app.courier.ports, shop, purpose="events")
        set_status(conn, ctx, "subscription:shop", "disabled", "it answered 410 Gone")
        drafts = [CommandDraft("erp", "order.release", f"O-{n}", {"order": f"O-{n}"}, f"k{n}") for n in range(commands)]
        outbox_add(conn, ctx.now, [*drafts, CommandDraft("crm", "note", "N-1", {}, "n")])
    receiver.answer(422)
    sent = [app.courier.send(e) for e in app.courier.claim(channel.tenant, "erp", 64)]
    app.courier.record(channel.tenant, sent)


def ids(visitor: Visitor) -> list[str]:
    return re.findall(r'name="pick:([0-9a-f-]{36})"', visitor.get("/connections/messages").text)


def test_the_page_says_what_works_what_waits_and_what_is_dead(visitor: Visitor) -> None:
    with receiving() as receiver:
        connect(visitor, receiver)
        page = words(visitor.enter("tom").get("/connections"))
        assert "1 command waits for crm , which is not registered" in page
        assert "headgate targets add crm" in page
        assert "ERP erp" in page
        assert "Look at 3 dead letters" in page
        assert "answered 422" in page
        assert "Shop shop · order.*" in page
        assert "Switched off it answered 410 Gone" in page


def test_dead_letters_are_picked_and_sent_again_with_a_reason(visitor: Visitor) -> None:
    with receiving() as receiver:
        connect(visitor, receiver)
        visitor.enter("tom")
        first, second, third = ids(visitor)
        nothing = visitor.post("/connections/messages", {"act": "replay", "reason": "mended"})
        assert (nothing.status_code, "Pick at least one message first" in words(nothing)) == (422, True)
        unsaid = visitor.post("/connections/messages", {"act": "replay", f"pick:{first}": "1", "reason": " "})
        assert (unsaid.status_code, "Write why" in words(unsaid)) == (422, True)
        done = visitor.post("/connections/messages", {"act": "replay", f"pick:{first}": "1", "reason": "mended"})
        assert "1 is sent again" in done.text
        assert sorted(ids(visitor)) == sorted([second, third])
        visitor.post(f"/connections/messages/{second}/dismiss", {"reason": "entered by hand"})
        visitor.post("/connections/messages", {"act": "replay", "all": "1", "target": "erp", "reason": "all mended"})
        assert ids(visitor) == []
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        assert [e.actor for e in audit_list(conn, action="command.dismissed")] == ["user:tom@nordwind.example"]
        assert len(audit_list(conn, action="command.replayed")) == 2
        states = {str(c.id): c.status for c in outbox_list(conn, target="erp")}
    assert states == {first: "pending", second: "dismissed", third: "pending"}


def test_one_message_shows_what_is_sent_and_every_try(visitor: Visitor) -> None:
    with receiving() as receiver:
        connect(visitor, receiver, commands=1)
        [one] = ids(visitor.enter("tom"))
        page = words(visitor.get(f"/connections/messages/{one}"))
        assert "Release the order: O-0" in page
        assert "order.release" in page
        assert "to ERP (erp)" in page
        assert '"order": "O-0"' in page
        assert "Refused 422" in page
        unsaid = visitor.post(f"/connections/messages/{one}/replay", {"reason": ""})
        assert unsaid.status_code == 422
        assert "Write why" in words(unsaid)


def test_who_may_look_only_finds_no_buttons(visitor: Visitor) -> None:
    with receiving() as receiver:
        connect(visitor, receiver, commands=1)
        [one] = ids(visitor.enter("tom"))
    visitor.enter("ada")
    assert "pick:" not in visitor.get("/connections/messages").text
    assert "Send it again" not in visitor.get(f"/connections/messages/{one}").text
    assert visitor.post(f"/connections/messages/{one}/replay", {"reason": "because"}).status_code == 403


def test_a_list_as_long_as_it_may_be_costs_no_more_questions(visitor: Visitor) -> None:
    with receiving() as receiver:
        connect(visitor, receiver, commands=60)
        visitor.enter("tom")
        visitor.get("/connections/messages")
        with visitor.counted():
            assert len(ids(visitor)) == 50
        assert visitor.queries <= 18
        more = re.search(r'href="(/connections/messages\?after=[^"]+)"', visitor.get("/connections/messages").text)
        assert more
        assert len(re.findall("pick:", visitor.get(more[1], part="rows").text)) == 10


def test_messages_are_told_in_words_and_with_names_beside_their_codes(visitor: Visitor) -> None:
    channel = visitor.channel
    channel.order("O-1", ("S-1", "10", "9.00"))
    channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        ((case,),) = conn.execute("select case_id from cases where subject = 'O-1'").fetchall()
        drafts = [
            CommandDraft("erp", "order.hold", "O-1", {}, "k-1", case_id=case),
            CommandDraft("mail", "mail.send", person("carl"), {}, "k-2"),
            CommandDraft("erp", "stock.count", "S-1", {}, "k-3"),
        ]
        outbox_add(conn, channel.clock.now(), drafts)
    visitor.enter("tom")
    said = words(visitor.get("/connections/messages?status=pending"))
    assert "Hold the order O-1 · Partner P-1 (P-1) · order.hold" in said
    assert f"E-mail carl ({person('carl')}) · mail.send" in said
    assert "stock.count S-1" in said, "what nobody here knows is said as it is"
    visitor.client.headers["accept-language"] = "de"
    assert "Bestellung anhalten O-1" in words(visitor.get("/connections/messages?status=pending"))
