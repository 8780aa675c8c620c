"""`rma.request` and `rma.assess`: whether the goods can come back at all, and what the policy `return_rules` says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from headgate.channel.returns.core.state import OrderFacts, RmaBook, RmaState, Verdict, sold_of
from headgate.domain.fx import convert, need_rate
from headgate.domain.orders.model import plain
from headgate.domain.returns import ReturnRequest, left_of, parse_return_request, reach_of, request_json
from headgate.kernel.canonical import digest
from headgate.kernel.errors import NotYet, Refused, refused
from headgate.kernel.ids import derive_id
from headgate.kernel.money import to_minor
from headgate.kernel.phrases import phrase
from headgate.policy.core import DecisionDraft, Evaluation, draft_decision
from headgate.process import ActionCall, ActionResult

GRAVITY = ("reject", "return", "ask", "authorise")


def book_of(call: ActionCall) -> RmaBook:
    """The facts of the batch."""
    assert isinstance(call.facts, RmaBook)
    return call.facts


def state_of(call: ActionCall) -> RmaState:
    """The return as this event sees it. Raises `Refused`."""
    state = book_of(call).current(call.event.seq, call.case.subject)
    if state is None:
        raise refused("rma", call.case.subject, "has no stored content", "Request it again under a new number.")
    return state


def request(call: ActionCall) -> ActionResult:
    """`rma.request`: take the content of a request or of its change, if so much was delivered and is not back yet."""
    book, event = book_of(call), call.event
    asked = parse_return_request(event.data)
    before = book.current(event.seq, call.case.subject)
    if before is not None and (before.request.partner, before.request.order) != (asked.partner, asked.order):
        raise refused("order", asked.order, "is not the order of this return", "Withdraw it and request another one.")
    try:
        order = _check_order(book, asked)
    except Refused:
        # Orders are in other lanes: after a standstill a return may come up before its order or the shipment.
        if book.is_ahead(event.seq, asked.order):
            raise NotYet(
                phrase("order %(order)s has events before this one that are still to be applied", order=asked.order)
            ) from None
        raise
    rate = need_rate(book.rates_by_day.get(book.now.date(), {}), order.currency, book.currency)
    sold = sold_of(order, [each.line for each in asked.lines])
    prices = {each.line: each.unit_price for each in sold}
    asked_for = sum((to_minor(x.quantity * prices[x.line], order.currency) for x in asked.lines), Decimal(0))
    requester = asked.requested_by or event.actor
    hands = () if before is None else tuple(dict.fromkeys([*before.hands, before.requested_by, before.submitted_by]))
    after = RmaState(
        request=asked,
        status="requested",
        case_id=call.case.case_id,
        requested_by=requester,
        submitted_by=event.actor,
        requested_at=call.now if before is None else before.requested_at,
        currency=order.currency,
        sold=sold,
        stake=convert(asked_for, rate),
        hands=hands,
        updated_at=call.now,
    )
    outputs = {"partner": asked.partner, "stake": after.stake, "currency": book.currency}
    return ActionResult(outputs, (book.put(event.seq, after),))


def _check_order(book: RmaBook, asked: ReturnRequest) -> OrderFacts:
    order = book.orders.get(asked.order)
    if order is None or order.partner != asked.partner:
        # Whether somebody else has an order of this number is nobody's business.
        raise refused("order", asked.order, "is not an order of this partner", "Give one of the partner's orders.")
    _check_left(book, asked, order)
    return order


def _check_left(book: RmaBook, asked: ReturnRequest, order: OrderFacts) -> None:
    counts, _ = book.claimed(asked.rma, asked.order)
    delivered = [(each.line, each.product, each.shipped) for each in order.lines]
    left = left_of(delivered, counts, book.recorded.get(asked.order, {}))
    for index, each in enumerate(asked.lines):
        if each.line not in left:
            raise refused(f"lines[{index}].line", each.line, "is not a line of this order", "Check the order.")
        if each.quantity > left[each.line]:
            rest = plain(left[each.line])
            raise refused(
                f"lines[{index}].quantity",
                plain(each.quantity),
                phrase(
                    "is more than can come back of line %(line)s: %(rest)s of what was delivered is left",
                    line=each.line,
                    rest=rest,
                ),
                phrase("Ask for %(rest)s at most.", rest=rest) if left[each.line] else "Leave the line out.",
            )


def assess(call: ActionCall) -> ActionResult:
    """`rma.assess`: ask the rules about every line; the gravest answer decides."""
    book, state = book_of(call), state_of(call)
    asked = state.request
    partner = book.partners.get(asked.partner)
    if partner is None:
        raise refused("partner", asked.partner, "is not a known partner", "Record the partner, then replay this event.")
    order = book.orders.get(asked.order)
    evaluations, verdicts = [], []
    for each in asked.lines:
        facts = _facts(book, state, order, each.line, each.quantity, each.reason)
        evaluation = call.decide("return_rules", {**facts, "partner_active": partner.status == "active"})
        evaluations.append(evaluation)
        verdicts.append(_verdict(each.line, facts["days"], evaluation))
    outcome = next(o for o in GRAVITY if any(v.outcome == o for v in verdicts))
    final = next(i for i, v in enumerate(verdicts) if v.outcome == outcome)
    decision = decision_of(call, [*evaluations[:final], *evaluations[final + 1 :], evaluations[final]], outcome)
    told = tuple(dict.fromkeys(v.told for v in verdicts if v.outcome == outcome))
    exceptions = list(dict.fromkeys(v.exception for v in verdicts if v.outcome == outcome and v.exception))
    after = replace(state, verdicts=tuple(verdicts), told=told, updated_at=call.now)
    outputs: dict[str, Any] = {
        "outcome": outcome,
        "stake": state.stake,
        "exceptions": exceptions if outcome == "ask" else [],
        "decision": decision.decision,
        **approval_of(after, exceptions, state.stake, partner.name, partner.tier),
    }
    return ActionResult(outputs, (book.put(call.event.seq, after),), (decision,))


def _facts(
    book: RmaBook, state: RmaState, order: OrderFacts | None, line: str, quantity: Decimal, reason: str
) -> dict[str, Any]:
    sold = state.line(line)
    product = book.products.get(sold.product)
    deliveries = order.deliveries.get(line, ()) if order is not None else ()
    rate = need_rate(book.rates_by_day.get(book.now.date(), {}), state.currency, book.currency)
    # What came back before is taken from the oldest deliveries, in the partner's favour.
    since = reach_of(deliveries, sold.shipped, quantity)
    today = book.now.astimezone(book.tz).date()
    return {
        "reason": reason,
        "days": max((today - since.astimezone(book.tz).date()).days, 0) if since is not None else 0,
        "amount": convert(to_minor(quantity * sold.unit_price, state.currency), rate),
        "pictures": bool(state.request.pictures),
        "product_active": product is not None and product.status == "active",
        "export_controlled": product is not None and product.export_controlled,
    }


def _verdict(line: str, days: int, evaluation: Evaluation) -> Verdict:
    out = evaluation.outputs
    return Verdict(
        line=line,
        outcome=str(out["outcome"]),
        exception=str(out["exception"] or ""),
        fee_pct=Decimal(str(out["fee_pct"])),
        send_days=int(str(out["send_days"])),
        told=str(out["told"]),
        row=evaluation.rows[0] if evaluation.rows else "",
        because=evaluation.reasons[0] if evaluation.reasons else "",
        days=days,
    )


def approval_of(
    state: RmaState, exceptions: list[str], stake: Decimal, partner_name: str, tier: str, **more: Any
) -> dict[str, Any]:
    """An approval request about a return, or about its settlement. What is approved is its content."""
    content = {**request_json(state.request), "sold": [[x.line, x.product, x.unit_price] for x in state.sold]}
    bound = {"request": content, "exceptions": exceptions, **more}
    lines = {each.line: each for each in state.request.lines}
    return {
        "asks": [{"exception": e, "stake": stake} for e in exceptions],
        "digest": digest(bound).hex(),
        "requested_by": state.requested_by,
        "barred": list(dict.fromkeys([state.requested_by, state.submitted_by, *state.hands])),
        "summary": {
            **request_json(state.request),
            "partner_name": partner_name,
            "tier": tier,
            "currency": state.currency,
            "amount": stake,
            "findings": [
                {"line": v.line, "because": v.because, "row": v.row, "product": state.line(v.line).product,
                 "quantity": lines[v.line].quantity, "reason": lines[v.line].reason, "days": v.days}
                for v in state.verdicts
            ],
            **more,
        },
    }  # fmt: skip


def decision_of(call: ActionCall, evaluations: list[Evaluation], outcome: str) -> DecisionDraft:
    """The decision that these evaluations are, the last one final."""
    return draft_decision(
        derive_id(call.now, "decision", call.event.seq, call.case.case_id, call.number),
        call.now,
        evaluations,
        subject_type="rma",
        subject=call.case.subject,
        outcome=outcome,
        case_id=call.case.case_id,
        event_seq=call.event.seq,
    )
