"""`headgate cases …` and `headgate approvals …`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import islice
from typing import Annotated, Any

import typer
from psycopg import Connection

from headgate.cli import asking, stepping
from headgate.cli.approvals_named import named_approval
from headgate.cli.approving import decide_many, foresee
from headgate.cli.held_decisions import Hold, held, tell_held, undo
from headgate.cli.session import (
    Json,
    Limit,
    Tenant,
    acting,
    print_json,
    read_json,
    say,
    session,
    shown,
    table,
)
from headgate.cli.stepping import case_id_of
from headgate.process import (
    Approval,
    Choice,
    approvals_of_case,
    case_detail,
    case_list,
    decide_approval,
    get_approval,
)
from headgate.process.bulk import Item
from headgate.process.holding import hold_one
from headgate.process.queries import every_task

app = typer.Typer(no_args_is_help=True)
approvals_app = typer.Typer(no_args_is_help=True)
approvals_app.command("preview")(foresee)
approvals_app.command("decide-many")(decide_many)
approvals_app.command("held")(held)
approvals_app.command("undo")(undo)
stepping.add_to(app)
asking.add_to(app)


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
        "subject": "Subject",
        "partner": "Partner",
        "stage": "Stage",
        "exceptions": "Exceptions",
        "stake": "At stake",
        "currency": "",
        "due_at": "Due (UTC)",
        "sla_state": "Clock",
    }
    table("Cases", rows, columns, "No cases fit: everything went straight through.")


@app.command("show")
def show(
    case: Annotated[str, typer.Argument(help="Its id, or what it is about: an order's number.")],
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Show a case with its tasks, clocks and approvals."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found: dict[str, Any] = case_detail(conn, case_id_of(conn, case))
        asked = approvals_of_case(conn, found["case_id"])
        found["approvals"] = [asdict(a) for a in asked]
    if json:
        print_json(found)
        return
    say(
        (f"{found['subject_type']} {found['subject']}", "bold"),
        f": {found['stage']} ({found['status']}) in {found['process']}@{found['version']}",
    )
    say(f"case {found['case_id']}", style="dim")
    if found["exceptions"]:
        stake = f"; {shown(found['stake'])} {found['currency']} at stake" if found["stake"] else ""
        say(f"Off the straight path: {', '.join(found['exceptions'])}{stake}", style="yellow")
    table("Tasks", found["tasks"], {"title": "Task", "role": "For", "status": "Status", "due_at": "Due (UTC)"}, "")
    table("Approvals", found["approvals"], {"approval": "Id", "status": "Status", "requested_at": "Asked (UTC)"}, "")
    table("Clocks", found["timers"], {"name": "Clock", "fire_at": "Fires (UTC)"}, "No clocks run.")


@approvals_app.command("list")
def waiting(tenant: Tenant = "nordwind", limit: Limit = 25, json: Json = False) -> None:
    """List what waits for a decision, most urgent first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        rows = list(islice(_waiting(conn, ctx.now), limit))
    for row in rows:
        row["late"] = row["due_at"] is not None and row["due_at"] < ctx.now
    if json:
        print_json({"items": rows})
        return
    columns = {
        "subject": "Subject",
        "partner": "Partner",
        "exceptions": "Exceptions",
        "role": "For",
        "stake": "At stake",
        "currency": "",
        "due_at": "Due (UTC)",
        "late": "Late",
    }
    table("Approvals waiting", rows, columns, "Nothing waits for approval.")


@approvals_app.command("show")
def show_approval(
    approval: Annotated[str, typer.Argument(help="Its id, or what it is about: an order's number.")],
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Show an approval: what it binds, who must agree, who has."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = named_approval(conn, approval, only_pending=False)
    if json:
        print_json(asdict(found))
        return
    say(
        (f"{found.subject_type} {found.subject}", "bold"),
        f": {found.status}, {shown(found.stake)} {found.currency} at stake",
    )
    say(f"approval {found.approval}, asked by {found.requested_by or 'nobody named'}", style="dim", wrap=False)
    lapses = f"expires {shown(found.expires_at)} UTC"
    if found.paused_at is not None and found.status == "pending":
        lapses = f"its clocks stand still since {shown(found.paused_at)} UTC: somebody outside is asked"
    say(f"binds {found.digest}, {lapses}", style="dim", wrap=False)
    steps = [asdict(step) | {"who": votes_on(found, step.level, step.step)} for step in found.steps]
    columns = {"level": "Level", "role": "Role", "status": "Status", "due_at": "Due (UTC)", "who": "Said"}
    table("Steps", steps, columns, "")


def votes_on(approval: Approval, level: int, step: str) -> list[str]:
    """Who said what on a step."""
    return [f"{v.principal}: {v.outcome}" for v in approval.votes if (v.level, v.step) == (level, step)]


@approvals_app.command("decide")
def decide(
    subject: Annotated[str, typer.Argument(metavar="APPROVAL", help="Its id, or what it is about: an order's number.")],
    outcome: Annotated[str, typer.Argument(help="approve, edit, reject or return.")],
    by: Annotated[str, typer.Option("--as", help="Who decides: a principal id or an e-mail address.")],
    because: Annotated[str, typer.Option("--because", help="The justification.")],
    edit: Annotated[str, typer.Option(help="JSON of the edit, for outcome edit.")] = "",
    on_behalf_of: Annotated[str, typer.Option(help="The delegator's principal id.")] = "",
    hold: Hold = 0,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Decide an approval as a person of the tenant; their roles and duties are checked."""
    with session(tenant) as s:
        made, seq = None, 0
        with s.transaction() as (conn, ctx):
            person = acting(conn, ctx, by)
            found = named_approval(conn, subject, only_pending=True)
            changes = read_json("--edit", edit) if edit else None
            choice = Choice(outcome, because, found.digest, on_behalf_of, changes)
            if hold:
                made = hold_one(conn, person, s.app.engine, Item(found.approval, choice), hold)
            else:
                seq = decide_approval(conn, person, s.app.engine, found.approval, choice)
        if made is not None:
            tell_held(s, person, made, json)
            return
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
        say(f"{found.subject_type} {found.subject}: approval {result['status']}, {then}")


def _waiting(conn: Connection[Any], now: datetime) -> Iterator[dict[str, Any]]:
    """Open tasks of approvals."""
    return (task for task in every_task(conn, now) if task["approval"])
