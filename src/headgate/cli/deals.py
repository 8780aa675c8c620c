"""`headgate deals …` and `headgate explain deal`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.channel.deals import STATUSES, explain_deal, list_deals
from headgate.cli.explaining import approvals, history, rules, title
from headgate.cli.session import Json, Limit, Tenant, money, number, print_json, print_page, say, session, shown, table
from headgate.domain.deals.labelled import check_scores
from headgate.kernel.errors import invalid
from headgate.packs import find_pack
from headgate.packs.pairs import read_pairs

app = typer.Typer(no_args_is_help=True)
KINDS = {"deal": "deal", "opportunity": "own opportunity", "customer": "existing customer"}


@app.command("list")
def list_(
    tenant: Tenant = "nordwind",
    status: Annotated[str, typer.Option(help=f"One of {', '.join(STATUSES)}.")] = "",
    partner: Annotated[str, typer.Option(help="Partner code.")] = "",
    text: Annotated[str, typer.Option("--text", "-q", help="Part of a deal, customer or partner.")] = "",
    cursor: Annotated[str, typer.Option(help="Continue after a page.")] = "",
    limit: Limit = 25,
    json: Json = False,
) -> None:
    """List deal registrations, last changed first."""
    if status and status not in STATUSES:
        raise invalid("--status", status, "is not a status of deals", f"Use one of {', '.join(STATUSES)}.")
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        page = list_deals(conn, partner=partner, status=status, text=text, cursor=cursor, limit=limit)
    columns = {
        "deal": "Deal",
        "partner": "Partner",
        "customer": "Customer",
        "status": "Status",
        "amount": "Amount",
        "currency": "",
        "close_on": "Closes",
        "protected_until": "Protected until (UTC)",
    }
    empty = "No deals fit. Partners register them through the API or their systems."
    print_page("Deals", page.items, columns, empty, next_cursor=page.next_cursor, json=json)


@app.command("show")
def show(
    deal: Annotated[str, typer.Argument(help="The deal's number.")], tenant: Tenant = "nordwind", json: Json = False
) -> None:
    """Explain a deal: what stands against it and why, which rules decided, who approved, proof."""
    with session(tenant) as s, s.transaction(read_only=True) as (conn, _):
        found = explain_deal(conn, deal)
    if json:
        print_json(found)
        return
    _head(found["deal"])
    _against(found["conflicts"])
    rules(found["decisions"])
    approvals(found["approvals"])
    history(found["audit"])


@app.command("score-check")
def score_check(
    pairs: Annotated[
        Path | None, typer.Option(help="A file of labelled pairs; without it, those of the pack.", dir_okay=False)
    ] = None,
    threshold: Annotated[
        int, typer.Option(min=1, max=100, help="From which score on two claims count as one buyer.")
    ] = 50,
    json: Json = False,
) -> None:
    """Hold the conflict score against pairs labelled by hand: precision, recall, and the pairs it gets wrong."""
    file = pairs or find_pack("channel_revenue") / "scenarios" / "conflicts.yaml"
    found = check_scores(read_pairs(file.read_text(encoding="utf-8")), Decimal(threshold))
    if json:
        print_json({**asdict(found), "precision": found.precision, "recall": found.recall})
        return
    say(
        (f"precision {found.precision} %", "bold"),
        " of what it finds is one buyer; ",
        (f"recall {found.recall} %", "bold"),
        f" of the pairs that are one buyer are found. {found.pairs} pairs, threshold {threshold}.",
    )
    rows = [asdict(wrong) for wrong in found.wrong]
    columns = {"ours": "One", "theirs": "Other", "score": "Score", "same": "One buyer"}
    table("Wrong", rows, columns, "It gets every pair right.")


def _head(deal: Mapping[str, Any]) -> None:
    say(
        (f"Deal {deal['deal']}", "bold"),
        f" of {deal['partner']} with {deal['customer']} ({deal['country']}): ",
        (deal["status"], "bold"),
        f", {money(deal['amount'])} {deal['currency']}, revision {deal['revision']}",
    )
    say(f"registered {shown(deal['registered_at'])} UTC, closes {deal['close_on']}", style="dim")
    if deal["protected_until"] is not None:
        say(f"protected until {shown(deal['protected_until'])} UTC, {deal['granted_days']} days granted")
    for told in deal["told"]:
        say(f"The partner was told: {told}", style="dim")


def _against(conflicts: Sequence[Mapping[str, Any]]) -> None:
    title("What stands against it")
    if not conflicts:
        say("Nothing: no claim on a company that could be this one.", indent=2, style="dim")
    for each in conflicts:
        content = each["content"]
        of = f" of {each['holder']}" if each["holder"] else ""
        state = f", {each['status']}" if each["status"] else ""
        say((number(each["score"]), "bold"), f" of 100: {KINDS[each['kind']]} {each['ref']}{of}{state}", indent=2)
        same, overlap = number(content["same_customer"]), number(content["overlap"])
        say(f"same customer {same}, same business {overlap}", indent=6, style="dim")
        for signal in content["signals"]:
            weight = f"{number(signal['strength'])} × {number(signal['weight'])}"
            say(f"{signal['name']} {weight}: {signal['because']}", indent=6, style="dim")
