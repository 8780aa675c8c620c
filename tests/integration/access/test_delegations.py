from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest

from headgate.access import (
    create_delegation,
    create_service,
    delegations_to,
    grant_role,
    list_delegations,
    load_principal,
    load_voters,
    may_decide,
    revoke_delegation,
    revoke_role,
    suspend,
)
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, Invalid, NotFound
from headgate.ledger import audit_list
from tests.integration.access.conftest import NOW

WEEK = timedelta(days=7)


@pytest.fixture
def pair(person):
    """Ana of finance and Ben without a role."""
    return person("ana", "finance"), person("ben")


def delegate(conn, ctx, ana, ben, **changes):
    terms = {
        "delegator": ana,
        "delegate": ben,
        "roles": ["finance"],
        "valid_from": NOW,
        "valid_until": NOW + WEEK,
        "reason": "holidays",
        "max_amount": Decimal("5000.00"),
    }
    return create_delegation(conn, ctx, **{**terms, **changes})


def may(conn, principal, requester="user:x", amount=Decimal(100), now=NOW):
    return may_decide(
        load_principal(conn, principal, now),
        requester,
        delegations_to(conn, [principal], now),
        amount,
        now,
        role="finance",
    )


def test_a_delegate_may_decide_for_the_delegator_within_the_terms(database, tenant, pair, acting):
    ana, ben = pair
    with database.transaction(tenant) as conn:
        with pytest.raises(Forbidden):
            may(conn, ben)
        made = delegate(conn, acting(ana), ana, ben)
        assert may(conn, ben).on_behalf_of == ana
        with pytest.raises(Forbidden):
            may(conn, ben, amount=Decimal("5000.01"))
        with pytest.raises(Forbidden):
            may(conn, ben, now=NOW + WEEK)
        with pytest.raises(DutyConflict):
            may(conn, ben, requester=ana)
        entry = audit_list(conn, action="delegation.created")[0]
        assert (entry.subject, entry.actor) == (str(made.id), ana)
        assert entry.body["max_amount"] == "5000.00"


def test_delegations_do_not_chain(database, tenant, pair, person, acting):
    ana, ben = pair
    clara = person("clara")
    with database.transaction(tenant) as conn:
        delegate(conn, acting(ana), ana, ben)
        with pytest.raises(Forbidden, match="does not hold"):
            delegate(conn, acting(ben), ben, clara)


def test_a_delegation_ends_with_the_delegators_own_role(database, tenant, ctx, pair, acting):
    ana, ben = pair
    with database.transaction(tenant) as conn:
        delegate(conn, acting(ana), ana, ben)
        revoke_role(conn, ctx, ana, "finance")
        with pytest.raises(Forbidden):
            may(conn, ben)
        [voter] = load_voters(conn, [ben], NOW)
        assert voter.delegations == ()


def test_a_suspended_delegator_lends_nothing(database, tenant, ctx, pair, acting):
    ana, ben = pair
    with database.transaction(tenant) as conn:
        delegate(conn, acting(ana), ana, ben)
        suspend(conn, ctx, ana)
        with pytest.raises(Forbidden):
            may(conn, ben)
        assert load_voters(conn, [ana], NOW) == []


def test_voters_come_with_roles_and_what_is_delegated_to_them(database, tenant, ctx, pair, acting):
    ana, ben = pair
    with database.transaction(tenant) as conn:
        delegate(conn, acting(ana), ana, ben, max_amount=Decimal(50))
        service = create_service(conn, ctx, code="bot", name="Bot").principal
        voters = {v.principal: v for v in load_voters(conn, [ana, ben, service, "user:nobody"], NOW)}
        assert set(voters) == {ana, ben}
        assert voters[ana].roles == {"finance"}
        [lent] = voters[ben].delegations
        assert (lent.delegator, lent.max_amount) == (ana, Decimal(50))
        assert lent.roles == {"finance"}
        assert load_voters(conn, [ben], NOW + WEEK)[0].delegations == ()
        assert load_voters(conn, [], NOW) == []


def test_a_delegate_with_a_clashing_duty_is_refused(database, tenant, ctx, pair, acting):
    ana, ben = pair
    with database.transaction(tenant) as conn:
        grant_role(conn, ctx, ben, "order_desk")
        with pytest.raises(DutyConflict):
            delegate(conn, acting(ana), ana, ben)


def test_an_administrator_delegates_for_others_but_not_to_themselves(database, tenant, pair, person, acting):
    ana, ben = pair
    ada, clerk = acting(person("ada", "tenant_admin")), acting(person("clara", "order_desk"))
    with database.transaction(tenant) as conn:
        delegate(conn, ada, ana, ben)
        with pytest.raises(DutyConflict):
            delegate(conn, ada, ana, ada.principal.id)
        with pytest.raises(Forbidden):
            delegate(conn, clerk, ana, ben)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("roles", {"roles": []}),
        ("role", {"roles": ["emperor"]}),
        ("reason", {"reason": " "}),
        ("valid_until", {"valid_until": NOW}),
        ("valid_until", {"valid_until": NOW + timedelta(days=400)}),
        ("valid_from", {"valid_from": NOW.replace(tzinfo=None)}),
        ("max_amount", {"max_amount": Decimal(-1)}),
        ("max_amount", {"max_amount": Decimal("NaN")}),
        ("delegate", {"delegate": "user:ana@nordwind.example"}),
    ],
)
def test_bad_terms_are_refused_by_name(database, tenant, pair, acting, field, changes):
    ana, ben = pair
    with database.transaction(tenant) as conn, pytest.raises(Invalid) as caught:
        delegate(conn, acting(ana), ana, ben, **changes)
    assert caught.value.problems[0].field == field


def test_only_to_active_people(database, tenant, ctx, pair, acting):
    ana, ben = pair
    with database.transaction(tenant) as conn:
        service = create_service(conn, ctx, code="bot", name="Bot").principal
        suspend(conn, ctx, ben)
        for delegate_id in (service, ben):
            with pytest.raises(Conflict):
                delegate(conn, acting(ana), ana, delegate_id)
        with pytest.raises(NotFound):
            delegate(conn, acting(ana), ana, "user:nobody@nordwind.example")


def test_a_revoked_delegation_ends_at_once_and_is_listed_as_past(database, tenant, pair, person, acting):
    ana, ben = pair
    stranger = acting(person("clara", "order_desk"))
    with database.transaction(tenant) as conn:
        made = delegate(conn, acting(ana), ana, ben)
        with pytest.raises(Forbidden):
            revoke_delegation(conn, stranger, made.id)
        revoke_delegation(conn, acting(ben), made.id)
        revoke_delegation(conn, acting(ana), made.id)
        with pytest.raises(Forbidden):
            may(conn, ben)
        assert list_delegations(conn, NOW, principal=ana) == []
        [past] = list_delegations(conn, NOW, principal=ben, past=True)
        assert past.revoked_at == NOW
        assert len(audit_list(conn, action="delegation.revoked")) == 1
        with pytest.raises(NotFound):
            revoke_delegation(conn, acting(ana), uuid.uuid4())


def test_a_right_is_passed_on_only_with_leave(database, tenant, pair, person, acting):
    ana, ben = pair
    cem = person("cem")
    with database.transaction(tenant) as conn:
        first = delegate(conn, acting(ana), ana, ben)
        with pytest.raises(Forbidden, match="does not hold finance"):
            delegate(conn, acting(ben), ben, cem)
        revoke_delegation(conn, acting(ana), first.id)
        delegate(conn, acting(ana), ana, ben, onward=True, max_amount=Decimal(900))
        delegate(conn, acting(ben), ben, cem, max_amount=None)
        [voter] = load_voters(conn, [cem], NOW)
    [given] = voter.delegations
    assert (given.delegator, given.via, given.max_amount) == (ana, (ben,), Decimal(900))
    assert given.roles == {"finance"}


def test_a_chain_breaks_with_any_of_its_links(database, tenant, pair, person, acting):
    ana, ben = pair
    cem, root = person("cem"), acting(person("root", "tenant_admin"))
    with database.transaction(tenant) as conn:
        first = delegate(conn, acting(ana), ana, ben, onward=True, valid_until=NOW + timedelta(days=2))
        delegate(conn, acting(ben), ben, cem)
        assert load_voters(conn, [cem], NOW)[0].delegations
        assert load_voters(conn, [cem], NOW + timedelta(days=3))[0].delegations == ()
        revoke_delegation(conn, acting(ana), first.id)
        assert load_voters(conn, [cem], NOW)[0].delegations == ()
        delegate(conn, acting(ana), ana, ben, onward=True)
        assert load_voters(conn, [cem], NOW)[0].delegations
        suspend(conn, root, ben)
        assert load_voters(conn, [cem], NOW)[0].delegations == ()
