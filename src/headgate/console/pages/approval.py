"""One approval: look, decide, and see what came of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from headgate.access import Account, accounts_in_roles
from headgate.channel.orders import insight
from headgate.console import urls
from headgate.console.pages.approval_after import After, after_of, told_at_once
from headgate.console.pages.case import files_of
from headgate.console.pages.loading import names_of, policy_tables
from headgate.console.pages.order import DECIDE, lens_on, order_facts, prices_asked
from headgate.console.present.approval import Past, approval_view, replacement
from headgate.console.present.approval_lines import Entered, changes_between
from headgate.console.present.asks import ORDER, PRICE_EXCEPTION, asked_lines, number
from headgate.console.present.clocks import standing_still
from headgate.console.present.evaluations import version_of
from headgate.console.present.held import undo_of
from headgate.console.present.history import actors, timeline
from headgate.console.present.order import OrderFacts
from headgate.console.present.path import path_view
from headgate.console.views.approval import ApprovalView, NotTaken, StandsStill
from headgate.console.views.common import FormError, Notice
from headgate.console.visit import Answer, Door, Go, Settle, Shown, Visit
from headgate.kernel.errors import Invalid, NotFound, Stale
from headgate.kernel.phrases import joined, phrase, sentence
from headgate.ledger import audit_list
from headgate.policy import decisions_get
from headgate.process import Approval, Choice, approvals_of_case, case_detail, decide_approval, get_approval, ways
from headgate.process.asked import asked_before
from headgate.process.being_decided import Being, being_decided
from headgate.process.bulk import Item
from headgate.process.core.changes import Replaced, replaced_by
from headgate.process.core.service_level import clock_of
from headgate.process.holding import hold_one
from headgate.ui.typed import read_number, shown_number
from headgate.ui.web import problem_told
from headgate.ui.words import STATES, humanise

BEING_DECIDED = phrase("You are deciding this. It counts in a moment, and until then you can undo it.")
TWICE = phrase("you are deciding this already: it counts in a moment, or undo it first")
MOST_HISTORY = 100
MONTHS = 12
_LINE_FIELD = re.compile(r"edit\.lines\[(\d+)\]")


def show(visit: Visit) -> Answer:
    """The request."""
    approval = _found(visit)
    after = after_of(visit, approval, _held_named(visit))
    if after is None:
        return _view(visit, approval, Entered(editing=visit.text("edit") == "1"))
    entered = _typed(after, visit.lens.fmt.locale)
    if after.stale:
        return _not_taken(visit, approval, entered)
    if after.refused:
        why = phrase("Your decision was not taken: %(why)s. Nothing was saved.", why=after.refused)
        entered = replace(entered, not_taken=NotTaken(why))
    return replace(_view(visit, approval, entered), came=after.came)


def why_these(visit: Visit) -> Answer:
    """Who must approve and why, from the matrix."""
    approval = _found(visit)
    kept = decisions_get(visit.conn, [approval.decision]) if approval.decision else {}
    decision = kept.get(approval.decision) if approval.decision else None
    if decision is None or not isinstance(decision.evaluations, list) or not decision.evaluations:
        raise NotFound("the decision of the matrix is not kept with this request")
    tables = policy_tables(visit, [version_of(e) for e in decision.evaluations])
    return path_view(approval, decision.evaluations, tables, _holders(visit, approval), visit.lens)


def decide(visit: Visit) -> Answer:
    """Approve, edit, reject or return; then let it take effect and go to where it shows."""
    approval, form = _found(visit), visit.form
    being = being_decided(visit.conn, visit.me.id, [approval.approval]).get(approval.approval)
    if being is not None:
        return Go(_again(approval, being), Notice("waiting", sentence(TWICE)))
    outcome = form.get("outcome", "")
    entered = _entered(form, editing=outcome == "edit" or any(name.startswith("price:") for name in form))
    if outcome == "edit" and (unread := _unread(entered, visit.lens.fmt.locale)):
        return Shown(_view(visit, approval, unread), 422)
    edit = _edit(approval, entered, visit.lens.fmt.locale) if outcome == "edit" else None
    choice = Choice(
        outcome, form.get("justification", ""), form.get("digest", ""), form.get("on_behalf_of", ""), edit or None
    )
    try:
        if outcome == "edit" and not edit:
            raise Invalid("Change a price or a quantity, or approve it as it was asked.")
        if outcome in ("approve", "edit"):
            visit.prove_for(approval.stake)
        if visit.app.settings.undo_seconds:
            return _hold(visit, Item(approval.approval, choice))
        seq = decide_approval(visit.conn, visit.ctx, visit.app.engine, approval.approval, choice)
    except Stale:
        return _stale(visit, approval, entered)
    except Invalid as error:
        return Shown(_view(visit, approval, _with_errors(entered, error, edit or {})), 422)
    return Settle(seq, lambda after, settled: told_at_once(after, approval, outcome, seq, settled=settled))


def _hold(visit: Visit, item: Item) -> Answer:
    """Its page again: there it can be undone until it counts, and then says what came of it."""
    proved_at = visit.live.session.proved_at if visit.live is not None else None
    seconds = visit.app.settings.undo_seconds
    held = hold_one(visit.conn, visit.ctx, visit.app.engine, item, seconds, proved_at=proved_at)
    return Go(urls.approval_held(item.approval, held))


def _typed(after: After, locale: str) -> Entered:
    """What the reader had typed when they decided, to go on from it."""
    edit: Mapping[str, Any] = next((item.edit for item in after.held.items if item.edit), {})
    lines = edit.get("lines") or ([{"line": "1", **edit, "quantity": edit.get("max_quantity")}] if edit else [])

    def fields(name: str) -> dict[str, str]:
        return {str(line["line"]): shown_number(number(line[name]), locale) for line in lines if line.get(name)}

    return Entered(bool(edit), after.held.justification, fields("unit_price"), fields("quantity"))


def _held_named(visit: Visit) -> UUID | None:
    try:
        return UUID(visit.text("held"))
    except ValueError:
        return None


def _found(visit: Visit) -> Approval:
    found = get_approval(visit.conn, visit.uuid("approval"))
    if found is None:
        raise NotFound("there is no such approval")
    return found


def _view(visit: Visit, approval: Approval, entered: Entered) -> ApprovalView:
    being = being_decided(visit.conn, visit.me.id, [approval.approval]).get(approval.approval)
    able = visit.may(*DECIDE) and not being
    mine = ways(approval, visit.voter) if able and visit.voter is not None else ()
    stopping = ways(approval, visit.voter, "reject") if able and visit.voter is not None and not mine else ()
    replaces = _replaces(visit, approval)
    entries = audit_list(visit.conn, case_id=approval.case_id, limit=MOST_HISTORY)
    past = _past(visit, approval)
    facts = _facts(visit, approval)
    names = names_of(
        visit,
        people={
            approval.requested_by,
            *(way for way in (*mine, *stopping) if way),
            *(vote.principal for vote in (replaces.agreed if replaces is not None else ())),
            *actors(entries),
            *(each.by for each in past.asks if each.by),
            *(person for vote in approval.votes for person in (vote.principal, vote.on_behalf_of)),
        },
        partners=[approval.partner] if approval.partner else [],
    )
    view = approval_view(
        approval,
        ways=mine or stopping,
        stops=bool(stopping),
        replaces=replaces,
        may_decide=able,
        facts=facts,
        past=past,
        holders=_holders(visit, approval),
        history=timeline(entries, names),
        names=names,
        entered=entered,
        lens=lens_on(visit, facts),
        stands_still=_stands_still(visit, approval),
        files=files_of(visit, approval.subject_type, approval.subject),
    )
    view = view if facts is None else replace(view, prices=prices_asked(visit, facts))
    return replace(view, blocked=BEING_DECIDED, undo=undo_of(being), again=_again(approval, being)) if being else view


def _again(approval: Approval, being: Being) -> str:
    """Where to look what came of it."""
    return urls.approval_held(approval.approval, being.held)


def _stands_still(visit: Visit, approval: Approval) -> StandsStill | None:
    """Read only where it does: what is waited for stands with the case."""
    if approval.paused_at is None or approval.status != "pending":
        return None
    clock = clock_of(case_detail(visit.conn, approval.case_id)["data"])
    hours = visit.app.calendars(visit.conn).of(approval.partner).hours
    return standing_still(approval, str(clock.get("because", "")), hours)


def _replaces(visit: Visit, approval: Approval) -> Replaced | None:
    """The request that a change ended before this one, while there is something to decide."""
    if approval.status != "pending":
        return None
    return replaced_by(approvals_of_case(visit.conn, approval.case_id), approval)


def _facts(visit: Visit, approval: Approval) -> OrderFacts | None:
    """The order while what was asked is what it says: its decision tells which policy rows led here."""
    if approval.subject_type != ORDER or approval.status != "pending":
        return None
    return order_facts(visit, approval.subject)


def _past(visit: Visit, approval: Approval) -> Past:
    if not approval.partner:
        return Past((), (), None)
    since = visit.now - timedelta(days=365)
    first = _months_back(visit.today(), MONTHS - 1)
    months = insight.amounts_by_span(
        visit.conn, [approval.partner], visit.midnight(first), visit.tenant.timezone, "month", MONTHS
    )
    return Past(
        asked_before(visit.conn, approval.partner, since, approval.approval),
        months[approval.partner],
        insight.partner_margin(visit.conn, approval.partner, visit.midnight(first)),
    )


def _months_back(day: date, months: int) -> date:
    place = day.year * 12 + day.month - 1 - months
    return date(place // 12, place % 12 + 1, 1)


def _holders(visit: Visit, approval: Approval) -> Mapping[str, Sequence[Account]]:
    roles = sorted({role for step in approval.steps for role in (step.role, step.escalate_to) if role})
    people = accounts_in_roles(visit.conn, roles, visit.now)
    return {role: [account for account in people if role in account.roles] for role in roles}


def _entered(form: Mapping[str, str], *, editing: bool) -> Entered:
    def fields(prefix: str) -> dict[str, str]:
        return {name.removeprefix(prefix): value.strip() for name, value in form.items() if name.startswith(prefix)}

    return Entered(editing, form.get("justification", ""), fields("price:"), fields("quantity:"))


def _unread(entered: Entered, locale: str) -> Entered | None:
    """What was typed, with what is no number marked; None where all are numbers, or nothing."""
    lines: dict[str, str] = {}
    wrong: set[tuple[str, str]] = set()
    example = shown_number(Decimal("1234.50"), locale)
    for what, name, texts in (
        ("quantity", phrase("The quantity"), entered.quantities),
        ("price", phrase("The price"), entered.prices),
    ):
        for line, text in texts.items():
            if text and read_number(text, locale) is None:
                said = phrase(
                    "%(field)s is no number (%(text)s). Write it like %(example)s.",
                    field=name,
                    text=text[:40],
                    example=example,
                )
                lines[line] = joined(" ", [lines[line], said]) if line in lines else said
                wrong.add((line, what))
    return replace(entered, line_errors=lines, wrong=frozenset(wrong)) if wrong else None


def _edit(approval: Approval, entered: Entered, locale: str) -> dict[str, Any]:
    """Only what differs from what was asked, as plain numbers."""

    def changed(text: str, was: object) -> str:
        value = read_number(text, locale) if text else None
        return "" if value is None or (was is not None and value == number(was)) else f"{value:f}"

    if approval.subject_type == PRICE_EXCEPTION:
        summary = approval.summary
        found: dict[str, Any] = {}
        for name, texts, was in (
            ("unit_price", entered.prices, summary.get("unit_price")),
            ("max_quantity", entered.quantities, summary.get("max_quantity")),
        ):
            if text := changed(next(iter(texts.values()), ""), was):
                found[name] = text
        return found
    lines = []
    for line in asked_lines(approval.summary):
        code = str(line["line"])
        change = {"line": code}
        if price := changed(entered.prices.get(code, ""), line["asked"]):
            change["unit_price"] = price
        if quantity := changed(entered.quantities.get(code, ""), line["quantity"]):
            change["quantity"] = quantity
        if len(change) > 1:
            lines.append(change)
    return {"lines": lines} if lines else {}


def _with_errors(entered: Entered, error: Invalid, edit: Mapping[str, Any]) -> Entered:
    """What was typed, with what is wrong beside it: about a line, about the justification, or about the whole."""
    lines: dict[str, str] = {}
    wrong: set[tuple[str, str]] = set()
    errors: list[FormError] = []
    for problem in error.problems or ():
        text = problem_told(problem, _field(problem.field))
        match = _LINE_FIELD.match(problem.field)
        changed = edit.get("lines") or ()
        if match is not None and int(match[1]) < len(changed):
            lines[changed[int(match[1])]["line"]] = text
            wrong.add((changed[int(match[1])]["line"], _which(problem.field)))
        elif problem.field.startswith("edit.") and not changed:
            lines["1"] = text
            wrong.add(("1", _which(problem.field)))
        else:
            errors.append(FormError("justification", text))
    if not lines and not errors:
        errors.append(FormError("justification", sentence(error.message)))
    return replace(entered, errors=tuple(errors), line_errors=lines, wrong=frozenset(wrong))


def _which(path: str) -> str:
    return "price" if path.endswith("unit_price") else "quantity"


def _field(path: str) -> str:
    words = {
        "unit_price": phrase("The price"),
        "quantity": phrase("The quantity"),
        "max_quantity": phrase("The quantity"),
        "justification": phrase("Your reason"),
    }
    last = path.rsplit(".", 1)[-1]
    return words.get(last, humanise(last))


def _stale(visit: Visit, seen: Approval, entered: Entered) -> Answer:
    return Shown(_not_taken(visit, seen, entered), 409)


def _not_taken(visit: Visit, seen: Approval, entered: Entered) -> ApprovalView:
    """What the reader saw is no longer what stands: show what does, say what changed, and keep what they typed."""
    current = get_approval(visit.conn, seen.approval) or seen
    newer = replacement(approvals_of_case(visit.conn, seen.case_id), seen.approval)
    shown = newer or current
    if newer is not None:
        text = phrase(
            "Your approval covers exactly the content you saw. That content has changed, so your decision was not "
            "taken and nothing was saved. This is what is asked now."
        )
    elif current.status == "pending":
        text = phrase(
            "Your decision was not taken, for it was made on another content or after its time. Nothing was saved."
        )
    else:
        known = STATES["approval"]
        word = known[current.status].label.lower() if current.status in known else current.status
        text = phrase("Your decision was not taken: the request is %(word)s already. Nothing was saved.", word=word)
    told = NotTaken(text, changes_between(current, newer) if newer is not None else ())
    return _view(visit, shown, Entered(justification=entered.justification, not_taken=told))


DOORS = (
    Door("GET", f"{urls.APPROVALS}/{{approval}}", ("cases.read",), show),
    Door("GET", urls.approval_path("{approval}"), ("cases.read",), why_these),
    Door("POST", urls.approval_decision("{approval}"), DECIDE, decide),
)
