"""People of a partner, administered by one of them: never beyond their own partner, and links that work once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from headgate import access
from headgate.access.colleagues import INVITED_FOR
from headgate.access.domains import trust_domain
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, HeadgateError, Invalid, NotFound, Unauthenticated
from headgate.ledger import audit_list
from headgate.store import Database
from tests.conftest import create_tenant

PASSWORD = "correct-horse-battery-staple"
PIA, PAUL, OTTO, CARL = (f"user:{n}@mail.example" for n in ("pia", "paul", "otto", "carl"))


@pytest.fixture
def own(database: Database, clock: FixedClock) -> UUID:
    """A tenant with two administrators of two partners, and somebody of its own."""
    tenant = create_tenant(database)
    with database.transaction(tenant) as conn:
        ctx = Context(tenant, SYSTEM, clock.now())
        for name, role, partner in (("pia", "partner_admin", "P-1"), ("otto", "partner_admin", "P-2")):
            access.create_person(conn, ctx, email=f"{name}@mail.example", name=name, partner=partner)
            access.grant_role(conn, ctx, f"user:{name}@mail.example", role)
        access.create_person(conn, ctx, email="carl@mail.example", name="carl")
        access.grant_role(conn, ctx, CARL, "channel_manager")
    return tenant


def acting(database: Database, tenant: UUID, clock: FixedClock, who: str) -> Context:
    with database.transaction(tenant) as conn:
        return Context(tenant, access.load_principal(conn, who, clock.now()), clock.now())


def test_an_invited_colleague_chooses_a_password_once_and_signs_in(
    database: Database, own: UUID, clock: FixedClock
) -> None:
    ctx = acting(database, own, clock, PIA)
    # In the partner's own transaction, as the portal does it: the database lets nothing else through.
    with database.transaction(own, partner="P-1") as conn:
        link = access.add_colleague(conn, ctx, email="Paul@mail.example", name="Paul", role="partner_user")
        assert [c.account.principal for c in access.list_colleagues(conn, ctx)] == [PAUL, PIA]
    with database.transaction(own) as conn:
        assert access.find_invitation(conn, link.token, clock.now()).principal == PAUL
        with pytest.raises(Invalid, match="shorter"):
            access.accept_invitation(conn, ctx, link.token, "short")
        access.accept_invitation(conn, ctx, link.token, PASSWORD)
        with pytest.raises(Unauthenticated):
            access.accept_invitation(conn, ctx, link.token, PASSWORD + "2")
        found = access.authenticate(conn, Context(own, SYSTEM, clock.now()), "paul@mail.example", PASSWORD)
        assert isinstance(found, Principal)
        assert (found.partner, sorted(found.roles)) == ("P-1", ["partner_user"])
        actions = [e.action for e in audit_list(conn, subject_type="principal", subject=PAUL)]
    assert actions == ["password.chosen", "principal.invited"]


def test_a_link_ends_by_time_by_a_newer_one_and_with_the_account(
    database: Database, own: UUID, clock: FixedClock
) -> None:
    ctx = acting(database, own, clock, PIA)
    with database.transaction(own, partner="P-1") as conn:
        first = access.add_colleague(conn, ctx, email="paul@mail.example", name="Paul", role="partner_user")
        second = access.renew_link(conn, ctx, PAUL)
    with database.transaction(own) as conn:
        for token, at in (
            (first.token, clock.now()),
            (second.token, clock.now() + INVITED_FOR),
            ("nonsense", clock.now()),
            (second.token[:-1] + ("A" if second.token[-1] != "A" else "B"), clock.now()),
        ):
            with pytest.raises(Unauthenticated):
                access.find_invitation(conn, token, at)
        assert access.find_invitation(conn, second.token, clock.now() + timedelta(days=6)).name == "Paul"
    with database.transaction(own, partner="P-1") as conn:
        access.set_colleague_active(conn, ctx, PAUL, False)
        with pytest.raises(Conflict):
            access.renew_link(conn, ctx, PAUL)
    with database.transaction(own) as conn, pytest.raises(Unauthenticated):
        access.find_invitation(conn, second.token, clock.now())


@pytest.mark.parametrize("limited", [True, False])
@pytest.mark.parametrize("target", [OTTO, CARL, "user:nobody@mail.example"])
def test_nobody_reaches_beyond_their_own_partner(
    database: Database, own: UUID, clock: FixedClock, target: str, limited: bool
) -> None:
    ctx = acting(database, own, clock, PIA)
    for act in (
        lambda conn: access.set_colleague_active(conn, ctx, target, False),
        lambda conn: access.set_colleague_role(conn, ctx, target, "partner_user"),
        lambda conn: access.renew_link(conn, ctx, target),
    ):
        with pytest.raises(NotFound), database.transaction(own, partner="P-1" if limited else None) as conn:
            act(conn)
    with database.transaction(own) as conn:
        assert access.get_account(conn, CARL, clock.now()).status == "active"
    with pytest.raises(Conflict), database.transaction(own, partner="P-1") as conn:
        access.add_colleague(conn, ctx, email=target.removeprefix("user:") or "x", name="X", role="partner_user")
        raise Conflict("an address that is free may be invited")


def test_administration_takes_the_role_and_spares_oneself(database: Database, own: UUID, clock: FixedClock) -> None:
    ctx = acting(database, own, clock, PIA)
    with database.transaction(own, partner="P-1") as conn:
        access.add_colleague(conn, ctx, email="paul@mail.example", name="Paul", role="partner_user")
        for act in (
            lambda: access.set_colleague_active(conn, ctx, PIA, False),
            lambda: access.set_colleague_role(conn, ctx, PIA, "partner_user"),
        ):
            with pytest.raises(Forbidden):
                act()
        with pytest.raises(Invalid, match="not a role in the portal"):
            access.set_colleague_role(conn, ctx, PAUL, "tenant_admin")
        access.set_colleague_role(conn, ctx, PAUL, "partner_admin")
    with database.transaction(own) as conn:
        assert access.get_account(conn, PAUL, clock.now()).roles == ("partner_admin",)
        access.grant_role(conn, Context(own, SYSTEM, clock.now()), PAUL, "partner_user")
        access.revoke_role(conn, Context(own, SYSTEM, clock.now()), PAUL, "partner_admin")
    user = acting(database, own, clock, PAUL)
    with pytest.raises(Forbidden), database.transaction(own, partner="P-1") as conn:
        access.add_colleague(conn, user, email="zoe@mail.example", name="Zoe", role="partner_admin")


@pytest.mark.parametrize("take", ["role", "account"])
def test_two_administrators_who_shut_each_other_out_at_once_leave_one(
    database: Database, own: UUID, clock: FixedClock, take: str
) -> None:
    pia = acting(database, own, clock, PIA)
    with database.transaction(own, partner="P-1") as conn:
        access.add_colleague(conn, pia, email="paul@mail.example", name="Paul", role="partner_admin")
    # Both requests were let in before either was done.
    paul = acting(database, own, clock, PAUL)

    def shut_out(ctx: Context, whom: str) -> None:
        with database.transaction(own, partner="P-1") as conn:
            if take == "role":
                access.set_colleague_role(conn, ctx, whom, "partner_user")
            else:
                access.set_colleague_active(conn, ctx, whom, False)

    shut_out(pia, PAUL)
    with pytest.raises(Forbidden):
        shut_out(paul, PIA)
    with database.transaction(own) as conn:
        left = access.get_account(conn, PIA, clock.now())
        assert (left.status, left.roles) == ("active", ("partner_admin",))


@pytest.mark.parametrize(("who", "role"), [(PIA, "channel_manager"), (PIA, "tenant_admin"), (CARL, "partner_admin")])
def test_roles_of_partners_and_of_the_tenants_own_people_never_meet(
    database: Database, own: UUID, clock: FixedClock, who: str, role: str
) -> None:
    with pytest.raises((Invalid, DutyConflict)), database.transaction(own) as conn:
        access.grant_role(conn, Context(own, SYSTEM, clock.now()), who, role)


def test_a_host_belongs_to_one_portal(database: Database, own: UUID, clock: FixedClock) -> None:
    other = create_tenant(database)
    host = f"partners-{own.hex[:8]}.example.com"
    with database.transaction(own) as conn:
        ctx = Context(own, SYSTEM, clock.now())
        trust_domain(conn, ctx, host, "a test")
        assert access.set_portal_host(conn, ctx, host.upper()).portal_host == host
    assert access.portal_hosts(database)[host] == own
    with pytest.raises(Invalid), database.transaction(other) as conn:
        access.set_portal_host(conn, Context(other, SYSTEM, clock.now()), host)
    for wrong in ("localhost", "https://x.example", "x.example:80", "a..b", "-a.example", "x.example/y", "x" * 260):
        with pytest.raises(HeadgateError), database.transaction(other) as conn:
            access.set_portal_host(conn, Context(other, SYSTEM, clock.now()), wrong)
    with database.transaction(own) as conn:
        access.set_portal_host(conn, Context(own, SYSTEM, clock.now()), "")
    assert host not in access.portal_hosts(database)
