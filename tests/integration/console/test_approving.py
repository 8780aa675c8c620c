"""Many approvals decided together, who would be asked, and who decides for whom: in the browser, without scripts."""

from __future__ import annotations

import re
from datetime import timedelta

from headgate.process.carrying import carry_out_due
from tests.integration.console.site import Response, Visitor, words
from tests.scenarios.channel import person


def two_more(visitor: Visitor) -> Visitor:
    """Two further orders below contract, small enough for the channel manager alone."""
    for number, quantity in (("O-2", "13"), ("O-3", "14")):
        visitor.channel.order(number, ("S-1", quantity, "9.00"), customer_reference=number)
    visitor.channel.govern()
    return visitor


def form_of(page: Response, *, without: str = "") -> dict[str, str]:
    """The fields of the page's form as a browser would send them, all boxes ticked, but one."""
    fields = dict(re.findall(r'name="((?:pick|for):[^"]+)" value="([^"]+)"', page.text))
    return {name: value for name, value in fields.items() if not without or without not in name}


def hidden(page: Response) -> dict[str, str]:
    """All hidden fields of a page but the token."""
    found = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    return {name: value for name, value in found.items() if name != "csrf"}


def let_go(visitor: Visitor, going: Response) -> Response:
    """Let the time to undo pass and a worker do its round; the page of the decision then."""
    channel = visitor.channel
    channel.clock.move(timedelta(seconds=channel.app.settings.undo_seconds))
    carry_out_due(channel.app.database, channel.app.engine, channel.clock, channel.tenant)
    channel.govern()
    return visitor.get(str(going.request.url).partition("//localhost")[2])


def test_many_are_seen_before_they_are_decided_and_each_says_what_follows(held: Visitor) -> None:
    two_more(held).enter("carl")
    listed = held.get("/approvals?all=1")
    assert "3 requests wait for you" in words(listed)
    assert listed.text.count(" checked data-pick") == 3
    fields = {**form_of(listed), "outcome": "approve", "justification": "agreed for the spring round"}
    shown = held.post("/approvals/check", fields)
    assert shown.status_code == 200
    said = words(shown)
    assert "Approve 3 requests?" in said
    assert "Then it waits for finance director; nothing is released before." in said
    assert said.count("The order is checked again, then released.") == 2
    assert [held.channel.status(o) for o in ("O-1", "O-2", "O-3")] == ["held"] * 3, "looking decides nothing"
    going = held.post("/approvals/decide", hidden(shown))
    assert "3 requests are being approved" in words(going)
    assert [held.channel.status(o) for o in ("O-1", "O-2", "O-3")] == ["held"] * 3, "it can be undone"
    assert "3 requests approved" in words(let_go(held, going))
    assert [held.channel.status(o) for o in ("O-1", "O-2", "O-3")] == ["held", "released", "released"]


def test_what_changed_meanwhile_is_left_out_and_says_what_changed(held: Visitor) -> None:
    two_more(held).enter("carl")
    fields = {**form_of(held.get("/approvals")), "outcome": "approve", "justification": "agreed for spring"}
    held.channel.amend("O-2", ("S-1", "13", "8.80"))
    held.channel.govern()
    shown = held.post("/approvals/check", fields)
    said = words(shown)
    assert "1 request is not decided" in said
    assert "It has changed since you saw it, so it is left out." in said
    assert "Price of Product S-1: €9.00 → €8.80" in said
    assert "Approve 2 requests?" in said
    held.channel.amend("O-3", ("S-1", "14", "8.80"))
    held.channel.govern()
    going = held.post("/approvals/decide", hidden(shown))
    assert "1 request is being approved" in words(going)
    assert "1 request is not decided" in words(going)
    done = words(let_go(held, going))
    assert "1 request approved" in done
    assert "1 request is not decided" in done
    assert held.channel.status("O-3") == "held"


def test_nothing_picked_and_no_reason_are_said_beside_their_fields(held: Visitor) -> None:
    held.enter("carl")
    answer = held.post("/approvals/check", {"outcome": "nonsense", "justification": " "})
    assert answer.status_code == 422
    for told in ("Pick at least one request.", "Choose what to decide.", "Say in a few words why"):
        assert told in words(answer)
    assert held.post("/approvals/check", {"pick:no-id": "x", "outcome": "approve"}).status_code == 400
    picked = form_of(held.get("/approvals"))
    again = held.post("/approvals/check", {**picked, "outcome": "reject", "justification": ""})
    assert " checked data-pick" in again.text, "what was picked stays picked"


def test_nobody_decides_in_bulk_what_is_not_theirs(held: Visitor) -> None:
    held.enter("carl")
    fields = {**form_of(held.get("/approvals")), "outcome": "approve", "justification": "let it pass"}
    held.enter("fay")
    said = words(held.post("/approvals/check", fields))
    assert "Approve 0 requests?" in said
    assert "holds none of the roles" in said
    assert person("fay") not in said, "people are named, not their ids"
    assert "Nothing was approved" in words(held.post("/approvals/decide", fields))
    assert held.channel.status("O-1") == "held"


def test_who_would_be_asked_names_the_people_the_rows_and_who_cannot(held: Visitor) -> None:
    held.enter("carl")
    assert "Nothing described yet" in words(held.get("/approvals/preview"))
    ask = (
        "in.exception=price_deviation&in.stake=6000&in.deviation_pct=12&in.margin_pct=9&in.tier=silver&in.risk=low"
        f"&asked_by={person('carl')}&ask=1&policy=approval_matrix"
    )
    answer = held.get(f"/approvals/preview?{ask}")
    said = words(answer)
    assert answer.status_code == 200
    assert "2 steps" in said
    assert "A price off contract is for the channel manager." in said
    assert "at stake, more than 5,000, the finance director decides as well." in said
    assert "row price_large" in said
    assert "asked for this, so someone else has to decide it" in said
    assert person("carl") not in said
    assert '<option value="duplicate_order">Duplicate order</option>' in answer.text, "the rows' values, by their names"
    assert '<option value="price_deviation" selected>Price deviation</option>' in answer.text
    assert ">price_deviation<" not in answer.text
    other = held.get(f"/approvals/preview?{ask.replace('=price_deviation', '=other')}")
    assert other.status_code == 200, "a value that no row names is left to the default"


def test_inputs_that_the_matrix_cannot_take_are_said_at_the_field(held: Visitor) -> None:
    held.enter("carl")
    answer = held.get("/approvals/preview?ask=1&in.exception=price_deviation&in.stake=much&policy=approval_matrix")
    assert answer.status_code == 422
    assert 'id="in.stake-error"' in answer.text
    held.client.cookies.set("headgate_language", "de", domain="localhost.local")
    told = held.get("/approvals/preview?ask=1&in.exception=price_deviation&in.stake=much&policy=approval_matrix")
    assert "Is not a plain" not in words(told)
    assert "12.50" in words(told)
    price = (
        "in.exception=price_deviation&in.stake=6000,50&in.deviation_pct=12,5&in.margin_pct=9&in.tier=silver&in.risk=low"
    )
    answer = held.get(f"/approvals/preview?{price}&ask=1&policy=approval_matrix")
    assert answer.status_code == 200, "a German decimal comma is understood"
    assert "6.000,50" in words(answer)


def test_somebody_away_lets_another_decide_up_to_an_amount_and_ends_it(held: Visitor) -> None:
    held.enter("carl")
    today = held.channel.clock.now().date()
    form = {
        "delegate": person("dora"),
        "role:channel_manager": "1",
        "from": today.isoformat(),
        "until": (today + timedelta(days=7)).isoformat(),
        "up_to": "5,000.00",
        "reason": "on holiday",
    }
    made = held.post("/delegations", form)
    assert "can decide from then on" in words(made)
    said = words(made)
    assert "on holiday" in said
    assert "5,000.00" in said
    assert "In force" in said
    held.enter("dora")
    # Who holds no role of their own has the permission to read cases from nobody: they are told by a refusal.
    assert held.get("/delegations").status_code == 403
    held.enter("carl")
    end = re.search(r'action="(/delegations/[^"]+/revoke)"', held.get("/delegations").text)
    assert end
    assert "It has ended" in words(held.post(end[1]))
    assert "Nobody decides for anybody else" in words(held.get("/delegations"))
    assert "Ended early" in words(held.get("/delegations?past=1"))


def test_a_delegation_that_cannot_be_is_refused_with_the_reason(held: Visitor) -> None:
    held.enter("carl")
    today = held.channel.clock.now().date()
    fields = {"from": today.isoformat(), "until": today.isoformat(), "reason": "on holiday"}
    cases = {
        "Choose who decides instead": {},
        "Name the roles": {"delegate": person("dora")},
        "Write it like 5000.00": {"delegate": person("dora"), "role:channel_manager": "1", "up_to": "a lot"},
        "does not hold finance": {"delegate": person("dora"), "role:finance": "1"},
        "who enters orders does not approve": {"delegate": person("desk"), "role:channel_manager": "1"},
        "Write it like 2026-03-31": {"until": "soon", "delegate": person("dora")},
    }
    for told, more in cases.items():
        answer = held.post("/delegations", {**fields, **more})
        assert answer.status_code == 422, told
        assert told in words(answer), words(answer)
        assert "user:" not in words(answer)
    assert "Nobody decides for anybody else" in words(held.get("/delegations"))


def test_several_exceptions_of_one_request_are_asked_about_together(visitor: Visitor) -> None:
    visitor.enter("carl")
    here = "/approvals/preview?policy=approval_matrix&ask=1"
    rest = "&in.margin_pct=9&in.tier=silver&in.risk=low"
    price = f"in.exception=price_deviation&in.stake=50&in.deviation_pct=12{rest}"
    credit = f"in.exception=credit_limit&in.stake=900&in.deviation_pct=0{rest}"
    alone = words(visitor.get(f"{here}&{price}"))
    assert "Channel manager level 1" in alone
    assert "Finance level" not in alone
    added = visitor.get(f"{here}&{price}&add=1")
    assert "1 exception of this request so far" in words(added)
    assert 'name="also.0.exception" value="price_deviation"' in added.text
    assert not re.search(r'id="in\.exception"[^>]*value="price', added.text), "the form is empty for the next one"
    assert "Channel manager level 1" in words(added)
    also = price.replace("in.", "also.0.")
    both = visitor.get(f"{here}&{also}&{credit}")
    told = words(both)
    assert "Channel manager level 1" in told
    assert "Finance level 1" in told
    assert "Leave out" in told
    wrong = visitor.get(f"{here}&{also.replace('stake=50', 'stake=much')}")
    assert wrong.status_code == 422


def test_what_waits_can_be_taken_from_a_list_and_more_added(held: Visitor) -> None:
    two_more(held).enter("carl")
    form = held.get("/approvals/preview?policy=approval_matrix")
    offered = dict(re.findall(r'<option value="([0-9a-f-]{36})">([^<]+)</option>', form.text))
    assert sorted(offered.values()) == [f"O-{n}: price deviation" for n in (1, 2, 3)]
    by_words = {words: value for value, words in offered.items()}
    one = held.get(f"/approvals/preview?policy=approval_matrix&ask=1&take=1&open={by_words['O-1: price deviation']}")
    assert "1 exception of this request so far" in words(one)
    assert "Finance director level 2" in words(one), "as what waits would be asked"
    assert hidden(one)["also.0.exception"] == "price_deviation"
    fields = "&".join(f"{name}={value}" for name, value in hidden(one).items())
    two = held.get(f"/approvals/preview?{fields}&take=1&open={by_words['O-2: price deviation']}")
    assert "2 exceptions of this request so far" in words(two)
    unknown = held.get("/approvals/preview?policy=approval_matrix&open=00000000-0000-0000-0000-000000000001")
    assert "Nothing described yet" in words(unknown)
