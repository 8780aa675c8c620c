"""One tenant provisions into another tenant's own SCIM server, over HTTP on both sides."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uvicorn

from headgate import access
from headgate.access.federation import map_group
from headgate.api import create_app
from headgate.kernel.clock import FixedClock
from headgate.kernel.errors import NotFound
from headgate.store import Database
from headgate.worker import ProvisioningLoop
from tests.scenarios.api.world import World, new_tenant, open_world

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(slots=True)
class Pair:
    """A tenant with people, and one that takes them by SCIM at `address` with `token`."""

    giver: World
    taker: World
    address: str
    token: str

    def work(self) -> None:
        """What the worker does."""
        ProvisioningLoop(self.giver.channel.app).step()

    def target(self, name: str, **chosen: Any) -> str:
        """A target that is active."""
        body = {"name": name, "url": self.address, "token": self.token, **chosen}
        answer = self.giver.post("adam", "/v1/provisioning/targets", body)
        assert answer.status_code == 201, answer.text
        id = str(answer.json()["target"])
        self.post(f"/targets/{id}/status", {"status": "active"})
        return id

    def post(self, path: str, body: Any, who: str = "adam") -> Any:
        """A write; its answer."""
        answer = self.giver.post(who, f"/v1/provisioning{path}", body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def get(self, path: str, **params: Any) -> Any:
        """A reading."""
        answer = self.giver.get("adam", f"/v1/provisioning{path}", **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def run(self, target: str, kind: str = "run") -> Any:
        """A run from asking to its end."""
        asked = self.post(f"/targets/{target}/runs", {"kind": kind})
        self.work()
        return self.get(f"/runs/{asked['run']}")

    def account(self, name: str) -> access.Account:
        """An account of the taker."""
        channel = self.taker.channel
        with channel.app.database.transaction(channel.tenant) as conn:
            return access.get_account(conn, f"user:{name}@nordwind.example", channel.clock.now())

    def hire(self, name: str, *roles: str) -> str:
        """Somebody new at the giver."""
        channel = self.giver.channel
        with channel.app.database.transaction(channel.tenant) as conn:
            made = access.create_person(
                conn, self.giver.context(), email=f"{name.lower()}@nordwind.example", name=f"{name} Newman"
            )
            for role in roles:
                access.grant_role(conn, self.giver.context(), made.principal, role)
        return made.principal


@pytest.fixture(scope="module")
def pair(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    giver, taker = (
        open_world(
            database,
            new_tenant(database, NOW),
            FixedClock(NOW),
            tmp_path_factory.mktemp(name),
            outbound_allow=("127.0.0.1/32",),
        )
        for name in ("giver", "taker")
    )
    with database.transaction(taker.channel.tenant) as conn:
        access.create_service(conn, taker.context(), code="idp", name="IdP")
        access.grant_role(conn, taker.context(), "service:idp", "provisioning")
        map_group(conn, taker.context(), "scim", "Auditors", "auditor")
    token = taker.key("service:idp", "scim")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)
        config = uvicorn.Config(create_app(taker.channel.app), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield Pair(giver, taker, f"http://127.0.0.1:{listening.getsockname()[1]}/scim/v2", token)
        finally:
            server.should_exit = True
            thread.join(60)


def test_people_of_one_tenant_become_accounts_of_another_and_leave_again(pair: Pair) -> None:
    pair.hire("Zora", "auditor")
    zeno = pair.hire("Zeno", "auditor")
    target = pair.target("Other house", scope={"people": "staff", "roles": ["auditor"]}, groups={"auditor": "Auditors"})

    seen = pair.post(f"/targets/{target}/check", {})
    assert seen["check_error"] == ""
    assert {f["text"]: f["able"] for f in seen["findings"]}["Changes single attributes (PATCH)"] is True
    preview = pair.run(target, "preview")
    # Audrey, the auditor of both, is known there by her address already, and not by SCIM.
    assert (preview["status"], preview["people"]) == ("done", 3)
    steps = pair.get(f"/runs/{preview['run']}/steps")["items"]
    assert {step["verb"] for step in steps} == {"create"}
    with pytest.raises(NotFound):
        pair.account("zora")

    done = pair.run(target)

    assert (done["status"], done["steps_failed"]) == ("done", 0)
    assert pair.account("zora").status == "active"
    assert pair.account("zora").roles == ("auditor",)
    assert pair.run(target)["steps"] == 0
    channel = pair.giver.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        access.suspend(conn, pair.giver.context(), zeno)
    pair.giver.channel.clock.move(timedelta(minutes=1))
    left = pair.run(target)
    assert left["status"] == "done"
    assert pair.account("zeno").status == "suspended"
    assert pair.account("zeno").roles == ()
    verbs = [step["verb"] for step in pair.get(f"/runs/{left['run']}/steps")["items"]]
    assert verbs == ["deactivate", "change"]
    assert pair.get(f"/targets/{target}")["accounts"] == 2


def test_lists_are_paged_and_a_cursor_that_is_none_is_refused(pair: Pair) -> None:
    target = pair.target("A paged one", scope={"people": "partners"})
    for _ in range(3):
        pair.run(target, "preview")
        pair.giver.channel.clock.move(timedelta(seconds=1))

    first = pair.get(f"/targets/{target}/runs", limit=2)
    second = pair.get(f"/targets/{target}/runs", limit=2, cursor=first["next_cursor"])

    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (2, 1, "")
    assert len({run["run"] for run in first["items"] + second["items"]}) == 3
    steps = pair.get(f"/runs/{first['items'][0]['run']}/steps", limit=1)
    more = pair.get(f"/runs/{first['items'][0]['run']}/steps", limit=1, cursor=steps["next_cursor"])
    assert steps["items"][0]["place"] < more["items"][0]["place"]
    wrong = pair.giver.get("adam", f"/v1/provisioning/runs/{first['items'][0]['run']}/steps", cursor="WyJ4Il0")
    assert wrong.status_code == 422
    found = pair.get("/targets", limit=1)
    assert found["next_cursor"]


def test_what_is_wrong_is_told_and_a_token_is_never_answered(pair: Pair) -> None:
    inside = {"name": "Inside", "url": "https://10.0.0.1/scim", "token": pair.token}
    refused = pair.giver.post("adam", "/v1/provisioning/targets", inside)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "url")
    target = pair.target("Secretive")
    told = pair.giver.get("adam", f"/v1/provisioning/targets/{target}").text
    assert pair.token not in told
    paused = pair.giver.post("adam", f"/v1/provisioning/targets/{target}/status", {"status": "paused"})
    assert pair.token not in paused.text
    again = pair.giver.post("adam", f"/v1/provisioning/targets/{target}/runs", {"kind": "run"})
    assert again.status_code == 409
    gone = pair.giver.client.delete(
        f"/v1/provisioning/targets/{target}", headers={"authorization": f"Bearer {pair.giver.keys['adam']}"}
    )
    assert gone.status_code == 204
    assert pair.giver.get("adam", f"/v1/provisioning/targets/{target}").status_code == 404


def test_an_auditor_looks_and_does_nothing_and_others_do_not_even_look(pair: Pair) -> None:
    target = pair.target("Looked at")
    assert pair.giver.get("audrey", f"/v1/provisioning/targets/{target}").status_code == 200
    assert pair.giver.post("audrey", f"/v1/provisioning/targets/{target}/runs", {"kind": "preview"}).status_code == 403
    assert pair.giver.get("desk", "/v1/provisioning/targets").status_code == 403
