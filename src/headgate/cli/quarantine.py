"""`headgate quarantine …`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import typer

from headgate.channel.orders import current_order
from headgate.cli.session import Json, Limit, Tenant, print_json, read_json, say, session, shown, table
from headgate.connectors import Replayed, replay_event, replay_rows
from headgate.kernel.errors import invalid
from headgate.ledger import quarantine_counts, quarantine_get, quarantine_list, quarantine_resolve

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    tenant: Tenant = "nordwind",
    status: Annotated[str, typer.Option(help="open, replayed or dismissed.")] = "open",
    kind: Annotated[str, typer.Option(help="row or event.")] = "",
    reason: Annotated[str, typer.Option(help="Exactly this reason.")] = "",
    after: Annotated[int, typer.Option(help="Continue after this position.")] = 0,
    limit: Limit = 25,
    json: Json = False,
) -> None:
    """List what could not be taken, with row number and reason."""
    if status not in ("open", "replayed", "dismissed"):
        raise invalid("--status", status, "is not a state", "Use open, replayed or dismissed.")
    if kind not in ("", "row", "event"):
        raise invalid("--kind", kind, "is not a kind", "Use row or event.")
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        rows = quarantine_list(
            conn,
            status=status,  # type: ignore[arg-type]
            kind=kind or None,  # type: ignore[arg-type]
            reason=reason or None,
            after=after,
            limit=limit,
        )
        counts = quarantine_counts(conn, status=status)  # type: ignore[arg-type]
    if json:
        print_json({"items": [asdict(r) for r in rows], "counts": [asdict(c) for c in counts]})
        return
    placed = [asdict(r) | {"where": r.row_number if r.kind == "row" else f"event {r.event_seq}"} for r in rows]
    columns = {"id": "Id", "where": "Row", "source": "Source", "reason": "Reason", "amount": "Amount", "currency": ""}
    table("Quarantine", placed, columns, "Quarantine is empty: every row and event was taken.")
    if counts:
        table(
            "By reason",
            [asdict(c) for c in counts],
            {"count": "Count", "kind": "Kind", "reason": "Reason", "amount": "Amount"},
            "",
        )


@app.command("show")
def show(
    item: Annotated[UUID, typer.Argument(help="Its id.")], tenant: Tenant = "nordwind", json: Json = False
) -> None:
    """Show one of them with every problem and its raw text."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = quarantine_get(conn, item)
    if json:
        print_json(asdict(found))
        return
    where = f"row {found.row_number} of {found.file}" if found.kind == "row" else f"event {found.event_seq}"
    say((where, "bold"), f" from {found.source}: {found.status} since {shown(found.created_at)} UTC")
    for problem in found.problems:
        say(f"• {problem}", indent=2)
    say(found.raw, indent=2, style="dim")


@app.command("replay")
def replay(
    items: Annotated[list[UUID] | None, typer.Argument(help="Ids; or use --reason.")] = None,
    reason: Annotated[str, typer.Option(help="Everything open with exactly this reason.")] = "",
    put: Annotated[
        list[str] | None, typer.Option("--set", help="A changed column, as NAME=VALUE; may be repeated.")
    ] = None,
    data: Annotated[str, typer.Option(help="For one event: its whole data, mended, as JSON.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Mend and replay: rows with --set COLUMN=VALUE; events with --data, or as they are once masters are right."""
    fix = dict(_pair(text) for text in put or [])
    with session(tenant) as s:
        done: list[Replayed] = []
        with s.transaction() as (conn, ctx):
            options: dict[str, Any] = {
                "lanes": s.app.settings.lanes,
                "validators": s.app.engine.registry.validators,
                "route": s.app.engine.definitions.router(conn),
            }
            found = [quarantine_get(conn, i) for i in items or []]
            if reason:
                found += quarantine_list(conn, reason=reason, limit=500)
            if not found:
                raise invalid("items", "", "name nothing to replay", "Give ids, or --reason.")
            rows = [q.id for q in found if q.kind == "row"]
            if rows:
                done += replay_rows(conn, ctx, rows, fix, current_order, **options)
            for event in (q for q in found if q.kind == "event"):
                mended = read_json("--data", data) if data else None
                done.append(replay_event(conn, ctx, event.id, mended, **options))
        applied = s.app.runner().drain(s.tenant_id)
    result = {
        "replayed": [asdict(r) for r in done],
        "applied": applied.events - applied.refused,
        "refused": applied.refused,
    }
    if json:
        print_json(result)
    else:
        say(f"Replayed {len(done):,}; {result['applied']:,} events applied, {applied.refused:,} refused again.")


@app.command("dismiss")
def dismiss(items: Annotated[list[UUID], typer.Argument()], tenant: Tenant = "nordwind", json: Json = False) -> None:
    """Say that these need no replay; they stay visible as dismissed."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        quarantine_resolve(conn, ctx.now, items, "dismissed", ctx.principal.id)
    if json:
        print_json({"dismissed": items})
    else:
        say(f"Dismissed {len(items)}.")


def _pair(text: str) -> tuple[str, str]:
    name, sep, value = text.partition("=")
    if not sep or not name:
        raise invalid("--set", text, "is not NAME=VALUE", 'For example --set "CustomerID=12345".')
    return name, value
