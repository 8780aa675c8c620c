"""Price exceptions, policies and agreements: asked for, written and approved over HTTP."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World, bearer, event, order
from tests.scenarios.channel import person

POLICY = """
policy: freight
version: 1
title: Who pays freight
owner: channel_operations
hit: first
inputs:
  - {name: order_amount, type: number, label: Amount of the order, min: 0}
outputs:
  - {name: outcome, type: enum, values: [free, charged], label: Outcome}
rows:
  - id: large
    when: {order_amount: ">= 500"}
    then: {outcome: free}
    because: "{order_amount} is 500 or more"
    clause: Freight policy 1
default: {outcome: charged}
tests:
  - {given: {order_amount: "500"}, expect: {outcome: free}}
  - {given: {order_amount: "499.99"}, expect: {outcome: charged}}
"""


def asked(**changes: Any) -> dict[str, Any]:
    """A price exception for P-1 on S-1."""
    body = {
        "request": "PX-1",
        "partner": "P-1",
        "product": "S-1",
        "unit_price": "8.50",
        "currency": "EUR",
        "max_quantity": "100",
        "valid_from": "2026-03-01",
        "valid_until": "2026-03-31",
        "justification": "launch campaign",
    }
    return {**body, **changes}


def test_a_price_that_was_sent_back_is_asked_for_otherwise_and_approved_anew(world: World) -> None:
    approval = world.post("desk", "/v1/price-exceptions", asked()).json()["approval"]
    back = {"outcome": "return", "justification": "show the offer", "digest": approval["digest"]}
    world.post("carl", f"/v1/approvals/{approval['approval']}/decision", back).raise_for_status()
    fields = ("unit_price", "max_quantity", "valid_from", "valid_until", "justification")
    now = {name: asked(unit_price="9.00")[name] for name in fields}
    same = world.post("desk", "/v1/price-exceptions/PX-1/amend", now | {"unit_price": "8.50"})
    assert "says nothing new" in problem(same, 422, "refused")["detail"]
    response = world.post("desk", "/v1/price-exceptions/PX-1/amend", now)
    assert response.status_code == 200, response.text
    body = response.json()
    assert (body["case"]["stage"], body["approval"]["status"]) == ("deciding", "pending")
    assert body["approval"]["digest"] != approval["digest"]
    shown = world.get("carl", f"/v1/approvals/{body['approval']['approval']}").json()
    assert {"what": "unit_price", "before": "8.50", "after": "9.00"} in shown["replaces"]["changes"]
    problem(world.post("desk", "/v1/price-exceptions/PX-404/amend", now), 404, "not_found")
    problem(world.post("desk", "/v1/price-exceptions/PX-1/amend", now | {"unit_price": "-1"}), 400, "malformed")


def test_files_speak_for_a_price_and_one_that_is_added_asks_anew(world: World) -> None:
    offer = {"name": "offers/offer.pdf", "content": base64.b64encode(b"%PDF-1.7 their offer").decode()}
    early = world.post("desk", "/v1/price-exceptions/PX-1/files", offer | {"partner": "P-1"})
    assert early.status_code == 201, early.text
    assert (early.json()["file"]["name"], early.json()["approval"]) == ("offer.pdf", None)
    approval = world.post("desk", "/v1/price-exceptions", asked()).json()["approval"]
    assert [each.partition(" ")[0] for each in approval["summary"]["evidence"]] == ["offer.pdf"]
    more = {"name": "mail.txt", "content": base64.b64encode(b"they called again").decode()}
    world.channel.clock.move(timedelta(seconds=1))  # what comes at one instant is listed in any order
    added = world.post("desk", "/v1/price-exceptions/PX-1/files", more)
    assert added.status_code == 201, added.text
    now = added.json()["approval"]
    assert (now["status"], now["digest"] == approval["digest"]) == ("pending", False)
    assert now["summary"]["evidence"][1] == f"mail.txt (sha256 {added.json()['file']['sha256']})"
    listed = world.get("carl", "/v1/price-exceptions/PX-1/files").json()["items"]
    assert [each["name"] for each in listed] == ["offer.pdf", "mail.txt"]
    kept = world.get("carl", f"/v1/price-exceptions/PX-1/files/{listed[1]['file']}")
    assert (kept.content, kept.headers["content-disposition"].startswith("attachment")) == (b"they called again", True)
    old = {"outcome": "approve", "justification": "fits", "digest": approval["digest"]}
    problem(world.post("carl", f"/v1/approvals/{approval['approval']}/decision", old), 409, "stale")
    for bad, status in (({"content": "!!"}, 422), ({"name": "a.html"}, 422), ({"content": ""}, 400)):
        assert world.post("desk", "/v1/price-exceptions/PX-1/files", more | bad).status_code == status, bad
    assert world.post("desk", "/v1/price-exceptions/PX-1/files", more).status_code == 422, "nothing new"
    problem(world.post("desk", "/v1/price-exceptions/PX-2/files", more), 403, "forbidden")
    world.post("carl", f"/v1/approvals/{now['approval']}/decision", old | {"digest": now["digest"]}).raise_for_status()
    world.govern()
    problem(world.post("desk", "/v1/price-exceptions/PX-1/files", more | {"name": "b.txt"}), 409, "conflict")


def test_a_price_exception_goes_from_request_to_price(world: World) -> None:
    response = world.post("desk", "/v1/price-exceptions", asked())
    assert response.status_code == 201, response.text
    body = response.json()
    approval = body["approval"]
    assert (body["request"], body["case"]["stage"], approval["status"]) == ("PX-1", "deciding", "pending")
    assert approval["requested_by"] == person("desk")
    decision = {"outcome": "approve", "justification": "fits the plan", "digest": approval["digest"]}
    for who in ("carl", "fiona", "fay"):
        world.post(who, f"/v1/approvals/{approval['approval']}/decision", decision)
    assert world.get("carl", f"/v1/approvals/{approval['approval']}").json()["status"] == "approved"
    world.govern()
    world.send(event("e-1", order("O-1", ("S-1", "10", "8.50"))))
    world.govern()
    found = world.get("carl", "/v1/orders/O-1").json()
    assert (found["status"], found["lines"][0]["contract_price"]) == ("released", "8.50")


def test_a_price_exception_gets_a_number_when_it_has_none(world: World) -> None:
    body = world.post("desk", "/v1/price-exceptions", asked(request=None)).json()
    assert body["request"].startswith("PX-")
    assert body["case"]["subject"] == body["request"]


def test_a_price_above_the_contract_needs_no_exception(world: World) -> None:
    body = world.post("desk", "/v1/price-exceptions", asked(unit_price="12.00")).json()
    assert (body["case"]["stage"], body["approval"]) == ("not_needed", None)


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"unit_price": "-1"}, 400, "unit_price"),
        ({"unit_price": 8.5}, 400, "unit_price"),
        ({"unit_price": "8.1234567"}, 400, "unit_price"),
        ({"currency": "eur"}, 400, "currency"),
        ({"currency": "XXX"}, 422, "currency"),
        ({"valid_until": "2026-02-01"}, 422, "valid_until"),
        ({"valid_until": "2026-13-01"}, 422, "valid_until"),
        ({"max_quantity": "0"}, 422, "max_quantity"),
        ({"justification": "x"}, 400, "justification"),
        ({"surprise": 1}, 400, "surprise"),
    ],
)
def test_a_bad_request_names_the_field(shared: World, changes: dict[str, Any], status: int, field: str) -> None:
    code = "malformed" if status == 400 else "invalid"
    body = problem(shared.post("desk", "/v1/price-exceptions", asked(**changes)), status, code)
    assert field in {e["field"] for e in body["errors"]}


def test_a_request_about_an_unknown_partner_says_so(shared: World) -> None:
    body = problem(shared.post("desk", "/v1/price-exceptions", asked(request="PX-9", partner="P-404")), 422, "refused")
    assert "P-404" in body["detail"]


def test_a_number_used_before_with_other_content_is_refused(world: World) -> None:
    assert world.post("desk", "/v1/price-exceptions", asked()).status_code == 201
    body = problem(world.post("desk", "/v1/price-exceptions", asked(unit_price="7.00")), 422, "refused")
    assert "PX-1" in body["detail"]


def test_a_policy_goes_from_draft_to_force_by_two_people(world: World) -> None:
    drafted = world.post("carl", "/v1/policies", {"text": POLICY})
    assert drafted.status_code == 201, drafted.text
    assert (drafted.json()["policy"], drafted.json()["status"]) == ("freight", "draft")
    base = "/v1/policies/freight/versions/1"
    problem(world.post("fiona", f"{base}/approve", {}), 409, "conflict")
    assert world.post("carl", f"{base}/submit", {}).json()["status"] == "in_review"
    problem(world.post("fiona", f"{base}/approve", {"digest": "0" * 64}), 409, "stale")
    digest = drafted.json()["digest"]
    assert world.post("fiona", f"{base}/approve", {"digest": digest}).json()["approver"] == person("fiona")
    problem(world.post("fiona", f"{base}/activate", {"valid_from": "2026-01-01T00:00:00Z"}), 422, "invalid")
    assert world.post("fiona", f"{base}/activate", {}).json()["standing"] == "active"
    found = world.get("carl", "/v1/policies/freight").json()
    assert found["text"] == POLICY
    assert [t["passed"] for t in found["tests"]] == [True, True]
    assert found["rows"][0]["when"] == {"order_amount": ">= 500"}


def test_an_author_does_not_approve_their_own_policy(world: World) -> None:
    world.post("carl", "/v1/policies", {"text": POLICY})
    world.post("carl", "/v1/policies/freight/versions/1/submit", {})
    problem(world.post("carl", "/v1/policies/freight/versions/1/approve", {}), 403, "forbidden")
    assert world.post("fiona", "/v1/policies/freight/versions/1/send-back", {"reason": "round it"}).status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (">= 500", ">= ", "row large"),
        ('order_amount: ">= 500"', 'amount: ">= 500"', "amount"),
        ("outcome: free}\n    because", "outcome: gratis}\n    because", "gratis"),
        ("hit: first", "hit: maybe", "hit"),
        ("policy: freight", "policy: [", "policy.yaml"),
    ],
    ids=["an expression that does not parse", "an unknown field", "a type error", "a hit policy", "no YAML"],
)
def test_a_policy_with_an_error_is_refused_with_its_place(shared: World, old: str, new: str, said: str) -> None:
    assert old in POLICY
    body = problem(shared.post("carl", "/v1/policies", {"text": POLICY.replace(old, new)}), 422, "invalid")
    assert said in body["detail"] + str(body["errors"])


def test_an_overlap_under_unique_is_refused(shared: World) -> None:
    overlapping = POLICY.replace("hit: first", "hit: unique").replace(
        "default:", '  - id: huge\n    when: {order_amount: ">= 1000"}\n    then: {outcome: free}\ndefault:'
    )
    body = problem(shared.post("carl", "/v1/policies", {"text": overlapping}), 422, "invalid")
    assert "huge" in str(body["errors"])


def test_a_policy_can_be_tried_without_a_trace(shared: World) -> None:
    facts = {"has_contract": True, "deviation_pct": "20", "line_amount": "80", "tier": "gold"}
    found = shared.post("carl", "/v1/policies/price_deviation/evaluate", {"inputs": facts}).json()
    assert (found["outputs"]["outcome"], found["rows"], found["version"]) == ("hold", ["deep_discount"], 1)
    assert found["reasons"] == ["20 % below contract is more than 15 %"]
    pinned = shared.client.post(
        "/v1/policies/price_deviation/evaluate",
        content=json.dumps({"inputs": facts, "version": 1.0}),
        headers={**bearer(shared.keys["carl"]), "content-type": "application/json"},
    )
    assert pinned.json()["version"] == 1
    missing = problem(shared.post("carl", "/v1/policies/price_deviation/evaluate", {"inputs": {}}), 422, "invalid")
    assert missing["errors"]
    problem(shared.post("carl", "/v1/policies/nothing/evaluate", {"inputs": {}}), 404, "not_found")
    assert shared.get("carl", "/v1/decisions", policy="price_deviation").json()["items"] == []


def test_an_agreement_goes_from_draft_to_price_by_two_people(world: World) -> None:
    draft = {
        "code": "NET-P1",
        "partner": "P-1",
        "currency": "EUR",
        "kind": "net",
        "valid_from": "2026-01-01",
        "terms": [{"product": "S-1", "value": "9.00"}],
    }
    made = world.post("prue", "/v1/agreements", draft)
    assert made.status_code == 201, made.text
    base = f"/v1/agreements/{made.json()['agreement']}"
    assert world.post("prue", f"{base}/submit", {}).json()["status"] == "in_review"
    why = {"justification": "as negotiated"}
    problem(world.post("prue", f"{base}/approve", why), 403, "forbidden")
    assert world.post("fay", f"{base}/approve", why).json()["approver"] == person("fay")
    assert world.post("fay", f"{base}/activate", {}).json()["status"] == "active"
    shown = world.get("carl", base).json()
    assert (shown["status"], shown["terms"][0]["product"], shown["terms"][0]["value"]) == ("active", "S-1", "9.00")
    world.send(event("e-1", order("O-1", ("S-1", "2", "9.00"))))
    world.govern()
    assert world.get("carl", "/v1/orders/O-1").json()["lines"][0]["contract_price"] == "9.00"


def test_a_bad_agreement_names_the_field(shared: World) -> None:
    draft = {"code": "X", "currency": "XXX", "valid_from": "2026-01-01", "terms": [{"product": "S-1", "value": "9.00"}]}
    body = problem(shared.post("prue", "/v1/agreements", draft), 422, "invalid")
    assert "currency" in {e["field"] for e in body["errors"]}
