"""One decision per order: run the checks, let the policies decide, combine, and keep everything that was weighed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from headgate.domain.checks.combine import (
    RELEASE_POLICY,
    Checked,
    ExceptionFound,
    Raised,
    combine,
    read_names,
    read_outcome,
    stake_of,
    total_stake,
)
from headgate.domain.checks.facts import Decide, OrderFacts, Verdict
from headgate.domain.checks.finding import Finding
from headgate.domain.checks.prepared import Prepared, PricedLine, Totals, prepare
from headgate.domain.credit import CreditResult
from headgate.domain.stock import LineAllocation
from headgate.domain.tax import TaxSnapshot
from headgate.kernel.canonical import as_plain
from headgate.kernel.errors import Misconfigured, NotFound

EXCEPTIONS_POLICY = "order_exceptions"
Check = Callable[[Prepared], Iterable[Finding]]


class OrderVerdict(NamedTuple):
    """The decision on one order, with everything it rests on.

    `stake` (tenant currency) is the larger of the largest stake of an order-level exception and the sum over lines of
    each line's largest one, so that one line with two exceptions is not counted twice. `release` is the final table's
    evaluation over `release_inputs`; `naming` that of the table that names the order's exceptions, where it was asked.
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
    naming: Verdict | None
    stake: Decimal

    @property
    def exception_types(self) -> tuple[str, ...]:
        """The distinct exception types, in the order they were found."""
        return tuple(dict.fromkeys(found.type for found in self.exceptions))

    @property
    def evaluations(self) -> tuple[Verdict, ...]:
        """Every policy evaluation, the final one last."""
        lines = [item.verdict for item in self.checked if item.verdict is not None]
        return (*lines, self.release) if self.naming is None else (*lines, self.naming, self.release)

    def as_json(self) -> dict[str, Any]:
        """The whole decision, amounts as text."""
        found: dict[str, Any] = as_plain(self.as_values())
        return found

    def as_values(self) -> dict[str, Any]:
        """The whole decision for canonical JSON, which writes amounts and instants as text."""
        return {
            "outcome": self.outcome,
            "exceptions": [found.as_json() for found in self.exceptions],
            "checks": [item.as_values() for item in self.checked],
            "naming": None if self.naming is None else self.naming.as_values(),
            "release": self.release.as_values(),
            "lines": [line.as_values() for line in self.lines],
            "credit": self.credit.as_values(),
            "tax": self.tax.as_values(),
            "allocation": [line.as_values() for line in self.allocation],
            "totals": self.totals.as_values(),
            "stake": self.stake,
        }


def govern(facts: OrderFacts, decide: Decide, checks: Iterable[Check]) -> OrderVerdict:
    """Run the checks over an order and combine them through `order_release`. Raises `Refused` where an exchange rate is
    missing."""
    prepared = prepare(facts)
    totals = prepared.totals
    findings = [finding for check in checks for finding in check(prepared)]
    weighed = weigh(findings, _plain_order(totals.tenant_gross), decide, facts.waived, totals.tenant_currency)
    return OrderVerdict(
        weighed.outcome,
        weighed.exceptions,
        prepared.lines,
        prepared.credit,
        prepared.tax,
        prepared.allocation,
        totals,
        weighed.checked,
        weighed.release,
        weighed.release_inputs,
        weighed.naming,
        weighed.stake,
    )


class Weighed(NamedTuple):
    """What findings come to: the part of an `OrderVerdict` that policies decide."""

    outcome: str
    exceptions: tuple[ExceptionFound, ...]
    checked: tuple[Checked, ...]
    release: Verdict
    release_inputs: Mapping[str, object]
    naming: Verdict | None
    stake: Decimal


def weigh(
    findings: Iterable[Finding],
    order: Mapping[str, object],
    decide: Decide,
    waived: frozenset[tuple[str, str]],
    currency: str,
) -> Weighed:
    """Let the policies decide on findings. `order` is what `order_release` is told where no finding says otherwise,
    `currency` the tenant's.

    Findings with a policy are decided by it (outputs `outcome` pass, flag, hold or reject, and `exception`). The others
    set inputs of `order_release`; when that does not release, `order_exceptions` says over the same inputs which
    exceptions the order has and how grave each is (a tenant without that table counts all that were found). A finding
    that an approval waived counts as passed.
    """
    checked: list[Checked] = []
    raised: list[Raised] = []
    signals: dict[str, object] = {}
    for finding in findings:
        item = _decided(finding, decide, waived) if finding.policy else _observed(finding, waived)
        checked.append(item)
        if not item.waived:
            if finding.signals:
                signals.update(finding.signals)
            if item.exception:
                raised.append((item, stake_of(item, currency)))
    inputs = {**order, **_counted(raised), **signals}
    release = decide(RELEASE_POLICY, inputs)
    outcome = read_outcome(release.outputs)
    naming = None if outcome == "release" else _naming(decide, inputs)
    found_types = {item.exception for item, _ in raised}
    approved = frozenset(kind for kind, line in waived if not line and kind not in found_types)
    names = None if naming is None else read_names(naming.outputs)
    whole = inputs["order_amount"]
    assert isinstance(whole, Decimal)
    outcome, exceptions = combine(outcome, raised, names, approved, whole)
    stake = total_stake((found.line, found.stake) for found in exceptions)
    return Weighed(outcome, exceptions, tuple(checked), release, inputs, naming, stake)


def _naming(decide: Decide, inputs: Mapping[str, object]) -> Verdict | None:
    try:
        return decide(EXCEPTIONS_POLICY, inputs)
    except (NotFound, Misconfigured):
        return None


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


def _counted(raised: Sequence[Raised]) -> dict[str, object]:
    outcomes = [item.outcome for item, _ in raised]
    return {
        "holds": outcomes.count("hold"),
        "flags": outcomes.count("flag"),
        "rejects": outcomes.count("reject"),
        "exceptions": list(dict.fromkeys(item.exception for item, _ in raised)),
        "stake": total_stake((item.finding.line, stake) for item, stake in raised),
    }


def _plain_order(amount: Decimal) -> dict[str, object]:
    """What is true of an order that no check says anything about."""
    return {
        "order_amount": amount,
        "partner_status": "active",
        "new_partner": False,
        "duplicate": False,
        "shortage": False,
        "embargoed": False,
        "export_controlled": False,
        "below_minimum": False,
        "tax_known": True,
    }
