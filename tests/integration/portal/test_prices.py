"""A price that an approver sends back comes to the partner with the reason, is asked for otherwise, and what is asked
then is what is approved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from headgate.channel.exceptions import get_exception
from headgate.process import approvals_of_case
from headgate.process.core.changes import replaced_by
from tests.integration.console.site import Visitor
from tests.integration.portal.site import Portal, mail, words
from tests.integration.portal.test_news_mails import ask_price, price_status, settle, told
from tests.integration.portal.test_sending import entered

WHY = "Show us the competing offer, and meet us half way"


def stored(portal: Portal, number: str) -> dict[str, Any]:
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        return get_exception(conn, number)


def sent_back(portal: Portal) -> str:
    """A price that was asked for and came back."""
    number = ask_price(portal.enter("pia"), unit_price="8.00")
    portal.channel.decide("carl", number, "return", because=WHY)
    portal.channel.govern()
    return number


def again(portal: Portal, number: str, **fields: str) -> Any:
    form = f"/portal/prices/{number}/form"
    return portal.post(form, {**entered(portal.get(form)), **fields})


def test_a_price_comes_back_with_its_reason_and_is_asked_for_otherwise(portal: Portal) -> None:
    number = sent_back(portal)
    assert "came back to you" in words(portal.get("/portal/"))
    assert "Sent back" in words(portal.get("/portal/prices?status=returned"))
    said = words(portal.get(f"/portal/prices/{number}"))
    for text in (WHY, "Change it and send it again", "Sent back to you", "Withdraw the request", "ten working days"):
        assert text in said, text
    assert "carl" not in said.lower(), "who decided is not the partner's to know"
    fields = entered(portal.get(f"/portal/prices/{number}/form"))
    assert (fields["unit_price"], fields["justification"]) == ("8", stored(portal, number)["content"]["justification"])
    answer = again(portal, number, unit_price="8,80", justification="Their offer of 2 March is at 8.70")
    said = words(answer)
    assert price_status(portal, number) == "deciding"
    assert "Asked for a price: 8.00 EUR" in said
    assert "Asked otherwise: 8.80 EUR for at most 10" in said
    assert WHY in said, "the history keeps the first round"
    portal.channel.decide("carl", number)
    portal.channel.govern()
    assert price_status(portal, number) == "granted"
    assert str(stored(portal, number)["unit_price"]) == "8.80"
    granted = portal.get(f"/portal/prices/{number}")
    assert "Granted" in words(granted)
    assert 'id="live-acts" data-live-part></div>' in granted.text, "what could be done goes away by itself"


def test_the_approval_binds_what_is_asked_now_and_shows_what_is_different(portal: Portal) -> None:
    number = sent_back(portal)
    again(portal, number, unit_price="8.80")
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        first, second = approvals_of_case(conn, get_exception(conn, number)["case_id"])
    assert (first.status, second.status) == ("returned", "pending")
    assert first.digest != second.digest
    assert f"user:{mail('pia')}" in second.barred
    replaced = replaced_by((first, second), second)
    assert replaced is not None
    assert ("unit_price", "8.00", "8.80") in {(c.what, c.before, c.after) for c in replaced.changes}


def test_each_round_writes_one_letter_with_its_reason(portal: Portal) -> None:
    number = sent_back(portal)
    letters = {each.to: each for each in told(portal)}
    assert letters.keys() == {mail("pia"), mail("paul")}
    letter = letters[mail("paul")]
    assert letter.subject == f"Price exception {number}: Sent back"
    assert WHY in repr(letter.facts)
    assert told(portal) == []
    again(portal, number, unit_price="8.80")
    portal.channel.decide("carl", number, "return", because="Still too low")
    portal.channel.govern()
    assert {"Still too low" in repr(each.facts) for each in told(portal)} == {True}


def test_without_a_change_it_is_not_sent_and_what_it_is_about_stays(portal: Portal) -> None:
    number = sent_back(portal)
    same = again(portal, number)
    assert same.status_code == 409
    assert "Says nothing new" in words(same)
    assert again(portal, number, unit_price="8.80", product="S-2", currency="USD").status_code == 200
    row = stored(portal, number)
    assert (row["product"], row["currency"]) == ("S-1", "EUR")


def test_it_can_be_withdrawn_while_decided_and_after_it_came_back(portal: Portal) -> None:
    number = ask_price(portal.enter("pia"), unit_price="8.00")
    assert portal.post(f"/portal/prices/{number}/withdraw", {"reason": ""}).status_code == 400
    portal.post(f"/portal/prices/{number}/withdraw", {"reason": "the tender is over"})
    assert price_status(portal, number) == "withdrawn"
    assert "the tender is over" in words(portal.get(f"/portal/prices/{number}"))
    back = sent_back(portal)
    portal.post(f"/portal/prices/{back}/withdraw", {"reason": "too late"})
    assert price_status(portal, back) == "withdrawn"


def test_what_is_not_with_the_partner_is_not_changed(portal: Portal) -> None:
    number = ask_price(portal.enter("pia"), unit_price="8.00")
    page = portal.post(f"/portal/prices/{number}/form", {"unit_price": "1", "max_quantity": "1"})
    assert "not with you any more" in words(page)
    assert str(stored(portal, number)["unit_price"]) == "8.00"
    other = portal.another().enter("otto")
    assert other.get(f"/portal/prices/{number}/form").status_code == 404
    assert other.post(f"/portal/prices/{number}/withdraw", {"reason": "x"}).status_code == 404


def test_a_price_that_comes_back_too_often_or_too_late_is_over(portal: Portal) -> None:
    number = sent_back(portal)
    for price in ("8.10", "8.20", "8.30"):
        assert price_status(portal, number) == "returned"
        again(portal, number, unit_price=price)
        portal.channel.decide("carl", number, "return", because=WHY)
        portal.channel.govern()
    assert price_status(portal, number) == "declined"
    late = sent_back(portal)
    portal.channel.pass_time(days=20)
    assert price_status(portal, late) == "lapsed"


def test_what_came_back_says_until_when_and_its_partner_is_reminded_once_before_it_lapses(portal: Portal) -> None:
    number = sent_back(portal)
    first = {each.to: each for each in told(portal)}
    ends = dict(first[mail("paul")].facts)["Send again by"]
    said = words(portal.get(f"/portal/prices/{number}"))
    assert "It lapses unless you send it again by" in said
    assert ends.partition(",")[0] in said, (ends, said)
    for page in ("/portal/", "/portal/prices"):
        assert "data-left" in portal.get(page).text, page
    portal.channel.pass_time(days=11)
    assert price_status(portal, number) == "returned"
    letters = {each.to: each for each in told(portal)}
    assert letters.keys() == {mail("pia"), mail("paul")}
    letter = letters[mail("pia")]
    assert letter.subject == f"Price exception {number}: It lapses soon"
    assert dict(letter.facts)["Send again by"] == ends
    assert WHY in repr(letter.facts)
    assert told(portal) == [], "once"
    portal.enter("pia")
    again(portal, number, unit_price="8.80")
    assert told(portal) == []
    portal.channel.decide("carl", number, "return", because="Still too low")
    portal.channel.govern()
    assert {each.subject.partition(": ")[2] for each in told(portal)} == {"Sent back"}
    portal.channel.pass_time(days=12)
    assert {each.subject.partition(": ")[2] for each in told(portal)} == {"It lapses soon"}, "each round anew"


def test_what_was_sent_again_or_withdrawn_is_not_said_to_lapse(portal: Portal) -> None:
    number = sent_back(portal)
    told(portal)
    portal.channel.pass_time(days=11)
    portal.enter("pia")
    portal.post(f"/portal/prices/{number}/withdraw", {"reason": "too late"})
    assert "It lapses soon" not in {each.subject.partition(": ")[2] for each in told(portal)}
    assert "It lapses unless" not in words(portal.get(f"/portal/prices/{number}"))


def test_an_order_shows_what_was_asked_for_it_and_offers_to_ask_only_for_the_rest(portal: Portal) -> None:
    portal.channel.order("O-1", ("S-1", "10", "8.00"), ("S-2", "5", "61.00"), customer_reference="PO 7")
    portal.channel.govern()
    page = portal.enter("pia").get("/portal/orders/O-1")
    assert "Ask for a price" in words(page)
    assert "Say why you need it: ask for this price." in words(page)
    assert "Prices asked for" not in words(page)
    number = ask_price(portal, unit_price="8.00", order="O-1")
    page = portal.get("/portal/orders/O-1")
    assert f'href="/portal/prices/{number}"' in page.text
    assert "Prices asked for" in words(page)
    assert 'href="/portal/prices/new?order=O-1&amp;product=S-2"' in page.text, "the other line is below contract too"
    rest = ask_price(portal, product="S-2", unit_price="61.00", order="O-1")
    page = portal.get("/portal/orders/O-1")
    assert rest in page.text
    assert "You asked for it. Once it is granted, this order is checked again" in words(page)
    assert "/portal/prices/new" not in page.text
    portal.post(f"/portal/prices/{number}/withdraw", {"reason": "another product"})
    assert 'href="/portal/prices/new?order=O-1&amp;product=S-1"' in portal.get("/portal/orders/O-1").text


def test_the_first_page_tells_how_prices_came_out_and_only_to_who_asked(portal: Portal) -> None:
    granted = ask_price(portal.enter("pia"), unit_price="8.00")
    assert "price granted" not in words(portal.get("/portal/"))
    settle(portal, granted, "approve")
    portal.channel.clock.move(timedelta(minutes=1))
    refused = ask_price(portal, product="S-2", unit_price="61.00")
    settle(portal, refused, "reject")
    page = portal.get("/portal/")
    said = words(page)
    assert said.index("price not granted") < said.index("price granted"), "the latest first"
    assert f'href="/portal/prices/{granted}"' in page.text
    assert "8.00 EUR" in said
    assert "price granted" not in words(portal.another().enter("otto").get("/portal/"))


def test_the_desk_sees_with_an_order_and_its_approval_which_prices_were_asked_for_it(portal: Portal) -> None:
    portal.channel.order("O-1", ("S-1", "10", "8.00"), customer_reference="PO 7")
    portal.channel.govern()
    number = ask_price(portal.enter("pia"), unit_price="8.00", order="O-1")
    elsewhere = ask_price(portal, unit_price="8.00")
    case = stored(portal, number)["case_id"]
    desk = Visitor(portal.channel, portal.app, portal.slug).enter("carl")
    for place in ("/orders/O-1", desk.approval_of("O-1")):
        page = desk.get(place)
        assert "Prices asked for" in words(page), place
        assert f'href="/cases/{case}"' in page.text, place
        assert number in words(page), place
        assert elsewhere not in words(page), place
