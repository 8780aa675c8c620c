"""The words and shapes of states, in one place. Colour is never alone: each state has a word and an icon.

Tones: `waiting` somebody must act · `risk` the clock runs out soon · `breach` it ran out, or proof failed ·
`done` good · `active` going on · `quiet` no news. Labels pass through the translator where they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from headgate.kernel.phrases import Phrase, phrase


@dataclass(frozen=True, slots=True)
class StateWord:
    """How one state is shown."""

    label: str
    tone: str
    icon: str


def _table(**states: tuple[str, str, str]) -> Mapping[str, StateWord]:
    return MappingProxyType({code: StateWord(*parts) for code, parts in states.items()})


# What a column of a policy holds, by its code.
TYPES: Mapping[str, Phrase] = MappingProxyType(
    {
        "number": phrase("number"),
        "integer": phrase("whole number"),
        "percent": phrase("percentage"),
        "money": phrase("amount"),
        "string": phrase("text"),
        "enum": phrase("one of several"),
        "bool": phrase("yes or no"),
        "date": phrase("day"),
        "datetime": phrase("moment"),
        "duration": phrase("duration"),
        "months": phrase("duration in months"),
        "list": phrase("list"),
    }
)

STATES: Mapping[str, Mapping[str, StateWord]] = MappingProxyType(
    {
        "order": _table(
            received=("Received", "active", "circle-dot"),
            held=("Held", "waiting", "hourglass"),
            released=("Released", "done", "circle-check"),
            flagged=("Released with flag", "done", "flag"),
            rejected=("Rejected", "quiet", "x"),
            cancelled=("Cancelled", "quiet", "ban"),
            shipping=("Shipped in part", "active", "truck"),
            fulfilled=("Fulfilled", "done", "truck"),
            returned=("Returned for correction", "waiting", "arrow-back-up"),
        ),
        "backtest": _table(
            queued=("Waiting", "quiet", "clock"),
            running=("Running", "active", "player-play"),
            done=("Done", "done", "circle-check"),
            cancelled=("Cancelled", "quiet", "ban"),
            failed=("Failed", "breach", "alert-triangle"),
        ),
        "domain": _table(
            claimed=("Not proven yet", "waiting", "hourglass"),
            proven=("Proven", "done", "circle-check"),
            missing=("Proof is missing", "risk", "alert-triangle"),
            lost=("Not yours any more", "breach", "circle-x"),
        ),
        "provisioning": _table(
            active=("Active", "done", "circle-check"),
            paused=("Paused", "quiet", "player-pause"),
        ),
        "provisioning_run": _table(
            queued=("Waiting", "quiet", "clock"),
            running=("Running", "active", "player-play"),
            done=("Done", "done", "circle-check"),
            partly=("Done in part", "risk", "alert-triangle"),
            held=("Held", "waiting", "hourglass"),
            failed=("Failed", "breach", "alert-triangle"),
            cancelled=("Cancelled", "quiet", "ban"),
        ),
        "provisioning_step": _table(
            planned=("Planned", "quiet", "clock"),
            done=("Done", "done", "circle-check"),
            failed=("Failed", "breach", "alert-triangle"),
        ),
        "export": _table(
            queued=("Waiting", "quiet", "clock"),
            running=("Running", "active", "player-play"),
            ready=("Ready", "done", "circle-check"),
            failed=("Failed", "breach", "alert-triangle"),
            cancelled=("Cancelled", "quiet", "ban"),
            removed=("Removed", "quiet", "circle-minus"),
        ),
        "migration": _table(
            running=("Under way", "active", "player-play"),
            queued=("Through", "done", "circle-check"),
            undoing=("Being taken back", "active", "arrow-back-up"),
            undone=("Taken back", "quiet", "arrow-back-up"),
        ),
        "deal": _table(
            draft=("Draft", "quiet", "pencil"),
            submitted=("Submitted", "active", "circle-dot"),
            under_review=("Under review", "waiting", "eye"),
            pending_approval=("Waiting for approval", "waiting", "hourglass"),
            approved=("Protected", "done", "lock"),
            returned=("Returned to the partner", "waiting", "arrow-back-up"),
            rejected=("Rejected", "quiet", "x"),
            appealed=("Appealed", "waiting", "message"),
            converted=("Converted", "done", "circle-check"),
            lost=("Lost", "quiet", "circle-minus"),
            expired=("Expired", "quiet", "clock"),
            withdrawn=("Withdrawn", "quiet", "ban"),
        ),
        "rma": _table(
            requested=("Requested", "active", "circle-dot"),
            deciding=("Waiting for approval", "waiting", "hourglass"),
            returned=("More is needed", "waiting", "arrow-back-up"),
            authorised=("Authorised", "active", "circle-check"),
            sent=("On its way", "active", "truck"),
            received=("Received", "waiting", "circle-check"),
            inspected=("Inspected", "waiting", "eye"),
            credited=("Credited", "done", "circle-check"),
            replaced=("Replaced", "done", "truck"),
            refused=("Not accepted", "quiet", "x"),
            declined=("Declined", "quiet", "x"),
            lapsed=("Lapsed", "quiet", "clock"),
            withdrawn=("Withdrawn", "quiet", "ban"),
        ),
        "price_exception": _table(
            deciding=("Being decided", "waiting", "hourglass"),
            returned=("Sent back", "waiting", "arrow-back-up"),
            granted=("Granted", "done", "circle-check"),
            not_needed=("Not needed", "quiet", "circle-minus"),
            declined=("Not granted", "quiet", "x"),
            lapsed=("Lapsed", "quiet", "clock"),
            withdrawn=("Withdrawn", "quiet", "ban"),
        ),
        "check": _table(
            **{"pass": ("Passed", "done", "circle-check")},
            flag=("Flagged", "active", "flag"),
            hold=("Holds the order", "waiting", "hourglass"),
            reject=("Rejects the order", "breach", "x"),
            note=("Noted", "quiet", "info-circle"),
        ),
        "case": _table(
            open=("Open", "active", "circle-dot"),
            waiting=("Waiting", "waiting", "hourglass"),
            closed=("Closed", "quiet", "circle-check"),
        ),
        "stage": _table(
            done=("Done", "done", "check"),
            current=("Now", "active", "circle-dot"),
            skipped=("Skipped", "quiet", "circle-minus"),
            ahead=("Not reached", "quiet", "circle-dashed"),
        ),
        "branch": _table(
            waiting=("Waiting", "waiting", "hourglass"),
            stuck=("Stuck", "risk", "alert-triangle"),
        ),
        "approval": _table(
            pending=("Waiting for approval", "waiting", "hourglass"),
            approved=("Approved", "done", "circle-check"),
            edited=("Approved with changes", "done", "pencil"),
            rejected=("Rejected", "quiet", "x"),
            returned=("Returned", "quiet", "arrow-back-up"),
            voided=("Void", "quiet", "ban"),
            expired=("Expired", "quiet", "clock"),
        ),
        "step": _table(
            waiting=("Comes next", "quiet", "circle-dashed"),
            open=("Being asked now", "waiting", "hourglass"),
            done=("Approved", "done", "circle-check"),
            skipped=("Not needed", "quiet", "circle-minus"),
        ),
        "delegation": _table(
            in_force=("In force", "active", "user-check"),
            to_come=("To come", "quiet", "clock"),
            ended=("Ended", "quiet", "circle-check"),
            revoked=("Ended early", "quiet", "ban"),
        ),
        "task": _table(
            open=("Open", "waiting", "circle"),
            done=("Done", "done", "circle-check"),
            cancelled=("Cancelled", "quiet", "ban"),
        ),
        "clock": _table(
            running=("On time", "quiet", "clock"),
            warned=("At risk", "risk", "clock-exclamation"),
            breached=("Overdue", "breach", "alert-triangle"),
            paused=("Paused", "quiet", "player-pause"),
            met=("In time", "done", "check"),
        ),
        "version": _table(
            draft=("Draft", "quiet", "pencil"),
            in_review=("In review", "waiting", "eye"),
            approved=("Approved, not yet active", "active", "user-check"),
            scheduled=("Scheduled", "active", "calendar"),
            active=("Active", "done", "circle-check"),
            retired=("Retired", "quiet", "history"),
            withdrawn=("Withdrawn", "quiet", "ban"),
        ),
        "test": _table(
            **{"pass": ("Passes", "done", "check")},
            fail=("Fails", "breach", "x"),
        ),
        "partner": _table(
            active=("Active", "done", "circle-check"),
            blocked=("Blocked", "breach", "lock"),
        ),
        "credit": _table(
            within=("Within limit", "done", "circle-check"),
            near=("Near the limit", "risk", "alert-triangle"),
            over=("Over the limit", "breach", "alert-triangle"),
            hold=("On credit hold", "breach", "lock"),
            none=("No credit account", "quiet", "circle-minus"),
        ),
        "reservation": _table(
            held=("Held", "active", "lock"),
            shipped=("Shipped", "done", "truck"),
            released=("Given back", "quiet", "lock-open"),
            short=("Not enough stock", "breach", "alert-triangle"),
        ),
        "candidate": _table(
            wins=("Used", "done", "circle-check"),
            loses=("Not used", "quiet", "circle-minus"),
            not_applicable=("Does not apply", "quiet", "x"),
        ),
        "quarantine": _table(
            open=("Needs a fix", "waiting", "barrier-block"),
            replayed=("Replayed", "done", "circle-check"),
            dismissed=("Dismissed", "quiet", "ban"),
        ),
        "sign_on": _table(
            active=("On the sign-in page", "done", "circle-check"),
            disabled=("Switched off", "quiet", "ban"),
            untested=("Not tested yet", "waiting", "hourglass"),
        ),
        "machine": _table(
            active=("Active", "done", "circle-check"),
            disabled=("Switched off", "quiet", "ban"),
            suspended=("Suspended", "breach", "lock"),
            expired=("Ended", "quiet", "clock"),
            revoked=("Revoked", "quiet", "ban"),
        ),
        "role": _table(
            active=("In use", "done", "circle-check"),
            proposed=("Waits for confirmation", "waiting", "hourglass"),
            retired=("Out of use", "quiet", "ban"),
        ),
        "mitigation": _table(
            proposed=("Waits for approval", "waiting", "hourglass"),
            in_force=("In force", "done", "eye"),
            over=("Over", "quiet", "clock"),
            ended=("Ended", "quiet", "ban"),
        ),
        "review": _table(
            open=("Open", "active", "circle-dot"),
            overdue=("Overdue", "breach", "clock-exclamation"),
            signed=("Signed", "done", "rosette-discount-check"),
            cancelled=("Cancelled", "quiet", "ban"),
        ),
        "guest": _table(
            asked=("Asked", "waiting", "hourglass"),
            in_force=("May come in", "done", "circle-check"),
            refused=("Refused", "quiet", "ban"),
            over=("Over", "quiet", "clock"),
            ended=("Ended", "quiet", "ban"),
        ),
        "inherited": _table(
            following=("As offered", "done", "circle-check"),
            overridden=("Your own counts", "active", "pencil"),
            released=("Your own by now", "quiet", "link"),
            troubled=("Not copied", "breach", "alert-triangle"),
        ),
        "fate": _table(
            taken=("Taken", "done", "circle-check"),
            changed=("Taken, their own since", "active", "pencil"),
            declined=("Kept their own", "active", "pencil"),
            failed=("Could not be copied", "breach", "alert-triangle"),
            waiting=("Not taken yet", "waiting", "hourglass"),
            elsewhere=("Has it from another", "quiet", "link"),
        ),
        "tenant": _table(
            active=("Open", "done", "circle-check"),
            suspended=("Shut", "waiting", "lock"),
            deleting=("Being deleted", "breach", "hourglass"),
        ),
        "review_item": _table(
            open=("To decide", "waiting", "hourglass"),
            keep=("Kept", "done", "circle-check"),
            revoke=("Revoked", "quiet", "ban"),
        ),
        "connection": _table(
            closed=("Works", "done", "circle-check"),
            untried=("Nothing sent yet", "quiet", "circle-dashed"),
            open=("Does not work", "breach", "unlink"),
            half_open=("Being tried", "waiting", "refresh"),
            paused=("Paused", "quiet", "player-pause"),
            disabled=("Switched off", "quiet", "ban"),
        ),
        "delivery": _table(
            pending=("On its way", "active", "hourglass"),
            sent=("Arrived", "done", "circle-check"),
            dead=("Dead letter", "breach", "alert-triangle"),
            dismissed=("Given up", "quiet", "ban"),
        ),
        "attempt": _table(
            delivered=("Taken", "done", "circle-check"),
            retry=("Failed, tried again", "waiting", "refresh"),
            refused=("Refused", "breach", "x"),
        ),
        "proof": _table(
            verified=("Verified", "done", "rosette-discount-check"),
            linked=("Linked in the chain", "quiet", "link"),
            broken=("Does not match", "breach", "unlink"),
        ),
    }
)

HIT_POLICIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "unique": (phrase("Unique"), phrase("Exactly one row may match.")),
        "any": (phrase("Any"), phrase("Several rows may match if they agree.")),
        "first": (phrase("First"), phrase("Rows are read from the top; the first that matches decides.")),
        "priority": (phrase("Priority"), phrase("Of all rows that match, the one with the highest priority decides.")),
        "rule_order": (
            phrase("Rule order"),
            phrase("Every row that matches adds its result, in the order of the rows."),
        ),
        "output_order": (
            phrase("Output order"),
            phrase("Every row that matches adds its result, highest priority first."),
        ),
        "collect": (phrase("Collect"), phrase("Every row that matches adds its result.")),
    }
)

_CAPITALS = {
    "sla": "SLA",
    "vat": "VAT",
    "fx": "FX",
    "po": "PO",
    "id": "ID",
    "rma": "return",
    "principal": "account",
    "master": "master data",
}


def state(kind: str, code: str) -> StateWord:
    """The word for a state; a code that is not known here is shown as it is, quietly. Raises KeyError for a kind."""
    return STATES[kind].get(code) or StateWord(humanise(code), "quiet", "circle")


def humanise(code: str) -> Phrase:
    """A code as words: `price_deviation` → `Price deviation`; translated where shown, if the catalogue knows it."""
    words = [_CAPITALS.get(word, word) for word in code.replace("-", "_").split("_") if word]
    text = " ".join(words)
    return Phrase(text[:1].upper() + text[1:])
