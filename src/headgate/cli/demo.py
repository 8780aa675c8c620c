"""`headgate demo`: a distributor with three storefronts, made up from a seed, governed, and served."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from headgate.access import DEMO_SLUG
from headgate.channel.orders import order_summary
from headgate.cli.launching import launcher
from headgate.cli.loading import load, logins
from headgate.cli.session import err, money, opened, out, print_json, say, table
from headgate.kernel.clock import FixedClock
from headgate.kernel.errors import Misconfigured
from headgate.kernel.settings import load_settings
from headgate.ledger import quarantine_counts
from headgate.wiring import App

PORT = 8400
PORTS_TO_TRY = 20
TRY = (
    "both sign-in pages have a button for each of them. As Petra, open an order that is held in the portal and ask for"
    " its price; as Carl, agree to it in the console; see the order go out."
)
_PORTS = f"Without it, {PORT} or the next free one."


app = typer.Typer()


@app.command()
def demo(
    context: typer.Context,
    serve: Annotated[bool, typer.Option(help="Serve the console afterwards.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
    weeks: Annotated[int, typer.Option(min=2, max=52, help="Weeks of orders.")] = 12,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help=f"Port of the console; 0 takes a free one. {_PORTS}")
    ] = None,
) -> None:
    """Load a demo channel, govern it, print what happened and serve the console.

    A second start keeps the data, and one that was stopped while it loaded goes on where it was.
    """
    place = _port(host, port) if serve else 0  # before the work, so that nobody waits for a refusal
    clock = FixedClock(datetime.now(UTC))
    with opened(clock) as app:
        tenant = load(app, clock, weeks, quiet=json)
        facts = facts_of(app, tenant)
    found = logins(load_settings().home)
    if json:
        print_json(
            facts | {"logins": [{"email": email, "password": word, "role": role} for email, word, role in found]}
        )
    else:
        _print(facts)
    if serve:
        with opened() as app:
            launcher(context).serve(app, host, place, lambda address: _announce(address, found), True, 1)


def _port(host: str, wanted: int | None) -> int:
    """A port that can be listened on: the one wanted, or the first free one from `PORT` on. Raises Misconfigured."""
    if wanted == 0:
        return 0
    for port in range(PORT, PORT + PORTS_TO_TRY) if wanted is None else (wanted,):
        why = _why_not(host, port)
        if not why:
            if wanted is None and port != PORT:
                err.print(f"Port {PORT} is taken, so the console comes on {port}; --port chooses another.")
            return port
        if wanted is not None:
            raise Misconfigured(f"cannot listen on {host}:{port} ({why}); choose another with --port")
    raise Misconfigured(f"ports {PORT} to {PORT + PORTS_TO_TRY - 1} of {host} are taken; choose one with --port")


def _why_not(host: str, port: int) -> str:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def facts_of(app: App, tenant: UUID) -> dict[str, Any]:
    """What governing the demo came to."""
    with app.database.transaction(tenant, read_only=True) as conn:
        facts = order_summary(conn, app.clock.now())
        quarantined = [asdict(c) for c in quarantine_counts(conn)]
        (entries,) = conn.execute("select coalesce(max(seq), 0) from audit_entries").fetchone() or (0,)
        (events,) = conn.execute("select count(*) from events").fetchone() or (0,)
    return {"tenant": DEMO_SLUG, **facts, "quarantine": quarantined, "events": events, "audit_entries": entries}


def _print(facts: dict[str, Any]) -> None:
    currency = facts["currency"]
    out.print()
    say(
        (f"{facts['orders']:,} orders", "bold"),
        f" worth {facts['amount']:,.0f} {currency}; ",
        (f"{facts['straight_through_pct']} %", "bold green"),
        " went straight through, nobody touched them.",
    )
    columns = {"orders": "Asked", "type": "Exception", "stake": f"At stake {currency}", "waiting": "Waiting now"}
    table("Off the straight path", facts["exceptions"], columns, "Nothing left the straight path.")
    waiting = facts["approvals_waiting"]
    quarantined = sum(c["count"] for c in facts["quarantine"])
    say(
        (f"{waiting['approvals']} approvals wait", "bold"),
        f" with {money(waiting['stake'])} {currency} at stake, {waiting['late']} of them late. "
        f"{quarantined} events are in quarantine. {facts['audit_entries']:,} audit entries prove {facts['events']:,}"
        " events.",
    )


def _announce(address: str, logins: Sequence[tuple[str, str, str]]) -> None:
    """Where console and portal are and who can sign in."""
    out.print(
        f"\n[bold]Console:[/] [link={address}]{address}[/link]   (Ctrl-C stops it, the data stays)", soft_wrap=True
    )
    _people([login for login in logins if not login[2].startswith("partner_")])
    partners = [login for login in logins if login[2].startswith("partner_")]
    if partners:
        portal = f"{address.rstrip('/')}/portal/"
        out.print(f"\n[bold]Partner portal:[/] [link={portal}]{portal}[/link]", soft_wrap=True)
        _people(partners)
        out.print()
        say(("Try it:", "bold"), f" {TRY}")


def _people(logins: Sequence[tuple[str, str, str]]) -> None:
    for email, password, role in logins:
        say(f"  {email:<26} {password}   {role.replace('_', ' ')}", wrap=False)
