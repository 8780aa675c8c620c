"""Saved views: one's own, shared ones, their limits, and whose they are."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from psycopg.errors import InsufficientPrivilege

from headgate.access import create_person, grant_role
from headgate.access.saved import (
    LONGEST_QUERY,
    MOST,
    NewView,
    change_view,
    delete_view,
    open_with,
    replace_filters,
    save_view,
    views_of,
)
from headgate.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from headgate.ledger import audit_list
from tests.conftest import create_tenant

HELD = NewView("orders", "Held", "status=held")


@pytest.fixture
def two(person, acting):
    """Ana, who decides, and Ben of the order desk, acting."""
    return acting(person("ana", "finance")), acting(person("ben", "order_desk"))


def names(conn, ctx):
    return [view.name for view in views_of(conn, ctx)]


def noted(conn):
    return [entry.action for entry in reversed(audit_list(conn, subject_type="saved_view"))]


def test_ones_own_view_is_seen_by_oneself_and_stands_in_no_audit_entry(database, tenant, two):
    ana, ben = two
    with database.transaction(tenant) as conn:
        made = save_view(conn, ben, HELD)
        assert views_of(conn, ben) == [made]
        assert views_of(conn, ana) == []
        change_view(conn, ben, made.view, "  Held   here ", shared=False, default=False)
        assert names(conn, ben) == ["Held here"]
        with pytest.raises(NotFound):
            change_view(conn, ana, made.view, "Stolen", shared=False, default=False)
        with pytest.raises(NotFound):
            delete_view(conn, ana, made.view)
        delete_view(conn, ben, made.view)
        assert views_of(conn, ben) == []
        assert noted(conn) == []


def test_a_shared_view_is_seen_by_all_and_changed_by_its_owner(database, tenant, two, person, acting):
    ana, ben = two
    with database.transaction(tenant) as conn:
        with pytest.raises(Forbidden):
            save_view(conn, ben, NewView("orders", "Held", "status=held", shared=True))
        made = save_view(conn, ana, NewView("orders", "Held", "status=held", shared=True, is_default=True))
        mine = save_view(conn, ben, HELD)
        assert [view.view for view in views_of(conn, ben)] == [mine.view, made.view], "one's own come first"
        with pytest.raises(NotFound):
            change_view(conn, ben, made.view, "Mine now", shared=True, default=False)
        with pytest.raises(Forbidden):
            change_view(conn, ben, mine.view, "Held", shared=True, default=False)
        change_view(conn, ana, made.view, "Held orders", shared=True, default=False)
        change_view(conn, ana, made.view, "Held orders", shared=False, default=False)
        assert names(conn, ben) == ["Held"]
        change_view(conn, ana, made.view, "Held orders", shared=True, default=False)
        delete_view(conn, ana, made.view)
        kept = ["saved_view.shared", "saved_view.renamed", "saved_view.unshared"]
        assert noted(conn) == [*kept, "saved_view.shared", "saved_view.deleted"]


def test_replaced_filters_of_a_shared_view_stand_in_the_audit_chain(database, tenant, two):
    ana, ben = two
    with database.transaction(tenant) as conn:
        made = save_view(conn, ana, NewView("orders", "Held", "status=held", shared=True))
        assert replace_filters(conn, ana, made.view, "status=held&q=1").query == "status=held&q=1"
        replace_filters(conn, ana, made.view, "status=held&q=1")
        for bad in ("", "q" * (LONGEST_QUERY + 1)):
            with pytest.raises(Invalid):
                replace_filters(conn, ana, made.view, bad)
        with pytest.raises(NotFound):
            replace_filters(conn, ben, made.view, "q=2")
        assert [view.query for view in views_of(conn, ben)] == ["status=held&q=1"]
        (entry,) = audit_list(conn, action="saved_view.filters_replaced")
        assert (entry.body["before"], entry.body["query"]) == ("status=held", "status=held&q=1")
        own = save_view(conn, ana, NewView("orders", "Own", "q=1"))
        replace_filters(conn, ana, own.view, "q=2")
        assert noted(conn) == ["saved_view.shared", "saved_view.filters_replaced"], "one's own is nobody else's"


def test_whose_list_opens_with_a_shared_view_is_each_readers_choice(database, tenant, two):
    ana, ben = two
    with database.transaction(tenant) as conn:
        made = save_view(conn, ana, NewView("orders", "Held", "status=held", shared=True, is_default=True))
        own = save_view(conn, ana, NewView("orders", "Own", "q=1"))
        assert [view.is_default for view in views_of(conn, ben)] == [False]
        assert open_with(conn, ben, made.view, chosen=True).is_default
        assert [view.is_default for view in views_of(conn, ben)] == [True]
        for view in (made.view, own.view, uuid4()):
            with pytest.raises(NotFound):
                open_with(conn, ana if view == made.view else ben, view, chosen=True)
        mine = save_view(conn, ben, NewView("orders", "Mine", "q=3", is_default=True))
        assert [(v.view == mine.view, v.is_default) for v in views_of(conn, ben)] == [(True, True), (False, False)]
        delete_view(conn, ana, made.view)


def test_an_administrator_removes_what_is_shared_but_not_what_is_not(database, tenant, two, person, acting):
    ana, _ = two
    tom = acting(person("tom", "tenant_admin"))
    with database.transaction(tenant) as conn:
        shared = save_view(conn, ana, NewView("cases", "Late", "clock=at_risk", shared=True))
        own = save_view(conn, ana, HELD)
        with pytest.raises(NotFound):
            delete_view(conn, tom, own.view)
        delete_view(conn, tom, shared.view)
        assert names(conn, ana) == ["Held"]


def test_a_list_opens_with_one_view_at_most(database, tenant, two):
    ana, ben = two
    with database.transaction(tenant) as conn:
        first = save_view(conn, ana, NewView("orders", "One", "q=1", is_default=True))
        save_view(conn, ana, NewView("orders", "Two", "q=2", is_default=True))
        save_view(conn, ana, NewView("cases", "Three", "q=3", is_default=True))
        save_view(conn, ben, NewView("orders", "Four", "q=4", is_default=True))

        def opening(ctx):
            return sorted(view.name for view in views_of(conn, ctx) if view.is_default)

        assert opening(ana) == ["Three", "Two"]
        change_view(conn, ana, first.view, "One", shared=False, default=True)
        assert opening(ana) == ["One", "Three"]
        assert opening(ben) == ["Four"]


def test_names_are_checked_and_each_is_there_once_for_a_list(database, tenant, two):
    ana, ben = two
    with database.transaction(tenant) as conn:
        held = save_view(conn, ana, HELD)
        with pytest.raises(Conflict, match="of this name"):
            save_view(conn, ana, HELD)
        other = save_view(conn, ana, NewView("orders", "Other", "q=1"))
        with pytest.raises(Conflict, match="of this name"):
            change_view(conn, ana, other.view, "Held", shared=False, default=False)
        for name in ("", "   ", "x" * 61, "a\x07b"):
            with pytest.raises(Invalid):
                save_view(conn, ana, NewView("orders", name, "q=1"))
            with pytest.raises(Invalid):
                change_view(conn, ana, held.view, name, shared=False, default=False)
        for query in ("", "q=" + "x" * 2000):
            with pytest.raises(Invalid):
                save_view(conn, ana, NewView("orders", "Long", query))
        save_view(conn, ana, NewView("cases", "Held", "q=1"))
        save_view(conn, ben, HELD)
        assert names(conn, ana) == ["Held", "Held", "Other"]


def test_there_is_an_end_to_how_many_one_keeps(database, tenant, two):
    ana, ben = two
    with database.transaction(tenant) as conn:
        for number in range(MOST):
            save_view(conn, ana, NewView("orders", f"View {number}", "q=1"))
        with pytest.raises(Conflict, match="as many"):
            save_view(conn, ana, NewView("cases", "One more", "q=1"))
        save_view(conn, ben, HELD)


def test_another_tenant_has_none(database, tenant, two):
    ana, _ = two
    with database.transaction(tenant) as conn:
        made = save_view(conn, ana, NewView("orders", "Held", "status=held", shared=True))
    with database.transaction(create_tenant(database)) as conn:
        assert views_of(conn, ana) == []
        with pytest.raises(NotFound):
            delete_view(conn, ana, made.view)
        with pytest.raises(NotFound):
            change_view(conn, ana, uuid4(), "Held", shared=False, default=False)


@pytest.fixture
def of_partner(database, tenant, ctx, acting):
    """Makes somebody of a partner, acting."""

    def make(name, partner, *roles):
        with database.transaction(tenant) as conn:
            made = create_person(conn, ctx, email=f"{name}@partner.example", name=name.title(), partner=partner)
            for role in roles:
                grant_role(conn, ctx, made.principal, role)
        return acting(made.principal)

    return make


def test_views_of_a_partner_are_its_peoples_alone(database, tenant, two, of_partner):
    ana, _ = two
    pia, paul = of_partner("pia", "P-1", "partner_admin"), of_partner("paul", "P-1", "partner_user")
    otto = of_partner("otto", "P-2", "partner_admin")
    mine = NewView("portal_orders", "Held", "status=held", shared=True)
    with database.transaction(tenant) as conn:
        staff = save_view(conn, ana, NewView("orders", "Held", "status=held", shared=True))
    with database.transaction(tenant, partner="P-1") as conn:
        assert views_of(conn, pia) == []
        with pytest.raises(Forbidden):
            save_view(conn, paul, mine)
        made = save_view(conn, pia, mine)
        own = save_view(conn, paul, replace(mine, shared=False))
        assert [view.view for view in views_of(conn, paul)] == [own.view, made.view]
        assert open_with(conn, paul, made.view, chosen=True).is_default
        for theirs in (staff.view, own.view):
            with pytest.raises(NotFound):
                delete_view(conn, pia, theirs)
    with database.transaction(tenant, partner="P-2") as conn:
        assert conn.execute("select count(*) from saved_views").fetchone() == (0,)
        assert conn.execute("select count(*) from saved_view_choices").fetchone() == (0,)
        for act in (
            delete_view,
            lambda *a: open_with(*a, chosen=True),
            lambda conn, ctx, view: replace_filters(conn, ctx, view, "q=1"),
        ):
            with pytest.raises(NotFound):
                act(conn, otto, made.view)
        assert conn.execute("update saved_views set name = 'Taken'").rowcount == 0
        assert conn.execute("delete from saved_views").rowcount == 0
    with database.transaction(tenant) as conn:
        assert [view.view for view in views_of(conn, ana)] == [staff.view], "staff are shown their own"
        with pytest.raises(NotFound):
            delete_view(
                conn, replace(ana, principal=replace(ana.principal, permissions=frozenset({"admin"}))), made.view
            )


@pytest.mark.parametrize("said", ["P-1", None])
def test_the_database_takes_no_view_in_anothers_name(database, tenant, of_partner, said):
    otto = of_partner("otto", "P-1", "partner_admin")
    otto = replace(otto, principal=replace(otto.principal, partner=said))
    with pytest.raises(InsufficientPrivilege), database.transaction(tenant, partner="P-2") as conn:
        save_view(conn, otto, NewView("portal_orders", "Held", "status=held"))


def test_who_looks_after_the_people_of_a_partner_removes_what_one_shares(database, tenant, of_partner):
    pia, petra = (of_partner(name, "P-1", "partner_admin") for name in ("pia", "petra"))
    with database.transaction(tenant, partner="P-1") as conn:
        made = save_view(conn, pia, NewView("portal_orders", "Held", "status=held", shared=True))
        with pytest.raises(NotFound):
            change_view(conn, petra, made.view, "Hers", shared=True, default=False)
        delete_view(conn, petra, made.view)
        assert views_of(conn, pia) == []
    with database.transaction(tenant) as conn:
        assert noted(conn) == ["saved_view.shared", "saved_view.deleted"]
