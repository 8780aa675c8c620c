"""What a reviewer is shown beside a version: a backtest, for example. Each piece is bound to the text it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.policy import repo
from headgate.policy.versions import audit, locked, pick, read

MOST_BYTES = 64_000
MOST_SHOWN = 20
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SETTLED = ("active", "retired")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One attached piece. `digest` (hex) is of the text it is about; `content` is its author's, with what a page shows
    of any kind: `title`, `summary` (a sentence), `facts` (a list of {label, value}) and `href` (its own page)."""

    evidence: UUID
    kind: str
    digest: str
    content: Mapping[str, Any]
    attached_by: str
    attached_at: datetime


def attach_evidence(
    conn: Connection, ctx: Context, policy: str, version: int, kind: str, content: Mapping[str, Any]
) -> Evidence:
    """Put something beside a version for its reviewer. Kept for ever, with the digest of the text as it is now.

    Raises `NotFound`, `Conflict` when the version is past its review, `Invalid` for a kind that is no name and for
    content that is larger than 64,000 bytes as JSON.
    """
    if not _KIND.fullmatch(kind):
        raise invalid("kind", kind, "is not a name", "Use small letters, digits and _, for example backtest.")
    text = canonical_text(dict(content))
    if len(text.encode()) > MOST_BYTES:
        raise invalid("content", f"{len(text)} characters", "is too large", "Attach a summary and the address of it.")
    found = pick(locked(conn, policy), policy, version)
    if found.status in _SETTLED and not found.unreviewed:
        raise Conflict(
            phrase(
                "%(policy)s version %(version)s is %(status)s; evidence is for versions still to be reviewed",
                policy=policy,
                version=version,
                status=found.status,
            )
        )
    piece = Evidence(new_id(ctx.now), kind, found.digest, content, ctx.principal.id, ctx.now)
    conn.execute(
        repo.ATTACH,
        {
            "policy": policy,
            "version": version,
            "evidence": piece.evidence,
            "kind": kind,
            "digest": bytes.fromhex(found.digest),
            "content": text,
            "by": ctx.principal.id,
            "now": ctx.now,
        },
    )
    audit(conn, ctx, "policy.evidence_attached", found, evidence=str(piece.evidence), kind=kind)
    return piece


def evidence_of(conn: Connection, policy: str, version: int, limit: int = MOST_SHOWN) -> Sequence[Evidence]:
    """What is attached to a version, newest first. Raises `NotFound` for a version that is not there."""
    found = [
        Evidence(*row) for row in conn.execute(repo.EVIDENCE, {"policy": policy, "version": version, "limit": limit})
    ]
    if not found:
        read(conn, policy, version)
    return found
