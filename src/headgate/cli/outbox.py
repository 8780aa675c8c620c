"""`headgate outbox …`: what is on its way to other systems, and dead letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import typer

from headgate.cli.session import Json, Limit, Tenant, print_json, say, session, shown, table
from headgate.connectors.delivery import attempts_of, dead_letters, dismiss_letters, replay_letters
from headgate.kernel.canonical import canonical_text
from headgate.kernel.errors import invalid
from headgate.ledger import outbox_get, outbox_list

app = typer.Typer(no_args_is_help=True)
STATES = ("pending", "sent", "dead", "dismissed", "all")
Ids = Annotated[list[UUID] | None, typer.Argument(help="Ids; or use --target or --type.")]
OfTarget = Annotated[str, typer.Option("--target", help="Of this target; subscription:CODE for a subscriber.")]
OfType = Annotated[str, typer.Option("--type", help="Of exactly this type.")]
Because = Annotated[str, typer.Option("--because", help="Why; it goes into the audit chain.")]


@app.command("list")
def list_(
    status: Annotated[str, typer.Option(help=f"One of {', '.join(STATES)}.")] = "dead",
    target: OfTarget = "",
    type_: OfType = "",
    subject: Annotated[str, typer.Option(help="About this, for example an order.")] = "",
    tenant: Tenant = "nordwind",
    limit: Limit = 25,
    json: Json = False,
) -> None:
    """List commands and messages, newest first; dead letters unless another state is asked for."""
    if status not in STATES:
        raise invalid("--status", status, "is not a state", f"Use one of {', '.join(STATES)}.")
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = outbox_list(
            conn,
            status=None if status == "all" else status,
            target=target or None,
            type=type_ or None,
            subject=subject or None,
            limit=limit,
        )
    if json:
        print_json({"items": [asdict(c) for c in found]})
        return
    columns = {"id": "Id", "target": "Target", "type": "Type", "subject": "About", "status": "State"}
    columns |= {"attempts": "Tries", "created_at": "Wanted", "last_error": "Last error"}
    empty = "No dead letters: everything arrived or is on its way." if status == "dead" else "Nothing."
    table("Outbox", [asdict(c) for c in found], columns, empty)


@app.command("show")
def show(
    command: Annotated[UUID, typer.Argument(help="Its id.")], tenant: Tenant = "nordwind", json: Json = False
) -> None:
    """Show one with what is sent and every try."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found, tries = outbox_get(conn, command), attempts_of(conn, command)
    if json:
        print_json(asdict(found) | {"tries": [asdict(a) for a in tries]})
        return
    say((found.type, "bold"), f" about {found.subject} to {found.target}: {found.status}")
    if found.status == "pending":
        say(f"next try at {shown(found.next_at)} UTC", indent=2)
    if found.last_error:
        say(found.last_error, indent=2)
    say(canonical_text(found.payload), indent=2, style="dim")
    columns = {"at": "At", "number": "Try", "outcome": "Outcome", "status": "Answer", "milliseconds": "ms"}
    table(
        "Tries", [asdict(a) | {"said": a.excerpt or a.error} for a in tries], columns | {"said": "Said"}, "No try yet."
    )


@app.command("replay")
def replay(
    because: Because,
    commands: Ids = None,
    target: OfTarget = "",
    type_: OfType = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Send dead letters again, from the first try, at once."""
    _act(replay_letters, "are sent again", commands, target, type_, because, tenant, json)


@app.command("dismiss")
def dismiss(
    because: Because,
    commands: Ids = None,
    target: OfTarget = "",
    type_: OfType = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Give dead letters up for good."""
    _act(dismiss_letters, "are given up", commands, target, type_, because, tenant, json)


@app.command("deliver")
def deliver(
    most: Annotated[int, typer.Option("--most", min=1, help="Stop after so many.")] = 1000,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Deliver what is due now, without a worker."""
    tries: dict[str, int] = {}
    with session(tenant) as s:
        courier = s.app.courier
        while sum(tries.values()) < most:
            mine = [code for found, code in courier.due() if found == s.tenant_id]
            done = [
                courier.send(errand)
                for code in mine
                for errand in courier.claim(s.tenant_id, code, min(10, most - sum(tries.values())))
            ]
            if not done:
                break
            courier.record(s.tenant_id, done)
            for each in done:
                well = each.answer.status is not None and 200 <= each.answer.status < 300
                tries["delivered" if well else "failed"] = tries.get("delivered" if well else "failed", 0) + 1
        s.app.runner().drain(s.tenant_id)
    if json:
        print_json(tries)
    else:
        say(f"{tries.get('delivered', 0):,} delivered, {tries.get('failed', 0):,} tries failed.")


def _act(
    act: Callable[[Any, Any, Sequence[UUID], str], list[UUID]],
    words: str,
    commands: list[UUID] | None,
    target: str,
    type_: str,
    because: str,
    tenant: str,
    json: bool,
) -> None:
    if not commands and not target and not type_:
        raise invalid("ids", "", "name nothing to act on", "Give ids, or --target or --type.")
    with session(tenant) as s, s.transaction() as (conn, ctx):
        ids = commands or dead_letters(conn, target=target or None, type=type_ or None)
        done = act(conn, ctx, ids, because)
    if json:
        print_json({"ids": done})
    else:
        say(f"{len(done):,} {words}.")
