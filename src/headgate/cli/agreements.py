"""`headgate agreements …`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from headgate.channel import agreements
from headgate.cli.imports import File, MappingFile
from headgate.cli.session import (
    Json,
    Limit,
    Session,
    Tenant,
    acting,
    err,
    money,
    number,
    print_json,
    print_page,
    read_json,
    read_text,
    say,
    session,
    table,
)
from headgate.connectors import parse_mapping, read_sales, sales_end
from headgate.domain.derive import DeriveRules, derive_agreements
from headgate.kernel.clock import parse_instant
from headgate.kernel.context import Context, Principal
from headgate.kernel.errors import NotFound, invalid
from headgate.ledger import append_events

app = typer.Typer(no_args_is_help=True)
As = Annotated[str, typer.Option("--as", help="Who acts: a principal id or an e-mail address.")]
_WHOM = {"partner_group": "group", "region": "region", "channel": "channel"}
Ids = Annotated[list[UUID] | None, typer.Argument(help="Agreement ids; or use --source.")]
FromSource = Annotated[str, typer.Option("--source", help="All of this source, for example derived.")]


@app.command("derive")
def derive(
    mapping: MappingFile,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day of sales to look at.")],
    sales: Annotated[Path, typer.Option("--from", exists=True, dir_okay=False, help="The file of past sales.")],
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Draft price agreements from past sales: list prices, and partner prices where they differ steadily."""
    plan = parse_mapping(read_text(mapping), mapping.name)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with session(tenant) as s, Progress(*columns, console=err, disable=json) as bar:
        task = bar.add_task("Reading sales", total=None)
        lines = read_sales(sales, plan, until.date(), lambda done, total: bar.update(task, completed=done, total=total))
        # Before the transaction: a large file takes longer to read than the database waits for a silent session.
        derived = derive_agreements(lines, DeriveRules(until=sales_end(plan, until.date())))
        with s.transaction() as (conn, ctx):
            deriving = Context(ctx.tenant_id, Principal("system:derive", "system", "Derivation"), ctx.now)
            found = agreements.draft_derived(conn, deriving, derived)
    drafted = found.agreements
    terms = sum(d.terms for d in drafted)
    if json:
        print_json(
            {
                "drafted": [asdict(d) for d in drafted],
                "terms": terms,
                "used": found.used,
                "passed_over": found.passed_over,
            }
        )
        return
    say(
        f"Drafted {len(drafted):,} agreements with {terms:,} terms from {found.used:,} sales lines"
        f" ({found.passed_over:,} passed over)."
    )
    say("Review: headgate agreements list --status draft; then approve and activate them.", style="dim")


@app.command("list")
def list_(
    tenant: Tenant = "nordwind",
    status: Annotated[str, typer.Option(help="draft, in_review, approved, active, retired.")] = "",
    partner: Annotated[str, typer.Option(help="Partner code.")] = "",
    cursor: Annotated[str, typer.Option(help="Continue after a page.")] = "",
    limit: Limit = 25,
    json: Json = False,
) -> None:
    """List agreements by code."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        page = agreements.list_agreements(conn, status=status, partner=partner, cursor=cursor, limit=limit)
    rows = [asdict(v) for v in page.items]
    columns = {
        "agreement": "Id",
        "code": "Code",
        "revision": "Rev",
        "kind": "Kind",
        "partner": "Partner",
        "status": "Status",
        "terms": "Terms",
        "valid_from": "From (UTC)",
    }
    empty = "No agreements. Derive some: headgate agreements derive --help"
    print_page("Agreements", rows, columns, empty, next_cursor=page.next_cursor, json=json)


@app.command("show")
def show(
    agreement: Annotated[str, typer.Argument(help="Its code (the newest revision) or id.")],
    tenant: Tenant = "nordwind",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Show an agreement with its terms and their evidence."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        view = _named(conn, agreement)
        head = asdict(view)
        page = agreements.list_terms(conn, view.agreement, limit=limit)
    terms = [asdict(t) for t in page.items]
    if json:
        print_json(head | {"lines": terms, "next_cursor": page.next_cursor})
        return
    say((f"{head['code']} r{head['revision']}", "bold"), f" {head['title']}: {head['status']}")
    columns = {"term": "#", "what": "What", "whom": "For", "method": "Method", "value": "Value"}
    table("Terms", [_plain(t) for t in terms], columns, "No terms.")
    if page.next_cursor:
        say(f"{len(terms)} of {head['terms']:,} terms; --limit shows more", style="dim")


@app.command("approve")
def approve(
    by: As,
    because: Annotated[str, typer.Option("--because", help="The justification.")],
    ids: Ids = None,
    source: FromSource = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Approve drafts as somebody else than their author."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        chosen = _chosen(conn, ids, source, "draft", "in_review")
        approver = acting(conn, ctx, by)
        author = Context(ctx.tenant_id, Principal("system:derive", "system"), ctx.now)
        drafts = (
            [a for a in chosen if agreements.get_agreement(conn, a).status == "draft"]
            if ids
            else agreements.agreement_ids(conn, status="draft", source=source)
        )
        if drafts:
            agreements.submit(conn, author, drafts)
        agreements.approve(conn, approver, chosen, justification=because)
    _said({"approved": len(chosen)}, json)


@app.command("activate")
def activate(
    by: As,
    ids: Ids = None,
    source: FromSource = "",
    start: Annotated[str, typer.Option("--from", help="An instant; without it, as authored.")] = "",
    acknowledge: Annotated[str, typer.Option(help="Why ties between terms are meant.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Bring approved agreements into force."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        chosen = _chosen(conn, ids, source, "approved")
        when = parse_instant("from", start) if start else None
        done = agreements.activate_many(conn, acting(conn, ctx, by), chosen, start=when, acknowledged=acknowledge)
        _announce(s, conn, ctx, done)
    _said({"activated": len(chosen)}, json)


@app.command("import")
def import_(file: File, by: As, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Draft agreements from a JSON file: a list of agreements with their terms."""
    items = read_json(file.name, file.read_bytes())
    if not isinstance(items, list):
        raise invalid(file.name, type(items).__name__, "is not a list of agreements")
    with session(tenant) as s, s.transaction() as (conn, ctx):
        author = acting(conn, ctx, by)
        drafted = agreements.draft_many(conn, author, items, source=file.name)
        agreements.submit(conn, author, [d.agreement for d in drafted])
    _said({"drafted": len(drafted)}, json)


def _announce(s: Session, conn: Any, ctx: Context, done: agreements.Activation) -> None:
    append_events(conn, ctx.now, agreements.activation_events(done, ctx), lanes=s.app.settings.lanes)


def _named(conn: Any, name: str) -> agreements.AgreementView:
    """An agreement by id, or the newest revision of a code."""
    try:
        return agreements.get_agreement(conn, UUID(name))
    except ValueError:
        page = agreements.list_agreements(conn, code=name, limit=1)
    if not page.items:
        raise NotFound(f"there is no agreement {name}; see headgate agreements list")
    return page.items[0]


def _plain(term: dict[str, Any]) -> dict[str, Any]:
    """A term as a row of a table: whom and what it is for, its value or its tiers in words."""
    percent = term["method"] in ("discount", "cost_plus")
    unit = "%" if percent else term["currency"]
    told = number if percent else money
    tiers = [f"from {number(t['from'])}: {told(t['value'])} {unit}" for t in term["tiers"] or ()]
    what = term["product"] or (f"family {term['family']}" if term["family"] else "everything")
    whom = [term["partner"], *(f"{k} {term[n]}" for n, k in _WHOM.items() if term[n])]
    return {
        "term": term["term"],
        "what": what,
        "whom": " ".join(filter(None, whom)) or "everyone",
        "method": term["method"].replace("_", " "),
        "value": "; ".join(tiers) or f"{told(term['value'])} {unit}",
    }


def _chosen(conn: Any, ids: list[UUID] | None, source: str, *statuses: str) -> list[UUID]:
    chosen = list(ids or [])
    if source:
        chosen += [a for status in statuses for a in agreements.agreement_ids(conn, status=status, source=source)]
    if not chosen:
        raise invalid("agreements", source, "name none in the right state", "Give ids, or --source derived.")
    return chosen


def _said(result: dict[str, int], json: bool) -> None:
    if json:
        print_json(result)
    else:
        ((verb, count),) = result.items()
        say(f"{verb.capitalize()} {count:,} agreements.")
