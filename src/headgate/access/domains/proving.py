"""Checks a domain: asks for its record, outside any transaction, and settles what the answer makes of it.

Whoever proves a domain last has it, once the record of whoever had it is gone. Tenants never meet in one transaction:
what another one loses is written in a transaction, and an audit chain, of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Literal, Protocol

from psycopg import Connection

from headgate.access.core.roles import require
from headgate.access.domains import repo
from headgate.access.domains.core.names import HostRules, overlap, under
from headgate.access.domains.core.standing import (
    Event,
    Found,
    Spf,
    after_check,
    read_answer,
    read_spf,
    record_name,
)
from headgate.access.domains.service import Domain, covered, domain_from, expect_pause, get_domain, list_domains
from headgate.access.recording import record
from headgate.access.tenants import get_tenant
from headgate.kernel.clock import Clock
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import NotFound
from headgate.store import Database

# Longer than the questions of one round take at their slowest.
LEASE: Final = timedelta(minutes=10)
A_ROUND: Final = 5
News = Literal["missing", "lapsed", "taken"]


@dataclass(frozen=True, slots=True)
class TxtAnswer:
    """What stands in the domain name system under a name: its texts; or that there is no such name, that there are no
    texts, or that nobody answers."""

    outcome: Literal["found", "no_name", "no_record", "unreachable"]
    texts: tuple[str, ...] = ()


class Lookup(Protocol):
    """Asks for the texts under a name. Takes seconds at most, and never raises for what it is answered."""

    def __call__(self, name: str, /) -> TxtAnswer: ...


Tell = Callable[[Connection[Any], Context, Domain, News], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check has seen."""

    found: Found
    seen: str = ""
    spf: Spf | None = None


@dataclass(frozen=True, slots=True)
class Prover:
    """What checks are done with. `spf` is the name that the SPF of a sender's domain has to include, '' for none;
    `tell` writes to a tenant's administrators, in the transaction in which something happened."""

    database: Database
    clock: Clock
    lookup: Lookup
    rules: HostRules
    spf: str
    tell: Tell

    def ask(self, ctx: Context, name: str) -> Domain:
        """Check a domain because somebody wants to know now. Raises `Busy` when that was done a moment ago."""
        require(ctx.principal, "admin")
        with self.database.transaction(ctx.tenant_id) as conn:
            conn.execute(repo.LOCK, {"domain": get_domain(conn, name).name})
            domain = get_domain(conn, name)
            expect_pause(domain, ctx.now)
            conn.execute(repo.ASK, {"domain": domain.name, "now": ctx.now})
        return self._check(ctx, domain)

    def round(self, ctx: Context) -> int:
        """Check what is due of a tenant, a few domains at a time; how many there were."""
        values = {"now": ctx.now, "until": ctx.now + LEASE, "limit": A_ROUND}
        with self.database.transaction(ctx.tenant_id) as conn:
            names = [row[0] for row in conn.execute(repo.TAKE, values)]
            taken = [domain for domain in list_domains(conn) if domain.name in names] if names else []
        for domain in taken:
            try:
                self._check(ctx, domain)
            except NotFound:
                continue  # it was removed meanwhile
        return len(taken)

    def _check(self, ctx: Context, domain: Domain) -> Domain:
        seen = self._look(domain)
        newly = not (domain.stands and domain.standing.proof == "dns")
        if seen.found == "proven" and newly:
            self._contest(ctx, domain.name)
        with self.database.transaction(ctx.tenant_id) as conn:
            return _settle(conn, ctx, domain, seen, self.tell)

    def _look(self, domain: Domain) -> Seen:
        answer = self.lookup(record_name(domain.name))
        if answer.outcome == "unreachable":
            return Seen("unreachable")
        about = self.lookup(domain.name)
        spf = None if about.outcome == "unreachable" else read_spf(about.texts, self.spf)
        if answer.outcome == "found":
            found, text = read_answer(answer.texts, domain.token)
            return Seen(found, text, spf)
        gone = answer.outcome == "no_name" and about.outcome == "no_name"
        return Seen("no_name" if gone else "no_record", "", spf)

    def _contest(self, ctx: Context, name: str) -> None:
        """Let go whoever else has the domain, or one with hosts in common, where their own record is gone."""
        with self.database.transaction(ctx.tenant_id, read_only=True) as conn:
            others = {row[0] for row in conn.execute(repo.RIVALS, {"domain": name})}
        for other in sorted(others, key=str):
            self._let_go(Context(other, SYSTEM, self.clock.now()), name)

    def _let_go(self, ctx: Context, wanted: str) -> None:
        with self.database.transaction(ctx.tenant_id, read_only=True) as conn:
            theirs = [each for each in list_domains(conn) if each.stands and overlap(each.name, wanted)]
        gone = {each.name for each in theirs if self._is_gone(each)}
        with self.database.transaction(ctx.tenant_id) as conn:
            conn.execute(repo.TURN)
            for domain in _locked(conn, gone):
                _lose(conn, ctx, domain, self.tell)
            _free_host(conn, ctx, wanted, self.rules)

    def _is_gone(self, domain: Domain) -> bool:
        if domain.standing.proof == "operator":
            return False
        answer = self.lookup(record_name(domain.name))
        if answer.outcome == "unreachable":
            return False  # nobody loses anything because a server is silent
        return read_answer(answer.texts, domain.token)[0] != "proven"


def _locked(conn: Connection[Any], names: Iterable[str]) -> list[Domain]:
    """Those that still stand, locked."""
    rows = [conn.execute(repo.LOCK, {"domain": name}).fetchone() for name in sorted(names)]
    return [each for each in map(domain_from, filter(None, rows)) if each.stands]


def _settle(conn: Connection[Any], ctx: Context, checked: Domain, seen: Seen, tell: Tell) -> Domain:
    """Write down what a check came to. Raises `NotFound` for one that was removed meanwhile, also when it was added
    again: then another text has to stand in its record."""
    conn.execute(repo.TURN)
    row = conn.execute(repo.LOCK, {"domain": checked.name}).fetchone()
    domain = domain_from(row) if row is not None else None
    if domain is None or domain.token != checked.token:
        raise NotFound("the domain was removed meanwhile")
    found = seen.found
    newly = not (domain.stands and domain.standing.proof == "dns")
    if found == "proven" and newly and any(row[1] for row in conn.execute(repo.RIVALS, {"domain": domain.name})):
        found = "contested"
    standing, event = after_check(domain.standing, found, ctx.now)
    after = replace(domain, standing=standing, found=found, seen=seen.seen)
    _write(conn, ctx, after, seen.spf)
    after = get_domain(conn, domain.name)
    if event:
        _note(conn, ctx, after, event, tell)
    return after


def _lose(conn: Connection[Any], ctx: Context, domain: Domain, tell: Tell) -> None:
    """Another tenant has proved it, and the record of this one is gone."""
    lost = replace(domain, standing=replace(domain.standing, status="lost", next_at=None), found="contested", seen="")
    _write(conn, ctx, lost, None)
    record(conn, ctx, "domain.lost", "domain", domain.name, proof=domain.standing.proof)
    tell(conn, ctx, lost, "taken")


def _free_host(conn: Connection[Any], ctx: Context, wanted: str, rules: HostRules) -> None:
    """Take the portal off a host that is its tenant's no more, so that it can be somebody else's."""
    tenant = get_tenant(conn)
    host = tenant.portal_host or ""
    if not host or not under(host, wanted) or rules.gives(host, tenant.slug) or covered(conn, host):
        return
    conn.execute(repo.SET_PORTAL_HOST, {"host": None})
    record(conn, ctx, "tenant.portal_host_set", "tenant", tenant.slug, before=host, after=None)


def _write(conn: Connection[Any], ctx: Context, domain: Domain, spf: Spf | None) -> None:
    standing = domain.standing
    values = {
        "domain": domain.name,
        "status": standing.status,
        "proof": standing.proof,
        "found": domain.found,
        "seen": domain.seen,
        "spf": spf,
        "proven_at": standing.proven_at,
        "seen_at": standing.seen_at,
        "missing_since": standing.missing_since,
        "next_at": standing.next_at,
        "now": ctx.now,
    }
    conn.execute(repo.SET, values)


def _note(conn: Connection[Any], ctx: Context, domain: Domain, event: Event, tell: Tell) -> None:
    acts = {"proven": "proven", "back": "found_again", "missing": "missing", "lapsed": "lapsed"}
    facts = {"proof": domain.standing.proof, "found": domain.found}
    record(conn, ctx, f"domain.{acts[event]}", "domain", domain.name, **facts)
    if event in ("missing", "lapsed"):
        tell(conn, ctx, domain, event)
