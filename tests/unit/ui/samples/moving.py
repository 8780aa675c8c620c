"""Moving cases to another version."""

from __future__ import annotations

from dataclasses import replace

from headgate.console.views.common import FormError, Option
from headgate.console.views.moving import (
    DifferenceRow,
    GroupRow,
    MigrationView,
    MovedCase,
    MoveView,
    PastMove,
    Question,
    StayRow,
)
from tests.unit.ui.samples.base import ANA, ago, uid

CASES = tuple(
    MovedCase(f"R-{n:04}", f"/cases/{uid(str(n))}", ("an approval",), ("no longer waits for order.reopened",))
    for n in range(1, 5)
)
ASK = MoveView(
    process="order_to_release",
    title="From order to release",
    versions=(Option("3", "Version 3, in force"), Option("2", "Version 2"), Option("1", "Version 1")),
    to=3,
    rehearsed=False,
)
MOVE = replace(
    ASK,
    rehearsed=True,
    movable=1204,
    staying=31,
    groups=(
        GroupRow(
            2,
            "Waiting for approval",
            "",
            29,
            (
                "Its open approval would be asked otherwise in version 3 (its matrix), so it binds something else.",
                "‘Check’ would be lost: no step of version 3 has that name.",
            ),
            CASES,
        ),
        GroupRow(1, "exception", "", 2, ("Version 3 has no stage 'exception'.",), CASES[:2]),
        GroupRow(2, "Released", "Released", 1200, (), CASES),
        GroupRow(1, "Returned to the requester", "With the requester", 4, (), CASES),
    ),
    questions=(
        Question("stage:exception", "exception", "Exception", 2, (Option("deciding", "Waiting for approval"),), ""),
        Question(
            "data:check", "check", "Check", 29, (Option("keep", "Carry it along as it is"), Option("to:v", "v")), "keep"
        ),
    ),
    differences=(
        DifferenceRow("Second look", "added", "stage 'Second look'"),
        DifferenceRow("exception", "removed", "stage 'Waiting for approval'"),
    ),
    past=(PastMove(f"/migrations/{uid('9')}", 2, "queued", ago(days=40), "one desk decides now"),),
)
OLDEST = replace(MOVE, only="1", movable=4, staying=2, groups=(MOVE.groups[1], MOVE.groups[3]))
NOTHING = replace(MOVE, only="2", movable=0, staying=0, groups=(), questions=(), differences=(), past=())
WRONG = replace(
    MOVE,
    under_way=f"/migrations/{uid('9')}",
    errors=(FormError("", "‘Deciding’ is not a stage of version 3."), FormError("reason", "Say in a few words why.")),
)
RUNNING = MigrationView(
    migration=str(uid("9")),
    process="order_to_release",
    title="From order to release",
    to=3,
    status="running",
    reason="one desk decides now",
    by=ANA,
    at=ago(minutes=2),
    moved=800,
    stayed=12,
    waiting=188,
    back=0,
    more=True,
    left=24_000,
    stays=(StayRow("Its open approval would be asked otherwise in version 3 (its matrix).", 12, "stayed"),),
    may_act=True,
)
DONE = replace(RUNNING, status="queued", moved=1204, waiting=0, more=False, left=0)
BACK = replace(
    DONE,
    status="undone",
    moved=3,
    back=1201,
    may_act=False,
    stays=(*DONE.stays, StayRow("It has gone on since it was moved.", 3, "kept")),
)
