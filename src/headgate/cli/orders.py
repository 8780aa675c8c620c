"""`headgate orders …` and `headgate explain order`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer

from headgate.channel.orders import explain_order, list_orders
from headgate.cli.explaining import approvals, history, title
from headgate.cli.session import (
    Json,
    Limit,
    Tenant,
    midnight,
    money,
    number,
    print_json,
    say,
    say_more,
    session,
    shown,
    table,
)

app = typer.Typer(no_args_is_help=True)
MOST_LINES = 40
MOST_CANDIDATES = 8
# Of longer lists only what is remarkable is told one by one.
MOST_CHECKS = 12
HAIR = Decimal("0.01")  # percent


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
            since=midnight(conn, since) if since else None,
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
    if totals["orders"]:
        in_all = f"{money(totals['total'])} in all, {money(totals['stake'])} at stake"
        say(f"{totals['orders']:,} orders, {in_all}, in the tenant's currency.", style="dim")
    say_more(page.next_cursor)


@app.command("show")
def show(
    order: Annotated[str, typer.Argument(help="The order's number.")], tenant: Tenant = "nordwind", json: Json = False
) -> None:
    """Explain an order: prices with candidates, checks with policy rows, credit, stock, tax, approvals, proof."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = explain_order(conn, order)
        currency = s.app.engine.registry.profile(conn).currency
    if json:
        print_json(found)
        return
    _head(found["order"], currency)
    decided = found["decision"]
    if decided:
        verdict = decided["evaluations"]
        _lines(verdict["lines"], found["order"]["currency"])
        _checks(verdict["checks"], verdict["release"])
        _credit(verdict["credit"])
        _tax(verdict["tax"])
    _stock(found["order"]["reservations"])
    approvals(found["approvals"])
    history(found["audit"])


def _head(order: Mapping[str, Any], tenant_currency: str) -> None:
    total = f"{money(order['total'])} {order['currency']}"
    if order["currency"] != tenant_currency:
        total += f" = {money(order['tenant_total'])} {tenant_currency} at {number(order['rate'])}"
    say(
        (f"Order {order['order_no']}", "bold"),
        f" of {order['partner']}: ",
        (order["status"], "bold"),
        f", {total}, revision {order['revision']}",
    )
    say(f"placed {shown(order['placed_at'])} UTC through {order['storefront']}", style="dim")
    if order["exceptions"]:
        exceptions = ", ".join(order["exceptions"])
        say(f"Off the straight path: {exceptions}; {money(order['stake'])} {tenant_currency} at stake", style="yellow")


def _lines(lines: Sequence[Mapping[str, Any]], currency: str) -> None:
    title(f"Prices in {currency}")
    asked = [
        (
            line["line"],
            line["product"],
            number(line["quantity"]),
            money(line["unit_price"]),
            money(line["amount"]),
            _against_contract(line),
        )
        for line in lines[:MOST_LINES]
    ]
    widths = [max(len(row[place]) for row in asked) for place in range(5)]
    for row, line in zip(asked, lines[:MOST_LINES], strict=True):
        number_, product, quantity, price, amount = (
            text.ljust(width) if place < 2 else text.rjust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=False))
        )
        say(f"{number_}  {product}  {quantity} × {price} = {amount}   {row[5]}", indent=2)
        for candidate in line["trace"]["candidates"][:MOST_CANDIDATES]:
            mark = {"wins": "✓", "loses": "–"}.get(candidate["verdict"], " ")
            price = f" {money(candidate['unit_price'])}" if candidate["unit_price"] else ""
            name = f"{candidate['code']} r{candidate['revision']} {candidate['method']}"
            say(f"{mark} {name}{price}: {candidate['reason']}", indent=6, style="dim")
    if len(lines) > MOST_LINES:
        say(f"… and {len(lines) - MOST_LINES} more lines (--json has all)", indent=2, style="dim")


def _against_contract(line: Mapping[str, Any]) -> str:
    if line["contract_price"] is None:
        return "no contract price"
    contract, below = money(line["contract_price"]), Decimal(line["deviation_pct"])
    if abs(below) < HAIR:
        return f"at contract {contract}"
    side = "below" if below > 0 else "above"
    return f"{abs(below).quantize(HAIR)} % {side} contract {contract}"


def _checks(checks: Sequence[Mapping[str, Any]], release: Mapping[str, Any] | None) -> None:
    title("Checks")
    passed = [c for c in checks if c["outcome"] == "pass" and not c["waived"]]
    for check in checks:
        if check in passed and len(checks) > MOST_CHECKS:
            continue
        approved = ", approved" if check["waived"] else ""
        where = f" line {check['line']}" if check["line"] else ""
        style = "" if approved else {"hold": "yellow", "reject": "red"}.get(check["outcome"], "")
        say(f"{check['check']}{where}: {check['outcome']}{approved} – {check['detail']}", indent=2, style=style)
        _evaluation(check["evaluation"])
    if len(checks) > MOST_CHECKS and passed:
        say(f"{len(passed)} checks passed without remark", indent=2, style="dim")
    if release:
        say("all together:", indent=2)
        _evaluation(release)


def _evaluation(evaluation: Mapping[str, Any] | None) -> None:
    if not evaluation:
        return
    facts = ", ".join(f"{name} = {shown(value)}" for name, value in evaluation["inputs"].items())
    rows = ", ".join(evaluation["rows"]) or "default"
    say(f"{evaluation['policy']}@{evaluation['version']} row {rows} ({facts})", indent=6, style="dim")
    for reason in evaluation.get("reasons") or ():
        say(f"because {reason}", indent=6, style="dim")


def _credit(credit: Mapping[str, Any]) -> None:
    title("Credit")
    if not credit["has_account"]:
        say("no credit account", indent=2)
    for level in credit["levels"]:
        say(f"account {level['account']} ({level['currency']})", indent=2)
        sums = [(money(a["amount"]), a["label"]) for a in level["addends"]]
        used = f"exposure, of {money(level['credit_limit'])} ({level['utilisation_pct']} %)"
        sums += [(money(level["order_amount"]), "this order"), (money(level["exposure_after"]), used)]
        width = max(len(amount) for amount, _ in sums)
        for amount, label in sums:
            say(f"{amount:>{width}}  {label}", indent=4)


def _tax(tax: Mapping[str, Any]) -> None:
    title("Tax")
    say(f"{money(tax['total'])} {tax['currency']}, rounded {tax['rounding']}", indent=2)
    rates = {(line["jurisdiction"], line["tax_class"], line["rate"], line["certificate"]) for line in tax["lines"]}
    for place, kind, rate, certificate in sorted(rates, key=str):
        exempt = f", exempt by certificate {certificate}" if certificate else ""
        say(f"{place} {kind}: {'not known' if rate is None else f'{number(rate)} %'}{exempt}", indent=2)


def _stock(reservations: Sequence[Mapping[str, Any]]) -> None:
    if reservations:
        title("Reservations")
    for r in reservations[:MOST_LINES]:
        text = f"line {r['line']}: {number(r['quantity'])} × {r['product']} in {r['warehouse']} ({r['status']})"
        say(text, indent=2)
    if len(reservations) > MOST_LINES:
        say(f"… and {len(reservations) - MOST_LINES} more (--json has all)", indent=2, style="dim")
