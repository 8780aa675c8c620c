"""One approval request: what is asked against what was agreed, who must agree, and what the reader may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from headgate.access import Account
from headgate.console import urls
from headgate.console.present.asks import DEAL, ORDER, PRICE_EXCEPTION, RMA, ask_of, asked_lines, deepest, number, tidy
from headgate.console.present.checks import Found, findings, reference
from headgate.console.present.clocks import approval_clock
from headgate.console.present.evaluations import readable, reason_of
from headgate.console.present.lens import Lens
from headgate.console.present.money import credit_sums
from headgate.console.present.names import Names
from headgate.console.present.order import OrderFacts
from headgate.console.views.approval import (
    ApprovalStep,
    ApprovalView,
    AskLine,
    NotTaken,
    PartnerHistory,
    PastAsk,
    Reason,
    Verbs,
)
from headgate.console.views.common import Change, Fact, FormError, PartnerName, TimelineEntry
from headgate.console.views.order import CreditSum
from headgate.kernel.money import Money
from headgate.process import Approval
from headgate.process.asked import PastAsked
from headgate.process.core.changes import Replaced
from headgate.ui.format import Percent
from headgate.ui.words import humanise

HUNDRED = Decimal(100)
SHOWN = Decimal("0.01")  # the smallest difference between two percentages that can be seen
ZERO = Decimal(0)
DECIDED = ("approved", "edited", "rejected", "returned")
# The one line of a price exception, which has none of its own.
ONLY_LINE = "1"


_LAST = "You are the last to decide: it takes effect at once."
PLAIN_VERBS = Verbs(approve="Approve", edit="", reject="Reject", return_="Return to the requester", last=_LAST)
# What the buttons say, by what is decided about.
VERBS = {
    ORDER: Verbs(
        approve="",
        edit="Approve with these changes",
        reject="Reject the order",
        return_="Return to order desk",
        last="You are the last to decide: the order is checked again, then released.",
    ),
    PRICE_EXCEPTION: Verbs(
        approve="",
        edit="Approve with these changes",
        reject="Reject the price",
        return_="Return to the requester",
        last="You are the last to decide: the price comes into force at once.",
    ),
    DEAL: Verbs(approve="", edit="", reject="Reject", return_="Return to the partner", last=_LAST),
}


@dataclass(frozen=True, slots=True)
class Entered:
    """What the reader has typed: kept when it could not be taken. `prices` and `quantities` are by line."""

    editing: bool = False
    justification: str = ""
    prices: Mapping[str, str] = field(default_factory=dict)
    quantities: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[FormError, ...] = ()
    line_errors: Mapping[str, str] = field(default_factory=dict)
    not_taken: NotTaken | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of the partner: earlier requests and a year of orders."""

    asks: Sequence[PastAsked]
    monthly: tuple[Decimal, ...]
    margin: Decimal | None


def approval_view(
    approval: Approval,
    *,
    ways: Sequence[str],
    may_decide: bool,
    facts: OrderFacts | None,
    past: Past,
    holders: Mapping[str, Sequence[Account]],
    history: tuple[TimelineEntry, ...],
    names: Names,
    entered: Entered,
    lens: Lens,
    stops: bool = False,
    replaces: Replaced | None = None,
) -> ApprovalView:
    """The page of an approval. `ways` are for whom the reader may decide ('' for themselves).

    With `stops` they can only stop it.
    """
    ask = ask_of(approval.subject_type, approval.exceptions, approval.summary, lens.fmt)
    lines = ask_lines(approval, entered)
    able = may_decide and bool(ways)
    partner = names.partner(approval.partner) or PartnerName("", "No partner")
    return ApprovalView(
        approval=approval.approval,
        status=approval.status,
        ask=ask.act,
        subject=approval.subject,
        subject_href=urls.subject(approval.subject_type, approval.subject, approval.case_id),
        partner=partner,
        case_id=approval.case_id,
        requested_by=names.person(approval.requested_by),
        requested_at=approval.requested_at,
        clock=approval_clock(approval, lens.now),
        expires_at=approval.expires_at,
        stake=lens.money(approval.stake),
        figures=figures(approval, lines),
        credit=credit_of(approval, facts),
        reasons=reasons(approval, facts, lens),
        lines=lines,
        history=_history(past, names, lens),
        steps=steps(approval, holders, names, lens),
        timeline=history,
        digest=approval.digest,
        verbs=_verbs(approval, ask.verb, lens, stops=stops) if able else None,
        approves_last=_is_last(approval, lens),
        blocked="" if able else blocked(approval, holders, lens, may_decide=may_decide),
        editing=entered.editing and able,
        justification=entered.justification,
        errors=entered.errors,
        acting_for=names.people(way for way in ways if way),
        not_taken=entered.not_taken,
        changed=_changed(replaces, approval, lens),
        agreed_before=names.people(vote.principal for vote in replaces.agreed) if replaces is not None else (),
    )


def _verbs(approval: Approval, verb: str, lens: Lens, *, stops: bool) -> Verbs:
    if stops:
        return Verbs(approve="", edit="", reject="Stop it", return_="")
    verbs = VERBS.get(approval.subject_type, PLAIN_VERBS)
    return replace(verbs, approve=verb, return_=lens.fmt.say(verbs.return_) if verbs.return_ else "")


def _changed(replaces: Replaced | None, approval: Approval, lens: Lens) -> tuple[Change, ...]:
    """What is asked otherwise now, the money at stake first."""
    if replaces is None:
        return ()
    before, found = replaces.before, changes_between(replaces.before, approval)
    if before.stake == approval.stake:
        return found
    return (Change("At stake", lens.money(before.stake), lens.money(approval.stake)), *found)


def ask_lines(approval: Approval, entered: Entered) -> tuple[AskLine, ...]:
    """What is asked, line by line; a price exception is one line."""
    summary = approval.summary
    currency = str(summary.get("currency") or approval.currency)
    rows: Sequence[Mapping[str, Any]] = ()
    if approval.subject_type == PRICE_EXCEPTION:
        rows = [_special_line(summary)]
    elif approval.subject_type == ORDER:
        rows = asked_lines(summary)
    return tuple(_ask_line(approval, row, currency, entered) for row in rows)


def _special_line(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "line": ONLY_LINE,
        "product": summary.get("product"),
        "name": summary.get("product_name"),
        "quantity": summary.get("max_quantity"),
        "asked": summary.get("unit_price"),
        "contract": summary.get("contract"),
        "deviation_pct": summary.get("deviation_pct"),
        "margin_pct": summary.get("margin_pct"),
        "reasons": ["price_exception"],
    }


def _ask_line(approval: Approval, row: Mapping[str, Any], currency: str, entered: Entered) -> AskLine:
    line, asked = str(row["line"]), number(row["asked"])
    contract = None if row.get("contract") is None else number(row["contract"])
    quantity = None if row.get("quantity") is None else number(row["quantity"])
    gap = max((contract or asked) - asked, ZERO) * (quantity if quantity is not None else Decimal(1))
    ordered = approval.subject_type != PRICE_EXCEPTION
    return AskLine(
        line=line,
        product=str(row.get("product") or ""),
        description=str(row.get("name") or row.get("product") or ""),
        quantity=quantity,
        unit="",
        asked=Money(asked, currency),
        contract=None if contract is None else Money(contract, currency),
        deviation=None if contract is None else tidy(-number(row.get("deviation_pct"))),
        margin=None if row.get("margin_pct") is None else number(row["margin_pct"]),
        given_up=Money(gap, currency).rounded(),
        exception=bool(row.get("reasons")),
        price_href=urls.explain_price(approval.subject, line) if ordered else "",
        margin_href=urls.explain_margin(approval.subject, line) if ordered else "",
        price_input=entered.prices.get(line, f"{asked:f}"),
        quantity_input=entered.quantities.get(line, "" if quantity is None else f"{quantity:f}"),
        error=entered.line_errors.get(line, ""),
    )


def figures(approval: Approval, lines: Sequence[AskLine]) -> tuple[Fact, ...]:
    """What the ask comes to, over the lines it is about."""
    given = sum((line.given_up.amount for line in lines), ZERO)
    found = [Fact("Given up against contract", Money(given, lines[0].given_up.currency))] if lines and given else []
    known = [line for line in lines if line.margin is not None and line.asked.amount]
    amount = sum((line.asked.amount * _times(line) for line in known), ZERO)
    if known and amount:
        costs = {line.line: line.asked.amount * (1 - (line.margin or ZERO) / HUNDRED) for line in known}
        cost = sum((costs[line.line] * _times(line) for line in known), ZERO)
        margin = (amount - cost) * HUNDRED / amount
        found.append(Fact("Margin at this price", Percent(margin)))
        full = sum(((line.contract or line.asked).amount * _times(line) for line in known), ZERO)
        at_contract = (full - cost) * HUNDRED / full
        if abs(at_contract - margin) >= SHOWN:
            found.append(Fact("Margin at contract", Percent(at_contract)))
    if approval.subject_type == PRICE_EXCEPTION and approval.summary.get("max_quantity") is None:
        found.append(Fact("Quantity", "no limit"))
    if approval.subject_type == DEAL:
        against: Any = approval.summary.get("conflicts") or ()
        found += [Fact("Claims against it", len(against))]
        found += [Fact("Highest score", f"{number(against[0].get('score')):f} of 100")] if against else []
    in_order = approval.summary.get("lines_in_order")
    if number(in_order) > len(lines):
        found.append(Fact("Lines concerned", f"{len(lines)} of {in_order}"))
    return tuple(found)


def credit_of(approval: Approval, facts: OrderFacts | None) -> CreditSum | None:
    """The exposure that led here, as it was decided on; None where credit is not what is asked about."""
    if facts is None or not any(each.startswith("credit_") for each in approval.exceptions):
        return None
    return next(iter(credit_sums(facts.recorded, facts.partner.name, facts.decided_at)), None)


def _times(line: AskLine) -> Decimal:
    return line.quantity if line.quantity is not None else Decimal(1)


def reasons(approval: Approval, facts: OrderFacts | None, lens: Lens) -> tuple[Reason, ...]:
    """Why it needs approval, once per type of exception; with the policy rows where the decision still stands."""
    summary = approval.summary
    if approval.subject_type == PRICE_EXCEPTION:
        return (Reason("price_exception", _special_reason(summary, lens), None),)
    if approval.subject_type == DEAL:
        return _deal_reasons(summary)
    if approval.subject_type == RMA:
        return _return_reasons(approval.exceptions, summary)
    by_key = {(f.exception, f.line): f for f in findings(facts.recorded)} if facts is not None else {}
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for item in summary.get("exceptions") or ():  # type: ignore[attr-defined]
        groups.setdefault(str(item.get("type")), []).append(item)
    return tuple(_reason(kind, items, by_key, facts, lens) for kind, items in groups.items())


def _reason(
    kind: str,
    items: Sequence[Mapping[str, Any]],
    by_key: Mapping[tuple[str, str], Found],
    facts: OrderFacts | None,
    lens: Lens,
) -> Reason:
    worst = max(items, key=lambda item: number(item.get("stake")))
    found = by_key.get((kind, str(worst.get("line") or "")))
    text = readable(str(worst.get("detail", "")), lens)
    if found is not None and found.evaluation is not None and found.evaluation.get("outputs", {}).get("list") is None:
        text = reason_of(found.evaluation, lens, found.place)
    if len(items) > 1:
        text = f"{text} (line {worst.get('line')}; {len(items) - 1} more like it)"
    policy = reference(found, facts.tables) if found is not None and facts is not None else None
    href = urls.explain_check(facts.order_no, found.key) if policy and found is not None and facts is not None else ""
    return Reason(kind, f"{text}." if not text.endswith(".") else text, policy, href)


def _return_reasons(exceptions: Sequence[str], summary: Mapping[str, Any]) -> tuple[Reason, ...]:
    """What the rules say of each line of a return or, once it was inspected, of what was found."""
    kind = next(iter(exceptions), RMA)
    outcomes: Any = summary.get("outcomes") or ()
    if outcomes:
        said = [
            f"{o.get('quantity')} of line {o.get('line')}, found {humanise(str(o.get('condition'))).lower()}: "
            f"{o.get('outcome')}. {o.get('because')}."
            for o in outcomes
        ]
    else:
        findings: Any = summary.get("findings") or ()
        said = [
            f"{f.get('quantity')} of {f.get('product')}, {humanise(str(f.get('reason'))).lower()}. {f.get('because')}."
            for f in findings
        ]
    return tuple(Reason(kind, text, None) for text in said)


def _deal_reasons(summary: Mapping[str, Any]) -> tuple[Reason, ...]:
    """The rules a deal ran into, or what the partner asks for beyond them."""
    extension: Any = summary.get("extension")
    if isinstance(extension, Mapping):
        said = f"{extension.get('days')} days more. They say: “{extension.get('reason')}”"
        return (Reason("extension", said, None),)
    if summary.get("appeal"):
        return (Reason("appeal", f"They say: “{summary['appeal']}”", None),)
    return tuple(
        Reason(str(each.get("exception")), f"{each.get('because')}.", None) for each in summary.get("findings") or ()
    )


def _special_reason(summary: Mapping[str, Any], lens: Lens) -> str:
    far = deepest(summary)
    justification = str(summary.get("justification") or "")
    why = f" They say: “{justification}”" if justification else ""
    if summary.get("contract") is None or far is None:
        return f"No agreement gives a price for it.{why}"
    return f"{lens.fmt.percent(-far)} below the contract price.{why}"


def steps(
    approval: Approval, holders: Mapping[str, Sequence[Account]], names: Names, lens: Lens
) -> tuple[ApprovalStep, ...]:
    """Who must approve, level by level, with what they said."""
    found = []
    for step in approval.steps:
        votes = [vote for vote in approval.votes if vote.level == step.level and vote.step == step.step]
        vote = votes[-1] if votes else None
        people = [a.name for role in step.roles for a in holders.get(role, ()) if a.principal not in approval.barred]
        found.append(
            ApprovalStep(
                level=step.level,
                role=step.role,
                people=tuple(dict.fromkeys(people)) or ("nobody holds this role yet",),
                quorum=step.quorum,
                status=step.status,
                mine=not lens.me.roles.isdisjoint(step.roles),
                decided_by=names.person(vote.principal) if vote is not None else None,
                on_behalf_of=names.person(vote.on_behalf_of) if vote is not None and vote.on_behalf_of else None,
                decided_at=vote.at if vote is not None else None,
                justification=vote.justification if vote is not None else "",
                due_at=step.due_at,
                escalates_to="" if step.escalated else humanise(step.escalate_to).lower(),
                note=step.note,
                veto=step.veto,
            )
        )
    return tuple(found)


def blocked(approval: Approval, holders: Mapping[str, Sequence[Account]], lens: Lens, *, may_decide: bool) -> str:
    """Why the reader cannot decide, in a sentence that says what happens instead."""
    done = {
        "approved": "Approved by everybody who was asked.",
        "edited": "Approved with changes. What was changed is asked in a new request, or has been released.",
        "rejected": "Rejected. Nothing more is needed here.",
        "returned": "Returned for correction.",
        "voided": "What it was about has changed since, so this request no longer stands. Open the case to see what is "
        "asked now.",
        "expired": "Nobody decided in time, so the request has lapsed.",
    }
    if approval.status in done:
        return done[approval.status]
    if lens.now >= approval.expires_at:
        return "The time to decide is over; the request lapses."
    others = _others(approval, holders, lens)
    if lens.me.id == approval.requested_by or lens.me.id in approval.barred:
        return f"You had a hand in asking for this, so somebody else must decide: {others}."
    if any(lens.me.id in (vote.principal, vote.on_behalf_of) for vote in approval.votes):
        return f"You have decided your part. Now it waits for {others}."
    if not may_decide:
        return f"Your role does not decide on approvals. It waits for {others}."
    return f"This level is not asked of you. It waits for {others}."


def _others(approval: Approval, holders: Mapping[str, Sequence[Account]], lens: Lens) -> str:
    barred = {*approval.barred, approval.requested_by, lens.me.id}
    barred |= {person for vote in approval.votes for person in (vote.principal, vote.on_behalf_of)}
    open_steps = [step for step in approval.steps if step.status == "open"]
    people = [
        a.name for step in open_steps for role in step.roles for a in holders.get(role, ()) if a.principal not in barred
    ]
    unique = list(dict.fromkeys(people))
    if not unique:
        return " and ".join(dict.fromkeys(humanise(step.role).lower() for step in open_steps)) or "nobody"
    return ", ".join(unique[:4]) + (" or others" if len(unique) > 4 else "") if len(unique) > 1 else unique[0]


def _is_last(approval: Approval, lens: Lens) -> bool:
    """Whether approving now would approve the whole: no other step is left, and this one lacks one voice."""
    left = [step for step in approval.steps if step.status in ("open", "waiting") and not step.only_stops]
    if len(left) != 1:
        return False
    place = (left[0].level, left[0].step)
    agreed = sum(1 for v in approval.votes if (v.level, v.step) == place and v.outcome in ("approve", "carried"))
    return left[0].quorum - agreed <= 1


def _history(past: Past, names: Names, lens: Lens) -> PartnerHistory:
    depths = [d for d in (deepest(each.summary) for each in past.asks) if d is not None]
    return PartnerHistory(
        asks=past.asks[0].asks if past.asks else 0,
        approved=past.asks[0].approved if past.asks else 0,
        usual_deviation=sum(depths, ZERO) / len(depths) if depths else None,
        ordered=lens.money(sum(past.monthly, ZERO)),
        margin=past.margin,
        monthly=past.monthly,
        last=tuple(
            PastAsk(
                at=each.requested_at,
                approval=each.approval,
                ask=ask_of(each.subject_type, each.exceptions, each.summary, lens.fmt).short,
                stake=lens.money(each.stake),
                outcome=each.status,
                by=names.person(each.by) if each.by and each.status in DECIDED else None,
            )
            for each in past.asks[:5]
        ),
    )


def changes_between(before: Approval, after: Approval) -> tuple[Change, ...]:
    """What the newer request asks otherwise: total, prices, quantities, lines."""
    found: list[Change] = []
    totals = [each.summary.get("total") for each in (before, after)]
    if None not in totals and totals[0] != totals[1]:
        currencies = [str(each.summary.get("currency")) for each in (before, after)]
        old, new = (Money(number(t), c) for t, c in zip(totals, currencies, strict=True))
        found.append(Change("Total", old, new))
    lines = [{line.line: line for line in ask_lines(each, Entered())} for each in (before, after)]
    for line, old_line in lines[0].items():
        new_line = lines[1].get(line)
        if new_line is None:
            found.append(Change(old_line.description, "asked", "no longer asked"))
            continue
        if old_line.quantity != new_line.quantity:
            found.append(Change(f"Quantity of {old_line.description}", old_line.quantity, new_line.quantity))
        if old_line.asked != new_line.asked:
            found.append(Change(f"Price of {old_line.description}", old_line.asked, new_line.asked))
    return tuple(found)


def replacement(approvals: Sequence[Approval], stale: UUID) -> Approval | None:
    """The request of the same case that waits now, where it is another."""
    return next((each for each in approvals if each.status == "pending" and each.approval != stale), None)
