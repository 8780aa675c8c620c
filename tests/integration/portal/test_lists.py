"""The lists of the portal: filtered by state, words and period, read on, and kept as views of one partner."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from headgate.portal import lists
from tests.integration.console.site import Visitor
from tests.integration.console.test_saved import links
from tests.integration.portal.site import Portal, words

WISH = {"product": "S-1", "unit_price": "8,50", "currency": "EUR", "max_quantity": "20", "valid_from": "2026-03-02",
    "valid_until": "2026-06-30", "justification": "A large customer"}  # fmt: skip


@pytest.fixture
def filled(portal: Portal) -> Portal:
    """Two orders a day apart, two deals, a price: all of P-1."""
    channel = portal.channel
    portal.enter("pia")
    channel.order("O-1", ("S-1", "10", "8.00"), customer_reference="BETA 7")
    portal.register(customer_name="Acme Robotics GmbH")
    portal.post("/portal/prices/new", WISH)
    channel.clock.move(timedelta(days=1))
    channel.order("O-2", ("S-1", "5", "10.00"), customer_reference="GAMMA 8")
    channel.govern()
    portal.enter("pia").register("draft", customer_name="Zebra Labs")
    return portal


def shown(portal: Portal, address: str) -> list[str]:
    """What the rows of a list begin with."""
    page = portal.get(address, follow=True)
    assert page.status_code == 200, words(page)
    return [
        " ".join(html.unescape(re.sub(r"<[^>]+>", " ", row)).split())
        for row in re.findall(r'<span class="first">(.*?)</span><span class="second-end">', page.text, re.DOTALL)
    ]


def test_lists_are_filtered_by_words_state_and_period(filled: Portal) -> None:
    assert shown(filled, "/portal/orders") == ["O-2 GAMMA 8", "O-1 BETA 7"]
    assert shown(filled, "/portal/orders?q=beta") == ["O-1 BETA 7"]
    assert shown(filled, "/portal/orders?status=held") == ["O-1 BETA 7"]
    assert shown(filled, "/portal/orders?until=2026-03-02") == ["O-1 BETA 7"]
    assert shown(filled, "/portal/orders?since=2026-03-03") == ["O-2 GAMMA 8"]
    assert shown(filled, "/portal/deals") == ["Zebra Labs", "Acme Robotics GmbH"]
    assert shown(filled, "/portal/deals?q=zebra") == ["Zebra Labs"], "what was not sent is sought too"
    assert shown(filled, "/portal/deals?until=2026-03-02") == ["Acme Robotics GmbH"]
    assert len(shown(filled, "/portal/prices?q=S-1&status=deciding")) == 1
    assert shown(filled, "/portal/prices?since=2026-03-03") == []
    assert shown(filled, "/portal/returns?q=x&status=open&since=2026-03-01") == []


@pytest.mark.parametrize(("list_", "clear"), [("orders", "Show all orders"), ("deals", "Show all deals"),
    ("prices", "Show all requests"), ("returns", "Show all returns")])  # fmt: skip
def test_a_filter_without_hits_says_so_and_is_cleared(filled: Portal, list_: str, clear: str) -> None:
    status = "declined" if list_ == "prices" else "returned"
    page = filled.get(f"/portal/{list_}?q=nowhere&since=2026-03-01&status={status}")
    assert links(page.text)[clear] == f"/portal/{list_}"
    assert "Clear all" in links(page.text)
    assert "has all of these" in words(page)
    chips = [href for text, href in links(page.text).items() if "nowhere" in text]
    assert chips == [f"/portal/{list_}?status={status}&since=2026-03-01"], "each is taken away by itself"
    tab = links(page.text)["All"]
    assert tab == f"/portal/{list_}?q=nowhere&since=2026-03-01", "another state keeps words and period"


def test_what_is_no_day_is_told_with_its_field(filled: Portal) -> None:
    page = filled.get("/portal/orders?since=soon")
    assert page.status_code == 400
    assert "Since: is not a date" in words(page)
    assert filled.get("/portal/orders?until=9999-12-31").status_code == 200


def test_the_next_page_keeps_the_filters(filled: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("orders", "deals", "prices", "returns"):
        monkeypatch.setattr(f"headgate.portal.pages.{module}.PAGE", 1)
    assert lists.PAGE == 30
    page = filled.get("/portal/orders?q=O-")
    onward = links(page.text)["Load more"]
    assert onward.startswith("/portal/orders?q=O-&after=")
    assert shown(filled, onward) == ["O-1 BETA 7"]
    assert "Load more" not in links(filled.get(onward).text)
    filled.post("/portal/prices/new", {**WISH, "unit_price": "8,40"})
    assert shown(filled, links(filled.get("/portal/prices").text)["Load more"]) != []


def keep(portal: Portal, name: str, query: str, list_: str = "portal_orders", **more: str) -> str:
    answer = portal.post("/portal/saved-views", {"list": list_, "query": query, "name": name, **more}, follow=False)
    assert answer.status_code == 303, words(answer)
    return str(answer.headers["location"])


def test_a_list_is_kept_and_found_again_and_opens_with_it(filled: Portal) -> None:
    assert "Save this view" not in words(filled.get("/portal/orders"))
    form = filled.get(links(filled.get("/portal/orders?status=held&since=2026-03-01").text)["Save this view"])
    assert "Status: Held · From: 1 Mar 2026" in words(form)
    there = keep(filled, "Held <now>", "status=held&since=2026-03-01&evil=1", default="1")
    assert there.startswith("/portal/orders?status=held&since=2026-03-01&view=")
    page = filled.get(there)
    assert "View: Held <now>" in words(page)
    assert filled.get("/portal/orders").headers["location"] == there
    within = filled.client.get("/portal/orders", headers={"referer": "http://localhost/portal/orders?q=1"})
    assert within.status_code == 200
    view = there.partition("view=")[2]
    changed = filled.get(f"/portal/orders?status=held&q=beta&view={view}")
    assert "View: Held <now> · changed" in words(changed)
    done = filled.post(
        f"/portal/saved-views/{view}/filters", {"list": "portal_orders", "query": "q=beta"}, follow=False
    )
    assert done.headers["location"] == f"/portal/orders?q=beta&view={view}"
    filled.post(f"/portal/saved-views/{view}", {"list": "portal_orders", "name": "Beta"})
    assert filled.get("/portal/orders").status_code == 200, "it opens with all of it again"
    assert "Beta" in words(filled.get("/portal/saved-views?list=portal_orders"))
    filled.post(f"/portal/saved-views/{view}/delete")
    assert "You have no view of this list" in words(filled.get("/portal/saved-views?list=portal_orders"))


@pytest.mark.parametrize("list_", ["deals", "prices", "returns"])
def test_every_list_keeps_its_views(portal: Portal, list_: str) -> None:
    portal.enter("paul")
    assert keep(portal, "Mine", "status=returned&q=1" if list_ != "prices" else "q=1", f"portal_{list_}")
    assert "Mine" in words(portal.get(f"/portal/{list_}"))


def test_names_are_limited_and_lists_are_those_of_the_portal(portal: Portal) -> None:
    portal.enter("pia")
    for form in ({"name": "x" * 61, "query": "q=1"}, {"name": "", "query": "q=1"}, {"name": "Held", "query": "evil=1"}):
        refused = portal.post("/portal/saved-views", {"list": "portal_orders", **form}, follow=False)
        assert refused.status_code == 422
    for list_ in ("orders", "audit", "nothing"):
        answer = portal.post("/portal/saved-views", {"list": list_, "name": "Held", "query": "q=1"}, follow=False)
        assert answer.status_code == 404, list_


def test_colleagues_of_the_same_partner_see_what_is_shared_and_nobody_else(portal: Portal) -> None:
    view = keep(portal.enter("pia"), "Ours", "status=held", shared="1").partition("view=")[2]
    paul = portal.another().enter("paul")
    assert "Ours" in words(paul.get("/portal/orders"))
    page = words(paul.get("/portal/saved-views?list=portal_orders"))
    assert "Shared by colleagues" in page
    assert "Pia" in page
    assert "Show it to all colleagues" not in page, "who does not look after the others shares nothing"
    refused = paul.post("/portal/saved-views", {"list": "portal_orders", "name": "x", "query": "q=1", "shared": "1"})
    assert refused.status_code == 422
    paul.post(f"/portal/saved-views/{view}/open", {"chosen": "1"})
    assert view in paul.get("/portal/orders").headers["location"]
    otto = portal.another().enter("otto")
    assert "Ours" not in otto.get("/portal/orders").text
    assert "Ours" not in otto.get(f"/portal/orders?status=held&view={view}").text
    assert "Ours" not in otto.get("/portal/saved-views?list=portal_orders").text
    staff = Visitor(portal.channel, portal.app, portal.slug).enter("carl")
    assert "Ours" not in staff.get("/orders?status=held").text
    assert "Ours" not in staff.get("/saved-views?list=orders").text
