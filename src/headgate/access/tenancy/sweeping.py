"""Carrying out the deletions that are due, and putting the certificate of each into its provider's audit chain.

It needs the owner's connection, because the application's own role cannot delete audit entries and shall not be able to
(docs/decisions/0025-providers-set-up-and-do-not-read.md).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from psycopg import Connection

from headgate.access.recording import record
from headgate.access.tenancy import repo
from headgate.access.tenancy.deletion import delete_tenant
from headgate.access.tenancy.lifecycle import Tombstone, list_tombstones
from headgate.kernel.context import SYSTEM, Context
from headgate.kernel.errors import Conflict
from headgate.kernel.phrases import phrase
from headgate.ledger import audit_list
from headgate.store import Database

if TYPE_CHECKING:
    from headgate.store import LoadTables

Owner = Callable[[], AbstractContextManager[Connection[Any]]]
CERTIFIED: Final = "tenant.deleted"
# A certificate that could not be written is tried for so long.
CERTIFY_FOR: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Swept:
    """A tenant that was deleted, with how many rows of how many tables."""

    id: UUID
    slug: str
    rows: int
    tables: int


def due_deletions(database: Database, now: datetime) -> list[tuple[UUID, str]]:
    """Which tenants' deletion is due; one with tenants below it is not."""
    with database.scan() as conn:
        return [(row[0], row[1]) for row in conn.execute(repo.DUE_DELETIONS, {"now": now})]


def expect_childless(database: Database, tenant_id: UUID) -> None:
    """Raise `Conflict` while tenants are below this one: they would belong to nobody."""
    with database.scan() as conn:
        below = [row[0] for row in conn.execute(repo.CHILDREN, {"tenant": tenant_id})]
    if below:
        raise Conflict(
            phrase("%(names)s would be below nobody; place or delete them first", names=", ".join(below[:5]))
        )


def sweep(database: Database, owner: Owner, load_tables: LoadTables, now: datetime) -> list[Swept]:
    """Delete every tenant whose deletion is due, each in a transaction of its own, and certify what was deleted.

    Two sweeps at the same moment do no harm: the second finds nothing to delete.
    """
    done: list[Swept] = []
    for tenant_id, slug in due_deletions(database, now):
        with owner() as conn, conn.transaction():
            gone = delete_tenant(conn, load_tables(), tenant_id, now)
        done.append(Swept(tenant_id, slug, sum(gone.values()), sum(1 for rows in gone.values() if rows)))
    certify(database, now)
    return done


def certify(database: Database, now: datetime) -> int:
    """Put the certificate of every deleted client into its provider's audit chain, once; how many were written.

    A provider that is gone itself gets none: the tombstone stays.
    """
    written = 0
    for stone in list_tombstones(database):
        if stone.parent is not None and now - stone.deleted_at < CERTIFY_FOR:
            with database.transaction(stone.parent) as conn:
                if conn.execute(repo.LOCK_CERTIFICATES).fetchone() is not None:
                    written += _certify(conn, stone, now)
    return written


def _certify(conn: Connection[Any], stone: Tombstone, now: datetime) -> int:
    told = audit_list(conn, action=CERTIFIED, subject_type="client_tenant", subject=stone.slug)
    if any(entry.body.get("id") == str(stone.id) for entry in told):
        return 0
    assert stone.parent is not None
    record(
        conn,
        Context(stone.parent, SYSTEM, now),
        CERTIFIED,
        "client_tenant",
        stone.slug,
        id=str(stone.id),
        deleted_at=stone.deleted_at,
        asked_by=stone.asked_by,
        confirmed_by=stone.confirmed_by,
        reason=stone.reason,
        entries=stone.entries,
        head=(stone.head or b"").hex(),
        rows=stone.rows,
    )
    return 1
