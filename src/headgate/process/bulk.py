"""Many approvals decided at once: each by its own digest, each for itself. What cannot be decided stops no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.kernel.errors import HeadgateError, invalid
from headgate.kernel.phrases import phrase
from headgate.process.core.state import Approval
from headgate.process.decisions import Choice, check_choice, decide_approval
from headgate.process.engine import Engine
from headgate.process.repo import get_approvals

MOST_AT_ONCE = 100
OUTCOMES = ("approve", "reject", "return")


@dataclass(frozen=True, slots=True)
class Item:
    """One approval, and what is decided about exactly which content."""

    approval: UUID
    choice: Choice


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an item: its place in the log, or the error. `asked` is the approval as it stood."""

    approval: UUID
    seq: int | None
    error: HeadgateError | None
    asked: Approval | None


def decide_each(
    conn: Connection[Any], ctx: Context, engine: Engine, items: Sequence[Item], *, only_check: bool = False
) -> list[Taken]:
    """Put each decision into the log that may stand there, in the order given; with `only_check` nothing is written.

    Raises Invalid for a list that is empty, too long or names an approval twice. An edit says something about one
    request, so it is decided on its own.
    """
    _check(items)
    known = get_approvals(conn, [item.approval for item in items])
    return [_taken(conn, ctx, engine, item, known.get(item.approval), only_check=only_check) for item in items]


def _check(items: Sequence[Item]) -> None:
    if not 0 < len(items) <= MOST_AT_ONCE:
        raise invalid(
            "items",
            len(items),
            "is not a number of approvals",
            phrase("Decide 1 to %(most_at_once)s at once.", most_at_once=MOST_AT_ONCE),
        )
    seen: set[UUID] = set()
    for place, item in enumerate(items):
        if item.approval in seen:
            raise invalid(f"items[{place}].approval", item.approval, "stands twice", "Name each approval once.")
        seen.add(item.approval)
        if item.choice.outcome not in (*OUTCOMES, *(("edit",) if len(items) == 1 else ())):
            fix = phrase("Use one of %(names)s; an edit is made on its own.", names=", ".join(OUTCOMES))
            raise invalid(f"items[{place}].outcome", item.choice.outcome, "cannot be decided for many at once", fix)


def _taken(
    conn: Connection[Any], ctx: Context, engine: Engine, item: Item, asked: Approval | None, *, only_check: bool
) -> Taken:
    try:
        # Each for itself: what is refused must leave nothing behind, and take nothing with it.
        with conn.transaction():
            if only_check:
                check_choice(conn, ctx, engine, item.approval, item.choice)
                return Taken(item.approval, None, None, asked)
            return Taken(item.approval, decide_approval(conn, ctx, engine, item.approval, item.choice), None, asked)
    except HeadgateError as error:
        return Taken(item.approval, None, error, asked)


def stakes(taken: Sequence[Taken]) -> Decimal:
    """The money at stake in what was or can be decided, in the tenant's currency."""
    found = [t.asked.stake for t in taken if t.error is None and t.asked is not None and t.asked.stake is not None]
    return sum(found, Decimal(0))
