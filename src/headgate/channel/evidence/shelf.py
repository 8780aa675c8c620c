"""Files in the database: isolated, backed up and erased with everything else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.channel.evidence.core.reading import MOST_FILES, Evidence
from headgate.kernel.context import Context
from headgate.kernel.errors import Forbidden, NotFound, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, append_audit

_HEAD = "f.file, f.{number}, f.name, f.media_type, f.size, f.sha256, f.uploaded_by, f.uploaded_at"
# A file counts for a thing only where both are one partner's: a number may be guessed before the thing is there.
_OF = f"""
select {_HEAD} from {{files}} f
where f.{{number}} = %(number)s
  and f.partner = coalesce((select t.partner from {{things}} t where t.{{number}} = f.{{number}}), f.partner)
  and (%(partner)s = '' or f.partner = %(partner)s)
order by f.uploaded_at, f.name, f.file
"""
_ADD = """
insert into {files} (file, {number}, partner, name, media_type, size, sha256, content, uploaded_by, uploaded_at)
values (%(file)s, %(number)s, %(partner)s, %(name)s, %(media_type)s, %(size)s, %(sha256)s, %(content)s, %(by)s, %(now)s)
"""
_GET = f"select {_HEAD}, f.content from {{files}} f where f.file = %s and f.{{number}} = %s"
_DROP = "delete from {files} where file = %s and {number} = %s returning name"
_FORGET = """
delete from {files} where file in (
  select f.file from {files} f left join {things} t on t.{number} = f.{number}
  where f.uploaded_at < %(before)s and coalesce(t.updated_at, f.uploaded_at) < %(before)s
    and (t.status is null or t.status = any(%(ended)s))
  limit %(limit)s)
"""


_HASH = " (sha256 "


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file as listed; `of` is the number of what it belongs to, `sha256` of its bytes in hex."""

    file: UUID
    of: str
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_by: str
    uploaded_at: datetime

    @property
    def reference(self) -> str:
        """How a request names it, so that an approval binds the very bytes."""
        return f"{self.name}{_HASH}{self.sha256})"


def file_name(reference: str) -> str:
    """The name of a file out of how a request names it."""
    return reference.rpartition(_HASH)[0] or reference


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where files of one kind of thing are kept: the table `files` beside the table `things`, joined by `number`.

    `kind` names a thing in the audit chain. A thing in one of the states `ended` is over. `others`, `most` and `fix`
    are said to who may not add a file, and of one file too many in the field `field`.
    """

    files: str
    things: str
    number: str
    kind: str
    ended: tuple[str, ...]
    field: str
    others: str
    most: str
    fix: str = ""

    def add(
        self, conn: Connection[Any], ctx: Context, number: str, evidence: Evidence, partner: str | None = None
    ) -> KeptFile:
        """Keep a file with a partner's thing: one's own, or of staff with that of the `partner` they name. The same
        bytes twice are kept once. Raises `Invalid` for too many."""
        partner = ctx.principal.partner or partner
        if not partner:
            raise Forbidden(self.others)
        known = self.of(conn, number, partner)
        sha256 = hashlib.sha256(evidence.content).hexdigest()
        same = next((f for f in known if f.sha256 == sha256 and f.name == evidence.name), None)
        if same is not None:
            return same
        if len(known) >= MOST_FILES:
            raise invalid(
                self.field,
                evidence.name,
                phrase("is one file too many; %(most)s %(most_files)s", most=self.most, most_files=MOST_FILES),
                self.fix,
            )
        file, size, me = new_id(ctx.now), len(evidence.content), ctx.principal.id
        made = KeptFile(file, number, evidence.name, evidence.media_type, size, sha256, me, ctx.now)
        values = {"file": file, "number": number, "partner": partner, "name": made.name, "size": size, "sha256": sha256}
        more = {"media_type": made.media_type, "content": evidence.content, "by": me, "now": ctx.now}
        conn.execute(self._sql(_ADD), values | more)
        self._record(conn, ctx, "file_added", number, {"file": str(file), "name": made.name, "sha256": sha256})
        return made

    def of(self, conn: Connection[Any], number: str, partner: str = "") -> list[KeptFile]:
        """The files of a thing, oldest first, those sent together by name; with a partner, only theirs."""
        return [KeptFile(*row) for row in conn.execute(self._sql(_OF), {"number": number, "partner": partner})]

    def get(self, conn: Connection[Any], number: str, file: UUID) -> tuple[KeptFile, bytes]:
        """A file with its bytes. Raises `NotFound`."""
        row = conn.execute(self._sql(_GET), (file, number)).fetchone()
        if row is None or file not in {f.file for f in self.of(conn, number)}:
            raise NotFound("there is no such file")
        return KeptFile(*row[:8]), bytes(row[8])

    def drop(self, conn: Connection[Any], ctx: Context, number: str, file: UUID) -> None:
        """Take a file away. Raises `NotFound`."""
        row = conn.execute(self._sql(_DROP), (file, number)).fetchone()
        if row is None:
            raise NotFound("there is no such file")
        self._record(conn, ctx, "file_removed", number, {"file": str(file), "name": row[0]})

    def forget(self, conn: Connection[Any], before: datetime, limit: int) -> int:
        """Drop up to `limit` files of things that ended, or never came, before an instant; returns how many."""
        wanted = {"before": before, "limit": limit, "ended": list(self.ended)}
        return conn.execute(self._sql(_FORGET), wanted).rowcount

    def _sql(self, text: str) -> str:
        return text.format(files=self.files, things=self.things, number=self.number)

    def _record(self, conn: Connection[Any], ctx: Context, what: str, number: str, body: dict[str, Any]) -> None:
        append_audit(conn, ctx.now, [AuditDraft(f"{self.kind}.{what}", self.kind, number, ctx.principal.id, body)])
