"""Whom a mail goes to and when again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from headgate.connectors.mail.core.asking import MOST_TURNS, due
from headgate.process.core.foresee import Candidate, Foreseen
from headgate.process.core.state import Approval, ApprovalStep

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ID = UUID(int=1)


def step(level: int = 1, status: str = "open", remind: str = "", **more: object) -> ApprovalStep:
    hours = Decimal(remind) if remind else None
    return ApprovalStep(level, "s", "finance", 1, status, NOW, Decimal(8), remind_hours=hours, **more)  # type: ignore[arg-type]  # of a test


def asked(*steps: ApprovalStep) -> Approval:
    return Approval(
        approval=ID, case_id=ID, subject_type="order", subject="O-1", partner=None, digest="", status="pending",
        requested_by="user:x", barred=(), requested_at=NOW, expires_at=NOW + timedelta(days=9), stake=None,
        currency=None, exceptions=(), summary={}, steps=steps,
    )  # fmt: skip


def plain(partner: str | None, start: datetime, hours: Decimal) -> datetime:
    return start + timedelta(hours=float(hours))


def told(
    steps: Sequence[tuple[ApprovalStep, tuple[str, ...]]],
    sent: Mapping[tuple[UUID, int, str], tuple[int, datetime]] | None = None,
    taken: Mapping[tuple[UUID, int], tuple[str | None, datetime | None]] | None = None,
) -> list[tuple[str, int]]:
    approval = asked(*(one for one, _ in steps))
    foreseen = [Foreseen(one, tuple(Candidate(p) for p in people), ()) for one, people in steps]
    return [(each.principal, each.turn) for each in due([(approval, foreseen)], taken or {}, sent or {}, plain, NOW)]


def test_open_steps_are_written_about_and_others_are_not() -> None:
    assert told([(step(), ("a", "b")), (step(2, "waiting"), ("c",))]) == [("a", 0), ("b", 0)]
    assert told([(step(), ("a",)), (step(), ("a",))]) == [("a", 0)], "one mail for two steps of a level"


def test_a_task_that_is_taken_or_sleeps_is_nobody_elses() -> None:
    both = [(step(), ("a", "b"))]
    assert told(both, taken={(ID, 1): ("b", None)}) == [("b", 0)]
    assert told(both, taken={(ID, 1): (None, NOW + timedelta(hours=1))}) == []
    assert told(both, taken={(ID, 1): (None, NOW)}) == [("a", 0), ("b", 0)], "it has woken up"
    gone = told(both, taken={(ID, 1): ("c", None)})
    assert gone == [("a", 0), ("b", 0)], "who took it may not decide any more: the others are asked"


def test_reminders_come_when_their_hours_are_over_and_end() -> None:
    once = {(ID, 1, "a"): (0, NOW - timedelta(hours=4))}
    assert told([(step(), ("a",))], once) == []
    assert told([(step(remind="4.5"), ("a",))], once) == []
    assert told([(step(remind="4"), ("a",))], once) == [("a", 1)]
    last = {(ID, 1, "a"): (MOST_TURNS - 1, NOW - timedelta(days=4))}
    assert told([(step(remind="4"), ("a",))], last) == []
