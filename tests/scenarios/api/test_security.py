"""A tenant's rules for sign-ins over HTTP."""

from __future__ import annotations

from typing import Any

from headgate.access import set_password
from tests.scenarios.api.world import World, bearer
from tests.scenarios.channel import person


def test_rules_are_read_and_changed_by_administrators(world: World) -> None:
    found = world.get("adam", "/v1/security").json()
    assert (found["lock_after"], found["password_length"], found["passwords"]) == (5, 12, True)
    wanted = {"lock_after": 3, "second_factor_roles": ["finance"], "step_up_amount": "5000.50"}
    changed = world.client.patch("/v1/security", json=wanted, headers=bearer(world.keys["adam"]))
    assert changed.status_code == 200
    told = changed.json()
    assert (told["lock_after"], told["second_factor_roles"], told["step_up_amount"]) == (3, ["finance"], "5000.50")
    assert told["password_length"] == 12, "what is left out stays"
    for wrong in ({"lock_after": 99}, {"lock_after": "3"}, {"unknown": 1}):
        assert world.client.patch("/v1/security", json=wrong, headers=bearer(world.keys["adam"])).status_code == 400
    emperor = {"second_factor_roles": ["emperor"]}
    assert world.client.patch("/v1/security", json=emperor, headers=bearer(world.keys["adam"])).status_code == 422
    for name in ("desk", "audrey"):
        assert world.get(name, "/v1/security").status_code == 403
    assert world.client.patch("/v1/security", json={}, headers=bearer(world.keys["desk"])).status_code == 403
    nothing = world.client.patch("/v1/security", json={"step_up_amount": None}, headers=bearer(world.keys["adam"]))
    assert nothing.json()["step_up_amount"] is None


def test_passwords_are_switched_off_only_while_somebody_gets_in_without_the_provider(world: World) -> None:
    adam, off = person("adam"), {"passwords": False, "break_glass": [person("adam")]}

    def change(**wanted: Any) -> Any:
        return world.client.patch("/v1/security", json=wanted, headers=bearer(world.keys["adam"]))

    untested = change(lock_after=3, **off)
    assert (untested.status_code, untested.json()["type"]) == (409, "/problems/conflict")
    assert "its test succeeded" in untested.json()["detail"]
    assert world.get("adam", "/v1/security").json()["lock_after"] == 5, "nothing was half done"
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        conn.execute(
            "insert into identity_providers (provider, name, issuer, client_id, scopes, groups_claim, domains,"
            " just_in_time, status, created_at, tested_at) values ('idp', 'Idp', 'https://idp.example', 'c', '{}', '',"
            " '{}', false, 'active', now(), now())"
        )
    assert "administrator with a password" in change(**off).json()["detail"]
    with world.channel.app.database.transaction(world.channel.tenant) as conn:
        set_password(conn, world.context(), adam, "correct-horse-battery-staple")
    nobody = change(passwords=False)
    assert (nobody.status_code, nobody.json()["errors"][0]["field"]) == (422, "break_glass")
    strangers = change(passwords=False, break_glass=["user:nobody@nordwind.example"])
    assert strangers.status_code == 422
    told = change(**off, lock_after=3).json()
    assert (told["passwords"], told["break_glass"], told["lock_after"]) == (False, [adam], 3)
    assert change(sign_on=False).status_code == 409, "it is the only way in"
    assert change(lock_after=4).json()["passwords"] is False, "what is left out stays"
    opened = change(passwords=True, sign_on=False).json()
    assert (opened["passwords"], opened["sign_on"], opened["break_glass"]) == (True, False, [adam])
