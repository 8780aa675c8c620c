"""What a partner can do with a deal it has sent: withdraw, report activity, ask for more time, appeal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headgate.channel import deals
from headgate.kernel.errors import Invalid
from headgate.kernel.phrases import phrase, sentence
from headgate.portal import urls
from headgate.portal.pages.deals import deal_view
from headgate.portal.pages.reading import by_field
from headgate.portal.visit import Answer, Door, Go, Settle, Shown, Visit
from headgate.ui.cookies import Notice

ACTIVITIES = ("meeting", "demo", "proposal", "trial", "negotiation", "call")


# Beside which field a refusal stands.
FIRST = {
    "withdraw": "withdraw_reason",
    "appeal": "appeal_reason",
    "extension": "extension_until",
    "activity": "activity_notes",
}


def _act(kind: str, act: str, done: str, content: Callable[[Visit], dict[str, Any]]) -> Callable[[Visit], Answer]:
    """A handler that sends an event about one's own deal and tells what came of it."""

    def handle(visit: Visit) -> Answer:
        code = visit.code("deal")
        row = deals.get_deal(visit.conn, code)
        fields = {f"{act}_{name}": value for name, value in visit.form.items() if len(value) <= 2000}
        try:
            with visit.conn.transaction():
                seq = visit.send(kind, {"deal": code, **content(visit)})
        except Invalid as error:
            return Shown(deal_view(visit, row, _errors(error, act), fields), 400)

        def tell(after: Visit, settled: bool) -> Answer:
            refused = after.refusal(seq) if settled else None
            if refused is not None:
                now = deal_view(after, deals.get_deal(after.conn, code), {FIRST[act]: refused.message}, fields)
                if act not in now.acts:
                    return Go(urls.deal(code), Notice("risk", sentence(refused.message)))
                return Shown(now, 409)
            return Go(urls.deal(code), Notice("done" if settled else "waiting", visit.fmt.say(done)))

        return Settle(seq, tell)

    return handle


def _errors(error: Invalid, act: str) -> Mapping[str, str]:
    names = {name: f"{act}_{name}" for name in ("reason", "until", "activity", "happened_at", "notes")}
    return by_field(error.problems, names)


def _reason(visit: Visit) -> dict[str, Any]:
    return {"reason": visit.field("reason")}


def _until(visit: Visit) -> dict[str, Any]:
    return {"until": visit.field("until"), "reason": visit.field("reason")}


def _activity(visit: Visit) -> dict[str, Any]:
    kind = visit.field("activity")
    return {
        "activity": kind if kind in ACTIVITIES else "",
        "happened_at": f"{visit.field('happened_at')}T12:00:00Z",
        "notes": visit.field("notes"),
    }


# What is done, the event that says so, what the partner reads then, and what the form gives.
DEAL_ACTS = (
    ("withdraw", "deal.withdrawn", phrase("You have given the deal up."), _reason),
    ("appeal", "deal.appealed", phrase("Your appeal was sent. Somebody else decides it."), _reason),
    ("extension", "deal.extension_requested", phrase("You have asked for more time."), _until),
    ("activity", "deal.activity_recorded", phrase("The activity was reported."), _activity),
)

DOORS = tuple(
    Door("POST", urls.deal_act("{deal}", act), "deals.write", _act(kind, act, done, content))
    for act, kind, done, content in DEAL_ACTS
)
