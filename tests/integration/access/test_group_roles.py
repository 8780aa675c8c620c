"""Groups of an identity provider and roles of a tenant's own."""

from __future__ import annotations

import pytest

from headgate.access import confirm_role, get_account, retire_role, revoke_role, save_role
from headgate.access.federation import map_group, sync_roles
from headgate.kernel.errors import DutyConflict, Invalid
from tests.integration.access.conftest import NOW


def clerk(conn, ctx, *permissions: str) -> None:
    save_role(conn, ctx, "clerk", title="Clerk", description="Enters orders", permissions=permissions)


def allowed(conn, who: str) -> frozenset[str]:
    return get_account(conn, who, NOW).as_principal().permissions


def test_a_group_gives_a_role_of_ones_own_with_all_that_it_comes_to_allow(database, tenant, ctx, person):
    ana = person("ana")
    with database.transaction(tenant) as conn:
        clerk(conn, ctx, "orders.write")
        map_group(conn, ctx, "scim", "Clerks", "clerk")
        sync_roles(conn, ctx, ana, "scim", ["Clerks"])
        assert allowed(conn, ana) == {"orders.write"}
        clerk(conn, ctx, "orders.write", "orders.read")
        assert allowed(conn, ana) == {"orders.write", "orders.read"}
        sync_roles(conn, ctx, ana, "scim", [])
        assert allowed(conn, ana) == frozenset()


def test_duties_stay_apart_whichever_way_the_roles_come(database, tenant, ctx, person):
    fay = person("fay", "finance")
    with database.transaction(tenant) as conn:
        clerk(conn, ctx, "orders.write")
        map_group(conn, ctx, "scim", "Clerks", "clerk")
        with pytest.raises(DutyConflict, match="who enters orders does not approve"):
            sync_roles(conn, ctx, fay, "scim", ["Clerks"])
        assert "orders.write" not in allowed(conn, fay)


def test_a_role_that_is_taken_away_by_hand_does_not_come_back_with_the_next_message(database, tenant, ctx, person):
    ana = person("ana")
    with database.transaction(tenant) as conn:
        clerk(conn, ctx, "orders.write")
        map_group(conn, ctx, "scim", "Clerks", "clerk")
        sync_roles(conn, ctx, ana, "scim", ["Clerks"])
        revoke_role(conn, ctx, ana, "clerk")
        sync_roles(conn, ctx, ana, "scim", ["Clerks"])
        assert allowed(conn, ana) == frozenset()


def test_only_roles_that_are_in_use_and_meant_for_these_people_are_mapped(database, tenant, ctx, person, acting):
    ada, fiona = acting(person("ada", "tenant_admin")), acting(person("fiona", "finance_director"))
    with database.transaction(tenant) as conn:
        clerk(conn, ada, "approvals.decide")
        with pytest.raises(Invalid, match="not confirmed"):
            map_group(conn, ada, "scim", "Clerks", "clerk")
        confirm_role(conn, fiona, "clerk")
        map_group(conn, ada, "scim", "Clerks", "clerk")
        retire_role(conn, ada, "clerk")
        with pytest.raises(Invalid, match="is retired"):
            map_group(conn, ada, "scim", "Others", "clerk")
        with pytest.raises(Invalid, match="whoever runs this installation"):
            map_group(conn, ada, "scim", "Clerks", "operator")
        with pytest.raises(Invalid, match="people of partners"):
            map_group(conn, ada, "scim", "Clerks", "partner_user")
