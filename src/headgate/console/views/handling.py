"""What is about to be done to some tasks, for each of them, before it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from headgate.console.views.common import FormError, Option, View
from headgate.console.views.work import TaskRow
from headgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class HandledRow:
    """A task and what becomes of it: `refused` says why nothing does."""

    task: TaskRow
    refused: str = ""


@dataclass(frozen=True, slots=True)
class HandleView(View):
    """`act`: take, give_back, hand_over or snooze. `ready` tasks with `stake` would be changed. `values` is what was
    typed."""

    template: ClassVar[str] = "work_act.html"
    nav: ClassVar[str] = "work"

    act: str
    title: str
    verb: str
    rows: tuple[HandledRow, ...]
    ready: int
    stake: Money
    back: str
    people: tuple[Option, ...] = ()
    times: tuple[Option, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[FormError, ...] = ()
    reason_needed: bool = False

    def error(self, name: str) -> str:
        return next((each.message for each in self.errors if each.field == name), "")
