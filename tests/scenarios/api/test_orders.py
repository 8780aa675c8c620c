"""Looking at an order: everything that led to how it stands, with proof."""

from __future__ import annotations

import hashlib
import json

from headgate.kernel.tabular import expand
from tests.scenarios.api.world import World, event, order


def test_an_order_explains_itself(world: World) -> None:
    world.send(event("e-1", order("O-1", ("S-1", "10", "8.00"))))
    world.govern()
    found = world.get("carl", "/v1/orders/O-1").json()
    assert (found["status"], found["outcome"], found["exceptions"]) == ("held", "hold", ["price_deviation"])
    assert found["total"] == {"amount": "80.00", "currency": "EUR"}
    (line,) = found["lines"]
    assert (line["contract_price"], line["price"]["unit_price"], line["price"]["winner"]) == (
        "10.00",
        "10.00",
        "LIST r1 #1",
    )
    assert line["price"]["candidates"][0]["verdict"] == "wins"
    assert line["price"]["candidates"][0]["reason"]
    (check,) = [c for c in found["checks"] if c["outcome"] == "hold"]
    assert (check["check"], check["line"], check["exception"]) == ("price", "1", "price_deviation")
    assert check["evaluation"]["policy"] == "price_deviation"
    assert check["evaluation"]["version"] == 1
    assert check["evaluation"]["rows"] == ["deep_discount"]
    assert check["evaluation"]["inputs"]["deviation_pct"] == "20"
    assert check["evaluation"]["reasons"]
    assert check["evaluation"]["clauses"]
    level = found["credit"]["levels"][0]
    assert (level["account"], level["exposure_after"], level["credit_limit"]) == ("A-1", "80.00", "1000")
    assert found["tax_snapshot"]["lines"][0]["jurisdiction"] == "DE"
    assert line["allocation"]["picks"] == [{"warehouse": "BER", "quantity": "10"}]
    assert found["reservations"] == []
    assert {d["policy"] for d in found["decisions"]} == {"order_release", "approval_matrix"}
    (approval,) = found["approvals"]
    assert [s["role"] for s in approval["steps"]] == ["channel_manager", "finance_director"]
    assert [e["id"] for e in found["events"]] == ["e-1"]
    assert found["timeline"][0]["action"] == "order.submitted"
    assert all(
        entry["proof"] == {"intact": True, "reason": "", "head_seq": entry["proof"]["head_seq"]}
        for entry in found["timeline"]
    )


def test_the_story_of_a_decided_order_names_who_and_why(world: World) -> None:
    world.send(event("e-1", order("O-1", ("S-1", "10", "8.00"))))
    world.govern()
    world.channel.decide("carl", "O-1", because="the partner matched an offer")
    world.channel.decide("fiona", "O-1", because="fine for this quarter")
    found = world.get("carl", "/v1/orders/O-1").json()
    assert found["status"] == "released"
    votes = found["approvals"][0]["votes"]
    assert [(v["principal"], v["justification"]) for v in votes] == [
        ("user:carl@nordwind.example", "the partner matched an offer"),
        ("user:fiona@nordwind.example", "fine for this quarter"),
    ]
    assert any(check["waived"] for check in found["checks"])
    assert [(r["warehouse"], r["quantity"], r["status"]) for r in found["reservations"]] == [("BER", "10", "held")]
    assert [e["type"] for e in found["events"]][-1] == "order.submitted"


def test_a_code_with_a_slash_is_found(world: World) -> None:
    world.send(event("e-1", order("2026/03/7")))
    world.govern()
    assert world.get("carl", "/v1/orders/2026%2F03%2F7").json()["order"] == "2026/03/7"


def test_orders_are_found_by_every_filter(world: World) -> None:
    world.send(
        event("e-1", order("O-1")),
        event("e-2", order("O-2", ("S-1", "10", "8.00"), customer_reference="PO-77")),
        event("e-3", order("O-3", ("S-1", "3", "10.00"), storefront="fair", placed_at="2026-03-01T12:00:00Z")),
    )
    world.govern()

    def found(**params: str) -> list[str]:
        return [o["order"] for o in world.get("carl", "/v1/orders", **params).json()["items"]]

    assert found() == ["O-2", "O-1", "O-3"]
    assert found(status="held") == ["O-2"]
    assert found(exception="price_deviation") == ["O-2"]
    assert found(storefront="fair") == ["O-3"]
    assert found(partner="P-1") == ["O-2", "O-1", "O-3"]
    assert found(partner="P-9") == []
    assert found(q="po-77") == ["O-2"]
    assert found(since="2026-03-02T00:00:00Z") == ["O-2", "O-1"]
    assert found(until="2026-03-02T00:00:00+01:00") == ["O-3"]
    totals = world.get("carl", "/v1/orders", status="released").json()["totals"]
    assert totals == {
        "orders": 2,
        "total": {"amount": "40.00", "currency": "EUR"},
        "stake": {"amount": "0", "currency": "EUR"},
    }


def test_a_decisions_digest_can_be_checked_by_anyone(world: World) -> None:
    world.send(event("e-1", order("O-1")))
    world.govern()
    order_view = world.get("carl", "/v1/orders/O-1").json()
    decision = world.get("carl", f"/v1/decisions/{order_view['decision']}").json()
    record = json.loads(decision["record"])
    assert expand(record) == decision["evaluations"]
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == decision["digest"]


def test_an_audit_entry_can_be_checked_by_anyone(world: World) -> None:
    world.send(event("e-1", order("O-1")))
    world.govern()
    seq = world.get("audrey", "/v1/audit", subject="O-1").json()["items"][0]["seq"]
    entry = world.get("audrey", f"/v1/audit/{seq}").json()
    assert hashlib.sha256(entry["text"].encode()).hexdigest() == entry["hash"]
    proof = entry["inclusion"]
    node, index, size = hashlib.sha256(b"\x00" + bytes.fromhex(entry["hash"])).digest(), proof["index"], proof["size"]
    last = size - 1
    for sibling in map(bytes.fromhex, proof["path"]):  # RFC 9162, 2.1.3.2
        if index % 2 or index == last:
            node = hashlib.sha256(b"\x01" + sibling + node).digest()
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + sibling).digest()
        index, last = index >> 1, last >> 1
    assert node.hex() == proof["root"]
