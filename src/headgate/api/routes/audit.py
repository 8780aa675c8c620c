"""The audit chain: search, proofs, verification."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from headgate.api.auth import AuditRead
from headgate.api.models.common import AuditLine, PageOf, audit_line
from headgate.api.models.ledger import AuditDetail, FindingView, Inclusion, Verification, Verify
from headgate.api.openapi import FIND, READ, problems
from headgate.api.parameters import Cursor, Filter, Limit, SeqPath
from headgate.api.strict import StrictRoute
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.kernel.errors import Busy, invalid
from headgate.ledger import audit_get, audit_list, audit_proof, proof_states, verify_audit

router = APIRouter(route_class=StrictRoute, tags=["audit"])

# A verification reads the whole chain; this process does one at a time.
_verifying = threading.Lock()
NEWEST = 2**63 - 1


@router.get("/audit", responses=problems(*READ, 422))
def list_audit(
    caller: AuditRead,
    subject_type: Filter = "",
    subject: Filter = "",
    actor: Annotated[str, Query(max_length=200, pattern=r"^[^\u0000]*$")] = "",
    action: Filter = "",
    case: UUID | None = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> PageOf[AuditLine]:
    """Audit entries, newest first, each with its proof state."""
    with caller.reading() as conn:
        found = audit_list(
            conn,
            subject_type=subject_type or None,
            subject=subject or None,
            actor=actor or None,
            action=action or None,
            case_id=case,
            before=_before(cursor),
            limit=limit + 1,
        )
        kept = found[:limit]
        proofs = proof_states(conn, [e.seq for e in kept])
    more = encode_cursor(str(kept[-1].seq)) if len(found) > limit else ""
    return PageOf(items=[audit_line(e, proofs) for e in kept], next_cursor=more)


@router.post("/audit/verify", responses=problems(*READ, 413, 415, 422))
def verify(caller: AuditRead, body: Verify) -> Verification:
    """Recompute the tenant's whole chain, and with `deep` every event and decision too."""
    if not _verifying.acquire(blocking=False):
        raise Busy("a verification is running; wait for it to end", retry_after=10)
    try:
        with caller.reading() as conn:
            report = verify_audit(conn, deep=body.deep, checks=caller.app.content_checks())
    finally:
        _verifying.release()
    return Verification(
        ok=report.ok,
        entries=report.entries,
        events=report.events,
        contents=report.contents,
        head_seq=report.head_seq,
        head_hash=report.head_hash,
        bad_count=report.bad_count,
        findings=[FindingView.model_validate(f) for f in report.bad],
    )


@router.get("/audit/{seq:int}", responses=problems(*FIND))
def get_entry(caller: AuditRead, seq: SeqPath) -> AuditDetail:
    """One entry with the text its hash was taken over and a proof that it is among its neighbours."""
    with caller.reading() as conn:
        entry = audit_get(conn, seq)
        proofs = proof_states(conn, [seq])
        proof = audit_proof(conn, seq)
    return AuditDetail(
        **dict(audit_line(entry, proofs)),
        text=entry.text,
        inclusion=Inclusion(**{k: v for k, v in asdict(proof).items() if k in Inclusion.model_fields}),
    )


def _before(cursor: str) -> int:
    (text,) = decode_cursor(cursor, 1)
    if not text:
        return NEWEST
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.")
    return int(text)
