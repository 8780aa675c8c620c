"""Decisions about many that can be undone before they count: in the browser, without scripts."""

from __future__ import annotations

import re
from dataclasses import replace

from headgate import access
from headgate.console.app import create_console
from headgate.kernel.context import SYSTEM
from tests.integration.console.site import Response, Visitor, words
from tests.integration.console.test_approving import form_of, hidden, let_go, two_more
from tests.scenarios.channel import person

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
    assert "You are deciding this already" in words(held.decide("O-2"))
    assert held.channel.approval("O-2").votes == ()
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


def test_one_is_decided_on_its_page_undone_there_and_goes_on_with_what_was_written(held: Visitor) -> None:
    two_more(held).enter("carl")
    going = held.decide("O-2", "reject", "too far below contract")
    said = words(going)
    assert going.request.url.path == held.approval_of("O-2")
    assert "Being rejected" in said
    assert "You can undo it until 2 Mar 2026, 10:00:10 CET." in said
    assert "too far below contract" in said
    assert 'name="outcome"' not in going.text, "it is decided once"
    assert "1 request is being rejected" in words(held.get("/work"))
    undone = held.post(undo_of(going), {"there": "request"})
    assert "Undone. Nothing was decided; you can decide it again." in words(undone)
    assert "too far below contract" in undone.text
    assert 'value="reject"' in undone.text
    assert "undid the rejection before it counted" in words(undone)
    done = let_go(held, held.decide("O-2"))
    assert "You approved it. The order was checked again and is released." in words(done)
    assert 'href="/orders/O-2"' in done.text
    assert held.channel.status("O-2") == "released"


def test_one_with_changes_is_undone_with_its_prices_still_typed_in(held: Visitor) -> None:
    two_more(held).enter("carl")
    going = held.decide("O-2", "edit", "a little more", **{"price:1": "9.50"})
    assert "Being approved with changes" in words(going)
    undone = held.post(undo_of(going), {"there": "request"})
    assert 'name="price:1" inputmode="decimal" value="9.50"' in undone.text
    going = held.decide("O-2", "edit", "a little more", **{"price:1": "9.60"})
    done = let_go(held, going)
    assert "You approved it with changes." in words(done)
    assert [str(line["unit_price"]) for line in held.channel.found("O-2")["lines"]] == ["9.60"]


def test_one_whose_content_changed_meanwhile_does_not_count_and_says_what_changed(held: Visitor) -> None:
    two_more(held).enter("carl")
    going = held.decide("O-2", because="agreed for spring")
    held.channel.amend("O-2", ("S-1", "13", "8.80"))
    held.channel.govern()
    told = let_go(held, going)
    assert told.status_code == 200
    said = words(told)
    assert "That content has changed, so your decision was not taken and nothing was saved." in said
    assert "Price of Product S-1: €9.00 → €8.80" in said
    assert "agreed for spring" in told.text
    assert held.channel.status("O-2") == "held"
    assert "1 request of your decision was not decided" in words(held.get("/work"))


def test_one_that_somebody_else_decided_first_says_so(held: Visitor) -> None:
    two_more(held).enter("carl")
    second_manager(held)
    going = held.decide("O-2")
    held.channel.decide("dora", "O-2", "reject")
    said = words(let_go(held, going))
    assert "Your decision was not taken: the request is rejected already. Nothing was saved." in said


def test_too_late_to_undo_one_is_said_with_what_came_of_it(held: Visitor) -> None:
    two_more(held).enter("carl")
    going = held.decide("O-2")
    let_go(held, going)
    late = words(held.post(undo_of(going), {"there": "request"}))
    assert "It is too late to undo it: the decision is carried out." in late
    assert "You approved it." in late


def test_the_page_of_a_request_tells_nobody_else_of_a_decision_by_its_address(held: Visitor) -> None:
    two_more(held).enter("carl")
    going = held.decide("O-2")
    there = str(going.request.url).partition("//localhost")[2]
    held.enter("fiona")
    assert "Being approved" not in words(held.get(there))
    assert undo_free(held.get(there))
    assert held.get(there.partition("?")[0] + "?held=nonsense").status_code == 200


def undo_free(page: Response) -> bool:
    return "/undo" not in page.text


def test_a_colleague_sees_that_it_is_being_decided_and_cannot_choose_it(held: Visitor) -> None:
    two_more(held).enter("carl")
    task = task_of(held, "O-2")
    going = held.decide("O-2")
    second_manager(held)
    held.enter("dora")
    page = held.get("/work")
    assert "A colleague is deciding this" in words(page)
    assert f'name="task" value="{task}"' not in page.text
    refused = held.post("/tasks/act", {"act": "take", "tasks": task})
    assert "A colleague is deciding this; look again in a moment." in words(refused)
    held.enter("carl").post(undo_of(going))
    held.enter("dora")
    assert f'name="task" value="{task}"' in held.get("/work").text


def test_one_counts_at_once_where_an_installation_wants_it(held: Visitor) -> None:
    app = held.channel.app
    at_once = create_console(replace(app, settings=replace(app.settings, undo_seconds=0)))
    visitor = Visitor(two_more(held).channel, at_once, held.slug).enter("carl")
    assert "You approved it. The order was checked again and is released." in words(visitor.decide("O-2"))


def task_of(visitor: Visitor, order: str) -> str:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        row = conn.execute("select task from tasks where case_id = %s", [channel.approval(order).case_id]).fetchone()
    assert row is not None
    return str(row[0])


def second_manager(visitor: Visitor) -> None:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        access.grant_role(conn, channel.context(SYSTEM), principal=person("dora"), role="channel_manager")
