"""A partner returns goods through the portal: asks, sends pictures, follows it, and never sees another partner's."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from headgate.access.tenancy import set_quotas
from headgate.channel import returns
from headgate.kernel.context import SYSTEM, Context
from headgate.ledger import outbox_list
from headgate.process import case_of_subject
from tests.integration.console.site import Visitor
from tests.integration.portal.site import Portal, Response, words

PICTURE = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def deliver(portal: Portal, order: str = "O-7", quantity: str = "10") -> str:
    """An order of P-1 that was delivered whole."""
    portal.channel.order(order, ("S-1", quantity, "10.00"), customer_reference="PO 7")
    portal.channel.govern()
    portal.channel.ship(order, ("1", quantity))
    portal.channel.govern()
    return order


def ask(portal: Portal, of: str, picture: str = "", /, **fields: str) -> Response:
    """Fill in the form of a return and send it."""
    page = portal.get(f"/portal/returns/new?order={of}")
    number = re.search(r'name="rma" value="(RMA-[0-9A-F]{12})"', page.text)
    assert number, words(page)
    given = {"rma": number[1], "order": of, "wanted": "credit", "quantity_1": "2", "reason_1": "defective"}
    files = [(picture, PICTURE)] if picture else []
    return portal.post("/portal/returns/new", {**given, **fields}, files=files)


def number_of(answer: Response) -> str:
    """The return whose page this is."""
    found = re.search(r"/portal/returns/(RMA-[0-9A-F]{12})$", str(answer.url))
    assert found, words(answer)
    return found[1]


def send_back(portal: Portal, picture: str = "box.png", **fields: str) -> tuple[str, str]:
    """A return of P-1 with a picture: its number, and the picture's id."""
    answer = ask(portal, deliver(portal), picture, **fields)
    rma = number_of(answer)
    file = re.search(rf"/portal/returns/{rma}/files/([0-9a-f-]+)", answer.text)
    assert file, words(answer)
    return rma, file[1]


def warehouse(portal: Portal, kind: str, rma: str, **data: Any) -> None:
    """What ERP or warehouse tell."""
    portal.channel.send(kind, rma=rma, **data)
    portal.channel.govern()


def receive(portal: Portal, rma: str, quantity: str = "2") -> None:
    now = portal.channel.clock.now().isoformat()
    warehouse(portal, "rma.received", rma, receipt="GR-1", received_at=now, lines=[{"line": "1", "quantity": quantity}])


def test_a_return_goes_from_the_form_to_the_credit_and_the_partner_sees_each_step(portal: Portal) -> None:
    order = deliver(portal.enter("pia"))
    page = portal.get(f"/portal/orders/{order}")
    assert f'href="/portal/returns/new?order={order}"' in page.text
    choice = portal.get("/portal/returns/new")
    assert f'href="/portal/returns/new?order={order}"' in choice.text, words(choice)
    answer = ask(portal, order, "box.png", quantity_1="2", note_1="does not start", note="please hurry")
    rma, said = number_of(answer), words(answer)
    for text in ("Authorised", "Send the goods", "does not start", "please hurry", "box.png", "Next: you do"):
        assert text in said, text
    assert f"Send the goods of return {rma}" in words(portal.get("/portal/"))
    told = portal.post(f"/portal/returns/{rma}/sent", {"carrier": "DHL", "tracking": "JD01"})
    assert "On its way" in words(told)
    assert "JD01" in words(told)
    receive(portal, rma)
    assert "inspect them next" in words(portal.get(f"/portal/returns/{rma}"))
    warehouse(portal, "rma.inspected", rma, lines=[{"line": "1", "quantity": "2", "condition": "defective"}])
    done = words(portal.get(f"/portal/returns/{rma}"))
    assert "Credited" in done
    assert "20.00" in done
    assert "The fault was confirmed" in done
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        assert returns.get_return(conn, rma)["credit"] == Decimal("20.00")
        sent = [m.type for m in outbox_list(conn, limit=50)]
    assert {"return.authorised", "credit.issue"} <= set(sent)
    assert rma in words(portal.get(f"/portal/orders/{order}"))


def test_more_than_was_delivered_is_refused_beside_the_field_with_what_is_left(portal: Portal) -> None:
    order = deliver(portal.enter("pia"))
    rma, _ = number_of(ask(portal, order, quantity_1="7")), None
    refused = ask(portal, order, quantity_1="4", note="kept")
    assert refused.status_code == 409
    assert "3 of what was delivered is left" in words(refused)
    assert 'aria-invalid="true"' in refused.text, words(refused)
    assert "kept" in refused.text, "what was entered is still there"
    portal.post(f"/portal/returns/{rma}/withdraw", {"reason": "we keep them"})
    assert "Authorised" in words(ask(portal, order, quantity_1="10"))
    assert "All of it is on its way back already" in words(portal.get(f"/portal/returns/new?order={order}"))


WRONG: tuple[tuple[dict[str, str], int, str], ...] = (
    ({"quantity_1": ""}, 400, "at least one line"),
    ({"quantity_1": "0"}, 400, "at least one line"),
    ({"quantity_1": "-1"}, 400, "Is negative"),
    ({"quantity_1": "many"}, 400, "Is not a plain decimal number"),
    ({"reason_1": ""}, 400, "Say why it comes back"),
    ({"reason_1": "whim"}, 400, "Say why it comes back"),
    ({"wanted": "money"}, 400, "Is not known"),
    ({"order": "O-99"}, 404, "There is nothing here"),
    ({"rma": "RMA-1"}, 404, "There is nothing here"),
)


def test_a_form_that_is_wrong_says_what_and_sends_nothing(portal: Portal) -> None:
    order = deliver(portal.enter("pia"))
    for fields, status, said in WRONG:
        answer = ask(portal, order, **fields)
        assert (answer.status_code, said in words(answer)) == (status, True), (fields, words(answer)[:500])
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        assert not returns.list_returns(conn).items


def test_damage_on_the_way_waits_for_pictures_and_goes_on_when_they_come(portal: Portal) -> None:
    order = deliver(portal.enter("pia"))
    rma = number_of(ask(portal, order, reason_1="damaged_in_transit"))
    assert "Please add pictures" in words(portal.get(f"/portal/returns/{rma}"))
    assert f"Return {rma} needs something from you" in words(portal.get("/portal/"))
    nothing = portal.post(f"/portal/returns/{rma}/pictures", {"note": ""})
    assert (nothing.status_code, "Add a picture" in words(nothing)) == (400, True)
    wrong = portal.post(f"/portal/returns/{rma}/pictures", {}, files=[("box.png", b"MZ...")])
    assert (wrong.status_code, "not what its name says" in words(wrong)) == (400, True)
    done = portal.post(f"/portal/returns/{rma}/pictures", {"note": "the corner"}, files=[("box.png", PICTURE)])
    assert "Authorised" in words(done)
    file = re.search(rf'href="(/portal/returns/{rma}/files/[0-9a-f-]+)"', done.text)
    assert file
    kept = portal.get(file[1])
    assert (kept.content, kept.headers["content-disposition"].startswith("attachment")) == (PICTURE, True)
    late = portal.post(f"/portal/returns/{rma}/pictures", {"note": "more"})
    assert late.status_code == 409


def test_another_partner_neither_returns_nor_sees_nor_touches_it(portal: Portal) -> None:
    order = deliver(portal.enter("pia"))
    rma = number_of(ask(portal, order))
    other = portal.another().enter("otto")
    assert other.get(f"/portal/returns/{rma}").status_code == 404
    assert other.get(f"/portal/returns/new?order={order}").status_code == 404
    number = "RMA-0123456789AB"
    form = {"rma": number, "order": order, "wanted": "credit", "quantity_1": "1", "reason_1": "defective"}
    assert other.post("/portal/returns/new", form).status_code == 404
    for act in ("sent", "withdraw", "pictures"):
        assert other.post(f"/portal/returns/{rma}/{act}", {"reason": "x", "carrier": "x"}).status_code == 404
    assert rma not in words(other.get("/portal/returns"))
    assert f"/portal/returns/{rma}" not in other.get("/portal/").text
    # Also when the event is forged: the log takes the partner's own number for it, and the process refuses.
    portal.channel.send("rma.requested", rma="RMA-X", partner="P-2", order=order, wanted="credit",
        lines=[{"line": "1", "quantity": "1", "reason": "defective"}])  # fmt: skip
    portal.channel.runner.drain(portal.channel.tenant)
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        assert case_of_subject(conn, "rma", "RMA-X") is None or not returns.list_returns(conn, partner="P-2").items


def test_a_picture_under_a_number_that_was_guessed_is_shown_to_nobody_else(portal: Portal) -> None:
    order = deliver(portal.enter("pia"))
    page = portal.get(f"/portal/returns/new?order={order}").text
    number = re.search(r'name="rma" value="(RMA-[0-9A-F]{12})"', page)
    assert number
    deliver_other(portal)
    other = portal.another().enter("otto")
    form = {"rma": number[1], "order": "O-8", "wanted": "credit", "quantity_1": "99", "reason_1": "defective"}
    other.post("/portal/returns/new", form, files=[("theirs.png", PICTURE)])
    mine = {"rma": number[1], "order": order, "wanted": "credit", "quantity_1": "1", "reason_1": "defective"}
    answer = portal.post("/portal/returns/new", mine)
    assert "theirs.png" not in answer.text
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        assert returns.RETURN_FILES.of(conn, number[1]) == []


def deliver_other(portal: Portal) -> None:
    portal.channel.order("O-8", ("S-1", "5", "10.00"), partner="P-2")
    portal.channel.govern()
    portal.channel.ship("O-8", ("1", "5"))
    portal.channel.govern()


def test_a_return_sent_twice_is_one_return(portal: Portal) -> None:
    order = deliver(portal.enter("pia"))
    answer = ask(portal, order)
    rma = number_of(answer)
    again = portal.post(
        "/portal/returns/new",
        {"rma": rma, "order": order, "wanted": "credit", "quantity_1": "2", "reason_1": "defective"},
    )
    assert "This return was sent before" in again.text
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        assert len(returns.list_returns(conn).items) == 1


def test_a_late_return_is_decided_by_a_person_and_the_partner_is_told_so(portal: Portal) -> None:
    order = deliver(portal.enter("pia"))
    portal.channel.clock.move(timedelta(days=40))
    portal.enter("pia")
    rma = number_of(ask(portal, order, reason_1="no_longer_needed"))
    assert "Somebody is deciding about it" in words(portal.get(f"/portal/returns/{rma}"))
    console = Visitor(portal.channel, portal.app, portal.slug).enter("carl")
    approval = console.get(console.approval_of(rma))
    assert approval.status_code == 200
    assert "Take goods of order O-7 back from Amberlo Networks" in words(approval)
    assert "it is 40 days" in words(approval)
    assert f'href="/returns/{rma}"' in console.get(f"/orders/{order}").text
    case = re.search(r'href="(/cases/[0-9a-f-]+)"', console.get(f"/returns/{rma}").text)
    assert case
    assert "Return of goods (RMA)" in words(console.get(case[1]))
    portal.channel.decide("carl", rma, "approve")
    portal.channel.govern()
    assert "Send the goods" in words(portal.get(f"/portal/returns/{rma}"))


def test_where_there_is_no_room_for_files_partners_are_told_whom_to_tell(portal: Portal) -> None:
    order = deliver(portal.enter("pia"))
    rma = number_of(ask(portal, order, reason_1="damaged_in_transit"))
    channel = portal.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        set_quotas(conn, Context(channel.tenant, SYSTEM, channel.clock.now()), {"document_megabytes": 0})
    full = portal.post(f"/portal/returns/{rma}/pictures", {"note": "x"}, files=[("box.png", PICTURE)])
    assert (full.status_code, "no room for more files" in words(full)) == (400, True), words(full)[:600]
    deal = portal.register(files=[("minutes.pdf", b"%PDF-1.7 minutes")])
    assert "no room for more files" in words(deal), words(deal)[:600]
    with channel.app.database.transaction(channel.tenant) as conn:
        for table in ("return_files", "deal_files"):
            assert conn.execute(f"select count(*) from {table}".encode()).fetchone() == (0,)
