"""One case: where it stands, what it waits for, and its story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from headgate.channel.calendars import Found
from headgate.channel.evidence import KeptFile
from headgate.console import urls
from headgate.console.present.asks import ORDER, PRICE_EXCEPTION, ask_of
from headgate.console.present.clocks import approval_clock, case_clock, task_clock
from headgate.console.present.evidence import file_links
from headgate.console.present.history import timeline
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.present.standing import picture
from headgate.console.views.case import CaseApproval, CaseMessage, CaseView, SlaClock, Stage
from headgate.console.views.common import Fact
from headgate.console.views.standing import Standing
from headgate.console.views.work import TaskRow
from headgate.domain.calendar import Hours, calendar_on, working_time_between
from headgate.kernel.clock import parse_instant
from headgate.kernel.phrases import Phrase, joined, phrase, worded
from headgate.ledger import AuditEntry
from headgate.process import Approval, Definition
from headgate.process.core.definition import Escalation
from headgate.process.core.service_level import ANSWERED, ASKED, clock_of
from headgate.process.messages import Message
from headgate.ui.recorded import recorded
from headgate.ui.words import humanise


def case_view(
    row: Mapping[str, Any],
    *,
    definition: Definition | None,
    approvals: Sequence[Approval],
    able: Sequence[Approval],
    entries: Sequence[AuditEntry],
    calendar: Found,
    names: Names,
    can_note: bool,
    messages: Sequence[Message] = (),
    standing: Standing | None = None,
    files: Sequence[KeptFile] = (),
    lens: Lens,
) -> CaseView:
    """The page of a case. `able` are the approvals that the reader can decide now."""
    pending = next((a for a in approvals if a.status == "pending"), None)
    last = pending or (approvals[-1] if approvals else None)
    title: str = joined(" ", (humanise(row["subject_type"]), row["subject"]))
    if last is not None:
        title = ask_of(last.subject_type, last.exceptions, last.summary, lens.fmt).short
    open_tasks = [task for task in row["tasks"] if task["status"] == "open"]
    assignee = next((task["assignee"] for task in open_tasks if task["assignee"]), None)
    act = able[0] if able else None
    open_ = row["status"] != "closed"
    return CaseView(
        case_id=row["case_id"],
        title=title,
        process=worded(definition.title) if definition is not None else humanise(row["process"]),
        process_version=row["version"],
        status=row["status"],
        outcome=humanise(row["outcome"]).lower() if row["outcome"] else "",
        subject_type=row["subject_type"],
        subject=row["subject"],
        subject_href=urls.subject(row["subject_type"], row["subject"], row["case_id"]),
        partner=names.partner(row["partner"]),
        exceptions=tuple(row["exceptions"]),
        owner=humanise(row["owner_role"]),
        assignee=names.person(assignee) if assignee else None,
        stake=None if row["stake"] is None else lens.money(row["stake"]),
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        need=_need(row, pending, open_tasks, can_act=act is not None),
        act=phrase("Decide") if act is not None else "",
        act_href=urls.approval(act.approval) if act is not None else "",
        stages=stages(row, definition, entries),
        sla=_sla(row, definition, entries, calendar, lens),
        facts=_facts(row, last, lens),
        tasks=tuple(_task(row, task, names, lens) for task in open_tasks if task["kind"] != "approval"),
        approvals=tuple(_approval(each, lens) for each in reversed(approvals)),
        timeline=timeline(entries, names),
        can_note=can_note,
        messages=tuple(CaseMessage(m.author_name, m.from_staff, m.text, m.at, m.seen_at) for m in messages),
        files=file_links(files, row["case_id"]),
        svg=picture(definition, row["stage"], lens.fmt.tell),
        branches=standing.branches if standing is not None else (),
        around=standing.around if standing is not None else (),
        asked=standing.asked if standing is not None else (),
        jump=urls.step_in(row["case_id"], "jump") if standing is not None and standing.may and open_ else "",
    )


def _need(
    row: Mapping[str, Any], pending: Approval | None, tasks: Sequence[Mapping[str, Any]], *, can_act: bool
) -> str:
    if row["status"] == "closed":
        return phrase("Settled.")
    if pending is not None:
        roles = list(dict.fromkeys(humanise(s.role).lower() for s in pending.steps if s.status == "open"))
        later = list(dict.fromkeys(humanise(s.role).lower() for s in pending.steps if s.status == "waiting"))
        who = (
            phrase("your approval")
            if can_act
            else phrase("approval by %(roles)s", roles=joined(phrase(" and "), roles))
        )
        if later:
            return phrase("Waits for %(who)s, then by %(later)s.", who=who, later=joined(phrase(" and "), later))
        return phrase("Waits for %(who)s.", who=who)
    if tasks:
        return phrase(
            "Waits for %(role)s: %(title)s.", role=humanise(tasks[0]["role"]).lower(), title=recorded(tasks[0]["title"])
        )
    return phrase("Nothing is needed from people now.")


def stages(row: Mapping[str, Any], definition: Definition | None, entries: Sequence[AuditEntry]) -> tuple[Stage, ...]:
    """The stages the case has been in, the one it is in, and those still ahead on the straight path."""
    entered: dict[str, datetime] = {}
    for entry in sorted(entries, key=lambda e: e.seq):
        for stage in entry.body.get("path") or ():
            entered.pop(stage, None)
            entered[stage] = entry.at
    current = row["stage"]
    titles = {s.id: worded(s.title) for s in definition.stages.values()} if definition is not None else {}
    past = [Stage(titles.get(s, humanise(s)), "done", at) for s, at in entered.items() if s != current]
    closed = row["status"] == "closed"
    here = Stage(titles.get(current, humanise(current)), "done" if closed else "current", entered.get(current))
    titles_ahead = _ahead(definition, current) if definition is not None and not closed else ()
    return (*past, here, *(Stage(title, "ahead") for title in titles_ahead))


def _ahead(definition: Definition, current: str) -> Sequence[str]:
    """The stages after the current one that lead to the first end: those off the straight path are left out."""
    ids = list(definition.stages)
    found = []
    for stage in (definition.stages[i] for i in ids[ids.index(current) + 1 :] if current in ids):
        if not stage.exception:
            found.append(worded(stage.title))
        if stage.final:
            break
    return found


def _sla(
    row: Mapping[str, Any],
    definition: Definition | None,
    entries: Sequence[AuditEntry],
    calendar: Found,
    lens: Lens,
) -> SlaClock | None:
    clock = case_clock(row, lens.now)
    stage = definition.stages.get(row["stage"]) if definition is not None else None
    if clock is None or stage is None or stage.sla is None:
        return None
    budget = timedelta(hours=float(stage.sla.hours))
    since = _paused_since(row)
    kept = clock_of(row["data"])
    began = max((e.at for e in entries if row["stage"] in (e.body.get("path") or ())), default=row["updated_at"])
    spent = _spent(calendar.hours, row, budget, began, since or lens.now)
    return SlaClock(
        clock=clock,
        warn_at=row["warn_at"],
        spent_minutes=int(spent.total_seconds() // 60),
        budget_minutes=int(budget.total_seconds() // 60),
        calendar=phrase(
            "%(title)s, %(zone)s (%(because)s)",
            title=worded(calendar.title),
            zone=calendar_on(calendar.hours, lens.now).timezone,
            because=recorded(calendar.because),
        ),
        paused_because=worded(str(kept.get("because", ""))) if since else "",
        paused_since=since,
        late_since=row["due_at"] if since and kept.get("was") == "breached" else None,
        target_at=parse_instant("target_at", kept["target_at"]) if "target_at" in kept else None,
        chain=tuple(map(_link, stage.sla.chain)),
        can_wait=row["sla_state"] in ("running", "warned") and any(p.on == ASKED for p in stage.sla.pauses),
        can_take_up=bool(since)
        and any(ANSWERED in p.until for p in stage.sla.pauses if p.because == kept.get("because")),
    )


def _link(link: Escalation) -> str:
    told = phrase("%(hours)s h: %(role)s takes over") if link.reassign else phrase("%(hours)s h: %(role)s is told")
    return Phrase(told, {"hours": f"{link.after.normalize():f}", "role": humanise(link.role).lower()})


def _paused_since(row: Mapping[str, Any]) -> datetime | None:
    if row["sla_state"] != "paused":
        return None
    return parse_instant("since", clock_of(row["data"])["since"])


def _spent(hours: Hours, row: Mapping[str, Any], budget: timedelta, began: datetime, now: datetime) -> timedelta:
    """Working time used: the budget less what is left, so that pauses are not in it; over time, all since the start."""
    due = row["due_at"]
    if due is not None and now < due:
        return max(budget - working_time_between(hours, now, due), timedelta())
    return working_time_between(hours, began, max(now, began))


def _facts(row: Mapping[str, Any], approval: Approval | None, lens: Lens) -> tuple[Fact, ...]:
    found: list[Fact] = []
    if approval is not None and approval.subject_type == PRICE_EXCEPTION:
        summary = approval.summary
        found += [Fact(phrase("Product"), str(summary.get("product_name") or summary.get("product") or ""))]
        if summary.get("justification"):
            found.append(Fact(phrase("Reason given"), str(summary["justification"])))
    elif approval is not None and approval.subject_type == ORDER:
        found.append(Fact(phrase("Lines in the order"), int(str(approval.summary.get("lines_in_order") or 0))))
        found.append(Fact(phrase("Storefront"), str(approval.summary.get("storefront") or "")))
    return tuple(found)


def _task(row: Mapping[str, Any], task: Mapping[str, Any], names: Names, lens: Lens) -> TaskRow:
    return TaskRow(
        task=task["task"],
        kind=task["kind"],
        title=recorded(task["title"]),
        href=urls.case(row["case_id"]),
        subject=row["subject"],
        partner=None,
        exceptions=(),
        stake=None,
        clock=task_clock(task, lens.now),
        role=task["role"],
        assignee=names.person(task["assignee"]) if task["assignee"] else None,
        opened_at=task["created_at"],
        priority=task["priority"],
    )


def _approval(approval: Approval, lens: Lens) -> CaseApproval:
    levels = len({step.level for step in approval.steps})
    level = next((step.level for step in approval.steps if step.status == "open"), levels)
    return CaseApproval(
        approval=approval.approval,
        ask=ask_of(approval.subject_type, approval.exceptions, approval.summary, lens.fmt).act,
        status=approval.status,
        level=level,
        levels=levels,
        stake=lens.money(approval.stake),
        clock=approval_clock(approval, lens.now),
    )
