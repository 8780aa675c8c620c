"""What happens to orders after they were placed: amended, cancelled, reopened, shipped; and what the weeks need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from headgate.packs.simulator.demand import Demand
from headgate.packs.simulator.model import Line, Order, Product

StepKind = Literal["submit", "amend", "cancel", "reopen", "ship"]
_AMENDED, _CANCELLED, _REOPENED, _IN_PARTS = 0.026, 0.014, 0.5, 0.08
_REASONS = ("budget cut at the customer", "ordered by mistake", "the customer chose another model")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens to an order. `lines` are the amended lines, or those that ship."""

    at: datetime
    kind: StepKind
    order: Order
    lines: tuple[Line, ...] = ()
    reason: str = ""


def plan_steps(
    rng: Random, orders: Iterable[Order], touched: set[str], products: dict[str, Product], demand: Demand, end: datetime
) -> list[Step]:
    """Every step of every order up to the end, in order of time. `touched` orders are placed and shipped, no more."""
    steps: list[Step] = []
    for order in orders:
        steps.append(Step(order.at, "submit", order))
        if order.fate not in ("release", "flag"):
            continue
        lines, ships_after = tuple(order.lines), order.at
        chance = 1.0 if order.number in touched else rng.random()
        if chance < _CANCELLED:
            cancelled = order.at + timedelta(minutes=rng.randint(30, 400))
            steps.append(Step(cancelled, "cancel", order, (), rng.choice(_REASONS)))
            if rng.random() >= _REOPENED:
                continue
            ships_after = cancelled + timedelta(hours=rng.randint(20, 50))
            steps.append(Step(ships_after, "reopen", order, (), "the customer wants it after all"))
        elif chance < _CANCELLED + _AMENDED:
            at = order.at + timedelta(minutes=rng.randint(15, 240))
            lines = _amended(rng, order, products, demand)
            steps.append(Step(at, "amend", order, lines, "quantity changed by the customer"))
            ships_after = at
        steps.extend(_shipments(rng, order, lines, ships_after))
    return sorted((s for s in steps if s.at < end), key=lambda s: (s.at, s.order.number, s.kind))


def weekly_needs(steps: Sequence[Step], start: datetime, weeks: int, apart: frozenset[str]) -> list[dict[str, int]]:
    """How much of each product the orders of each week ask for, those held for other reasons included.

    Orders in `apart` ask for more than there is, on purpose.
    """
    needs: list[dict[str, int]] = [{} for _ in range(weeks)]
    for step in steps:
        if step.kind in ("ship", "cancel") or step.order.number in apart:
            continue
        week = needs[min((step.at - start).days // 7, weeks - 1)]
        for line in step.lines or step.order.lines:
            week[line.product] = week.get(line.product, 0) + line.quantity
    return needs


def _amended(rng: Random, order: Order, products: dict[str, Product], demand: Demand) -> tuple[Line, ...]:
    lines = [replace(line) for line in order.lines]
    place = rng.randrange(len(lines))
    product = products[lines[place].product]
    more = product.multiple * rng.randint(1, 3)
    quantity = lines[place].quantity + more
    if rng.random() < 0.4 and lines[place].quantity - more >= product.min_quantity:
        quantity = lines[place].quantity - more
    changed = demand.line(order.at, order.partner, place + 1, product, quantity)
    lines[place] = replace(changed, line=lines[place].line)
    return tuple(lines)


def _shipments(rng: Random, order: Order, lines: tuple[Line, ...], after: datetime) -> list[Step]:
    first = _working_day(rng, after, rng.choice((1, 1, 2, 2, 3)))
    if len(lines) < 2 or rng.random() >= _IN_PARTS:
        return [Step(first, "ship", order, lines)]
    cut = rng.randint(1, len(lines) - 1)
    second = _working_day(rng, first, rng.randint(2, 4))
    return [Step(first, "ship", order, lines[:cut]), Step(second, "ship", order, lines[cut:])]


def _working_day(rng: Random, after: datetime, days: int) -> datetime:
    at = after
    while days:
        at += timedelta(days=1)
        days -= at.weekday() < 5
    return at.replace(hour=rng.randint(8, 16), minute=rng.randrange(60), second=0)
