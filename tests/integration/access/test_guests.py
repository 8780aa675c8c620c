"""Guests: people of a provider work in a client only when it lets them, for a time, and both chains tell it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from headgate.access import (
    create_person,
    get_account,
    get_tenant,
    grant_role,
    list_sessions,
    load_principal,
    reactivate,
    read_session,
    set_security,
    suspend,
)
from headgate.access.core.security import SecurityRules
from headgate.access.tenancy import (
    ask_guest,
    decide_guest,
    end_guest,
    list_guests,
    looking_at,
    note_visit,
    place_in_tree,
    put_out_guests,
    revoke_guest,
    start_visit,
)
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, Invalid, NotFound, Unauthenticated
from headgate.ledger import audit_list
from headgate.store import Database
from headgate.store.stewarding import reporting
from tests.integration.access.conftest import NOW
from tests.integration.access.test_below import id_of, make_client, make_provider

WEEK = timedelta(days=7)
OLGA = "user:olga@westhafen.example"


class House:
    """A provider with Olga and Otto, and a client with Ada, who administers it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.provider, self.olga, self.otto = make_provider(database)
        self.slug = make_client(database, self.olga)
        self.client = id_of(database, self.olga, self.slug)
        with database.transaction(self.client) as conn:
            system = Context(self.client, SYSTEM, NOW)
            ada = create_person(conn, system, email="ada@client.example", name="Ada")
            grant_role(conn, system, ada.principal, "tenant_admin")
            self.ada = Context(self.client, load_principal(conn, ada.principal, NOW), NOW)

    def ask(self, *roles: str, person: str = OLGA, until=NOW + WEEK, reason: str = "the upgrade") -> UUID:
        with self.database.transaction(self.provider) as conn:
            return ask_guest(
                conn, self.otto, self.slug, person=person, roles=roles or ("support",), reason=reason, valid_until=until
            )

    def grant(self, guest: UUID, *, grant: bool = True) -> str:
        with self.database.transaction(self.client) as conn:
            return decide_guest(conn, self.ada, guest, grant=grant).principal

    def enter(self, ctx: Context | None = None, proofs: tuple[str, ...] = ("password",)) -> str:
        who = ctx or self.olga
        with self.database.transaction(self.provider) as conn:
            client, guest = note_visit(conn, who, self.slug)
        return start_visit(self.database, client, guest, who.now, proofs=proofs, agent="", address="").token

    def told(self, tenant: UUID, subject_type: str) -> list[str]:
        with self.database.transaction(tenant) as conn:
            return [entry.action for entry in audit_list(conn, subject_type=subject_type)]


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def test_a_guest_asks_is_let_in_works_and_is_put_out(house: House) -> None:
    guest = house.ask("support")
    with pytest.raises(Forbidden, match="not let you in"):
        house.enter()
    principal = house.grant(guest)
    token = house.enter()
    with house.database.transaction(house.client) as conn:
        live = read_session(conn, token, NOW)
        assert live.principal.id == principal
        assert live.principal.roles == {"support"}
        assert "admin" not in live.principal.permissions
        assert live.session.expires_at == NOW + timedelta(hours=1)
        assert get_account(conn, principal, NOW + WEEK).roles == (), "the roles end by themselves"
        revoke_guest(conn, house.ada, guest)
        assert list_sessions(conn, principal, NOW) == []
        assert get_account(conn, principal, NOW).status == "suspended"
        with pytest.raises(Conflict):
            revoke_guest(conn, house.ada, guest)
    with pytest.raises(Forbidden):
        house.enter()
    assert house.told(house.client, "guest") == ["guest.revoked", "guest.entered", "guest.granted", "guest.asked"]
    assert house.told(house.provider, "client_tenant") == [
        "client_tenant.guest_revoked",
        "client_tenant.entered",
        "client_tenant.guest_granted",
        "client_tenant.guest_asked",
        "client_tenant.created",
    ]


def test_what_the_provider_ends_or_what_is_over_is_put_out_by_the_job(house: House) -> None:
    principal = house.grant(house.ask())
    house.enter()
    with house.database.transaction(house.provider) as conn:
        with looking_at(conn, house.otto, house.slug):
            (found,) = list_guests(conn)
        end_guest(conn, house.otto, house.slug, found.id)
        with pytest.raises(Conflict):
            end_guest(conn, house.otto, house.slug, found.id)
    with house.database.transaction(house.client) as conn:
        put_out_guests(conn, Context(house.client, SYSTEM, NOW))
        put_out_guests(conn, Context(house.client, SYSTEM, NOW))
        assert get_account(conn, principal, NOW).status == "suspended"
        assert list_sessions(conn, principal, NOW) == []
        assert len(audit_list(conn, action="guest.put_out")) == 1
    again = house.ask()
    assert house.grant(again) == principal, "the same person has the same account"
    with house.database.transaction(house.client) as conn:
        put_out_guests(conn, Context(house.client, SYSTEM, NOW))
        assert get_account(conn, principal, NOW).status == "active", "one that is in force counts"
        put_out_guests(conn, Context(house.client, SYSTEM, NOW + WEEK))
        assert get_account(conn, principal, NOW).status == "suspended"


def test_who_is_suspended_at_the_provider_or_given_up_by_it_is_out_with_the_next_request(house: House) -> None:
    house.grant(house.ask())
    token = house.enter()

    def inside() -> bool:
        with house.database.transaction(house.client) as conn:
            try:
                read_session(conn, token, NOW)
            except Unauthenticated:
                return False
        return True

    assert inside()
    with house.database.transaction(house.provider) as conn:
        suspend(conn, Context(house.provider, SYSTEM, NOW), OLGA)
    assert not inside()
    with house.database.transaction(house.provider) as conn:
        reactivate(conn, Context(house.provider, SYSTEM, NOW), OLGA)
    assert inside(), "the client's grant still stands"
    with house.database.transaction(house.provider) as conn:
        with looking_at(conn, house.otto, house.slug):
            (found,) = list_guests(conn)
        end_guest(conn, house.otto, house.slug, found.id)
    assert not inside()


def test_duties_and_second_factors_of_the_client_hold_for_guests(house: House) -> None:
    with pytest.raises(DutyConflict, match="enters orders does not approve"):
        house.grant(house.ask("order_desk", "finance"))
    with house.database.transaction(house.client) as conn:
        (waiting,) = list_guests(conn)
        assert waiting.state(NOW) == "asked"
        assert conn.execute("select from principals where principal like 'guest:%%'").fetchone() is None
        set_security(conn, house.ada, SecurityRules(second_factor_roles=frozenset({"support"})))
        decide_guest(conn, house.ada, waiting.id, grant=False)
    house.grant(house.ask("support"))
    with pytest.raises(Forbidden, match="second factor"):
        house.enter()
    assert house.enter(proofs=("password", "totp"))


def test_bad_requests_are_refused_and_leave_nothing(house: House) -> None:
    for changes in (
        {"person": "user:nobody@westhafen.example"},
        {"until": NOW},
        {"until": NOW + timedelta(days=91)},
        {"reason": ""},
    ):
        with pytest.raises((Invalid, NotFound)):
            house.ask("support", **changes)
    for role in ("operator", "partner_admin", "provisioning", "nobody"):
        with pytest.raises(Invalid):
            house.ask(role)
    house.ask()
    with pytest.raises(Conflict, match="already"):
        house.ask()
    with house.database.transaction(house.client) as conn:
        assert len(list_guests(conn)) == 1


def test_only_the_clients_administrators_decide_and_nobody_for_another(house: House) -> None:
    guest = house.ask()
    other = House(house.database)
    with house.database.transaction(house.client) as conn:
        ana = create_person(conn, Context(house.client, SYSTEM, NOW), email="ana@client.example", name="Ana")
        with pytest.raises(Forbidden):
            decide_guest(conn, Context(house.client, ana.as_principal(), NOW), guest, grant=True)
        with pytest.raises(NotFound), reporting(conn, other.provider):
            pytest.fail("told a stranger")
    with house.database.transaction(other.client) as conn, pytest.raises(NotFound):
        decide_guest(conn, other.ada, guest, grant=True)
    house.grant(guest)
    with pytest.raises(Forbidden):
        house.enter(house.otto)
    with house.database.transaction(other.provider) as conn, pytest.raises(NotFound):
        note_visit(conn, other.olga, house.slug)


def test_who_is_no_longer_the_provider_gets_nobody_in(house: House) -> None:
    house.grant(house.ask())
    with house.database.transaction(house.client) as conn:
        system = Context(house.client, SYSTEM, NOW)
        place_in_tree(house.database, conn, system, kind="client", parent="")
    with pytest.raises(NotFound):
        house.enter()
    with house.database.transaction(house.client) as conn:
        (found,) = list_guests(conn)
        assert revoke_guest(conn, house.ada, found.id).state(NOW) == "ended"
        assert get_tenant(conn).parent is None
