"""People's acts on cases that become events: decide an approval, complete a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.access import expect_other_hands
from headgate.kernel.context import Context
from headgate.kernel.crashpoints import crashpoint
from headgate.kernel.errors import Conflict, Forbidden, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.ledger import NewEvent, append_events
from headgate.process import repo
from headgate.process.core import approval as approvals
from headgate.process.core.approval import Voter
from headgate.process.core.state import Approval
from headgate.process.engine import Engine
from headgate.process.repo.held import HELD_FOR

CASE_OF = "select process, key, subject from cases where case_id = %s"
TASK = "select task, role, also_role, assignee, status, case_id, kind from tasks where task = %s for update"
LONGEST_NOTE = 4000


@dataclass(frozen=True, slots=True)
class Choice:
    """What an approver decided about exactly which content."""

    outcome: str
    justification: str
    digest: str
    on_behalf_of: str = ""
    edit: Mapping[str, Any] | None = None


def decide_approval(
    conn: Connection[Any], ctx: Context, engine: Engine, approval_id: UUID, choice: Choice, request_id: str = ""
) -> int:
    """Put a person's decision into the log; the position in the log is returned.

    Everything that can be refused is refused here at once with a clear error; the engine checks again when it applies
    the event, since something may have come in between. Raises NotFound, Stale, DutyConflict, Forbidden, Invalid.
    """
    approval = _pending(conn, approval_id)
    _check(conn, ctx, engine, approval, choice)
    process, key, _ = conn.execute(CASE_OF, (approval.case_id,)).fetchone() or ("", "", "")
    data: dict[str, Any] = {
        "approval": str(approval_id),
        "case": str(approval.case_id),
        "process": process,
        "outcome": choice.outcome,
        "justification": choice.justification.strip(),
        "on_behalf_of": choice.on_behalf_of,
        "digest": choice.digest,
    }
    if choice.edit:
        data["edit"] = dict(choice.edit)
    event = NewEvent(
        source="headgate/people",
        event_id=request_id or str(new_id(ctx.now)),
        type="approval.decided",
        subject=approval.subject,
        key=key,
        time=ctx.now,
        data=data,
        actor=ctx.principal.id,
    )
    (appended,) = append_events(conn, ctx.now, [event], lanes=engine.lanes)
    if appended.status == "conflict":
        raise Conflict("this request was used before for another decision; send it under a new idempotency key")
    crashpoint("approval.voted")
    return appended.seq


def check_choice(conn: Connection[Any], ctx: Context, engine: Engine, approval_id: UUID, choice: Choice) -> Approval:
    """Whether this person may decide so now, without deciding; raises as `decide_approval`."""
    approval = _pending(conn, approval_id)
    _check(conn, ctx, engine, approval, choice)
    return approval


def _pending(conn: Connection[Any], approval_id: UUID) -> Approval:
    approval = repo.get_approval(conn, approval_id)
    if approval is None:
        raise NotFound(phrase("approval %(approval_id)s does not exist", approval_id=approval_id))
    return approval


def _check(conn: Connection[Any], ctx: Context, engine: Engine, approval: Approval, choice: Choice) -> None:
    approvals.check_vote(approval, choice.outcome, choice.justification, choice.digest, ctx.now)
    if conn.execute(HELD_FOR, {"by": ctx.principal.id, "approvals": [approval.approval]}).fetchone() is not None:
        raise Conflict("you are deciding this already: it counts in a moment, or undo it first")
    voter = voter_of(conn, ctx, engine)
    level = approvals.current_level(approval) or 0
    approvals.authority(approval, voter, choice.on_behalf_of, level, choice.outcome)
    related = engine.registry.related.get(approval.subject_type)
    about = {approval.subject_type: [approval.subject], **(related(conn, approval.subject) if related else {})}
    expect_other_hands(conn, "approvals.decide", [ctx.principal.id, choice.on_behalf_of], about)
    if choice.outcome == "edit":
        check = engine.registry.edit_checks.get(approval.subject_type)
        if check is None or not choice.edit:
            raise invalid("edit", choice.edit, "says nothing to change", "Give the new price or quantity, or approve.")
        check(conn, approval.subject, choice.edit)


def voter_of(conn: Connection[Any], ctx: Context, engine: Engine) -> Voter:
    """The acting principal as a voter, with roles and delegations in force.

    Raises Forbidden when it is not a person here.
    """
    found = engine.registry.voters(conn, [ctx.principal.id], ctx.now).get(ctx.principal.id)
    if found is None:
        raise Forbidden(phrase("%(id)s is not a person of this tenant", id=ctx.principal.id))
    return found


def complete_task(
    conn: Connection[Any],
    ctx: Context,
    engine: Engine,
    task: UUID,
    note: str = "",
    outputs: Mapping[str, Any] | None = None,
    request_id: str = "",
) -> int:
    """Put into the log that a task is done; the position in the log. `outputs` is what its step keeps.

    Raises NotFound, Conflict (it is done already, or an approval, which is decided), Forbidden, Invalid.
    """
    row = conn.execute(TASK, (task,)).fetchone()
    if row is None:
        raise NotFound(phrase("task %(task)s does not exist", task=task))
    if row[4] != "open":
        raise Conflict(phrase("this task is %(row)s already", row=row[4]))
    if row[6] == "approval":
        raise Conflict("this task is an approval; decide it")
    if ctx.principal.roles.isdisjoint({row[1], row[2]}) and row[3] != ctx.principal.id:
        raise Forbidden(phrase("this task is for %(row)s", row=row[1]))
    if len(note) > LONGEST_NOTE:
        raise invalid(
            "note",
            f"{len(note)} characters",
            phrase("is longer than %(longest_note)s characters", longest_note=LONGEST_NOTE),
            "Shorten it.",
        )
    process, key, subject = conn.execute(CASE_OF, (row[5],)).fetchone() or ("", "", "")
    event = NewEvent(
        source="headgate/people",
        event_id=request_id or f"{task}-done",
        type="task.completed",
        subject=subject,
        key=key,
        time=ctx.now,
        data={
            "task": str(task),
            "case": str(row[5]),
            "process": process,
            "note": note.strip(),
            "outputs": dict(outputs or {}),
        },
        actor=ctx.principal.id,
    )
    (appended,) = append_events(conn, ctx.now, [event], lanes=engine.lanes)
    if appended.status == "conflict":
        raise Conflict("this task is being completed already")
    return appended.seq
