"""`headgate cases ask|answered`: wait for a partner, and say that the answer has come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

import typer
from psycopg import Connection

from headgate.cli.session import Json, Session, Tenant, acting, print_json, say, session, shown
from headgate.cli.stepping import CaseName, case_id_of, entered
from headgate.kernel.context import Context
from headgate.kernel.errors import Forbidden
from headgate.process.core.service_level import clock_of
from headgate.process.engine import Engine
from headgate.process.outside import answered, ask

# As in the console: whoever decides about orders or enters them writes to partners.
HANDLE = frozenset({"approvals.decide", "orders.write"})
By = Annotated[str, typer.Option("--as", help="Who says so: a principal id or an e-mail address.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group of cases."""
    app.command("ask")(ask_partner)
    app.command("answered")(partner_answered)


def ask_partner(
    case: CaseName,
    by: By,
    message: Annotated[str, typer.Option(help="What the partner reads in the portal; empty if asked elsewhere.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Ask the partner of a case something; clocks stand still until the answer, where the process says so."""
    _enter(ask, case, by, message, tenant, json=json)


def partner_answered(
    case: CaseName,
    by: By,
    note: Annotated[str, typer.Option(help="What is worth knowing about it; stays in the record.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Say that the partner has answered in another way than by the portal; clocks go on with what was left."""
    _enter(answered, case, by, note, tenant, json=json)


def _enter(
    act: Callable[[Connection[Any], Context, Engine, UUID, str], int],
    case: str,
    by: str,
    words: str,
    tenant: str,
    *,
    json: bool,
) -> None:
    with session(tenant) as s:
        with s.transaction() as (conn, ctx):
            person = _handling(conn, ctx, by)
            seq = act(conn, person, s.app.engine, case_id_of(conn, case), words)
        _told(s, seq, json=json)


def _handling(conn: Connection[object], ctx: Context, by: str) -> Context:
    person = acting(conn, ctx, by)
    if person.principal.partner is not None:
        raise Forbidden("this is for the tenant's own people, not for partners")
    if person.principal.permissions.isdisjoint(HANDLE):
        raise Forbidden(f"{person.principal.id} has none of the permissions {', '.join(sorted(HANDLE))}")
    return person


def _told(s: Session, seq: int, *, json: bool) -> None:
    """Let the event be applied, and say whether the case waits."""
    case = entered(s, seq)
    paused = case["sla_state"] == "paused"
    because = str(clock_of(case["data"]).get("because", "")) if paused else ""
    if json:
        told = {"case": case["case_id"], "event": seq, "stage": case["stage"], "sla_state": case["sla_state"]}
        print_json(told | {"paused": paused, "because": because, "due_at": case["due_at"]})
        return
    about = f"{case['subject_type']} {case['subject']}"
    if paused:
        say(f"{about}: its clocks stand still, {because}")
    elif case["due_at"] is not None:
        say(f"{about}: its clock runs, due {shown(case['due_at'])} UTC")
    else:
        say(f"{about}: no clock runs in this stage, so nothing waits")
