"""Targets, subscriptions, dead letters over the API; an order's commands on their way and back to its case."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import pytest

from headgate.connectors.delivery import Courier, Rules, WebhookPort, Wire
from headgate.ledger import audit_list
from headgate.process import case_of_subject
from tests.integration.connectors.delivery.receiver import receiving
from tests.scenarios.api.world import World, bearer
from tests.scenarios.channel import Channel

RULES = Rules(networks=(ip_network("127.0.0.0/8"),))
ERP = {"code": "erp", "url": "https://erp.example/hooks", "rate": "5", "ordered": True, "authorization": "Bearer x1"}


@dataclass(slots=True)
class Desk:
    """The API as these tests speak to it: path, who, body; the answer's JSON, with the status that is expected."""

    world: World

    @property
    def channel(self) -> Channel:
        return self.world.channel

    def get(self, path: str, who: str, *, expect: int = 200) -> Any:
        return self._call("GET", path, who, None, expect)

    def post(self, path: str, who: str, body: object, *, expect: int = 200) -> Any:
        return self._call("POST", path, who, body, expect)

    def patch(self, path: str, who: str, body: object, *, expect: int = 200) -> Any:
        return self._call("PATCH", path, who, body, expect)

    def _call(self, method: str, path: str, who: str, body: object, expect: int) -> Any:
        answer = self.world.client.request(method, path, json=body, headers=bearer(self.world.keys[who]))
        assert answer.status_code == expect, answer.text
        return answer.json()


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def courier(desk: Desk) -> Courier:
    app = desk.channel.app
    ports = {"webhook": WebhookPort(RULES, Wire(RULES))}
    return Courier(app.database, ports, app.envelope, app.clock, app.settings.lanes, lambda: 1.0)


def test_a_target_is_registered_changed_paused_and_its_secret_replaced(desk: Desk) -> None:
    made = desk.post("/v1/targets", "adam", ERP, expect=201)
    assert made["secret"].startswith("whsec_")
    assert made["target"]["breaker"]["state"] == "closed"
    assert (made["target"]["authorized"], made["target"]["rate"]) == (True, "5")
    again = desk.post("/v1/targets", "adam", ERP, expect=409)
    assert again["detail"] == "there is a target erp already"
    changed = desk.patch("/v1/targets/erp", "adam", {"rate": "0", "concurrency": 1})
    assert (changed["rate"], changed["concurrency"], changed["url"]) == (None, 1, ERP["url"])
    paused = desk.post("/v1/targets/erp/status", "adam", {"status": "paused", "reason": "inventory night"})
    assert (paused["status"], paused["status_reason"]) == ("paused", "inventory night")
    rotated = desk.post("/v1/targets/erp/secret", "adam", {"overlap_hours": 2})
    assert rotated["secret"] != made["secret"]
    seen = desk.get("/v1/targets/erp", "audrey")
    assert seen["secrets"] == 2
    everything = str(desk.get("/v1/targets", "audrey")) + str(seen)
    assert "whsec_" not in everything
    assert "Bearer" not in everything
    with desk.channel.app.database.transaction(desk.channel.tenant) as conn:
        written = audit_list(conn, subject="erp") and str(conn.execute("select body from audit_entries").fetchall())
    assert "whsec_" not in written
    assert "Bearer" not in written


@pytest.mark.parametrize(
    "url",
    ["http://erp.example/", "https://localhost.:9/", "https://10.0.0.1/", "https://[::ffff:10.0.0.1]/", "https://2130706433/",
     "https://a@erp.example/", "https://erp.example/\r\nx: y", "file:///etc/passwd"],
)  # fmt: skip
def test_a_subscriber_inside_is_refused_with_the_field(desk: Desk, url: str) -> None:
    answer = desk.post("/v1/subscriptions", "adam", {"code": "shop", "url": url}, expect=422)
    assert answer["errors"][0]["field"] == "url"


def test_a_subscription_takes_types_and_a_target_does_not(desk: Desk) -> None:
    body = {"code": "shop", "url": "https://shop.example/hooks", "types": ["order.*", "case.moved"]}
    made = desk.post("/v1/subscriptions", "adam", body, expect=201)
    assert made["subscription"]["types"] == ["case.moved", "order.*"]
    assert made["subscription"]["code"] == "shop"
    changed = desk.patch("/v1/subscriptions/shop", "adam", {"types": []})
    assert changed["types"] == []
    assert desk.get("/v1/subscriptions", "audrey")["items"][0]["code"] == "shop"
    desk.post("/v1/subscriptions", "adam", body | {"code": "two", "types": ["not a type"]}, expect=422)
    desk.post("/v1/targets", "adam", body | {"code": "erp"}, expect=400)
    desk.get("/v1/targets/subscription:shop", "audrey", expect=404)
    desk.get("/v1/subscriptions/nobody", "audrey", expect=404)


@pytest.mark.parametrize(
    ("who", "path", "body"),
    [
        ("audrey", "/v1/targets", ERP),
        ("desk", "/v1/subscriptions", ERP),
        ("fay", "/v1/dead-letters/replay", {"target": "erp", "reason": "because"}),
        ("desk", "/v1/targets/erp/ping", None),
    ],
)
def test_who_may_not_is_told_so(desk: Desk, who: str, path: str, body: object) -> None:
    assert "connections.write" in desk.post(path, who, body, expect=403)["detail"]
    desk.get("/v1/outbox", "fay", expect=403)


def test_an_orders_command_reaches_the_erp_and_the_case_hears_of_it(desk: Desk) -> None:
    channel = desk.channel
    with receiving() as erp, receiving() as shop:
        sender = courier(desk)
        channel.app.courier.ports["webhook"] = sender.ports["webhook"]  # type: ignore[index]
        desk.post("/v1/targets", "adam", ERP | {"url": erp.url}, expect=201)
        desk.post(
            "/v1/subscriptions",
            "adam",
            {"code": "shop", "url": shop.url, "types": ["case.moved", "command.*"]},
            expect=201,
        )
        channel.order("O-1", ("S-1", "10", "10.00"))
        channel.govern()
        assert desk.get("/v1/outbox?status=pending&target=erp", "desk")["items"][0]["type"] == "order.release"
        sender.record(channel.tenant, [sender.send(e) for e in sender.claim(channel.tenant, "erp", 5)])
        channel.govern()
        sender.record(channel.tenant, [sender.send(e) for e in sender.claim(channel.tenant, "subscription:shop", 9)])
        assert [r.event["type"] for r in erp.received] == ["order.release"]
        assert erp.received[0].event["data"]["order"] == "O-1"
        told = {r.event["type"]: r.event["data"] for r in shop.received}
        assert told["case.moved"]["to"] == "released"
        assert told["command.delivered"]["step"] == "order_released"
        [sent] = desk.get("/v1/outbox?status=sent&target=erp", "desk")["items"]
        detail = desk.get(f"/v1/outbox/{sent['id']}", "desk")
        assert [(t["outcome"], t["status"]) for t in detail["tries"]] == [("delivered", 200)]
        assert len(desk.get("/v1/targets/erp/attempts", "desk")["items"]) == 1
    with channel.app.database.transaction(channel.tenant) as conn:
        case = case_of_subject(conn, "order", "O-1")
        assert case is not None
        assert case["stage"] == "released"
        [entry] = audit_list(conn, action="command.delivered")
    assert entry.body["command"] == {"step": "order_released", "type": "order.release", "status": "delivered"}


def test_dead_letters_are_replayed_one_by_one_and_in_bulk(desk: Desk) -> None:
    channel = desk.channel
    with receiving() as erp:
        sender = courier(desk)
        channel.app.courier.ports["webhook"] = sender.ports["webhook"]  # type: ignore[index]
        for number in range(3):
            channel.order(f"O-{number}", ("S-1", str(10 + number), "10.00"))
        channel.govern()
        assert desk.get("/v1/unrouted", "desk")["items"][0]["pending"] == 3
        desk.post("/v1/targets", "adam", ERP | {"url": erp.url, "rate": "0"}, expect=201)
        erp.answer(422)
        sender.record(channel.tenant, [sender.send(e) for e in sender.claim(channel.tenant, "erp", 9)])
        channel.govern()
        dead = desk.get("/v1/outbox?status=dead&limit=2", "desk")
        assert len(dead["items"]) == 2
        assert len(desk.get(f"/v1/outbox?status=dead&cursor={dead['next_cursor']}", "desk")["items"]) == 1
        one = dead["items"][0]["id"]
        desk.post(f"/v1/outbox/{one}/replay", "adam", {}, expect=400)
        assert desk.post(f"/v1/outbox/{one}/replay", "adam", {"reason": "mended"})["status"] == "pending"
        desk.post(f"/v1/outbox/{one}/replay", "adam", {"reason": "mended"}, expect=409)
        desk.post("/v1/dead-letters/replay", "adam", {"reason": "mended"}, expect=422)
        done = desk.post(
            "/v1/dead-letters/dismiss", "adam", {"ids": [dead["items"][1]["id"]], "reason": "entered by hand"}
        )
        assert len(done["ids"]) == 1
        assert len(desk.post("/v1/dead-letters/replay", "adam", {"target": "erp", "reason": "mended"})["ids"]) == 1
        erp.answer(200)
        sender.record(channel.tenant, [sender.send(e) for e in sender.claim(channel.tenant, "erp", 9)])
        channel.govern()
        states = [c["status"] for c in desk.get("/v1/outbox", "desk")["items"]]
        assert sorted(states) == ["dismissed", "sent", "sent"]
