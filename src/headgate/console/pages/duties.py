"""Duties that stay apart: the matrix as a grid, a new version of it, and what is allowed in spite of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from headgate.access import (
    approve_mitigation,
    ask_mitigation,
    decide_matrix,
    end_mitigation,
    list_matrices,
    list_mitigations,
    matrix_in_force,
    propose_matrix,
)
from headgate.console import urls
from headgate.console.pages.loading import names_of, people_to_pick
from headgate.console.present import duties as present
from headgate.console.present.people import typed_people
from headgate.console.views.common import Notice
from headgate.console.views.people import DutiesView
from headgate.console.visit import Answer, Door, Go, Shown, Visit
from headgate.kernel.errors import Conflict, DutyConflict, Invalid, NotFound, invalid
from headgate.kernel.phrases import phrase, sentence

SEE, ASK, DECIDE = ("admin", "audit.read", "policies.approve"), ("admin",), ("admin", "policies.approve")
KEEP = "keep:"
ADDED = ("1", "2", "3")
MOST_MITIGATIONS = 100


def show(visit: Visit) -> Answer:
    """The matrix in force, what waits, and mitigations."""
    return _view(visit)


def propose(visit: Visit) -> Answer:
    """Propose a version: which rules stay, and which come."""

    def act() -> str:
        form, before = visit.form, matrix_in_force(visit.conn)
        rules = [rule.as_dict() for rule in before.rules if f"{KEEP}{present.pair_of(rule)}" in form]
        for place in ADDED:
            added = {name: form.get(f"{name}-{place}", "").strip() for name in ("first", "second", "reason")}
            if any(added.values()):
                rules.append(added)
        made = propose_matrix(visit.conn, visit.ctx, rules, form.get("note", ""))
        return phrase("Version %(version)s waits for somebody else to approve it.", version=made.version)

    return _done(visit, act)


def decide(visit: Visit) -> Answer:
    """Approve a proposed version of the matrix or turn it down."""
    approve, version = visit.form.get("act") == "approve", visit.number("version")

    def act() -> str:
        decide_matrix(visit.conn, visit.ctx, version, approve=approve, reason=visit.form.get("reason", ""))
        return phrase(
            "Version %(version)s is %(approve)s.",
            version=version,
            approve=phrase("in force") if approve else phrase("turned down"),
        )

    return _done(visit, act)


def mitigate(visit: Visit) -> Answer:
    """Ask that somebody may hold two duties for a time."""

    def act() -> str:
        form = visit.form
        who, until = form.get("person", "").strip(), form.get("until", "").strip()
        first, _, second = form.get("pair", "").partition(present.BETWEEN)
        try:
            end = visit.midnight(datetime.fromisoformat(until).date() + timedelta(days=1))
        except (ValueError, OverflowError):
            raise invalid("until", until, "is not a date", "Write it like 2026-03-31.") from None
        made = ask_mitigation(
            visit.conn,
            visit.ctx,
            principal=(*typed_people(who), "")[0],
            first=first,
            second=second,
            control=form.get("control", ""),
            valid_until=end,
        )
        return phrase("Asked for %(principal)s. Somebody else approves it before it counts.", principal=made.principal)

    return _done(visit, act)


def act_on_mitigation(visit: Visit) -> Answer:
    """Approve a mitigation, or end it."""
    mitigation, act_name = visit.uuid("mitigation"), str(visit.request.path_params["act"])
    acts = {
        "approve": (approve_mitigation, phrase("The control is in force.")),
        "end": (end_mitigation, phrase("The control is ended.")),
    }
    if act_name not in acts:
        raise NotFound("there is nothing under this address")
    service, said = acts[act_name]

    def act() -> str:
        service(visit.conn, visit.ctx, mitigation)
        return said

    return _done(visit, act)


def _done(visit: Visit, act: Callable[[], str]) -> Answer:
    try:
        with visit.conn.transaction():
            said = act()
    except (Conflict, DutyConflict, Invalid) as error:
        return Shown(_view(visit, sentence(error.message)), 422)
    return Go(urls.DUTIES, Notice("done", said))


def _view(visit: Visit, error: str = "") -> DutiesView:
    matrix, versions = matrix_in_force(visit.conn), list_matrices(visit.conn)
    found = list_mitigations(visit.conn)[:MOST_MITIGATIONS]
    people = {each.proposed_by for each in versions[:1]} | {each.principal for each in found}
    view = present.duties_page(
        matrix,
        versions,
        found,
        names_of(visit, people=people | {each.asked_by for each in found}),
        visit.me.id,
        visit.now,
        may_ask=visit.may("admin"),
        may_decide=visit.may(*DECIDE),
        error=error,
        typed=visit.form if error else None,
    )
    return replace(view, people=people_to_pick(visit)) if view.pairs else view


DOORS = (
    Door("GET", urls.DUTIES, SEE, show),
    Door("POST", urls.DUTIES, ASK, propose, fresh=True),
    Door("POST", urls.DUTY_MITIGATIONS, ASK, mitigate, fresh=True),
    Door("POST", urls.mitigation_act("{mitigation}", "{act}"), DECIDE, act_on_mitigation, fresh=True),
    Door("POST", urls.duties_decide("{version}"), DECIDE, decide, fresh=True),
)
