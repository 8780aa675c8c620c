"""A batch comes to the last word on each case, task and clock, in the order things happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from headgate.ledger.core.chain import AuditDraft
from headgate.process.core.gather import Gathered
from headgate.process.core.state import (
    Advance,
    Case,
    Effect,
    EventEmitted,
    RecordChanged,
    TaskEscalated,
    TaskOpened,
    TasksClosed,
    TimersCleared,
    TimerSet,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)


def advance(*effects: Effect, case: UUID = ONE, stage: str = "here") -> Advance:
    state = Case(case, "repair", 1, "thing", "T-1", "thing:T-1", stage, "waiting", NOW, NOW)
    return Advance(state, effects, (), AuditDraft("moved", "thing", "T-1", "system", {}))


def task(number: int, level: int = 1, role: str = "manager", case: UUID = ONE) -> TaskOpened:
    return TaskOpened(UUID(int=number), case, "approval", "Decide", role, None, None, None, None, level)


def gathered(*advances: Advance) -> Gathered:
    found = Gathered()
    for seq, item in enumerate(advances, 1):
        found.add(item, seq)
    return found


def statuses(found: Gathered) -> dict[int, str]:
    return {t.int: row.status for t, row in found.tasks.items()}


def shown(found: Gathered) -> dict[int, str]:
    """The second roles of tasks."""
    return {t.int: row.also_role for t, row in found.tasks.items()}


def test_the_last_state_of_a_case_counts() -> None:
    found = gathered(advance(stage="a"), advance(case=OTHER, stage="b"), advance(stage="c"))
    assert {case: state.stage for case, state in found.cases.items()} == {ONE: "c", OTHER: "b"}
    assert len(found.audits) == 3


def test_a_task_opened_and_closed_in_one_batch_is_closed() -> None:
    found = gathered(advance(task(1)), advance(TasksClosed(ONE, "done")))
    assert statuses(found) == {1: "done"}
    assert found.closed == [TasksClosed(ONE, "done")]  # those of the case that are stored already are closed too


def test_a_task_opened_after_the_closing_stays_open() -> None:
    found = gathered(advance(task(1), TasksClosed(ONE, "cancelled"), task(2)))
    assert statuses(found) == {1: "cancelled", 2: "open"}


def test_closing_keeps_to_its_case_level_and_role() -> None:
    tasks = (task(1), task(2, level=2), task(3, role="finance"), task(4, case=OTHER))
    assert statuses(gathered(advance(*tasks, TasksClosed(ONE, "done", 1, "manager")))) == {
        1: "done",
        2: "open",
        3: "open",
        4: "open",
    }
    assert statuses(gathered(advance(*tasks, TasksClosed(ONE, "done", 1)))) == {
        1: "done",
        2: "open",
        3: "done",
        4: "open",
    }


def test_what_was_closed_is_not_closed_another_way_later() -> None:
    found = gathered(advance(task(1)), advance(TasksClosed(ONE, "done")), advance(TasksClosed(ONE, "cancelled")))
    assert statuses(found) == {1: "done"}


def test_a_task_that_was_late_is_shown_to_a_second_role_and_one_opened_after_it_is_not() -> None:
    late = TaskEscalated(ONE, 1, "manager", "boss")
    # Of what is stored already: escalated first, then closed, whatever batches the two came in.
    found = gathered(advance(late), advance(TasksClosed(ONE, "cancelled"), task(2)))
    assert (found.escalated, statuses(found), shown(found)) == ([late], {2: "open"}, {2: ""})
    # Opened, late and closed within the batch; the level was opened again before it was late again.
    found = gathered(advance(task(1), late, TasksClosed(ONE, "done")), advance(task(2)), advance(late))
    assert (statuses(found), shown(found)) == ({1: "done", 2: "open"}, {1: "boss", 2: "boss"})
    assert found.escalated == [late]


def test_an_escalation_after_the_closing_is_not_for_what_was_closed() -> None:
    late = TaskEscalated(ONE, 1, "manager", "boss")
    assert gathered(advance(TasksClosed(ONE, "done"), late)).escalated == []
    assert gathered(advance(TasksClosed(OTHER, "done"), late)).escalated == [late]
    assert gathered(advance(TasksClosed(ONE, "done", 1, "finance"), late)).escalated == [late]
    other = gathered(advance(task(1), task(2, role="finance"), task(3, level=2), task(4, case=OTHER), late))
    assert shown(other) == {1: "boss", 2: "", 3: "", 4: ""}


def test_clocks_are_set_replaced_and_cleared_in_order() -> None:
    def timer(name: str, hours: int) -> TimerSet:
        return TimerSet(ONE, "thing:T-1", name, NOW + timedelta(hours=hours))

    found = gathered(
        advance(timer("sla.warn", 1), timer("sla.breach", 2), timer("approval.late.1", 3)),
        advance(TimersCleared(ONE, "approval."), timer("sla.warn", 4)),
        advance(TimersCleared(OTHER, "")),
    )
    assert {name: t.fire_at for (_, name), t in found.timers.items()} == {
        "sla.warn": NOW + timedelta(hours=4),
        "sla.breach": NOW + timedelta(hours=2),
    }
    assert gathered(advance(timer("sla.warn", 1), TimersCleared(ONE, ""))).timers == {}
    assert list(gathered(advance(TimersCleared(ONE, ""), timer("sla.warn", 1))).timers) == [(ONE, "sla.warn")]


def test_records_and_events_keep_their_order() -> None:
    told = EventEmitted("thing.mended", "T-1", {})
    found = gathered(advance(RecordChanged("a")), advance(RecordChanged("b"), told))
    assert found.records == {"thing": ["a", "b"]}
    assert found.emitted == [(2, told)]
