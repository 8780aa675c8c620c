"""Record what a channel went through, play it again, and say what came of it.

A history holds the pack it was governed by, the agreements it starts with, its steps, and its outcome. So a change of
a shipped policy changes no history; a change of the engine or of the arithmetic does.

A step is an event of a source, a person's decision, or a moment at which clocks or jobs were let go; everything else in
a log is made by Headgate, so the replay has to make it again. Ids differ from run to run, so the outcome names none.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Principal
from headgate.ledger import quarantine_list
from headgate.process import LaneRunner
from tests.scenarios.channel import Channel

FOLDER = Path(__file__).parent
FILE = "history.json"
History = dict[str, Any]

LOG = "select source, event_id, type, data, received_at, actor from events order by seq"
AUDIT = """
select subject_type, subject, action, body::json from audit_entries
where action = 'event.refused' or (case_id is not null and subject_type <> 'task') order by seq
"""
ORDERS = """
select order_no, revision, status, currency, total, tax, tenant_total, stake, exceptions, counted, unbilled,
       requested_by, encode(digest, 'hex') as digest from orders order by order_no
"""
LINES = """
select order_no, line, quantity, unit_price, contract_price, amount, cost, margin, tax, agreement, shipped
from order_lines order by order_no, position
"""
DECISIONS = """
select subject, policy, version, outcome, row_ids, inputs, outputs from decisions
order by subject, event_seq, policy, outcome, inputs::text
"""
APPROVALS = """
select a.subject, a.status, a.digest, a.stake, a.exceptions, a.requested_at, a.expires_at, a.decided_at,
       (select array_agg(s.level || ' ' || s.role || ' ' || s.status order by s.level, s.role) from approval_steps s
        where s.tenant_id = a.tenant_id and s.approval = a.approval) as steps,
       (select array_agg(v.principal || ' ' || v.outcome order by v.event_seq, v.level) from approval_votes v
        where v.tenant_id = a.tenant_id and v.approval = a.approval) as votes
from approvals a order by a.subject, a.requested_at, a.approval
"""
CASES = (
    "select process, version, subject, stage, status, outcome, exceptions, due_at, sla_state from cases order by key"
)
TASKS = """
select c.subject, t.title, t.role, t.also_role, t.status, t.due_at from tasks t
join cases c on c.tenant_id = t.tenant_id and c.case_id = t.case_id
order by c.subject, t.created_at, t.level, t.role, t.status
"""
TIMERS = "select key, name, fire_at from timers order by key, name"
COMMANDS = "select subject, type from outbox order by subject, type"
RESERVATIONS = "select order_no, line, warehouse, quantity, status, expires_at from reservations order by 1, 2, 3"


def record(channel: Channel, agreements: list[dict[str, Any]]) -> History:
    """The history of a channel, from its log and its books."""
    with channel.app.database.transaction(channel.tenant) as conn:
        log = conn.execute(LOG).fetchall()
        approvals = dict(conn.execute("select approval::text, subject from approvals").fetchall())
    steps: list[dict[str, Any]] = []
    for source, event_id, type_, data, at, actor in log:
        step = _step(source, event_id, type_, data, actor, approvals)
        if step is not None:
            step = {"at": at, **step}
            if not (steps and "moment" in step and steps[-1] == step):
                steps.append(step)
    return plain({"agreements": agreements, "steps": steps, "outcome": outcome(channel)})


def _step(
    source: str, event_id: str, type_: str, data: dict[str, Any], actor: str, approvals: dict[str, str]
) -> dict[str, Any] | None:
    if source == "headgate/people":
        word = {name: data[name] for name in ("outcome", "justification", "on_behalf_of", "edit") if data.get(name)}
        return {"decision": approvals[data["approval"]], "by": actor, **word}
    if source == "headgate/timers":
        return {"moment": "clocks"}
    if event_id.startswith("reservation-"):
        return {"moment": "jobs"}
    return None if source.startswith("headgate") else {"event": type_, "id": event_id, "by": actor, "data": data}


def play(channel: Channel, history: History, batch: int) -> None:
    """Send the steps of a history to a bare channel, at their times."""
    runner: LaneRunner = replace(channel.runner, batch=batch)
    channel.runner = runner
    for agreement in history["agreements"]:
        channel.price(agreement["code"], agreement["terms"], **agreement.get("more", {}))
    for step in history["steps"]:
        channel.clock.set(datetime.fromisoformat(step["at"]))
        _play_step(channel, step)
        channel.runner.drain(channel.tenant)
        channel.nothing_left()


def _play_step(channel: Channel, step: dict[str, Any]) -> None:
    if "event" in step:
        by = Principal(step["by"], "service")
        channel.send(step["event"], by=by, event_id=step["id"], **step["data"])
    elif "decision" in step:
        who = step["by"].removeprefix("user:").partition("@")[0]
        more = {"on_behalf_of": step.get("on_behalf_of", ""), "edit": step.get("edit")}
        channel.decide(who, step["decision"], step["outcome"], because=step["justification"], **more)
    elif step["moment"] == "clocks":
        while channel.runner.fire_timers(channel.tenant):
            channel.runner.drain(channel.tenant)
    else:
        channel.runner.run_jobs(channel.tenant)


def outcome(channel: Channel) -> dict[str, Any]:
    """Everything that came of a history, without ids."""
    with channel.app.database.transaction(channel.tenant) as conn:
        story: dict[str, list[Any]] = {}
        for kind, subject, action, body in conn.execute(AUDIT).fetchall():
            story.setdefault(f"{kind} {subject}", []).append(_told(action, body))
        found: dict[str, Any] = {"story": story}
        queries = {
            "cases": CASES,
            "orders": ORDERS,
            "lines": LINES,
            "decisions": DECISIONS,
            "approvals": APPROVALS,
            "tasks": TASKS,
            "timers": TIMERS,
            "commands": COMMANDS,
            "reservations": RESERVATIONS,
        }
        for name, query in queries.items():
            cursor = conn.execute(query)
            names = [column.name for column in cursor.description or ()]
            found[name] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        found["quarantine"] = [entry.reason for entry in quarantine_list(conn)]
    return plain({**found, "sums": channel.sums()})


def _told(action: str, body: dict[str, Any]) -> dict[str, Any]:
    kept = {name: body[name] for name in ("path", "to", "outcome", "exceptions", "reason", "timer") if body.get(name)}
    decisions = [f"{d['policy']} {d['outcome']}" for d in body.get("decisions", ())]
    vote = body.get("vote")
    said = {"vote": f"{vote['level']} {vote['role']} {vote['outcome']} {vote['approval_status']}"} if vote else {}
    return {"action": action, **kept, **said, "decisions": decisions}


def plain(value: Any) -> Any:
    """As JSON reads it back: amounts and instants as text."""
    return json.loads(canonical_text(value))


def pack_of(name: str) -> Path:
    """The folder of the pack that a history was governed by."""
    return FOLDER / name / "pack"


def load(name: str) -> History:
    """A recorded history."""
    found: History = json.loads((FOLDER / name / FILE).read_text(encoding="utf-8"))
    return found


def save(name: str, history: History) -> Path:
    """Write a history, so that a change of it can be read as a diff."""
    file = FOLDER / name / FILE
    file.write_text(json.dumps(history, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return file
