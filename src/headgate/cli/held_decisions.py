"""`headgate approvals held` and `undo`: decisions that can be taken back before they count."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any
from uuid import UUID

import typer

from headgate.cli.session import Json, Session, Tenant, acting, print_json, say, session, table
from headgate.kernel.context import Context
from headgate.kernel.errors import invalid
from headgate.process import get_approval, holding
from headgate.process.core.holding import MOST_SECONDS
from headgate.process.holding import Held
from headgate.process.repo import get_approvals

Maker = Annotated[str, typer.Option("--as", help="Whose decisions: a principal id or an e-mail address.")]

Hold = Annotated[
    int, typer.Option("--hold", min=0, max=MOST_SECONDS, help="So many seconds it can be undone before it counts.")
]


def held(by: Maker, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List a person's decisions of the last week that were held before they counted, and what became of them."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        found = holding.list_held(conn, acting(conn, ctx, by))
        about = get_approvals(conn, [item.approval for each in found for item in each.items])
    subjects = {approval: asked.subject for approval, asked in about.items()}
    rows = [_row(each, subjects) for each in found]
    if json:
        print_json({"items": rows})
        return
    columns = {
        "held": "Decision",
        "outcome": "Outcome",
        "subjects": "About",
        "status": "Status",
        "due_at": "Counts from (UTC)",
        "refused": "Refused",
    }
    table("Held decisions", rows, columns, "No decision was held in the last week.")


def undo(
    decision: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `headgate approvals held` shows it.")],
    by: Maker,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Take a held decision back before it counts: nothing of it is done. Only whoever made it can."""
    wanted = _id(decision)
    with session(tenant) as s, s.transaction() as (conn, ctx):
        ended = holding.undo(conn, acting(conn, ctx, by), wanted)
        first = get_approval(conn, ended.items[0].approval)
    count = len(ended.waiting)
    if json:
        print_json({"held": ended.held, "status": ended.status, "requests": count})
        return
    what = f"{first.subject_type} {first.subject}" if first is not None and count == 1 else f"{count} requests"
    say(f"Undone: nothing was decided about {what}.")


def tell_held(s: Session, person: Context, made: UUID, json: bool) -> None:
    """Say until when a decision can be undone, and how."""
    with s.transaction(read_only=True) as (conn, _):
        found = holding.get_held(conn, person, made)
    if json:
        print_json({"held": found.held, "status": found.status, "due_at": found.due_at})
        return
    say(f"Held until {found.due_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC; it counts then. To take it back before:")
    say(f"headgate approvals undo {found.held} --as {person.principal.id}", indent=2, wrap=False)


def _row(found: Held, subjects: dict[UUID, str]) -> dict[str, Any]:
    return {
        "held": found.held,
        "outcome": found.outcome,
        "subjects": [subjects.get(item.approval, str(item.approval)) for item in found.items],
        "status": found.status,
        "held_at": found.held_at,
        "due_at": found.due_at,
        "ended_at": found.hold.ended_at,
        "refused": [str(item.reason) for item in found.items if item.status == "refused"],
    }


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise invalid(
            "ID", text, "is no id of a held decision", "Take one of `headgate approvals held --as YOU`."
        ) from None
