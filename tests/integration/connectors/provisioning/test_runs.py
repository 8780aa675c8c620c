"""Runs against somebody else's server: what is done, what is left alone, and what is written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headgate import access
from headgate.access.scim.groups import add_group, change_group, list_groups, members_known
from headgate.access.scim.users import Person, add_user
from headgate.connectors import provisioning
from headgate.connectors.provisioning import Scope
from headgate.connectors.provisioning.working import check_connection
from headgate.kernel.errors import Conflict, Invalid
from tests.integration.connectors.provisioning.conftest import House
from tests.integration.connectors.provisioning.elsewhere import TOKEN, Elsewhere

ANA, BEN = "ana@nordwind.example", "ben@nordwind.example"


def test_people_get_accounts_and_roles_become_groups_and_a_second_run_finds_nothing_to_do(
    house: House, there: Elsewhere
) -> None:
    ana, ben = house.hire("Ana Lovelace", "finance"), house.hire("Ben Hopper", "order_desk")
    house.hire("Pia Partner", partner="acme")
    target = house.target(there.url, groups={"finance": "Finance team"})

    run = house.run(target)

    assert (run.status, run.steps, run.steps_done, run.people) == ("done", 3, 3, 2)
    assert set(house.verbs(run)) == {f"create {ana} done", f"create {ben} done", "create finance done"}
    assert {u["userName"] for u in there.store["Users"].values()} == {ANA, BEN}
    found = there.user(ANA)
    assert found["externalId"] == ana
    assert found["name"] == {"formatted": "Ana Lovelace", "givenName": "Ana", "familyName": "Lovelace"}
    assert found["emails"] == [{"value": ANA, "type": "work", "primary": True}]
    assert there.members("Finance team") == {ANA}
    assert house.links(target)[ana].remote_id == found["id"]
    again = house.run(target)
    assert (again.status, again.steps) == ("done", 0)


def test_a_preview_shows_every_change_and_touches_nothing(house: House, there: Elsewhere) -> None:
    ana = house.hire("Ana Lovelace")
    id = there.add(ANA.upper(), displayName="Old Name", emails=[{"value": ANA, "type": "work"}])
    orphan = there.add("ghost@nordwind.example", displayName="Ghost")
    target = house.target(there.url)

    run = house.run(target, "preview")

    (step,) = house.steps(run)
    assert (step.verb, step.local, step.remote_id, step.status) == ("link", ana, id, "planned")
    assert ["displayName", "Old Name", "Ana Lovelace"] in step.detail["changes"]
    assert not [change for change in step.detail["changes"] if change[0] in ("userName", "emails", "active")]
    assert [(s.remote_id, s.name) for s in house.steps(run, verb="orphan")] == [(orphan, "Ghost")]
    assert run.orphans == 1
    assert there.methods("POST", "PUT", "PATCH", "DELETE") == []
    assert house.links(target) == {}


@pytest.mark.parametrize("patch", [True, False])
def test_what_is_not_ours_survives_with_patch_and_with_put(house: House, there: Elsewhere, patch: bool) -> None:
    there.patch = patch
    house.hire("Ana Lovelace", "finance")
    extra: dict[str, Any] = {
        "nickName": "Countess",
        "costCentre": "7100",
        "urn:example:custom:1.0:User": {"badge": 12},
        "name": {"givenName": "A", "middleName": "King", "vendor": True},
        "emails": [{"value": "ana@home.example", "type": "home"}],
        "title": "Analyst",
    }
    id = there.add(ANA, **extra)
    there.add_group("Finance", "u/foreign")
    target = house.target(there.url, groups={"finance": "Finance"})

    assert house.run(target).status == "done"

    found = there.store["Users"][id]
    assert found["nickName"] == "Countess"
    assert found["costCentre"] == "7100"
    assert found["urn:example:custom:1.0:User"] == {"badge": 12}
    assert found["title"] == "Analyst"
    assert found["name"]["middleName"] == "King"
    assert found["name"]["vendor"] is True
    assert found["name"]["givenName"] == "Ana"
    assert {e["value"] for e in found["emails"]} == {ANA, "ana@home.example"}
    assert there.members("Finance") == {ANA, "u/foreign"}
    assert {m for m in there.methods("PUT", "PATCH") if "User" in m} == {
        f"{'PATCH' if patch else 'PUT'} /scim/Users/u/1".replace("u/1", "u%2F1")
    }
    assert house.run(target).steps == 0


def test_who_left_is_deactivated_read_back_and_proven_and_comes_back(house: House, there: Elsewhere) -> None:
    ana = house.hire("Ana Lovelace", "finance")
    target = house.target(there.url, groups={"finance": "Finance"})
    house.run(target)
    house.suspend(ana)

    run = house.run(target)

    assert there.user(ANA)["active"] is False
    assert there.members("Finance") == set()
    step = house.steps(run, verb="deactivate")[0]
    assert step.proof == {"read_back": True, "there": True, "active": False}
    entry = next(e for e in house.audit() if e.action == "provisioning.account_deactivated")
    assert entry.body["proof"] == step.proof
    assert entry.body["whose"] == ana
    assert entry.body["attributes"] == ["active"]
    house.reactivate(ana)
    assert [s.verb for s in house.steps(house.run(target))] == ["reactivate", "change"]
    assert there.user(ANA)["active"] is True


def test_who_left_is_deleted_where_the_target_says_so(house: House, there: Elsewhere) -> None:
    ana = house.hire("Ana Lovelace")
    target = house.target(there.url, leavers="delete")
    house.run(target)
    house.suspend(ana)

    run = house.run(target)

    assert there.store["Users"] == {}
    assert house.steps(run)[0].proof == {"read_back": True, "there": False}
    assert house.links(target) == {}


def test_a_deactivation_that_did_not_happen_is_no_success(house: House, there: Elsewhere) -> None:
    ana = house.hire("Ana Lovelace")
    target = house.target(there.url)
    house.run(target)
    house.suspend(ana)
    there.stuck = True

    run = house.run(target)

    assert run.status == "partly"
    assert "still lets it in" in house.steps(run)[0].error
    assert "still lets it in" in house.links(target)[ana].error
    there.stuck = False
    assert house.run(target).status == "done"
    assert house.links(target)[ana].error == ""


def test_many_who_leave_at_once_wait_for_a_persons_word(house: House, there: Elsewhere) -> None:
    people = [house.hire(f"P{n} Person") for n in range(6)]
    target = house.target(there.url)
    house.run(target)
    house.suspend(*people[:3])

    held = house.run(target)

    assert (held.status, held.leaving) == ("held", 3)
    assert "3 accounts would end" in held.error
    assert all(u["active"] for u in there.store["Users"].values())
    house.suspend(people[3])
    with house.database.transaction(house.tenant) as conn:
        provisioning.confirm_run(conn, house.ctx, held.id)
    done = house.work()
    assert done is not None
    assert (done.status, done.cause) == ("done", "confirmed")
    assert [u["active"] for u in there.store["Users"].values()].count(False) == 4


def test_an_orphan_is_deactivated_when_somebody_decides_so_and_not_otherwise(house: House, there: Elsewhere) -> None:
    house.hire("Ana Lovelace")
    ghost = there.add("ghost@nordwind.example")
    target = house.target(there.url)
    run = house.run(target)
    assert there.store["Users"][ghost]["active"] is True
    assert run.orphans == 1

    with house.database.transaction(house.tenant) as conn:
        with pytest.raises(Invalid, match="orphan"):
            provisioning.end_orphans(conn, house.ctx, target.id, ["u/999"])
        provisioning.end_orphans(conn, house.ctx, target.id, [ghost])
    done = house.work()

    assert done is not None
    assert done.status == "done"
    assert there.store["Users"][ghost]["active"] is False


def test_pages_of_two_no_filter_no_description_and_small_letters(house: House, there: Elsewhere) -> None:
    there.page, there.filter, there.etag, there.described, there.patch, there.lowers = (
        2,
        False,
        False,
        False,
        False,
        True,
    )
    for n in range(5):
        there.add(f"p{n}@nordwind.example")
        house.hire(f"P{n} Person")
    there.add("ghost@nordwind.example")
    target = house.target(there.url)

    run = house.run(target)

    assert (run.status, run.steps, run.orphans) == ("done", 5, 1)
    assert {s.verb for s in house.steps(run)} == {"link"}
    assert "PATCH" not in {m for m, *_ in there.asked}
    assert house.run(target).steps == 0


def test_a_system_without_groups_gets_accounts_only(house: House, there: Elsewhere) -> None:
    there.groups = False
    house.hire("Ana Lovelace", "finance")
    target = house.target(there.url, groups={"finance": "Finance"})

    run = house.run(target)

    assert (run.status, run.steps) == ("done", 1)
    abilities = house.get(target).abilities
    assert abilities is not None
    assert abilities.groups is False
    assert any("accounts only" in f.text and not f.able for f in provisioning.findings(abilities))


def test_a_busy_system_is_waited_for_as_it_asks_and_a_long_pause_puts_the_run_off(
    house: House, there: Elsewhere
) -> None:
    house.hire("Ana Lovelace")
    there.trip = [("GET", "/Users", 429, {"retry-after": "7"}), ("POST", "/Users", 503, {"retry-after": "3"})]
    target = house.target(there.url)

    assert house.run(target).status == "done"

    assert house.waits == [8.0, 4.0]
    there.trip = [("GET", "/Users", 429, {"retry-after": "900"})]
    waiting = house.run(target)
    assert waiting.status == "queued"
    assert house.work() is None
    house.pass_time(minutes=16)
    done = house.work()
    assert done is not None
    assert (done.id, done.status) == (waiting.id, "done")


def test_a_failure_in_the_middle_parks_one_and_the_next_run_finds_what_was_made(house: House, there: Elsewhere) -> None:
    ana, ben = house.hire("Ana Lovelace"), house.hire("Ben Hopper")
    target = house.target(there.url)
    there.trip = [("POST", "/Users", 500, {})]

    run = house.run(target)

    assert run.status == "partly"
    assert house.verbs(run) == [f"create {ana} failed", f"create {ben} done"]
    assert "answered 500" in house.links(target)[ana].error
    there.add(ANA, externalId=ana)
    done = house.run(target)
    assert [s.verb for s in house.steps(done)] == ["link"]
    assert sorted(u["userName"] for u in there.store["Users"].values()) == [ANA, BEN]


def test_a_poison_account_stops_nobody_and_is_told_in_words(house: House, there: Elsewhere) -> None:
    there.poison = frozenset({ANA})
    ana, ben = house.hire("Ana Lovelace", "finance"), house.hire("Ben Hopper", "finance")
    target = house.target(there.url, groups={"finance": "Finance"})

    run = house.run(target)

    assert run.status == "partly"
    assert there.members("Finance") == {BEN}
    with house.database.transaction(house.tenant) as conn:
        (parked,) = provisioning.parked(conn, target.id)
    assert (parked.local, parked.error) == (ana, "the system answered 400: this name offends us")
    there.poison = frozenset()
    assert house.run(target).status == "done"
    assert there.members("Finance") == {ANA, BEN}
    with house.database.transaction(house.tenant) as conn:
        assert provisioning.parked(conn, target.id) == []
    assert house.links(target)[ben].failures == 0


def test_a_name_that_is_taken_meanwhile_is_linked_by_match(house: House, there: Elsewhere) -> None:
    ana = house.hire("Ana Lovelace")
    target = house.target(there.url)
    there.meanwhile = [("POST", lambda: there.add(ANA.upper()))]

    run = house.run(target)

    assert run.status == "done"
    assert house.links(target)[ana].remote_id == there.user(ANA)["id"]
    assert there.user(ANA)["externalId"] == ana
    assert len(there.store["Users"]) == 1


def test_a_name_that_somebody_elses_account_has_is_told_and_not_taken(house: House, there: Elsewhere) -> None:
    ana = house.hire("Ana Lovelace")
    other = there.add(ANA, emails=[{"value": "another@nordwind.example"}])
    target = house.target(there.url, match_by="email")

    run = house.run(target)

    assert run.status == "partly"
    assert "does not match" in house.links(target)[ana].error
    assert "externalId" not in there.store["Users"][other]


@pytest.mark.parametrize("patch", [True, False])
def test_somebody_elses_change_at_the_same_time_is_not_written_over(
    house: House, there: Elsewhere, patch: bool
) -> None:
    house.hire("Ana Lovelace")
    there.patch = patch
    id = there.add(ANA)

    def theirs() -> None:
        there.store["Users"][id] = {**there.store["Users"][id], "nickName": "new", "meta": {"version": 'W/"9"'}}

    there.meanwhile = [("PATCH" if patch else "PUT", theirs)]
    target = house.target(there.url)

    assert house.run(target).status == "done"

    writes = [headers.get("if-match") for method, _, headers, _ in there.asked if method in ("PUT", "PATCH")]
    assert writes == ['W/"1"', 'W/"9"']
    assert there.store["Users"][id]["nickName"] == "new"
    assert there.store["Users"][id]["displayName"] == "Ana Lovelace"


def test_an_account_that_was_removed_there_is_made_again(house: House, there: Elsewhere) -> None:
    ana = house.hire("Ana Lovelace")
    target = house.target(there.url)
    house.run(target)
    there.store["Users"].clear()

    run = house.run(target)

    (step,) = house.steps(run)
    assert (step.verb, step.reason) == ("create", "the account was removed there")
    assert house.links(target)[ana].remote_id == there.user(ANA)["id"]


def test_an_attribute_that_the_system_forgets_is_not_written_for_ever(house: House, there: Elsewhere) -> None:
    there.drops = frozenset({"userType"})
    ana = house.hire("Ana Lovelace")
    target = house.target(there.url)
    house.run(target)

    assert list(house.links(target)[ana].ignored) == ["userType"]
    assert house.run(target).steps == 0


def test_a_wrong_token_ends_the_run_in_plain_words_and_later_runs_come_later(house: House, there: Elsewhere) -> None:
    house.hire("Ana Lovelace")
    target = house.target(there.url, token="wrong-token")

    run = house.run(target)

    assert (run.status, "look at the token" in run.error) == ("failed", True)
    after = house.get(target)
    assert after.failures == 1
    assert after.not_before is not None
    house.watch()
    assert house.work() is None
    with house.database.transaction(house.tenant) as conn:
        provisioning.set_token(conn, house.ctx, house.by.sealer, target.id, TOKEN)
    house.watch()
    done = house.work()
    assert done is not None
    assert (done.cause, done.status) == ("schedule", "done")


def test_too_many_accounts_to_read_are_looked_up_and_nobody_is_called_an_orphan(house: House, there: Elsewhere) -> None:
    ana, ben = house.hire("Ana Lovelace"), house.hire("Ben Hopper")
    there.add("ghost@nordwind.example")
    id = there.add(ANA)
    there.claims = 90_000
    target = house.target(there.url)

    run = house.run(target)

    assert (run.complete, run.orphans, run.status, run.error) == (False, 0, "done", "")
    assert house.links(target)[ana].remote_id == id
    assert house.links(target)[ben].remote_id == there.user(BEN)["id"]


def test_the_clock_and_a_change_of_people_make_runs(house: House, there: Elsewhere) -> None:
    house.hire("Ana Lovelace", "finance")
    target = house.target(there.url, scope=Scope("staff", ("finance",)))
    house.watch()
    first = house.work()
    assert first is not None
    assert first.cause == "schedule"
    house.watch()
    assert house.work() is None

    ben = house.hire("Ben Hopper")
    house.watch()
    assert house.work() is None
    with house.database.transaction(house.tenant) as conn:
        access.grant_role(conn, house.ctx, ben, "finance")
    house.watch()
    second = house.work()
    assert second is not None
    assert (second.cause, second.steps) == ("change", 1)
    house.pass_time(minutes=61)
    house.watch()
    third = house.work()
    assert third is not None
    assert (third.cause, third.steps) == ("schedule", 0)
    assert house.get(target).failures == 0


def test_scopes_choose_people_of_partners_and_groups_of_the_identity_provider(house: House, there: Elsewhere) -> None:
    house.hire("Ana Lovelace")
    pia, otto = house.hire("Pia Partner", partner="acme"), house.hire("Otto Other", partner="globex")
    one = house.target(there.url, scope=Scope("partners", partner="acme"))
    assert [s.local for s in house.steps(house.run(one))] == [pia]
    with house.database.transaction(house.tenant) as conn:
        provisioning.change_target(conn, house.ctx, house.by.rules, one.id, {"scope": Scope("partners")})
    assert [s.local for s in house.steps(house.run(one))] == [otto]
    assert there.user("otto@nordwind.example")["userType"] == "partner"


def test_one_run_at_a_time_and_a_pause_ends_it(house: House, there: Elsewhere) -> None:
    house.hire("Ana Lovelace")
    target = house.target(there.url)
    house.ask(target)

    with pytest.raises(Conflict, match="under way"):
        house.ask(target)
    with house.database.transaction(house.tenant) as conn:
        provisioning.set_status(conn, house.ctx, target.id, "paused")
    assert house.work() is None
    with pytest.raises(Conflict, match="paused"):
        house.ask(target)


def test_a_check_says_in_words_what_the_system_can(house: House, there: Elsewhere) -> None:
    there.patch, there.page = False, 50
    target = house.target(there.url)

    found = check_connection(house.by, house.ctx, target.id, lambda _: True)

    assert found.check_error == ""
    assert found.abilities is not None
    texts = {str(f.text): f.able for f in provisioning.findings(found.abilities)}
    assert texts["Gives 50 records a page"] is True
    assert any("writes it back" in text and not able for text, able in texts.items())
    wrong = house.target(there.url, token="wrong", name="Other")
    assert "look at the token" in check_connection(house.by, house.ctx, wrong.id, lambda _: True).check_error


def test_members_of_a_group_of_the_identity_provider_get_accounts_and_who_leaves_it_loses_theirs(
    house: House, there: Elsewhere
) -> None:
    def group(conn: Any, members: list[str]) -> None:
        users = {add_user(conn, house.ctx, Person(m, m, m, True, None, {})).id: None for m in members}
        add_group(conn, house.ctx, "Desk", None, {}, users)

    with house.database.transaction(house.tenant) as conn:
        group(conn, [ANA, BEN])
    house.hire("Cleo Elsewhere", "finance")
    target = house.target(there.url, scope=Scope("groups", groups=("desk",)))

    assert house.run(target).status == "done"
    assert {user["userName"] for user in there.store["Users"].values() if user["active"]} == {ANA, BEN}

    with house.database.transaction(house.tenant) as conn:
        (found,) = list_groups(conn)
        stays = {user: name for user, name in found.members if members_known(conn, [user])[user] == f"user:{ANA}"}
        change_group(conn, house.ctx, found, "Desk", None, {}, stays)
    house.clock.move(timedelta(minutes=1))
    run = house.run(target)
    assert (run.status, run.people) == ("done", 1)
    assert there.user(BEN)["active"] is False
    assert there.user(ANA)["active"] is True
