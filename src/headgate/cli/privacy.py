"""`headgate privacy …`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from headgate.access import require
from headgate.cli.session import Json, Limit, Tenant, acting, print_json, say, session, table
from headgate.kernel.errors import invalid
from headgate.ledger import (
    decide_erasure,
    erasure_list,
    find_personal,
    hold_list,
    lift_hold,
    personal_fields,
    place_hold,
    purge_expired,
    request_erasure,
    retention_rules,
    set_retention,
)

app = typer.Typer(no_args_is_help=True)

By = Annotated[str, typer.Option("--as", help="The person who does this: principal id or e-mail.")]
Because = Annotated[str, typer.Option("--because", help="Why. It is kept: do not name the person in it.")]
What = Annotated[str, typer.Argument(help="order:KON-100488, case:<id>, partner:NW-17, or person:<the exact text>.")]


@app.command("fields")
def fields(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """List the fields that are declared personal; their values can be erased."""
    with session(tenant):
        rows = [{"type": name, "fields": list(paths)} for name, paths in personal_fields().items()]
    if json:
        print_json({"items": rows})
        return
    table("Personal fields", rows, {"type": "Event or audit action", "fields": "Fields"}, "None are declared.")


@app.command("find")
def find(what: What, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Say how much there is of somebody, and whether a legal hold keeps it."""
    kind, sought = _parted(what)
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = find_personal(conn, kind, sought)
    if json:
        print_json(asdict(found))
        return
    say(f"{found.count:,} events and entries have personal values of {kind} {sought}; {found.held:,} are on hold.")
    for subject in found.held_subjects[:20]:
        say(f"on hold: {subject}", indent=2)


@app.command("erase")
def erase(what: What, by: By, because: Because, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Ask for an erasure. Another person decides it with headgate privacy decide."""
    kind, sought = _parted(what)
    with session(tenant) as s, s.transaction() as (conn, ctx):
        actor = acting(conn, ctx, by)
        require(actor.principal, "privacy.write")
        found = find_personal(conn, kind, sought)
        request = request_erasure(conn, actor, kind, sought, because)
    if json:
        print_json({"id": request, "found": found.count, "held": found.held})
        return
    say(f"Asked for: {found.count:,} events and entries. Somebody else decides:")
    say(f"headgate privacy decide {request} approve --as … --because …", style="dim", wrap=False)


@app.command("decide")
def decide(
    request: UUID,
    outcome: Annotated[str, typer.Argument(help="approve, which erases for good, or refuse.")],
    by: By,
    because: Because,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Decide a request to erase. Who asked for it cannot."""
    if outcome not in ("approve", "refuse"):
        raise invalid("outcome", outcome, "is not a decision", "Use approve or refuse.")
    with session(tenant) as s, s.transaction() as (conn, ctx):
        actor = acting(conn, ctx, by)
        require(actor.principal, "privacy.approve")
        done = decide_erasure(conn, actor, request, "approve" if outcome == "approve" else "refuse", because)
    if json:
        print_json(asdict(done))
    elif done.status == "done":
        say(
            ("Erased", "green"),
            f": the personal values of {done.erased:,} events and entries. Every proof still holds.",
        )
    else:
        say("Refused; nothing was erased.")


@app.command("requests")
def requests(
    tenant: Tenant = "nordwind",
    status: Annotated[str, typer.Option(help="open, done or refused.")] = "",
    limit: Limit = 25,
    json: Json = False,
) -> None:
    """List requests to erase, newest first."""
    if status not in ("", "open", "done", "refused"):
        raise invalid("--status", status, "is not a status", "Use open, done or refused.")
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = [asdict(r) for r in erasure_list(conn, status=status, limit=limit)]
    if json:
        print_json({"items": rows})
        return
    columns = {
        "id": "Id",
        "kind": "By",
        "sought": "Sought",
        "status": "Status",
        "requested_by": "Asked by",
        "decided_by": "Decided by",
        "erased": "Erased",
    }
    table("Requests to erase", rows, columns, "Nobody asked for an erasure.")


@app.command("hold")
def hold(what: What, by: By, because: Because, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Keep what is about an order, a case or a partner (or everything) from being erased or purged."""
    kind, subject = ("everything", "") if what == "everything" else _parted(what)
    with session(tenant) as s, s.transaction() as (conn, ctx):
        actor = acting(conn, ctx, by)
        require(actor.principal, "privacy.write")
        placed = place_hold(conn, actor, kind, subject, because)
    if json:
        print_json({"id": placed})
        return
    say(f"Held. Lift it with: headgate privacy lift {placed} --as … --because …", wrap=False)


@app.command("lift")
def lift(hold: UUID, by: By, because: Because, tenant: Tenant = "nordwind", json: Json = False) -> None:
    """End a legal hold."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        actor = acting(conn, ctx, by)
        require(actor.principal, "privacy.write")
        lifted = lift_hold(conn, actor, hold, because)
    if json:
        print_json(asdict(lifted))
        return
    say(f"Lifted: {lifted.kind} {lifted.subject}".rstrip())


@app.command("holds")
def holds(
    tenant: Tenant = "nordwind",
    lifted: Annotated[bool, typer.Option("--lifted", help="Former ones too.")] = False,
    limit: Limit = 25,
    json: Json = False,
) -> None:
    """List legal holds, newest first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = [asdict(h) for h in hold_list(conn, lifted=lifted, limit=limit)]
    if json:
        print_json({"items": rows})
        return
    columns = {
        "id": "Id",
        "kind": "Holds",
        "subject": "Subject",
        "reason": "Reason",
        "placed_by": "By",
        "lifted_at": "Lifted",
    }
    table("Legal holds", rows, columns, "Nothing is on hold.")


@app.command("retention")
def retention(
    tenant: Tenant = "nordwind",
    data_class: Annotated[str, typer.Option("--class", help="A class of data to set.")] = "",
    days: Annotated[int, typer.Option(help="Days to keep it; 0 is for ever.")] = -1,
    by: Annotated[str, typer.Option("--as", help="The person who sets it.")] = "",
    json: Json = False,
) -> None:
    """Show how long each class of data is kept, or set one. The audit chain and the event log are never purged."""
    if bool(data_class) != (days >= 0):
        raise invalid("--class", data_class, "and --days belong together", "Give both to set a rule, none to look.")
    with session(tenant) as s:
        classes = s.app.data_classes()
        if data_class:
            with s.transaction() as (conn, ctx):
                actor = acting(conn, ctx, by)
                require(actor.principal, "privacy.approve")
                set_retention(conn, actor, classes, data_class, days or None)
        with s.transaction(read_only=True) as (conn, _):
            rows = [asdict(r) for r in retention_rules(conn, classes)]
    if json:
        print_json({"items": rows})
        return
    shown = [r | {"days": "for ever" if r["days"] is None else f"{r['days']} days"} for r in rows]
    columns = {"data_class": "Class", "title": "What", "days": "Kept", "default": "Default"}
    table("Retention", shown, columns, "")


@app.command("purge")
def purge(tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Purge now what is past its time; workers do it too, a part at a time."""
    total: dict[str, int] = {}
    with session(tenant) as s:
        while True:
            with s.transaction() as (conn, ctx):
                done = purge_expired(conn, ctx, s.app.data_classes())
            if not done:
                break
            total = {name: total.get(name, 0) + done.get(name, 0) for name in total.keys() | done.keys()}
            if not json:
                sys.stderr.write(f"purged {sum(total.values()):,}\r")
    if json:
        print_json(total)
        return
    say(", ".join(f"{count:,} of {name}" for name, count in sorted(total.items())) or "Nothing is past its time.")


def _parted(what: str) -> tuple[str, str]:
    kind, colon, rest = what.partition(":")
    if not colon:
        fix = "Write order:KON-100488, case:<id>, partner:NW-17 or person:<the exact text>."
        raise invalid("what", what, "does not say what it is", fix)
    return kind, rest
