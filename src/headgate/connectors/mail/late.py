"""Mails to staff about late work: what came to them by escalation, and what they have taken and is past its time.

A request for a decision that escalates asks its new deciders by a mail of its own (`asking`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from psycopg import Connection

from headgate.access import get_tenant
from headgate.connectors.mail.core.news import late_letter
from headgate.connectors.mail.post import Mailroom, Post
from headgate.connectors.mail.recipients import staff_of
from headgate.kernel.context import Context
from headgate.ledger import NewEvent

# What is late for longer is seen in the queue; a mail would not help any more.
LATE: Final = timedelta(days=1)
# With each: whether it was escalated, and what makes this the same fact when it is looked at again.
_TASKS: Final = """
select t.task, t.case_id, t.role, t.assignee, c.subject_type, c.subject, t.due_at, true, t.priority::text
from tasks t join cases c on c.case_id = t.case_id
where t.status = 'open' and t.kind <> 'approval' and t.priority > 0
  and (t.created_at > %(since)s or (t.assignee is not null and c.updated_at > %(since)s))
  and (t.snoozed_until is null or t.snoozed_until <= %(now)s)
union all
select t.task, t.case_id, t.role, t.assignee, c.subject_type, c.subject, t.due_at, false,
  extract(epoch from t.due_at)::text
from tasks t join cases c on c.case_id = t.case_id
where t.status = 'open' and t.assignee is not null and t.due_at > %(since)s and t.due_at <= %(now)s
  and t.due_at > t.created_at and (t.snoozed_until is null or t.snoozed_until <= %(now)s)
"""


def late_job(mailroom: Mailroom) -> Callable[[Connection[Any], Context], Sequence[NewEvent]]:
    """The job that writes them. Without an address for links nothing is written."""

    def job(conn: Connection[Any], ctx: Context) -> Sequence[NewEvent]:
        if mailroom.base:
            write_of_late(conn, ctx, mailroom)
        return ()

    return job


def write_of_late(conn: Connection[Any], ctx: Context, mailroom: Mailroom) -> int:
    """Post what is new; how many letters. What somebody has taken is told to them alone."""
    tenant = get_tenant(conn)
    if tenant.status != "active":
        return 0
    rows = conn.execute(_TASKS, {"since": ctx.now - LATE, "now": ctx.now}).fetchall()
    people = staff_of(conn, {r[2] for r in rows if r[3] is None}, {r[3] for r in rows if r[3]}, ctx.now) if rows else {}
    posts = []
    for task, case, role, holder, kind, subject, due_at, escalated, fact in rows:
        about = "escalated" if escalated else "late"
        for account in people.values():
            theirs = account.principal == holder if holder else role in account.roles
            if theirs and "cases.read" in account.as_principal().permissions:
                letter = late_letter(
                    account.email or "",
                    account.name,
                    kind=kind,
                    subject=subject,
                    due_at=due_at,
                    link=f"{mailroom.base}/cases/{case}",
                    escalated=escalated,
                    ref=f"task:{task}",
                )
                posts.append(Post(letter, account.principal, f"{about}:{task}:{fact}:{account.principal}"))
    return mailroom.send_new(conn, ctx, tenant, posts)
