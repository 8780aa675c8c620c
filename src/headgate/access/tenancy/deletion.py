"""Deleting all that a tenant has, but a tombstone: on the owner's connection, in a role that may do nothing else.

The application's own role can neither delete audit entries nor events, so no fault in it can do this.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

from psycopg import Connection, sql

from headgate.kernel.canonical import canonical_text
from headgate.kernel.errors import Conflict, NotFound
from headgate.kernel.phrases import phrase
from headgate.store.security import PURGE_ROLE, TOMBSTONES

if TYPE_CHECKING:
    from sqlalchemy import MetaData

_ENTER: LiteralString = "select set_config('role', %s, true), set_config('headgate.tenant', %s, true)"
_DUE = """
select t.slug, t.status, t.parent, d.reason, d.asked_by, d.confirmed_by, d.not_before
from tenants t left join tenant_deletions d on d.withdrawn_at is null and d.confirmed_at is not null
"""
_HEAD = "select seq, hash from audit_heads"
_BURY = """
insert into tenant_tombstones (
    tenant_id, slug, deleted_at, asked_by, confirmed_by, reason, parent, entries, head, rows)
values (
    %(id)s, %(slug)s, %(now)s, %(asked_by)s, %(confirmed_by)s, %(reason)s, %(parent)s, %(entries)s, %(head)s,
    %(rows)s::jsonb)
"""


def delete_tenant(conn: Connection[Any], metadata: MetaData, tenant_id: UUID, now: datetime) -> dict[str, int]:
    """Delete every row of a tenant whose deletion is due; how many there were, by table. `conn` is the owner's, in a
    transaction of its own.

    Raises `NotFound`, or `Conflict` before two people agreed and the waiting period is over. `expect_childless` first.
    """
    from headgate.store.tables import tenant_tables  # takes its time to load

    conn.execute(_ENTER, [PURGE_ROLE, str(tenant_id)])
    row = conn.execute(_DUE).fetchone()
    if row is None:
        raise NotFound("there is no such tenant")
    slug, status, parent, reason, asked_by, confirmed_by, not_before = row
    if status != "deleting" or not confirmed_by or confirmed_by == asked_by:
        raise Conflict(
            phrase("the deletion of %(slug)s has not been asked for by one and confirmed by another", slug=slug)
        )
    if not_before is None or now < not_before:
        raise Conflict(
            phrase(
                "the deletion of %(slug)s waits until %(not_before)s UTC",
                slug=slug,
                not_before=f"{not_before:%Y-%m-%d %H:%M}",
            )
        )
    entries, head = conn.execute(_HEAD).fetchone() or (0, None)
    gone: dict[str, int] = {}
    for table in reversed(list(tenant_tables(metadata))):
        if table.name != TOMBSTONES:
            # Row security would do; the condition lets the database use the key.
            query = sql.SQL("delete from {} where tenant_id = %s").format(sql.Identifier(table.name))
            gone[str(table.name)] = conn.execute(query, [tenant_id]).rowcount
    told = {name: rows for name, rows in sorted(gone.items()) if rows}
    values = {"id": tenant_id, "slug": slug, "now": now, "asked_by": asked_by, "confirmed_by": confirmed_by}
    more = {"parent": parent, "reason": reason, "entries": entries, "head": head, "rows": canonical_text(told)}
    conn.execute(_BURY, values | more)
    return told
