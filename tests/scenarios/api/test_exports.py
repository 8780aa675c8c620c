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
from headgate.ledger import audit_list
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
    ExportLoop(world.channel.app).serve_one(world.channel.tenant)


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


def test_a_download_that_broke_off_goes_on(world: World) -> None:
    export = world.post("adam", "/v1/exports", {}).json()["export"]
    work(world)
    path, key = f"/v1/exports/{export}/file", bearer(world.keys["adam"])
    before = taken(world)
    look = world.client.head(path, headers={**key, "Range": "bytes=0-9"})
    assert (look.status_code, look.content) == (200, b"")
    assert taken(world) == before, "nothing was taken by looking"
    whole = world.client.get(path, headers=key)
    size, etag = len(whole.content), whole.headers["etag"]
    assert etag == f'"{hashlib.sha256(whole.content).hexdigest()}"'
    for name in ("content-length", "etag", "repr-digest", "accept-ranges", "content-disposition", "content-type"):
        assert look.headers[name] == whole.headers[name]
    for asked, first, last in (
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        (f"bytes={size - 5}-", size - 5, size - 1),
        ("bytes=-7", size - 7, size - 1),
        (f"bytes=1-{size * 9}", 1, size - 1),
        (f"bytes=-{size * 9}", 0, size - 1),
    ):
        part = world.client.get(path, headers={**key, "Range": asked, "If-Range": etag})
        assert part.status_code == 206, asked
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.headers["content-length"] == str(last - first + 1)
        assert part.content == whole.content[first : last + 1]
        assert part.headers["repr-digest"] == whole.headers["repr-digest"]
    assert taken(world)[-1] == {"sha256": etag.strip('"'), "size": size, "first": 0, "last": size - 1}
    for asked in ("bytes=5-4", "bytes=-", "bytes=0-1,3-4", "pages=1-2", "bytes=a-b", "bytes=" + "9" * 30 + "-"):
        assert world.client.get(path, headers={**key, "Range": asked}).content == whole.content, asked
    for other in ('"0000"', f"W/{etag}", "Mon, 02 Mar 2026 09:00:00 GMT"):
        answer = world.client.get(path, headers={**key, "Range": "bytes=5-", "If-Range": other})
        assert (answer.status_code, answer.content) == (200, whole.content), other
    for asked in (f"bytes={size}-", "bytes=-0", f"bytes={size + 9}-{size + 10}"):
        refused = world.client.get(path, headers={**key, "Range": asked})
        assert refused.status_code == 416
        assert refused.headers["content-range"] == f"bytes */{size}"
        assert refused.json()["type"] == "/problems/beyond_the_end"
    assert world.client.head(path, headers=bearer(world.keys["carl"])).status_code == 403
    world.post("adam", f"/v1/exports/{export}/end", {})
    assert world.client.head(path, headers=key).status_code == 409


def taken(world: World) -> list[dict[str, object]]:
    """What was noted of downloads, oldest first."""
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        return [dict(e.body) for e in audit_list(conn, action="tenant_export.downloaded", limit=50)][::-1]


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
