"""What people do with open tasks short of doing them: take, give back, hand over, snooze, wake, and put back as it was.

Several at once, each for itself: what may not be done to one stops no other. One read, one write and one batch of audit
entries, however many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, DutyConflict, Forbidden, HeadgateError, NotFound, invalid
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, append_audit
from headgate.process.core.approval import Voter
from headgate.process.engine import Engine
from headgate.store.news import tell_within

Kind = Literal["take", "give_back", "hand_over", "snooze", "wake", "put_back"]
KINDS: tuple[Kind, ...] = ("take", "give_back", "hand_over", "snooze", "wake", "put_back")
MOST_AT_ONCE = 100
LONGEST_SNOOZE = timedelta(days=14)
LONGEST_REASON = 500

_READ = """
select t.task, t.title, t.role, t.also_role, t.assignee, t.status, t.case_id, t.due_at, t.snoozed_until,
       coalesce(array_append(a.barred, a.requested_by), '{{}}') as asked,
       array(select h.by from held_decision_items h where h.approval = a.approval and h.status = 'held') as deciding
from tasks t
left join approvals a on a.case_id = t.case_id and a.branch = t.branch and a.status = 'pending' and t.kind = 'approval'
where t.task = any(%s) order by t.task {lock}
"""
_WRITE = """
update tasks t set assignee = n.assignee, snoozed_until = n.until
from unnest(%s::uuid[], %s::text[], %s::timestamptz[]) as n(task, assignee, until) where t.task = n.task
"""


@dataclass(frozen=True, slots=True)
class Act:
    """What is done. `to` is whom a task is handed to; `until` when a snooze ends; `was` who had each task before, for
    putting them back."""

    kind: Kind
    to: str = ""
    until: datetime | None = None
    reason: str = ""
    was: Mapping[UUID, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of one task: who had it before, or why it was left as it is."""

    task: UUID
    before: str | None = None
    error: HeadgateError | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    task: UUID
    title: str
    role: str
    also_role: str
    assignee: str | None
    status: str
    case_id: UUID
    due_at: datetime | None
    snoozed_until: datetime | None
    asked: list[str]
    deciding: list[str]

    @property
    def roles(self) -> set[str]:
        return {self.role, self.also_role} - {""}


def handle(
    conn: Connection[Any], ctx: Context, engine: Engine, tasks: Sequence[UUID], act: Act, *, only_check: bool = False
) -> list[Handled]:
    """Do it to each task that allows it, in the order given; with `only_check` nothing is written.

    Raises `Invalid` for an act that can be done to no task: none or too many named, no reason for a snooze, a time that
    has passed, somebody who does not exist.
    """
    _check(ctx, tasks, act)
    with conn.cursor(row_factory=class_row(_Task)) as cursor:
        found = cursor.execute(_READ.format(lock="" if only_check else "for update of t"), (list(tasks),)).fetchall()
    known = {row.task: row for row in found}
    people = _people(conn, ctx, engine, act)
    results, changed = [], []
    for task in tasks:
        row = known.get(task)
        try:
            if row is None:
                raise NotFound("this task does not exist")
            changed.append((row, *_state_after(ctx, row, act, people)))
            results.append(Handled(task, row.assignee))
        except HeadgateError as error:
            results.append(Handled(task, error=error))
    if changed and not only_check:
        _write(conn, ctx, act, changed)
    return results


def _check(ctx: Context, tasks: Sequence[UUID], act: Act) -> None:
    if not 0 < len(tasks) <= MOST_AT_ONCE or len(set(tasks)) < len(tasks):
        raise invalid(
            "tasks",
            len(tasks),
            "is not a number of different tasks",
            phrase("Choose 1 to %(most_at_once)s.", most_at_once=MOST_AT_ONCE),
        )
    if act.kind not in KINDS:
        raise invalid(
            "act",
            act.kind,
            "is nothing that can be done to tasks",
            phrase("Use one of %(names)s.", names=", ".join(KINDS)),
        )
    if len(act.reason) > LONGEST_REASON:
        raise invalid(
            "reason",
            f"{len(act.reason)} characters",
            phrase("is longer than %(longest_reason)s", longest_reason=LONGEST_REASON),
            "Shorten it.",
        )
    if act.kind == "hand_over" and not act.to:
        raise invalid("to", "", "is empty", "Choose who gets the work.")
    if act.kind == "snooze":
        _check_snooze(ctx, act)


def _check_snooze(ctx: Context, act: Act) -> None:
    if act.until is None or act.until <= ctx.now:
        raise invalid("until", act.until or "", "is not in the future", "Choose a later time.")
    if act.until > ctx.now + LONGEST_SNOOZE:
        raise invalid(
            "until",
            act.until,
            phrase("is more than %(days)s days ahead", days=LONGEST_SNOOZE.days),
            "Choose an earlier time.",
        )
    if not act.reason.strip():
        raise invalid("reason", "", "is empty", "Say why this can wait; it stands in the audit chain.")


def _people(conn: Connection[Any], ctx: Context, engine: Engine, act: Act) -> Mapping[str, Voter]:
    """Those who are to have tasks afterwards. Raises `Invalid` for a person that does not exist."""
    wanted = {act.to} if act.kind == "hand_over" else {who for who in act.was.values() if who}
    found = engine.registry.voters(conn, sorted(wanted), ctx.now) if wanted else {}
    for who in sorted(wanted - found.keys()):
        raise invalid("to", who, "is not a person of this tenant", "Choose somebody of the list.")
    return found


def _state_after(ctx: Context, row: _Task, act: Act, people: Mapping[str, Voter]) -> tuple[str | None, datetime | None]:
    """Who has the task afterwards and until when it sleeps. Raises `Conflict`, `Forbidden`, `DutyConflict`."""
    me = ctx.principal.id
    if row.status != "open":
        raise Conflict(phrase("this task is %(status)s already", status=row.status))
    _nobody_decides(row, me)
    if row.assignee != me and ctx.principal.roles.isdisjoint(row.roles):
        raise Forbidden(phrase("this task is for %(role)s", role=row.role))
    match act.kind:
        case "take":
            if row.assignee not in (None, me):
                raise Conflict("a colleague has this task; hand it over to yourself, with a reason")
            return _fits(row, me), None
        case "give_back":
            return _mine(row, me, None), None
        case "wake":
            return _mine(row, me, me), None
        case "hand_over":
            if row.assignee not in (None, me) and not act.reason.strip():
                raise Conflict("a colleague has this task; say why it goes to somebody else")
            return _fits(row, act.to, people[act.to] if act.to != me else None), None
        case "put_back":
            who = act.was.get(row.task)
            return (None if who is None else _fits(row, who, people[who])), None
        case "snooze":
            return _sleeps(ctx, row, act)


def _nobody_decides(row: _Task, me: str) -> None:
    """A request leaves no desk while somebody's decision about it waits to count."""
    if me in row.deciding:
        raise Conflict("you are deciding this already: it counts in a moment, or undo it first")
    if row.deciding:
        raise Conflict("a colleague is deciding this; look again in a moment")


def _sleeps(ctx: Context, row: _Task, act: Act) -> tuple[str, datetime]:
    me = ctx.principal.id
    if row.assignee not in (None, me):
        raise Conflict("a colleague has this task")
    if row.due_at is not None and row.due_at <= ctx.now:
        raise Conflict("this task is overdue; it cannot be put off")
    assert act.until is not None, "checked before"
    if row.due_at is not None and act.until > row.due_at:
        raise Conflict("it is due before that time")
    return _fits(row, me), act.until


def _mine(row: _Task, me: str, after: str | None) -> str | None:
    if row.assignee != me:
        raise Conflict("this task is not yours")
    return after


def _fits(row: _Task, who: str, voter: Voter | None = None) -> str:
    """The person, when they hold a role of the task and had no hand in asking for what it decides."""
    if voter is not None:
        held = voter.roles.union(*(each.roles for each in voter.delegated))
        if held.isdisjoint(row.roles):
            raise Forbidden(phrase("%(who)s does not hold the role %(role)s", who=who, role=row.role))
    if who in row.asked:
        raise DutyConflict(phrase("%(who)s had a hand in asking for this, so somebody else decides", who=who))
    return who


def _write(
    conn: Connection[Any], ctx: Context, act: Act, changed: Sequence[tuple[_Task, str | None, datetime | None]]
) -> None:
    conn.execute(
        _WRITE, ([row.task for row, _, _ in changed], [who for _, who, _ in changed], [at for _, _, at in changed])
    )
    reason = {"reason": act.reason.strip()} if act.reason.strip() else {}
    names = {"snooze": "task.snoozed", "wake": "task.woken"}
    append_audit(
        conn,
        ctx.now,
        [
            AuditDraft(
                action=names.get(act.kind, "task.assigned"),
                subject_type="task",
                subject=str(row.task),
                actor=ctx.principal.id,
                body={"from": row.assignee, "to": who, **({"until": at.isoformat()} if at else {}), **reason},
                case_id=row.case_id,
            )
            for row, who, at in changed
        ],
    )
    tell_within(conn, ctx.tenant_id, ("task",))
