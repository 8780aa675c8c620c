"""One decision per order: run the checks, let the policies decide, combine, and keep everything that was weighed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from headgate.domain.checks.facts import Decide, OrderFacts, Verdict
from headgate.domain.checks.finding import Finding
from headgate.domain.checks.prepared import Prepared, PricedLine, Totals, prepare
from headgate.domain.checks.release import Reading, read_release
from headgate.domain.credit import CreditResult
from headgate.domain.stock import LineAllocation
from headgate.domain.tax import TaxSnapshot
from headgate.kernel.canonical import decimal_text
from headgate.kernel.money import to_minor

ZERO = Decimal(0)
Check = Callable[[Prepared], Iterable[Finding]]
RELEASE_POLICY = "order_release"


@dataclass(frozen=True, slots=True)
class ExceptionFound:
    """Why an order left the straight path. `stake` is in the tenant's currency; `outcome` is flag, hold or reject."""

    type: str
    line: str | None
    detail: str
    stake: Decimal
    outcome: str

    def as_json(self) -> dict[str, object]:
        """The exception with its stake as text."""
        return {
            "type": self.type,
            "line": self.line,
            "detail": self.detail,
            "stake": decimal_text(self.stake),
            "outcome": self.outcome,
        }


class Checked(NamedTuple):
    """A finding and what became of it. `verdict` is the policy's evaluation where one decided; `waived` by an
    approval."""

    finding: Finding
    outcome: str  # pass | flag | hold | reject | note
    exception: str
    waived: bool
    verdict: Verdict | None

    def as_json(self) -> dict[str, Any]:
        """Check, line, words, policy evaluation and outcome."""
        finding = self.finding
        return {
            "check": finding.check,
            "line": finding.line,
            "detail": finding.detail,
            "outcome": self.outcome,
            "exception": self.exception,
            "waived": self.waived,
            "policy": finding.policy,
            "evaluation": None if self.verdict is None else self.verdict.as_json(),
        }


@dataclass(frozen=True, slots=True)
class OrderVerdict:
    """The decision on one order, with everything it rests on.

    `stake` (tenant currency) is the larger of the largest stake of an order-level exception and the sum over lines of
    each line's largest one, so that one line with two exceptions is not counted twice. `release` is the final table's
    evaluation over `release_inputs`.
    """

    outcome: str  # release | flag | hold | reject
    exceptions: tuple[ExceptionFound, ...]
    lines: tuple[PricedLine, ...]
    credit: CreditResult
    tax: TaxSnapshot
    allocation: tuple[LineAllocation, ...]
    totals: Totals
    checked: tuple[Checked, ...]
    release: Verdict
    release_inputs: Mapping[str, object]
    stake: Decimal

    @property
    def exception_types(self) -> tuple[str, ...]:
        """The distinct exception types, in the order they were found."""
        return tuple(dict.fromkeys(found.type for found in self.exceptions))

    @property
    def evaluations(self) -> tuple[Verdict, ...]:
        """Every policy evaluation, the final one last."""
        return (*(item.verdict for item in self.checked if item.verdict is not None), self.release)

    def as_json(self) -> dict[str, Any]:
        """The whole decision, amounts as text."""
        return {
            "outcome": self.outcome,
            "exceptions": [found.as_json() for found in self.exceptions],
            "checks": [item.as_json() for item in self.checked],
            "release": self.release.as_json(),
            "lines": [line.as_json() for line in self.lines],
            "credit": self.credit.as_json(),
            "tax": self.tax.as_json(),
            "allocation": [line.as_json() for line in self.allocation],
            "totals": self.totals.as_json(),
            "stake": decimal_text(self.stake),
        }


_Raised = tuple[Checked, Decimal]  # what was found and not waived, with its stake in the tenant's currency


def govern(facts: OrderFacts, decide: Decide, checks: Iterable[Check]) -> OrderVerdict:
    """Run the checks over an order and combine them through `order_release`.

    Findings with a policy are decided by it (outputs `outcome` pass, flag, hold or reject, and `exception`). The others
    set inputs of the final table. A finding that an approval waived counts as passed. Raises `Refused` where an
    exchange rate is missing.
    """
    prepared = prepare(facts)
    checked: list[Checked] = []
    raised: list[_Raised] = []
    signals: dict[str, object] = {}
    for check in checks:
        for finding in check(prepared):
            item = _decided(finding, decide, facts.waived) if finding.policy else _observed(finding, facts.waived)
            checked.append(item)
            if not item.waived:
                if finding.signals:
                    signals.update(finding.signals)
                if item.exception:
                    raised.append((item, _stake(item, facts.tenant_currency)))
    inputs = _release_inputs(prepared, raised, signals)
    release = decide(RELEASE_POLICY, inputs)
    types = {item.exception for item, _ in raised}
    set_aside = frozenset(kind for kind, line in facts.waived if not line and kind not in types)
    reading = read_release(release.outputs, set_aside)
    exceptions = tuple(_exceptions(raised, reading, prepared.totals.tenant_gross))
    return OrderVerdict(
        reading.outcome,
        exceptions,
        prepared.lines,
        prepared.credit,
        prepared.tax,
        prepared.allocation,
        prepared.totals,
        tuple(checked),
        release,
        inputs,
        total_stake((found.line, found.stake) for found in exceptions),
    )


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


def _decided(finding: Finding, decide: Decide, waived: frozenset[tuple[str, str]]) -> Checked:
    verdict = decide(finding.policy, finding.inputs)
    outcome = str(verdict.outputs.get("outcome", "hold"))
    if outcome == "pass":
        return Checked(finding, outcome, "", False, verdict)
    exception = str(verdict.outputs.get("exception") or finding.policy)
    if finding.waivable and (exception, finding.line or "") in waived:
        return Checked(finding, "pass", exception, True, verdict)
    return Checked(finding, outcome, exception, False, verdict)


def _observed(finding: Finding, waived: frozenset[tuple[str, str]]) -> Checked:
    is_waived = finding.waivable and (finding.exception, finding.line or "") in waived
    return Checked(finding, "note", finding.exception, is_waived, None)


def _release_inputs(prepared: Prepared, raised: Sequence[_Raised], signals: Mapping[str, object]) -> dict[str, object]:
    outcomes = [item.outcome for item, _ in raised]
    return {
        "holds": outcomes.count("hold"),
        "flags": outcomes.count("flag"),
        "rejects": outcomes.count("reject"),
        "exceptions": list(dict.fromkeys(item.exception for item, _ in raised)),
        "order_amount": prepared.totals.tenant_gross,
        "stake": total_stake((item.finding.line, stake) for item, stake in raised),
        "partner_status": "active",
        "new_partner": False,
        "duplicate": False,
        "shortage": False,
        "embargoed": False,
        "export_controlled": False,
        "below_minimum": False,
        "tax_known": True,
        **signals,
    }


def _exceptions(raised: Sequence[_Raised], reading: Reading, whole: Decimal) -> Iterable[ExceptionFound]:
    """Those a policy decided keep its outcome; those the final table decided have its outcome, where it counts them at
    all.

    A type that only the final table names concerns the whole order.
    """
    for item, stake in raised:
        finding = item.finding
        if finding.policy:
            outcome = item.outcome
        elif reading.outcome == "release" or (reading.complete and item.exception not in reading.named):
            continue
        else:
            outcome = reading.outcome
        yield ExceptionFound(item.exception, finding.line, finding.detail, stake, outcome)
    known = {item.exception for item, _ in raised}
    for name in reading.named:
        if name not in known and reading.outcome != "release":
            yield ExceptionFound(name, None, f"the policy {RELEASE_POLICY} asks for it", whole, reading.outcome)


def _stake(item: Checked, currency: str) -> Decimal:
    finding = item.finding
    if item.verdict is not None and finding.per_point:
        floor = item.verdict.outputs.get("floor_pct")
        if isinstance(floor, (Decimal, int)) and floor > finding.measured_pct:
            return to_minor((floor - finding.measured_pct) * finding.per_point, currency)
    return to_minor(finding.stakes.get(item.exception, finding.stake), currency)
