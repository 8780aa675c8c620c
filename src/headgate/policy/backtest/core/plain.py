"""Decisions that are a list of evaluations of policies, nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from headgate.policy.backtest.core.lens import About, Asked, Effect, Judge
from headgate.policy.backtest.core.matcher import Answer

STOPPING = frozenset({"hold", "reject", "review", "ask"})
AMOUNTS = ("stake", "amount")  # inputs that say what is at stake, in the tenant's currency


class PlainLens:
    """Each decision stands alone: its outcome is what its last evaluation says."""

    @property
    def note(self) -> str:
        """What is weighed again."""
        return "Each decision is weighed again by itself; what other policies made of it later is not."

    @property
    def edition(self) -> int:
        """The first way of reading them."""
        return 1

    def peek(self, text: bytes, policy: str) -> Sequence[Asked] | None:
        """These records are short: they are read as a whole."""
        return None

    def opened(self, record: Any) -> Any:
        """As it is."""
        return record

    def asked(self, record: Any, policy: str) -> Sequence[Asked]:
        """Those evaluations of the list that are of the policy."""
        if not isinstance(record, list):
            return ()
        return [
            Asked(place, e["version"], tuple(e["inputs"]), tuple(e["inputs"].values()), e["rows"], e["outputs"])
            for place, e in enumerate(record)
            if e["policy"] == policy
        ]

    def stops(self, record: Any, outcome: str) -> bool:
        """By the usual words, and wherever somebody is asked to approve."""
        if any(word in STOPPING for word in outcome.split(", ")):
            return True
        return isinstance(record, list) and bool(_steps([e["outputs"] for e in record]))

    def followed(self, record: Any) -> bool:
        """Nothing is known of approvals before."""
        return False

    def about(self, opened: Any) -> About:
        """Whose it is and what is at stake, where the inputs say so."""
        record = opened
        last = record[-1]["inputs"] if isinstance(record, list) and record else {}
        partner = last.get("partner")
        return About(partner if isinstance(partner, str) else "", _amount(record))

    def recorded(self, opened: Any, outcome: str, judge: Judge) -> Effect:
        """What the evaluations said."""
        return _effect([(e["outputs"], e["rows"]) for e in opened], _amount(opened))

    def again(self, opened: Any, policy: str, answers: Mapping[int, Answer], judge: Judge) -> Effect:
        """The same with the answers put in."""
        record = opened
        said = [
            (answers[place].outputs, answers[place].rows) if place in answers else (e["outputs"], e["rows"])
            for place, e in enumerate(record)
        ]
        return _effect(said, _amount(record))


def _effect(said: Sequence[tuple[Mapping[str, Any], Sequence[str]]], amount: Decimal | None) -> Effect:
    steps = _steps([outputs for outputs, _ in said])
    outcome = ", ".join(dict.fromkeys(_label(outputs, rows) for outputs, rows in said))
    held = bool(steps) or any(word in STOPPING for word in outcome.split(", "))
    return Effect(outcome, held, steps, amount or Decimal(0))


def _steps(said: Sequence[Mapping[str, Any]]) -> tuple[tuple[int, str], ...]:
    """Level and role of everybody whom listed outputs ask."""
    items = (item for outputs in said for item in outputs.get("list") or ())
    found = {
        (int(str(item["level"])), str(item["role"]))
        for item in items
        if isinstance(item, Mapping) and "role" in item and "level" in item
    }
    return tuple(sorted(found))


def _label(outputs: Mapping[str, Any], rows: Sequence[str]) -> str:
    """What a table said, in a word or two: its outcome, the roles or outcomes it lists, or its rows."""
    if outputs.get("outcome"):
        return str(outputs["outcome"])
    items = [item for item in outputs.get("list") or () if isinstance(item, Mapping)]
    for name in ("role", "outcome"):
        found = list(dict.fromkeys(str(item[name]) for item in items if item.get(name)))
        if found:
            return ", ".join(found)
    return ", ".join(rows) or "nothing"


def _amount(record: Any) -> Decimal | None:
    """The largest amount among the evaluations."""
    found = []
    for evaluation in record if isinstance(record, list) else ():
        for name in AMOUNTS:
            text = evaluation["inputs"].get(name)
            if isinstance(text, str):
                try:
                    found.append(Decimal(text))
                except InvalidOperation:
                    continue
    return max((a for a in found if a.is_finite()), default=None)
