"""`headgate tenant domain …`: domains that a tenant proves to be its own."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from headgate.access.domains import Domain, claim_domain, get_domain, list_domains, remove_domain, trust_domain
from headgate.cli.session import Json, Tenant, print_json, say, session, table, tell

app = typer.Typer(
    no_args_is_help=True, help="Domains that a tenant proves to be its own, for its portal and its mails."
)
Name = Annotated[str, typer.Argument(help="The domain, for example example.com.")]
TOLD = {
    "": "nobody has looked for the record yet",
    "proven": "the record is there",
    "no_name": "there is no such domain",
    "no_record": "the record is not there (yet)",
    "other_value": "something else stands there",
    "unreachable": "the name servers did not answer",
    "contested": "another organisation has it, and its record is there too",
}


@app.command("add")
def add(name: Name, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Claim a domain, and say which record proves it."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = claim_domain(conn, ctx, name, s.app.prover.rules)
    tell(domain_facts(made), f'Set at {made.record_name} the TXT record "{made.record_value}", then check.', json)


@app.command("list")
def list_(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List them with how each stands."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = [domain_facts(each) for each in list_domains(conn)]
    if json:
        print_json({"items": rows})
        return
    columns = {"domain": "Domain", "status": "State", "proof": "Proof", "found": "Last check", "seen_at": "Record seen"}
    columns |= {"record_name": "Record"}
    table("Domains", rows, columns, "No domain yet: headgate tenant domain add example.com")


@app.command("check")
def check(name: Name, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Look for its record now."""
    with session(tenant) as s:
        found = s.app.prover.ask(s.context(), name)
    if json:
        print_json(domain_facts(found))
        return
    say((found.name, "bold"), f" {found.standing.status}: {TOLD[found.found]}")
    if found.seen:
        say(found.seen, indent=2)
    if found.found != "proven":
        say(f"TXT {found.record_name}", wrap=False)
        say(found.record_value, wrap=False)


@app.command("remove")
def remove(name: Name, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Give one up. Not while the portal's host needs it."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        gone = get_domain(conn, name)
        remove_domain(conn, ctx, name, s.app.prover.rules)
    tell({"domain": gone.name}, f"{gone.name} is removed.", json)


@app.command("trust")
def trust(
    name: Name,
    because: Annotated[str, typer.Option("--because", help="Why you know that it is theirs; it is kept.")],
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Mark a domain as proven without a record, because you know that it is theirs."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        made = trust_domain(conn, ctx, name, because, s.app.prover.rules)
    tell(domain_facts(made), f"{made.name} is proven by your word.", json)


def domain_facts(domain: Domain) -> dict[str, Any]:
    """A domain for scripts."""
    standing = domain.standing
    return {
        "domain": domain.name,
        "status": standing.status,
        "proof": standing.proof,
        "reason": domain.reason,
        "found": domain.found,
        "seen": domain.seen,
        "spf": domain.spf,
        "record_name": domain.record_name,
        "record_value": domain.record_value,
        "proven_at": standing.proven_at,
        "seen_at": standing.seen_at,
        "checked_at": domain.checked_at,
        "lapses_at": standing.lapses_at,
    }
