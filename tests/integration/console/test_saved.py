"""Saved views at the lists: kept by a form, shown above the list and in the palette, opened by default, shared."""

from __future__ import annotations

import html
import re

import pytest

from tests.integration.console.site import Visitor, words


def save(visitor: Visitor, name: str, query: str = "status=held", list_: str = "orders", **more: str) -> str:
    """Keep a view as its form does; where that leads."""
    answer = visitor.post("/saved-views", {"list": list_, "query": query, "name": name, **more}, follow=False)
    assert answer.status_code == 303, words(answer)
    return str(answer.headers["location"])


def links(page: str) -> dict[str, str]:
    """The links of a page by their words."""
    found = re.findall(r'<a[^>]* href="([^"]+)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return {html.unescape(re.sub(r"<[^>]+>", "", text)).strip(): html.unescape(href) for href, text in found}


def view_of(address: str) -> str:
    return address.partition("view=")[2]


def test_a_list_is_kept_with_its_filters_and_found_again(held: Visitor) -> None:
    held.enter("carl")
    assert "Save this view" not in words(held.get("/orders")), "without a filter there is nothing to keep"
    form = held.get(links(held.get("/orders?q=&status=held&since=2026-03-02&after=").text)["Save this view"])
    assert form.status_code == 200
    assert "Status: Held · From: 2 Mar 2026" in words(form)
    query = re.search(r'name="query" value="([^"]*)"', form.text)
    assert query
    there = save(held, "Held <today>", html.unescape(query[1]))
    shown = held.get(there)
    assert "View: Held <today>" in words(shown)
    assert "The view is saved" in shown.text
    assert "Save this view" not in words(shown)
    assert links(held.get("/orders").text)["Held <today>"] == there
    assert "View: Held <today>" in words(held.get("/orders?since=2026-03-02&status=held")), "the same filters by hand"
    assert "View:" not in words(held.get("/orders?status=held"))
    assert "Save this view" in words(held.get("/orders?status=held"))
    found = held.get("/palette?q=today", part="palette-results").text
    assert html.escape(there) in found
    assert "Held &lt;today&gt;" in found


def test_what_is_filtered_anew_by_script_can_be_kept_too(held: Visitor) -> None:
    held.enter("carl")
    part = held.get("/orders?q=PO&status=", part="results")
    assert links(part.text)["Save this view"] == "/saved-views?list=orders&query=q%3DPO"
    assert "Save this view" not in held.get("/orders?q=PO", part="rows").text


@pytest.mark.parametrize(
    ("list_", "path", "query", "reader"),
    [
        ("cases", "/cases", "clock=at_risk", "carl"),
        ("work", "/work", "scope=team", "carl"),
        ("deals", "/deals", "status=approved", "carl"),
        ("partners", "/partners", "q=P-1", "carl"),
        ("returns", "/returns", "status=expected", "carl"),
        ("audit", "/audit", "action=order.held&since=2026-03-01", "ada"),
    ],
)
def test_every_list_keeps_its_views(held: Visitor, list_: str, path: str, query: str, reader: str) -> None:
    held.enter(reader)
    assert "Save this view" in words(held.get(f"{path}?{query}"))
    there = save(held, "Mine", query, list_)
    assert there.startswith(f"{path}?{query}&view=")
    assert "View: Mine" in words(held.get(there))
    assert "View:" not in words(held.get(path))
    assert "Mine" in words(held.get(f"/saved-views?list={list_}"))


def test_a_list_opens_with_the_view_chosen_for_it(held: Visitor) -> None:
    held.enter("carl")
    there = save(held, "Held", default="1")
    opened = held.get("/orders")
    assert (opened.status_code, opened.headers["location"]) == (303, there)
    assert held.get("/orders?status=").status_code == 200, "whoever asks for something gets that"
    within = held.client.get("/orders", headers={"referer": "http://localhost/orders?status=held"})
    assert within.status_code == 200, "within the list all of it can be seen"
    assert held.get("/orders", part="results").status_code == 200
    again = held.client.get("/orders", headers={"x-headgate-again": "1"})
    assert again.status_code == 200
    assert held.enter("fay").get("/orders").status_code == 200, "another's list opens as before"
    held.enter("carl").post(f"/saved-views/{view_of(there)}", {"name": "Held", "list": "orders"})
    assert held.get("/orders").status_code == 200


def test_a_view_takes_the_filters_that_its_list_has_now(held: Visitor) -> None:
    held.enter("carl")
    there = save(held, "Held")
    mark = view_of(there)
    assert f'name="view" value="{mark}"' in held.get(there).text, "filtering anew keeps in mind which view it was"
    page = held.get(f"/orders?status=held&q=PO&view={mark}")
    assert "View: Held · changed" in words(page)
    assert f"/orders?q=PO&view={mark}" in html.unescape(page.text), "a filter that is taken away does too"
    assert links(page.text)["Save as a new view"].startswith("/saved-views?")
    form = {"list": "orders", "query": "q=PO&status=held&evil=1"}
    done = held.post(f"/saved-views/{mark}/filters", form, follow=False)
    assert done.headers["location"] == f"/orders?q=PO&status=held&view={mark}"
    page = held.get(done.headers["location"])
    assert "View: Held Save" not in words(page)
    assert "changed" not in words(page)
    assert "Save as a new view" not in words(page)


def test_only_filters_of_ones_own_view_are_replaced(held: Visitor) -> None:
    held.enter("carl")
    there = save(held, "Held", shared="1")
    mark = view_of(there)
    for form, status in (
        ({"list": "orders", "query": "status=nonsense"}, 303),
        ({"list": "cases", "query": "q=1"}, 404),
        ({"list": "nothing", "query": "q=1"}, 404),
    ):
        assert held.post(f"/saved-views/{mark}/filters", form, follow=False).status_code == status
    assert "status=held" in links(held.get("/orders").text)["Held"], "nothing was replaced"
    held.enter("desk")
    page = held.get(f"/orders?status=held&q=PO&view={mark}")
    assert "View: Held · changed" in words(page)
    assert f"/saved-views/{mark}/filters" not in page.text, "another's view is kept under a name of one's own"
    answer = held.post(f"/saved-views/{mark}/filters", {"list": "orders", "query": "q=1"}, follow=False)
    assert answer.status_code == 404


def test_a_list_opens_with_the_view_of_a_colleague(held: Visitor) -> None:
    held.enter("carl")
    there = save(held, "Held", shared="1", default="1")
    mark = view_of(there)
    held.enter("desk")
    assert held.get("/orders").status_code == 200, "what the owner's list opens with is the owner's choice"
    page = held.post(f"/saved-views/{mark}/open", {"chosen": "1"})
    assert "The list opens with this view now" in page.text
    assert "Open the list without it" in words(page)
    assert held.get("/orders").headers["location"] == there
    own = save(held, "Mine", "q=1", default="1")
    assert held.get("/orders").headers["location"] == own, "one view opens the list"
    held.post(f"/saved-views/{mark}/open", {"chosen": "1"})
    assert held.get("/orders").headers["location"] == there
    held.post(f"/saved-views/{mark}/open", {"chosen": "0"})
    assert held.get("/orders").status_code == 200
    held.post(f"/saved-views/{mark}/open", {"chosen": "1"})
    held.enter("carl").post(f"/saved-views/{mark}", {"name": "Held", "list": "orders"})
    assert held.enter("desk").get("/orders").status_code == 200, "it is shared no more"
    assert held.post(f"/saved-views/{mark}/open", {"chosen": "1"}).status_code == 404
    held.enter("carl").post(f"/saved-views/{mark}/delete")
    assert held.enter("desk").get("/orders").status_code == 200


def test_views_are_renamed_and_deleted_by_their_forms(held: Visitor) -> None:
    held.enter("carl")
    first, _ = save(held, "One"), save(held, "Two", "q=2")
    page = held.post(f"/saved-views/{view_of(first)}", {"name": "Three", "list": "orders"})
    assert "The view is changed" in page.text
    assert {"Two", "Three"} <= links(page.text).keys()
    page = held.post(f"/saved-views/{view_of(first)}", {"name": "Two", "list": "orders"})
    assert "You have a view of this name already" in page.text
    page = held.post(f"/saved-views/{view_of(first)}/delete")
    assert "The view is deleted" in page.text
    assert "Three" not in links(page.text)
    assert held.get(first).status_code == 200, "its address goes on showing the same orders"


def test_a_shared_view_is_for_all_staff_to_read(held: Visitor) -> None:
    held.enter("carl")
    there = save(held, "Held", shared="1")
    own = save(held, "Not for others", "q=1")
    held.enter("desk")
    page = held.get("/orders")
    assert links(page.text)["Held"] == there
    assert "Shared by colleagues" in words(page)
    assert "Not for others" not in page.text
    kept = held.get("/saved-views?list=orders")
    assert "Show it to all colleagues" not in words(kept)
    assert "Status: Held carl" in words(kept), "the colleague is named"
    for address in (there, own):
        for act in ("", "/delete"):
            answer = held.post(f"/saved-views/{view_of(address)}{act}", {"name": "Mine", "list": "orders"})
            assert answer.status_code == 404
    refused = held.post("/saved-views", {"list": "orders", "query": "q=1", "name": "X", "shared": "1"})
    assert refused.status_code == 422
    assert "Your roles do not let you share views" in words(refused)
    assert "Held" not in links(held.enter("tom").get("/saved-views?list=cases").text)


def test_what_cannot_be_kept_is_told_and_what_was_typed_stays(held: Visitor) -> None:
    held.enter("carl")
    save(held, "Held")
    for fields, says in (
        ({"name": "Held", "query": "q=1"}, "You have a view of this name already"),
        ({"name": " ", "query": "q=1"}, "Write a name of 1 to 60 characters"),
        ({"name": "x" * 61, "query": "q=1"}, "Write a name of 1 to 60 characters"),
        ({"name": "All", "query": "status=nonsense&evil=1"}, "Set a filter first"),
        ({"name": "All", "query": f"q={'é' * 200}&partner={'é' * 200}"}, "These filters are too long"),
    ):
        answer = held.post("/saved-views", {"list": "orders", **fields})
        assert answer.status_code == 422
        assert says in words(answer)
    assert 'value="Held"' in held.post("/saved-views", {"list": "orders", "name": "Held", "query": "q=1"}).text
    for list_ in ("audit", "nothing"):
        assert held.post("/saved-views", {"list": list_, "name": "A", "query": "q=1"}).status_code == 404
        assert held.get(f"/saved-views?list={list_}").status_code == 404


def test_a_filter_that_the_list_has_no_more_is_told_and_left_out(held: Visitor) -> None:
    held.enter("carl")
    there = save(held, "Old")
    with held.channel.app.database.transaction(held.channel.tenant) as conn:
        conn.execute("update saved_views set query = 'status=held&tier=gold'")
    page = held.get(there)
    assert "no longer has these filters of the view, so they are left out: tier" in words(page)
    assert "tier=gold" not in page.text
    with held.channel.app.database.transaction(held.channel.tenant) as conn:
        conn.execute("update saved_views set query = 'tier=gold'")
    assert "left out: tier" in words(held.get(links(held.get("/orders").text)["Old"]))
    assert "left out" not in words(held.get("/orders"))


def test_german_readers_read_german(held: Visitor) -> None:
    held.enter("carl")
    save(held, "Held")
    held.post("/settings/language", {"language": "de", "then": "/"})
    text = words(held.get("/saved-views?list=orders&query=q%3D1"))
    for phrase in ("Gespeicherte Ansichten", "Diese Ansicht speichern", "Stand: Angehalten", "Die Liste damit öffnen"):
        assert phrase in text, phrase


def test_more_views_cost_no_more_queries(held: Visitor) -> None:
    held.enter("carl")
    asked = []
    for number in range(3):
        held.get("/orders?q=1")
        with held.counted():
            held.get("/orders?q=1")
        asked.append(held.queries)
        save(held, f"View {number}", f"q={number}")
    assert len(set(asked)) == 1
