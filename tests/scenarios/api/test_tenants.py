"""A provider and its clients over HTTP: made, shut, limited, placed, asked to go; and what it may know of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from headgate.kernel.clock import FixedClock
from headgate.ledger import audit_list
from headgate.store import Database
from tests.scenarios.api.world import World, make_provider, new_tenant, open_world

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(database: Database, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A provider with two people who operate tenants."""
    home: Path = tmp_path_factory.mktemp("provider")
    made = open_world(database, new_tenant(database, NOW), FixedClock(NOW), home, public_url="https://headgate.example")
    make_provider(made, "olga", "otto")
    return made


def client(world: World, **changes: Any) -> dict[str, Any]:
    """A new client as answered."""
    wanted = {
        "slug": f"c-{uuid4().hex[:12]}",
        "name": "Client Ltd",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "packs": [],
        **changes,
    }
    answer = world.post("olga", "/v1/tenants", wanted)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def act(world: World, who: str, slug: str, what: str, **body: Any) -> Any:
    return world.post(who, f"/v1/tenants/{slug}/{what}", body)


def test_a_client_is_made_with_its_packs_and_its_administrator_is_invited_by_mail(world: World) -> None:
    made = client(
        world, packs=["order_governance"], administrator={"email": "ada@client.example", "name": "Ada"}, kind="provider"
    )
    assert (made["parent"], made["depth"], made["status"], made["kind"]) == (world.slug, 1, "active", "provider")
    with world.channel.app.database.transaction(UUID(made["id"])) as conn:
        assert conn.execute("select count(*) > 3 from policy_versions").fetchone() == (True,)
        held = conn.execute("select role from role_grants where principal = 'user:ada@client.example'").fetchall()
        assert held == [("tenant_admin",)]
        assert conn.execute("select type from outbox").fetchall() == [("mail.send",)]
    assert "token" not in str(made), "the link is for the administrator alone"


def test_a_client_is_shut_opened_and_limited_and_a_repeat_answers_the_same(world: World) -> None:
    slug = client(world)["slug"]
    key = {"Idempotency-Key": uuid4().hex}
    path, body = f"/v1/tenants/{slug}/suspend", {"reason": "unpaid"}
    headers = {"Authorization": f"Bearer {world.keys['olga']}", **key}
    first, again = (world.client.post(path, json=body, headers=headers) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert (first.json()["status"], first.json()["status_reason"]) == ("suspended", "unpaid")
    assert act(world, "olga", slug, "suspend", reason="again").status_code == 409
    assert act(world, "olga", slug, "resume").json()["status"] == "active"
    assert act(world, "olga", slug, "quotas", quotas={"people": 5}).json()["quotas"] == {"people": 5}
    assert act(world, "olga", slug, "quotas", quotas={"people": None}).json()["quotas"] == {}
    assert act(world, "olga", slug, "quotas", quotas={"gold": 1}).status_code == 422
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        told = [entry.action for entry in audit_list(conn, subject_type="client_tenant", subject=slug)]
    assert told == [
        "client_tenant.quotas_set",
        "client_tenant.quotas_set",
        "client_tenant.resumed",
        "client_tenant.suspended",
        "client_tenant.created",
    ]


def test_a_deletion_needs_two_people_and_can_be_withdrawn(world: World) -> None:
    slug = client(world)["slug"]
    asked = act(world, "olga", slug, "deletion", reason="the contract ended").json()
    assert asked["deletion"]["asked_by"] == f"provider:{world.slug}/user:olga@nordwind.example"
    assert asked["status"] == "active"
    assert act(world, "olga", slug, "deletion/confirm").status_code == 403
    confirmed = act(world, "otto", slug, "deletion/confirm").json()
    assert (confirmed["status"], confirmed["deletion"]["not_before"]) == ("deleting", "2026-04-01T09:00:00.000000Z")
    assert world.get("olga", f"/v1/tenants/{slug}").json()["deletion"] == confirmed["deletion"]
    taken_back = act(world, "olga", slug, "deletion/withdraw").json()
    assert (taken_back["status"], taken_back["deletion"]) == ("suspended", None)


def test_a_client_moves_within_the_tree_and_no_deeper_than_it_goes(world: World) -> None:
    middle, leaf = client(world, kind="provider")["slug"], client(world)["slug"]
    moved = act(world, "olga", leaf, "place", kind="client", parent=middle)
    assert moved.status_code == 200, moved.text
    assert (moved.json()["parent"], moved.json()["depth"]) == (middle, 2)
    assert act(world, "olga", middle, "place", kind="provider", parent=leaf).status_code == 409
    assert act(world, "olga", leaf, "place", kind="client", parent="nobody-there").status_code == 404
    back = act(world, "olga", leaf, "place", kind="client", parent=world.slug).json()
    assert (back["parent"], back["depth"]) == (world.slug, 1)


def test_who_does_not_operate_tenants_learns_nothing(world: World) -> None:
    slug = client(world)["slug"]
    for who in ("carl", "adam", "audrey", "erp"):
        assert world.get(who, "/v1/tenants").status_code == 403
        assert world.get(who, f"/v1/tenants/{slug}").status_code == 403
        assert act(world, who, slug, "suspend", reason="mine").status_code == 403
    assert world.get("olga", f"/v1/tenants/{world.slug}").status_code == 404, "not oneself"
    assert world.get("olga", "/v1/tenants/nobody").status_code == 404


def test_what_is_no_tenant_is_refused_and_nothing_is_made(world: World) -> None:
    before = world.get("olga", "/v1/tenants").json()
    good = {"slug": "fine-name", "name": "X", "currency": "EUR", "timezone": "Europe/Berlin"}
    for wrong, status in (
        ({"slug": "No"}, 400),
        ({"currency": "eur"}, 400),
        ({"currency": "ZZZ"}, 422),
        ({"timezone": "Mars/Olympus"}, 422),
        ({"kind": "operator"}, 400),
        ({"packs": ["../x"]}, 400),
        ({"residency": "Nowhere!"}, 422),
        ({"administrator": {"email": "nobody", "name": "N"}}, 422),
        ({"slug": world.slug}, 409),
        ({"parent": str(uuid4())}, 400),
    ):
        answer = world.post("olga", "/v1/tenants", {**good, **wrong})
        assert answer.status_code == status, f"{wrong}: {answer.text}"
    assert world.get("olga", "/v1/tenants").json() == before


def test_the_umbrella_tells_sums_of_those_below_and_names_nobody(world: World) -> None:
    slug = client(world)["slug"]
    rows = world.get("audrey", "/v1/umbrella?days=7").json()["items"]
    (mine,) = [row for row in rows if row["slug"] == slug]
    assert (mine["orders"], mine["order_value"], mine["people"], mine["currency"]) == (0, "0", 0, "EUR")
    assert world.get("carl", "/v1/umbrella").status_code == 403
