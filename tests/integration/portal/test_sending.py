"""What a partner sends is never lost: refused or waiting, it stands in its form until it is taken in."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from headgate.channel.deals import get_deal
from headgate.connectors import replay_event
from headgate.kernel.context import SYSTEM
from headgate.process import sent_forms
from tests.integration.portal.site import Portal, Response, words
from tests.integration.portal.test_returns import ask as ask_return
from tests.integration.portal.test_returns import deliver

WISH = {
    "product": "S-1",
    "unit_price": "8,50",
    "currency": "NOK",
    "max_quantity": "20",
    "valid_from": "2026-03-02",
    "valid_until": "2026-06-30",
    "justification": "A tender of the city",
}


def kept(portal: Portal) -> list[sent_forms.SentForm]:
    """What P-1 has sent and is not taken in."""
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        rows = conn.execute("select kind, number, fields, seq, sent_by, sent_at from sent_forms order by seq")
        return [sent_forms.SentForm(*row) for row in rows]


def entered(page: Response) -> dict[str, str]:
    """What stands in the fields of a form."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", page.text):
        name, value = re.search(r' name="(\w+)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and value and name[1] not in ("csrf", "act"):
            found[name[1]] = html.unescape(value[1])
    for name, body in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', page.text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        found[name] = chosen[1] if chosen else ""
    for name, body in re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>(.*?)</textarea>', page.text, re.DOTALL):
        found[name] = html.unescape(body)
    return found


def record_rate(portal: Portal, base: str = "NOK") -> None:
    """The rate that was missing."""
    day = portal.channel.clock.now().date().isoformat()
    portal.channel.send("fx_rate.recorded", items=[{"base": base, "quote": "EUR", "rate": "0.09", "valid_on": day}])
    portal.channel.govern()


def replay_all(portal: Portal) -> None:
    """What the desk does with what it finds in the quarantine."""
    channel = portal.channel
    for each in channel.quarantine():
        with channel.app.database.transaction(channel.tenant) as conn:
            replay_event(conn, channel.context(SYSTEM), each.id, lanes=channel.app.engine.lanes)
    channel.govern()


def test_a_deal_without_an_exchange_rate_stays_in_its_form_and_is_sent_again(portal: Portal) -> None:
    page = portal.enter("pia").register(currency="NOK")
    said = words(page)
    assert page.status_code == 409
    assert "Has no exchange rate to EUR" in said
    assert "What you filled in is kept" in said
    assert "replay" not in said, "that is for the desk"
    (form,) = kept(portal)
    home = words(portal.get("/portal/"))
    assert "Send the registration for Acme Robotics GmbH again" in home
    assert "Has no exchange rate to EUR" in words(portal.get("/portal/deals"))
    colleague = portal.another().enter("paul")
    again = colleague.get(f"/portal/deals/{form.number}", follow=True)
    fields = entered(again)
    assert fields["customer_name"] == "Acme Robotics GmbH"
    assert fields["currency"] == "NOK"
    assert 'id="currency-error"' in again.text
    sent = colleague.post(f"/portal/deals/{form.number}/form", {**fields, "currency": "EUR", "act": "send"})
    assert "Protected: " in words(sent)
    assert kept(portal) == []
    assert "Acme Robotics GmbH again" not in words(portal.get("/portal/"))


def test_the_desk_sees_what_was_refused_and_its_replay_makes_the_deal(portal: Portal) -> None:
    portal.enter("pia").register(currency="NOK")
    (form,) = kept(portal)
    (waiting,) = portal.channel.quarantine()
    assert waiting.event_seq == form.seq
    assert "Record a NOK/EUR rate" in waiting.problems[0].fix
    assert "Acme Robotics GmbH" in waiting.raw
    record_rate(portal)
    replay_all(portal)
    assert kept(portal) == [], "it went in the transaction that made the deal"
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        assert get_deal(conn, form.number)["customer"] == "Acme Robotics GmbH"


def test_a_change_of_a_deal_that_is_refused_is_kept_beside_the_deal_as_it_stands(portal: Portal) -> None:
    page = portal.enter("pia").register(line_1_amount="300000")
    number = re.search(r"/portal/deals/(DR-[0-9A-F]{12})", str(page.url))
    assert number, words(page)
    form = f"/portal/deals/{number[1]}/form"
    fields = {**entered(portal.get(form)), "currency": "NOK", "notes": "they pay in Norway", "act": "send"}
    assert portal.post(form, fields).status_code == 409
    again = portal.get(form)
    assert entered(again)["notes"] == "they pay in Norway"
    assert "Has no exchange rate to EUR" in words(again)
    assert "they pay in Norway" not in words(portal.get(f"/portal/deals/{number[1]}")), "that is as it was"


def test_a_price_that_could_not_be_taken_in_is_asked_for_again_under_its_number(portal: Portal) -> None:
    page = portal.enter("pia").post("/portal/prices/new", WISH)
    assert page.status_code == 409
    assert "Has no exchange rate to EUR" in words(page)
    (form,) = kept(portal)
    assert "Ask for the price of S-1 again" in words(portal.get("/portal/"))
    assert "Sent, and not taken in yet" in words(portal.get("/portal/prices"))
    fields = entered(portal.get(f"/portal/prices/{form.number}/form"))
    assert fields["justification"] == "A tender of the city"
    answer = portal.post("/portal/prices/new", {**fields, "currency": "EUR"})
    assert str(answer.url).endswith(f"/portal/prices/{form.number}")
    assert kept(portal) == []
    twice = portal.post("/portal/prices/new", {**fields, "currency": "EUR"})
    assert "This request was sent before" in words(twice)


def test_a_return_that_could_not_be_taken_in_is_kept_with_its_lines(portal: Portal) -> None:
    order = deliver(portal.enter("pia"))
    assert ask_return(portal, order, quantity_1="7").status_code == 200
    refused = ask_return(portal, order, quantity_1="4", note="kept")
    assert refused.status_code == 409
    (form,) = kept(portal)
    fields = entered(portal.get(f"/portal/returns/{form.number}/form"))
    assert (fields["quantity_1"], fields["note"]) == ("4", "kept")
    assert "3 of what was delivered is left" in words(portal.get(f"/portal/returns/{form.number}/form"))
    assert f"Send return {form.number} again" in words(portal.get("/portal/"))
    answer = portal.post("/portal/returns/new", {**fields, "quantity_1": "3"})
    assert str(answer.url).endswith(form.number)
    assert kept(portal) == []


def test_what_broke_and_was_parked_is_told_as_ours_and_kept(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(call: Any) -> Any:
        raise RuntimeError("a secret of ours")

    actions = portal.channel.app.engine.registry.actions
    monkeypatch.setitem(actions, "deal.assess", breaks)
    page = portal.enter("pia").register()
    assert "is being looked at" in page.text, "it waits for another try"
    listed = words(portal.get("/portal/deals"))
    assert "You need not send it again" in listed
    (form,) = kept(portal)
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        conn.execute("update inbox set attempts = 100, not_before = null")
    portal.channel.runner.drain(portal.channel.tenant)
    listed = words(portal.get("/portal/deals"))
    assert "It could not be taken in" in listed
    assert "secret" not in listed
    monkeypatch.undo()
    fields = entered(portal.get(f"/portal/deals/{form.number}/form"))
    assert "Protected: " in words(portal.post(f"/portal/deals/{form.number}/form", {**fields, "act": "send"}))


def test_what_was_kept_is_its_companys_alone_and_can_be_thrown_away(portal: Portal) -> None:
    portal.enter("pia").register(currency="NOK")
    (form,) = kept(portal)
    other = portal.another().enter("otto")
    assert other.get(f"/portal/deals/{form.number}/form").status_code == 404
    assert "Acme" not in words(other.get("/portal/deals"))
    gone = portal.post(f"/portal/deals/{form.number}/discard")
    assert "Acme" not in words(gone)
    assert kept(portal) == []


def test_an_act_that_is_refused_keeps_what_was_written(portal: Portal) -> None:
    page = portal.enter("pia").register()
    number = re.search(r"/portal/deals/(DR-[0-9A-F]{12})", str(page.url))
    assert number
    address, asked = f"/portal/deals/{number[1]}/extension", {"until": "2026-09-30", "reason": "the tender was moved"}
    portal.post(address, asked)
    twice = portal.post(address, {**asked, "reason": "a long story"})
    assert twice.status_code == 409
    assert "being decided already" in words(twice)
    assert entered(twice)["reason"] or "a long story" in twice.text
