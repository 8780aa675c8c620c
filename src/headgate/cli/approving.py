"""`headgate approvals preview` and `decide-many`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from headgate.cli.approvals_named import named_approval
from headgate.cli.session import Json, Tenant, acting, named, print_json, say, session, shown, table
from headgate.kernel.errors import invalid
from headgate.process import Choice, get_approval
from headgate.process.bulk import Item, decide_each, stakes
from headgate.process.core.foresee import Foreseen
from headgate.process.preview import Question, people_of, preview


def foresee(
    subject: Annotated[str, typer.Argument(help="An approval's id, or an order's or deal's number.")] = "",
    given: Annotated[
        list[str] | None, typer.Option("--set", help="An input of the matrix, NAME=VALUE; may be repeated.")
    ] = None,
    policy: Annotated[str, typer.Option(help="The approval matrix.")] = "approval_matrix",
    requested_by: Annotated[str, typer.Option("--asked-by", help="Who would ask: nobody asks and decides.")] = "",
    stake: Annotated[str, typer.Option(help="Money at stake, in the tenant's currency.")] = "",
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Say who would have to approve, in which order and why: of what waits, or for any input with --set."""
    if bool(subject) == bool(given):
        raise invalid("--set", subject, "and a subject exclude each other", "Name what waits, or give inputs.")
    with session(tenant) as s, s.transaction(read_only=True) as (conn, ctx):
        because: dict[str, str] = {}
        if subject:
            steps = people_of(conn, ctx, s.app.engine, named_approval(conn, subject, only_pending=False))
        else:
            found = preview(
                conn,
                ctx,
                s.app.engine,
                Question(
                    policy,
                    [_inputs(given or [])],
                    named(requested_by) if requested_by else "",
                    stake=_amount(stake) if stake else None,
                ),
            )
            steps = found.steps
            because = {r: why for e in found.evaluations for r, why in zip(e.rows, e.reasons, strict=True)}
    rows = [_row(each, because) for each in steps]
    if json:
        print_json({"steps": rows})
        return
    columns = {
        "level": "Level",
        "role": "Role",
        "needs": "Must agree",
        "status": "Status",
        "who": "Who can",
        "left_out": "Who cannot",
        "why": "Why",
    }
    table("Who is asked", rows, columns, "Nobody is asked.")
    for each in steps:
        if not each.enough:
            say(f"Level {each.step.level}: too few people can decide as {each.step.role}.", style="yellow")


def decide_many(
    subjects: Annotated[
        list[str], typer.Argument(metavar="APPROVAL", help="Ids, or what they are about: orders' numbers.")
    ],
    outcome: Annotated[str, typer.Option("--outcome", help="approve, reject or return.")],
    by: Annotated[str, typer.Option("--as", help="Who decides: a principal id or an e-mail address.")],
    because: Annotated[str, typer.Option("--because", help="The justification, for all of them.")],
    check: Annotated[bool, typer.Option("--check", help="Only say what would become of each.")] = False,
    tenant: Tenant = "nordwind",
    json: Json = False,
) -> None:
    """Decide many approvals alike. Each is bound to what it says now and decided for itself: some may be refused."""
    with session(tenant) as s:
        with s.transaction() as (conn, ctx):
            person = acting(conn, ctx, by)
            asked = [named_approval(conn, each, only_pending=True) for each in subjects]
            items = [Item(a.approval, Choice(outcome, because, a.digest)) for a in asked]
            taken = decide_each(conn, person, s.app.engine, items, only_check=check)
        s.app.runner().settle_all(s.tenant_id, [each.seq for each in taken if each.seq is not None])
        with s.transaction(read_only=True) as (conn, _):
            after = {each.approval: get_approval(conn, each.approval) for each in taken}
    rows: list[dict[str, Any]] = []
    for each in taken:
        now = after[each.approval]
        voted = now is not None and any(vote.event_seq == each.seq for vote in now.votes)
        refused = each.error.message if each.error else ""
        if each.seq is not None and not voted:
            refused = "something else came in between"
        result = "refused" if refused else "can be decided" if check else "decided"
        rows.append(
            {
                "subject": now.subject if now else "",
                "approval": each.approval,
                "result": result,
                "status": now.status if now else "",
                "stake": now.stake if now else None,
                "why": refused,
            }
        )
    if json:
        print_json({"items": rows, "stake": stakes(taken)})
    else:
        columns = {"subject": "Subject", "result": "Result", "status": "Now", "stake": "At stake", "why": "Why not"}
        table("Decisions", rows, columns, "")
        say(f"{sum(1 for r in rows if r['result'] != 'refused')} of {len(rows)}, {shown(stakes(taken))} at stake")
    if any(r["result"] == "refused" for r in rows):
        raise typer.Exit(1)


def _row(found: Foreseen, because: dict[str, str]) -> dict[str, Any]:
    step = found.step
    asks = f"{step.quorum} of {step.of_people}" if step.of_people else str(step.quorum)
    return {
        "level": step.level,
        "role": step.role,
        "needs": "may stop it" if step.only_stops else f"{asks}, with veto" if step.veto else asks,
        "status": step.status,
        "who": [_who(p.principal, p.on_behalf_of, p.via, p.away) for p in found.people],
        "left_out": [f"{_who(p.principal, p.on_behalf_of)}: {p.why}" for p in found.left_out],
        "why": step.note
        or "; ".join(because[r] for r in step.matrix_row.split(", ") if r in because)
        or step.matrix_row,
        "row": step.matrix_row,
        "enough": found.enough,
    }


def _who(person: str, behalf: str, via: tuple[str, ...] = (), away: tuple[str, ...] = ()) -> str:
    text = f"{person} for {behalf}" if behalf else person
    text += f" through {', '.join(via)}" if via else ""
    return text + (f" (away: {', '.join(away)} decides for them)" if away else "")


def _inputs(given: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not sign or not name.strip():
            raise invalid("--set", each, "is not NAME=VALUE", "Write it like --set exception=price_deviation.")
        found[name.strip()] = value.strip()
    return found


def _amount(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise invalid("--stake", text, "is not an amount", "Write it like 5000 or 5000.00.")
    return found
