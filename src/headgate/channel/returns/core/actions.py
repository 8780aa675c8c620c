"""The further actions of the process `return_authorisation`: authorise, take in, inspect, dispose, settle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from headgate.channel.returns.core.assess import approval_of, assess, book_of, decision_of, request, state_of
from headgate.channel.returns.core.state import ZERO, Outcome, RmaState, outcome_json
from headgate.domain.fx import convert, need_rate
from headgate.domain.orders.model import plain
from headgate.domain.returns import credit_of, parse_inspection, parse_receipt, parse_sent
from headgate.kernel.errors import refused
from headgate.kernel.phrases import phrase
from headgate.policy.core import Evaluation
from headgate.process import Action, ActionCall, ActionResult


def notice(state: RmaState) -> dict[str, Any]:
    """What the partner and its systems may know."""
    return {
        "rma": state.request.rma,
        "partner": state.request.partner,
        "order": state.request.order,
        "status": state.status,
        "told": list(state.told),
        "send_by": state.send_by,
    }


def mark(call: ActionCall) -> ActionResult:
    """`rma.mark`: take the status the definition names. What was told of another decision is told no more."""
    state, status = state_of(call), str(call.args["status"])
    told = state.told if status in ("deciding", "returned", "declined") else ()
    after = replace(state, status=status, told=told, updated_at=call.now)
    return ActionResult({"notice": notice(after)}, (book_of(call).put(call.event.seq, after),))


def authorise(call: ActionCall) -> ActionResult:
    """`rma.authorise`: the partner may send, until the end of a day in the tenant's zone."""
    book, state = book_of(call), state_of(call)
    days = min((v.send_days for v in state.verdicts), default=0)
    last = (call.now.astimezone(book.tz) + timedelta(days=days)).date()
    until = datetime.combine(last + timedelta(days=1), time(), book.tz)
    told = tuple(dict.fromkeys(v.told for v in state.verdicts if v.outcome == "authorise"))
    after = replace(state, status="authorised", send_by=until, told=told, updated_at=call.now)
    command = {
        "rma": state.request.rma,
        "order": state.request.order,
        "partner": state.request.partner,
        "send_by": until,
        "lines": [
            {"line": x.line, "product": state.line(x.line).product, "quantity": x.quantity} for x in state.request.lines
        ],
    }
    outputs = {"send_by": until, "command": command, "notice": notice(after)}
    return ActionResult(outputs, (book.put(call.event.seq, after),))


def sent(call: ActionCall) -> ActionResult:
    """`rma.sent`: the goods are on their way."""
    told = parse_sent(call.event.data)
    state = state_of(call)
    after = replace(state, status="sent", carrier=told.carrier, tracking=told.tracking, updated_at=call.now)
    return ActionResult({}, (book_of(call).put(call.event.seq, after),))


def receive(call: ActionCall) -> ActionResult:
    """`rma.receive`: goods arrived; never more of a line than was authorised, and each receipt once."""
    state, receipt = state_of(call), parse_receipt(call.event.data)
    if receipt.receipt in state.receipts:
        raise refused("receipt", receipt.receipt, "was booked in before", "Give a further delivery its own number.")
    if receipt.received_at > call.event.received_at + timedelta(days=1):
        raise refused("received_at", receipt.received_at.isoformat(), "lies in the future", "Check the clock.")
    allowed = {each.line: each.quantity for each in state.request.lines}
    arrived = dict(state.received)
    for index, each in enumerate(receipt.lines):
        if each.line not in allowed:
            raise refused(f"lines[{index}].line", each.line, "is not a line of this return", "Check the parcel.")
        arrived[each.line] = arrived.get(each.line, ZERO) + each.quantity
        if arrived[each.line] > allowed[each.line]:
            raise refused(
                f"lines[{index}].quantity",
                plain(each.quantity),
                phrase(
                    "brings line %(line)s to %(plain)s of %(plain2)s authorised",
                    line=each.line,
                    plain=plain(arrived[each.line]),
                    plain2=plain(allowed[each.line]),
                ),
                "Book in what was authorised; the rest needs a return of its own.",
            )
    after = replace(
        state, status="received", received=arrived, receipts=(*state.receipts, receipt.receipt), told=(),
        updated_at=call.now,
    )  # fmt: skip
    return ActionResult({}, (book_of(call).put(call.event.seq, after),))


def inspect(call: ActionCall) -> ActionResult:
    """`rma.inspect`: what was found; never more of a line than arrived. `complete` when all of it was looked at."""
    state, inspection = state_of(call), parse_inspection(call.event.data)
    found = (*state.findings, *inspection.findings)
    seen: dict[str, Decimal] = {}
    for each in found:
        seen[each.line] = seen.get(each.line, ZERO) + each.quantity
    for index, each in enumerate(inspection.findings):
        arrived = state.received.get(each.line, ZERO)
        if seen[each.line] > arrived:
            raise refused(
                f"lines[{index}].quantity",
                plain(each.quantity),
                phrase(
                    "brings line %(line)s to %(plain)s inspected of %(plain2)s received",
                    line=each.line,
                    plain=plain(seen[each.line]),
                    plain2=plain(arrived),
                ),
                "Book the goods in first, or correct the quantity.",
            )
    complete = all(seen.get(line, ZERO) == quantity for line, quantity in state.received.items())
    hands = tuple(dict.fromkeys([*state.hands, call.event.actor]))
    status = "inspected" if complete else "received"
    after = replace(state, findings=found, status=status, hands=hands, updated_at=call.now)
    return ActionResult({"complete": complete}, (book_of(call).put(call.event.seq, after),))


def inspect_again(call: ActionCall) -> ActionResult:
    """`rma.inspect_again`: what was found is set aside, and the goods are looked at anew."""
    after = replace(state_of(call), findings=(), outcomes=(), status="received", updated_at=call.now)
    return ActionResult({}, (book_of(call).put(call.event.seq, after),))


def dispose(call: ActionCall) -> ActionResult:
    """`rma.dispose`: what becomes of every quantity that was found in one condition, by `return_disposition`."""
    book, state = book_of(call), state_of(call)
    partner = book.partners.get(state.request.partner)
    reasons = {each.line: each.reason for each in state.request.lines}
    fees = {v.line: v.fee_pct for v in state.verdicts}
    _, credited = book.claimed(state.request.rma, state.request.order)
    outcomes: list[Outcome] = []
    evaluations: list[Evaluation] = []
    unclear = False
    for each in state.findings:
        product = book.products.get(state.line(each.line).product)
        evaluation = call.decide(
            "return_disposition",
            {
                "reason": reasons[each.line],
                "condition": each.condition,
                "wanted": state.request.wanted,
                "replaceable": product is not None and product.status == "active",
                "tier": partner.tier if partner is not None else "",
                "told_fee": fees.get(each.line, ZERO),
            },
        )
        evaluations.append(evaluation)
        unclear = unclear or evaluation.outputs["ask"] is True
        outcome = _outcome(state, len(outcomes), evaluation, credited)
        if outcome.outcome == "credit":
            credited[each.line] = credited.get(each.line, ZERO) + each.quantity
        outcomes.append(outcome)
    after = replace(state, outcomes=tuple(outcomes), updated_at=call.now)
    rate = need_rate(book.rates_by_day.get(book.now.date(), {}), state.currency, book.currency)
    outputs = {
        "credit": convert(after.total("credit"), rate),
        "unclear": unclear,
        "outcomes": [outcome_json(o) for o in outcomes],
    }
    kinds = "+".join(dict.fromkeys(o.outcome for o in outcomes))
    return ActionResult(outputs, (book.put(call.event.seq, after),), (decision_of(call, evaluations, kinds),))


def _outcome(state: RmaState, place: int, evaluation: Evaluation, credited: Mapping[str, Decimal]) -> Outcome:
    finding, out = state.findings[place], evaluation.outputs
    fee_pct = Decimal(str(out["fee_pct"]))
    gross = fee = net = ZERO
    if out["outcome"] == "credit":
        price, before = state.line(finding.line).unit_price, credited.get(finding.line, ZERO)
        gross, fee, net = credit_of(finding.quantity, price, fee_pct, state.currency, before)
    return Outcome(
        finding=finding,
        outcome=str(out["outcome"]),
        goods=str(out["goods"]),
        fee_pct=fee_pct,
        gross=gross,
        fee=fee,
        net=net,
        told=str(out["told"]),
        row=evaluation.rows[0] if evaluation.rows else "default",
        because=evaluation.reasons[0] if evaluation.reasons else "",
    )


def ask(call: ActionCall) -> ActionResult:
    """`rma.ask`: the settlement as an approval request, for when it needs one. Who inspected does not decide."""
    book, state = book_of(call), state_of(call)
    exception = str(call.args.get("exception") or "")
    partner = book.partners.get(state.request.partner)
    rate = need_rate(book.rates_by_day.get(book.now.date(), {}), state.currency, book.currency)
    stake = convert(state.total("credit"), rate)
    exceptions = [exception] if exception else []
    name, tier = (partner.name, partner.tier) if partner is not None else ("", "")
    outcomes = [outcome_json(o) for o in state.outcomes]
    asked = approval_of(state, exceptions, stake, name, tier, outcomes=outcomes, credit=state.total("credit"))
    return ActionResult({"exceptions": exceptions, **asked})


def settle(call: ActionCall) -> ActionResult:
    """`rma.settle`: the outcomes stand; what is to be credited, sent anew and sent back."""
    return _settled(call, state_of(call))


def refuse(call: ActionCall) -> ActionResult:
    """`rma.refuse`: who decides accepts nothing; all that arrived goes back to the partner."""
    state = state_of(call)
    nothing = tuple(
        replace(o, outcome="reject", goods="send_back", fee_pct=ZERO, gross=ZERO, fee=ZERO, net=ZERO, told="")
        for o in state.outcomes
    )
    return _settled(call, replace(state, outcomes=nothing))


def _settled(call: ActionCall, state: RmaState) -> ActionResult:
    kinds = {o.outcome for o in state.outcomes}
    status = "credited" if "credit" in kinds else "replaced" if "replace" in kinds else "refused"
    told = tuple(dict.fromkeys(o.told for o in state.outcomes if o.told))
    after = replace(state, status=status, told=told, updated_at=call.now)
    head = {"rma": state.request.rma, "order": state.request.order, "partner": state.request.partner}
    outputs = {
        "credits": "credit" in kinds,
        "replaces": "replace" in kinds,
        "credit": {**head, "currency": state.currency, "amount": state.total("credit"), "lines": _of(state, "credit")},
        "replacement": {**head, "lines": _of(state, "replace")},
        "send_back": {**head, "lines": _of(state, "reject")},
        "notice": notice(after),
    }
    return ActionResult(outputs, (book_of(call).put(call.event.seq, after),))


def _of(state: RmaState, kind: str) -> list[dict[str, Any]]:
    keys = ("line", "quantity", "goods", *(("gross", "fee", "net") if kind == "credit" else ()))
    return [
        {"product": state.line(o.finding.line).product, **{k: v for k, v in outcome_json(o).items() if k in keys}}
        for o in state.outcomes
        if o.outcome == kind
    ]


RMA_ACTIONS: Mapping[str, Action] = {
    "rma.request": request,
    "rma.assess": assess,
    "rma.mark": mark,
    "rma.authorise": authorise,
    "rma.sent": sent,
    "rma.receive": receive,
    "rma.inspect": inspect,
    "rma.inspect_again": inspect_again,
    "rma.dispose": dispose,
    "rma.ask": ask,
    "rma.settle": settle,
    "rma.refuse": refuse,
}
