from __future__ import annotations

import uuid

import pytest

from headgate.access import create_tenant, find_tenant, get_tenant, set_tenant
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from headgate.ledger import audit_list, verify_audit
from tests.integration.access.conftest import NOW

GOOD = {"name": "Nordwind", "currency": "EUR", "timezone": "Europe/Berlin"}


@pytest.fixture
def fresh():
    """The platform, about to make a tenant that does not exist yet."""
    return Context(uuid.uuid4(), SYSTEM, NOW)


def make(database, ctx, **changes):
    with database.transaction(ctx.tenant_id) as conn:
        return create_tenant(conn, ctx, **{"slug": f"t-{ctx.tenant_id.hex[:12]}", **GOOD, **changes})


def test_a_tenant_has_the_id_of_its_transaction_and_is_found_by_its_short_name(database, fresh):
    made = make(database, fresh, settings={"lanes": 4})
    assert made.id == fresh.tenant_id
    assert find_tenant(database, made.slug) == made.id
    with database.transaction(made.id) as conn:
        assert get_tenant(conn) == made
        assert made.settings == {"lanes": 4}
        assert [e.action for e in audit_list(conn)] == ["tenant.created"]
        assert verify_audit(conn).ok


def test_a_short_name_is_taken_once_over_all_tenants(database, fresh):
    made = make(database, fresh)
    other = Context(uuid.uuid4(), SYSTEM, NOW)
    with pytest.raises(Conflict):
        make(database, other, slug=made.slug)
    with pytest.raises(NotFound), database.transaction(other.tenant_id) as conn:
        get_tenant(conn)


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("slug", "Nordwind"),
        ("slug", "a"),
        ("slug", "-ab"),
        ("slug", "a" * 41),
        ("slug", "a b"),
        ("name", " "),
        ("name", "x" * 201),
        ("name", "a\x00b"),
        ("currency", "EURO"),
        ("currency", "eur"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../etc/passwd"),
        ("timezone", ""),
    ],
)
def test_a_bad_field_is_refused_by_name(database, fresh, field, bad):
    with pytest.raises(Invalid) as caught:
        make(database, fresh, **{field: bad})
    assert caught.value.problems[0].field == field


def test_only_the_platform_makes_tenants(database, tenant, person, acting):
    admin = acting(person("ada", "tenant_admin"))
    with pytest.raises(Forbidden):
        make(database, Context(uuid.uuid4(), admin.principal, NOW))


def test_an_administrator_changes_name_zone_and_settings_and_the_change_is_on_record(database, tenant, person, acting):
    admin, clerk = acting(person("ada", "tenant_admin")), acting(person("ben", "order_desk"))
    with database.transaction(tenant) as conn:
        changed = set_tenant(conn, admin, timezone="UTC", settings={"x": 1})
        assert (changed.timezone, changed.settings, changed.name) == ("UTC", {"x": 1}, "Test tenant")
        entry = audit_list(conn, action="tenant.changed")[0]
        assert entry.body["before"]["timezone"] == "Europe/Berlin"
        assert entry.body["after"]["timezone"] == "UTC"
        with pytest.raises(Invalid):
            set_tenant(conn, admin, timezone="nowhere")
        with pytest.raises(Forbidden):
            set_tenant(conn, clerk, name="Mine")


def test_an_unknown_short_name_is_not_found(database):
    with pytest.raises(NotFound):
        find_tenant(database, "no-such-tenant")
