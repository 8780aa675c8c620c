"""The audit trail: its entries, one of them, and verifications."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headgate.console import urls
from headgate.console.present.history import named, proof_of
from headgate.console.present.lens import Lens
from headgate.console.present.names import Names
from headgate.console.views.audit import AuditEntryView, AuditFilters, VerifyCheck, VerifyResult
from headgate.console.views.common import AppliedFilter
from headgate.kernel.phrases import joined, phrase
from headgate.ledger import AuditEntry, AuditReport, ProofState
from headgate.ui.actions import acted
from headgate.ui.words import humanise


@dataclass(frozen=True, slots=True)
class Verified:
    """The last verification that was kept, and up to which entry all held then (0: there was none)."""

    entry: AuditEntry | None
    reached: int

    @property
    def at(self) -> datetime | None:
        """When it was."""
        return None if self.entry is None else self.entry.at


def verified_of(entry: AuditEntry | None) -> Verified:
    """What a kept verification stands for; where it found a fault, what is before the fault still holds."""
    if entry is None:
        return Verified(None, 0)
    broken = entry.body.get("broken_at")
    if broken:
        return Verified(entry, int(broken) - 1)
    return Verified(entry, int(entry.body.get("head_seq") or 0) if not entry.body.get("bad") else 0)


def report_body(report: AuditReport, seconds: float) -> dict[str, Any]:
    """What is kept of a verification, in the chain itself."""
    first = report.first_bad
    in_chain = first is not None and first.where in ("audit", "head")
    return {
        "entries": report.entries,
        "events": report.events,
        "contents": report.contents,
        "head_seq": report.head_seq,
        "head_hash": report.head_hash,
        "bad": report.bad_count,
        "bad_where": sorted({finding.where for finding in report.bad}),
        "broken_at": first.seq if first is not None and in_chain else None,
        "broken_why": str(first) if first is not None else "",
        "seconds": max(1, round(seconds)),
    }


_CHECKED = {"checkpoints": phrase("signed checkpoints compared with the entries and their signatures")}


def result_of(verified: Verified, names: Names) -> VerifyResult | None:
    """A kept verification as shown."""
    entry = verified.entry
    if entry is None:
        return None
    body = entry.body
    bad = set(body.get("bad_where") or ())
    entries, contents = int(body.get("entries") or 0), body.get("contents") or {}
    checks = [
        VerifyCheck(phrase("entries hashed again, linked and counted"), entries, "audit" not in bad),
        VerifyCheck(
            phrase("chain head"), 1, "head" not in bad, phrase("ends with the last entry") if "head" not in bad else ""
        ),
        VerifyCheck(phrase("events compared with their digest"), int(body.get("events") or 0), "event" not in bad),
    ]
    checks += [
        VerifyCheck(
            _CHECKED.get(name) or phrase("%(records)s compared with their digest", records=humanise(name).lower()),
            int(count),
            name not in bad,
        )
        for name, count in contents.items()
    ]
    return VerifyResult(
        at=entry.at,
        by=names.person(entry.actor),
        entries=entries,
        seconds=int(body.get("seconds") or 0),
        head_seq=int(body.get("head_seq") or 0),
        head_digest=str(body.get("head_hash") or ""),
        checks=tuple(checks),
        broken_at=body.get("broken_at"),
        broken_why=str(body.get("broken_why") or ""),
    )


def parameters(filters: AuditFilters) -> list[tuple[str, str]]:
    """The filters as they stand in an address."""
    return [
        ("q", filters.text),
        ("actor", filters.actor),
        ("action", filters.action),
        ("subject_type", filters.subject_type),
        ("subject", filters.subject),
        ("since", filters.since.isoformat() if filters.since else ""),
        ("until", filters.until.isoformat() if filters.until else ""),
    ]


def applied(filters: AuditFilters, lens: Lens) -> tuple[AppliedFilter, ...]:
    """The filters that are on, each with the address of the list without it."""
    about = joined(" ", [each for each in (humanise(filters.subject_type), filters.subject) if each])
    words = {
        ("q",): (phrase("Search"), filters.text),
        ("actor",): (phrase("Who"), filters.actor),
        ("action",): (phrase("Action"), acted(filters.action) if filters.action else ""),
        ("subject_type", "subject"): (phrase("About"), about),
        ("since",): (phrase("From"), lens.fmt.day(filters.since) if filters.since else ""),
        ("until",): (phrase("To"), lens.fmt.day(filters.until) if filters.until else ""),
    }
    pairs = parameters(filters)
    return tuple(
        AppliedFilter(label, value, urls.query(urls.AUDIT, [pair for pair in pairs if pair[0] not in names]))
        for names, (label, value) in words.items()
        if value
    )


def entry_view(entry: AuditEntry, state: ProofState | None, verified: Verified, names: Names) -> AuditEntryView:
    """One entry, whole."""
    proof = proof_of(state, verified.reached)
    return AuditEntryView(
        seq=entry.seq,
        at=entry.at,
        actor=names.person(entry.actor),
        action=entry.action,
        subject_type=entry.subject_type,
        subject=entry.subject,
        subject_href=_href(entry),
        named=named(entry, names),
        case_id=entry.case_id,
        event_seq=entry.event_seq,
        body=pretty(entry.text),
        previous=entry.prev,
        digest=entry.hash,
        proof=proof,
        verified_at=verified.at if proof == "verified" else None,
        earlier=entry.seq - 1 if entry.seq > 1 else None,
        later=entry.seq + 1 if state is not None and entry.seq < state.head_seq else None,
    )


def _href(entry: AuditEntry) -> str:
    own = {"order": urls.order, "deal": urls.deal, "rma": urls.rma, "partner": urls.partner}.get(entry.subject_type)
    if own is not None:
        return own(entry.subject)
    if entry.subject_type == "policy":
        return urls.policy(entry.subject.partition("@")[0])
    if entry.subject_type == "agreement" and entry.body.get("agreement"):
        return urls.agreement(str(entry.body["agreement"]))
    return ""


def pretty(text: str) -> str:
    """JSON with a line per member; a damaged text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def own_subjects(entry: AuditEntry) -> bool:
    """Whether an entry is about a case or a price: what somebody who reads orders may see of the chain."""
    known = ("order", "deal", "price_exception", "agreement", "policy")
    return entry.case_id is not None or entry.subject_type in known
