"""Who may ask: keys, scopes, signatures, tenants, partners."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from headgate import access
from headgate.kernel.clock import FixedClock
from headgate.store import Database
from tests.scenarios.api.world import BATCH, SOURCE, World, bearer, event, open_world, order
from tests.scenarios.channel import account, partner, person

NOBODY = "00000000-0000-7000-8000-000000000000"
BODY = json.dumps(event("e-1", order("O-1"))).encode()


def refused(response: httpx2.Response, status: int) -> str:
    """The detail of a problem with this status."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return str(response.json()["detail"])


def test_without_a_key_the_answer_says_how_to_prove_oneself(shared: World) -> None:
    response = shared.client.get("/v1/orders")
    assert "Bearer hgk_" in refused(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["hgk_nonsense", "Bearer", "", "hgk_" + "0" * 32 + "_" + "0" * 16 + "_" + "a" * 43])
def test_a_key_that_is_none_is_refused(shared: World, token: str) -> None:
    refused(shared.client.get("/v1/orders", headers={"Authorization": f"Bearer {token}"}), 401)


def test_another_scheme_than_bearer_is_refused(shared: World) -> None:
    refused(shared.client.get("/v1/orders", headers={"Authorization": f"Basic {shared.keys['carl']}"}), 401)


def test_a_revoked_key_is_refused_at_once(world: World) -> None:
    assert world.get("carl", "/v1/orders").status_code == 200
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        (key,) = access.list_api_keys(conn, principal=person("carl"))
        access.revoke_api_key(conn, world.context(), key.key_id)
    refused(world.get("carl", "/v1/orders"), 401)


def test_the_key_of_a_suspended_account_is_refused(world: World) -> None:
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        access.suspend(conn, world.context(), person("carl"))
    assert "suspended" in refused(world.get("carl", "/v1/orders"), 401)


def test_a_scope_limits_a_key_to_less_than_its_owner_may(shared: World) -> None:
    key = shared.key(person("carl"), "orders.read")
    assert shared.client.get("/v1/orders", headers=bearer(key)).status_code == 200
    assert "cases.read" in refused(shared.client.get("/v1/cases", headers=bearer(key)), 403)


def test_a_scope_gives_nothing_that_the_owner_has_lost(world: World) -> None:
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        access.revoke_role(conn, world.context(), person("carl"), "channel_manager")
    assert "orders.read" in refused(world.get("carl", "/v1/orders"), 403)


@pytest.mark.parametrize(
    ("who", "method", "path"),
    [
        ("desk", "POST", "/v1/approvals/00000000-0000-7000-8000-000000000000/decision"),
        ("carl", "POST", "/v1/price-exceptions"),
        ("carl", "GET", "/v1/audit"),
        ("carl", "POST", "/v1/agreements/00000000-0000-7000-8000-000000000000/approve"),
        ("carl", "POST", "/v1/policies/price_deviation/versions/1/approve"),
        ("fay", "POST", "/v1/policies"),
        ("audrey", "POST", "/v1/quarantine/00000000-0000-7000-8000-000000000000/replay"),
        ("adam", "GET", "/v1/orders"),
        ("erp", "GET", "/v1/cases"),
        ("carl", "POST", "/v1/events"),
    ],
)
def test_who_lacks_the_permission_is_told_its_name(shared: World, who: str, method: str, path: str) -> None:
    body: dict[str, str] | None = {} if path.startswith("/v1/policies/") else None
    response = shared.client.request(method, path, headers=bearer(shared.keys[who]), json=body)
    assert "permission " in refused(response, 403)


def test_another_tenants_key_sees_nothing_of_this_one(
    world: World, database: Database, make_tenant: Callable[[], UUID], clock: FixedClock, tmp_path: Path
) -> None:
    other = open_world(database, make_tenant(), clock, tmp_path)
    assert world.send(event("e-1", order("O-1"))).status_code == 202
    world.govern()
    assert world.get("carl", "/v1/orders/O-1").status_code == 200
    assert other.get("carl", "/v1/orders").json()["items"] == []
    refused(other.get("carl", "/v1/orders/O-1"), 404)
    refused(other.client.get("/v1/orders/O-1", headers=bearer(other.keys["carl"])), 404)


def test_a_key_with_its_tenant_exchanged_is_refused(shared: World, make_tenant: Callable[[], UUID]) -> None:
    forged = shared.keys["carl"].replace(shared.channel.tenant.hex, make_tenant().hex)
    refused(shared.client.get("/v1/orders", headers=bearer(forged)), 401)


def test_a_signed_event_is_taken(world: World) -> None:
    response = world.signed(BODY)
    assert response.status_code == 202
    assert [e["status"] for e in response.json()["events"]] == ["new"]


def test_the_source_may_be_named_in_a_header(world: World) -> None:
    at = world.channel.clock.now()
    response = world.client.post(
        "/v1/events",
        content=BODY,
        headers={
            "content-type": "application/cloudevents+json",
            "headgate-source": f"{world.slug}/{SOURCE}",
            "webhook-id": "m",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": access.sign(world.secret, "m", at, BODY),
        },
    )
    assert response.status_code == 202


def test_an_unsigned_event_is_refused_and_not_kept(world: World) -> None:
    response = world.client.post("/v1/events", content=BODY, headers={"content-type": "application/cloudevents+json"})
    assert "sign the request" in refused(response, 401)
    assert world.get("carl", "/v1/orders").json()["items"] == []


def test_a_wrong_signature_is_refused(shared: World) -> None:
    assert "does not fit" in refused(shared.signed(BODY, secret="whsec_" + "QUFB" * 10), 401)


def test_a_body_changed_after_signing_is_refused(shared: World) -> None:
    at = shared.channel.clock.now()
    response = shared.client.post(
        "/v1/events",
        params={"source": f"{shared.slug}/{SOURCE}"},
        content=BODY.replace(b"10.00", b"01.00"),
        headers={
            "content-type": "application/cloudevents+json",
            "webhook-id": "m",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": access.sign(shared.secret, "m", at, BODY),
        },
    )
    assert "does not fit" in refused(response, 401)


@pytest.mark.parametrize(("minutes", "said"), [(-6, "too old"), (6, "in the future")])
def test_a_signature_with_a_skewed_clock_is_refused(shared: World, minutes: int, said: str) -> None:
    at = shared.channel.clock.now() + timedelta(minutes=minutes)
    assert said in refused(shared.signed(BODY, at=at), 401)


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_little_clock_skew_is_fine(world: World, minutes: int) -> None:
    at = world.channel.clock.now() + timedelta(minutes=minutes)
    assert world.signed(BODY, at=at).status_code == 202


@pytest.mark.parametrize("source", ["nobody/webshop-1", "{slug}/unknown", "webshop-1", "/", "{slug}/", "{slug}/a%00b"])
def test_an_unknown_source_is_answered_like_a_wrong_signature(shared: World, source: str) -> None:
    refused(shared.signed(BODY, source=source.format(slug=shared.slug)), 401)


def test_the_secret_of_one_tenants_source_opens_no_other_tenant(
    shared: World, database: Database, make_tenant: Callable[[], UUID], clock: FixedClock
) -> None:
    other = open_world(database, make_tenant(), clock, shared.channel.app.settings.home)
    refused(shared.signed(BODY, source=f"{other.slug}/{SOURCE}"), 401)


def test_a_source_may_send_only_its_types(world: World) -> None:
    body = json.dumps([event("e-1", order("O-1")), event("e-2", {"items": []}, type="partner.recorded")]).encode()
    assert "may not send partner.recorded" in refused(world.signed(body, content_type=BATCH), 403)
    assert world.get("carl", "/v1/orders").json()["items"] == []


def test_a_key_with_the_scope_may_send_events(world: World) -> None:
    response = world.post("erp", "/v1/events", event("e-1", order("O-1")), content_type="application/cloudevents+json")
    assert response.status_code == 202


def test_a_partners_key_sees_its_own_orders_alone_and_no_internals(world: World) -> None:
    world.channel.send("credit_account.recorded", items=[account("A-2", "1000")])
    world.channel.send("partner.recorded", items=[partner("P-2", "A-2")])
    world.send(event("e-1", order("O-1")), event("e-2", order("O-2", partner="P-2")))
    world.govern()
    assert [o["order"] for o in world.get("pia", "/v1/orders").json()["items"]] == ["O-1"]
    assert [p["partner"] for p in world.get("pia", "/v1/partners").json()["items"]] == ["P-1"]
    refused(world.get("pia", "/v1/orders/O-2"), 404)
    refused(world.get("pia", "/v1/partners/P-2"), 404)
    own = world.get("pia", "/v1/orders/O-1").json()
    assert own["lines"][0]["cost"] is None
    assert own["lines"][0]["margin"] is None
    assert own["stake"] is None
    assert own["lines"][0]["price"] is None
    assert (own["credit"], own["release"], own["case_detail"]) == (None, None, None)
    assert (own["timeline"], own["events"], own["approvals"], own["decisions"]) == ([], [], [], [])
    assert "margin" not in {check["check"] for check in own["checks"]}
    staff = world.get("carl", "/v1/orders/O-1").json()
    assert staff["lines"][0]["cost"] == "6.00"
    assert staff["credit"]["levels"]


def test_a_partners_key_sees_what_can_be_promised_and_not_what_is_on_hand(shared: World) -> None:
    shown = shared.get("pia", "/v1/stock").json()["items"][0]
    assert shown["available"] == "100"
    assert shown["on_hand"] is None
    assert shared.get("carl", "/v1/stock").json()["items"][0]["on_hand"] == "100"
    assert shared.get("pia", "/v1/products").json()["items"][0]["cost"] is None


def test_a_partner_cannot_learn_of_margins_by_exceptions(world: World) -> None:
    world.send(event("e-1", order("O-1", ("S-2", "5", "61.00"))))
    world.govern()
    staff = world.get("carl", "/v1/orders/O-1").json()
    assert "margin_floor" in staff["exceptions"]
    for shown in (world.get("pia", "/v1/orders/O-1").json(), world.get("pia", "/v1/orders").json()["items"][0]):
        assert "margin" not in str(shown).replace("'margin': None", "")
        assert shown["exceptions"]
    assert "exception" in refused(world.get("pia", "/v1/orders", exception="margin_floor"), 403)
    assert world.get("pia", "/v1/orders").json()["totals"]["stake"] is None


@pytest.mark.parametrize(
    "path", ["/v1/policies", "/v1/agreements", "/v1/decisions", "/v1/cases", "/v1/tasks", f"/v1/cases/{NOBODY}"]
)
def test_what_is_internal_to_the_tenant_is_not_for_partners(shared: World, path: str) -> None:
    said = refused(shared.get("pia", path), 403)
    assert "not for partners" in said or "may not see" in said
