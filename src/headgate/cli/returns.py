"""`headgate returns …` and `headgate explain return`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from headgate.channel.returns import STATUSES, explain_return, list_returns
from headgate.cli.explaining import approvals, history, rules, title
from headgate.cli.session import Json, Limit, Tenant, money, number, print_json, print_page, say, session, shown
from headgate.kernel.errors import invalid

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_(
    tenant: Tenant = "nordwind",
    status: Annotated[str, typer.Option(help=f"One of {', '.join(STATUSES)}.")] = "",
    partner: Annotated[str, typer.Option(help="Partner code.")] = "",
    order: Annotated[str, typer.Option(help="Order number.")] = "",
    text: Annotated[str, typer.Option("--text", "-q", help="Part of a return, order or partner.")] = "",
    cursor: Annotated[str, typer.Option(help="Continue after a page.")] = "",
    limit: Limit = 25,
    json: Json = False,
) -> None:
    """List returns of goods, last changed first."""
    if status and status not in STATUSES:
        raise invalid("--status", status, "is not a status of returns", f"Use one of {', '.join(STATUSES)}.")
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        page = list_returns(conn, partner=partner, status=status, order=order, text=text, cursor=cursor, limit=limit)
    columns = {
        "rma": "Return",
        "order_no": "Order",
        "partner": "Partner",
        "status": "Status",
        "wanted": "Wanted",
        "credit": "Credit",
        "currency": "",
        "send_by": "Send by (UTC)",
    }
    empty = "No returns fit. Partners ask for them in the portal, or their systems do."
    print_page("Returns", page.items, columns, empty, next_cursor=page.next_cursor, json=json)


@app.command("show")
def show(
    rma: Annotated[str, typer.Argument(help="The return's number.", metavar="RETURN")],
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Explain a return: what was asked, received and found, which rules decided, who approved, proof."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = explain_return(conn, rma)
    if json:
        print_json(found)
        return
    _head(found["return"])
    _lines(found["return"]["content"])
    rules(found["decisions"])
    approvals(found["approvals"])
    history(found["audit"])


def _head(row: Mapping[str, Any]) -> None:
    say(
        (f"Return {row['rma']}", "bold"),
        f" of {row['partner']}, order {row['order_no']}: ",
        (row["status"], "bold"),
        f", {row['wanted']} wanted",
    )
    say(f"asked for {shown(row['requested_at'])} UTC by {row['requested_by']}", style="dim")
    if row["status"] == "credited":
        say(f"credited before tax: {money(row['credit'])} {row['currency']}")
    for told in row["told"]:
        say(f"The partner was told: {told}", style="dim")


def _lines(content: Mapping[str, Any]) -> None:
    title("Lines")
    sold = {each["line"]: each for each in content["sold"]}
    for each in content["request"]["lines"]:
        of = sold[each["line"]]
        received = number(content["received"].get(each["line"], "0"))
        asked = f"{number(each['quantity'])} {of['unit']} of {of['product']}, {each['reason']}"
        say(f"line {each['line']}: {asked}; received {received}", indent=2)
        for outcome in content["outcomes"]:
            if outcome["line"] == each["line"]:
                _outcome(outcome)


def _outcome(outcome: Mapping[str, Any]) -> None:
    fee = f" after {number(outcome['fee_pct'])} % fee" if outcome["fee"] not in ("0", "0.00") else ""
    what = f"{number(outcome['quantity'])} {outcome['condition']}: {outcome['outcome']}, {money(outcome['net'])}{fee}"
    say(what, indent=6)
    say(f"{outcome['row']}: {outcome['because']}", indent=6, style="dim")
