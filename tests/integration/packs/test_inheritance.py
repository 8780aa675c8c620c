"""What a provider offers and its clients take: copies with their origin, and nothing else passes between the two."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from headgate.access import get_tenant, retire_role, save_role
from headgate.access.core.roles import PERMISSIONS
from headgate.access.duties import permissions_by_role
from headgate.access.duties.inherited import offer_role
from headgate.access.inheritance import (
    Inherited,
    go_back,
    list_inherited,
    list_offers,
    offer_fates,
    take_offers,
    withdraw_offer,
)
from headgate.access.tenancy import place_in_tree
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, Invalid, NotFound
from headgate.ledger import audit_list, verify_audit
from headgate.packs.inherited import offer_pack, takers
from headgate.policy import PolicyService, PolicyVersion, apply_at_once, origins_of, propose
from headgate.policy.inherited import offer_policy
from headgate.store import Database, metadata
from headgate.wiring import known_actions
from tests.integration.access.conftest import NOW
from tests.integration.access.test_below import id_of, make_client, make_provider
from tests.integration.policy.test_policy_versions import text

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# What taking something may write in a client.
TOUCHED = {"inheritances", "policy_versions", "policy_texts", "custom_roles", "audit_entries", "audit_heads"}


def somebody(tenant: UUID, name: str, now: datetime, *permissions: str) -> Context:
    held = frozenset(permissions or PERMISSIONS)
    return Context(tenant, Principal(f"user:{name}", "person", name.title(), permissions=held), now)


@dataclass
class Pair:
    """A provider, a client of its, and a clock."""

    database: Database
    provider: UUID
    client: UUID
    slug: str
    olga: Context
    now: datetime = NOW
    policies: PolicyService = field(default_factory=PolicyService)

    def at(self, tenant: UUID, name: str = "bo") -> Context:
        return somebody(tenant, name, self.now)

    def approved(self, tenant: UUID, version: int, *, active: bool = False, body: str = "") -> None:
        """A version of the policy `limits` that one wrote and another approved."""
        with self.database.transaction(tenant) as conn:
            self.policies.draft(conn, self.at(tenant, "ana"), body or text(version))
            self.policies.submit(conn, self.at(tenant, "ana"), "limits", version)
            self.policies.approve(conn, self.at(tenant), "limits", version)
            if active:
                self.policies.activate(conn, self.at(tenant), "limits", version)

    def offer(self, version: int, *, locked: bool = False, at: datetime | None = None) -> UUID:
        ctx = replace(self.olga, now=self.now)
        with self.database.transaction(self.provider) as conn:
            return offer_policy(self.policies, conn, ctx, "limits", version, locked=locked, effective_at=at).id

    def take(self, tenant: UUID | None = None) -> None:
        whose = tenant or self.client
        with self.database.transaction(whose) as conn:
            assert take_offers(conn, Context(whose, SYSTEM, self.now), takers(self.policies, known_actions())) == ()

    def inherited(self, name: str = "limits") -> Inherited:
        with self.database.transaction(self.client, read_only=True) as conn:
            return next(each for each in list_inherited(conn) if each.name == name)

    def versions(self, tenant: UUID | None = None) -> list[PolicyVersion]:
        with self.database.transaction(tenant or self.client, read_only=True) as conn:
            return list(self.policies.versions(conn, "limits"))

    def deciding(self) -> PolicyVersion | None:
        return next((v for v in self.versions() if v.in_force(self.now)), None)


@pytest.fixture
def pair(database: Database) -> Pair:
    provider, olga, _ = make_provider(database)
    slug = make_client(database, olga)
    return Pair(database, provider, id_of(database, olga, slug), slug, olga)


def rows_of(database: Database, tenant: UUID) -> dict[str, str]:
    """What stands in each table of a tenant, as a digest."""
    found = {}
    with database.transaction(tenant, read_only=True) as conn:
        for name in sorted(metadata.tables):
            query = psycopg.sql.SQL("select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {} t")
            (found[name],) = conn.execute(query.format(psycopg.sql.Identifier(name))).fetchone() or ("",)
    return found


def test_an_approved_version_decides_in_the_client_and_says_where_it_comes_from(pair: Pair) -> None:
    pair.approved(pair.provider, 1)
    pair.approved(pair.provider, 2, active=True)
    pair.offer(2)
    assert pair.versions() == [], "nothing passes before the client takes it"
    pair.take()
    found = pair.deciding()
    assert found is not None
    assert found.inherited == "inherited from Test tenant, version 2"
    theirs = pair.versions(pair.provider)[0]
    assert (found.version, found.digest, found.origin_digest) == (2, theirs.digest, theirs.digest)
    assert found.author.endswith("/user:ana")
    assert found.approver is not None
    assert found.approver.endswith("/user:bo")
    here = pair.inherited()
    assert (here.state, here.version, here.local_version, here.problem) == ("following", 2, 2, "")
    with pair.database.transaction(pair.client) as conn:
        assert origins_of(conn, [("limits", 2), ("limits", 9)]) == {("limits", 2): found.inherited}
        (told,) = audit_list(conn, action="policy.inherited")
        assert told.body["origin_version"] == 2
        (taken,) = audit_list(conn, action="inheritance.taken")
        assert taken.body["digest"] == theirs.digest
        assert verify_audit(conn).ok
    with pair.database.transaction(pair.provider) as conn:
        (told,) = audit_list(conn, action="client_tenant.offer_taken")
        assert (told.subject, told.body["name"]) == (pair.slug, "limits")
        assert verify_audit(conn).ok


def test_taking_again_changes_nothing_in_either_tenant(pair: Pair) -> None:
    pair.approved(pair.provider, 1)
    pair.offer(1, locked=True)
    pair.take()
    before = rows_of(pair.database, pair.client), rows_of(pair.database, pair.provider)
    for _ in range(3):
        pair.now += HOUR
        pair.take()
    assert (rows_of(pair.database, pair.client), rows_of(pair.database, pair.provider)) == before


@pytest.mark.parametrize("locked", [False, True])
def test_a_publication_writes_nothing_in_a_client_and_taking_writes_only_what_was_offered(
    pair: Pair, locked: bool
) -> None:
    pair.approved(pair.client, 1, active=True)
    pair.now += HOUR
    before = rows_of(pair.database, pair.client)
    pair.approved(pair.provider, 1)
    with pair.database.transaction(pair.provider) as conn:
        ctx = pair.at(pair.provider)
        save_role(conn, ctx, "desk-lead", title="Desk lead", description="leads", permissions=["orders.read"])
        offer_role(conn, ctx, "desk-lead", locked=locked)
    pair.offer(1, locked=locked)
    assert rows_of(pair.database, pair.client) == before
    pair.take()
    after = rows_of(pair.database, pair.client)
    assert {name for name in before if before[name] != after[name]} <= TOUCHED
    with pair.database.transaction(pair.client) as conn:
        names = conn.execute("select distinct policy from policy_versions").fetchall()
        roles = conn.execute("select role from custom_roles").fetchall()
    assert (names, roles) == ([("limits",)], [("desk-lead",)])


def test_a_client_sees_of_its_provider_what_is_offered_to_it_and_nothing_else(pair: Pair) -> None:
    pair.approved(pair.provider, 1)
    pair.approved(pair.provider, 2)
    first = pair.offer(1)
    stranger, uma, _ = make_provider(pair.database)
    other = Pair(pair.database, stranger, stranger, "", uma)
    other.approved(stranger, 1)
    beside = other.offer(1)
    with pair.database.transaction(pair.client) as conn:
        for table in ("offers", "policy_versions", "policy_texts", "tenants"):
            query = psycopg.sql.SQL("select count(*) from {} where tenant_id <> %s")
            assert conn.execute(query.format(psycopg.sql.Identifier(table)), [pair.client]).fetchone() == (0,)
        offered = conn.execute("select id, version from headgate_offered()").fetchall()
        assert offered == [(first, 1)]
        bodies = conn.execute("select id from headgate_offer_bodies(%s)", [[first, beside]]).fetchall()
        assert bodies == [(first,)]
        for statement in ("insert into offers select * from headgate_offered()", "set role headgate_scan"):
            with pytest.raises(psycopg.Error), conn.transaction():
                conn.execute(statement.encode())
    pair.take()
    with pair.database.transaction(pair.client, partner="P-1") as conn:
        for place in ("inheritances", "offers"):
            assert conn.execute(f"select count(*) from {place}".encode()).fetchone() == (0,), place
        with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
            conn.execute("select * from headgate_offered()")
    with pair.database.transaction(pair.provider) as conn:
        assert conn.execute("select count(*) from headgate_offered()").fetchone() == (0,)


def test_a_locked_policy_cannot_be_changed_by_the_client_in_any_way(pair: Pair) -> None:
    pair.approved(pair.client, 1, active=True)
    pair.now += HOUR
    with pair.database.transaction(pair.client) as conn:
        pair.policies.draft(conn, pair.at(pair.client, "ana"), text(2))
    pair.approved(pair.client, 3)
    with pair.database.transaction(pair.client) as conn:
        pair.policies.activate(conn, pair.at(pair.client), "limits", 3, pair.now + DAY)
    pair.approved(pair.provider, 1)
    pair.offer(1, locked=True)
    pair.now += HOUR
    pair.take()
    found = pair.deciding()
    assert found is not None
    assert (found.version, found.origin_version) == (4, 1)
    standing = {v.version: v.standing(pair.now) for v in pair.versions()}
    assert standing == {4: "active", 3: "withdrawn", 2: "draft", 1: "superseded"}
    ana, bo = pair.at(pair.client, "ana"), pair.at(pair.client)
    tries = {
        "draft": lambda c: pair.policies.draft(c, ana, text(5)),
        "propose": lambda c: propose(c, ana, "limits"),
        "emergency": lambda c: apply_at_once(pair.policies, c, bo, "limits", 2, "cannot wait"),
        "retire": lambda c: pair.policies.retire(c, bo, "limits", 4, "away with it"),
        "activate": lambda c: pair.policies.activate(c, bo, "limits", 2),
    }
    before = rows_of(pair.database, pair.client)
    for name, attempt in tries.items():
        with pytest.raises(Conflict, match="locked it"), pair.database.transaction(pair.client) as conn:
            attempt(conn)
            pytest.fail(name)
    assert rows_of(pair.database, pair.client) == before


def test_an_open_policy_is_overridden_by_the_clients_own_and_taken_back(pair: Pair) -> None:
    pair.approved(pair.provider, 1)
    pair.offer(1)
    pair.take()
    pair.now += HOUR
    pair.approved(pair.client, 2, active=True)
    assert pair.inherited().state == "overridden"
    found = pair.deciding()
    assert found is not None
    assert found.inherited == ""
    pair.now += HOUR
    pair.approved(pair.provider, 2)
    pair.offer(2)
    pair.take()
    assert (pair.inherited().version, pair.inherited().state) == (2, "overridden")
    assert pair.deciding() == found, "an override stays when something newer is offered"
    pair.now += HOUR
    reader = somebody(pair.client, "reader", pair.now, "policies.read")
    with pair.database.transaction(pair.client) as conn:
        with pytest.raises(Forbidden):
            go_back(conn, reader, takers(pair.policies, known_actions()), "policy", "limits")
        again = go_back(conn, pair.at(pair.client), takers(pair.policies, known_actions()), "policy", "limits")
        assert (again.state, again.taken_version, again.local_version) == ("following", 2, 3)
        with pytest.raises(Conflict, match="already"):
            go_back(conn, pair.at(pair.client), takers(pair.policies, known_actions()), "policy", "limits")
        with pytest.raises(NotFound):
            go_back(conn, pair.at(pair.client), takers(pair.policies, known_actions()), "policy", "nothing")
    back = pair.deciding()
    assert back is not None
    assert (back.version, back.inherited) == (3, "inherited from Test tenant, version 2")


def test_what_a_client_made_before_stays_while_the_offer_is_open(pair: Pair) -> None:
    pair.approved(pair.client, 1, active=True)
    pair.now += HOUR
    pair.approved(pair.provider, 1)
    pair.offer(1)
    pair.take()
    assert (pair.inherited().state, pair.inherited().local_version) == ("overridden", None)
    found = pair.deciding()
    assert found is not None
    assert found.origin is None
    with pair.database.transaction(pair.provider) as conn:
        assert len(audit_list(conn, action="client_tenant.offer_kept_out")) == 1


def test_a_client_that_leaves_the_tree_keeps_what_it_has_as_its_own(pair: Pair) -> None:
    pair.approved(pair.provider, 1)
    pair.offer(1, locked=True)
    pair.take()
    pair.now += HOUR
    with pair.database.transaction(pair.client) as conn:
        place_in_tree(pair.database, conn, Context(pair.client, SYSTEM, pair.now), kind="client", parent="")
        propose(conn, pair.at(pair.client, "ana"), "limits")  # the lock is gone at once
    pair.take()
    assert pair.inherited().state == "released"
    found = pair.deciding()
    assert found is not None
    assert found.origin_version == 1, "where it came from stays known"
    with pair.database.transaction(pair.client) as conn:
        home = conn.execute("select slug from tenants").fetchone()
        place_in_tree(pair.database, conn, Context(pair.client, SYSTEM, pair.now), kind="client", parent=_slug(pair))
        assert home is not None
    pair.take()
    assert (pair.inherited().state, pair.inherited().local_version) == ("following", 1), "no second copy of the same"


def _slug(pair: Pair) -> str:
    with pair.database.transaction(pair.provider) as conn:
        return get_tenant(conn).slug


def test_a_withdrawn_offer_does_not_start_and_one_that_decides_goes_on(pair: Pair) -> None:
    pair.approved(pair.provider, 1)
    pair.offer(1, locked=True)
    pair.take()
    pair.now += HOUR
    pair.approved(pair.provider, 2)
    later = pair.offer(2, locked=True, at=pair.now + DAY)
    pair.take()
    assert [v.standing(pair.now) for v in pair.versions()] == ["scheduled", "active"]
    with pair.database.transaction(pair.provider) as conn:
        withdraw_offer(conn, pair.at(pair.provider), later)
        with pytest.raises(Conflict, match="ended"):
            withdraw_offer(conn, pair.at(pair.provider), later)
        assert [each.ended_at is None for each in list_offers(conn)] == [False, False]
    pair.take()
    pair.now += 2 * DAY
    assert [v.standing(pair.now) for v in pair.versions()] == ["withdrawn", "active"]
    assert pair.inherited().state == "released"


def test_only_what_another_approved_is_offered_and_only_by_who_operates_tenants(pair: Pair) -> None:
    with pair.database.transaction(pair.provider) as conn:
        pair.policies.draft(conn, pair.at(pair.provider, "ana"), text(1))
    with pytest.raises(Conflict, match="draft"):
        pair.offer(1)
    with pair.database.transaction(pair.provider) as conn:
        apply_at_once(pair.policies, conn, pair.at(pair.provider), "limits", 1, "cannot wait")
    with pytest.raises(Conflict, match="not yet reviewed"):
        pair.offer(1)
    pair.now += HOUR
    pair.approved(pair.provider, 2)
    with pytest.raises(Invalid, match="past"):
        pair.offer(2, at=pair.now - HOUR)
    with pytest.raises(NotFound):
        pair.offer(7)
    with pair.database.transaction(pair.provider) as conn:
        author = somebody(pair.provider, "ana", pair.now)
        with pytest.raises(DutyConflict):
            offer_policy(pair.policies, conn, author, "limits", 2, locked=False)
        reader = somebody(pair.provider, "bo", pair.now, "policies.approve", "admin")
        for attempt in (
            lambda: offer_policy(pair.policies, conn, reader, "limits", 2, locked=False),
            lambda: offer_pack(conn, reader, "channel_revenue"),
            lambda: offer_role(conn, reader, "finance", locked=False),
        ):
            with pytest.raises(Forbidden):
                attempt()
        assert list_offers(conn) == []
    pair.approved(pair.client, 1)
    with pair.database.transaction(pair.client) as conn, pytest.raises(Conflict, match="no tenants below"):
        offer_policy(pair.policies, conn, pair.at(pair.client), "limits", 1, locked=False)


def test_a_role_follows_its_provider_and_duties_stay_apart_in_the_client(pair: Pair) -> None:
    def offered(permissions: list[str], *, locked: bool) -> None:
        with pair.database.transaction(pair.provider) as conn:
            ctx = pair.at(pair.provider)
            save_role(conn, ctx, "desk-lead", title="Desk lead", description="leads", permissions=permissions)
            offer_role(conn, ctx, "desk-lead", locked=locked)
        pair.take()

    def held() -> set[str]:
        with pair.database.transaction(pair.client) as conn:
            return set(permissions_by_role(conn, ["desk-lead"])["desk-lead"])

    offered(["orders.read", "orders.write"], locked=True)
    assert held() == {"orders.read", "orders.write"}
    ada = pair.at(pair.client, "ada")
    with pair.database.transaction(pair.client) as conn:
        with pytest.raises(Conflict, match="locked"):
            save_role(conn, ada, "desk-lead", title="Mine", description="mine", permissions=["orders.read"])
        with pytest.raises(Conflict, match="locked"):
            retire_role(conn, ada, "desk-lead")
        conn.execute(
            "insert into role_grants (principal, role, granted_by, granted_at) values"
            " ('user:kim', 'desk-lead', 'user:ada', now()), ('user:kim', 'support', 'user:ada', now())"
        )
    offered(["orders.read"], locked=False)
    assert held() == {"orders.read"}
    with pair.database.transaction(pair.client) as conn:
        conn.execute(
            "insert into role_grants (principal, role, granted_by, granted_at) values"
            " ('user:kim', 'finance', 'user:ada', now())"
        )
    offered(["orders.read", "orders.write"], locked=False)
    assert held() == {"orders.read"}, "kim approves, and would enter orders as well"
    assert "who enters orders" in pair.inherited("desk-lead").problem
    with pair.database.transaction(pair.client) as conn:
        save_role(conn, ada, "desk-lead", title="Mine", description="mine", permissions=["cases.read"])
    assert pair.inherited("desk-lead").state == "overridden"
    assert held() == {"cases.read"}


def test_a_pack_is_installed_once_on_its_date_and_its_policies_give_way_to_what_is_inherited(pair: Pair) -> None:
    with pair.database.transaction(pair.provider) as conn:
        offer_pack(conn, pair.at(pair.provider), "channel_revenue", effective_at=pair.now + DAY)
        with pytest.raises(NotFound):
            offer_pack(conn, pair.at(pair.provider), "../../etc")
    pair.take()
    assert "comes on" in pair.inherited("channel_revenue").problem
    pair.now += DAY
    pair.take()
    assert (pair.inherited("channel_revenue").problem, pair.inherited("channel_revenue").state) == ("", "following")
    with pair.database.transaction(pair.client) as conn:
        found = conn.execute("select 1 from policy_versions where pack like 'channel_revenue@%'").fetchall()
    assert found


def test_what_cannot_be_taken_says_why_holds_nothing_up_and_is_tried_again(pair: Pair) -> None:
    pair.approved(pair.provider, 1)
    pair.offer(1)
    with pair.database.transaction(pair.provider) as conn:
        conn.execute("update offers set body = 'policy: other'")
        save_role(conn, pair.at(pair.provider), "desk", title="Desk", description="d", permissions=["orders.read"])
        offer_role(conn, pair.at(pair.provider), "desk", locked=False)
    pair.take()
    assert pair.inherited("desk").problem == ""
    problem = pair.inherited().problem
    assert problem
    assert pair.versions() == []
    for _ in range(3):
        pair.now += timedelta(minutes=11)
        pair.take()
    with pair.database.transaction(pair.client) as conn:
        assert len(audit_list(conn, action="inheritance.failed")) == 1, "the same problem is told once"
    with pair.database.transaction(pair.provider) as conn:
        conn.execute("update offers set body = %s where kind = 'policy'", [text(1)])
    pair.now += timedelta(minutes=11)
    pair.take()
    assert (pair.inherited().problem, pair.inherited().local_version) == ("", 1)


def test_a_provider_reads_what_became_of_its_offers_and_writes_nothing(pair: Pair) -> None:
    def fate(name: str = "limits") -> tuple[str, int | None]:
        with pair.database.transaction(pair.provider, read_only=True) as conn:
            found = offer_fates(conn, pair.at(pair.provider))
        (row,) = [each for each in found.rows if each.thing == name]
        assert found.counts["policy", name] == {row.fate: 1}
        return row.fate, row.has_version

    pair.approved(pair.provider, 1)
    pair.offer(1)
    assert fate() == ("waiting", None)
    pair.take()
    assert fate() == ("taken", 1)
    pair.now += HOUR
    pair.approved(pair.provider, 2)
    pair.offer(2)
    assert fate() == ("waiting", 1), "out of date until it is taken"
    pair.take()
    pair.now += HOUR
    pair.approved(pair.client, 3, active=True)
    assert fate() == ("changed", 2)
    stranger, uma, _ = make_provider(pair.database)
    with pair.database.transaction(stranger) as conn:
        assert offer_fates(conn, uma).rows == ()
        with pytest.raises(Forbidden):
            offer_fates(conn, somebody(stranger, "reader", pair.now, "admin"))
    with pair.database.transaction(pair.client) as conn:
        assert conn.execute("select count(*) from headgate_offer_fates()").fetchone() == (0,)
    with (
        pair.database.transaction(pair.provider, partner="P-1") as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        conn.transaction(),
    ):
        conn.execute("select * from headgate_offer_fates()")


def test_what_a_client_keeps_of_its_own_and_what_cannot_be_copied_is_told_to_the_provider(pair: Pair) -> None:
    pair.approved(pair.client, 1, active=True)
    pair.now += HOUR
    pair.approved(pair.provider, 1)
    pair.offer(1)
    with pair.database.transaction(pair.provider) as conn:
        save_role(conn, pair.at(pair.provider), "desk", title="Desk", description="d", permissions=["orders.read"])
        offer_role(conn, pair.at(pair.provider), "desk", locked=False)
    before = rows_of(pair.database, pair.client)
    with pair.database.transaction(pair.provider) as conn:
        assert {each.fate for each in offer_fates(conn, pair.at(pair.provider)).rows} == {"waiting"}
    assert rows_of(pair.database, pair.client) == before
    with pair.database.transaction(pair.provider) as conn:
        told = '{"title": "Desk", "description": "d", "permissions": ["no.such"]}'
        conn.execute("update offers set body = %s where kind = 'role'", [told])
    pair.take()
    with pair.database.transaction(pair.provider) as conn:
        found = {each.thing: each.fate for each in offer_fates(conn, pair.at(pair.provider)).rows}
    assert found == {"limits": "declined", "desk": "failed"}


def test_of_two_tenants_above_the_nearest_counts_unless_the_farther_one_has_locked_it(database: Database) -> None:
    top, olga, _ = make_provider(database, "operator")
    middle_slug = make_client(database, olga, kind="provider")
    middle = id_of(database, olga, middle_slug)
    bottom_slug = make_client(database, olga)
    bottom = id_of(database, olga, bottom_slug)
    with database.transaction(bottom) as conn:
        place_in_tree(database, conn, Context(bottom, SYSTEM, NOW), kind="client", parent=middle_slug)
    high = Pair(database, top, bottom, bottom_slug, olga)
    low = Pair(database, middle, bottom, bottom_slug, somebody(middle, "olga", NOW))
    high.approved(top, 1)
    low.approved(middle, 5)
    high.offer(1)
    low.offer(5)
    high.take()
    assert high.inherited().provider == middle
    high.now = low.now = NOW + HOUR
    high.approved(top, 2)
    high.offer(2, locked=True)
    high.take()
    assert (high.inherited().provider, high.inherited().version, high.inherited().local_version) == (top, 2, 6)
