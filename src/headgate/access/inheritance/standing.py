"""How what a tenant inherited stands in it: followed, overridden by something of its own, or its own by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from headgate.access.inheritance import repo
from headgate.access.recording import record
from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict
from headgate.kernel.phrases import phrase

Kind = Literal["policy", "role", "pack"]
State = Literal["following", "overridden", "released"]


@dataclass(frozen=True, slots=True)
class Inherited:
    """Something that a tenant above offers, or offered, and how it stands here.

    `state`: following (what is offered counts), overridden (the tenant's own counts), released (nobody above offers it
    any more: the tenant's own by now). `version` and `digest` are those of the newest offer, `taken_version` the one
    that was copied last, into `local_version`. `problem` says why the newest could not be copied; empty when
    all is well.
    """

    kind: Kind
    name: str
    provider: UUID
    provider_slug: str
    provider_name: str
    offer: UUID
    version: int
    title: str
    digest: str
    locked: bool
    effective_at: datetime
    state: State
    taken: UUID | None
    taken_version: int | None
    local_version: int | None
    problem: str
    changed_by: str
    changed_at: datetime


def list_inherited(conn: Connection[Any]) -> list[Inherited]:
    """Everything that the transaction's tenant has from above, or had, by kind and name."""
    return [Inherited(*row) for row in conn.execute(repo.INHERITED)]


def find_inherited(conn: Connection[Any], kind: str, name: str) -> Inherited | None:
    """One of these, where the transaction's tenant has it from above, or had it."""
    row = conn.execute(repo.ONE_INHERITED, {"kind": kind, "name": name}).fetchone()
    return None if row is None else Inherited(*row)


def locked_by(conn: Connection[Any], kind: str, name: str) -> str:
    """Who above the transaction's tenant has locked it, by name; empty for what the tenant may change."""
    row = conn.execute(repo.LOCKED_BY, {"kind": kind, "name": name}).fetchone()
    return "" if row is None else str(row[0])


def expect_unlocked(conn: Connection[Any], kind: str, name: str) -> None:
    """Raise `Conflict` for what a tenant above has locked: the transaction's tenant cannot change it."""
    owner = locked_by(conn, kind, name)
    if owner:
        raise Conflict(
            phrase(
                "%(name)s is inherited from %(row)s, who has locked it; ask them to open it or to change it",
                name=name,
                row=owner,
            )
        )


def followed(conn: Connection[Any], kind: str, name: str) -> bool:
    """Whether what counts here is what a tenant above offers."""
    return conn.execute(repo.FOLLOWED, {"kind": kind, "name": name}).fetchone() is not None


def inherits_any(conn: Connection[Any], kind: str, names: Sequence[str]) -> bool:
    """Whether the transaction's tenant has any of these from above, or had it, however it stands here."""
    return conn.execute(repo.ANY_INHERITED, {"kind": kind, "names": list(names)}).fetchone() is not None


def note_overridden(conn: Connection[Any], ctx: Context, kind: str, name: str) -> None:
    """The tenant has put something of its own in the place of what it inherits; nothing happens where it inherits
    nothing of that name."""
    row = conn.execute(repo.OVERRIDE, {"kind": kind, "name": name, "by": ctx.principal.id, "now": ctx.now}).fetchone()
    if row is not None:
        record(conn, ctx, "inheritance.overridden", kind, name, provider=row[0], version=row[1])
