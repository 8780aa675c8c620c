"""What happened to a case, told from its audit entries: each sentence leads to the entry that proves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from headgate.console import urls
from headgate.console.present.history_held import HELD, fold, held_line
from headgate.console.present.names import Names
from headgate.console.views.common import AuditLine, Person, PolicyRef, TimelineEntry
from headgate.kernel.phrases import joined, phrase
from headgate.ledger import AuditEntry, ProofState
from headgate.process import UNANSWERED
from headgate.ui.words import humanise

_WHOM = frozenset({"user", "service", "agent"})
SYSTEM = Person("system", "Headgate", "system")

# How an event reads after its actor's name, and the kind of its picture.
_ACTS: Mapping[str, tuple[str, str]] = {
    "order.submitted": ("event", phrase("sent the order")),
    "order.amended": ("edit", phrase("changed the order")),
    "order.cancelled": ("void", phrase("cancelled the order")),
    "order.reopened": ("event", phrase("reopened the order")),
    "order.recheck_requested": ("check", phrase("asked for another check")),
    "shipment.confirmed": ("ship", phrase("confirmed a shipment")),
    "price_exception.requested": ("event", phrase("asked for a special price")),
    "price_exception.amended": ("edit", phrase("asked otherwise")),
    "price_exception.withdrawn": ("void", phrase("withdrew the request")),
    "rma.requested": ("event", phrase("asked to return goods")),
    "rma.withdrawn": ("void", phrase("withdrew the return")),
    "rma.sent": ("ship", phrase("sent the goods")),
    "rma.received": ("ship", phrase("booked goods in")),
    "rma.inspected": ("check", phrase("recorded an inspection")),
    "return.recorded": ("event", phrase("recorded a return")),
    "task.snoozed": ("timer", phrase("put the task off")),
    "task.woken": ("task", phrase("took the task up again")),
    "deal.drafted": ("event", phrase("drafted the deal")),
    "deal.submitted": ("event", phrase("registered the deal")),
    "deal.amended": ("edit", phrase("changed the deal")),
    "deal.withdrawn": ("void", phrase("withdrew the deal")),
    "deal.appealed": ("event", phrase("appealed")),
    "deal.activity_recorded": ("event", phrase("reported activity")),
    "deal.extension_requested": ("event", phrase("asked for a longer protection")),
    "deal.recheck_requested": ("check", phrase("asked for another look")),
    "opportunity.won": ("release", phrase("told that it was won")),
    "opportunity.lost": ("void", phrase("told that it was lost")),
    "case.asked": ("timer", phrase("asked the partner and waits for the answer")),
    "case.answered": ("timer", phrase("took up the partner’s answer")),
    "case.noted": ("note", phrase("added a note")),
    "case.intervention_asked": ("task", phrase("asked to step in by hand")),
    "case.intervention_turned_down": ("void", phrase("turned down stepping in by hand")),
    "policy.drafted": ("edit", phrase("saved the draft")),
    "policy.proposed": ("event", phrase("proposed a change")),
    "policy.submitted": ("event", phrase("handed it in for review")),
    "policy.sent_back": ("return", phrase("sent it back")),
    "policy.approved": ("approve", phrase("approved it")),
    "policy.activated": ("release", phrase("set when it takes effect")),
    "policy.withdrawn": ("void", phrase("withdrew it")),
    "policy.retired": ("void", phrase("ended it")),
    "policy.retirement_scheduled": ("void", phrase("set its end")),
    "policy.inherited": ("release", phrase("took it over from the organisation above")),
    "policy.restored": ("release", phrase("brought the text before it back")),
    "policy.evidence_attached": ("note", phrase("attached evidence")),
    "policy.emergency_applied": ("release", phrase("applied it in an emergency, before its review")),
    "policy.emergency_reviewed": ("approve", phrase("reviewed the emergency change")),
    "policy.review_overdue": ("timer", phrase("waited in vain for the review after the emergency")),
    "agreement.drafted": ("event", phrase("drafted it")),
    "agreement.submitted": ("event", phrase("handed it in for review")),
    "agreement.sent_back": ("return", phrase("sent it back")),
    "agreement.approved": ("approve", phrase("approved it")),
    "agreement.activated": ("release", phrase("activated it")),
    "agreement.superseded": ("void", phrase("ended it by a newer revision")),
    "agreement.retired": ("void", phrase("ended it")),
    "agreement.withdrawn": ("void", phrase("withdrew it")),
}
_OUTCOMES: Mapping[str, tuple[str, str]] = {
    "approve": ("approve", phrase("approved it")),
    "edit": ("edit", phrase("approved it with changes")),
    "reject": ("reject", phrase("rejected it")),
    "return": ("return", phrase("returned it for correction")),
}
_ARRIVALS: Mapping[str, tuple[str, str]] = {
    "released": ("release", phrase("released it")),
    "rejected": ("reject", phrase("rejected it")),
    "cancelled": ("void", phrase("gave back what it held")),
    "returned": ("return", phrase("waits for a correction")),
    "fulfilled": ("ship", phrase("closed it: everything is shipped")),
    "protected": ("release", phrase("protected it")),
    "converted": ("release", phrase("closed it: the deal was won")),
    "expired": ("void", phrase("ended its protection")),
    "withdrawn": ("void", phrase("closed it")),
    "rejected_finally": ("reject", phrase("closed it: rejected for good")),
    "granted": ("release", phrase("put the special price into force")),
    "declined": ("reject", phrase("closed the request")),
    "lapsed": ("void", phrase("closed the request: nobody decided in time")),
    "not_needed": ("release", phrase("closed it: the contract price is not above it")),
}


def timeline(entries: Iterable[AuditEntry], names: Names) -> tuple[TimelineEntry, ...]:
    """The story, oldest first, one line for each decision with its steps below. Entries may come in any order."""
    folded = fold(entries)
    return tuple(line for entry in folded.lines for line in _told(entry, folded.steps.get(entry.seq, ()), names))


def _told(entry: AuditEntry, steps: Sequence[AuditEntry], names: Names) -> list[TimelineEntry]:
    lines = _tell(entry, names)
    if lines and steps:
        lines[0] = replace(lines[0], steps=tuple(held_line(each, names.person(each.actor)) for each in steps))
    return lines


def actors(entries: Iterable[AuditEntry]) -> set[str]:
    """Everybody a timeline of these entries names."""
    found: set[str] = set()
    for entry in entries:
        found.add(entry.actor)
        vote = entry.body.get("vote")
        found |= {str(entry.body.get("to") or "")} if entry.action == "task.assigned" else set()
        found |= {str(vote.get("on_behalf_of") or "")} if isinstance(vote, Mapping) else set()
        stepped = entry.body.get("intervention")
        found |= {str(stepped.get("asked_by") or "")} if isinstance(stepped, Mapping) else set()
    return found - {""}


def audit_lines(
    entries: Sequence[AuditEntry], proofs: Mapping[int, ProofState], verified_to: int, names: Names
) -> tuple[AuditLine, ...]:
    """Audit entries in a list, newest first, each with the state of its proof."""
    return tuple(
        AuditLine(
            seq=entry.seq,
            at=entry.at,
            actor=names.person(entry.actor),
            action=entry.action,
            subject_type=entry.subject_type,
            subject=entry.subject,
            digest=entry.hash,
            proof=proof_of(proofs.get(entry.seq), verified_to),
            named=named(entry, names),
        )
        for entry in entries
    )


def named(entry: AuditEntry, names: Names) -> str:
    """The name of whom an entry is about; nothing for one that is about a thing."""
    return names.person(entry.subject).name if about_whom(entry) else ""


def about_whom(entry: AuditEntry) -> str:
    """The principal an entry is about, if it is about one."""
    return entry.subject if entry.subject.partition(":")[0] in _WHOM else ""


def proof_of(state: ProofState | None, verified_to: int) -> str:
    """broken, verified (by a walk over the whole chain that reached it), or linked to its neighbours only."""
    if state is None or not state.intact:
        return "broken"
    return "verified" if state.seq <= verified_to else "linked"


def worst_proof(lines: Iterable[AuditLine]) -> str:
    """The state of several entries together."""
    states = {line.proof for line in lines}
    return next((state for state in ("broken", "linked", "verified") if state in states), "linked")


def _tell(entry: AuditEntry, names: Names) -> list[TimelineEntry]:
    told = [*_acted(entry, names)]
    body = entry.body
    if body.get("approval_voided") and entry.action != "approval.decided":
        told.append(
            TimelineEntry(
                entry.at, SYSTEM, "void", phrase("voided the approval: what it was about changed"), seq=entry.seq
            )
        )
    told += _arrived(entry)
    asked = body.get("approval_requested")
    if isinstance(asked, Mapping):
        told.append(_asked(entry, asked))
    return told


def _acted(entry: AuditEntry, names: Names) -> Iterable[TimelineEntry]:
    actor, body = names.person(entry.actor), entry.body
    vote = body.get("vote")
    if isinstance(vote, Mapping):
        yield _voted(entry, vote, names)
    elif entry.action == "timer.fired":
        text = _timer(body)
        if text:
            yield TimelineEntry(entry.at, SYSTEM, "timer", text, seq=entry.seq)
    elif isinstance(body.get("intervention"), Mapping):
        yield _stepped_in(entry, body["intervention"], names)
    elif isinstance(body.get("migration"), Mapping):
        yield _migrated(entry, body["migration"], names)
    elif entry.subject_type == HELD:
        yield held_line(entry, actor)
    elif entry.action == "task.assigned":
        to = body.get("to")
        text = phrase("gave the task back")
        if to:
            text = (
                phrase("took the task")
                if to == entry.actor
                else phrase("handed the task to %(to)s", to=names.person(str(to)).name)
            )
        yield TimelineEntry(entry.at, actor, "task", text, quote=str(body.get("reason") or ""), seq=entry.seq)
    else:
        kind, text = _ACTS.get(entry.action, ("event", humanise(entry.action.replace(".", " ")).lower()))
        quote = str(body.get("note") or body.get("justification") or body.get("reason") or "")
        yield TimelineEntry(entry.at, actor, kind, text, quote=quote, seq=entry.seq)


def _stepped_in(entry: AuditEntry, done: Mapping[str, Any], names: Names) -> TimelineEntry:
    """Who stepped in, at what and why; with the one who asked for it where two were needed."""
    at = str(done.get("at", ""))
    text = {
        "skip": phrase("skipped %(at)s, which is no approval", at=at),
        "retry": phrase("repeated %(at)s", at=at),
        "jump": phrase("moved it to %(at)s by hand", at=humanise(at).lower()),
    }.get(str(done.get("kind")), phrase("stepped in"))
    asked = str(done.get("asked_by") or "")
    if asked:
        text = phrase("%(text)s, as %(asked)s had asked", text=text, asked=names.person(asked).name)
    quote = str(done.get("reason") or "")
    return TimelineEntry(entry.at, names.person(entry.actor), "edit", text, quote=quote, seq=entry.seq)


def _migrated(entry: AuditEntry, moved: Mapping[str, Any], names: Names) -> TimelineEntry:
    """What came of moving the case to another version of its process."""
    to, status = moved.get("to"), moved.get("status")
    text = {
        "moved": phrase("moved it to version %(to)s of its process", to=to),
        "undone": phrase("moved it back to version %(to)s of its process", to=to),
    }.get(
        str(status),
        phrase(
            "left it in version %(version)s of its process: %(why)s",
            version=moved.get("from"),
            why=moved.get("why", ""),
        ),
    )
    quote = str(moved.get("reason") or "")
    return TimelineEntry(entry.at, names.person(entry.actor), "event", text, quote=quote, seq=entry.seq)


def _voted(entry: AuditEntry, vote: Mapping[str, Any], names: Names) -> TimelineEntry:
    kind, text = _OUTCOMES.get(str(vote.get("outcome")), ("approve", phrase("decided")))
    behalf = str(vote.get("on_behalf_of") or "")
    return TimelineEntry(
        entry.at,
        names.person(entry.actor),
        kind,
        phrase(
            "%(text)s, level %(level)s as %(role)s",
            text=text,
            level=vote.get("level"),
            role=humanise(str(vote.get("role", ""))).lower(),
        ),
        quote=str(vote.get("justification") or ""),
        on_behalf_of=names.person(behalf) if behalf else None,
        href=urls.approval(str(vote.get("approval"))),
        seq=entry.seq,
    )


def _timer(body: Mapping[str, Any]) -> str:
    name = str(body.get("timer", ""))
    if body.get("escalated_to"):
        roles = joined(", ", (humanise(str(role)).lower() for role in body["escalated_to"]))
        return phrase("asked %(roles)s as well: the approval is late", roles=roles)
    texts = {"sla.warn": phrase("warned that time runs out"), "sla.breach": phrase("noted that the time is over")}
    if body.get("taken_back") and name == UNANSWERED:
        steps = joined(", ", (humanise(str(told.get("step", ""))).lower() for told in body["taken_back"]))
        return phrase("had no answer in time (%(steps)s): somebody has to look what became of it", steps=steps)
    return texts.get(name, phrase("let the approval expire") if name == "approval.expire" else "")


def _arrived(entry: AuditEntry) -> list[TimelineEntry]:
    body = entry.body
    path = body.get("path") or ()
    if not path:
        return []
    policy = _decided_by(body)
    if body.get("to") in ("exception", "deciding"):
        words = joined(", ", (humanise(str(e)).lower() for e in body.get("exceptions") or ()))
        text = phrase("held it: %(words)s", words=words) if words else phrase("held it")
        return [TimelineEntry(entry.at, SYSTEM, "hold", text, policy=policy, seq=entry.seq)]
    arrival = _ARRIVALS.get(str(body.get("to")))
    if arrival is None:
        return []
    kind, done = arrival
    flags = joined(", ", (humanise(str(e)).lower() for e in body.get("exceptions") or ()))
    if kind == "release" and flags and body.get("to") == "released":
        done = phrase("%(text)s and flagged: %(flags)s", text=done, flags=flags)
    return [TimelineEntry(entry.at, SYSTEM, kind, done, policy=policy, seq=entry.seq)]


def _decided_by(body: Mapping[str, Any]) -> PolicyRef | None:
    decisions = [d for d in body.get("decisions") or () if not str(d.get("policy", "")).startswith("approval_matrix")]
    if not decisions:
        return None
    policy, _, version = str(decisions[-1]["policy"]).partition("@")
    return PolicyRef(policy, humanise(policy), int(version or 0))


def _asked(entry: AuditEntry, asked: Mapping[str, Any]) -> TimelineEntry:
    levels: dict[str, list[str]] = {}
    for step in asked.get("steps") or ():
        level, _, role = str(step).partition(":")
        levels.setdefault(level, []).append(humanise(role).lower())
    who = joined(phrase(", then "), [joined(phrase(" and "), roles) for _, roles in sorted(levels.items())])
    matrix = next(
        (d for d in entry.body.get("decisions") or () if str(d["policy"]).startswith("approval_matrix")), None
    )
    policy = None
    if matrix is not None:
        name, _, version = str(matrix["policy"]).partition("@")
        policy = PolicyRef(name, humanise(name), int(version or 0))
    href = urls.approval(str(asked.get("approval")))
    return TimelineEntry(
        entry.at, SYSTEM, "task", phrase("asked %(who)s to approve", who=who), policy=policy, href=href, seq=entry.seq
    )
