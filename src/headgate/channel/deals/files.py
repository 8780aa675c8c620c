"""Evidence of deals, kept in the database: isolated, backed up and erased with everything else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.channel.deals.core.evidence import MOST_FILES, Evidence
from headgate.kernel.context import Context
from headgate.kernel.errors import Forbidden, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.ledger import AuditDraft, append_audit

_HEAD = "f.file, f.deal, f.name, f.media_type, f.size, f.sha256, f.uploaded_by, f.uploaded_at"
# A file counts for a deal only where both are one partner's: a number may be guessed before the deal is there.
_OF = f"""
select {_HEAD} from deal_files f
where f.deal = %(deal)s and f.partner = coalesce((select d.partner from deals d where d.deal = f.deal), f.partner)
  and (%(partner)s = '' or f.partner = %(partner)s)
order by f.uploaded_at, f.file
"""
_ADD = """
insert into deal_files (file, deal, partner, name, media_type, size, sha256, content, uploaded_by, uploaded_at)
values (%(file)s, %(deal)s, %(partner)s, %(name)s, %(media_type)s, %(size)s, %(sha256)s, %(content)s, %(by)s, %(now)s)
"""
_GET = f"select {_HEAD}, f.content from deal_files f where f.file = %s and f.deal = %s"
_DROP = "delete from deal_files where file = %s and deal = %s returning name"
_FORGET = """
delete from deal_files where file in (
  select f.file from deal_files f left join deals d on d.deal = f.deal
  where f.uploaded_at < %(before)s and coalesce(d.updated_at, f.uploaded_at) < %(before)s
    and coalesce(d.status, 'expired') in ('rejected', 'converted', 'lost', 'expired', 'withdrawn')
  limit %(limit)s)
"""


@dataclass(frozen=True, slots=True)
class DealFile:
    """A file as listed; `sha256` of its bytes in hex."""

    file: UUID
    deal: str
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_by: str
    uploaded_at: datetime

    @property
    def reference(self) -> str:
        """How the deal names it, so that an approval binds the very bytes."""
        return f"{self.name} (sha256 {self.sha256})"


def add_file(conn: Connection[Any], ctx: Context, deal: str, evidence: Evidence) -> DealFile:
    """Keep a file with one's own partner's deal. The same bytes twice are kept once. Raises `Invalid` for too many."""
    partner = ctx.principal.partner
    if partner is None:
        raise Forbidden("evidence comes from the deal's partner")
    known = files_of(conn, deal, partner=partner)
    sha256 = hashlib.sha256(evidence.content).hexdigest()
    same = next((f for f in known if f.sha256 == sha256 and f.name == evidence.name), None)
    if same is not None:
        return same
    if len(known) >= MOST_FILES:
        raise invalid(
            "evidence", evidence.name, f"is one file too many; a deal has at most {MOST_FILES}", "Remove one."
        )
    made = DealFile(
        new_id(ctx.now),
        deal,
        evidence.name,
        evidence.media_type,
        len(evidence.content),
        sha256,
        ctx.principal.id,
        ctx.now,
    )
    values = {"file": made.file, "deal": deal, "partner": partner, "name": made.name, "media_type": made.media_type}
    more = {"size": made.size, "sha256": sha256, "content": evidence.content, "by": made.uploaded_by, "now": ctx.now}
    conn.execute(_ADD, values | more)
    _record(conn, ctx, "deal.file_added", deal, {"file": str(made.file), "name": made.name, "sha256": sha256})
    return made


def files_of(conn: Connection[Any], deal: str, *, partner: str = "") -> list[DealFile]:
    """The files of a deal, oldest first."""
    return [DealFile(*row) for row in conn.execute(_OF, {"deal": deal, "partner": partner})]


def get_file(conn: Connection[Any], deal: str, file: UUID) -> tuple[DealFile, bytes]:
    """A file with its bytes. Raises `NotFound`."""
    row = conn.execute(_GET, (file, deal)).fetchone()
    if row is None or file not in {f.file for f in files_of(conn, deal)}:
        raise NotFound("there is no such file")
    return DealFile(*row[:8]), bytes(row[8])


def drop_file(conn: Connection[Any], ctx: Context, deal: str, file: UUID) -> None:
    """Take a file away from a form that was not sent yet. Raises `NotFound`."""
    row = conn.execute(_DROP, (file, deal)).fetchone()
    if row is None:
        raise NotFound("there is no such file")
    _record(conn, ctx, "deal.file_removed", deal, {"file": str(file), "name": row[0]})


def forget_files(conn: Connection[Any], before: datetime, limit: int) -> int:
    """Drop up to `limit` files of deals that ended, or were never sent, before an instant; returns how many."""
    return conn.execute(_FORGET, {"before": before, "limit": limit}).rowcount


def _record(conn: Connection[Any], ctx: Context, action: str, deal: str, body: dict[str, Any]) -> None:
    append_audit(conn, ctx.now, [AuditDraft(action, "deal", deal, ctx.principal.id, body)])
