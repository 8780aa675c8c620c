"""Domains over the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headgate.kernel.clock import FixedClock
from headgate.store import Database
from tests.domains import FakeDns
from tests.scenarios.api.world import World, bearer, new_tenant, open_world

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> FakeDns:
    fake = FakeDns()
    monkeypatch.setattr("headgate.connectors.dns.resolver.TxtResolver.__call__", lambda self, name: fake(name))
    return fake


@pytest.fixture
def world(database: Database, tmp_path: Path, dns: FakeDns) -> World:
    return open_world(database, new_tenant(database, NOW), FixedClock(NOW), tmp_path)


def test_a_domain_is_claimed_proved_and_given_up(world: World, dns: FakeDns) -> None:
    name = f"d-{world.channel.tenant.hex[:12]}.example"
    claimed = world.post("adam", "/v1/domains", {"domain": name})
    assert claimed.status_code == 201
    body = claimed.json()
    assert (body["status"], body["record_name"]) == ("claimed", f"_headgate-challenge.{name}")
    assert world.post("adam", "/v1/domains", {"domain": name}).status_code == 409
    path = f"/v1/domains/{name}"
    assert world.post("adam", f"{path}/check", None).json()["found"] == "no_name"
    early = world.post("adam", f"{path}/check", None)
    assert early.status_code == 429
    assert int(early.headers["retry-after"]) in range(1, 12)
    dns.texts |= {name: [], body["record_name"]: [body["record_value"]]}
    world.channel.clock.move(timedelta(seconds=11))
    assert world.post("adam", f"{path}/check", None).json()["status"] == "proven"
    assert [each["domain"] for each in world.get("adam", "/v1/domains").json()["items"]] == [name]
    assert world.get("adam", path).json()["seen_at"] is not None
    assert world.client.delete(path, headers=bearer(world.keys["adam"])).status_code == 204
    assert world.get("adam", path).status_code == 404


@pytest.mark.parametrize("wrong", ["com", "x.example/y", "", "x\0.example", 7])
def test_what_is_no_domain_names_its_field(world: World, wrong: object) -> None:
    answer = world.post("adam", "/v1/domains", {"domain": wrong})
    assert answer.status_code in (400, 422)
    assert "domain" in answer.text


def test_others_may_not(world: World) -> None:
    assert world.get("carl", "/v1/domains").status_code == 403
    assert world.post("carl", "/v1/domains", {"domain": "a.example"}).status_code == 403
