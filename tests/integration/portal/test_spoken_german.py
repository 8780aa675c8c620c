"""A German reader walks every page of the portal, with data in most states: what is in no catalogue is data of the
channel, or forgotten.

Phrases that German has stand in brackets; what a page shows outside of them was written by people, or is a code. Every
address of the router is read, and every link that a page has.
"""

from __future__ import annotations

import html
import re
from datetime import timedelta
from gettext import NullTranslations

import pytest

from headgate.entry.web import create_web
from headgate.portal import guard, visit
from headgate.portal.urls import ANYWHERE
from headgate.process import case_of_subject
from headgate.process.messages import About, send_message
from headgate.ui import languages, reading
from headgate.ui.countries import countries
from tests.integration.console.test_spoken_german import Known, untold
from tests.integration.portal.site import ACME_TOO, Portal
from tests.integration.portal.test_deals import number_of
from tests.integration.portal.test_news_mails import ask_price
from tests.integration.portal.test_returns import ask as ask_return
from tests.integration.portal.test_safety import CANARY, ROUTES, filled, furnish
from tests.unit.ui.test_spoken import WORD

LINK = re.compile(r'href="(/portal/[^"#]*)')
MOST_PAGES = 200
COUNTRIES = {name for _, name in countries("de_DE")} | {"Spitzbergen und Mayen"}
# What people of this channel wrote, and the rest of words for time that locales write.
DATA = re.compile(
    rf"{CANARY}(?: GmbH|\.pdf)?|Acme Robotics|ACME Robotics|Ina Roth|Rivermark|Amberlo Networks|Otterbach IT|PO \d+"
    r"|\b(?:[Pp]ia|[Oo]tto|Firefox|Product|box|the|tender|offer|half|way|is|over)\b|localhost|München|\d+ kB"
    r"|WRITTEN[^⟦⟧<]*"
)


@pytest.fixture
def german(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> tuple[Portal, dict[str, str]]:
    """The portal in bracketed German, with things of every kind in most of their states."""
    own = furnish(portal)
    channel = portal.channel
    states(portal)
    channel.order("O-2", ("S-1", "5", "10.00"), customer_reference="PO 2")
    channel.order("O-3", ("NOT-A-PRODUCT", "1", "1.00"), customer_reference="PO 3")
    channel.govern()
    with channel.app.database.transaction(channel.tenant) as conn:
        case = case_of_subject(conn, "order", "O-1")
        assert case is not None
        send_message(conn, channel.context(), About(case["case_id"], "order", "O-1", "P-1"), "WRITTEN by the desk")
    known = Known()
    for module in (languages, reading, guard, visit):
        if hasattr(module, "translations"):
            monkeypatch.setattr(
                module, "translations", lambda language: known if language == "de" else NullTranslations()
            )
    spoken = Portal(channel, create_web(channel.app), portal.slug)
    spoken.client.headers["accept-language"] = "de"
    return spoken.enter("pia"), own


def states(portal: Portal) -> None:
    """Deals that are decided, returned, refused and drafts; prices that came back, were granted and refused; returns
    that need something, are on their way and credited."""
    channel = portal.channel
    portal.another().enter("otto").register(customer_name="Rivermark", customer_domain="rivermark.example")
    claimed = {**ACME_TOO, "customer_name": "Rivermark", "customer_domain": "rivermark.example"}
    portal.register("send", **claimed)  # rejected, or checked by somebody
    far = (channel.clock.now() + timedelta(days=500)).date().isoformat()
    portal.register(customer_domain="far.example", close_on=far)
    portal.register(customer_domain="big.example", line_1_amount="300000")
    portal.register(customer_domain="oslo.example", currency="NOK")
    portal.register("draft", customer_domain="draft.example")
    gone = number_of(portal.register(customer_domain="gone.example"))
    portal.post(f"/portal/deals/{gone}/activity", {"activity": "demo", "happened_at": "2026-03-02", "notes": "WRITTEN"})
    portal.post(f"/portal/deals/{gone}/withdraw", {"reason": "WRITTEN"})
    for outcome, price in (("return", "8.01"), ("approve", "8.02"), ("reject", "8.03")):
        number = ask_price(portal, unit_price=price, justification="WRITTEN")
        channel.decide("carl", number, outcome, because="WRITTEN")
        channel.govern()
    portal.post(f"/portal/prices/{ask_price(portal, unit_price='8.04')}/withdraw", {"reason": "WRITTEN"})
    portal.post("/portal/prices/new", {"product": "S-1", "unit_price": "8", "currency": "NOK", "max_quantity": "1",
        "valid_from": "2026-03-02", "valid_until": "2026-03-31", "justification": "WRITTEN"})  # fmt: skip
    ask_return(portal, "O-7", quantity_1="1", reason_1="damaged_in_transit", note_1="WRITTEN")
    ask_return(portal, "O-7", quantity_1="1", reason_1="no_longer_needed")
    ask_return(portal, "O-7", quantity_1="9", reason_1="defective")


@pytest.mark.slow
def test_a_german_reader_meets_no_english_word_of_ours(german: tuple[Portal, dict[str, str]]) -> None:
    reader, own = german
    waiting = [a for method, path in ROUTES if method == "GET" and path != ANYWHERE for a in filled(path, own)]
    waiting += ["/portal/nowhere", "/portal/orders/O-2", "/portal/orders/O-3"]
    seen, found, shown = set(waiting), dict[str, list[str]](), 0
    while waiting and shown < MOST_PAGES:
        address = waiting.pop(0)
        answer = reader.get(address, follow=True)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        shown += 1
        assert answer.status_code < 500, address
        if left := ours(answer.text):
            found[address] = left
        for link in map(html.unescape, LINK.findall(answer.text)):
            if link not in seen and not link.startswith(("/portal/sign-out", "/portal/export")):
                seen.add(link)
                waiting.append(link)
    assert found == {}, found
    assert shown > 60, "pages were read"


@pytest.mark.slow
def test_what_is_refused_is_said_in_german_too(german: tuple[Portal, dict[str, str]]) -> None:
    reader, own = german
    far = {"product": "X-99", "unit_price": "much", "currency": "EUR", "max_quantity": "none", "valid_from": "soon"}
    sent = (
        ("/portal/prices/new", far),
        ("/portal/prices/new", {**far, "product": "S-1"}),
        ("/portal/deals/DR-0123456789AB/form", {"act": "send", "customer_country": "Germany", "line_1_amount": "x"}),
        (f"/portal/deals/{own['deal']}/extension", {"until": "soon", "reason": ""}),
        ("/portal/returns/new", {"rma": "RMA-0123456789AB", "order": "O-7", "wanted": "credit", "quantity_1": "many"}),
        (f"/portal/returns/{own['rma']}/withdraw", {"reason": ""}),
        ("/portal/company/people", {"name": "", "email": "nobody", "role": "king"}),
    )
    found = {}
    for address, fields in sent:
        answer = reader.post(address, fields)
        if left := ours(answer.text):
            found[address] = left
    assert found == {}, found


def ours(page: str) -> list[str]:
    """What a page says outside of German phrases and of data."""
    told = {" ".join(DATA.sub(" ", each).split()) for each in untold(page) if each not in COUNTRIES}
    return sorted(each for each in told if WORD.search(each))


def test_a_word_that_german_does_not_know_is_found() -> None:
    page = "<html><body><p>⟦Aufträge⟧ O-1</p><p>Waits for nobody</p><p>Canarybird GmbH</p></body></html>"
    assert ours(page) == ["Waits for nobody"]
