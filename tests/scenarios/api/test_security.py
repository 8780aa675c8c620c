"""A tenant's rules for sign-ins over HTTP."""

from __future__ import annotations

from tests.scenarios.api.world import World, bearer


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
