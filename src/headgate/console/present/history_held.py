"""How a history tells decisions that were held for a moment: one line for each, what led to it as its steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from headgate.console.views.common import Person, TimelineEntry
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditEntry

HELD = "held_decision"  # the subject of such entries

# A decision that is held before it counts: what its maker meant, undone, and what it came to.
_TEXTS: Mapping[str, Mapping[str, str]] = {
    "decisions.held": {
        "approve": phrase("decided to approve it, which counts unless it is undone in time"),
        "edit": phrase("decided to approve it with changes, which counts unless it is undone in time"),
        "reject": phrase("decided to reject it, which counts unless it is undone in time"),
        "return": phrase("decided to return it, which counts unless it is undone in time"),
    },
    "decisions.undone": {
        "approve": phrase("undid the approval before it counted"),
        "edit": phrase("undid the approval with changes before it counted"),
        "reject": phrase("undid the rejection before it counted"),
        "return": phrase("undid the return before it counted"),
    },
    "decisions.carried_out": {
        "approve": phrase("did not undo the approval: it counts"),
        "edit": phrase("did not undo the approval with changes: it counts"),
        "reject": phrase("did not undo the rejection: it counts"),
        "return": phrase("did not undo the return: it counts"),
    },
}


@dataclass(frozen=True, slots=True)
class Folded:
    """Entries of a history, those left that have a line, and the earlier ones that belong to one of these by its
    number."""

    lines: tuple[AuditEntry, ...]
    steps: Mapping[int, Sequence[AuditEntry]] = field(default_factory=dict)


def fold(entries: Iterable[AuditEntry]) -> Folded:
    """One line per decision: the vote where it was cast, else how the held decision ended, else that it is held."""
    entries = sorted(entries, key=lambda entry: entry.seq)
    votes = {e.event_seq: e.seq for e in entries if "vote" in e.body and e.event_seq is not None}
    of_one: dict[str, list[AuditEntry]] = {}
    for entry in entries:
        if entry.subject_type == HELD:
            of_one.setdefault(entry.subject, []).append(entry)
    steps: dict[int, Sequence[AuditEntry]] = {}
    for told in of_one.values():
        cast = [votes[seq] for seq in told[-1].body.get("events") or () if seq in votes]
        if cast:
            steps[cast[0]] = told
        elif len(told) > 1:
            steps[told[-1].seq] = told[:-1]
    below = {entry.seq for group in steps.values() for entry in group}
    return Folded(tuple(entry for entry in entries if entry.seq not in below), steps)


def held_line(entry: AuditEntry, actor: Person) -> TimelineEntry:
    """A decision that is held, undone, or counts; or why it does not, when it was to."""
    body, action = entry.body, entry.action
    text = _TEXTS.get(action, {}).get(str(body.get("outcome")), "")
    kind = {"decisions.held": "timer", "decisions.undone": "void"}.get(action, "event")
    if action == "decisions.given_up":
        kind, text = "void", phrase("decided, but carrying it out broke; nothing was decided")
    elif body.get("refused"):
        kind, text = "void", phrase("decided, but when it was to count it was refused; nothing was decided")
    return TimelineEntry(
        entry.at, actor, kind, text or phrase("decided"), quote=str(body.get("why") or ""), seq=entry.seq
    )
