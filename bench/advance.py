"""Transitions of cases without a database: an order's life, and a process with three branches, against the same steps
written as straight Python, and against a library of state machines."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bench.harness import Options, Report, median
from bench.transitions_peer import ABSENT, PeerMissing, joining_machine, order_machine
from headgate.kernel.ids import derive_id
from headgate.ledger import AuditDraft, StoredEvent
from headgate.packs import find_pack
from headgate.process import ActionCall, ActionResult, Case, Definition, Surroundings, advance, parse_definition
from headgate.process.core.state import TaskOpened, TasksClosed
from headgate.process.core.steps import RUNNERS

TITLE = "Transitions of cases, without a database"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PARALLEL = """\
process: joining
version: 1
title: Joining
subject: thing
owner: desk
events:
  thing.asked: {key: "thing:{thing}", subject: "{thing}", starts: true}
  thing.signed: {key: "thing:{thing}", subject: "{thing}"}
  thing.paid: {key: "thing:{thing}", subject: "{thing}"}
stages:
  - id: gathering
    title: Gathering
    enter:
      - parallel: checks
        branches:
          paper: [{wait: thing.signed, id: signed}]
          money: [{wait: thing.paid, id: paid}]
          papers: [{id: collect, task: "Collect papers of {subject}", role: desk}]
    go:
      - {when: {checks.outcome: joined}, to: active}
  - {id: active, title: Active, final: active}
"""
ORDER = ("order.submitted", "shipment.confirmed")
JOINING = ("thing.asked", "thing.signed", "thing.paid", "task.completed")


def bench(options: Options) -> Report:
    """Cases from their first event to their end, each event one transition. Ratios: ours to straight Python, and to the
    library, which makes the same values in its callbacks."""
    count, rounds = options.size(3000, 50), options.size(7, 2)
    path = find_pack("order_governance") / "processes" / "order_to_release.yaml"
    order = parse_definition(path.read_text(encoding="utf-8"), path.name)
    joining = parse_definition(PARALLEL, "joining.yaml")
    lives: dict[str, tuple[int, Callable[[int], Case]]] = {
        "order": (len(ORDER), lambda n: _life(order, "order", ORDER, n)),
        "order_straight": (len(ORDER), _straight_order),
        "parallel": (len(JOINING), lambda n: _life(joining, "thing", JOINING, n)),
        "parallel_straight": (len(JOINING), _straight_joining),
    }
    notes: tuple[str, ...] = (
        "by processor time; actions answer with constants, so this is the engine alone",
        "straight Python makes the same case values, tasks and audit entries with the branches written as code",
    )
    try:
        lives["order_transitions"] = (len(ORDER), order_machine(_order_begun, _order_step))
        lives["parallel_transitions"] = (len(JOINING), joining_machine(_joining_begun, _joining_step))
        notes = (
            *notes,
            "the library transitions makes them too, in callbacks; it has no versions, clocks or approvals",
        )
    except PeerMissing:
        notes = (*notes, ABSENT)
    found: dict[str, list[float]] = {name: [] for name in lives}
    for _ in range(rounds):
        for name, (events, life) in lives.items():
            found[name].append(_rate(count, events, life))
        options.say("a round is done")
    figures = {f"{name}_transitions_per_second": median(values) for name, values in found.items()}
    ratios = {
        f"{ours}_to_{peer}": median(found[ours]) / median(found[f"{ours}_{peer}"])
        for ours in ("order", "parallel")
        for peer in ("straight", "transitions")
        if f"{ours}_{peer}" in found
    }
    return Report("advance", TITLE, figures, ratios, notes)


def _rate(count: int, events: int, life: Callable[[int], Case]) -> float:
    began = time.process_time()
    cases = [life(number) for number in range(count)]
    spent = time.process_time() - began
    case = cases[-1]
    if case.status != "closed":
        raise AssertionError(f"a case ended as {case.status} in {case.stage}")
    return count * events / spent


def _answers(call: ActionCall) -> ActionResult:
    return ActionResult(_ANSWERS)


_ANSWERS: Mapping[str, object] = {
    "outcome": "release",
    "was_released": False,
    "complete": True,
    "partner": "P-1",
    "stake": Decimal("12.50"),
    "currency": "EUR",
    "exceptions": [],
    "command": {"order": "O-1"},
}


class _Actions(dict[str, Any]):
    def get(self, name: str, default: object = None) -> Any:
        """Every action answers the same."""
        return _answers


def _deadline(start: datetime, hours: Decimal) -> datetime:
    return start + timedelta(seconds=int(hours * 3600))


def _decide(name: str, inputs: Mapping[str, object]) -> Any:
    raise AssertionError(f"nobody asks {name} here")


_AROUND = Surroundings(NOW, _deadline, _Actions(), _decide)


def _event(seq: int, kind: str, type_: str, subject: str, data: dict[str, Any]) -> StoredEvent:
    return StoredEvent(
        seq=seq,
        source="bench",
        event_id=str(seq),
        type=type_,
        subject=subject,
        key=f"{kind}:{subject}",
        lane=0,
        time=NOW,
        received_at=NOW,
        data=data,
        actor="source:bench",
        digest="00" * 32,
    )


def _life(definition: Definition, kind: str, types: tuple[str, ...], number: int) -> Case:
    """One case from its first event to its last."""
    case: Case | None = None
    subject, task = f"C-{number}", ""
    for place, type_ in enumerate(types):
        event = _event(number * 10 + place, kind, type_, subject, {kind: subject, "task": task})
        done = advance(definition, case, event, _AROUND, RUNNERS)
        case = done.case
        task = next((str(e.task) for e in done.effects if isinstance(e, TaskOpened)), task)
    assert case is not None
    return case


def _straight_order(number: int) -> Case:
    """What the order's process does, as a person would write it for this one process."""
    case = _order_begun(number)
    for place in range(len(ORDER)):
        case = _order_step(case, place)
    return case


def _order_begun(number: int) -> Case:
    return _opened(number, "order", "order_to_release")


def _order_step(case: Case, place: int) -> Case:
    """What follows from one event of an order."""
    stage, step = (("released", "check"), ("fulfilled", "shipment"))[place]
    event = _event(place, "order", ORDER[place], case.subject, {"order": case.subject})
    case = case._replace(stage=stage, data={**case.data, step: dict(_ANSWERS)}, updated_at=NOW)
    if stage == "released":
        case = case._replace(partner="P-1", stake=Decimal("12.50"), currency="EUR", status="waiting")
    _audit(case, event)
    if stage == "fulfilled":
        case = case._replace(status="closed", outcome="fulfilled", closed_at=NOW)
    return case


def _straight_joining(number: int) -> Case:
    """Three things that have to come in any order; the case keeps which have."""
    case = _joining_begun(number)
    for place in range(len(JOINING)):
        case = _joining_step(case, place)
    return case


def _joining_begun(number: int) -> Case:
    return _opened(number, "thing", "joining")


def _joining_step(case: Case, place: int) -> Case:
    """What follows from one event of a case with three branches: its task is opened, what came is kept, the task is
    closed, and with the last of the three the case ends."""
    event = _event(place, "thing", JOINING[place], case.subject, {"thing": case.subject})
    if place == 0:
        task = derive_id(NOW, "task", case.case_id, place)
        TaskOpened(task, case.case_id, "work", "Collect papers", "desk", None, None, None, None)
        case = case._replace(data={**case.data, "task": task})
    else:
        branch = ("paper", "money", "papers")[place - 1]
        case = case._replace(data={**case.data, branch: dict(event.data)}, updated_at=NOW)
        if branch == "papers":
            TasksClosed(case.case_id, "done", task=case.data["task"])  # type: ignore[arg-type]  # the id kept above
    _audit(case, event)
    if {"paper", "money", "papers"} <= set(case.data):
        case = case._replace(stage="active", status="closed", outcome="active", closed_at=NOW)
    return case


def _opened(number: int, kind: str, process: str) -> Case:
    subject = f"C-{number}"
    first = Case(
        case_id=derive_id(NOW, "case", process, subject),
        process=process,
        version=1,
        subject_type=kind,
        subject=subject,
        key=f"{kind}:{subject}",
        stage="first",
        status="open",
        opened_at=NOW,
        updated_at=NOW,
    )
    return first._replace(owner_role="desk", data={})


def _audit(case: Case, event: StoredEvent) -> AuditDraft:
    body = {"process": f"{case.process}@{case.version}", "event": {"type": event.type, "id": event.event_id}}
    draft = AuditDraft(
        action=event.type,
        subject_type=case.subject_type,
        subject=case.subject,
        actor=event.actor,
        body={**body, "to": case.stage},
        case_id=case.case_id,
        event_seq=event.seq,
    )
    return replace(draft, event_digest=event.digest)
