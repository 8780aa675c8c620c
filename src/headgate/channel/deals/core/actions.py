"""The actions of the process `deal_registration`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from headgate.channel.deals.core.assess import against, assess, request_for
from headgate.channel.deals.core.state import PROTECTED, DealBook, DealState
from headgate.domain.deals import parse_activity, parse_deal, parse_extension, parse_note, parse_opportunity
from headgate.domain.fx import convert, need_rate
from headgate.kernel.errors import refused
from headgate.kernel.ids import derive_id
from headgate.kernel.phrases import phrase
from headgate.policy.core import DecisionDraft, Evaluation, draft_decision
from headgate.process import Action, ActionCall, ActionResult


def _book(call: ActionCall) -> DealBook:
    assert isinstance(call.facts, DealBook)
    return call.facts


def _state(call: ActionCall) -> DealState:
    state = _book(call).current(call.event.seq, call.case.subject)
    if state is None:
        raise refused("deal", call.case.subject, "has no stored content", "Register it again under a new number.")
    return state


def register(call: ActionCall) -> ActionResult:
    """`deal.register`: take the content of a draft, a submission or an amendment; it replaces what was there.

    The registration counts from when it was first submitted, however often it is amended.
    """
    book, event = _book(call), call.event
    deal = parse_deal(event.data)
    before = book.current(event.seq, call.case.subject)
    if before is not None and before.deal.partner != deal.partner:
        fix = phrase("Withdraw it and register it anew.")
        raise refused("partner", deal.partner, phrase("is not the partner of deal %(deal)s", deal=deal.deal), fix)
    draft = event.type == "deal.drafted" or (before is not None and before.status == "draft" and _amends(event.type))
    requester = deal.requested_by or event.actor
    rate = need_rate(book.rates_by_day.get(book.now.date(), {}), deal.currency, book.currency)
    hands = () if before is None else tuple(dict.fromkeys([*before.hands, before.requested_by, before.submitted_by]))
    first = before is None or before.status == "draft"
    after = DealState(
        deal=deal,
        status="draft" if draft else "submitted",
        revision=1 if before is None else before.revision + 1,
        case_id=call.case.case_id,
        requested_by=requester,
        submitted_by=event.actor,
        registered_at=call.now if before is None or first else before.registered_at,
        stake=convert(deal.amount, rate),
        hands=hands,
        updated_at=call.now,
    )
    outputs = {"draft": draft, "partner": deal.partner, "stake": after.stake, "currency": book.currency}
    return ActionResult(outputs, (book.put(event.seq, after),))


def _amends(event_type: str) -> bool:
    return event_type == "deal.amended"


def mark(call: ActionCall) -> ActionResult:
    """`deal.mark`: take the status the definition names; a protection that was running ends. What the definition tells
    the partner of it stands in for what was told before."""
    state = _state(call)
    status = str(call.args["status"])
    ended = state.protected_until
    if state.status == PROTECTED and ended is not None:
        ended = min(ended, call.now)
    told = (str(call.args["told"]),) if call.args.get("told") else state.told
    after = replace(state, status=status, protected_until=ended, told=told, updated_at=call.now)
    return ActionResult({"notice": notice(after)}, (_book(call).put(call.event.seq, after),))


def notice(state: DealState) -> dict[str, Any]:
    """What the partner may know: its own deal, and never whose claim stood against it."""
    return {
        "deal": state.deal.deal,
        "partner": state.deal.partner,
        "status": state.status,
        "told": list(state.told),
        "protected_until": state.protected_until,
    }


def protect(call: ActionCall) -> ActionResult:
    """`deal.protect`: from now on nobody else may register this business; for how long says `deal_protection`."""
    book, state = _book(call), _state(call)
    partner = book.partners[state.deal.partner]
    evaluation = call.decide("deal_protection", {"amount": state.stake, "tier": partner.tier})
    days = int(str(evaluation.outputs["days"]))
    until = _end_of_day(book, call.now, days)
    after = replace(
        state,
        status=PROTECTED,
        protected_from=call.now,
        protected_until=until,
        warn_at=until - timedelta(days=int(str(evaluation.outputs["warn_days"]))),
        granted_days=days,
        longest_days=int(str(evaluation.outputs["longest_days"])),
        told=(),
        updated_at=call.now,
    )
    command = {
        "deal": state.deal.deal,
        "partner": state.deal.partner,
        "customer": state.deal.customer.name,
        "amount": state.deal.amount,
        "currency": state.deal.currency,
        "protected_until": until,
    }
    record = book.put(call.event.seq, after, became_protected=True)
    outputs = {"command": command, "notice": notice(after), "days": days}
    return ActionResult(outputs, (record,), (_decision(call, evaluation),))


def _end_of_day(book: DealBook, start: datetime, days: int) -> datetime:
    """Midnight after the last protected day, in the tenant's zone: a partner reads a date, not an hour."""
    last = (start.astimezone(book.tz) + timedelta(days=days)).date()
    return datetime.combine(last + timedelta(days=1), time(), book.tz)


def clock(call: ActionCall) -> ActionResult:
    """`deal.clock`: when the protection ends, and when the partner is to be reminded of it."""
    state = _state(call)
    over = state.protected_until is not None and state.protected_until <= call.now
    warn = state.warn_at if state.warn_at is not None and state.warn_at > call.now else None
    return ActionResult({"until": state.protected_until, "warn_at": warn, "over": over})


def remind(call: ActionCall) -> ActionResult:
    """`deal.remind`: the protection ends or the registration lapses soon; say so once, beside what was told before."""
    state = _state(call)
    told = (*state.told, str(call.args["told"])) if call.args.get("told") else state.told
    after = replace(state, warn_at=None, told=tuple(dict.fromkeys(told)), updated_at=call.now)
    return ActionResult({"notice": notice(after)}, (_book(call).put(call.event.seq, after),))


def activity(call: ActionCall) -> ActionResult:
    """`deal.activity`: what the partner did; near its end it prolongs the protection by what `deal_extension` says."""
    state, done = _state(call), parse_activity(call.event.data)
    if done.happened_at > call.event.received_at + timedelta(days=1):
        raise refused("happened_at", done.happened_at.isoformat(), "lies in the future", "Report it when it happened.")
    seen = replace(state, last_activity_at=max(done.happened_at, state.last_activity_at or done.happened_at))
    evaluation = call.decide("deal_extension", _extension_facts(call, state, "activity", 0))
    granted = int(str(evaluation.outputs["days"])) if evaluation.outputs["outcome"] == "grant" else 0
    after = _prolonged(seen, granted, call.now)
    outputs = {"extended": bool(granted), "days": granted, "until": after.protected_until}
    return ActionResult(outputs, (_book(call).put(call.event.seq, after),), (_decision(call, evaluation),))


def ask_extension(call: ActionCall) -> ActionResult:
    """`deal.ask_extension`: the wish for more time, as an approval request."""
    book, state, wish = _book(call), _state(call), parse_extension(call.event.data)
    assert state.protected_until is not None
    end = datetime.combine(wish.until + timedelta(days=1), time(), book.tz)
    days = (end.date() - state.protected_until.astimezone(book.tz).date()).days
    if days <= 0:
        raise refused("until", wish.until.isoformat(), "does not prolong the protection", "Ask for a later day.")
    evaluation = call.decide("deal_extension", _extension_facts(call, state, "request", days))
    found = against(book, state)
    request = request_for(state, found, ("extension",), book.partners[state.deal.partner])
    summary = {**request["summary"], "extension": {"until": end, "days": days, "reason": wish.reason}}
    outputs = {
        **request,
        "days": days,
        "stake": state.stake,
        "summary": summary,
        "requested_by": call.event.actor,
        "barred": list(dict.fromkeys([call.event.actor, *request["barred"]])),
    }
    return ActionResult(outputs, (), (_decision(call, evaluation),))


def extend(call: ActionCall) -> ActionResult:
    """`deal.extend`: the approved days are added."""
    asked = call.case.data["extension"]
    assert isinstance(asked, Mapping)
    after = _prolonged(_state(call), int(str(asked["days"])), call.now)
    return ActionResult({"until": after.protected_until}, (_book(call).put(call.event.seq, after),))


def _prolonged(state: DealState, days: int, now: datetime) -> DealState:
    if not days or state.protected_until is None:
        return replace(state, updated_at=now)
    until = state.protected_until + timedelta(days=days)
    return replace(
        state,
        protected_until=until,
        # The reminder comes as long before the new end as it would have before the old one.
        warn_at=until - (state.protected_until - state.warn_at) if state.warn_at else until - timedelta(days=14),
        granted_days=state.granted_days + days,
        updated_at=now,
    )


def _extension_facts(call: ActionCall, state: DealState, why: str, asked: int) -> dict[str, Any]:
    left = state.protected_until - call.now if state.protected_until else timedelta()
    return {
        "why": why,
        "days_left": max(left.days, 0),
        "days_asked": asked,
        "days_in_all": state.granted_days,
        "longest_days": max(state.longest_days, 1),
    }


def appeal(call: ActionCall) -> ActionResult:
    """`deal.appeal`: the partner asks for another look, by somebody who has not decided before."""
    book, state, word = _book(call), _state(call), parse_note(call.event.data)
    request = request_for(state, against(book, state), ("appeal",), book.partners[state.deal.partner])
    earlier = call.case.data.get("approval")
    voters = earlier.get("voters") if isinstance(earlier, Mapping) else None
    outputs = {
        **request,
        "stake": state.stake,
        "summary": {**request["summary"], "appeal": word.reason},
        "requested_by": call.event.actor,
        "barred": list(dict.fromkeys([call.event.actor, *request["barred"], *(str(v) for v in voters or ())])),
    }
    return ActionResult(outputs)


def convert_deal(call: ActionCall) -> ActionResult:
    """`deal.convert`: the deal was won; its protection has done its work."""
    state, won = _state(call), parse_opportunity(call.event.data)
    after = replace(
        state,
        status="converted",
        won_amount=won.amount if won.amount is not None else state.deal.amount,
        opportunity=won.opportunity,
        updated_at=call.now,
    )
    command = {
        "deal": state.deal.deal,
        "partner": state.deal.partner,
        "opportunity": won.opportunity,
        "order": won.order,
        "amount": after.won_amount,
        "currency": won.currency or state.deal.currency,
    }
    return ActionResult({"command": command}, (_book(call).put(call.event.seq, after),))


def _decision(call: ActionCall, evaluation: Evaluation) -> DecisionDraft:
    return draft_decision(
        derive_id(call.now, "decision", call.event.seq, call.case.case_id, call.number),
        call.now,
        [evaluation],
        subject_type="deal",
        subject=call.case.subject,
        case_id=call.case.case_id,
        event_seq=call.event.seq,
    )


ACTIONS: Mapping[str, Action] = {
    "deal.register": register,
    "deal.assess": assess,
    "deal.mark": mark,
    "deal.protect": protect,
    "deal.clock": clock,
    "deal.remind": remind,
    "deal.activity": activity,
    "deal.ask_extension": ask_extension,
    "deal.extend": extend,
    "deal.appeal": appeal,
    "deal.convert": convert_deal,
}
