"""Decisions that are held before they count, on the database: undone, carried out once, refused with a reason."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from headgate import access
from headgate.channel import orders
from headgate.console.present.history import timeline
from headgate.console.present.names import Names
from headgate.kernel.context import SYSTEM, Context, Principal
from headgate.kernel.crashpoints import VARIABLE
from headgate.kernel.errors import Conflict, Invalid, NotFound, Stale
from headgate.kernel.settings import Settings
from headgate.ledger import audit_list
from headgate.process import Choice, approvals_of_case, case_of_subject, decide_approval, holding
from headgate.process.bulk import Item, Taken
from headgate.process.carrying import carry_out_due
from headgate.process.core.holding import MOST_TRIES
from headgate.process.handling import Act, handle
from headgate.process.holding import Held
from headgate.worker import Worker
from tests.scenarios.channel import Channel, person

ORDERS = ("O-1", "O-2", "O-3")


@pytest.fixture
def waiting(channel: Channel) -> Channel:
    """Three orders below contract, each for a channel manager alone."""
    for number, quantity in zip(ORDERS, ("13", "14", "15"), strict=True):
        channel.order(number, ("S-1", quantity, "9.00"), customer_reference=number)
    channel.govern()
    return channel


def acting(channel: Channel, who: str) -> Context:
    return channel.context(Principal(person(who), "person", who))


def hold(channel: Channel, who: str = "carl", behalf: str = "", outcome: str = "approve") -> tuple[UUID, list[Taken]]:
    items = []
    for number in ORDERS:
        asked = channel.approval(number)
        items.append(Item(asked.approval, Choice(outcome, "agreed for the round", asked.digest, behalf)))
    with channel.app.database.transaction(channel.tenant) as conn:
        held, taken = holding.hold(conn, acting(channel, who), channel.app.engine, items, 10)
    assert held is not None
    return held, taken


def undo(channel: Channel, held: UUID, who: str = "carl") -> Held:
    with channel.app.database.transaction(channel.tenant) as conn:
        return holding.undo(conn, acting(channel, who), held)


def found(channel: Channel, held: UUID, who: str = "carl") -> Held:
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        return holding.get_held(conn, acting(channel, who), held)


def carry_out(channel: Channel) -> int:
    app = channel.app
    done = carry_out_due(app.database, app.engine, app.clock, channel.tenant)
    channel.govern()
    return done


def states(channel: Channel) -> list[str]:
    return [channel.status(number) for number in ORDERS]


def reasons(held: Held) -> list[str]:
    return [str(item.reason or "") for item in held.items]


def audited(channel: Channel) -> list[tuple[str, str]]:
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        entries = audit_list(conn, limit=100)
    return [(e.action, e.actor) for e in reversed(entries) if e.subject_type == "held_decision"]


def test_nothing_counts_before_it_is_due_and_then_all_of_it_does(waiting: Channel) -> None:
    held, taken = hold(waiting)
    assert [each.error for each in taken] == [None] * 3
    assert carry_out(waiting) == 0
    assert states(waiting) == ["held"] * 3
    waiting.pass_time(seconds=10)
    assert carry_out(waiting) == 1
    assert states(waiting) == ["released"] * 3
    assert carry_out(waiting) == 0
    told = found(waiting, held)
    assert told.status == "carried_out"
    assert [item.status for item in told.items] == ["decided"] * 3
    assert audited(waiting) == [("decisions.held", person("carl")), ("decisions.carried_out", person("carl"))]
    vote = _votes(waiting)
    assert {(principal, because) for principal, because, _ in vote} == {(person("carl"), "agreed for the round")}
    assert [seq for *_, seq in vote] == sorted(item.event_seq or 0 for item in told.items)


def test_undone_in_time_nothing_of_it_is_done_and_it_can_be_decided_anew(waiting: Channel) -> None:
    held, _ = hold(waiting)
    assert undo(waiting, held).status == "undone"
    waiting.pass_time(minutes=1)
    assert carry_out(waiting) == 0
    assert states(waiting) == ["held"] * 3
    with pytest.raises(Conflict, match="undone already"):
        undo(waiting, held)
    again, taken = hold(waiting)
    assert again != held
    assert all(each.error is None for each in taken)
    assert [action for action, _ in audited(waiting)] == ["decisions.held", "decisions.undone", "decisions.held"]


def test_too_late_is_said_and_changes_nothing(waiting: Channel) -> None:
    held, _ = hold(waiting)
    waiting.pass_time(seconds=11)
    carry_out(waiting)
    with pytest.raises(Conflict, match="too late"):
        undo(waiting, held)
    assert states(waiting) == ["released"] * 3


def test_nobody_else_undoes_it_or_learns_of_it(waiting: Channel) -> None:
    held, _ = hold(waiting)
    with pytest.raises(NotFound):
        undo(waiting, held, "rita")
    with pytest.raises(NotFound):
        found(waiting, held, "rita")
    with waiting.app.database.transaction(waiting.tenant, read_only=True) as conn:
        assert holding.list_held(conn, acting(waiting, "rita")) == []
        assert holding.news_of(conn, acting(waiting, "rita")) == []
        assert [each.held for each in holding.list_held(conn, acting(waiting, "carl"))] == [held]
    # Nor does a partner's transaction, whoever they say they are.
    with waiting.app.database.transaction(waiting.tenant, partner="P-1") as conn:
        assert holding.list_held(conn, acting(waiting, "carl")) == []


def test_while_it_is_held_its_maker_decides_it_no_second_time(waiting: Channel) -> None:
    hold(waiting)
    asked = waiting.approval("O-1")
    choice = Choice("reject", "changed my mind", asked.digest)
    with waiting.app.database.transaction(waiting.tenant) as conn:
        with pytest.raises(Conflict, match="deciding this already"):
            decide_approval(conn, acting(waiting, "carl"), waiting.app.engine, asked.approval, choice)
        items = [Item(asked.approval, Choice("approve", "and once more", asked.digest))]
        held, (taken,) = holding.hold(conn, acting(waiting, "carl"), waiting.app.engine, items, 10)
    assert held is None
    assert isinstance(taken.error, Conflict)


def task_of(channel: Channel, order: str) -> UUID:
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        row = conn.execute("select task from tasks where case_id = %s", [channel.approval(order).case_id]).fetchone()
    assert row is not None
    return UUID(str(row[0]))


def told_of(channel: Channel, order: str) -> list[tuple[str, list[str]]]:
    """What the history of an order's case tells of decisions that were held, each with its steps."""
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        case = case_of_subject(conn, "order", order)
        assert case is not None
        entries = audit_list(conn, case_id=case["case_id"], limit=100)
    lines = [line for line in timeline(entries, Names({}, {})) if line.steps or "undone" in str(line.text)]
    return [(str(line.text), [str(step.text) for step in line.steps]) for line in lines]


ACTS = (Act("take"), Act("hand_over", "user:dora@nordwind.example", reason="away"), Act("give_back"))


@pytest.mark.parametrize("act", [*ACTS, Act("snooze", reason="later")], ids=lambda act: act.kind)
def test_a_request_that_somebody_decides_is_handed_to_nobody_meanwhile(waiting: Channel, act: Act) -> None:
    with waiting.app.database.transaction(waiting.tenant) as conn:
        access.grant_role(conn, waiting.context(SYSTEM), principal=person("dora"), role="channel_manager")
    held, _ = hold(waiting)
    act = replace(act, until=waiting.clock.now() + timedelta(minutes=5)) if act.kind == "snooze" else act

    def refused(who: str) -> str:
        with waiting.app.database.transaction(waiting.tenant) as conn:
            principal = access.load_principal(conn, person(who), waiting.clock.now())
            (done,) = handle(conn, waiting.context(principal), waiting.app.engine, [task_of(waiting, "O-1")], act)
        return str(done.error.message) if done.error is not None else ""

    assert refused("dora") == "a colleague is deciding this; look again in a moment"
    assert refused("carl").startswith("you are deciding this already")
    undo(waiting, held)
    assert "deciding this" not in refused("dora")


def hold_one(channel: Channel, order: str, choice: Choice, seconds: int = 10) -> UUID:
    asked = channel.approval(order)
    item = Item(asked.approval, replace(choice, digest=asked.digest))
    with channel.app.database.transaction(channel.tenant) as conn:
        return holding.hold_one(conn, acting(channel, "carl"), channel.app.engine, item, seconds)


def test_a_change_of_one_request_is_held_and_counts_as_it_was_made(waiting: Channel) -> None:
    changed = Choice("edit", "a little more", "", edit={"lines": [{"line": "1", "unit_price": "9.50"}]})
    case = waiting.approval("O-1").case_id
    hold_one(waiting, "O-1", changed)
    assert states(waiting)[0] == "held"
    waiting.pass_time(seconds=10)
    assert carry_out(waiting) == 1
    with waiting.app.database.transaction(waiting.tenant, read_only=True) as conn:
        statuses = {asked.status for asked in approvals_of_case(conn, case)}
        order = orders.get_order(conn, "O-1")
    assert [str(line["unit_price"]) for line in order["lines"]] == ["9.50"]
    assert "edited" in statuses


def test_what_cannot_be_held_is_refused_as_at_once_and_nothing_is_held(waiting: Channel) -> None:
    asked = waiting.approval("O-1")
    with pytest.raises(Invalid, match="unit_price"):
        hold_one(waiting, "O-1", Choice("edit", "less", "", edit={"lines": [{"line": "1", "unit_price": "1.00"}]}))
    with waiting.app.database.transaction(waiting.tenant) as conn:
        stale = Item(asked.approval, Choice("approve", "agreed", "0" * 64))
        with pytest.raises(Stale):
            holding.hold_one(conn, acting(waiting, "carl"), waiting.app.engine, stale, 10)
        assert holding.list_held(conn, acting(waiting, "carl")) == []
    assert audited(waiting) == []


def test_the_history_of_a_case_tells_each_decision_in_one_line_with_its_steps_below(waiting: Channel) -> None:
    held = "which counts unless it is undone in time"
    undo(waiting, hold_one(waiting, "O-1", Choice("reject", "not this time", "")))
    undone = ("undid the rejection before it counted", [f"decided to reject it, {held}"])
    hold_one(waiting, "O-1", Choice("approve", "agreed after all", ""))
    approving = f"decided to approve it, {held}"
    assert told_of(waiting, "O-1") == [undone, (approving, [])]
    waiting.pass_time(seconds=10)
    app = waiting.app
    carry_out_due(app.database, app.engine, app.clock, waiting.tenant)
    # It counts, and stands in the log; nobody has applied it yet.
    counts = "did not undo the approval: it counts"
    assert told_of(waiting, "O-1") == [undone, (counts, [approving])]
    waiting.govern()
    voted = "approved it, level 1 as channel manager"
    assert told_of(waiting, "O-1") == [undone, (voted, [approving, counts])]
    assert told_of(waiting, "O-2") == []


def test_the_history_tells_why_a_decision_did_not_count(waiting: Channel) -> None:
    held = hold_one(waiting, "O-1", Choice("approve", "agreed", ""))
    case = waiting.approval("O-1").case_id
    waiting.amend("O-1", ("S-1", "13", "8.80"))
    waiting.govern()
    waiting.pass_time(seconds=10)
    carry_out(waiting)
    assert [item.problem for item in found(waiting, held).items] == ["stale"]
    with waiting.app.database.transaction(waiting.tenant, read_only=True) as conn:
        entries = [e for e in audit_list(conn, case_id=case, limit=100) if e.action == "decisions.carried_out"]
    (line,) = timeline(entries, Names({}, {}))
    assert line.text == "decided, but when it was to count it was refused; nothing was decided"
    assert line.quote


def test_a_decision_made_just_before_the_time_is_over_counts_before_it_is(waiting: Channel) -> None:
    over = waiting.approval("O-1").expires_at
    waiting.clock.set(over - timedelta(seconds=8))
    held = hold_one(waiting, "O-1", Choice("approve", "just in time", ""))
    due = found(waiting, held).due_at
    assert due < over
    waiting.clock.set(due)
    carry_out(waiting)
    assert states(waiting)[0] == "released"


def test_two_windows_of_one_person_hold_a_request_once(waiting: Channel) -> None:
    ready, made = threading.Barrier(2), []

    def window(_: int) -> None:
        items = [Item(a.approval, Choice("approve", "agreed", a.digest)) for a in map(waiting.approval, ORDERS)]
        with waiting.app.database.transaction(waiting.tenant) as conn:
            ready.wait(10)
            made.append(holding.hold(conn, acting(waiting, "carl"), waiting.app.engine, items, 10))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(window, range(2)))
    assert sorted(held is None for held, _ in made) == [False, True]
    assert sum(1 for _, taken in made for each in taken if each.error is None) == 3


def test_others_still_decide_and_whoever_comes_first_wins(waiting: Channel) -> None:
    waiting.order("O-2", ("S-1", "14", "9.00"), type_="order.amended", customer_reference="O-2", requested_by="")
    waiting.govern()
    with waiting.app.database.transaction(waiting.tenant) as conn:
        access.grant_role(conn, waiting.context(SYSTEM), principal=person("dora"), role="channel_manager")
    held, _ = hold(waiting)
    waiting.decide("dora", "O-2", "reject")
    waiting.pass_time(seconds=10)
    carry_out(waiting)
    told = found(waiting, held)
    assert [item.status for item in told.items] == ["decided", "refused", "decided"]
    assert "rejected" in reasons(told)[1]
    assert states(waiting) == ["released", "rejected", "released"]
    with waiting.app.database.transaction(waiting.tenant) as conn:
        (news,) = holding.news_of(conn, acting(waiting, "carl"))
        assert (news.items, news.refused) == (3, 1)
        holding.take_notice(conn, acting(waiting, "carl"), held)
        assert holding.news_of(conn, acting(waiting, "carl")) == []


def test_who_comes_first_also_wins_between_the_decision_and_its_effect(waiting: Channel) -> None:
    with waiting.app.database.transaction(waiting.tenant) as conn:
        access.grant_role(conn, waiting.context(SYSTEM), principal=person("dora"), role="channel_manager")
    held, _ = hold(waiting)
    asked = waiting.approval("O-1")
    waiting.pass_time(seconds=10)
    app = waiting.app
    with app.database.transaction(waiting.tenant) as conn:
        choice = Choice("reject", "not this time", asked.digest)
        decide_approval(conn, acting(waiting, "dora"), app.engine, asked.approval, choice)
    carry_out_due(app.database, app.engine, app.clock, waiting.tenant)
    waiting.govern()
    assert states(waiting) == ["rejected", "released", "released"]
    with app.database.transaction(waiting.tenant, read_only=True) as conn:
        (news,) = holding.news_of(conn, acting(waiting, "carl"))
    assert (news.held, news.refused) == (held, 1)


def test_changed_content_is_refused_and_the_rest_counts(waiting: Channel) -> None:
    held, _ = hold(waiting)
    waiting.amend("O-3", ("S-1", "15", "8.80"))
    waiting.govern()
    waiting.pass_time(seconds=10)
    carry_out(waiting)
    told = found(waiting, held)
    assert [item.status for item in told.items] == ["decided", "decided", "refused"]
    assert [item.problem for item in told.items] == ["", "", "stale"]
    assert states(waiting) == ["released", "released", "held"]


def _revoke(channel: Channel, conn: Any) -> None:
    access.revoke_role(conn, channel.context(SYSTEM), person("carl"), "channel_manager")


def _suspend(channel: Channel, conn: Any) -> None:
    access.suspend(conn, channel.context(SYSTEM), person("carl"))


def _other_role(channel: Channel, conn: Any) -> None:
    _revoke(channel, conn)
    access.grant_role(conn, channel.context(SYSTEM), principal=person("carl"), role="finance")


@pytest.mark.parametrize(
    ("taking", "told"),
    [(_revoke, "may not decide any more"), (_suspend, "is suspended"), (_other_role, "holds none of the roles")],
)
def test_rights_are_those_of_the_moment_it_counts(waiting: Channel, taking: Any, told: str) -> None:
    held, _ = hold(waiting)
    with waiting.app.database.transaction(waiting.tenant) as conn:
        taking(waiting, conn)
    waiting.pass_time(seconds=10)
    carry_out(waiting)
    done = found(waiting, held)
    assert [item.status for item in done.items] == ["refused"] * 3
    assert all(told in reason for reason in reasons(done))
    assert states(waiting) == ["held"] * 3
    with waiting.app.database.transaction(waiting.tenant, read_only=True) as conn:
        (news,) = holding.news_of(conn, acting(waiting, "carl"))
    assert news.refused == 3


def test_a_withdrawn_delegation_counts_for_nothing(waiting: Channel) -> None:
    waiting.delegate("carl", "fay", ["channel_manager"])
    held, _ = hold(waiting, "fay", behalf=person("carl"))
    with waiting.app.database.transaction(waiting.tenant) as conn:
        ((delegation,),) = conn.execute("select id from delegations").fetchall()
        access.revoke_delegation(conn, acting(waiting, "carl"), delegation)
    waiting.pass_time(seconds=10)
    carry_out(waiting)
    assert all("has not delegated" in reason for reason in reasons(found(waiting, held, "fay")))
    assert states(waiting) == ["held"] * 3


def test_many_workers_carry_it_out_once(waiting: Channel) -> None:
    held, _ = hold(waiting)
    waiting.pass_time(seconds=10)
    app, ready = waiting.app, threading.Barrier(4)

    def work(_: int) -> int:
        ready.wait(10)
        return carry_out_due(app.database, app.engine, app.clock, waiting.tenant)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 1
    waiting.govern()
    assert states(waiting) == ["released"] * 3
    assert len(_votes(waiting)) == 3
    assert [action for action, _ in audited(waiting)] == ["decisions.held", "decisions.carried_out"]
    assert found(waiting, held).status == "carried_out"


def test_undo_and_a_worker_at_the_same_moment_end_it_one_way(waiting: Channel) -> None:
    app = waiting.app
    for _ in range(3):
        held, _ = hold(waiting)
        waiting.pass_time(seconds=10)
        ready = threading.Barrier(2)

        def work(ready: threading.Barrier = ready) -> int:
            ready.wait(10)
            return carry_out_due(app.database, app.engine, app.clock, waiting.tenant)

        def take_back(ready: threading.Barrier = ready, held: UUID = held) -> int:
            ready.wait(10)
            try:
                undo(waiting, held)
            except Conflict:
                return 0
            return 1

        with ThreadPoolExecutor(2) as pool:
            ended = [each.result() for each in (pool.submit(work), pool.submit(take_back))]
        assert sum(ended) == 1
        waiting.govern()
        if ended[0]:
            assert states(waiting) == ["released"] * 3
            return
        assert states(waiting) == ["held"] * 3


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_leaves_it_due_and_the_next_carries_it_out_once(
    waiting: Channel, settings: Settings, tmp_path: Path
) -> None:
    held, _ = hold(waiting)
    waiting.pass_time(seconds=10)
    code = f"""
from datetime import datetime
from pathlib import Path
from uuid import UUID
from headgate.kernel.clock import FixedClock
from headgate.kernel.settings import Settings
from headgate.process.carrying import carry_out_due
from headgate.store import Database
from headgate.wiring import build
clock = FixedClock(datetime.fromisoformat({waiting.clock.now().isoformat()!r}))
database = Database({settings.app_database_url!r}, pool_size=2)
app = build(Settings(home=Path({str(tmp_path)!r})), clock, database=database)
carry_out_due(database, app.engine, clock, UUID({str(waiting.tenant)!r}))
"""
    # Two of three decisions stand in the log of a transaction that never commits.
    killed = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {VARIABLE: "approval.voted@2"}, capture_output=True, check=False
    )
    assert b"killed at crash point" in killed.stderr, killed.stderr
    assert found(waiting, held).status == "held"
    assert states(waiting) == ["held"] * 3
    assert carry_out(waiting) == 1
    assert states(waiting) == ["released"] * 3
    assert len(_votes(waiting)) == 3


def test_a_workers_round_carries_it_out_and_applies_it(waiting: Channel) -> None:
    held, _ = hold(waiting)
    worker = Worker(waiting.app)
    worker.step(waiting.runner)
    assert states(waiting) == ["held"] * 3
    waiting.clock.set(found(waiting, held).due_at)
    worker.step(waiting.runner)
    assert states(waiting) == ["released"] * 3


def test_what_breaks_is_put_off_keeps_no_other_waiting_and_is_given_up_in_the_end(
    waiting: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, _ = hold(waiting)
    waiting.pass_time(seconds=10)

    def breaking(*_args: object, **_more: object) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(holding, "decide_each", breaking)
    for turn in range(1, MOST_TRIES + 1):
        waiting.clock.set(found(waiting, held).hold.next_at)
        assert carry_out(waiting) == 0
        assert found(waiting, held).hold.tries == turn
    done = found(waiting, held)
    assert done.status == "given_up"
    assert all("decide it again" in reason for reason in reasons(done))
    monkeypatch.undo()
    assert all(each.error is None for each in hold(waiting)[1])


def test_old_ones_are_forgotten_with_their_items_and_those_that_wait_are_not(waiting: Channel) -> None:
    held, _ = hold(waiting)
    undo(waiting, held)
    again, _ = hold(waiting)
    later = waiting.clock.now().replace(year=2027)
    with waiting.app.database.transaction(waiting.tenant) as conn:
        assert holding.forget_held(conn, later) == 1
        left = conn.execute("select distinct held from held_decision_items").fetchall()
    assert left == [(again,)]


def _votes(channel: Channel) -> list[tuple[Any, ...]]:
    with channel.app.database.transaction(channel.tenant, read_only=True) as conn:
        query = "select principal, justification, event_seq from approval_votes order by event_seq"
        return conn.execute(query).fetchall()
