"""Whatever happens to an order: nothing is released that should not be, and nothing is left lying."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from headgate.kernel.errors import HeadgateError
from headgate.process.core.approval import Voter, ways
from headgate.process.core.running import ActionCall, ActionResult
from headgate.process.core.state import Advance
from tests.unit.process.play import Play, row, shipped

DEFINITION = shipped("order_to_release")
OPEN = ("released", "flagged", "shipping")
PEOPLE = {
    "ana": {"channel_manager"},
    "ben": {"channel_manager", "finance_director"},
    "fiona": {"finance_director"},
    "desk": {"order_desk"},
    "rita": {"channel_manager", "finance_director", "order_desk"},  # who asked
}
MATRICES = [
    [row(1, "channel_manager", escalate_to="finance_director")],
    [row(1, "channel_manager"), row(2, "finance_director")],
    [row(1, "channel_manager"), row(1, "order_desk"), row(2, "finance_director", quorum=2)],
]


@dataclass(slots=True)
class World:
    """What the order's actions would find and keep. `verdict` is what policy says of the content as such."""

    verdict: str = "release"
    complete: bool = False
    short: bool = False
    content: int = 0
    status: str = "none"
    released_content: int | None = None
    erp: list[str] = field(default_factory=list)


def check(call: ActionCall) -> ActionResult:
    world: World = call.facts  # type: ignore[assignment]
    waiver: Any = call.case.data.get("waiver") or {}
    outcome = world.verdict
    if outcome == "hold" and waiver.get("content") == world.content:
        outcome = "release"
    was_released = world.status in OPEN
    if outcome in ("hold", "reject"):
        world.status = {"hold": "held", "reject": "rejected"}[outcome]
    found: dict[str, Any] = {
        "outcome": outcome,
        "partner": "P-1",
        "stake": "10",
        "currency": "EUR",
        "exceptions": ["price_deviation"] if outcome == "hold" else [],
        "was_released": was_released,
        "content": world.content,
    }
    if outcome == "hold":
        found |= {
            "digest": f"content-{world.content}",
            "requested_by": "rita",
            "barred": ["rita"],
            "asks": [{"exception": "price_deviation"}],
            "found": [["price_deviation", "1"]],
            "ceilings": {},
            "summary": {},
            "command": {},
        }
    return ActionResult(found)


def waive(call: ActionCall) -> ActionResult:
    world: World = call.facts  # type: ignore[assignment]
    return ActionResult({"content": world.content})


def change(call: ActionCall) -> ActionResult:
    world: World = call.facts  # type: ignore[assignment]
    world.content += 1
    return ActionResult({})


def release(call: ActionCall) -> ActionResult:
    world: World = call.facts  # type: ignore[assignment]
    world.status, world.released_content = "released", world.content
    return ActionResult({"command": {}})


def suspend(call: ActionCall) -> ActionResult:
    world: World = call.facts  # type: ignore[assignment]
    world.status = str(call.args["status"])
    return ActionResult({"command": {}})


def ship(call: ActionCall) -> ActionResult:
    world: World = call.facts  # type: ignore[assignment]
    world.status = "fulfilled" if world.complete else "shipping"
    return ActionResult({"complete": world.complete})


def hold_rest(call: ActionCall) -> ActionResult:
    world: World = call.facts  # type: ignore[assignment]
    return ActionResult({"short": world.short, "command": {}})


ACTIONS = {
    "order.check": check,
    "order.waive": waive,
    "order.forget_waiver": lambda call: ActionResult({}),
    "order.amend": change,
    "order.edit": change,
    "order.release": release,
    "order.suspend": suspend,
    "order.ship": ship,
    "order.hold_rest": hold_rest,
}


class OrderLife(RuleBasedStateMachine):
    """Random events at one order; a refused one must leave no trace."""

    def __init__(self) -> None:
        super().__init__()
        voters = {name: Voter(name, frozenset(roles)) for name, roles in PEOPLE.items()}
        self.world = World()
        self.play = Play(DEFINITION, actions=dict(ACTIONS), voters=voters, facts=self.world)

    def attempt(self, act: Any) -> Advance | None:
        """Apply something; when it is refused, everything is as before."""
        world, case, gathered = copy.deepcopy(self.world), self.play.case, copy.deepcopy(self.play.gathered)
        sent = len(self.play.gathered.commands)
        try:
            done: Advance = act()
        except HeadgateError:
            assert self.play.case is case
            for name in World.__slots__:
                setattr(self.world, name, getattr(world, name))
            gathered.timers = self.play.gathered.timers
            assert self.play.gathered == gathered
            return None
        self.world.erp.extend(c.type for c in self.play.gathered.commands[sent:])
        return done

    def send(self, type_: str, **data: Any) -> Advance | None:
        return self.attempt(lambda: self.play.send(type_, order="O-1", **data))

    @property
    def stage(self) -> str:
        return self.play.case.stage if self.play.case else ""

    @initialize(
        verdict=st.sampled_from(["release", "hold", "hold", "hold", "reject"]), matrix=st.sampled_from(MATRICES)
    )
    def submit(self, verdict: str, matrix: list[dict[str, Any]]) -> None:
        self.world.verdict, self.play.rows = verdict, matrix
        assert self.send("order.submitted") is not None

    @rule(
        verdict=st.sampled_from(["release", "flag", "hold", "hold", "hold", "reject"]),
        matrix=st.sampled_from(MATRICES),
        complete=st.sampled_from([False, False, False, True]),
        short=st.booleans(),
    )
    def the_world_changes(self, verdict: str, matrix: list[dict[str, Any]], complete: bool, short: bool) -> None:
        self.world.verdict, self.world.complete, self.world.short = verdict, complete, short
        self.play.rows = matrix

    @rule(
        type_=st.sampled_from(
            [
                "order.submitted",
                "order.amended",
                "order.amended",
                "order.cancelled",
                "order.reopened",
                "order.reopened",
                "order.recheck_requested",
                "shipment.confirmed",
            ]
        )
    )
    def an_event_comes(self, type_: str) -> None:
        done = self.send(type_)
        if type_ == "order.submitted":
            assert done is None, "an order is submitted once"
        if type_ == "order.reopened" and done is not None and self.world.verdict == "hold":
            assert self.stage == "exception", "what was approved before is not good for a reopened order"

    @rule()
    def the_customer_thinks_twice(self) -> None:
        self.an_event_comes("order.cancelled")
        self.an_event_comes("order.reopened")

    @rule(
        who=st.sampled_from(sorted(PEOPLE)),
        outcome=st.sampled_from(["approve", "approve", "approve", "edit", "reject", "return"]),
    )
    def somebody_decides(self, who: str, outcome: str) -> None:
        done = self.attempt(lambda: self.play.vote(who, outcome, edit={"lines": []}))
        assert done is None or who != "rita", "who asked does not decide"

    @precondition(lambda self: self.stage == "exception")
    @rule(place=st.integers(0, 9), outcome=st.sampled_from(["approve", "approve", "approve", "edit", "return"]))
    def somebody_who_may_decides(self, place: int, outcome: str) -> None:
        pending = self.play.case.approval if self.play.case else None
        assert pending is not None
        able = [name for name, voter in self.play.voters.items() if ways(pending, voter)]
        if able and self.play.now < pending.expires_at:
            who = able[place % len(able)]
            assert self.attempt(lambda: self.play.vote(who, outcome, edit={"lines": []})) is not None

    @precondition(lambda self: bool(self.play.gathered.timers))
    @rule(place=st.integers(0, 9))
    def a_clock_fires(self, place: int) -> None:
        names = sorted(self.play.timers())
        name = names[place % len(names)]
        done = self.attempt(lambda: self.play.fire(name))
        assert done is not None, f"{name} was set, so it has to be understood"
        if name == "approval.expire":
            assert self.stage == "returned"
        if name == "sla.breach":
            assert done.case.sla_state == "breached"

    @rule(name=st.sampled_from(["sla.warn", "sla.breach", "approval.late.1", "approval.expire"]))
    def a_clock_of_long_ago_fires(self, name: str) -> None:
        before = (self.stage, self.play.tasks(), self.play.timers())
        self.attempt(lambda: self.play.send("timer.fired", name=name, fire_at="2020-01-01T00:00:00.000000Z"))
        if name.startswith("sla."):
            assert (self.stage, self.play.tasks(), self.play.timers()) == before

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.play.now += timedelta(hours=hours)

    @invariant()
    def nothing_moves_while_an_approval_waits(self) -> None:
        pending = [a for a in self.play.gathered.approvals.values() if a.status == "pending"]
        if self.play.case is None:
            return
        assert bool(pending) == (self.stage == "exception")
        if pending:
            assert pending == [self.play.case.approval]
            assert pending[0].digest == f"content-{self.world.content}", "what is asked about is what there is"
            assert self.world.status == "held"

    @invariant()
    def what_was_held_is_released_only_by_an_approval_of_that_content(self) -> None:
        if self.stage != "released" or self.world.verdict != "hold":
            return
        waiver: Any = self.play.case.data.get("waiver") if self.play.case else None
        path: Any = self.play.gathered.audits[-1].body["path"]
        if not waiver or "content" not in waiver or "released" not in path:
            return
        approved = [a for a in self.play.gathered.approvals.values() if a.status == "approved"]
        bound = [a for a in approved if a.digest == f"content-{waiver['content']}"]
        assert bound
        for approval in bound:
            assert not {v.principal for v in approval.votes} & {"rita"}
            assert all(step.status == "done" for step in approval.steps)

    @invariant()
    def the_erp_never_believes_an_order_released_that_is_not(self) -> None:
        told = [c for c in self.world.erp if c != "order.picks"]
        may_ship = bool(told) and told[-1] == "order.release"
        assert may_ship == (self.stage in ("released", "shipping", "fulfilled")), (told, self.stage)

    @invariant()
    def a_case_that_ended_has_nothing_left_to_do(self) -> None:
        case = self.play.case
        if case is None:
            return
        final = bool(DEFINITION.stages[case.stage].final)
        assert (case.status == "closed") == final
        if final:
            assert (self.play.tasks(), self.play.timers(), case.approval) == ([], {}, None)
            assert (case.due_at, case.warn_at) == (None, None)
        else:
            assert (case.outcome, case.closed_at) == ("", None)

    @invariant()
    def a_clock_runs_exactly_where_the_stage_has_one(self) -> None:
        case = self.play.case
        if case is None:
            return
        sla = DEFINITION.stages[case.stage].sla
        assert (case.due_at is not None) == (sla is not None)
        if sla is None:
            assert not any(name.startswith("sla.") for name in self.play.timers())

    @invariant()
    def only_what_waits_is_in_a_queue(self) -> None:
        work: Mapping[str, bool] = {"exception": True, "returned": True, "shipping": True}
        if self.stage not in work:
            assert self.play.tasks() == []
        if self.stage == "exception":
            assert self.play.tasks()


OrderLife.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestOrderLife = OrderLife.TestCase
