"""The pages of people and roles over real records: who has what and why, granting, taking away, and the matrix."""

from __future__ import annotations

from headgate import access
from headgate.kernel.context import Context, Principal
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import person

TOM = Principal("user:somebody@nordwind.example", "person", permissions=frozenset({"admin"}))


def test_the_list_finds_people_and_one_says_why_they_may_do_what(visitor: Visitor) -> None:
    visitor.enter("tom")
    visitor.get("/people")
    with visitor.counted():
        text = words(visitor.get("/people"))
    assert visitor.queries <= 20
    assert "Order desk" in text
    desk = person("desk").removeprefix("user:")
    assert desk in text
    assert "user:" not in text, "people are told by name and address, not by their ids"
    assert desk not in words(visitor.get("/people?q=fiona"))
    assert "Nobody fits" in words(visitor.get("/people?q=nobody-like-this"))
    with visitor.counted():
        text = words(visitor.get(f"/people/{person('desk')}"))
    assert visitor.queries <= 20
    assert "Enter, amend and cancel orders orders.write Order desk" in text
    assert "user:" not in text
    assert visitor.get("/people/user:nobody@nordwind.example").status_code == 404


def test_a_role_is_granted_until_a_day_refused_with_the_reason_and_taken_away(visitor: Visitor) -> None:
    visitor.enter("tom")
    dora = f"/people/{person('dora')}"
    told = visitor.post(f"{dora}/grant", {"role": "support", "until": "2099-03-31"})
    assert "Support is granted until 2099-03-31." in words(told)
    assert "Support in force" in words(told)
    refused = visitor.post(f"/people/{person('desk')}/grant", {"role": "finance", "until": ""})
    assert refused.status_code == 422
    assert "who enters orders does not approve their exceptions" in words(refused)
    assert "user:" not in words(refused)
    assert "order_desk" not in words(refused)
    assert visitor.post(f"{dora}/grant", {"role": "support", "until": "soon"}).status_code == 422
    assert visitor.post(f"{dora}/grant", {"role": "emperor"}).status_code == 422
    gone = visitor.post(f"{dora}/revoke", {"role": "support"})
    assert "No role yet" in words(gone)
    assert "Grant the role" not in words(visitor.get(f"/people/{person('tom')}")), "nobody grants to themselves"


def test_auditors_look_and_others_do_not(visitor: Visitor) -> None:
    visitor.enter("ada")
    assert "Grant the role" not in words(visitor.get(f"/people/{person('desk')}"))
    assert visitor.post(f"/people/{person('dora')}/grant", {"role": "support"}).status_code == 403
    visitor.enter("desk")
    assert visitor.get("/people").status_code == 403
    assert visitor.get("/duties").status_code == 403


def test_a_version_of_the_matrix_is_decided_by_somebody_else(visitor: Visitor) -> None:
    channel = visitor.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        rules = [rule.as_dict() for rule in access.matrix_in_force(conn).rules]
        by = Context(channel.tenant, TOM, channel.clock.now())
        access.propose_matrix(conn, by, rules[1:], "we are too few <b>people</b>")
    visitor.enter("tom")
    page = visitor.get("/duties")
    assert "we are too few &lt;b&gt;people&lt;/b&gt;" in page.text
    assert "Would no longer be kept apart" in words(page)
    told = visitor.post("/duties/1/decision", {"act": "approve", "reason": "agreed"})
    assert "Version 1 is in force." in words(told)
    assert "Version 1" in words(visitor.get("/duties"))
