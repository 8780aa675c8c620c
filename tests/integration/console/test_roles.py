"""Roles and the matrix of duties in the console: made from another, checked as one chooses, confirmed, proposed."""

from __future__ import annotations

from headgate import access
from headgate.access.core.groups import GROUPS
from tests.integration.console.site import Visitor, words
from tests.scenarios.channel import person

CLERK = {"role": "clerk", "title": "Clerk", "description": "Enters <b>orders</b>"}
CONTROL = "Fiona looks at every approval of theirs each Friday"


def may(*permissions: str) -> dict[str, str]:
    return {f"may:{each}": "1" for each in permissions}


def test_every_permission_stands_in_one_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(access.PERMISSIONS)


def test_a_role_is_made_from_another_confirmed_by_who_holds_the_rest_and_taken_out_of_use(visitor: Visitor) -> None:
    visitor.enter("tom")
    assert "No role of your own yet" in words(visitor.get("/roles"))
    page = visitor.get("/new-role?from=order_desk").text
    assert 'name="may:orders.write" value="1" checked' in page
    assert 'name="may:approvals.decide" value="1">' in page
    told = words(visitor.post("/roles", {**CLERK, **may("orders.read", "cases.read")}))
    assert "Somebody who holds the rest of its permissions confirms it" in told
    assert "You made this change, so somebody else confirms it." in told
    assert "Enters &lt;b&gt;orders&lt;/b&gt;" in visitor.get("/roles").text
    assert "there is a role clerk already" in words(visitor.post("/roles", {**CLERK, **may("cases.read")})).lower()
    visitor.enter("fiona")
    assert "Clerk is confirmed." in words(visitor.post("/roles/clerk/confirm"))
    assert visitor.post("/roles/clerk", {**CLERK, **may("cases.read")}).status_code == 403
    visitor.enter("tom")
    told = words(visitor.post("/roles/clerk", {**CLERK, "title": "Junior", **may("cases.read")}))
    assert "Junior is saved and in force." in told
    assert "The role is out of use." in words(visitor.post("/roles/clerk/retire"))
    assert "Out of use" in words(visitor.get("/roles"))


def test_what_would_stay_apart_is_shown_while_choosing_and_refused_when_saved(visitor: Visitor) -> None:
    visitor.enter("tom")
    picked = may("orders.write", "approvals.decide")
    asked = "&".join(f"{name}={value}" for name, value in picked.items())
    with visitor.counted():
        part = visitor.get(f"/new-role/effect?{asked}", part="effect")
    assert visitor.queries <= 15
    assert "<html" not in part.text
    assert "Cannot be in one role: enter, amend and cancel orders, and decide approvals" in words(part)
    refused = visitor.post("/roles", {**CLERK, **picked})
    assert refused.status_code == 422
    assert "who enters orders does not approve their exceptions" in words(refused)
    assert 'name="may:orders.write" value="1" checked' in refused.text
    for bad in ({"role": "Not A Name"}, {"role": "finance"}, {"title": ""}):
        assert visitor.post("/roles", {**CLERK, **may("cases.read"), **bad}).status_code == 422
    assert visitor.post("/roles", CLERK).status_code == 422, "a role without permissions is none"
    assert visitor.post("/roles", {**CLERK, **may("tenants.operate")}).status_code == 422


def test_shipped_roles_are_looked_at_and_unknown_ones_are_not_there(visitor: Visitor) -> None:
    visitor.enter("ada")
    told = words(visitor.get("/roles/order_desk"))
    assert "shipped, stays as it is" in told
    assert "1 account holds it" in told
    assert "Save the role" not in told
    assert visitor.get("/new-role").status_code == 403
    assert visitor.get("/roles/emperor").status_code == 404
    visitor.enter("desk")
    assert visitor.get("/roles").status_code == 403


def test_the_matrix_is_a_grid_and_a_version_of_it_is_proposed_and_approved_in_the_console(visitor: Visitor) -> None:
    visitor.enter("tom")
    with visitor.counted():
        page = visitor.get("/duties")
    assert visitor.queries <= 16
    assert "orders.write and approvals.decide stay apart: who enters orders" in page.text
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        rules = access.matrix_in_force(conn).rules
    kept = {f"keep:{rule.first}+{rule.second}": "1" for rule in rules[1:]}
    bad = visitor.post("/duties", {**kept, "first-1": "orders.read", "note": "we grew"})
    assert bad.status_code == 422
    assert 'value="we grew"' in bad.text
    added = {"first-1": "cases.intervene", "second-1": "audit.read", "reason-1": "who steps in does not judge it"}
    told = words(visitor.post("/duties", {**kept, **added, "note": "we grew"}))
    assert "Version 1 waits for somebody else to approve it." in told
    assert "who steps in does not judge it" in told
    assert visitor.post("/duties/1/decision", {"act": "approve"}).status_code == 422, "not by who proposed it"
    visitor.enter("fiona")
    assert "Version 1 is in force." in words(visitor.post("/duties/1/decision", {"act": "approve"}))
    assert "cases.intervene and audit.read stay apart" in visitor.get("/duties").text


def test_a_conflict_is_allowed_for_a_while_by_two_people(visitor: Visitor) -> None:
    visitor.enter("tom")
    form = {"person": "desk@nordwind.example", "pair": "orders.write+approvals.decide", "until": "2026-04-01"}
    for bad in ({"control": "short"}, {"control": CONTROL, "until": "soon"}, {"control": CONTROL, "pair": "a+b"}):
        assert visitor.post("/duties/mitigations", {**form, **bad}).status_code == 422
    told = words(visitor.post("/duties/mitigations", {**form, "control": CONTROL}))
    assert f"Asked for {person('desk')}." in told
    with visitor.channel.app.database.transaction(visitor.channel.tenant) as conn:
        (asked,) = access.list_mitigations(conn)
    assert visitor.post(f"/duties/mitigations/{asked.id}/approve").status_code == 422, "not by who asked"
    visitor.enter("fiona")
    assert "The control is in force." in words(visitor.post(f"/duties/mitigations/{asked.id}/approve"))
    assert "The control is ended." in words(visitor.post(f"/duties/mitigations/{asked.id}/end"))
    assert visitor.post(f"/duties/mitigations/{asked.id}/burn").status_code == 404
