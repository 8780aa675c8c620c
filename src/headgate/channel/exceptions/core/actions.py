"""The actions of the process `price_exception`: what is asked, what it would cost, and what is granted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from headgate.domain.checks import PartnerFacts, ProductFacts
from headgate.domain.fx import Rates, convert, find_rate, need_rate
from headgate.domain.orders import MAX_EVIDENCE, PriceExceptionRequest, parse_price_exception
from headgate.domain.pricing import PriceBook, PriceQuery, PriceTrace, resolve_price
from headgate.kernel.canonical import digest
from headgate.kernel.errors import Invalid, invalid, refused
from headgate.kernel.money import parse_decimal, to_minor
from headgate.kernel.phrases import phrase
from headgate.process import ActionCall, ActionResult

ZERO = Decimal(0)
ONE = Decimal(1)
_FOUR = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Round:
    """A time a request was sent back: when, why in the approver's words, and what had been asked by then, by whom."""

    at: datetime
    reason: str
    asked: Mapping[str, Any]
    by: str


@dataclass(frozen=True, slots=True)
class ExceptionState:
    """A request as it stands. `contract_price` is what the agreements give without it, `stake` is in the tenant's
    currency; `rounds` are the times it was sent back, `added_by` who added evidence while it was decided about."""

    request: PriceExceptionRequest
    status: str
    case_id: UUID
    requested_by: str
    submitted_by: str
    contract_price: Decimal | None = None
    stake: Decimal = ZERO
    approved_by: tuple[str, ...] = ()
    updated_at: datetime | None = None
    rounds: tuple[Round, ...] = ()
    added_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExceptionChanged:
    """The request after an action."""

    state: ExceptionState


@dataclass(slots=True)
class ExceptionBook:
    """The facts of a batch of requests."""

    requests: dict[str, ExceptionState]
    partners: Mapping[str, PartnerFacts]
    products: Mapping[str, ProductFacts]
    prices: PriceBook
    rates_by_day: Mapping[date, Rates]
    currency: str
    tz: ZoneInfo
    now: datetime
    draft: dict[str, tuple[int, ExceptionState]] = field(default_factory=dict)

    def current(self, seq: int, request: str) -> ExceptionState | None:
        """The request as event `seq` sees it."""
        found = self.draft.get(request)
        return found[1] if found is not None and found[0] == seq else self.requests.get(request)

    def put(self, seq: int, state: ExceptionState) -> ExceptionChanged:
        """Note a change made by event `seq`."""
        self.draft[state.request.request] = (seq, state)
        return ExceptionChanged(state)


def _book(call: ActionCall) -> ExceptionBook:
    assert isinstance(call.facts, ExceptionBook)
    return call.facts


def _state(call: ActionCall) -> ExceptionState:
    state = _book(call).current(call.event.seq, call.case.subject)
    if state is None:
        raise refused("request", call.case.subject, "has no stored content", "Request it again under a new number.")
    return state


def assess(call: ActionCall) -> ActionResult:
    """`price_exception.assess`: compare with the price in force, and say what the concession could cost."""
    book = _book(call)
    state = book.current(call.event.seq, call.case.subject) or _new(call)
    request = state.request
    partner, product = _known(book, request)
    trace = _price(book, request, partner, product)
    contract = trace.unit_price
    rates = book.rates_by_day.get(call.now.date(), {})
    rate = need_rate(rates, request.currency, book.currency)
    quantity = request.max_quantity if request.max_quantity is not None else ONE
    gap = request.unit_price if contract is None else max(contract - request.unit_price, ZERO)
    stake = convert(to_minor(gap * quantity, request.currency), rate)
    deviation = ZERO if not contract else (gap / contract * 100).quantize(_FOUR, ROUND_HALF_UP)
    margin = _margin(request, product, rates)
    needed = contract is None or request.unit_price < contract
    after = replace(
        state,
        status="deciding" if needed else "not_needed",
        contract_price=contract,
        stake=stake,
        updated_at=call.now,
    )
    ask = {
        "exception": "price_exception",
        "stake": stake,
        "deviation_pct": deviation,
        "margin_pct": ZERO if margin is None else margin,
        "tier": partner.tier,
        # Without a quantity the concession has no bound, so the stake says little.
        "risk": "high" if request.max_quantity is None else "low",
    }
    outputs = {
        "needed": needed,
        "partner": request.partner,
        "stake": stake,
        "currency": book.currency,
        "exceptions": ["price_exception"] if needed else [],
        "digest": digest(_asked(request)).hex(),
        "requested_by": state.requested_by,
        "barred": [state.requested_by, state.submitted_by, *(each.by for each in state.rounds), *state.added_by],
        "asks": [ask],
        "summary": {
            **_asked(request),
            "partner_name": partner.name,
            "product_name": product.name,
            "contract": contract,
            "deviation_pct": deviation,
            "margin_pct": margin,
            "open_ended": request.max_quantity is None,
            "tenant_currency": book.currency,
            "trace": trace.as_json(),
        },
    }
    return ActionResult(outputs, (book.put(call.event.seq, after),))


def _new(call: ActionCall) -> ExceptionState:
    request = parse_price_exception(call.event.data, _book(call).tz)
    return ExceptionState(
        request, "assessing", call.case.case_id, request.requested_by or call.event.actor, call.event.actor
    )


def _known(book: ExceptionBook, request: PriceExceptionRequest) -> tuple[PartnerFacts, ProductFacts]:
    partner, product = book.partners.get(request.partner), book.products.get(request.product)
    if partner is None:
        raise refused(
            "partner", request.partner, "is not a known partner", "Record the partner, then replay this event."
        )
    if product is None:
        raise refused(
            "product", request.product, "is not a known product", "Record the product, then replay this event."
        )
    return partner, product


def _price(
    book: ExceptionBook, request: PriceExceptionRequest, partner: PartnerFacts, product: ProductFacts
) -> PriceTrace:
    return resolve_price(
        PriceQuery(
            partner=request.partner,
            product=request.product,
            quantity=request.max_quantity or ONE,
            currency=request.currency,
            at=max(request.valid_from, book.now),
            as_known=book.now,
            groups=partner.groups,
            region=partner.region,
            channel=partner.channel,
            family=product.family,
            cost=product.cost,
            cost_currency=product.cost_currency,
            fx=book.rates_by_day.get(book.now.date(), {}),
        ),
        book.prices,
    )


def _margin(request: PriceExceptionRequest, product: ProductFacts, rates: Rates) -> Decimal | None:
    """In percent of the price; None where the cost, or its rate to the price's currency, is not known."""
    if product.cost is None or not request.unit_price:
        return None
    rate = find_rate(rates, product.cost_currency or request.currency, request.currency)
    if rate is None:
        return None
    share = (request.unit_price - product.cost * rate.rate) / request.unit_price * 100
    return max(share.quantize(_FOUR, ROUND_HALF_UP), Decimal(-1000))


def _content(request: PriceExceptionRequest) -> dict[str, Any]:
    return {
        "request": request.request,
        "partner": request.partner,
        "product": request.product,
        "unit_price": request.unit_price,
        "currency": request.currency,
        "max_quantity": request.max_quantity,
        "valid_from": request.valid_from,
        "valid_until": request.valid_until,
        "justification": request.justification,
        "order": request.order,
    }


def _asked(request: PriceExceptionRequest) -> dict[str, Any]:
    """What an approval binds and shows: the content with the files that speak for it."""
    return _content(request) | ({"evidence": list(request.evidence)} if request.evidence else {})


def edited(request: PriceExceptionRequest, edit: Mapping[str, Any]) -> PriceExceptionRequest:
    """An approver's counter-offer: a price that is not lower, a quantity that is not larger. Raises Invalid."""
    if not edit or set(edit) - {"unit_price", "max_quantity"}:
        raise invalid("edit", edit, "is not an edit of a price exception", "Give unit_price or max_quantity.")
    price, quantity = request.unit_price, request.max_quantity
    if edit.get("unit_price") is not None:
        price = parse_decimal("edit.unit_price", edit["unit_price"])
        if price < request.unit_price:
            raise invalid("edit.unit_price", price, "is below what was asked", "Raise it or leave it.")
    if edit.get("max_quantity") is not None:
        quantity = parse_decimal("edit.max_quantity", edit["max_quantity"])
        if quantity <= 0 or (request.max_quantity is not None and quantity > request.max_quantity):
            raise invalid("edit.max_quantity", quantity, "is not between 0 and what was asked", "Lower it or leave it.")
    after = replace(request, unit_price=price, max_quantity=quantity)
    if after == request:
        raise Invalid("the edit changes nothing; approve instead, or change the price or the quantity")
    return after


def edit(call: ActionCall) -> ActionResult:
    """`price_exception.edit`: apply the approver's counter-offer."""
    state, changes = _state(call), call.event.data.get("edit")
    after = replace(state, request=edited(state.request, changes if isinstance(changes, Mapping) else {}))
    return ActionResult({}, (_book(call).put(call.event.seq, after),))


def send_back(call: ActionCall) -> ActionResult:
    """`price_exception.send_back`: back to the partner with the approver's reason; after `most` times it is over."""
    state = _state(call)
    reason = str(call.event.data.get("justification") or "")
    back = Round(call.now, reason, asked_of(state.request), state.submitted_by)
    again = len(state.rounds) < int(str(call.args["most"]))
    rounds = (*state.rounds, back)
    after = replace(state, status="returned" if again else "declined", rounds=rounds, updated_at=call.now)
    notice = {"request": state.request.request, "partner": state.request.partner, "reason": reason}
    outputs = {"again": again, "rounds": len(rounds), "notice": notice}
    return ActionResult(outputs, (_book(call).put(call.event.seq, after),))


def amend(call: ActionCall) -> ActionResult:
    """`price_exception.amend`: what the partner asks for now, of the same product, currency and order."""
    state = _state(call)
    asked = parse_price_exception(call.event.data, _book(call).tz)
    for name in ("partner", "product", "currency", "order"):
        given, was = getattr(asked, name), getattr(state.request, name)
        if given != was:
            raise refused(
                name,
                given,
                phrase("is not %(was)s, which was asked for", was=was or "—"),
                "Ask anew for something else.",
            )
    asked = _with_evidence(state.request, asked)
    if _may_differ(asked) == _may_differ(state.request):
        raise refused(
            "justification",
            "",
            "says nothing new, and neither does anything else",
            "Change the price, the quantity, the time or the reason, or add a file.",
        )
    after = replace(state, request=asked, submitted_by=call.event.actor, updated_at=call.now)
    return ActionResult({}, (_book(call).put(call.event.seq, after),))


def attach(call: ActionCall) -> ActionResult:
    """`price_exception.attach`: more evidence while it is decided about; nothing else changes meanwhile."""
    state = _state(call)
    asked = parse_price_exception(call.event.data, _book(call).tz)
    now = _with_evidence(state.request, asked)
    for name in ("partner", "product", "currency", "order", *asked_of(now)):
        if getattr(now, name) != getattr(state.request, name):
            raise refused(
                name,
                getattr(now, name),
                "is with the approver; it can be changed once it was sent back",
                "Add a file, or wait for the decision.",
            )
    if now.evidence == state.request.evidence:
        raise refused("evidence", "", "holds nothing that was not sent before", "Add a file.")
    added_by = tuple(dict.fromkeys((*state.added_by, call.event.actor)))
    request = replace(state.request, evidence=now.evidence)
    after = replace(state, request=request, added_by=added_by, updated_at=call.now)
    return ActionResult({}, (_book(call).put(call.event.seq, after),))


def _with_evidence(before: PriceExceptionRequest, asked: PriceExceptionRequest) -> PriceExceptionRequest:
    """What is asked now, with all the evidence that was ever sent for it: none is taken back. Raises `Invalid`."""
    evidence = tuple(dict.fromkeys((*before.evidence, *asked.evidence)))
    if len(evidence) > MAX_EVIDENCE:
        raise refused(
            "evidence", "", phrase("is more than %(most)s files", most=MAX_EVIDENCE), "Send what matters most."
        )
    return replace(asked, evidence=evidence)


def _may_differ(request: PriceExceptionRequest) -> tuple[object, ...]:
    return (asked_of(request), request.evidence)


def asked_of(request: PriceExceptionRequest) -> dict[str, Any]:
    """What a partner may ask otherwise when a request is sent back."""
    return {
        "unit_price": request.unit_price,
        "max_quantity": request.max_quantity,
        "valid_from": request.valid_from,
        "valid_until": request.valid_until,
        "justification": request.justification,
    }


def grant(call: ActionCall) -> ActionResult:
    """`price_exception.grant`: the request becomes a time-boxed agreement (written by the port)."""
    approval = call.case.data.get("approval")
    voters = approval.get("voters") if isinstance(approval, Mapping) else None
    approved_by = tuple(str(v) for v in voters or ())
    after = replace(_state(call), status="granted", approved_by=approved_by, updated_at=call.now)
    return ActionResult({"command": _content(after.request)}, (_book(call).put(call.event.seq, after),))


def close(call: ActionCall) -> ActionResult:
    """`price_exception.close`: take the status the definition names; nothing is granted."""
    after = replace(_state(call), status=str(call.args["status"]), updated_at=call.now)
    return ActionResult({}, (_book(call).put(call.event.seq, after),))


ACTIONS = {
    "price_exception.assess": assess,
    "price_exception.edit": edit,
    "price_exception.send_back": send_back,
    "price_exception.amend": amend,
    "price_exception.attach": attach,
    "price_exception.grant": grant,
    "price_exception.close": close,
}
