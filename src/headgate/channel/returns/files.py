"""Pictures and papers of returns, kept in the database: isolated, backed up and erased with everything else."""

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

_HEAD = "f.file, f.rma, f.name, f.media_type, f.size, f.sha256, f.uploaded_by, f.uploaded_at"
# A file counts for a return only where both are one partner's: a number may be guessed before the return is there.
_OF = f"""
select {_HEAD} from return_files f
where f.rma = %(rma)s
  and f.partner = coalesce((select r.partner from return_requests r where r.rma = f.rma), f.partner)
  and (%(partner)s = '' or f.partner = %(partner)s)
order by f.uploaded_at, f.file
"""
_ADD = """
insert into return_files (file, rma, partner, name, media_type, size, sha256, content, uploaded_by, uploaded_at)
values (%(file)s, %(rma)s, %(partner)s, %(name)s, %(media_type)s, %(size)s, %(sha256)s, %(content)s, %(by)s, %(now)s)
"""
_GET = f"select {_HEAD}, f.content from return_files f where f.file = %s and f.rma = %s"
_FORGET = """
delete from return_files where file in (
  select f.file from return_files f left join return_requests r on r.rma = f.rma
  where f.uploaded_at < %(before)s and coalesce(r.updated_at, f.uploaded_at) < %(before)s
    and coalesce(r.status, 'lapsed') in ('credited', 'replaced', 'refused', 'declined', 'lapsed', 'withdrawn')
  limit %(limit)s)
"""


@dataclass(frozen=True, slots=True)
class ReturnFile:
    """A file as listed; `sha256` of its bytes in hex."""

    file: UUID
    rma: str
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_by: str
    uploaded_at: datetime

    @property
    def reference(self) -> str:
        """How the request names it, so that an approval binds the very bytes."""
        return f"{self.name} (sha256 {self.sha256})"


def add_return_file(conn: Connection[Any], ctx: Context, rma: str, evidence: Evidence) -> ReturnFile:
    """Keep a file with one's own partner's return, the same bytes once. Raises `Invalid` for too many."""
    partner = ctx.principal.partner
    if partner is None:
        raise Forbidden("pictures come from the partner who returns the goods")
    known = return_files_of(conn, rma, partner=partner)
    sha256 = hashlib.sha256(evidence.content).hexdigest()
    same = next((f for f in known if f.sha256 == sha256 and f.name == evidence.name), None)
    if same is not None:
        return same
    if len(known) >= MOST_FILES:
        raise invalid("pictures", evidence.name, f"is one file too many; a return has at most {MOST_FILES}")
    file, size, me = new_id(ctx.now), len(evidence.content), ctx.principal.id
    made = ReturnFile(file, rma, evidence.name, evidence.media_type, size, sha256, me, ctx.now)
    values = {"file": file, "rma": rma, "partner": partner, "name": made.name, "media_type": made.media_type}
    conn.execute(
        _ADD, {**values, "size": size, "sha256": sha256, "content": evidence.content, "by": me, "now": ctx.now}
    )
    body = {"file": str(file), "name": made.name, "sha256": sha256}
    append_audit(conn, ctx.now, [AuditDraft("rma.file_added", "rma", rma, me, body)])
    return made


def return_files_of(conn: Connection[Any], rma: str, *, partner: str = "") -> list[ReturnFile]:
    """The files of a return, oldest first."""
    return [ReturnFile(*row) for row in conn.execute(_OF, {"rma": rma, "partner": partner})]


def get_return_file(conn: Connection[Any], rma: str, file: UUID) -> tuple[ReturnFile, bytes]:
    """A file with its bytes. Raises `NotFound`."""
    row = conn.execute(_GET, (file, rma)).fetchone()
    if row is None or file not in {f.file for f in return_files_of(conn, rma)}:
        raise NotFound("there is no such file")
    return ReturnFile(*row[:8]), bytes(row[8])


def forget_return_files(conn: Connection[Any], before: datetime, limit: int) -> int:
    """Drop up to `limit` files of returns that ended, or were never sent, before an instant; returns how many."""
    return conn.execute(_FORGET, {"before": before, "limit": limit}).rowcount
