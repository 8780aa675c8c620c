"""`headgate orders …` and `headgate explain …`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.padding import Padding
from rich.text import Text

from headgate.channel.orders import explain_order, list_orders
from headgate.cli.session import Json, Limit, Tenant, out, print_json, session, shown, table

app = typer.Typer(no_args_is_help=True)
explain_app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    tenant: Tenant = "nordwind",
    status: Annotated[str, typer.Option(help="released, flagged, held, rejected, …")] = "",
    partner: Annotated[str, typer.Option(help="Partner code.")] = "",
    exception: Annotated[str, typer.Option(help="Exception type, for example price_deviation.")] = "",
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Placed on or after this day.")] = None,
    text: Annotated[str, typer.Option("--text", "-q", help="Part of an order number or reference.")] = "",
    cursor: Annotated[str, typer.Option(help="Continue after a page.")] = "",
    limit: Limit = 25,
    json: Json = False,
) -> None:
    """List orders, newest first."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        page, totals = list_orders(
            conn,
            status=status,
            partner=partner,
            exception=exception,
            since=since.astimezone() if since else None,
            text=text,
            cursor=cursor,
            limit=limit,
        )
    if json:
        print_json({"items": list(page.items), "next_cursor": page.next_cursor, "totals": totals})
        return
    columns = {
        "order_no": "Order",
        "partner": "Partner",
        "placed_at": "Placed (UTC)",
        "status": "Status",
        "total": "Total",
        "currency": "",
        "exceptions": "Exceptions",
    }
    table("Orders", page.items, columns, "No orders fit. Import some with: headgate import orders FILE …")
    out.print(f"[dim]{totals['orders']:,} orders, {totals['total']:,.2f} in all, {totals['stake']:,.2f} at stake.[/]")
    if page.next_cursor:
        out.print(f"[dim]More: --cursor {page.next_cursor}[/]")


@app.command("show")
@explain_app.command("order")
def show(
    order: Annotated[str, typer.Argument(help="The order's number.")], tenant: Tenant = "nordwind", json: Json = False
) -> None:
    """Explain an order: prices with candidates, checks with policy rows, credit, stock, tax, approvals, proof."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = explain_order(conn, order)
    if json:
        print_json(found)
        return
    _head(found["order"])
    decided = found["decision"]
    if decided:
        verdict = decided["evaluations"]
        _lines(verdict["lines"])
        _checks(verdict["checks"], verdict["release"])
        _credit(verdict["credit"])
        _tax(verdict["tax"])
    _stock(found["order"]["reservations"])
    _approvals(found["approvals"])
    _history(found["audit"])


def _head(order: Mapping[str, Any]) -> None:
    out.print(
        f"[bold]Order {order['order_no']}[/] of {order['partner']}: [bold]{order['status']}[/], "
        f"{shown(order['total'])} {order['currency']} ({shown(order['tenant_total'])} in the tenant's currency "
        f"at {order['rate'].normalize():f}), revision {order['revision']}",
        highlight=False,
    )
    if order["exceptions"]:
        out.print(
            f"Off the straight path: {', '.join(order['exceptions'])}; {shown(order['stake'])} at stake", style="yellow"
        )


def _say(text: str, indent: int = 2, style: str = "") -> None:
    out.print(Padding(Text(text, style=style), (0, 0, 0, indent)))


def _lines(lines: Sequence[Mapping[str, Any]]) -> None:
    out.print("\n[bold]Prices[/]")
    for line in lines[:40]:
        contract = line["contract_price"] or "no contract price"
        _say(
            f"{line['line']}  {line['product']}  {line['quantity']} × {line['unit_price']} = {line['amount']}"
            f"   contract {contract}   deviation {line['deviation_pct']} %"
        )
        for candidate in line["trace"]["candidates"][:8]:
            mark = {"wins": "✓", "loses": "–"}.get(candidate["verdict"], " ")
            price = candidate["unit_price"] or ""
            _say(
                f"{mark} {candidate['code']} r{candidate['revision']} {candidate['method']} {price}: {candidate['reason']}",
                6,
                "dim",
            )
    if len(lines) > 40:
        _say(f"… and {len(lines) - 40} more lines (--json has all)", style="dim")


def _checks(checks: Sequence[Mapping[str, Any]], release: Mapping[str, Any]) -> None:
    out.print("\n[bold]Checks[/]")
    passed = [c for c in checks if c["outcome"] == "pass" and not c["waived"]]
    for check in checks:
        if check in passed and len(checks) > 12:
            continue
        waived = " (approved)" if check["waived"] else ""
        where = f" line {check['line']}" if check["line"] else ""
        style = {"hold": "yellow", "reject": "red"}.get(check["outcome"], "")
        _say(f"{check['check']}{where}: {check['outcome']}{waived} – {check['detail']}", 2, style)
        _evaluation(check["evaluation"])
    if len(checks) > 12 and passed:
        _say(f"{len(passed)} checks passed without remark", style="dim")
    _say("all together:")
    _evaluation(release)


def _evaluation(evaluation: Mapping[str, Any] | None) -> None:
    if not evaluation:
        return
    facts = ", ".join(f"{k} = {v}" for k, v in evaluation["inputs"].items())
    _say(f"{evaluation['policy']}@{evaluation['version']} row {', '.join(evaluation['rows'])} ({facts})", 6, "dim")
    for reason in evaluation.get("reasons") or ():
        _say(f"because {reason}", 6, "dim")


def _credit(credit: Mapping[str, Any]) -> None:
    out.print("\n[bold]Credit[/]")
    if not credit["has_account"]:
        _say("no credit account")
    for level in credit["levels"]:
        _say(f"account {level['account']} ({level['currency']})")
        for addend in level["addends"]:
            _say(f"{addend['amount']:>16}  {addend['label']}", 4)
        _say(f"{level['order_amount']:>16}  this order", 4)
        _say(f"{level['exposure_after']:>16}  exposure, of {level['credit_limit']} ({level['utilisation_pct']} %)", 4)


def _tax(tax: Mapping[str, Any]) -> None:
    rates = sorted({(line["jurisdiction"], line["tax_class"], str(line["rate"])) for line in tax["lines"]})
    out.print(f"\n[bold]Tax[/] {tax['total']} {tax['currency']}, rounded {tax['rounding']}", highlight=False)
    for place, kind, rate in rates:
        _say(f"{place} {kind}: {rate} %")


def _stock(reservations: Sequence[Mapping[str, Any]]) -> None:
    if reservations:
        out.print("\n[bold]Reservations[/]")
    for r in reservations[:40]:
        _say(f"line {r['line']}: {r['quantity'].normalize():f} × {r['product']} in {r['warehouse']} ({r['status']})")


def _approvals(approvals: Sequence[Mapping[str, Any]]) -> None:
    for approval in approvals:
        out.print(f"\n[bold]Approval[/] {approval['approval']}: {approval['status']}", highlight=False)
        for step in approval["steps"]:
            _say(f"level {step['level']}: {step['role']} ({step['status']}), matrix row {step['matrix_row']}")
        for vote in approval["votes"]:
            behalf = f" for {vote['on_behalf_of']}" if vote["on_behalf_of"] else ""
            _say(f"{vote['principal']}{behalf} {vote['outcome']}: {vote['justification']}", 4)


def _history(audit: Sequence[Mapping[str, Any]]) -> None:
    out.print("\n[bold]History[/]")
    for entry in reversed(audit):
        proof = entry["proof"]
        state = "proof intact" if proof and proof["intact"] else f"PROOF BROKEN: {proof['reason']}" if proof else ""
        moved = f" → {entry['body']['to']}" if entry["body"].get("to") else ""
        _say(f"{entry['at']:%Y-%m-%d %H:%M}  {entry['action']}{moved}  {entry['actor']}  #{entry['seq']} {state}")
