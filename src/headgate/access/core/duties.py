"""Duties that one person may not hold together: the matrix as a value, where it is broken, and by which acts.

Segregation of duties as ISO/IEC 27001:2022 (A 5.3) and COSO understand it: whoever can start a thing cannot also let it
pass. A rule is a pair of permissions, so it holds whichever roles bring them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headgate.access.core.roles import LOOKING, PERMISSIONS, SEPARATED
from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase

MOST_RULES = 200
AUDITOR = "auditor"
AUDITOR_REASON = "an auditor does not take part in what is audited"


@dataclass(frozen=True, slots=True)
class Rule:
    """Two permissions that must not meet in one person, nor on one thing."""

    first: str
    second: str
    reason: str

    @property
    def pair(self) -> frozenset[str]:
        """The permissions, in no order."""
        return frozenset((self.first, self.second))

    def other(self, permission: str) -> str:
        """The other half; '' for a permission that the rule does not name."""
        if permission not in (self.first, self.second):
            return ""
        return self.second if permission == self.first else self.first

    def as_dict(self) -> dict[str, str]:
        """The rule as stored."""
        return {"first": self.first, "second": self.second, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Matrix:
    """A version of the matrix; 0 is the shipped one."""

    version: int
    rules: tuple[Rule, ...]

    def rule_of(self, first: str, second: str) -> Rule | None:
        """The rule about two permissions, in either order."""
        return next((rule for rule in self.rules if rule.pair == {first, second}), None)


@dataclass(frozen=True, slots=True)
class Clash:
    """Two roles (the same one twice, where it clashes with itself) that bring both halves of a rule to one person."""

    first: str
    second: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class MatrixChange:
    """What a version of the matrix changes in another."""

    added: tuple[Rule, ...]
    removed: tuple[Rule, ...]
    reworded: tuple[Rule, ...]


SHIPPED = Matrix(0, tuple(Rule(*rule) for rule in SEPARATED))

# Which acts on record are the use of a permission: actions of the audit chain …
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "agreements.write": ("agreement.drafted", "agreement.submitted"),
    "agreements.approve": ("agreement.approved",),
    "policies.author": ("policy.drafted", "policy.submitted", "policy.emergency_applied"),
    "policies.approve": ("policy.approved", "policy.emergency_reviewed"),
    "cases.intervene": ("case.intervened",),
    "privacy.write": ("erasure.requested", "hold.placed"),
    "tenant.export": ("tenant_export.asked", "tenant_export.downloaded"),
    "privacy.approve": ("erasure.approved", "erasure.refused"),
}
# … and types of events.
EVENTS: Mapping[str, tuple[str, ...]] = {
    "orders.write": ("order.submitted", "order.amended"),
    "deals.write": ("deal.submitted", "deal.amended", "deal.drafted"),
    "prices.request": ("price_exception.requested", "price_exception.amended"),
    "returns.request": ("rma.requested", "rma.amended"),
    "approvals.decide": ("approval.decided",),
}


def clashes(held: Mapping[str, frozenset[str]], matrix: Matrix) -> list[Clash]:
    """Where roles with their permissions break the matrix, by name of role; empty when all is well."""
    names = sorted(held)
    found = []
    for place, first in enumerate(names):
        for second in names[place:]:
            found += [Clash(first, second, rule) for rule in _broken(first, second, held, matrix)]
    return found


def _broken(first: str, second: str, held: Mapping[str, frozenset[str]], matrix: Matrix) -> Iterable[Rule]:
    if first != second and AUDITOR in (first, second):
        other = second if first == AUDITOR else first
        if held[other] <= LOOKING:
            return
        yield Rule("audit.read", min(held[other] - LOOKING), AUDITOR_REASON)
        return
    for rule in matrix.rules:
        one, two = rule.first, rule.second
        if (one in held[first] and two in held[second]) or (two in held[first] and one in held[second]):
            if first != second and (rule.pair <= held[first] or rule.pair <= held[second]):
                continue  # told where the role clashes with itself
            yield rule


def parse_rules(rules: Iterable[Any]) -> tuple[Rule, ...]:
    """Rules as given: pairs of different permissions with a reason, each pair once, in the order of the catalogue.

    Raises `Invalid`.
    """
    order = list(PERMISSIONS)
    found: dict[frozenset[str], Rule] = {}
    for each in rules:
        if not isinstance(each, Mapping):
            raise invalid("rules", each, "is not a rule", "Give first, second and reason.")
        first, second = str(each.get("first", "")), str(each.get("second", ""))
        reason = str(each.get("reason", "")).strip()
        for name, value in (("first", first), ("second", second)):
            if value not in PERMISSIONS:
                raise invalid(
                    name,
                    value,
                    "is not a permission",
                    phrase("Use one of %(names)s.", names=", ".join(sorted(PERMISSIONS))),
                )
        if first == second:
            raise invalid("second", second, "is the same as first", "A rule keeps two permissions apart.")
        if not 5 <= len(reason) <= 300 or not reason.isprintable():
            raise invalid("reason", reason, "is no reason", "Say in 5 to 300 characters why they stay apart.")
        first, second = sorted((first, second), key=order.index)
        if frozenset((first, second)) in found:
            raise invalid("rules", f"{first} × {second}", "stands twice", "Keep one of them.")
        found[frozenset((first, second))] = Rule(first, second, reason)
    if len(found) > MOST_RULES:
        raise invalid("rules", len(found), phrase("are more than %(most_rules)s", most_rules=MOST_RULES))
    return tuple(sorted(found.values(), key=lambda r: (order.index(r.first), order.index(r.second))))


def matrix_change(before: Sequence[Rule], after: Sequence[Rule]) -> MatrixChange:
    """What comes, what goes, and what only says its reason in other words."""
    old, new = {r.pair: r for r in before}, {r.pair: r for r in after}
    return MatrixChange(
        tuple(r for r in after if r.pair not in old),
        tuple(r for r in before if r.pair not in new),
        tuple(r for r in after if r.pair in old and old[r.pair].reason != r.reason),
    )
