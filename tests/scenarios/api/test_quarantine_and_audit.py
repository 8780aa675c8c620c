"""What was put aside, sent again or dropped; and the chain that proves what happened."""

from __future__ import annotations

import psycopg

from headgate.ledger import QuarantineDraft, quarantine_add
from tests.scenarios.api.test_events import problem
from tests.scenarios.api.world import World, event, order
from tests.scenarios.channel import account, partner, person


def aside(world: World) -> str:
    """The one thing in quarantine."""
    (found,) = world.get("desk", "/v1/quarantine").json()["items"]
    return str(found["id"])


def test_an_event_is_replayed_once_its_partner_is_recorded(world: World) -> None:
    world.send(event("e-1", order("O-1", partner="P-2")))
    world.govern()
    held = aside(world)
    detail = world.get("desk", f"/v1/quarantine/{held}").json()
    assert (detail["kind"], detail["status"], detail["problems"][0]["value"]) == ("event", "open", "P-2")
    assert '"P-2"' in detail["raw"]
    world.channel.send("credit_account.recorded", items=[account("A-2", "1000")])
    world.channel.send("partner.recorded", items=[partner("P-2", "A-2")])
    world.govern()
    done = world.post("desk", f"/v1/quarantine/{held}/replay", {})
    assert done.status_code == 200, done.text
    assert (done.json()["event_id"], done.json()["subject"]) == ("e-1", "O-1")
    world.govern()
    assert world.get("carl", "/v1/orders/O-1").json()["status"] == "released"
    assert world.get("desk", f"/v1/quarantine/{held}").json()["status"] == "replayed"
    problem(world.post("desk", f"/v1/quarantine/{held}/replay", {}), 409, "conflict")


def test_an_event_is_replayed_with_mended_data(world: World) -> None:
    world.send(event("e-1", order("O-1", ("S-7", "1", "10.00"))))
    world.govern()
    held = aside(world)
    bad = problem(world.post("desk", f"/v1/quarantine/{held}/replay", {"data": {"order": "O-1"}}), 422, "invalid")
    assert bad["errors"]
    problem(world.post("desk", f"/v1/quarantine/{held}/replay", {"fix": {"a": "b"}}), 422, "invalid")
    done = world.post("desk", f"/v1/quarantine/{held}/replay", {"data": order("O-1")})
    assert done.json()["event_id"].startswith("e-1:mended")
    world.govern()
    assert world.get("carl", "/v1/orders/O-1").json()["lines"][0]["product"] == "S-1"


def test_dismissing_takes_a_reason_that_is_kept(world: World) -> None:
    world.send(event("e-1", order("O-1", partner="P-404")))
    world.govern()
    held = aside(world)
    problem(world.post("desk", f"/v1/quarantine/{held}/dismiss", {}), 400, "malformed")
    done = world.post("desk", f"/v1/quarantine/{held}/dismiss", {"reason": "a test of the shop"}).json()
    assert (done["status"], done["resolved_by"]) == ("dismissed", person("desk"))
    (entry,) = world.get("audrey", "/v1/audit", action="quarantine.dismissed").json()["items"]
    assert (entry["actor"], entry["body"]["reason"]) == (person("desk"), "a test of the shop")
    assert world.get("desk", "/v1/quarantine").json()["items"] == []
    assert len(world.get("desk", "/v1/quarantine", status="all").json()["items"]) == 1


def test_a_row_of_a_file_is_not_mended_as_an_event(world: World) -> None:
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        row = QuarantineDraft("row", "webshop", "no price", '{"price": ""}', file="a.csv", row_number=7)
        quarantine_add(conn, world.channel.clock.now(), [row])
    body = problem(world.post("desk", f"/v1/quarantine/{aside(world)}/replay", {"data": {}}), 422, "invalid")
    assert body["errors"][0]["field"] == "data"


def test_a_whole_chain_verifies_and_a_flipped_byte_is_located(world: World, superuser: psycopg.Connection) -> None:
    world.send(event("e-1", order("O-1")))
    world.govern()
    good = world.post("audrey", "/v1/audit/verify", {}).json()
    assert (good["ok"], good["findings"]) == (True, [])
    assert good["entries"] == good["head_seq"] > 0
    assert good["events"] > 0
    assert good["contents"] == {"decisions": 1, "checkpoints": 0}
    victim = world.get("audrey", "/v1/audit", subject="O-1").json()["items"][0]["seq"]
    superuser.execute(
        "update audit_entries set body = overlay(body placing 'X' from 20) where tenant_id = %s and seq = %s",
        [world.channel.tenant, victim],
    )
    bad = world.post("audrey", "/v1/audit/verify", {"deep": False}).json()
    assert not bad["ok"]
    assert (bad["findings"][0]["where"], bad["findings"][0]["seq"]) == ("audit", victim)
    shown = world.get("audrey", f"/v1/audit/{victim}").json()
    assert shown["proof"]["intact"] is False
    assert shown["proof"]["reason"]


def test_the_audit_chain_is_searched_by_who_what_and_which(world: World) -> None:
    world.send(event("e-1", order("O-1")), event("e-2", order("O-2", customer_reference="b")))
    world.govern()

    def found(**params: str) -> set[tuple[str, str]]:
        items = world.get("audrey", "/v1/audit", limit=200, **params).json()["items"]
        return {(e["action"], e["subject"]) for e in items}

    assert found(subject_type="order", subject="O-1") == {("order.submitted", "O-1")}
    assert found(action="order.submitted") == {("order.submitted", "O-1"), ("order.submitted", "O-2")}
    assert found(actor="source:webshop-1") == found(action="order.submitted")
    case = world.get("carl", "/v1/orders/O-2").json()["case"]
    assert found(case=case) == {("order.submitted", "O-2")}


def test_an_entry_that_does_not_exist_is_not_found(shared: World) -> None:
    problem(shared.get("audrey", "/v1/audit/999999"), 404, "not_found")
    problem(shared.get("audrey", "/v1/audit/9223372036854775808"), 400, "malformed")
