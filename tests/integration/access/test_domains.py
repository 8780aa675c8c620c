"""Whose domain is whose: claimed, proved, taken over, missing, lost; and no host is served that is not proven."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from headgate import access
from headgate.access.domains import (
    MOST,
    Domain,
    HostRules,
    Prover,
    claim_domain,
    get_domain,
    list_domains,
    record_name,
    record_value,
    remove_domain,
    sender_address,
    trust_domain,
)
from headgate.kernel.clock import FixedClock
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.errors import Busy, Conflict, Forbidden, Invalid, NotFound
from headgate.ledger import audit_list
from headgate.store import Database
from headgate.worker import DomainLoop
from tests.conftest import create_tenant
from tests.domains import FakeDns

SUFFIX = "portals.provider.example"


@dataclass
class House:
    """An installation with a domain name system of its own, and letters that are noted."""

    database: Database
    clock: FixedClock
    dns: FakeDns
    prover: Prover
    letters: list[tuple[UUID, str, str]] = field(default_factory=list)

    def ctx(self, tenant: UUID) -> Context:
        return Context(tenant, SYSTEM, self.clock.now())

    def within(self, tenant: UUID, act: Callable[[Connection[Any], Context], Any]) -> Any:
        with self.database.transaction(tenant) as conn:
            return act(conn, self.ctx(tenant))

    def claim(self, tenant: UUID, name: str) -> Domain:
        made: Domain = self.within(tenant, lambda conn, ctx: claim_domain(conn, ctx, name, self.prover.rules))
        return made

    def publish(self, domain: Domain) -> None:
        self.dns.texts.setdefault(domain.name, [])
        self.dns.texts.setdefault(domain.record_name, []).append(domain.record_value)

    def check(self, tenant: UUID, name: str) -> Domain:
        self.clock.move(timedelta(seconds=11))
        return self.prover.ask(self.ctx(tenant), name)

    def prove(self, tenant: UUID, name: str) -> Domain:
        self.publish(self.claim(tenant, name))
        return self.check(tenant, name)

    def get(self, tenant: UUID, name: str) -> Domain:
        found: Domain = self.within(tenant, lambda conn, ctx: get_domain(conn, name))
        return found

    def due(self) -> list[UUID]:
        with self.database.scan() as conn:
            return [row[0] for row in conn.execute(DomainLoop.due, (self.clock.now(), 1000))]

    def round(self, tenant: UUID) -> int:
        return self.prover.round(self.ctx(tenant))

    def set_host(self, tenant: UUID, host: str) -> None:
        self.within(tenant, lambda conn, ctx: access.set_portal_host(conn, ctx, host, self.prover.rules))

    def hosts(self) -> dict[str, UUID]:
        return access.portal_hosts(self.database, self.prover.rules)

    def acts(self, tenant: UUID) -> list[str]:
        found = self.within(tenant, lambda conn, ctx: audit_list(conn, limit=50))
        return [entry.action for entry in found]


@pytest.fixture
def house(database: Database, clock: FixedClock) -> House:
    dns = FakeDns()
    letters: list[tuple[UUID, str, str]] = []

    def tell(conn: Connection[Any], ctx: Context, domain: Domain, news: str) -> None:
        letters.append((ctx.tenant_id, domain.name, news))

    rules = HostRules(frozenset({"console.provider.example"}), (SUFFIX,))
    return House(database, clock, dns, Prover(database, clock, dns, rules, "spf.relay.example", tell), letters)


@pytest.fixture
def a(database: Database) -> UUID:
    return create_tenant(database)


@pytest.fixture
def b(database: Database) -> UUID:
    return create_tenant(database)


@pytest.fixture
def name(a: UUID) -> str:
    """A domain that no other test has."""
    return f"d-{a.hex[:12]}.example"


def test_a_domain_is_the_tenants_once_its_record_is_there(house: House, a: UUID, name: str) -> None:
    claimed = house.claim(a, f"{name.upper()}.")
    assert (claimed.name, claimed.standing.status, claimed.stands) == (name, "claimed", False)
    assert claimed.record_name == f"_headgate-challenge.{name}"
    assert house.check(a, name).found == "no_name", "the domain itself is not there"
    house.dns.texts[name] = []
    assert house.check(a, name).found == "no_record"
    house.dns.texts[claimed.record_name] = ["something else"]
    other = house.check(a, name)
    assert (other.found, other.seen, other.standing.status) == ("other_value", "something else", "claimed")
    house.dns.silent.add(claimed.record_name)
    assert house.check(a, name).found == "unreachable"
    house.dns.silent.clear()
    house.publish(claimed)
    proven = house.check(a, name)
    assert (proven.standing.status, proven.standing.proof, proven.found) == ("proven", "dns", "proven")
    assert proven.standing.seen_at == house.clock.now()
    assert proven.spf == "none"
    house.dns.texts[name] = ["v=spf1 include:spf.relay.example -all"]
    assert house.check(a, name).spf == "named"
    assert house.acts(a)[:2] == ["domain.proven", "domain.claimed"]


def test_a_host_is_set_and_served_below_a_proven_domain_only(house: House, a: UUID, name: str) -> None:
    host = f"partners.{name}"
    with pytest.raises(Invalid, match="proven to be yours"):
        house.set_host(a, host)
    house.claim(a, name)
    with pytest.raises(Invalid, match="proven to be yours"):
        house.set_host(a, host)
    with house.database.transaction(a) as conn:  # as a process of the release before would still do
        conn.execute("update tenants set portal_host = %s", [host])
    assert host not in house.hosts(), "set, and not served"
    house.publish(house.get(a, name))
    house.check(a, name)
    assert house.hosts()[host] == a
    house.set_host(a, name)
    assert house.hosts()[name] == a
    assert host not in house.hosts()
    with pytest.raises(Invalid):
        house.set_host(a, f"bad{name}")


def test_a_domain_that_the_portal_needs_is_not_removed(house: House, a: UUID, name: str) -> None:
    house.prove(a, name)
    house.set_host(a, f"partners.{name}")
    remove = lambda conn, ctx: remove_domain(conn, ctx, name)  # noqa: E731
    with pytest.raises(Conflict, match=f"partners.{name}"):
        house.within(a, remove)
    house.prove(a, f"partners.{name}")
    house.within(a, remove)
    assert house.hosts()[f"partners.{name}"] == a, "another domain covers it"
    house.set_host(a, "")
    house.within(a, lambda conn, ctx: remove_domain(conn, ctx, f"partners.{name}"))
    assert house.within(a, lambda conn, ctx: list_domains(conn)) == []


def test_a_token_of_another_tenant_or_of_before_proves_nothing(house: House, a: UUID, b: UUID, name: str) -> None:
    ours, theirs = house.claim(a, name), house.claim(b, name)
    assert ours.token != theirs.token
    house.publish(theirs)
    assert house.check(a, name).found == "other_value"
    assert house.get(a, name).seen == theirs.record_value
    house.within(b, lambda conn, ctx: remove_domain(conn, ctx, name))
    assert house.claim(b, name).token != theirs.token
    assert house.check(b, name).found == "other_value"


@pytest.mark.parametrize("form", ["{0}", "x.{0}"])
@pytest.mark.parametrize("swapped", [False, True])
def test_whoever_proves_last_has_it_once_the_older_record_is_gone(
    house: House, a: UUID, b: UUID, name: str, form: str, swapped: bool
) -> None:
    first, second = (form.format(name), name) if swapped else (name, form.format(name))
    older = house.prove(a, first)
    house.set_host(a, first)
    newer = house.prove(b, second)
    assert (newer.found, newer.standing.status) == ("contested", "claimed"), "both records stand"
    assert house.get(a, first).stands
    house.dns.silent.add(older.record_name)
    house.dns.texts[older.record_name] = [newer.record_value]
    assert house.check(b, second).found != "proven", "nobody loses a domain because a name server is silent"
    house.dns.silent.clear()
    assert house.check(b, second).standing.status == "proven"
    lost = house.get(a, first)
    assert (lost.standing.status, lost.stands) == ("lost", False)
    assert (a, first, "taken") in house.letters
    assert first not in house.hosts()
    freed = ["tenant.portal_host_set"] if first.endswith(second) else []
    assert house.acts(a)[: len(freed) + 1] == [*freed, "domain.lost"]
    house.set_host(b, second)
    assert house.hosts()[second] == b, "the host is free"


def test_two_tenants_that_prove_the_same_at_one_moment_do_not_both_have_it(
    house: House, a: UUID, b: UUID, name: str
) -> None:
    domains = {tenant: house.claim(tenant, name) for tenant in (a, b)}
    for domain in domains.values():
        house.publish(domain)
    together = threading.Barrier(2, timeout=20)
    held: set[int] = set()

    def wait(asked: str) -> None:
        me = threading.get_ident()
        if asked == name and me not in held:
            held.add(me)
            together.wait()

    house.dns.on_ask = wait
    came: dict[UUID, Domain] = {}
    threads = [
        threading.Thread(target=lambda t=tenant: came.update({t: house.prover.ask(house.ctx(t), name)}))
        for tenant in (a, b)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(domain.found for domain in came.values()) == ["contested", "proven"]
    assert sorted(house.get(tenant, name).standing.status for tenant in (a, b)) == ["claimed", "proven"]


def test_what_was_served_before_proofs_goes_on_until_somebody_proves_it(
    house: House, a: UUID, b: UUID, name: str
) -> None:
    with house.database.transaction(a) as conn:
        conn.execute(
            "insert into tenant_domains (domain, status, proof, token, claimed_by, claimed_at, proven_at) "
            "values (%(name)s, 'proven', 'migration', 'x', 'system:migration', %(now)s, %(now)s)",
            {"name": name, "now": house.clock.now()},
        )
        conn.execute("update tenants set portal_host = %s", [name])
    assert house.hosts()[name] == a
    assert house.check(a, name).standing.proof == "migration", "it stands without a record"
    house.prove(b, name)
    assert house.get(a, name).standing.status == "lost"
    assert name not in house.hosts()


def test_a_host_that_a_lapsed_tenant_still_names_is_free_for_who_proves_it(
    house: House, a: UUID, b: UUID, name: str
) -> None:
    house.dns.texts[house.prove(a, name).record_name] = []
    house.set_host(a, f"p.{name}")
    house.check(a, name)
    house.clock.move(timedelta(days=15))
    assert house.check(a, name).standing.status == "lost"
    assert f"p.{name}" not in house.hosts()
    house.prove(b, name)
    house.set_host(b, f"p.{name}")
    assert house.hosts()[f"p.{name}"] == b
    assert house.within(a, lambda conn, ctx: access.get_tenant(conn)).portal_host is None


def test_the_worker_warns_waits_fourteen_days_and_lets_go(house: House, a: UUID, name: str) -> None:
    proven = house.prove(a, name)
    house.set_host(a, name)
    assert a not in house.due(), "not before a day has passed"
    record = house.dns.texts.pop(proven.record_name)
    house.clock.move(timedelta(days=1, minutes=1))
    assert a in house.due()
    assert house.round(a) == 1
    assert house.letters == [(a, name, "missing")]
    assert house.hosts()[name] == a, "it counts for fourteen days"
    for _ in range(13):
        house.clock.move(timedelta(days=1))
        house.round(a)
    assert house.get(a, name).standing.status == "missing"
    assert house.letters == [(a, name, "missing")], "warned once"
    house.dns.silent.add("*")
    house.clock.move(timedelta(days=30))
    house.round(a)
    assert house.hosts()[name] == a, "silence does not count"
    house.dns.silent.clear()
    house.clock.move(timedelta(hours=7))
    house.round(a)
    assert house.letters[1:] == [(a, name, "lapsed")]
    assert name not in house.hosts()
    house.dns.texts[proven.record_name] = record
    assert house.check(a, name).stands
    assert house.hosts()[name] == a, "the portal is back with its record"


def test_a_round_takes_what_is_due_once_and_a_dead_workers_share_is_due_again(house: House, a: UUID, name: str) -> None:
    house.publish(house.claim(a, name))
    house.clock.move(timedelta(hours=2))

    def die(asked: str) -> None:
        raise KeyboardInterrupt

    house.dns.on_ask = die
    with pytest.raises(KeyboardInterrupt):
        house.round(a)
    house.dns.on_ask = lambda asked: None
    assert house.round(a) == 0, "it is taken"
    house.clock.move(timedelta(minutes=11))
    assert house.round(a) == 1
    assert house.get(a, name).stands


def test_a_domain_that_is_removed_while_it_is_checked_stays_removed(house: House, a: UUID, name: str) -> None:
    house.publish(house.claim(a, name))

    def remove(asked: str) -> None:
        house.dns.on_ask = lambda asked: None
        house.within(a, lambda conn, ctx: remove_domain(conn, ctx, name))
        house.claim(a, name)

    house.dns.on_ask = remove
    with pytest.raises(NotFound):
        house.check(a, name)
    assert house.get(a, name).standing.status == "claimed", "the new claim wants a new record"


def test_the_word_of_whoever_runs_the_installation_stands_and_is_audited(
    house: House, a: UUID, b: UUID, name: str
) -> None:
    admin = Principal("user:tom@nordwind.example", "person", "Tom", frozenset(), frozenset({"admin"}))
    with pytest.raises(Forbidden), house.database.transaction(a) as conn:
        trust_domain(conn, replace(house.ctx(a), principal=admin), name, "I say so")
    with pytest.raises(Invalid):
        house.within(a, lambda conn, ctx: trust_domain(conn, ctx, name, " "))
    trusted = house.within(a, lambda conn, ctx: trust_domain(conn, ctx, name, "contract 17"))
    assert (trusted.stands, trusted.standing.proof, trusted.reason) == (True, "operator", "contract 17")
    assert house.acts(a)[0] == "domain.trusted"
    assert house.prove(b, f"x.{name}").found == "contested"
    house.clock.move(timedelta(days=99))
    assert house.check(a, name).stands, "no record is needed"
    with pytest.raises(Conflict):
        house.within(b, lambda conn, ctx: trust_domain(conn, ctx, f"y.{name}", "contract 18"))


def test_the_providers_suffix_gives_each_tenant_its_own_host(house: House, a: UUID, b: UUID) -> None:
    own = f"t-{a.hex}.{SUFFIX}"
    house.set_host(a, own)
    assert house.hosts()[own] == a
    assert own not in access.portal_hosts(house.database), "not without the suffix in the settings"
    for host in (f"t-{a.hex}.{SUFFIX}", SUFFIX, f"x.t-{b.hex}.{SUFFIX}"):
        with pytest.raises(Invalid, match="belongs to this installation"):
            house.set_host(b, host)
    with pytest.raises(Invalid):
        house.claim(b, SUFFIX)


def test_names_of_the_own_machine_are_given_where_the_installation_is_there(house: House, a: UUID) -> None:
    host = f"p-{a.hex[:8]}.localhost"
    with pytest.raises(Invalid):
        house.set_host(a, host)
    local = HostRules(local=True)
    house.within(a, lambda conn, ctx: access.set_portal_host(conn, ctx, host, local))
    assert access.portal_hosts(house.database, local)[host] == a
    assert host not in house.hosts()


def test_the_hosts_of_the_console_are_nobodys(house: House, a: UUID) -> None:
    with pytest.raises(Invalid, match="console"):
        house.set_host(a, "console.provider.example")
    with house.database.transaction(a) as conn:
        trust_domain(conn, house.ctx(a), f"{a.hex[:8]}.provider.example", "ours")
    assert "console.provider.example" not in house.hosts()


def test_claims_checks_and_their_number_are_bounded(house: House, a: UUID, name: str) -> None:
    house.claim(a, name)
    with pytest.raises(Conflict, match="already"):
        house.claim(a, name)
    house.prover.ask(house.ctx(a), name)
    with pytest.raises(Busy):
        house.prover.ask(house.ctx(a), name)
    for number in range(MOST - 1):
        house.claim(a, f"n{number}.{name}")
    with pytest.raises(Conflict, match=str(MOST)):
        house.claim(a, f"more.{name}")
    nobody = Principal("user:carl@nordwind.example", "person", "Carl", frozenset(), frozenset())
    with pytest.raises(Forbidden):
        house.prover.ask(replace(house.ctx(a), principal=nobody), name)
    with pytest.raises(Forbidden), house.database.transaction(a) as conn:
        claim_domain(conn, replace(house.ctx(a), principal=nobody), "z.example")


def test_no_tenant_sees_or_touches_anothers_domains(house: House, a: UUID, b: UUID, name: str) -> None:
    house.prove(a, name)
    with pytest.raises(NotFound):
        house.get(b, name)
    with pytest.raises(NotFound):
        house.check(b, name)
    with pytest.raises(NotFound):
        house.within(b, lambda conn, ctx: remove_domain(conn, ctx, name))
    with pytest.raises(Invalid):
        house.set_host(b, f"x.{name}")
    assert house.within(b, lambda conn, ctx: list_domains(conn)) == []


def test_mails_come_from_an_address_only_while_its_domain_is_proven(house: House, a: UUID, name: str) -> None:
    settings = {"brand": {"from_address": f"desk@mail.{name}"}}
    address = lambda conn, ctx: sender_address(conn, settings)  # noqa: E731
    assert house.within(a, address) == ""
    proven = house.prove(a, name)
    assert house.within(a, address) == f"desk@mail.{name}"
    with house.database.transaction(a, partner="P-1") as conn:
        assert sender_address(conn, settings) == f"desk@mail.{name}", "also for what a partner sets off"
    house.dns.texts[proven.record_name] = []
    house.check(a, name)
    house.clock.move(timedelta(days=15))
    house.check(a, name)
    assert house.within(a, address) == ""


def test_a_record_beside_hundreds_of_others_is_found(house: House, a: UUID, name: str) -> None:
    claimed = house.claim(a, name)
    house.dns.texts |= {name: [], record_name(name): ["x" * 1000] * 150 + [record_value(claimed.token)]}
    assert house.check(a, name).stands
