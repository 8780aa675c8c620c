"""The token endpoint as a client library meets it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from headgate import access
from headgate.access.clients import NewSecret, create_client
from headgate.kernel.clock import FixedClock
from headgate.store import Database
from tests.scenarios.api.world import World, bearer, new_tenant, open_world

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return open_world(database, new_tenant(database, NOW), FixedClock(NOW), tmp_path)


@pytest.fixture
def client(world: World) -> NewSecret:
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        access.create_service(conn, world.context(), code="bridge", name="Bridge")
        access.grant_role(conn, world.context(), "service:bridge", "integration")
        return create_client(conn, world.context(), "service:bridge", name="Bridge", scopes=["orders.read"])


def basic(client: NewSecret) -> dict[str, str]:
    joined = f"{quote_plus(client.client)}:{quote_plus(client.secret)}"
    return {"Authorization": f"Basic {base64.b64encode(joined.encode()).decode()}"}


def ask(world: World, fields: dict[str, str], headers: dict[str, str] | None = None) -> Any:
    return world.client.post("/oauth/token", data=fields, headers=headers or {})


def test_a_token_asked_for_in_the_header_or_in_the_form_opens_the_api(world: World, client: NewSecret) -> None:
    grant = {"grant_type": "client_credentials"}
    in_form = grant | {"client_id": client.client, "client_secret": client.secret}
    for fields, headers in ((grant, basic(client)), (in_form, {})):
        answer = ask(world, fields, headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 900, "orders.read")
        opened = bearer(body["access_token"])
        assert world.client.get("/v1/orders", headers=opened).status_code == 200
        assert world.client.get("/v1/audit", headers=opened).status_code == 403
        revoked = world.client.post(
            "/oauth/revoke",
            data={"token": body["access_token"], "client_id": client.client, "client_secret": client.secret},
        )
        assert revoked.status_code == 200
        assert world.client.get("/v1/orders", headers=opened).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"scope": "admin"}, 400, "invalid_scope"),
        ({"audience": "scim"}, 400, "invalid_target"),
        ({"scope": "a\0b"}, 400, "invalid_request"),
        ({"scope": "x" * 17_000}, 400, "invalid_request"),
    ],
)
def test_a_refusal_is_in_the_words_of_oauth(
    world: World, client: NewSecret, changes: dict[str, str], status: int, error: str
) -> None:
    fields = {
        "grant_type": "client_credentials",
        "client_id": client.client,
        "client_secret": client.secret,
    }
    answer = ask(world, fields | changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert client.secret not in answer.text


def test_two_ways_of_proving_a_field_twice_json_and_a_broken_header_are_refused(
    world: World, client: NewSecret
) -> None:
    both = {"grant_type": "client_credentials", "client_id": client.client, "client_secret": client.secret}
    assert ask(world, both, basic(client)).json()["error"] == "invalid_request"
    twice = world.client.post(
        "/oauth/token",
        content="grant_type=client_credentials&scope=a&scope=b",
        headers={**basic(client), "content-type": "application/x-www-form-urlencoded"},
    )
    assert twice.json()["error"] == "invalid_request"
    assert world.client.post("/oauth/token", json=both).json()["error"] == "invalid_request"
    for header in ("Basic", "Basic !!!", "Basic eA==", "Bearer x", "Basic " + base64.b64encode(b"\xff:x").decode()):
        answer = ask(world, {"grant_type": "client_credentials"}, {"Authorization": header})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), header
        assert answer.headers["www-authenticate"].startswith("Basic")
    assert world.client.get("/oauth/token").status_code == 405


@pytest.mark.slow
def test_whoever_guesses_secrets_is_told_to_rest(database: Database, tmp_path: Path) -> None:
    slow = open_world(database, new_tenant(database, NOW), FixedClock(NOW), tmp_path, refusals_per_minute=2)
    wrong = {"grant_type": "client_credentials", "client_id": "hgc_x", "client_secret": "wrong"}
    assert [ask(slow, wrong).status_code for _ in range(3)] == [401, 401, 429]


def test_the_server_says_what_it_can_do(world: World) -> None:
    told = world.client.get("/.well-known/oauth-authorization-server").json()
    assert told["token_endpoint"].endswith("/oauth/token")
    assert told["grant_types_supported"] == ["client_credentials"]
    assert "orders.read" in told["scopes_supported"]
