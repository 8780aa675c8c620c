"""Weigh an order again on the facts that a decision recorded, with other answers of some policies.

Nothing is looked up and nothing is guessed: prices, costs, credit, stock and repeats are those of then. `NotRecorded`
says what the record lacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from headgate.domain.checks.combine import RELEASE_POLICY, ExceptionFound
from headgate.domain.checks.facts import Decide, Verdict
from headgate.domain.checks.finding import ZERO, Finding
from headgate.domain.checks.govern import EXCEPTIONS_POLICY, Weighed, weigh
from headgate.domain.checks.margin import margin_finding
from headgate.domain.checks.prepared import ratio_pct
from headgate.domain.checks.price import price_stake
from headgate.domain.fx import FxRate, convert
from headgate.kernel.money import to_minor

NO_WAIVERS: frozenset[tuple[str, str]] = frozenset()


class NotRecorded(Exception):
    """What would have to be known and was not recorded; the message names it."""


@dataclass(frozen=True, slots=True)
class RecordedLine:
    """A line of a recorded decision, in the order's currency; `tenant_amount` in the tenant's."""

    line: str
    product: str
    amount: Decimal
    tenant_amount: Decimal
    contract_amount: Decimal | None
    deviation_pct: Decimal
    margin: Decimal | None
    margin_pct: Decimal


@dataclass(frozen=True, slots=True)
class RecordedOrder:
    """A recorded decision on an order, read back: what `record_text` kept, with its tables written out."""

    record: Mapping[str, Any]
    lines: Mapping[str, RecordedLine]
    rate: FxRate

    @property
    def currency(self) -> str:
        """The tenant's currency."""
        return self.rate.quote

    @property
    def gross(self) -> Decimal:
        """The order's gross amount in the tenant's currency."""
        return Decimal(self.record["totals"]["tenant_gross"])

    @property
    def margin(self) -> Decimal | None:
        """What the lines with a known cost earn, in the tenant's currency, rounded half up to its minor unit once; None
        when no cost is known."""
        known = [line.margin for line in self.lines.values() if line.margin is not None]
        return convert(sum(known, ZERO), self.rate) if known else None


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """A policy's answer as it was recorded."""

    said: Mapping[str, Any]

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The outputs; a floor is a number again."""
        outputs: Mapping[str, Any] = self.said["outputs"]
        floor = outputs.get("floor_pct")
        return outputs if floor is None else {**outputs, "floor_pct": Decimal(str(floor))}

    ref: Any = None
    inputs: Any = None
    rows: Sequence[str] = ()
    reasons: Sequence[str] = ()
    clauses: Sequence[str] = ()

    def as_values(self) -> Any:
        """What was recorded."""
        return self.said


def read_order(record: Mapping[str, Any]) -> RecordedOrder:
    """Read the parsed and expanded record of a decision on an order."""
    found = record["totals"]["rate"]
    rate = FxRate(
        found["base"], found["quote"], Decimal(found["rate"]), date.fromisoformat(found["on"]) if found["on"] else None
    )
    return RecordedOrder(record, {line["line"]: _line(line, rate) for line in record["lines"]}, rate)


def _line(line: Mapping[str, Any], rate: FxRate) -> RecordedLine:
    amount = Decimal(line["amount"])
    return RecordedLine(
        line["line"],
        line["product"],
        amount,
        convert(amount, rate),
        _maybe(line["trace"]["amount"]),
        Decimal(line["deviation_pct"]),
        _maybe(line["margin"]),
        Decimal(line["margin_pct"]),
    )


def _maybe(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def after_approval(record: Mapping[str, Any]) -> bool:
    """Whether an approval had set aside something that the checks found."""
    return any(item["waived"] for item in record["checks"])


Answer = Callable[[int, str, Mapping[str, Any]], Verdict]


def weigh_again(order: RecordedOrder, answer: Answer, decide: Decide) -> Weighed:
    """What the order comes to when the policy of check number `n` (from 0) gives `answer(n, policy, recorded)`.

    `decide` answers for `order_release` and `order_exceptions`. Meant for decisions that no approval preceded. Raises
    `NotRecorded` where an amount at stake cannot be told.
    """
    verdicts: list[Verdict] = []
    findings = []
    for number, item in enumerate(order.record["checks"]):
        if item["policy"]:
            verdict = answer(number, item["policy"], item["evaluation"])
            verdicts.append(verdict)
            findings.append(_asked(order, item, verdict))
        else:
            findings.append(_noted(order, item))
    given = iter(verdicts)

    def said(policy: str, inputs: Mapping[str, object]) -> Verdict:
        return decide(policy, inputs) if policy in (RELEASE_POLICY, EXCEPTIONS_POLICY) else next(given)

    told = {**order.record["release"]["inputs"], "order_amount": order.gross}
    return weigh(findings, told, said, NO_WAIVERS, order.currency)


def _asked(order: RecordedOrder, item: Mapping[str, Any], verdict: Verdict) -> Finding:
    """The finding of a check that asks a policy, with its stake as the check gives it."""
    check, line = item["check"], item["line"]
    if check == "price":
        at = order.lines[line]
        stake = price_stake(at.contract_amount, at.amount, at.tenant_amount, at.deviation_pct, order.rate)
        return Finding(check, item["detail"], line, item["policy"], stake=stake)
    if check == "margin":
        amount, margin_pct, known = _margin(order, line)
        return margin_finding(item["detail"], line, margin_pct, "", known, amount)._replace(policy=item["policy"])
    if check == "credit":
        return Finding(check, item["detail"], line, item["policy"], stake=order.gross, stakes=_credit(order, verdict))
    raise NotRecorded(f"what is at stake in the check {check}")


def _margin(order: RecordedOrder, line: str | None) -> tuple[Decimal, Decimal, bool]:
    if line is not None:
        at = order.lines[line]
        return at.tenant_amount, at.margin_pct, at.margin is not None
    known = [at for at in order.lines.values() if at.margin is not None]
    amount = sum((at.amount for at in known), ZERO)
    margin = sum((at.margin for at in known if at.margin is not None), ZERO)
    return convert(amount, order.rate), ratio_pct(margin, amount), True


def _credit(order: RecordedOrder, verdict: Verdict) -> dict[str, Decimal]:
    credit = order.record["credit"]
    over = convert(Decimal(credit["over_limit"]), order.rate)
    stakes = {"credit_limit": over or order.gross}
    if verdict.outputs.get("exception") == "credit_overdue":
        stakes["credit_overdue"] = _overdue(order, credit)
    return stakes


def _overdue(order: RecordedOrder, credit: Mapping[str, Any]) -> Decimal:
    """What is overdue, in the tenant's currency."""
    if not credit["levels"]:
        return ZERO
    overdue = sum((Decimal(bucket["amount"]) for bucket in credit["ageing"]), ZERO)
    own = credit["levels"][0]["currency"]
    if own == order.currency:
        return overdue
    if own == order.rate.base:
        return convert(overdue, order.rate)
    told = [e for e in order.record["exceptions"] if e["type"] == "credit_overdue"]
    if not told:
        raise NotRecorded(f"the rate from {own} to {order.currency}")
    return Decimal(told[0]["stake"])


def _noted(order: RecordedOrder, item: Mapping[str, Any]) -> Finding:
    """The finding of a check that asks no policy. What it signals stands in the inputs of `order_release` already."""
    stake = _noted_stake(order, item) if item["exception"] else ZERO
    return Finding(item["check"], item["detail"], item["line"], exception=item["exception"], stake=stake)


def _noted_stake(order: RecordedOrder, item: Mapping[str, Any]) -> Decimal:
    check, line = item["check"], item["line"]
    if check == "tax":
        untaxed = [order.lines[t["line"]] for t in order.record["tax"]["lines"] if t["rate"] is None]
        return sum((at.tenant_amount for at in untaxed), ZERO)
    if line is None:
        return order.gross
    amount = order.lines[line].tenant_amount
    if check == "availability":
        short = next(found for found in order.record["allocation"] if found["line"] == line)
        return to_minor(amount * Decimal(short["back_order"]) / Decimal(short["quantity"]), order.currency)
    return amount


def recorded_exceptions(record: Mapping[str, Any]) -> Iterable[ExceptionFound]:
    """The exceptions as recorded."""
    return (
        ExceptionFound(e["type"], e["line"], e["detail"], Decimal(e["stake"]), e["outcome"], e["owner_role"])
        for e in record["exceptions"]
    )


__all__ = [
    "NotRecorded",
    "RecordedLine",
    "RecordedOrder",
    "RecordedVerdict",
    "after_approval",
    "read_order",
    "recorded_exceptions",
    "weigh_again",
]
