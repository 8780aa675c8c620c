"""`headgate cases …` and `headgate approvals …`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import typer
from psycopg import Connection

from headgate.access import load_principal
from headgate.cli.session import Json, Limit, Tenant, out, print_json, session, table
from headgate.kernel.canonical import loads
from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound, invalid
from headgate.process import (
    Approval,
    Choice,
    approvals_of_case,
    case_detail,
    case_list,
    decide_approval,
    get_approval,
    work_queue,
)

app = typer.Typer(no_args_is_help=True)
approvals_app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    tenant: Tenant = "nordwind",
    status: Annotated[str, typer.Option(help="open, waiting or closed.")] = "",
    exception: Annotated[str, typer.Option(help="Exception type.")] = "",
    process: Annotated[str, typer.Option(help="Process name.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Also cases that stayed on the straight path.")] = False,
    limit: Limit = 25,
    json: Json = False,
) -> None:
    """List cases, newest first; without --all only those with exceptions."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = case_list(
            conn, status=status, exception=exception, process=process, excepted=None if every else True, limit=limit
        )
    if json:
        print_json({"items": rows})
        return
    columns = {
        "case_id": "Case",
        "subject": "Subject",
        "partner": "Partner",
        "stage": "Stage",
        "exceptions": "Exceptions",
        "stake": "At stake",
        "due_at": "Due (UTC)",
        "sla_state": "Clock",
    }
    table("Cases", rows, columns, "No cases fit: everything went straight through.")


@app.command("show")
def show(
    case: Annotated[UUID, typer.Argument(help="The case's id.")], tenant: Tenant = "nordwind", json: Json = False
) -> None:
    """Show a case with its tasks, clocks and approvals."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found: dict[str, Any] = case_detail(conn, case)
        found["approvals"] = [asdict(a) for a in approvals_of_case(conn, case)]
    if json:
        print_json(found)
        return
    out.print(
        f"[bold]{found['subject_type']} {found['subject']}[/] – {found['process']}@{found['version']}, stage {found['stage']} ({found['status']})"
    )
    table(
        "Tasks",
        found["tasks"],
        {"title": "Task", "role": "For", "status": "Status", "due_at": "Due (UTC)"},
        "No tasks.",
    )
    table("Clocks", found["timers"], {"name": "Clock", "fire_at": "Fires (UTC)"}, "No clocks run.")


@approvals_app.command("list")
def waiting(tenant: Tenant = "nordwind", limit: Limit = 25, json: Json = False) -> None:
    """List what waits for a decision, most urgent first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        rows = [r for r in work_queue(conn, ctx.now, view="all", limit=limit) if r["approval"]]
    if json:
        print_json({"items": rows})
        return
    columns = {
        "approval": "Approval",
        "title": "What",
        "role": "For",
        "stake": "At stake",
        "currency": "",
        "due_at": "Due (UTC)",
    }
    table("Approvals waiting", rows, columns, "Nothing waits for approval.")


@approvals_app.command("show")
def show_approval(approval: Annotated[UUID, typer.Argument()], tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Show an approval: what it binds, who must agree, who has."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = get_approval(conn, approval)
    if found is None:
        raise invalid("approval", approval, "does not exist")
    if json:
        print_json(asdict(found))
        return
    out.print(f"[bold]{found.subject_type} {found.subject}[/]: {found.status}, {found.stake} {found.currency} at stake")
    out.print(
        f"binds {found.digest}\nasked by {found.requested_by}, expires {found.expires_at:%Y-%m-%d %H:%M} UTC",
        highlight=False,
    )
    table(
        "Steps",
        [asdict(x) for x in found.steps],
        {"level": "Level", "role": "Role", "status": "Status", "due_at": "Due (UTC)"},
        "",
    )


@approvals_app.command("decide")
def decide(
    subject: Annotated[str, typer.Argument(metavar="APPROVAL", help="Its id, or what it is about: an order's number.")],
    outcome: Annotated[str, typer.Argument(help="approve, edit, reject or return.")],
    by: Annotated[str, typer.Option("--as", help="Who decides: a principal id or an e-mail address.")],
    because: Annotated[str, typer.Option("--because", help="The justification.")],
    edit: Annotated[str, typer.Option(help="JSON of the edit, for outcome edit.")] = "",
    on_behalf_of: Annotated[str, typer.Option(help="The delegator's principal id.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Decide an approval as a person of the tenant; their roles and duties are checked."""
    with session(tenant) as s:
        with s.transaction() as (conn, ctx):
            principal = load_principal(conn, by if ":" in by else f"user:{by}", ctx.now)
            found = _waiting_for(conn, ctx, subject)
            choice = Choice(outcome, because, found.digest, on_behalf_of, loads(edit) if edit else None)
            seq = decide_approval(
                conn, Context(ctx.tenant_id, principal, ctx.now), s.app.engine, found.approval, choice
            )
        s.app.runner().settle(s.tenant_id, seq)
        with s.transaction(read_only=True) as (conn, _):
            after = get_approval(conn, found.approval)
            case = case_detail(conn, found.case_id)
    result = {
        "approval": found.approval,
        "status": after.status if after else "",
        "stage": case["stage"],
        "subject": found.subject,
        "next": sorted({x.role for x in after.steps if x.status == "open"}) if after else [],
    }
    if json:
        print_json(result)
    else:
        # While others have to agree, the stage says nothing new.
        then = f"{', '.join(result['next'])} decides next" if result["next"] else f"now {case['stage']}"
        out.print(f"{found.subject_type} {found.subject}: approval {result['status']}, {then}")


def _waiting_for(conn: Connection[Any], ctx: Context, text: str) -> Approval:
    """The approval of that id, or the one that waits for that order or request."""
    try:
        wanted = UUID(text)
    except ValueError:
        tasks = [t for t in work_queue(conn, ctx.now, view="all", limit=200) if t["subject"] == text and t["approval"]]
        if not tasks:
            raise NotFound(f"nothing waits for a decision on {text}; see headgate approvals list") from None
        wanted = tasks[0]["approval"]
    found = get_approval(conn, wanted)
    if found is None:
        raise NotFound(f"approval {wanted} does not exist")
    return found
