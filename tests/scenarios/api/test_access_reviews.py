"""Reviews of access over HTTP: opened, read page by page, decided, signed and exported."""

from __future__ import annotations

from headgate.access.reviews import check_review_file
from tests.scenarios.api.world import World
from tests.scenarios.channel import person

OPEN = {
    "title": "First quarter",
    "scope": "staff",
    "reviewers": [person("carl"), person("fiona")],
    "due_at": "2026-03-31T00:00:00Z",
}
BASE = "/v1/access-reviews"


def test_a_review_runs_over_http(world: World) -> None:
    made = world.post("adam", BASE, OPEN, Idempotency_Key="r-1")
    assert made.status_code == 201, made.text
    again = world.post("adam", BASE, OPEN, Idempotency_Key="r-1")
    review = made.json()["id"]
    assert again.json()["id"] == review
    assert made.json()["undecided"] == made.json()["listed"] > 5
    first = world.get("carl", f"{BASE}/{review}/grants", limit=3).json()
    rest = world.get("carl", f"{BASE}/{review}/grants", limit=200, cursor=first["next_cursor"]).json()
    grants = first["items"] + rest["items"]
    assert [each["item"] for each in grants] == list(range(1, made.json()["listed"] + 1))
    desk = next(each for each in grants if each["role"] == "order_desk")
    assert desk["last_used"] is None or desk["last_used"].startswith("2026-03-02")
    decisions = f"{BASE}/{review}/decisions"
    refused = world.post("carl", decisions, {"items": [desk["item"]], "decision": "revoke"})
    assert (refused.status_code, "reason" in refused.text) == (422, True)
    gone = world.post("carl", decisions, {"items": [desk["item"]], "decision": "revoke", "reason": "left us"})
    assert gone.json()["items"][0]["outcome"] == "removed"
    assert world.get("desk", "/v1/orders").status_code == 403
    others = [each["item"] for each in grants if each["item"] != desk["item"] and each["principal"] != person("carl")]
    own = [each["item"] for each in grants if each["principal"] == person("carl")]
    assert world.post("carl", decisions, {"items": own, "decision": "keep"}).status_code == 403
    assert world.post("carl", decisions, {"items": others, "decision": "keep", "reason": "as is"}).status_code == 200
    assert world.post("adam", f"{BASE}/{review}/sign", {"statement": "too early"}).status_code == 409
    assert world.post("fiona", decisions, {"items": own, "decision": "keep"}).status_code == 200
    assert world.post("fiona", f"{BASE}/{review}/sign", {"statement": "all looked at"}).status_code == 403
    signed = world.post("adam", f"{BASE}/{review}/sign", {"statement": "all looked at"}).json()
    told = world.get("audrey", f"{BASE}/{review}/export").json()
    assert told["digest"] == signed["digest"]
    assert check_review_file(told)["signed_by"] == person("adam")
    assert world.get("audrey", f"{BASE}/{review}/export", form="csv").text.startswith("review,grant,principal")
    assert [each["status"] for each in world.get("audrey", BASE).json()["items"]] == ["signed"]


def test_who_may_not_is_refused(world: World) -> None:
    assert world.post("carl", BASE, OPEN).status_code == 403
    assert world.get("desk", BASE).status_code == 403
    assert world.post("adam", BASE, {**OPEN, "scope": "everything"}).status_code == 400
    review = world.post("adam", BASE, {**OPEN, "reviewers": [person("fiona"), person("cora")]}).json()["id"]
    assert world.get("carl", f"{BASE}/{review}").status_code == 404
    assert world.get("carl", f"{BASE}/{review}/grants").status_code == 404
    assert world.post("adam", f"{BASE}/{review}/decisions", {"items": [1], "decision": "keep"}).status_code == 403
    assert world.post("adam", f"{BASE}/{review}/cancel", {"statement": "opened by mistake"}).status_code == 200
    assert world.post("fiona", f"{BASE}/{review}/decisions", {"items": [1], "decision": "keep"}).status_code == 409
    assert world.get("audrey", f"{BASE}/{review}/grants", cursor="bm9wZQ").status_code in (400, 422)
