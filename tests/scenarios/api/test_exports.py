"""A tenant takes everything away over HTTP: asked for, watched, downloaded and checked, ended; and who may not."""

from __future__ import annotations

import base64
import hashlib
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headgate.access.tenancy import check_export, resume_tenant, suspend_tenant
from headgate.kernel.clock import FixedClock
from headgate.store import Database
from headgate.worker import ExportLoop
from tests.scenarios.api.world import World, bearer, new_tenant, open_world
from tests.scenarios.channel import person

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(database: Database, tmp_path_factory: pytest.TempPathFactory) -> World:
    home: Path = tmp_path_factory.mktemp("exports")
    return open_world(database, new_tenant(database, NOW), FixedClock(NOW), home)


def work(world: World) -> None:
    """Let a worker serve this tenant."""
    ExportLoop(world.channel.app)._serve(world.channel.tenant)


def test_everything_is_asked_for_downloaded_checked_and_ended(world: World) -> None:
    asked = world.post("adam", "/v1/exports", {}, Idempotency_Key="take-1")
    assert asked.status_code == 202, asked.text
    export = asked.json()["export"]
    assert asked.json()["status"] == "queued"
    again = world.post("adam", "/v1/exports", {}, Idempotency_Key="take-1")
    assert (again.status_code, again.json()["export"]) == (202, export)
    second = world.post("adam", "/v1/exports", {})
    assert (second.status_code, second.json()["type"]) == (409, "/problems/conflict")
    assert world.get("adam", f"/v1/exports/{export}/file").status_code == 409, "it is not ready"
    work(world)
    told = world.get("adam", f"/v1/exports/{export}").json()
    assert (told["status"], told["tables_done"], told["error"]) == ("ready", told["tables"], "")
    assert world.get("adam", "/v1/exports").json()["items"] == [told]
    file = world.get("adam", f"/v1/exports/{export}/file")
    digest = hashlib.sha256(file.content)
    assert file.headers["content-type"] == "application/zip"
    assert file.headers["content-length"] == str(told["size"])
    assert file.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert digest.hexdigest() == told["sha256"]
    assert check_export(io.BytesIO(file.content))["slug"] == world.slug
    ended = world.post("adam", f"/v1/exports/{export}/end", {})
    assert (ended.status_code, ended.json()["status"], ended.json()["ended_by"]) == (200, "removed", person("adam"))
    assert world.get("adam", f"/v1/exports/{export}/file").status_code == 409


def test_the_week_is_over_for_everybody(world: World) -> None:
    export = world.post("adam", "/v1/exports", {}).json()["export"]
    work(world)
    world.channel.clock.move(timedelta(days=7))
    assert world.get("adam", f"/v1/exports/{export}").json()["status"] == "removed"
    assert world.get("adam", f"/v1/exports/{export}/file").status_code == 409


@pytest.mark.parametrize("who", ["carl", "audrey", "desk", "erp", "pia"])
def test_it_takes_the_permission(world: World, who: str) -> None:
    assert world.post(who, "/v1/exports", {}).status_code == 403
    assert world.get(who, "/v1/exports").status_code == 403


def test_a_key_without_the_scope_does_not_do(world: World) -> None:
    key = world.key(person("adam"), "admin")
    answer = world.client.post("/v1/exports", json={}, headers=bearer(key))
    assert answer.status_code == 403
    assert "tenant.export" in answer.text


def test_what_is_said_beside_is_refused(world: World) -> None:
    answer = world.post("adam", "/v1/exports", {"tables": ["orders"]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "tables")


def test_a_tenant_that_is_shut_still_takes_its_data_away_and_does_nothing_else(world: World) -> None:
    database, tenant = world.channel.app.database, world.channel.tenant
    with database.transaction(tenant) as conn:
        suspend_tenant(conn, world.context(), "unpaid")
    try:
        asked = world.post("adam", "/v1/exports", {})
        assert asked.status_code == 202, asked.text
        work(world)
        assert world.get("adam", f"/v1/exports/{asked.json()['export']}/file").status_code == 200
        assert world.post("carl", "/v1/exports", {}).status_code == 403
        assert world.client.patch("/v1/security", json={}, headers=bearer(world.keys["adam"])).status_code == 403
    finally:
        with database.transaction(tenant) as conn:
            resume_tenant(conn, world.context())
