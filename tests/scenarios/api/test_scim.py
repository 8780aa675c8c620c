"""Provisioning as an identity provider does it, over HTTP, and every check of scim2-tester."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from headgate import access
from headgate.access.federation import map_group, set_rules
from headgate.api import create_app
from headgate.kernel.clock import FixedClock
from headgate.kernel.errors import Unauthenticated
from headgate.ledger import audit_list
from headgate.store import Database
from tests.scenarios.api.world import World, bearer, new_tenant, open_world

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Directory:
    """A tenant and what provisions it."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.channel.app.database.transaction(world.channel.tenant) as conn:
            access.create_service(conn, world.context(), code="idp", name="IdP")
            access.grant_role(conn, world.context(), "service:idp", "provisioning")
            map_group(conn, world.context(), "scim", "Order desk", "order_desk")
            map_group(conn, world.context(), "scim", "Auditors", "auditor")
        self.key = world.key("service:idp", "scim")

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A request of the provider's."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.world.client.request(
            method,
            f"/scim/v2{path}",
            json=body,
            headers={
                **bearer(self.key),
                **({"content-type": "application/scim+json"} if body is not None else {}),
                **named,
            },
        )

    def user(self, user_name: str, /, **attributes: Any) -> dict[str, Any]:
        """A user that was made."""
        answer = self.ask("POST", "/Users", {"schemas": [USER], "userName": user_name, **attributes})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def group(self, name: str, *members: str) -> dict[str, Any]:
        """A group that was made."""
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": m} for m in members]}
        answer = self.ask("POST", "/Groups", body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def patch(self, path: str, *operations: dict[str, Any]) -> Any:
        """A PATCH."""
        return self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    def account(self, principal: str) -> access.Account:
        """The account as it is."""
        channel = self.world.channel
        with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
            return access.get_account(conn, principal, channel.clock.now())


@pytest.fixture(scope="module")
def directory(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Directory:
    world = open_world(database, new_tenant(database, NOW), FixedClock(NOW), tmp_path_factory.mktemp("scim"))
    return Directory(world)


@pytest.fixture
def live(database: Database, tmp_path: Path) -> Iterator[tuple[str, Directory]]:
    """A server of its own tenant on a port."""
    found = Directory(open_world(database, new_tenant(database, NOW), FixedClock(NOW), tmp_path))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(100)  # so that clients may come before the thread has begun
        config = uvicorn.Config(create_app(found.world.channel.app), log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/scim/v2", found
        finally:
            server.should_exit = True
            thread.join(60)


@pytest.mark.slow
def test_every_check_of_scim2_tester_passes(live: tuple[str, Directory]) -> None:
    address, directory = live
    with httpx2.Client(base_url=address, headers=bearer(directory.key), timeout=120) as client:
        results = check_server(SyncSCIMClient(client))
    bad = [
        f"{r.status.name} {r.title}: {r.reason}" for r in results if r.status not in (Status.SUCCESS, Status.SKIPPED)
    ]
    assert bad == []
    assert len([r for r in results if r.status is Status.SUCCESS]) > 50


def test_a_user_is_an_account_and_who_is_deactivated_is_out_at_once(directory: Directory) -> None:
    made = directory.user("Bea@Nordwind.Example", displayName="Bea Nord", externalId="x-1", active=True)
    assert directory.account("user:bea@nordwind.example").name == "Bea Nord"
    channel = directory.world.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        access.grant_role(conn, directory.world.context(), "user:bea@nordwind.example", "partner_success")
        mine = access.start_session(conn, directory.world.context(), "user:bea@nordwind.example")
    key = directory.world.key("user:bea@nordwind.example", "orders.read")
    assert directory.world.client.get("/v1/orders", headers=bearer(key)).status_code == 200
    off = directory.patch(f"/Users/{made['id']}", {"op": "Replace", "path": "active", "value": False})
    assert off.status_code == 200, off.text
    assert directory.account("user:bea@nordwind.example").status == "suspended"
    assert directory.world.client.get("/v1/orders", headers=bearer(key)).status_code == 401
    with channel.app.database.transaction(channel.tenant) as conn, pytest.raises(Unauthenticated):
        access.resume_session(conn, mine.token, channel.clock.now())
    on = directory.patch(f"/Users/{made['id']}", {"op": "replace", "value": {"active": True}})
    assert on.json()["active"] is True
    assert directory.account("user:bea@nordwind.example").status == "active"
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        told = [(e.action, e.actor) for e in audit_list(conn, limit=100)]
    assert ("principal.suspended", "service:idp") in told


def test_groups_give_roles_and_take_them_and_duties_stay_apart(directory: Directory) -> None:
    cem, dan = directory.user("cem@nordwind.example"), directory.user("dan@nordwind.example")
    desk = directory.group("Order desk", cem["id"])
    assert directory.account("user:cem@nordwind.example").roles == ("order_desk",)
    joined = directory.patch(f"/Groups/{desk['id']}", {"op": "add", "path": "members", "value": [{"value": dan["id"]}]})
    assert joined.status_code == 200, joined.text
    assert directory.account("user:dan@nordwind.example").roles == ("order_desk",)
    shown = directory.ask("GET", f"/Users/{dan['id']}").json()
    assert [g["display"] for g in shown["groups"]] == ["Order desk"]
    clash = directory.ask(
        "POST", "/Groups", {"schemas": [GROUP], "displayName": "Auditors", "members": [{"value": dan["id"]}]}
    )
    assert clash.status_code == 403, clash.text
    assert "auditor" in clash.json()["detail"]
    assert directory.ask("GET", '/Groups?filter=displayName eq "Auditors"').json()["totalResults"] == 0
    gone = directory.patch(f"/Groups/{desk['id']}", {"op": "remove", "path": f'members[value eq "{dan["id"]}"]'})
    assert gone.status_code == 200
    assert directory.account("user:dan@nordwind.example").roles == ()
    # As Entra writes it.
    gone = directory.patch(
        f"/Groups/{desk['id']}", {"op": "Remove", "path": "members", "value": [{"value": cem["id"]}]}
    )
    assert gone.status_code == 200, gone.text
    assert directory.account("user:cem@nordwind.example").roles == ()
    again = directory.patch(f"/Groups/{desk['id']}", {"op": "add", "path": "members", "value": [{"value": cem["id"]}]})
    assert again.status_code == 200
    assert directory.ask("DELETE", f"/Groups/{desk['id']}").status_code == 204
    assert directory.account("user:cem@nordwind.example").roles == ()


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ('userName eq "F1@x.example"', ["f1"]),
        ('externalId eq "E2"', ["f2"]),
        ('userName sw "f" and not (externalId eq "E2")', ["f1", "f3"]),
        ('emails[type eq "work" and value co "@f.example"]', ["f1"]),
        ("title pr", ["f3"]),
        ('title ne "Boss" and userName sw "f3"', []),
        ('name.familyName eq "zeh" or (active eq false and userName sw "f")', ["f2", "f3"]),
        ('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Sales"', ["f1"]),
        ('meta.created ge "2020-01-01T00:00:00Z" and userName sw "f"', ["f1", "f2", "f3"]),
        ('userName ew "x.example" and userName gt "f2"', ["f2", "f3"]),
    ],
)
def test_the_whole_language_of_filters_is_understood(directory: Directory, wanted: str, names: list[str]) -> None:
    if directory.ask("GET", '/Users?filter=userName eq "f1@x.example"').json()["totalResults"] == 0:
        enterprise = {"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Sales"}}
        directory.user("f1@x.example", emails=[{"value": "a@f.example", "type": "work"}], **enterprise)
        directory.user("f2@x.example", externalId="E2", active=False)
        directory.user("f3@x.example", title="Boss", name={"familyName": "Zeh"})
    answer = directory.ask("GET", f"/Users?filter={wanted}&sortBy=userName")
    assert answer.status_code == 200, answer.text
    assert [u["userName"].partition("@")[0] for u in answer.json()["Resources"]] == names


@pytest.mark.parametrize("wanted", ["userName eq", 'userName xx "a"', "(((", 'nosuch eq "a"', "userName eq 5"])
def test_a_filter_that_makes_no_sense_is_refused_as_the_standard_says(directory: Directory, wanted: str) -> None:
    answer = directory.ask("GET", f"/Users?filter={wanted}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


def test_pages_sorts_and_attributes(directory: Directory) -> None:
    for number in range(3):
        directory.user(f"page{number}@nordwind.example", title="paged")
    path = '/Users?filter=title eq "paged"&sortBy=userName&sortOrder=descending'
    first = directory.ask("GET", f"{path}&startIndex=1&count=2").json()
    second = directory.ask("GET", f"{path}&startIndex=3&count=2").json()
    assert (first["totalResults"], first["itemsPerPage"], second["itemsPerPage"]) == (3, 2, 1)
    assert [u["userName"][:5] for u in first["Resources"] + second["Resources"]] == ["page2", "page1", "page0"]
    assert directory.ask("GET", f"{path}&count=0").json()["totalResults"] == 3
    few = directory.ask("GET", f"{path}&attributes=userName").json()["Resources"][0]
    assert set(few) == {"schemas", "id", "userName"}
    searched = directory.ask(
        "POST",
        "/Users/.search",
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": 'title eq "paged"', "count": 1},
    )
    assert searched.json()["totalResults"] == 3


def test_who_names_a_version_changes_that_one_or_nothing(directory: Directory) -> None:
    made = directory.user("vera@nordwind.example")
    path, first = f"/Users/{made['id']}", made["meta"]["version"]
    assert directory.ask("GET", path, if_none_match=first).status_code == 304
    changed = directory.patch(path, {"op": "add", "path": "title", "value": "Boss"})
    assert changed.json()["meta"]["version"] != first
    stale = directory.ask("PUT", path, {"schemas": [USER], "userName": "vera@nordwind.example"}, if_match=first)
    assert stale.status_code == 412
    assert directory.ask("DELETE", path, if_match=first).status_code == 412
    assert directory.ask("DELETE", path, if_match=changed.headers["etag"]).status_code == 204
    assert directory.ask("GET", path).status_code == 404
    assert directory.account("user:vera@nordwind.example").status == "suspended"
    again = directory.user("vera@nordwind.example")
    assert again["id"] != made["id"]
    assert directory.account("user:vera@nordwind.example").status == "active"


def test_what_is_taken_and_what_is_not_the_providers_is_left_alone(directory: Directory) -> None:
    directory.user("twice@nordwind.example")
    second = directory.ask("POST", "/Users", {"schemas": [USER], "userName": "TWICE@nordwind.example"})
    assert (second.status_code, second.json()["scimType"]) == (409, "uniqueness")
    channel, ctx = directory.world.channel, directory.world.context()
    with channel.app.database.transaction(channel.tenant) as conn:
        access.create_person(conn, ctx, email="pp@partner.example", name="P", partner="P-1")
        access.create_person(conn, ctx, email="glass@nordwind.example", name="G")
        set_rules(conn, ctx, passwords=True, break_glass=["user:glass@nordwind.example"])
    for name in ("pp@partner.example", "glass@nordwind.example"):
        answer = directory.ask("POST", "/Users", {"schemas": [USER], "userName": name, "active": False})
        assert answer.status_code == 409, name
    assert directory.account("user:glass@nordwind.example").status == "active"


def test_a_password_is_neither_kept_nor_told(directory: Directory) -> None:
    made = directory.user("pass@nordwind.example", password="hunter2-hunter2")
    assert "password" not in made
    channel = directory.world.channel
    with channel.app.database.transaction(channel.tenant) as conn:
        row = conn.execute("select u::text from scim_users u where id = %s", [made["id"]]).fetchone()
        entries = conn.execute("select count(*) from audit_entries e where e::text like '%%hunter2%%'").fetchone()
    assert row is not None
    assert "hunter2" not in row[0]
    assert entries == (0,)


def test_the_door_opens_for_the_scope_scim_and_the_right_tenant_only(
    directory: Directory, database: Database, tmp_path: Path
) -> None:
    for key, status in (
        (directory.world.keys["adam"], 403),
        (directory.world.keys["carl"], 403),
        ("hgk_junk", 401),
    ):
        answer = directory.world.client.get("/scim/v2/Users", headers=bearer(key))
        assert answer.status_code == status
        assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert directory.world.client.get("/scim/v2/Users").status_code == 401
    mine = directory.user("mine@nordwind.example")
    other = Directory(open_world(database, new_tenant(database, NOW), FixedClock(NOW), tmp_path))
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        body = {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "x"}]}
        body = {"schemas": [USER], "userName": "x"} if method == "PUT" else body
        answer = other.ask(method, f"/Users/{mine['id']}", body if method in ("PUT", "PATCH") else None)
        assert answer.status_code == 404, method
    stolen = other.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "g", "members": [{"value": mine["id"]}]})
    assert stolen.status_code == 404
    assert other.ask("GET", '/Users?filter=userName eq "mine@nordwind.example"').json()["totalResults"] == 0


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"schemas": [USER]},
        {"schemas": ["urn:x"], "userName": "a"},
        {"schemas": [USER], "userName": ""},
        {"schemas": [USER], "userName": "a\nb"},
        {"schemas": [USER], "userName": "x" * 300},
        {"schemas": [USER], "userName": 5},
        {"schemas": [USER], "userName": "a", "emails": "b"},
        {"schemas": [USER], "userName": "a", "active": "perhaps"},
    ],
)
def test_bad_users_are_refused_and_nothing_is_half_made(directory: Directory, body: Any) -> None:
    before = directory.ask("GET", "/Users?count=0").json()["totalResults"]
    answer = directory.ask("POST", "/Users", body)
    assert answer.status_code == 400, answer.text
    assert directory.ask("GET", "/Users?count=0").json()["totalResults"] == before


def test_what_is_not_supported_says_so(directory: Directory) -> None:
    assert directory.ask("POST", "/Bulk", {}).status_code == 501
    assert directory.ask("GET", "/Me").status_code == 501
    assert directory.ask("GET", "/Nothing").status_code == 404
    assert directory.ask("DELETE", "/Users").status_code == 405
    assert directory.ask("GET", "/Schemas?filter=id pr").status_code == 403
