"""A return (RMA) as it stands, and what is known around a batch of its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from headgate.domain.checks import PartnerFacts, ProductFacts
from headgate.domain.fx import Rates
from headgate.domain.returns import Delivery, Finding, ReturnRequest

ZERO = Decimal(0)
# Returns that came to nothing: what they asked for can be asked for again.
OVER = frozenset({"declined", "lapsed", "withdrawn"})
SETTLED = frozenset({"credited", "replaced", "refused"})


@dataclass(frozen=True, slots=True)
class OrderLineFacts:
    """A line of the order: what it sold, at which price in the order's currency, and how much of it has left."""

    line: str
    product: str
    unit: str
    unit_price: Decimal
    shipped: Decimal


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """The order that goods come back from. `deliveries` by line, as the log tells of them."""

    order: str
    partner: str
    currency: str
    lines: tuple[OrderLineFacts, ...]
    deliveries: Mapping[str, tuple[Delivery, ...]]


@dataclass(frozen=True, slots=True)
class Claim:
    """What another return has taken of an order's line: the quantity that counts, and the one that was credited."""

    rma: str
    line: str
    counts: Decimal
    credited: Decimal


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules said of a line of the request."""

    line: str
    outcome: str
    exception: str
    fee_pct: Decimal
    send_days: int
    told: str
    row: str
    because: str
    days: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one finding. Amounts are before tax, in the order's currency; zero unless it is credited."""

    finding: Finding
    outcome: str
    goods: str
    fee_pct: Decimal
    gross: Decimal
    fee: Decimal
    net: Decimal
    told: str
    row: str
    because: str


@dataclass(frozen=True, slots=True)
class RmaState:
    """A return with its standing. `stake` is in the tenant's currency; `sold` are the order's lines that it names."""

    request: ReturnRequest
    status: str
    case_id: UUID
    requested_by: str
    submitted_by: str
    requested_at: datetime
    currency: str
    sold: tuple[OrderLineFacts, ...]
    stake: Decimal = ZERO
    told: tuple[str, ...] = ()
    send_by: datetime | None = None
    carrier: str = ""
    tracking: str = ""
    receipts: tuple[str, ...] = ()
    received: Mapping[str, Decimal] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    findings: tuple[Finding, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    hands: tuple[str, ...] = ()
    updated_at: datetime | None = None

    def line(self, line: str) -> OrderLineFacts:
        """A line of the order that the return names."""
        return next(each for each in self.sold if each.line == line)

    def total(self, outcome: str) -> Decimal:
        """What the outcomes of a kind come to, before tax."""
        return sum((o.net for o in self.outcomes if o.outcome == outcome), ZERO)


def counted(state: RmaState) -> dict[str, tuple[Decimal, Decimal]]:
    """By line: the quantity that counts as returned, and the quantity that is or will be credited.

    A return that came to nothing counts nothing; a settled one what was taken back, any other all it asks for.
    """
    found = {}
    for each in state.request.lines:
        taken = sum((o.finding.quantity for o in state.outcomes if _of(o, each.line) and o.outcome != "reject"), ZERO)
        credited = sum(
            (o.finding.quantity for o in state.outcomes if _of(o, each.line) and o.outcome == "credit"), ZERO
        )
        counts = each.quantity
        if state.status in OVER:
            counts, credited = ZERO, ZERO
        elif state.status in SETTLED:
            counts = taken
        found[each.line] = (counts, credited)
    return found


def _of(outcome: Outcome, line: str) -> bool:
    return outcome.finding.line == line


@dataclass(frozen=True, slots=True)
class RmaChanged:
    """The return after an action. `noticed`: the partner sees a milestone."""

    state: RmaState
    noticed: bool


@dataclass(slots=True)
class RmaBook:
    """The facts of a batch of return events."""

    rmas: dict[str, RmaState]
    orders: Mapping[str, OrderFacts]
    claims: dict[str, list[Claim]]
    recorded: Mapping[str, Mapping[str, Decimal]]
    partners: Mapping[str, PartnerFacts]
    products: Mapping[str, ProductFacts]
    rates_by_day: Mapping[date, Rates]
    currency: str
    tz: ZoneInfo
    now: datetime
    ahead: Mapping[str, int] = field(default_factory=dict)  # orders of which an event is still to be applied: the first
    _draft: dict[str, tuple[int, RmaState]] = field(default_factory=dict)

    def current(self, seq: int, rma: str) -> RmaState | None:
        """The return as event `seq` sees it."""
        found = self._draft.get(rma)
        return found[1] if found is not None and found[0] == seq else self.rmas.get(rma)

    def is_ahead(self, seq: int, order: str) -> bool:
        """Whether something about an order stands before event `seq` in the log and is still to be applied."""
        return self.ahead.get(order, seq) < seq

    def put(self, seq: int, state: RmaState) -> RmaChanged:
        """Note a change made by event `seq`; it counts for others once the event has been applied as a whole."""
        before = self.current(seq, state.request.rma)
        self._draft[state.request.rma] = (seq, state)
        noticed = before is None or (before.status, before.told) != (state.status, state.told)
        return RmaChanged(state, noticed)

    def apply(self, change: RmaChanged) -> None:
        """Let the next event of the batch see a change, as a return and as a claim on its order's lines."""
        state = change.state
        rma, order = state.request.rma, state.request.order
        self.rmas[rma] = state
        kept = [c for c in self.claims.get(order, ()) if c.rma != rma]
        kept += [Claim(rma, line, counts, credited) for line, (counts, credited) in counted(state).items()]
        self.claims[order] = kept

    def claimed(self, state_rma: str, order: str) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
        """What returns other than this one have taken of an order, by line: what counts, and what was credited."""
        counts: dict[str, Decimal] = {}
        credited: dict[str, Decimal] = {}
        for each in self.claims.get(order, ()):
            if each.rma != state_rma:
                counts[each.line] = counts.get(each.line, ZERO) + each.counts
                credited[each.line] = credited.get(each.line, ZERO) + each.credited
        return counts, credited


def content_of(state: RmaState, request: Mapping[str, Any]) -> dict[str, Any]:
    """Everything about a return that has no column, as canonical content."""
    return {
        "request": dict(request),
        "sold": [
            {"line": x.line, "product": x.product, "unit": x.unit, "unit_price": x.unit_price, "shipped": x.shipped}
            for x in state.sold
        ],
        "receipts": list(state.receipts),
        "received": dict(state.received),
        "verdicts": [_verdict_json(v) for v in state.verdicts],
        "findings": [finding_json(f) for f in state.findings],
        "outcomes": [outcome_json(o) for o in state.outcomes],
        "hands": list(state.hands),
    }


def _verdict_json(v: Verdict) -> dict[str, Any]:
    return {
        "line": v.line, "outcome": v.outcome, "exception": v.exception, "fee_pct": v.fee_pct,
        "send_days": v.send_days, "told": v.told, "row": v.row, "because": v.because, "days": v.days,
    }  # fmt: skip


def finding_json(f: Finding) -> dict[str, Any]:
    """A finding as canonical content."""
    return {"line": f.line, "quantity": f.quantity, "condition": f.condition, "note": f.note}


def outcome_json(o: Outcome) -> dict[str, Any]:
    """What became of a finding, as canonical content."""
    return {
        **finding_json(o.finding), "outcome": o.outcome, "goods": o.goods, "fee_pct": o.fee_pct, "gross": o.gross,
        "fee": o.fee, "net": o.net, "told": o.told, "row": o.row, "because": o.because,
    }  # fmt: skip


def read_content(content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a state that its content holds."""
    return {
        "sold": tuple(
            OrderLineFacts(x["line"], x["product"], x["unit"], _exact(x["unit_price"]), _exact(x["shipped"]))
            for x in content["sold"]
        ),
        "receipts": tuple(content["receipts"]),
        "received": {line: _exact(quantity) for line, quantity in content["received"].items()},
        "verdicts": tuple(
            Verdict(**{**v, "fee_pct": _exact(v["fee_pct"]), "send_days": int(v["send_days"]), "days": int(v["days"])})
            for v in content["verdicts"]
        ),
        "findings": tuple(_finding(f) for f in content["findings"]),
        "outcomes": tuple(_outcome(o) for o in content["outcomes"]),
        "hands": tuple(content["hands"]),
    }


def _finding(f: Mapping[str, Any]) -> Finding:
    return Finding(f["line"], _exact(f["quantity"]), f["condition"], f["note"])


def _outcome(o: Mapping[str, Any]) -> Outcome:
    return Outcome(
        finding=_finding(o),
        outcome=o["outcome"],
        goods=o["goods"],
        fee_pct=_exact(o["fee_pct"]),
        gross=_exact(o["gross"]),
        fee=_exact(o["fee"]),
        net=_exact(o["net"]),
        told=o["told"],
        row=o["row"],
        because=o["because"],
    )


def _exact(value: object) -> Decimal:
    return Decimal(str(value))


def sold_of(order: OrderFacts, lines: Sequence[str]) -> tuple[OrderLineFacts, ...]:
    """The lines of an order that a return names, in the order's order."""
    return tuple(each for each in order.lines if each.line in lines)
