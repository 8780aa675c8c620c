"""Decisions about many that can be undone before they count: in the browser, without scripts."""

from __future__ import annotations

import re
from dataclasses import replace

from headgate.console.app import create_console
from tests.integration.console.site import Response, Visitor, words
from tests.integration.console.test_approving import form_of, hidden, let_go, two_more

ORDERS = ("O-1", "O-2", "O-3")


def decide_all(held: Visitor, outcome: str = "approve") -> Response:
    fields = {**form_of(held.get("/approvals?all=1")), "outcome": outcome, "justification": "agreed for the round"}
    return held.post("/approvals/decide", hidden(held.post("/approvals/check", fields)))


def states(held: Visitor) -> list[str]:
    return [held.channel.status(number) for number in ORDERS]


def undo_of(page: Response) -> str:
    found = re.search(r'action="(/held-decisions/[^"]+/undo)"', page.text)
    assert found, words(page)
    return found[1]


def test_the_page_says_until_when_and_undoes_by_a_plain_form(held: Visitor) -> None:
    two_more(held).enter("carl")
    going = decide_all(held)
    said = words(going)
    assert "3 requests are being approved" in said
    assert "You can undo it until 2 Mar 2026, 10:00:10 CET." in said
    assert "Then it waits for finance director" in said
    undone = held.post(undo_of(going))
    assert "Nothing was decided; the requests are open again." in words(undone)
    assert "Undone: 3 requests are open again" in words(let_go(held, going))
    assert states(held) == ["held"] * 3
    again = held.get("/approvals?all=1")
    assert again.text.count(" checked data-pick") == 3, "they are open again"


def test_lists_say_what_is_being_decided_offer_the_undo_and_no_second_decision(held: Visitor) -> None:
    two_more(held).enter("carl")
    approval = held.approval_of("O-2")
    going = decide_all(held, "reject")
    for path in ("/work", "/approvals", "/approvals?all=1"):
        page = held.get(path)
        assert "3 requests are being rejected" in words(page), path
        assert words(page).count("Being rejected") == 3, path
        assert undo_of(page) == undo_of(going)
        assert "pick:" not in page.text, "nothing to decide a second time"
        assert 'data-key="e"' not in page.text, "nor to take"
    assert "You are deciding this" in words(held.get(approval))
    assert held.decide("O-2").status_code == 409
    held.post(undo_of(held.get("/work")))
    assert "Being rejected" not in words(held.get("/work"))
    held.enter("fiona")
    assert "being rejected" not in words(held.get("/work")), "what somebody holds is theirs alone"
    assert held.get(going.request.url.path).status_code == 404
    assert held.post(undo_of(going), follow=False).status_code == 404


def test_too_late_is_said_on_the_page_of_the_decision(held: Visitor) -> None:
    two_more(held).enter("carl")
    going = decide_all(held)
    let_go(held, going)
    late = words(held.post(undo_of(going)))
    assert "It is too late to undo it: the decision is carried out." in late
    assert "3 requests approved" in late
    assert states(held) == ["held", "released", "released"]


def test_what_was_refused_in_the_end_is_told_until_it_is_seen(held: Visitor) -> None:
    two_more(held).enter("carl")
    going = decide_all(held)
    held.channel.amend("O-3", ("S-1", "14", "8.80"))
    held.channel.govern()
    done = let_go(held, going)
    assert "2 requests approved" in words(done)
    assert "It has changed since you saw it" in words(done)
    assert "1 request of your decision was not decided" in words(held.get("/work"))
    seen = re.search(r'action="(/held-decisions/[^"]+/seen)"', held.get("/work").text)
    assert seen
    assert "was not decided" not in words(held.post(seen[1]))
    assert "was not decided" not in words(held.get("/approvals"))


def test_an_installation_may_let_them_count_at_once(held: Visitor) -> None:
    app = held.channel.app
    at_once = create_console(replace(app, settings=replace(app.settings, undo_seconds=0)))
    visitor = Visitor(two_more(held).channel, at_once, held.slug).enter("carl")
    assert "3 requests approved" in words(decide_all(visitor))
    assert states(held) == ["held", "released", "released"]
