"""Saved views over HTTP: kept, listed, changed, shared, chosen and removed; and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from headgate.kernel.clock import FixedClock
from headgate.ledger import audit_list
from headgate.store import Database
from tests.scenarios.api.world import World, bearer, new_tenant, open_world
from tests.scenarios.channel import person

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(database: Database, tmp_path_factory: pytest.TempPathFactory) -> World:
    home: Path = tmp_path_factory.mktemp("saved")
    return open_world(database, new_tenant(database, NOW), FixedClock(NOW), home)


def patch(world: World, who: str, view: str, **body: Any) -> Any:
    return world.client.patch(f"/v1/saved-views/{view}", json=body, headers=bearer(world.keys[who]))


def keep(world: World, who: str, name: str, **more: Any) -> dict[str, Any]:
    body = {"list": "orders", "name": name, "filters": {"status": ["held"]}, **more}
    answer = world.post(who, "/v1/saved-views", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def names(world: World, who: str, **params: Any) -> list[str]:
    return [each["name"] for each in world.get(who, "/v1/saved-views", **params).json()["items"]]


def test_a_view_is_kept_renamed_filtered_anew_made_the_default_and_removed(world: World) -> None:
    wanted = {"status": ["held"], "column": ["status", "margin"]}
    made = keep(world, "desk", "Held", filters=wanted)
    assert made["filters"] == wanted
    assert made["path"] == f"/orders?status=held&column=status&column=margin&view={made['view']}"
    assert (made["owner"], made["shared"], made["default"], made["lost"]) == (person("desk"), False, False, [])
    renamed = patch(world, "desk", made["view"], name="On hold", default=True).json()
    assert (renamed["name"], renamed["default"], renamed["filters"]) == ("On hold", True, wanted)
    other = patch(world, "desk", made["view"], filters={"partner": ["P-1"]}).json()
    assert (other["name"], other["filters"], other["default"]) == ("On hold", {"partner": ["P-1"]}, True)
    assert names(world, "desk") == ["On hold"]
    assert names(world, "desk", list="deals") == []
    assert names(world, "carl") == [], "it is not shared"
    assert patch(world, "carl", made["view"], name="Mine now").status_code == 404
    assert world.post("carl", f"/v1/saved-views/{made['view']}/delete", {}).status_code == 404
    gone = world.post("desk", f"/v1/saved-views/{made['view']}/delete", {})
    assert (gone.status_code, gone.json()["name"]) == (200, "On hold")
    assert names(world, "desk") == []


def test_who_leads_shares_and_a_colleague_opens_the_list_with_it(world: World) -> None:
    made = keep(world, "carl", "For all", shared=True)
    assert names(world, "desk") == ["For all"]
    chosen = world.post("desk", f"/v1/saved-views/{made['view']}/open", {"chosen": True})
    assert (chosen.status_code, chosen.json()["default"]) == (200, True)
    assert world.get("desk", "/v1/saved-views").json()["items"][0]["default"]
    assert not world.get("carl", "/v1/saved-views").json()["items"][0]["default"]
    assert patch(world, "desk", made["view"], name="Stolen").status_code == 404
    assert world.post("carl", f"/v1/saved-views/{made['view']}/open", {"chosen": True}).status_code == 404
    assert not patch(world, "carl", made["view"], shared=False).json()["shared"]
    assert names(world, "desk") == []
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        noted = [each.action for each in audit_list(conn, subject=made["view"], limit=10)][::-1]
    assert noted == ["saved_view.shared", "saved_view.unshared"]
    world.post("carl", f"/v1/saved-views/{made['view']}/delete", {})


def test_who_does_not_lead_does_not_share_and_a_name_is_taken_once(world: World) -> None:
    body = {"list": "orders", "name": "Twice", "filters": {"q": ["x"]}}
    assert world.post("desk", "/v1/saved-views", {**body, "shared": True}).status_code == 403
    assert world.post("desk", "/v1/saved-views", body, Idempotency_Key="v-1").status_code == 201
    again = world.post("desk", "/v1/saved-views", body, Idempotency_Key="v-1")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    taken = world.post("desk", "/v1/saved-views", body)
    assert taken.status_code == 409
    assert "already" in taken.json()["detail"]


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"tier": ["gold"]}, "filters.tier"),
        ({"status": ["gone"]}, "filters.status"),
        ({"since": ["2026-02-30"]}, "filters.since"),
        ({"status": ["held", "released"]}, "filters.status"),
        ({"status": []}, "filters.status"),
    ],
)
def test_what_the_list_does_not_know_is_refused_by_name(world: World, filters: Any, field: str) -> None:
    answer = world.post("desk", "/v1/saved-views", {"list": "orders", "name": "Odd", "filters": filters})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert "Odd" not in names(world, "desk")


@pytest.mark.parametrize("change", [{"filters": {}}, {"name": ""}, {"list": "clients"}, {"name": "x" * 61}])
def test_what_does_not_fit_the_schema_is_refused(world: World, change: dict[str, Any]) -> None:
    body = {"list": "orders", "name": "Odd", "filters": {"q": ["x"]}, **change}
    assert world.post("desk", "/v1/saved-views", body).status_code == 400


def test_lists_that_one_may_not_see_have_no_views(world: World) -> None:
    audit = {"list": "audit", "name": "Grants", "filters": {"action": ["role.granted"]}}
    assert world.post("desk", "/v1/saved-views", audit).status_code == 404
    assert world.post("audrey", "/v1/saved-views", audit).status_code == 201
    assert world.get("pia", "/v1/saved-views").status_code == 403, "partners have the portal"
    assert patch(world, "desk", str(uuid4()), name="x").status_code == 404
