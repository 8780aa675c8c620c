"""The checks of an order: findings that are alike told once, those that stop the order first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headgate.console.present.evaluations import (
    Recorded,
    Tables,
    input_facts,
    linked,
    outcome_of,
    policy_ref,
    readable,
    reason_of,
)
from headgate.console.present.lens import Lens
from headgate.console.views.common import Fact, PolicyRef
from headgate.console.views.order import Check
from headgate.kernel.phrases import Phrase, phrase
from headgate.ui.words import humanise

RELEASE = "release"
TITLES = {
    "partner": phrase("Partner and terms"),
    "price": phrase("Price against contract"),
    "margin": phrase("Margin"),
    "credit": phrase("Credit"),
    "tax": phrase("Tax"),
    "availability": phrase("Availability"),
    "duplicate": phrase("Duplicate order"),
    "minimum": phrase("Minimum quantities"),
    "export": phrase("Ship-to and export rules"),
    "split": phrase("Order split in parts"),
    RELEASE: phrase("The last word on the order"),
}
_ORDER = ("reject", "hold", "flag", "note", "pass")


@dataclass(frozen=True, slots=True)
class Found:
    """A recorded finding with what became of it, and the evaluation (and its row) that said so."""

    key: str
    check: str
    line: str
    outcome: str
    detail: str
    exception: str
    waived: bool
    evaluation: Recorded | None
    place: int = 0


def findings(recorded: Recorded) -> list[Found]:
    """Every finding of a decision; the final table's word comes last."""
    exceptions = {(e.get("type"), e.get("line") or ""): str(e.get("outcome")) for e in recorded.get("exceptions") or ()}
    naming = recorded.get("naming")
    found = [_found(item, exceptions, naming) for item in recorded.get("checks") or ()]
    last = recorded.get("release")
    if isinstance(last, Mapping):
        found.append(Found(RELEASE, RELEASE, "", outcome_of(last), "", "", waived=False, evaluation=last))
    return found


def _found(item: Recorded, exceptions: Mapping[tuple[Any, str], str], naming: Recorded | None) -> Found:
    check, line = str(item.get("check", "")), str(item.get("line") or "")
    exception, waived = str(item.get("exception") or ""), bool(item.get("waived"))
    evaluation, place = item.get("evaluation"), 0
    outcome = str(item.get("outcome", ""))
    if evaluation is None and exception and not waived:
        # The order's own tables decided what this finding means.
        outcome = exceptions.get((exception, line), "note")
        evaluation, place = _named(naming, exception)
    elif outcome == "note":
        outcome = "pass"
    key = f"{check}:{line}" if line else check
    return Found(key, check, line, outcome, str(item.get("detail", "")), exception, waived, evaluation, place)


def _named(naming: Recorded | None, exception: str) -> tuple[Recorded | None, int]:
    if naming is None:
        return None, 0
    items = naming.get("outputs", {}).get("list") or ()
    place = next((i for i, item in enumerate(items) if item.get("exception") == exception), None)
    return (None, 0) if place is None else (naming, place)


def checks_of(recorded: Recorded, tables: Tables, lens: Lens) -> tuple[Check, ...]:
    """The checks as the order's page lists them."""
    groups: dict[tuple[object, ...], list[Found]] = {}
    for each in findings(recorded):
        rows = tuple(each.evaluation.get("rows") or ()) if each.evaluation is not None else ()
        # What passed is told in one breath, whichever row let it pass.
        alike: object = each.key
        if each.line:
            alike = "" if each.outcome == "pass" else rows
        groups.setdefault((each.check, each.outcome, each.waived, each.exception, alike), []).append(each)
    made = [_check(group, tables, lens) for group in groups.values()]
    return tuple(sorted(made, key=lambda check: (_rank(check.outcome), check.key == RELEASE)))


def _rank(outcome: str) -> int:
    return _ORDER.index(outcome) if outcome in _ORDER else len(_ORDER)


def _check(group: Sequence[Found], tables: Tables, lens: Lens) -> Check:
    # The one that strays furthest speaks for those that are alike.
    first = max(group, key=_strays)
    own = first.evaluation is not None and first.evaluation.get("outputs", {}).get("list") is None
    reason: str = readable(first.detail, lens)
    facts: tuple[Fact, ...] = ()
    if first.evaluation is not None and own:
        facts, reason = input_facts(tables, first.evaluation), reason_of(first.evaluation, lens, first.place)
        if len(group) > 1:
            facts = (Fact(phrase("Shown for line"), first.line), *facts)
            told = (
                phrase("%(reason)s (line %(line)s; %(group)s more pass)")
                if first.outcome == "pass"
                else phrase("%(reason)s (line %(line)s; %(group)s more like it)")
            )
            reason = Phrase(told, {"reason": reason, "line": first.line, "group": len(group) - 1})
    return Check(
        key=first.key,
        title=TITLES.get(first.check, humanise(first.check)),
        outcome=first.outcome,
        reason=reason,
        policy=reference(first, tables),
        facts=facts,
        lines=tuple(each.line for each in group if each.line),
        waived=first.waived,
    )


def reference(found: Found, tables: Tables) -> PolicyRef | None:
    """The policy row behind a finding; None where none was asked."""
    return None if found.evaluation is None else policy_ref(tables, found.evaluation, found.place)


def _strays(found: Found) -> float:
    inputs = found.evaluation.get("inputs", {}) if found.evaluation is not None else {}
    # Only to choose an example to show, so a float will do.
    if "deviation_pct" in inputs:
        return abs(float(inputs["deviation_pct"]))
    return -float(inputs.get("margin_pct") or 0)


def evaluations_in(recorded: Recorded) -> list[Recorded]:
    """Every evaluation of a decision and those it is chained to, to load the texts of their policies."""
    items = [item.get("evaluation") for item in recorded.get("checks") or ()]
    found = [each for each in (*items, recorded.get("naming"), recorded.get("release")) if isinstance(each, Mapping)]
    return [*found, *(link for each in found for link in linked(each))]
