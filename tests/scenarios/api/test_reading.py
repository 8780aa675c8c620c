"""Choosing how times and numbers are written, over HTTP: seen and changed by a person with a key of their own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.api.world import World, bearer

PATH = "/v1/me/reading"


def change(world: World, name: str, body: Any, **headers: str) -> Any:
    return world.client.patch(PATH, json=body, headers={**bearer(world.keys[name]), **headers})


def test_a_person_sees_and_changes_how_they_read(world: World) -> None:
    assert world.get("carl", PATH).json() == {"timezone": "", "region": "", "language": ""}
    changed = change(world, "carl", {"timezone": "Asia/Tokyo", "region": "CH"})
    assert changed.status_code == 200
    assert changed.json() == {"timezone": "Asia/Tokyo", "region": "CH", "language": ""}
    only = change(world, "carl", {"region": ""})
    assert only.json() == {"timezone": "Asia/Tokyo", "region": "", "language": ""}, "what is left out stays"
    assert world.get("carl", "/v1/me/mails").json()["timezone"] == "Asia/Tokyo", "mails are on the same clock"
    assert change(world, "pia", {"timezone": "Europe/Lisbon"}).status_code == 200
    assert world.get("paul", PATH).json()["timezone"] == ""


def test_who_is_no_person_has_nothing_to_choose(world: World) -> None:
    assert world.get("erp", PATH).status_code == 403
    assert change(world, "erp", {"region": "CH"}).status_code == 403
    assert world.client.get(PATH).status_code == 401


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"timezone": "Mars/Olympus"}, 422, "timezone"),
        ({"region": "QQ"}, 422, "region"),
        ({"region": "de_DE"}, 422, "region"),
        ({"language": "xx"}, 422, "language"),
        ({"timezone": 5}, 400, "timezone"),
        ({"zone": "UTC"}, 400, "zone"),
    ],
)
def test_what_cannot_be_chosen_is_named_and_nothing_is_kept(
    world: World, body: dict[str, Any], status: int, field: str
) -> None:
    refused = change(world, "carl", {"region": "CH", **body})
    assert refused.status_code == status, refused.text
    assert refused.json()["errors"][0]["field"] == field
    assert world.get("carl", PATH).json() == {"timezone": "", "region": "", "language": ""}


def test_a_repeat_under_its_key_answers_the_same(world: World) -> None:
    first, again = (change(world, "carl", {"region": "CH"}, **{"Idempotency-Key": "k-1"}) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
