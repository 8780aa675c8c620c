"""Stepping into a case: first what would happen, then doing it, and the word of a second person."""

from __future__ import annotations

from headgate.console import urls
from headgate.console.present.standing import step_in_view
from headgate.console.views.common import FormError, Notice
from headgate.console.visit import Answer, Door, Go, Settle, Shown, Visit
from headgate.kernel.canonical import instant_text
from headgate.kernel.errors import Conflict, DutyConflict, Invalid, Refused, Stale
from headgate.kernel.phrases import phrase
from headgate.ledger import audit_list
from headgate.process.core.consequences import outlook
from headgate.process.core.intervening import KINDS, Intervention
from headgate.process.interventions import confirm, open_places, step_in, turn_down
from headgate.process.queries import applied

NEEDED = ("cases.intervene",)
_READABLE = phrase("to be asked for")  # stands in while the reader has not said why yet


def ask(visit: Visit) -> Answer:
    """What an intervention would do and what not; nothing is changed."""
    case_id = visit.uuid("case")
    wanted = Intervention(visit.choice("kind", KINDS) or "jump", visit.text("at"), "", visit.text("take_back") == "yes")
    case, definition = open_places(visit.app.engine, visit.conn, case_id)
    if not wanted.at:
        return step_in_view(definition, case, wanted, None)
    try:
        tried = Intervention(wanted.kind, wanted.at, _READABLE, wanted.take_back)
        return step_in_view(definition, case, wanted, outlook(definition, case, tried))
    except (Invalid, Refused) as error:
        return Shown(step_in_view(definition, case, wanted, None, blocked=error.message), 422)


def do(visit: Visit) -> Answer:
    """Enter it, or leave it for a second person."""
    case_id, form = visit.uuid("case"), visit.form
    wanted = Intervention(
        form.get("kind", ""), form.get("at", ""), form.get("reason", ""), form.get("take_back") == "yes"
    )
    case, definition = open_places(visit.app.engine, visit.conn, case_id)
    try:
        found = outlook(definition, case, Intervention(wanted.kind, wanted.at, _READABLE, wanted.take_back))
    except (Invalid, Refused) as error:
        return Shown(step_in_view(definition, case, wanted, None, blocked=error.message), 422)
    if form.get("seen") != instant_text(case.updated_at):
        text = phrase("The case has moved since you looked at it. This is what would happen now.")
        return Shown(step_in_view(definition, case, wanted, found, errors=(FormError("seen", text),)), 409)
    try:
        done = step_in(visit.conn, visit.ctx, visit.app.engine, case_id, wanted)
    except Invalid as error:
        wrong = (FormError("reason", error.message),)
        return Shown(step_in_view(definition, case, wanted, found, errors=wrong), 422)
    except (DutyConflict, Refused) as error:
        return Shown(step_in_view(definition, case, wanted, None, blocked=error.message), 409)
    if done.seq is None:
        text = phrase("Asked for. It passes over an approval, so another person has to confirm it.")
        return Go(f"{urls.case(case_id)}#standing", Notice("waiting", text))
    return _settle(done.seq)


def agree(visit: Visit) -> Answer:
    """Confirm what another person asked for."""
    try:
        return _settle(confirm(visit.conn, visit.ctx, visit.app.engine, visit.uuid("intervention")))
    except (DutyConflict, Stale, Conflict, Refused, Invalid) as error:
        return Go(_safe(visit), Notice("risk", phrase("Not done: %(message)s.", message=error.message)))


def refuse(visit: Visit) -> Answer:
    """Turn down what another person asked for, or take back what one asked for oneself."""
    try:
        case_id = turn_down(visit.conn, visit.ctx, visit.uuid("intervention"))
    except Conflict as error:
        return Go(_safe(visit), Notice("risk", phrase("Not done: %(message)s.", message=error.message)))
    return Go(
        f"{urls.case(case_id)}#standing", Notice("done", phrase("It will not be done. That stays in the record too."))
    )


def _safe(visit: Visit) -> str:
    """The page of the case that the form was on."""
    case = visit.form.get("case", "")
    return f"{urls.case(case)}#standing" if case.replace("-", "").isalnum() else urls.CASES


def _settle(seq: int) -> Settle:
    return Settle(seq, lambda after, settled: _told(after, seq, settled=settled))


def _told(visit: Visit, seq: int, *, settled: bool) -> Answer:
    event = applied(visit.conn, seq)
    here = f"{urls.case(event['case'])}#standing"
    if not settled:
        return Go(
            here, Notice("waiting", phrase("It is in the log and takes effect in a moment. Load the page again."))
        )
    if event["refused"]:
        refused = audit_list(visit.conn, action="event.refused", subject=event["subject"], limit=20)
        why = next((str(e.body.get("reason", "")) for e in refused if e.event_seq == seq), "")
        return Go(
            here, Notice("risk", phrase("It could not be done: %(why)s.", why=why or "something else came in between"))
        )
    return Go(here, Notice("done", phrase("Done. Your reason stands in the timeline.")))


DOORS = (
    Door("GET", f"{urls.CASES}/{{case}}/step-in", NEEDED, ask),
    Door("POST", f"{urls.CASES}/{{case}}/step-in", NEEDED, do),
    Door("POST", urls.intervention_act("{intervention}", "confirm"), NEEDED, agree),
    Door("POST", urls.intervention_act("{intervention}", "turn-down"), NEEDED, refuse),
)
