"""`deal.assess`: what a deal runs into, decided by the policy `deal_rules`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from headgate.channel.deals.core.state import MOST_CONFLICTS, ZERO, DealBook, DealState, Territory
from headgate.domain.checks import PartnerFacts
from headgate.domain.deals import Conflict, Deal, conflicts, deal_json
from headgate.domain.fx import convert, need_rate
from headgate.kernel.canonical import digest
from headgate.kernel.errors import refused
from headgate.kernel.ids import derive_id
from headgate.policy.core import Evaluation, draft_decision
from headgate.process import ActionCall, ActionResult

# A deal that nobody has protected yet is weighed as if it would be for as long as rules commonly allow.
USUAL_DAYS = 90
GRAVITY = ("reject", "return", "ask", "review")


def assess(call: ActionCall) -> ActionResult:
    """Weigh the deal against every claim, ask the rules, and say what has to happen."""
    book = call.facts
    assert isinstance(book, DealBook)
    state = book.current(call.event.seq, call.case.subject)
    if state is None:
        raise refused("deal", call.case.subject, "has no stored content", "Register it again under a new number.")
    deal = state.deal
    found = against(book, state)
    facts = facts_of(book, state, found)
    evaluation = call.decide("deal_rules", facts)
    findings = _findings(evaluation)
    outcome = next((o for o in GRAVITY if any(f["outcome"] == o for f in findings)), "approve")
    exceptions = tuple(dict.fromkeys(str(f["exception"]) for f in findings))
    decision = draft_decision(
        derive_id(call.now, "decision", call.event.seq, call.case.case_id, call.number),
        call.now,
        [evaluation],
        subject_type="deal",
        subject=deal.deal,
        outcome=outcome,
        case_id=call.case.case_id,
        event_seq=call.event.seq,
    )
    after = replace(
        state,
        stake=facts["amount"],
        told=tuple(dict.fromkeys(str(f["told"]) for f in findings if f["outcome"] == outcome)),
        updated_at=call.now,
    )
    outputs = {
        "outcome": outcome,
        "partner": deal.partner,
        "stake": after.stake,
        "currency": book.currency,
        "exceptions": list(exceptions),
        "decision": decision.decision,
    }
    if outcome in ("ask", "review"):
        outputs |= request_for(after, found, exceptions, book.partners[deal.partner], findings)
    return ActionResult(outputs, (book.put(call.event.seq, after, found),), (decision,))


def request_for(
    state: DealState,
    found: Sequence[Conflict],
    exceptions: Sequence[str],
    partner: PartnerFacts,
    findings: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The approval request of a deal. What is approved is its content and everything that stands against it."""
    content = deal_json(state.deal)
    against_it = [c.as_json() for c in found]
    bound = {"deal": content, "conflicts": against_it, "exceptions": list(exceptions)}
    return {
        "asks": [{"exception": e, "stake": state.stake} for e in exceptions],
        "digest": digest(bound).hex(),
        "requested_by": state.requested_by,
        "barred": list(dict.fromkeys([state.requested_by, state.submitted_by, *state.hands])),
        "summary": {
            **content,
            "partner_name": partner.name,
            "tier": partner.tier,
            "stake": state.stake,
            "registered_at": state.registered_at,
            "conflicts": against_it,
            "findings": [dict(f) for f in findings],
        },
    }


def against(book: DealBook, state: DealState) -> tuple[Conflict, ...]:
    """The claims of others that stand against a deal, worst first. A partner never stands against itself."""
    others = [c for c in book.claims if not (c.kind == "deal" and c.holder == state.deal.partner)]
    until = state.protected_until or state.registered_at + timedelta(days=USUAL_DAYS)
    return conflicts(state.deal, state.registered_at, until, others)[:MOST_CONFLICTS]


def facts_of(book: DealBook, state: DealState, found: Sequence[Conflict]) -> dict[str, Any]:
    """What `deal_rules` looks at."""
    deal = state.deal
    partner = book.partners.get(deal.partner)
    if partner is None:
        raise refused("partner", deal.partner, "is not a known partner", "Record the partner, then replay this event.")
    unknown = sorted(deal.products - book.products.keys())
    if unknown:
        raise refused("product", unknown[0], "is not a known product", "Record the product, then replay this event.")
    deals = [c for c in found if c.claim.kind == "deal"]
    gravest = _gravest(deals)
    rate = need_rate(book.rates_by_day.get(book.now.date(), {}), deal.currency, book.currency)
    return {
        "deal_score": gravest.score if gravest else ZERO,
        "deal_state": gravest.claim.status if gravest else "none",
        "pipeline_score": _highest(found, "opportunity"),
        "customer_score": _highest(found, "customer"),
        "territory": territory_of(book.territories, deal),
        "partner_active": partner.status == "active",
        "programme": programme_fit(book, deal),
        "days_to_close": (deal.close_on - book.now.astimezone(book.tz).date()).days,
        "amount": convert(deal.amount, rate),
    }


def _gravest(deals: Sequence[Conflict]) -> Conflict | None:
    """The worst of the protected ones if that is certain enough to matter, else the worst of all."""
    protected = [c for c in deals if c.claim.status == "protected" and c.score >= 30]
    return max(protected or deals, key=lambda c: c.score, default=None)


def _highest(found: Iterable[Conflict], kind: str) -> Decimal:
    return max((c.score for c in found if c.claim.kind == kind), default=ZERO)


def territory_of(territories: Sequence[Territory], deal: Deal) -> str:
    """Whose the customer's place is: `ours` where the partner sells, `exclusive` where only another does, `foreign`
    where others do, `open` where nobody has been named."""
    place = deal.customer.address
    region = place.region.removeprefix(f"{place.country}-")
    covering = [t for t in territories if t.covers(place.country, region)]
    if any(deal.partner in t.partners for t in covering):
        return "ours"
    if any(t.exclusive for t in covering):
        return "exclusive"
    return "foreign" if covering else "open"


def programme_fit(book: DealBook, deal: Deal) -> str:
    """Whether a deal keeps to the programme it names."""
    if not deal.programme:
        return "none"
    programme = book.programmes.get(deal.programme)
    if programme is None:
        return "unknown"
    if not _open(programme.valid_from, programme.valid_until, book.now):
        return "ended"
    if programme.countries and deal.customer.address.country not in programme.countries:
        return "country"
    if programme.products or programme.families:
        families = {code: book.products[code].family for code in deal.products}
        if any(c not in programme.products and families[c] not in programme.families for c in deal.products):
            return "products"
    if programme.least and deal.amount < convert(
        programme.least, need_rate(book.rates_by_day.get(book.now.date(), {}), programme.currency, deal.currency)
    ):
        return "amount"
    return "fits"


def _open(start: datetime | None, end: datetime | None, now: datetime) -> bool:
    return (start is None or start <= now) and (end is None or now < end)


def _findings(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The rows that fit, each with its reason and clause."""
    outputs = evaluation.outputs.get("list", ())
    assert isinstance(outputs, Sequence)
    reasons = list(evaluation.reasons)
    return [
        {**dict(o), "row": row, "because": reasons[i] if i < len(reasons) else ""}
        for i, (o, row) in enumerate(zip(outputs, evaluation.rows, strict=True))
    ]
