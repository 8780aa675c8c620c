from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from headgate.access import create_delegation, grant_role, list_grants, load_principal, revoke_role
from headgate.kernel.errors import DutyConflict, Forbidden, Invalid, NotFound
from headgate.ledger import audit_list
from tests.integration.access.conftest import NOW

DAY = timedelta(days=1)


def test_a_grant_and_its_end_are_on_record_with_who_did_it(database, tenant, person, acting):
    ana, admin = person("ana"), acting(person("ada", "tenant_admin"))
    with database.transaction(tenant) as conn:
        grant_role(conn, admin, ana, "finance", valid_until=NOW + DAY)
        revoke_role(conn, admin, ana, "finance")
        revoked, granted = audit_list(conn, subject=ana, actor=admin.principal.id)
        assert (granted.action, granted.body["role"]) == ("role.granted", "finance")
        assert granted.body["valid_until"] == "2026-03-03T09:00:00.000000Z"
        assert revoked.action == "role.revoked"
        assert load_principal(conn, ana, NOW).roles == frozenset()


@pytest.mark.parametrize(("first", "second"), [("order_desk", "finance"), ("finance", "order_desk")])
def test_clashing_duties_are_refused_in_either_order_and_nothing_changes(database, tenant, ctx, person, first, second):
    ana = person("ana", first)
    with pytest.raises(DutyConflict, match=f"{first}|{second}"), database.transaction(tenant) as conn:
        grant_role(conn, ctx, ana, second)
    with database.transaction(tenant) as conn:
        assert [g.role for g in list_grants(conn, [ana])] == [first]


def test_clashing_duties_one_after_the_other_are_fine(database, tenant, ctx, person):
    ana = person("ana")
    with database.transaction(tenant) as conn:
        grant_role(conn, ctx, ana, "order_desk", valid_until=NOW + DAY)
        grant_role(conn, ctx, ana, "finance", valid_from=NOW + DAY)
        with pytest.raises(DutyConflict):
            grant_role(conn, ctx, ana, "finance", valid_from=NOW + DAY - timedelta(microseconds=1))


def test_a_grant_can_be_given_new_dates(database, tenant, ctx, person):
    ana = person("ana", "finance")
    with database.transaction(tenant) as conn:
        grant_role(conn, ctx, ana, "finance", valid_until=NOW + DAY)
        [grant] = list_grants(conn, [ana])
        assert grant.valid_until == NOW + DAY


def test_a_duty_held_by_delegation_counts(database, tenant, ctx, person, acting):
    ana, ben = person("ana", "finance"), person("ben")
    with database.transaction(tenant) as conn:
        create_delegation(
            conn,
            acting(ana),
            delegator=ana,
            delegate=ben,
            roles=["finance"],
            valid_from=NOW,
            valid_until=NOW + DAY,
            reason="holidays",
        )
        with pytest.raises(DutyConflict):
            grant_role(conn, ctx, ben, "order_desk")
        grant_role(conn, ctx, ben, "order_desk", valid_from=NOW + DAY)


def test_nobody_grants_themselves_a_role(database, tenant, person, acting):
    ada = person("ada", "tenant_admin")
    with database.transaction(tenant) as conn, pytest.raises(DutyConflict):
        grant_role(conn, acting(ada), ada, "partner_success")


def test_two_clashing_grants_at_the_same_moment_do_not_both_pass(database, tenant, ctx, person):
    ana = person("ana")
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def grant(role: str) -> None:
        barrier.wait(60)
        try:
            with database.transaction(tenant) as conn:
                grant_role(conn, ctx, ana, role)
            outcomes.append("granted")
        except DutyConflict:
            outcomes.append("refused")

    threads = [threading.Thread(target=grant, args=(role,)) for role in ("order_desk", "finance")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["granted", "refused"]


def test_what_cannot_be_granted_is_refused(database, tenant, ctx, person, acting):
    ana, clerk = person("ana"), acting(person("ben", "order_desk"))
    with database.transaction(tenant) as conn:
        with pytest.raises(Invalid):
            grant_role(conn, ctx, ana, "emperor")
        with pytest.raises(Invalid):
            grant_role(conn, ctx, ana, "finance", valid_from=NOW, valid_until=NOW)
        with pytest.raises(Invalid):
            grant_role(conn, ctx, ana, "finance", valid_from=NOW.replace(tzinfo=None))
        with pytest.raises(NotFound):
            grant_role(conn, ctx, "user:nobody@nordwind.example", "finance")
        with pytest.raises(NotFound):
            revoke_role(conn, ctx, ana, "finance")
        with pytest.raises(Forbidden):
            grant_role(conn, clerk, ana, "finance")
        with pytest.raises(Forbidden):
            revoke_role(conn, clerk, ana, "finance")
