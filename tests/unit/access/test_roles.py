from __future__ import annotations

import pytest

from headgate.access.core.roles import PERMISSIONS, ROLES, check_duties, check_role, permissions_of, require
from headgate.kernel.context import SYSTEM, Principal
from headgate.kernel.errors import Forbidden, Invalid


def test_roles_speak_of_known_permissions_and_every_permission_is_in_some_role():
    used = permissions_of(ROLES)
    assert used == frozenset(PERMISSIONS)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_clashes_with_itself(role):
    assert check_duties([role, role]) == []


@pytest.mark.parametrize(
    "roles",
    [
        ("order_desk", "finance"),
        ("order_desk", "finance_director"),
        ("order_desk", "channel_manager"),
        ("order_desk", "tenant_admin"),
        ("channel_manager", "finance_director"),
        ("channel_manager", "tenant_admin"),
        ("finance", "tenant_admin"),
        ("finance_director", "tenant_admin"),
        ("auditor", "order_desk"),
        ("auditor", "finance"),
        ("auditor", "tenant_admin"),
        ("auditor", "integration"),
    ],
)
def test_duties_that_must_stay_apart_clash_in_either_order(roles):
    for order in (roles, roles[::-1]):
        clash = check_duties(order)[0]
        assert {clash.first, clash.second} == set(roles)
        assert clash.reason


@pytest.mark.parametrize(
    "roles",
    [
        ("finance", "finance_director"),
        ("channel_manager", "finance"),
        ("order_desk", "partner_success"),
        ("integration", "order_desk"),
        (),
    ],
)
def test_duties_that_go_together_do_not_clash(roles):
    assert check_duties(roles) == []


def test_no_single_person_can_both_enter_orders_and_approve_whatever_roles_are_combined():
    for first in ROLES:
        for second in ROLES:
            both = permissions_of([first, second])
            if {"orders.write", "approvals.decide"} <= both or {"policies.author", "policies.approve"} <= both:
                assert check_duties([first, second])


def test_several_clashes_are_all_named():
    assert len(check_duties(["order_desk", "finance", "tenant_admin"])) == 3


def test_permissions_are_the_union_and_unknown_roles_allow_nothing():
    assert permissions_of(["integration", "a role of yesterday"]) == {"events.write", "orders.read", "deals.read"}
    assert permissions_of([]) == frozenset()


def test_a_role_that_does_not_exist_is_refused_with_the_choice():
    with pytest.raises(Invalid, match="order_desk"):
        check_role("boss")


def test_a_permission_is_required_of_everybody_but_the_platform():
    require(SYSTEM, "admin")
    require(Principal("user:a", "person", permissions=frozenset({"admin"})), "admin")
    with pytest.raises(Forbidden, match=r"user:a may not .* \(permission admin\)"):
        require(Principal("user:a", "person", permissions=frozenset({"orders.read"})), "admin")
