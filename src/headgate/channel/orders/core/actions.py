"""The registered actions of `order_to_release`. Pure but for the draft they note in the batch's book."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from headgate.channel.orders.core import editing, shipping
from headgate.channel.orders.core.book import OrderBook
from headgate.channel.orders.core.outline import asks_for, bound_digest, command_for, outline
from headgate.channel.orders.core.state import OPEN, ZERO, OrderState, Priced, Reserved
from headgate.domain.checks import OrderVerdict, govern_order, record_text
from headgate.domain.fx import convert, need_rate
from headgate.domain.orders import Order, clock_problems, line_content_key, order_content
from headgate.domain.stock import Need, allocate
from headgate.kernel.canonical import canonical
from headgate.kernel.errors import Refused, refused
from headgate.kernel.ids import derive_id
from headgate.kernel.phrases import phrase
from headgate.policy.core import DecisionDraft, Evaluation, decision_digest
from headgate.process import ActionCall, ActionResult

NOTHING: Mapping[str, Any] = {}


def _book(call: ActionCall) -> OrderBook:
    assert isinstance(call.facts, OrderBook)
    return call.facts


def _state(call: ActionCall) -> OrderState:
    state = _book(call).current(call.event.seq, call.case.subject)
    if state is None:
        raise refused("order", call.case.subject, "has no stored content", "Submit it again under a new number.")
    return state


def _fresh(call: ActionCall, order: Order, before: OrderState | None) -> OrderState:
    _known(call, order)
    content = canonical(order_content(order))
    fresh: dict[str, Any] = {
        "order": order,
        "content": content.decode(),
        "digest": hashlib.sha256(content).hexdigest(),
        "line_key": line_content_key(order),
        "requested_by": order.requested_by or call.event.actor,
        "submitted_by": call.event.actor,
        "case_id": call.case.case_id,
        "updated_at": call.now,
    }
    if before is None:
        return OrderState(revision=1, status="received", received_at=call.event.received_at, **fresh)
    return before._replace(revision=before.revision + 1, **fresh)


def _known(call: ActionCall, order: Order) -> None:
    """Refuse what cannot be governed at all: a partner, product or unit nobody recorded. It waits in quarantine."""
    book = _book(call)
    ahead = clock_problems("placed_at", order.placed_at, call.event.received_at)
    if ahead:
        raise Refused(str(ahead[0]), problems=ahead)
    if order.partner not in book.partners:
        raise refused("partner", order.partner, "is not a known partner", "Record the partner, then replay this event.")
    for index, line in enumerate(order.lines):
        product = book.products.get(line.product)
        if product is None:
            raise refused(
                f"lines[{index}].product", line.product, "is not a known product", "Record the product, then replay."
            )
        if line.unit and product.unit and line.unit != product.unit:
            raise refused(
                f"lines[{index}].unit",
                line.unit,
                phrase("is not the unit of %(product)s", product=line.product),
                phrase("Order it in %(unit)s.", unit=product.unit),
            )


def check(call: ActionCall) -> ActionResult:
    """`order.check`: price the order and weigh every check; the verdict is one decision."""
    book = _book(call)
    state = book.current(call.event.seq, call.case.subject)
    if state is None:
        state = _fresh(call, book.content(call.event.seq, call.event.data), None)
    waived, ceilings = _waivers(call, state)
    verdict = govern_order(book.facts_for(state.order, waived, ceilings), call.decide)
    decision = _decision(call, verdict)
    was_released = state.status in OPEN
    after = _after_check(call, state, verdict, decision)
    outputs: dict[str, Any] = {
        "outcome": verdict.outcome,
        "partner": after.order.partner,
        "stake": verdict.stake,
        "currency": book.currency,
        "exceptions": list(verdict.exception_types),
        "content": after.digest,
        "decision": decision.decision,
        "was_released": was_released,
    }
    if verdict.outcome == "hold":
        bound = bound_digest(after, verdict)
        outputs |= {
            "digest": bound,
            "requested_by": after.requested_by,
            "barred": list(dict.fromkeys([after.requested_by, after.submitted_by, *_earlier_hands(call)])),
            "asks": asks_for(verdict, book.partners[after.order.partner]),
            "found": [[e.type, e.line or ""] for e in verdict.exceptions if e.outcome == "hold"],
            "ceilings": {level.account: level.exposure_after for level in verdict.credit.levels},
            "summary": outline(after, verdict, book.partners[after.order.partner], book.products),
        }
        if was_released:
            outputs["command"] = {"order": after.order.order, "revision": after.revision, "decision": decision.decision}
    elif verdict.outcome in ("release", "flag"):
        outputs["picks"] = [
            [line.line, line.product, pick.warehouse, pick.quantity]
            for line in verdict.allocation
            for pick in line.picks
        ]
        uses = _metered(verdict)
        if uses:
            outputs["uses"] = uses
    return ActionResult(outputs, (book.put(call.event.seq, after),), (decision,))


def _metered(verdict: OrderVerdict) -> list[list[Any]]:
    """What the order takes from approved price exceptions that end at a quantity: agreement, term, quantity."""
    winners = [(line.trace.winner, line.line.quantity) for line in verdict.lines]
    return [[w.agreement, w.term, q] for w, q in winners if w is not None and w.max_quantity is not None]


def _waivers(call: ActionCall, state: OrderState) -> tuple[frozenset[tuple[str, str]], Mapping[str, Decimal]]:
    """What an approval of exactly this content set aside."""
    waiver = call.case.data.get("waiver")
    if not isinstance(waiver, Mapping) or waiver.get("content") != state.digest:
        return frozenset(), {}
    ceilings = {str(k): Decimal(str(v)) for k, v in dict(waiver.get("ceilings") or {}).items()}
    return frozenset((str(t), str(line)) for t, line in waiver.get("exceptions") or ()), ceilings


def _after_check(call: ActionCall, state: OrderState, verdict: OrderVerdict, decision: DecisionDraft) -> OrderState:
    book, totals = _book(call), verdict.totals
    held = {"hold": "held", "reject": "rejected"}.get(verdict.outcome, state.status)
    after = state._replace(
        status=held,
        account=book.partners[state.order.partner].account,
        total=totals.gross,
        tax=totals.tax,
        tenant_total=totals.tenant_gross,
        rate=totals.rate.rate,
        rate_on=totals.rate.on,
        stake=verdict.stake,
        exceptions=verdict.exception_types,
        priced=tuple(_priced(line) for line in verdict.lines),
        decision=decision.decision,
        updated_at=call.now,
    )
    return _let_go(after) if verdict.outcome in ("hold", "reject") else after


def _priced(line: Any) -> Priced:
    winner = line.trace.winner
    return Priced(
        line.line.line,
        line.line.product,
        line.line.quantity,
        line.line.unit,
        line.line.unit_price,
        line.contract_price,
        line.amount,
        line.cost,
        line.margin,
        line.tax,
        None if winner is None else winner.name,
    )


def _let_go(state: OrderState) -> OrderState:
    return state._replace(reserved=(), counted=ZERO, exception_uses={})


def _decision(call: ActionCall, verdict: OrderVerdict) -> DecisionDraft:
    release = verdict.release
    assert isinstance(release, Evaluation)
    text = record_text(verdict)
    return DecisionDraft(
        decision=derive_id(call.now, "decision", call.event.seq, call.case.case_id, call.number),
        at=call.now,
        policy=release.policy,
        version=release.version,
        subject_type="order",
        subject=call.case.subject,
        case_id=call.case.case_id,
        event_seq=call.event.seq,
        outcome=verdict.outcome,
        row_ids=tuple(release.rows),
        inputs=release.inputs,
        outputs=release.outputs,
        evaluations=text,
        digest=decision_digest(text),
    )


def waive(call: ActionCall) -> ActionResult:
    """`order.waive`: an approval sets aside the exceptions it was asked about, for exactly this content."""
    found, state = call.case.data["check"], _state(call)
    assert isinstance(found, Mapping)
    return ActionResult({"content": state.digest, "exceptions": found["found"], "ceilings": found["ceilings"]})


def forget_waiver(call: ActionCall) -> ActionResult:
    """`order.forget_waiver`: what was approved once is not approved again after a change, return or cancellation."""
    return ActionResult(NOTHING)


def amend(call: ActionCall) -> ActionResult:
    """`order.amend`: the order's content is replaced as a whole."""
    before = _state(call)
    order = _book(call).content(call.event.seq, call.event.data)
    if order.partner != before.order.partner:
        raise refused(
            "partner",
            order.partner,
            phrase("is not the partner of order %(order)s", order=order.order),
            "Cancel it and submit a new order.",
        )
    after = _fresh(call, order, before)
    # Whoever asked before still had a hand in it, and may not approve what somebody else only touched up.
    hands = dict.fromkeys([*_earlier_hands(call), before.requested_by, before.submitted_by])
    outputs = {"revision": after.revision, "hands": list(hands)}
    return ActionResult(outputs, (_book(call).put(call.event.seq, after),))


def _earlier_hands(call: ActionCall) -> list[str]:
    """Who asked for and sent the revisions that were amended."""
    amended = call.case.data.get("amended")
    return [str(name) for name in amended.get("hands") or ()] if isinstance(amended, Mapping) else []


def edit(call: ActionCall) -> ActionResult:
    """`order.edit`: an approver's counter-offer: a higher price or a smaller quantity, never the other way."""
    before = _state(call)
    changes = call.event.data.get("edit")
    order = editing.edited(before.order, changes if isinstance(changes, Mapping) else {})
    after = _fresh(call, order, before)._replace(requested_by=before.requested_by, submitted_by=before.submitted_by)
    return ActionResult({"revision": after.revision}, (_book(call).put(call.event.seq, after),))


def release(call: ActionCall) -> ActionResult:
    """`order.release`: take stock and credit, and tell the ERP."""
    book, state, found = _book(call), _state(call), call.case.data["check"]
    assert isinstance(found, Mapping)
    reserved = tuple(Reserved(str(a), str(b), str(c), Decimal(str(d))) for a, b, c, d in found.get("picks") or ())
    uses: dict[tuple[str, int], Decimal] = {}
    for agreement, term, quantity in found.get("uses") or ():
        key = (str(agreement), int(str(term)))
        uses[key] = uses.get(key, ZERO) + Decimal(str(quantity))
    account = book.accounts.get(state.account) if state.account else None
    counted = ZERO
    if account is not None:
        counted = convert(state.total, need_rate(book.rates_of(state.order), state.order.currency, account.currency))
    after = state._replace(
        status="flagged" if found["outcome"] == "flag" else "released",
        reserved=reserved,
        counted=counted,
        account=state.account if account is not None else None,
        exception_uses=uses,
        updated_at=call.now,
    )
    return ActionResult({"command": command_for(after)}, (book.put(call.event.seq, after),))


def suspend(call: ActionCall) -> ActionResult:
    """`order.suspend`: give back stock and credit, and take the status the definition names."""
    state = _state(call)
    after = _let_go(state)._replace(status=str(call.args["status"]), updated_at=call.now)
    command = {"order": state.order.order, "revision": state.revision, "status": after.status}
    return ActionResult({"command": command}, (_book(call).put(call.event.seq, after),))


def ship(call: ActionCall) -> ActionResult:
    """`order.ship`: goods left; reservations shrink, stock falls, open orders become shipped and unbilled."""
    stocked = {(level.product, level.warehouse) for levels in _book(call).stock.values() for level in levels}
    state = shipping.shipped(_state(call), call.event.data, call.now, stocked)
    complete = state.status == "fulfilled"
    return ActionResult({"complete": complete}, (_book(call).put(call.event.seq, state),))


def hold_rest(call: ActionCall) -> ActionResult:
    """`order.hold_rest`: reserve again what a partly shipped order has still to ship and no longer holds."""
    book, state = _book(call), _state(call)
    covered = dict(state.shipped)
    for held in state.reserved:
        covered[held.line] = covered.get(held.line, ZERO) + held.quantity
    needs = [
        Need(line.line, line.product, line.quantity - covered.get(line.line, ZERO))
        for line in state.order.lines
        if line.quantity > covered.get(line.line, ZERO)
    ]
    ship_to = state.order.ship_to
    allocation = allocate(
        needs, book.stock, region=ship_to.region, country=ship_to.country, split=book.rules.split_shipments
    )
    fresh = [Reserved(a.line, a.product, pick.warehouse, pick.quantity) for a in allocation for pick in a.picks]
    after = state._replace(reserved=(*state.reserved, *fresh), updated_at=call.now)
    short = [[a.line, a.product, a.back_order] for a in allocation if a.back_order]
    outputs = {"short": bool(short), "missing": short, "command": command_for(after)}
    return ActionResult(outputs, (book.put(call.event.seq, after),))


ACTIONS = {
    "order.check": check,
    "order.waive": waive,
    "order.forget_waiver": forget_waiver,
    "order.amend": amend,
    "order.edit": edit,
    "order.release": release,
    "order.suspend": suspend,
    "order.ship": ship,
    "order.hold_rest": hold_rest,
}
