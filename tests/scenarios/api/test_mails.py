"""Choosing one's mails over HTTP: seen and changed by a person with a key of their own, within its scopes."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.ledger import audit_list
from tests.scenarios.api.world import World, bearer
from tests.scenarios.channel import person

PATH = "/v1/me/mails"


def change(world: World, key: str, body: Any, **headers: str) -> Any:
    return world.client.patch(PATH, json=body, headers={**bearer(key), **headers})


def wanted(answer: Any) -> dict[str, bool]:
    return {kind["kind"]: kind["wanted"] for kind in answer.json()["kinds"]}


def test_a_person_sees_and_changes_what_they_get(world: World) -> None:
    before = world.get("carl", PATH)
    assert before.status_code == 200
    assert wanted(before) == dict.fromkeys(("approvals", "reminders", "reviews", "escalations"), True), (
        "what their role can get"
    )
    body = {"language": "de", "timezone": "Asia/Tokyo", "kinds": {"approvals": False, "reminders": True}}
    changed = change(world, world.keys["carl"], body)
    assert changed.status_code == 200
    assert (changed.json()["language"], changed.json()["timezone"]) == ("de", "Asia/Tokyo")
    assert (wanted(changed)["approvals"], wanted(changed)["reminders"]) == (False, True)
    only = change(world, world.keys["carl"], {"timezone": ""})
    assert (only.json()["language"], only.json()["timezone"]) == ("de", "")
    assert not wanted(only)["approvals"], "what is left out stays"
    assert world.get("cora", PATH).json()["language"] == ""
    channel = world.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        last, first = audit_list(conn, action="mails.chosen")
    assert (first.actor, first.subject) == (person("carl"), person("carl"))
    assert first.body == {"by": "API key", "language": "de", "timezone": "Asia/Tokyo", "off": ["approvals"]}
    assert last.body == {"by": "API key", "timezone": ""}


def test_each_kind_comes_at_once_in_the_digest_or_not_at_all(world: World) -> None:
    body = {"digest_hour": 7, "kinds": {"approvals": "digest", "reminders": "off", "reviews": "at_once"}}
    answer = change(world, world.keys["carl"], body)
    assert answer.status_code == 200
    assert answer.json()["digest_hour"] == 7
    when = {kind["kind"]: kind["when"] for kind in answer.json()["kinds"]}
    assert when == {"approvals": "digest", "reminders": "off", "reviews": "at_once", "escalations": "at_once"}
    assert wanted(answer)["approvals"], "later, but wanted"
    for wrong in ({"digest_hour": 24}, {"kinds": {"approvals": "weekly"}}, {"kinds": {"digest": "off"}}):
        assert change(world, world.keys["carl"], wrong).status_code in (400, 422), wrong
    assert world.get("carl", PATH).json() == answer.json(), "nothing of it was kept"


def test_people_of_partners_choose_about_theirs(world: World) -> None:
    changed = change(world, world.keys["pia"], {"kinds": {"messages": False}})
    assert changed.status_code == 200
    assert not wanted(changed)["messages"]
    assert wanted(world.get("paul", PATH))["messages"]
    refused = change(world, world.keys["pia"], {"kinds": {"approvals": False}})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "kinds.approvals"


def test_a_key_chooses_within_its_scopes(world: World) -> None:
    narrow = world.key(person("carl"), "orders.read")
    assert wanted(world.client.get(PATH, headers=bearer(narrow))) == wanted(world.get("carl", PATH)), "of the person"
    refused = change(world, narrow, {"language": "de", "kinds": {"approvals": False}})
    assert refused.status_code == 403
    assert "approvals.decide" in refused.json()["detail"]
    assert world.get("carl", PATH).json()["language"] == "", "nothing of it was kept"
    assert change(world, narrow, {"language": "de"}).status_code == 200


def test_who_is_no_person_has_nothing_to_choose(world: World) -> None:
    assert world.get("erp", PATH).status_code == 403
    assert change(world, world.keys["erp"], {"language": "de"}).status_code == 403
    assert world.client.get(PATH).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"language": "xx"}, 422, "language"),
        ({"timezone": "Mars/Olympus"}, 422, "timezone"),
        ({"kinds": {"security": False}}, 422, "kinds.security"),
        ({"kinds": {"exports": False}}, 422, "kinds.exports"),
        ({"kinds": {"approvals": "no"}}, 400, "kinds.approvals"),
        ({"kinds": {"approvals": None}}, 400, "kinds.approvals"),
        ({"off": ["approvals"]}, 400, "off"),
        ({"language": 5}, 400, "language"),
    ],
)
def test_what_cannot_be_chosen_is_named_and_nothing_is_kept(
    world: World, body: dict[str, Any], status: int, field: str
) -> None:
    refused = change(world, world.keys["carl"], {"timezone": "Asia/Tokyo", **body})
    assert refused.status_code == status, refused.text
    assert refused.json()["errors"][0]["field"] == field
    assert world.get("carl", PATH).json()["timezone"] == ""


def test_a_repeat_under_its_key_answers_the_same(world: World) -> None:
    first, again = (
        change(world, world.keys["carl"], {"language": "de"}, **{"Idempotency-Key": "k-1"}) for _ in range(2)
    )
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
