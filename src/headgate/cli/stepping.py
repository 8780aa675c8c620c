"""`headgate cases skip|retry|jump|confirm|turn-down|complete`: what people do to a case by hand."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer
from psycopg import Connection

from headgate.cli.approvals_named import SUBJECTS
from headgate.cli.session import Json, Session, Tenant, acting, print_json, say, session
from headgate.kernel.errors import Conflict, NotFound
from headgate.process import case_detail, case_of_subject, complete_task
from headgate.process.core.intervening import Intervention
from headgate.process.interventions import confirm, step_in, turn_down
from headgate.process.queries import applied

By = Annotated[str, typer.Option("--as", help="Who steps in: a principal id or an e-mail address.")]
Because = Annotated[str, typer.Option("--because", help="Why; it stays in the record.")]
CaseName = Annotated[str, typer.Argument(metavar="CASE", help="Its id, or what it is about: an order's number.")]
INTERVENE = "cases.intervene"


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group of cases."""
    for name, command in (
        ("skip", skip),
        ("retry", retry),
        ("jump", jump),
        ("confirm", confirm_one),
        ("turn-down", turn_down_one),
        ("complete", complete),
    ):
        app.command(name)(command)


def case_id_of(conn: Connection[Any], text: str) -> UUID:
    """The case of that id, or about that order, deal or request."""
    try:
        return UUID(text)
    except ValueError:
        found = next((case for kind in SUBJECTS if (case := case_of_subject(conn, kind, text))), None)
    if found is None:
        raise NotFound(f"there is no case about {text}; see headgate cases list --all")
    return UUID(str(found["case_id"]))


def skip(
    case: CaseName,
    at: Annotated[str, typer.Argument(help="The branch, for example checks/credit, or its step.")],
    by: By,
    because: Because,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Leave out the step at which a branch waits, and go on with the next one."""
    _step_in(case, Intervention("skip", at, because), by, tenant, json=json)


def retry(
    case: CaseName,
    at: Annotated[str, typer.Argument(help="The branch, for example checks/credit, or its step.")],
    by: By,
    because: Because,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Do a step once more: a command that failed, an approval that was returned, a case that was refused."""
    _step_in(case, Intervention("retry", at, because), by, tenant, json=json)


def jump(
    case: CaseName,
    stage: Annotated[str, typer.Argument(help="The stage to go to.")],
    by: By,
    because: Because,
    take_back: Annotated[bool, typer.Option("--take-back", help="Take back what the case has commanded.")] = False,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Put a case into another stage; what it has open in this one is closed."""
    _step_in(case, Intervention("jump", stage, because, take_back), by, tenant, json=json)


def confirm_one(
    intervention: Annotated[UUID, typer.Argument(help="What another person asked for.")],
    by: By,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Confirm what another person asked for, where an approval is passed over."""
    with session(tenant) as s:
        with s.transaction() as (conn, ctx):
            seq = confirm(conn, acting(conn, ctx, by, INTERVENE), s.app.engine, intervention)
        _told(s, intervention, seq, json=json)


def turn_down_one(
    intervention: Annotated[UUID, typer.Argument(help="What was asked for.")],
    by: By,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Turn down what another person asked for, or take back one's own."""
    with session(tenant) as s, s.transaction() as (conn, ctx):
        case = turn_down(conn, acting(conn, ctx, by, INTERVENE), intervention)
    if json:
        print_json({"intervention": intervention, "case": case, "status": "turned_down"})
    else:
        say(f"intervention {intervention} is turned down", wrap=False)


def complete(
    task: Annotated[UUID, typer.Argument(help="The task.")],
    by: By,
    note: Annotated[str, typer.Option(help="What is worth knowing about it.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Say that a task is done."""
    with session(tenant) as s:
        with s.transaction() as (conn, ctx):
            seq = complete_task(conn, acting(conn, ctx, by), s.app.engine, task, note)
        _told(s, task, seq, json=json)


def _step_in(case: str, wanted: Intervention, by: str, tenant: str, *, json: bool) -> None:
    with session(tenant) as s:
        with s.transaction() as (conn, ctx):
            person = acting(conn, ctx, by, INTERVENE)
            done = step_in(conn, person, s.app.engine, case_id_of(conn, case), wanted)
        if done.seq is not None:
            _told(s, done.intervention, done.seq, json=json)
        elif json:
            print_json({"intervention": done.intervention, "status": "waiting"})
        else:
            say("This passes over an approval, so a second person has to confirm it:")
            say(f"  headgate cases confirm {done.intervention} --as PERSON", wrap=False)


def entered(s: Session, seq: int) -> dict[str, Any]:
    """Let an event be applied; the case as it is then. Raises `Conflict` where it was refused."""
    s.app.runner().settle(s.tenant_id, seq)
    with s.transaction(read_only=True) as (conn, _):
        event = applied(conn, seq)
        case = case_detail(conn, UUID(event["case"]))
    if event["refused"]:
        raise Conflict("it could not be applied; see headgate quarantine list")
    return case


def _told(s: Session, about: UUID, seq: int, *, json: bool) -> None:
    case = entered(s, seq)
    if json:
        print_json({"id": about, "event": seq, "status": "entered", "stage": case["stage"], "case": case["case_id"]})
    else:
        say(f"{case['subject_type']} {case['subject']}: now {case['stage']} ({case['status']})")
