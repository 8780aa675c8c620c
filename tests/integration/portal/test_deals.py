"""Deals in the portal: registered, explained, decided, and nothing of the other partner in it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from headgate.channel.deals import DEAL_FILES, get_deal
from tests.integration.portal.site import ACME_TOO, Portal, words

PDF = b"%PDF-1.7 minutes of the meeting"


def number_of(response: Any) -> str:
    """The deal whose page is shown."""
    found = re.search(r"/portal/deals/(DR-[0-9A-F]{12})", str(response.url))
    assert found, response.url
    return found[1]


def test_a_deal_is_registered_with_evidence_and_protected_at_once(portal: Portal) -> None:
    portal.enter("pia")
    page = portal.register(files=[("minutes.pdf", PDF)])
    said = words(page)
    assert page.status_code == 200
    assert "Protected: " in said
    assert "Your registration was sent" in said
    assert "minutes.pdf" in said
    assert "Ina Roth" in said, "personal values stand in their places"
    number = number_of(page)
    assert "Sent the registration" in said
    assert "Product S-2 S-2" in said, "the product is called by its name, too"
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        deal = get_deal(conn, number)
        assert (deal["status"], deal["partner"], deal["amount"]) == ("approved", "P-1", 40000)
        (file,) = DEAL_FILES.of(conn, number)
        assert deal["content"]["evidence"] == [file.reference]
        stored = conn.execute("select content::text from deals where deal = %s", (number,)).fetchone()
        assert stored is not None
        assert "Ina Roth" not in stored[0]
        assert "$pd:" in stored[0]
    address = re.search(r'href="(/portal/deals/[^"]+/files/[^"]+)"', page.text)
    assert address
    answer = portal.get(address[1])
    assert answer.content == PDF
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


def test_the_same_customer_under_another_spelling_is_found_and_nothing_of_the_rival_is_told(portal: Portal) -> None:
    channel = portal.channel
    first = portal.enter("pia").register(customer_name="Acme Robotics GmbH", line_1_amount="300000")
    assert "Waiting for" in words(first)  # for its size
    other = portal.another().enter("otto")
    second = other.register("send", **ACME_TOO, contact_name="Ole Brix", contact_email="brix@elsewhere.example")
    said = words(second)
    assert "We are checking this registration" in said
    mine, theirs = number_of(first), number_of(second)
    for text in (second.text, other.get("/portal/").text, other.get("/portal/deals").text):
        for secret in ("P-1", "Amberlo", mine, "Acme Robotics GmbH", "ina@acme", "deal_conflict", "score"):
            found = text.replace(theirs, "")
            assert secret not in found, found[max(0, found.index(secret) - 80) :][:160]
    assert other.get(f"/portal/deals/{mine}").status_code == 404
    channel.decide("carl", mine, because="first, and they did the demo")
    channel.decide("fiona", mine)
    channel.govern()
    told = other.get(f"/portal/deals/{theirs}")
    assert "This opportunity is registered already" in words(told)
    assert "Appeal" in words(told)
    assert "Protected: " in words(portal.get(f"/portal/deals/{mine}"))


def test_what_is_wrong_stands_beside_its_field_and_what_was_entered_is_kept(portal: Portal) -> None:
    portal.enter("pia")
    page = portal.register(
        customer_name="", customer_duns="12", contact_email="nobody", line_1_quantity="many", line_2_product="S-1"
    )
    assert page.status_code == 400
    for field in ("customer_name", "customer_duns", "contact_email", "line_1_quantity", "line_2_quantity"):
        assert f'id="{field}-error"' in page.text, field
        assert f'href="#{field}"' in page.text
    assert 'value="Ina Roth"' in page.text
    assert "Draft" in words(portal.get("/portal/deals")), "the form is kept, so nothing is lost"


def test_what_is_wrong_is_said_in_the_readers_language_by_the_names_of_the_fields(portal: Portal) -> None:
    portal.client.headers["accept-language"] = "de"
    page = portal.enter("pia").register(customer_name="", customer_country="Germany", line_1_quantity="")
    said = words(page)
    assert page.status_code == 400
    assert "Endkunde: Fehlt. Sagen Sie es in wenigen Worten." in said
    assert "Land: Wählen Sie ein Land." in said
    assert "Position 1, Menge: " in said


def test_what_is_chosen_from_a_list_is_not_asked_for_as_a_code(portal: Portal) -> None:
    portal.enter("pia")
    page = portal.register(customer_country="")
    assert page.status_code == 400
    assert "Country: Choose a country." in words(page)
    assert "capitals" not in words(page)


def test_a_draft_may_be_incomplete_belongs_to_the_company_and_is_sent_or_discarded(portal: Portal) -> None:
    portal.enter("pia")
    listed = portal.register("draft", customer_name="Bergmann", customer_country="", line_1_product="")
    assert "Bergmann" in words(listed)
    href = re.search(r'href="(/portal/deals/DR-[0-9A-F]{12}/form)"', listed.text)
    assert href
    colleague = portal.another().enter("paul")
    assert 'value="Bergmann"' in colleague.get(href[1]).text
    stranger = portal.another().enter("otto")
    assert stranger.get(href[1]).status_code == 404
    gone = portal.post(href[1].replace("/form", "/discard"))
    assert "Bergmann" not in words(gone)
    assert colleague.get(href[1]).status_code == 404


def test_a_product_that_there_is_not_stands_beside_its_field_and_nothing_is_sent(portal: Portal) -> None:
    portal.enter("pia")
    page = portal.register(line_1_product="X-99")
    assert page.status_code == 400
    assert "We have no such product. Choose one from the list." in words(page)
    assert 'id="line_1_product-error"' in page.text
    assert 'value="X-99"' in page.text
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        assert conn.execute("select count(*) from events where type = 'deal.submitted'").fetchone() == (0,)
    assert "Draft" in words(portal.get("/portal/deals")), "what was entered is kept"
    asked = {"product": "X-99", "unit_price": "8", "currency": "EUR", "max_quantity": "1", "justification": "a tender"}
    refused = portal.post("/portal/prices/new", {**asked, "valid_from": "2026-03-01", "valid_until": "2026-03-31"})
    assert refused.status_code == 400
    assert 'id="product-error"' in refused.text


def test_sending_the_same_form_twice_makes_one_deal(portal: Portal) -> None:
    portal.enter("pia")
    number = number_of(portal.register())
    again = portal.post(f"/portal/deals/{number}/form", {"act": "send", "customer_name": "Other"})
    assert "This deal was sent before" in words(again)
    assert words(portal.get("/portal/deals")).count("Acme Robotics GmbH") == 1


def test_what_came_back_is_mended_and_sent_again(portal: Portal) -> None:
    portal.enter("pia")
    far = (portal.channel.clock.now() + timedelta(days=500)).date().isoformat()
    page = portal.register(close_on=far)
    assert "more than a year away" in words(page)
    assert "Mend the registration" in words(portal.get("/portal/"))
    number = number_of(page)
    form = portal.get(f"/portal/deals/{number}/form").text
    entered = {n: v for n, v in re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', form) if n != "csrf"}
    closes = (portal.channel.clock.now() + timedelta(days=60)).date().isoformat()
    more = {"customer_country": "DE", "currency": "EUR", "close_on": closes, "act": "send"}
    assert "Protected: " in words(portal.post(f"/portal/deals/{number}/form", {**entered, **more}))


def test_activity_extension_withdrawal_and_appeal_from_the_portal(portal: Portal) -> None:
    portal.enter("pia")
    number = number_of(portal.register())
    day = portal.channel.clock.now().date().isoformat()
    said = words(
        portal.post(f"/portal/deals/{number}/activity", {"activity": "demo", "happened_at": day, "notes": "ok"})
    )
    assert "Reported activity: Demo" in said
    wrong = portal.post(f"/portal/deals/{number}/extension", {"until": "soon", "reason": ""})
    assert wrong.status_code == 400
    assert "Is not a date" in words(wrong)
    later = (portal.channel.clock.now() + timedelta(days=200)).date()
    until = later.isoformat()
    asked = words(portal.post(f"/portal/deals/{number}/extension", {"until": until, "reason": "the tender was moved"}))
    assert f"Asked for protection until {later.day} {later:%b}" in asked
    twice = words(portal.post(f"/portal/deals/{number}/extension", {"until": until, "reason": "again"}))
    assert "being decided already" in twice
    assert "P-" not in twice
    portal.channel.decide("carl", number)
    assert "Protection prolonged until" in words(portal.get(f"/portal/deals/{number}"))
    gone = words(portal.post(f"/portal/deals/{number}/withdraw", {"reason": "the customer went elsewhere"}))
    assert "Withdrawn" in gone
    assert "Give the deal up" not in gone


def test_an_appeal_is_decided_by_somebody_else(portal: Portal) -> None:
    portal.enter("pia").register()
    other = portal.another().enter("otto")
    number = number_of(other.register("send", **ACME_TOO))
    page = words(other.post(f"/portal/deals/{number}/appeal", {"reason": "we were there first"}))
    assert "Somebody else is looking at it again" in page
    portal.channel.decide("fiona", number, because="they were")
    assert "Protected: " in words(other.get(f"/portal/deals/{number}"))


def test_the_appeals_button_ends_with_the_tenth_working_day_as_the_process_does(portal: Portal) -> None:
    portal.enter("pia").register()
    other = portal.another().enter("otto")
    number = number_of(other.register("send", **ACME_TOO))
    channel = portal.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        (ends,) = conn.execute("select fire_at from timers where name = 'appeal_open'").fetchone() or (None,)
    assert ends is not None
    appeal = f'action="/portal/deals/{number}/appeal"'
    for before, shown in ((timedelta(minutes=1), True), (-timedelta(minutes=1), False)):
        channel.clock.move(ends - before - channel.clock.now())
        other.enter("otto")
        assert (appeal in other.get(f"/portal/deals/{number}").text) is shown


@pytest.mark.parametrize("number", ["D-1", "DR-XYZ", "DR-0123456789ab", "../x"])
def test_a_form_under_a_made_up_number_is_not_taken(portal: Portal, number: str) -> None:
    portal.enter("pia")
    assert portal.post(f"/portal/deals/{number}/form", {"act": "draft"}).status_code == 404
