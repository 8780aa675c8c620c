"""Mails to people of partners about returns, deals and prices: once each, to who may see it, and of nobody else's."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from headgate import access
from headgate.access.mailing import choose_language, want_kind
from headgate.connectors.mail import write_news
from headgate.connectors.mail.core.news import DEALS, GRANTED_FOR_ORDER, PRICES, RETURNS
from headgate.connectors.mail.core.writing import Written
from headgate.connectors.mail.post import opened
from headgate.kernel.context import SYSTEM
from headgate.ledger import outbox_list
from headgate.portal.pages import deals as deal_pages
from headgate.portal.pages import prices as price_pages
from headgate.portal.pages import returns as return_pages
from headgate.ui.words import STATES
from tests.integration.portal.site import Portal, mail
from tests.integration.portal.test_returns import ask, deliver, number_of, receive, warehouse


def told(portal: Portal) -> list[Written]:
    """What is posted now, beside what was before."""
    channel = portal.channel
    mailroom = replace(channel.app.mailroom, base="https://hg.example")
    with channel.app.database.transaction(channel.tenant) as conn:
        before = {row.id for row in outbox_list(conn, target="mail", limit=200)}
        count = write_news(conn, channel.context(SYSTEM), mailroom)
        rows = [row for row in outbox_list(conn, target="mail", limit=200) if row.id not in before]
    assert count == len(rows)
    return [opened(channel.app.envelope, row.payload)[0] for row in rows]


def subjects(letters: list[Written]) -> set[tuple[str, str]]:
    return {(each.to.partition("@")[0], each.subject) for each in letters}


def choose(portal: Portal, name: str, **wants: Any) -> None:
    channel = portal.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        ctx = channel.context(SYSTEM)
        who = f"user:{mail(name)}"
        for kind, wanted in wants.items():
            if kind == "language":
                choose_language(conn, replace(ctx, principal=access.load_principal(conn, who, ctx.now)), wanted)
            else:
                want_kind(conn, ctx, who, kind, wanted=wanted, by="test")


def test_people_hear_what_becomes_of_a_return_once_each_and_nobody_else_does(portal: Portal) -> None:
    order = deliver(portal.enter("pia"))
    rma = number_of(ask(portal, order, "box.png", quantity_1="2"))
    first = told(portal)
    assert subjects(first) == {("pia", f"Return {rma}: Authorised"), ("paul", f"Return {rma}: Authorised")}
    assert {each.link for each in first} == {f"https://hg.example/portal/returns/{rma}"}
    assert all("/portal/mails/" in each.stop for each in first)
    assert told(portal) == [], "once"
    choose(portal, "paul", returns=False)
    choose(portal, "pia", language="de")
    receive(portal, rma)
    assert told(portal) == [], "a receipt is a step of ours, not news that anybody waits for"
    warehouse(portal, "rma.inspected", rma, lines=[{"line": "1", "quantity": "2", "condition": "defective"}])
    [credited] = told(portal)
    assert (credited.to, credited.subject) == (mail("pia"), f"Rücksendung {rma}: Gutgeschrieben")
    facts = dict(credited.facts)
    assert "20,00" in facts["Gutschrift"]
    assert any("fault was confirmed" in value for value in facts.values()), facts


def test_a_deal_that_is_protected_and_ends_is_told_with_its_dates(portal: Portal) -> None:
    portal.enter("pia").register()
    portal.channel.govern()
    (approved, other) = told(portal)
    assert {approved.to, other.to} == {mail("pia"), mail("paul")}
    number = approved.subject.split()[1].rstrip(":")
    assert approved.subject == f"Deal {number}: Protected"
    assert dict(approved.facts)["Customer"] == "Acme Robotics GmbH"
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        ((warn_at, until),) = conn.execute("select warn_at, protected_until from deals").fetchall()
    portal.channel.clock.move(warn_at - portal.channel.clock.now() + timedelta(minutes=1))
    assert {each.subject for each in told(portal)} == {f"Deal {number}: The protection ends soon"}
    assert told(portal) == []
    portal.channel.pass_time(seconds=(until - portal.channel.clock.now()).total_seconds() + 60)
    assert {each.subject for each in told(portal)} == {f"Deal {number}: Protection ended"}


def test_who_is_refused_for_anothers_claim_learns_neither_whose_nor_what_it_is_worth(portal: Portal) -> None:
    portal.enter("pia").register()
    portal.channel.govern()
    told(portal)
    portal.enter("otto").register(customer_name="ACME Robotics", line_1_amount="77 000,00")
    portal.channel.govern()
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        conn.execute(
            "insert into deal_milestones (deal, partner, at, kind, status, told)"
            " select deal, partner, %s, 'status', 'rejected', told from deals where partner = 'P-2'",
            [portal.channel.clock.now()],
        )
        conn.execute("update deals set updated_at = %s", [portal.channel.clock.now()])
    letters = told(portal)
    assert {each.to for each in letters} == {mail("otto")}
    assert "Rejected" in {each.subject.partition(": ")[2] for each in letters}
    said = repr(letters)
    for foreign in ("Amberlo", "P-1", "40,000", "40 000", "pia", "Pia"):
        assert foreign not in said


def test_who_may_not_see_returns_gets_no_mail_of_them(portal: Portal) -> None:
    channel = portal.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        access.revoke_role(conn, channel.context(SYSTEM), f"user:{mail('paul')}", "partner_user")
    number_of(ask(portal.enter("pia"), deliver(portal), "box.png", quantity_1="2"))
    assert {each.to for each in told(portal)} == {mail("pia")}


def test_what_is_older_than_a_day_is_not_told_any_more(portal: Portal) -> None:
    number_of(ask(portal.enter("pia"), deliver(portal), "box.png", quantity_1="2"))
    portal.channel.clock.move(timedelta(days=1, minutes=1))
    assert told(portal) == []


def test_a_letter_says_what_the_portal_says() -> None:
    for status, said in RETURNS.items():
        assert said == (return_pages.HEADLINES[status][0], return_pages.EXPLAINS[status][0])
    for status in DEALS.keys() & deal_pages.HEADLINES.keys():
        assert DEALS[status] == (deal_pages.HEADLINES[status][0], deal_pages.EXPLAINS[status])
    for status, (what, means) in PRICES.items():
        assert what == STATES["price_exception"][status].label
        assert means == price_pages.EXPLAINS[status]
    assert price_pages.FOR_ORDER["granted"] == GRANTED_FOR_ORDER


WISH = {
    "product": "S-1",
    "unit_price": "8,005",
    "currency": "EUR",
    "max_quantity": "10",
    "valid_from": "2026-03-01",
    "valid_until": "2026-03-31",
    "justification": "a tender",
}


def ask_price(portal: Portal, **changes: str) -> str:
    """Ask for a price in the portal; the number of the request."""
    found = re.search(r"PX-[0-9A-F]{12}", str(portal.post("/portal/prices/new", WISH | changes).url))
    assert found
    portal.channel.govern()
    return found[0]


def settle(portal: Portal, number: str, outcome: str) -> None:
    """Everybody who is asked says the same."""
    channel = portal.channel
    people = {"channel_manager": "carl", "finance_director": "fiona", "finance": "fay"}
    while price_status(portal, number) == "deciding":
        step = next(s for s in channel.approval(number).steps if s.status == "open")
        channel.decide(people[step.role], number, outcome)
        channel.govern()


def price_status(portal: Portal, number: str) -> str:
    with portal.channel.app.database.transaction(portal.channel.tenant) as conn:
        ((status,),) = conn.execute("select status from price_exceptions where request = %s", (number,)).fetchall()
    return str(status)


def test_people_hear_what_becomes_of_a_price_they_asked_for_once_each_in_their_language(portal: Portal) -> None:
    portal.channel.order("O-1", ("S-1", "10", "8.00"))
    portal.channel.govern()
    portal.enter("paul")
    choose(portal, "pia", language="de")
    number = ask_price(portal, order="O-1")
    assert told(portal) == [], "nothing is decided yet"
    settle(portal, number, "approve")
    letters = {each.to: each for each in told(portal)}
    assert letters.keys() == {mail("pia"), mail("paul")}
    german, english = letters[mail("pia")], letters[mail("paul")]
    assert english.subject == f"Price exception {number}: Granted"
    assert german.subject == f"Sonderpreis {number}: Gewährt"
    assert english.link == f"https://hg.example/portal/prices/{number}"
    assert "/portal/mails/" in english.stop
    assert dict(english.facts)["Price"] == "8.005 EUR", "a unit price keeps its decimals"
    assert dict(german.facts)["Preis"] == "8,005 EUR"
    assert dict(english.facts) | {"Until": "31 Mar 2026", "For at most": "10", "Order": "O-1"} == dict(english.facts)
    assert english.paragraphs == (str(GRANTED_FOR_ORDER),)
    assert told(portal) == [], "once"


def test_a_price_that_is_refused_is_told_without_who_refused_it_and_why(portal: Portal) -> None:
    portal.enter("paul")
    choose(portal, "pia", prices=False)
    number = ask_price(portal, unit_price="8.00")
    settle(portal, number, "reject")
    [letter] = told(portal)
    assert (letter.to, letter.subject) == (mail("paul"), f"Price exception {number}: Not granted")
    assert letter.paragraphs == ("It was not granted.",)
    assert dict(letter.facts)["Wanted price"] == "€8.00"
    said = repr(letter)
    for inside in ("carl", "Carl", "agreed", "margin"):
        assert inside not in said


def test_a_price_that_the_contract_gives_anyway_is_told_too(portal: Portal) -> None:
    portal.enter("paul")
    number = ask_price(portal, unit_price="99.00")
    assert {each.subject for each in told(portal)} == {f"Price exception {number}: Not needed"}
