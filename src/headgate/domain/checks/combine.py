"""From what was found to the exceptions of an order: which types count, how grave each is, whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from headgate.domain.checks.facts import Verdict
from headgate.domain.checks.finding import Finding
from headgate.kernel.canonical import decimal_text
from headgate.kernel.money import to_minor

ZERO = Decimal(0)
SEVERITY = {"release": 0, "flag": 1, "hold": 2, "reject": 3}
RELEASE_POLICY = "order_release"


@dataclass(frozen=True, slots=True)
class ExceptionFound:
    """Why an order left the straight path. `stake` is in the tenant's currency; `outcome` is flag, hold or reject.

    `owner_role` is set where the policy `order_exceptions` says whose it is.
    """

    type: str
    line: str | None
    detail: str
    stake: Decimal
    outcome: str
    owner_role: str = ""

    def as_json(self) -> dict[str, object]:
        """The exception with its stake as text."""
        return {
            "type": self.type,
            "line": self.line,
            "detail": self.detail,
            "stake": decimal_text(self.stake),
            "outcome": self.outcome,
            "owner_role": self.owner_role,
        }


class Checked(NamedTuple):
    """A finding and what became of it: `verdict` is the evaluation where a policy decided, `waived` by an approval."""

    finding: Finding
    outcome: str  # pass | flag | hold | reject | note
    exception: str
    waived: bool
    verdict: Verdict | None

    def as_values(self) -> dict[str, Any]:
        """Check, line, words, policy evaluation and outcome, for canonical JSON."""
        finding = self.finding
        return {
            "check": finding.check,
            "line": finding.line,
            "detail": finding.detail,
            "outcome": self.outcome,
            "exception": self.exception,
            "waived": self.waived,
            "policy": finding.policy,
            "evaluation": None if self.verdict is None else self.verdict.as_values(),
        }


Raised = tuple[Checked, Decimal]  # what was found and not waived, with its stake in the tenant's currency


class Named(NamedTuple):
    """How grave an exception type is, and whose."""

    severity: str
    owner_role: str


def read_outcome(outputs: Mapping[str, Any]) -> str:
    """The outcome of `order_release`; one that is not known is taken as hold."""
    outcome = outputs.get("outcome")
    if outcome == "pass":
        return "release"
    return outcome if isinstance(outcome, str) and outcome in SEVERITY else "hold"


def read_names(outputs: Mapping[str, Any]) -> dict[str, Named]:
    """The exception types that `order_exceptions`, a collecting table, names; of several rows the severest counts."""
    named: dict[str, Named] = {}
    for row in outputs.get("list") or ():
        exception = str(row.get("exception") or "")
        severity = read_outcome({"outcome": row.get("severity")})
        known = named.get(exception)
        if exception and (known is None or SEVERITY[severity] > SEVERITY[known.severity]):
            named[exception] = Named(severity, str(row.get("owner_role") or ""))
    return named


def combine(
    outcome: str, raised: Sequence[Raised], names: Mapping[str, Named] | None, approved: frozenset[str], whole: Decimal
) -> tuple[str, tuple[ExceptionFound, ...]]:
    """The final outcome and the exceptions behind it.

    What a policy of its own decided keeps that outcome. What the order's tables decided counts where `names` has its
    type, as gravely as said there; without `names` all of it counts, as gravely as the order's outcome. A type that is
    only named concerns the whole order, with `whole` at stake, unless it is in `approved`; an order held for nothing
    but approved types goes on. A hold or reject that nothing explains gets the type `order_release`.
    """
    if outcome == "release":
        return outcome, tuple(_decided(raised))
    found = list(_decided(raised))
    for item, stake in raised:
        finding = item.finding
        if finding.policy or (names is not None and item.exception not in names):
            continue
        severity, owner = names[item.exception] if names is not None else Named(outcome, "")
        found.append(ExceptionFound(item.exception, finding.line, finding.detail, stake, severity, owner))
    seen = {item.exception for item, _ in raised}
    for name, (severity, owner) in (names or {}).items():
        if name not in seen and name not in approved:
            found.append(ExceptionFound(name, None, "the policy order_exceptions names it", whole, severity, owner))
    if outcome == "flag" or any(SEVERITY[item.outcome] >= SEVERITY["hold"] for item in found):
        return outcome, tuple(found)
    if outcome == "hold" and approved & {RELEASE_POLICY, *(names or ())}:
        return ("flag" if found else "release"), tuple(found)
    why = f"the policy {RELEASE_POLICY} asks for it"
    return outcome, (*found, ExceptionFound(RELEASE_POLICY, None, why, whole, outcome))


def stake_of(item: Checked, currency: str) -> Decimal:
    """The money at stake in a finding, rounded half up to the minor unit of the tenant's `currency`."""
    finding = item.finding
    if item.verdict is not None and finding.per_point:
        floor = item.verdict.outputs.get("floor_pct")
        if isinstance(floor, (Decimal, int)) and floor > finding.measured_pct:
            return to_minor((floor - finding.measured_pct) * finding.per_point, currency)
    return to_minor(finding.stakes.get(item.exception, finding.stake), currency)


def total_stake(stakes: Iterable[tuple[str | None, Decimal]]) -> Decimal:
    """The larger of the largest order-level stake (line None) and the sum over lines of each line's largest stake."""
    whole = ZERO
    lines: dict[str, Decimal] = {}
    for line, stake in stakes:
        if line is None:
            whole = max(whole, stake)
        else:
            lines[line] = max(lines.get(line, ZERO), stake)
    return max(whole, sum(lines.values(), ZERO))


def _decided(raised: Iterable[Raised]) -> Iterable[ExceptionFound]:
    for item, stake in raised:
        finding = item.finding
        if finding.policy:
            yield ExceptionFound(item.exception, finding.line, finding.detail, stake, item.outcome)
