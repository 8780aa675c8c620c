"""Roles of a tenant's own, the matrix of duties and its versions, mitigations, and duties on one thing."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from headgate.access import (
    PERMISSIONS,
    approve_mitigation,
    ask_mitigation,
    confirm_role,
    decide_matrix,
    end_mitigation,
    expect_other_hands,
    get_account,
    grant_role,
    list_grants,
    list_matrices,
    load_principal,
    matrix_in_force,
    propose_matrix,
    retire_role,
    revoke_role,
    save_role,
)
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, Invalid, NotFound
from headgate.ledger import AuditDraft, append_audit, audit_list
from tests.integration.access.conftest import NOW

DAY = timedelta(days=1)
CONTROL = "Fiona looks at every approval of Ana's each Friday"


def test_a_role_of_ones_own_gives_its_permissions_from_the_grant_to_its_end(database, tenant, ctx, person):
    ana = person("ana")
    with database.transaction(tenant) as conn:
        save_role(conn, ctx, "clerk", title="Clerk", description="Enters orders", permissions=["orders.write"])
        grant_role(conn, ctx, ana, "clerk", valid_until=NOW + DAY)
        assert load_principal(conn, ana, NOW).permissions == {"orders.write"}
        assert load_principal(conn, ana, NOW + DAY).permissions == frozenset()
        save_role(conn, ctx, "clerk", title="Clerk", description="Looks", permissions=["orders.read"])
        assert load_principal(conn, ana, NOW).permissions == {"orders.read"}
        changed, _, made, *_ = audit_list(conn, subject_type="role") + audit_list(conn, subject=ana) * 2
        assert changed.body["removed"] == ["orders.write"]
        assert made is not None


def test_nobody_makes_a_role_that_holds_more_than_they_do_until_somebody_who_holds_it_confirms(
    database, tenant, person, acting
):
    ada, fiona, ana = person("ada", "tenant_admin"), person("fiona", "finance_director"), person("ana")
    ben = person("ben", "order_desk")
    as_ada, as_fiona, as_ben = acting(ada), acting(fiona), acting(ben)
    with database.transaction(tenant) as conn:
        made = save_role(
            conn,
            as_ada,
            "junior",
            title="Junior finance",
            description="Decides small things",
            permissions=["cases.read", "approvals.decide"],
        )
        assert (made.status, made.permissions) == ("proposed", frozenset())
        with pytest.raises(Invalid, match="not confirmed"):
            grant_role(conn, as_ada, ana, "junior")
        with pytest.raises(DutyConflict, match="made this role"):
            confirm_role(conn, as_ada, "junior")
        with pytest.raises(Forbidden, match=r"does not hold approvals\.decide"):
            confirm_role(conn, as_ben, "junior")
        confirm_role(conn, as_fiona, "junior")
        grant_role(conn, as_ada, ana, "junior")
        assert "approvals.decide" in get_account(conn, ana, NOW).as_principal().permissions
        # Taking something away needs nobody else; adding what the maker lacks does, and meanwhile the rest stays.
        wider = save_role(
            conn,
            as_ada,
            "junior",
            title="Junior finance",
            description="Decides small things",
            permissions=["approvals.decide", "agreements.approve"],
        )
        assert (wider.status, wider.permissions) == ("proposed", frozenset({"approvals.decide"}))


@pytest.mark.parametrize(
    ("role", "permissions", "error", "words"),
    [
        ("finance", ["cases.read"], Conflict, "shipped role"),
        ("both", ["orders.write", "approvals.decide"], DutyConflict, "cannot hold"),
        ("nothing", [], Invalid, "empty"),
        ("strange", ["fly"], Invalid, "not a permission"),
        ("platform", ["tenants.operate"], Invalid, "own"),
        ("Bad Name", ["cases.read"], Invalid, "short name"),
    ],
)
def test_roles_that_cannot_be_are_refused(database, tenant, ctx, role, permissions, error, words):
    with database.transaction(tenant) as conn, pytest.raises(error, match=words):
        save_role(conn, ctx, role, title="Title", description="What for", permissions=permissions)


def test_a_role_that_would_bring_its_holder_a_conflict_cannot_be_widened(database, tenant, ctx, person):
    ana = person("ana", "finance")
    with database.transaction(tenant) as conn:
        save_role(conn, ctx, "helper", title="Helper", description="Looks", permissions=["cases.read"])
        grant_role(conn, ctx, ana, "helper")
        with pytest.raises(DutyConflict, match=f"{ana} holds finance besides"):
            save_role(conn, ctx, "helper", title="Helper", description="Types", permissions=["orders.write"])


def test_a_role_in_use_is_not_retired_and_a_retired_one_not_granted(database, tenant, ctx, person):
    ana = person("ana")
    with database.transaction(tenant) as conn:
        save_role(conn, ctx, "helper", title="Helper", description="Looks", permissions=["cases.read"])
        grant_role(conn, ctx, ana, "helper")
        with pytest.raises(Conflict, match=ana):
            retire_role(conn, ctx, "helper")
        revoke_role(conn, ctx, ana, "helper")
        retire_role(conn, ctx, "helper")
        with pytest.raises(Invalid, match="retired"):
            grant_role(conn, ctx, ana, "helper")


def test_the_shipped_matrix_names_the_conflicts_of_the_trade(database, tenant):
    with database.transaction(tenant) as conn:
        matrix = matrix_in_force(conn)
    assert matrix.version == 0
    for pair in (
        ("agreements.write", "approvals.decide"),
        ("partners.bank", "payments.approve"),
        ("policies.author", "policies.approve"),
    ):
        assert matrix.rule_of(*pair)
    assert all({rule.first, rule.second} <= PERMISSIONS.keys() for rule in matrix.rules)


def test_a_version_of_the_matrix_counts_when_somebody_else_approved_it(database, tenant, ctx, person, acting):
    ada, tom, ana = person("ada", "tenant_admin"), person("tom", "tenant_admin"), person("ana", "support")
    as_ada, as_tom = acting(ada), acting(tom)
    with database.transaction(tenant) as conn:
        rules = [rule.as_dict() for rule in matrix_in_force(conn).rules]
        added = {"first": "quarantine.read", "second": "calendars.write", "reason": "an example for this test"}
        made = propose_matrix(conn, as_ada, [*rules, added], "asked for by the auditor")
        assert matrix_in_force(conn).version == 0
        with pytest.raises(DutyConflict):
            decide_matrix(conn, as_ada, made.version, approve=True)
        with pytest.raises(Conflict, match="waits"):
            propose_matrix(conn, as_tom, rules[1:], "another")
        decide_matrix(conn, as_tom, made.version, approve=True)
        assert matrix_in_force(conn).version == 1
        with pytest.raises(DutyConflict, match="an example for this test"):
            grant_role(conn, ctx, ana, "operations")
        back = propose_matrix(conn, as_tom, rules, "it was too much")
        decide_matrix(conn, as_ada, back.version, approve=True)
        assert [each.status for each in list_matrices(conn)] == ["active", "superseded"]
        grant_role(conn, ctx, ana, "operations")


@pytest.mark.parametrize(
    "rule",
    [
        {"first": "admin", "second": "admin", "reason": "the same twice"},
        {"first": "admin", "second": "fly", "reason": "no such thing"},
        {"first": "admin", "second": "cases.read", "reason": ""},
        "admin",
    ],
)
def test_rules_that_are_none_are_refused(database, tenant, ctx, rule):
    with database.transaction(tenant) as conn:
        with pytest.raises(Invalid):
            propose_matrix(conn, ctx, [rule], "why not")
        assert list_matrices(conn) == []


def test_a_conflict_passes_with_a_control_that_is_named_dated_and_approved_by_another(
    database, tenant, ctx, person, acting
):
    ada, tom, ana = person("ada", "tenant_admin"), person("tom", "tenant_admin"), person("ana", "order_desk")
    until = NOW + 30 * DAY
    terms = {"principal": ana, "first": "approvals.decide", "second": "orders.write", "control": CONTROL}
    as_ada, as_tom = acting(ada), acting(tom)
    with database.transaction(tenant) as conn:
        asked = ask_mitigation(conn, as_ada, **terms, valid_until=until)
        with pytest.raises(DutyConflict):
            grant_role(conn, as_ada, ana, "finance", valid_until=until)
        with pytest.raises(DutyConflict, match="neither who asked"):
            approve_mitigation(conn, as_ada, asked.id)
        approve_mitigation(conn, as_tom, asked.id)
        with pytest.raises(DutyConflict, match="let the grant end"):
            grant_role(conn, as_ada, ana, "finance")
        with pytest.raises(DutyConflict, match="let the grant end"):
            grant_role(conn, as_ada, ana, "finance", valid_until=until + DAY)
        grant_role(conn, as_ada, ana, "finance", valid_until=until)
        assert load_principal(conn, ana, NOW).permissions >= {"orders.write", "approvals.decide"}
        assert load_principal(conn, ana, until).roles == {"order_desk"}, "it ends by itself"
        granted = audit_list(conn, subject=ana, action="role.granted")[0]
        assert granted.body["mitigations"] == [str(asked.id)]
        end_mitigation(conn, as_tom, asked.id)
        with pytest.raises(DutyConflict):
            grant_role(conn, as_ada, ana, "finance", valid_until=until)


def test_what_is_no_mitigation_is_refused(database, tenant, ctx, person):
    ana = person("ana")
    terms = {"principal": ana, "first": "approvals.decide", "second": "orders.write"}
    with database.transaction(tenant) as conn:
        with pytest.raises(Invalid, match="too short"):
            ask_mitigation(conn, ctx, **terms, control="trust", valid_until=NOW + DAY)
        with pytest.raises(Invalid, match="next year"):
            ask_mitigation(conn, ctx, **terms, control=CONTROL, valid_until=NOW + 400 * DAY)
        with pytest.raises(Invalid, match="not kept apart"):
            ask_mitigation(
                conn, ctx, principal=ana, first="cases.read", second="admin", control=CONTROL, valid_until=NOW + DAY
            )
        with pytest.raises(NotFound):
            approve_mitigation(conn, ctx, UUID(int=5))


def test_who_did_one_half_about_a_thing_may_not_do_the_other_whatever_their_roles(database, tenant, ctx, person):
    ana, ben = person("ana"), person("ben")
    draft = AuditDraft("agreement.drafted", "agreement", "NET-1", ana, {})
    with database.transaction(tenant) as conn:
        append_audit(conn, NOW, [draft])
        about = {"order": ["O-1"], "agreement": ["NET-1"]}
        with pytest.raises(DutyConflict, match="agreement NET-1"):
            expect_other_hands(conn, "approvals.decide", [ana], about)
        with pytest.raises(DutyConflict):
            expect_other_hands(conn, "approvals.decide", [ben, ana], about)
        expect_other_hands(conn, "approvals.decide", [ben], about)
        expect_other_hands(conn, "approvals.decide", [ana], {"agreement": ["NET-2"]})
        expect_other_hands(conn, "audit.read", [ana], about)


def test_grants_made_before_a_rule_stay_and_are_not_changed_by_it(database, tenant, ctx, person, acting):
    ana = person("ana", "support", "operations")
    ada, tom = person("ada", "tenant_admin"), person("tom", "tenant_admin")
    as_ada, as_tom = acting(ada), acting(tom)
    with database.transaction(tenant) as conn:
        rules = [rule.as_dict() for rule in matrix_in_force(conn).rules]
        added = {"first": "quarantine.read", "second": "calendars.write", "reason": "an example for this test"}
        # `operations` holds both halves by itself from now on.
        made = propose_matrix(conn, as_ada, [*rules, added], "asked for by the auditor")
        decide_matrix(conn, as_tom, made.version, approve=True)
        assert {g.role for g in list_grants(conn, [ana])} == {"support", "operations"}
