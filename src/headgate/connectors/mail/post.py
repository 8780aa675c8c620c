"""Putting a letter into the outbox, sealed: a link in it lets somebody in, and must not be read on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from headgate.access import Sealer, Tenant
from headgate.connectors.delivery import repo
from headgate.connectors.mail.core.letters import Letter, Look, look_of
from headgate.kernel.canonical import canonical_text, loads
from headgate.kernel.context import SYSTEM, Context
from headgate.ledger import CommandDraft, outbox_add

TARGET: Final = "mail"
_ROW: Final[dict[str, Any]] = {
    "code": TARGET,
    "purpose": "commands",
    "kind": "mail",
    "name": "E-mail",
    "url": "mail:",
    "config": "{}",
    "types": [],
    "secrets": "[]",
    "authorization": "",
    "rate": None,
    "burst": 20,
    "concurrency": 4,
    "timeout_seconds": 30,
    "max_attempts": 12,
    "ordered": False,
    "by": SYSTEM.id,
}


def post(
    conn: Connection[Any], ctx: Context, sealer: Sealer, tenant: Tenant, letter: Letter, *, about: str, key: str
) -> None:
    """Send a letter once the transaction is committed; the same `key` once, however often it is posted.

    `about` is the principal it is for. It is tried again while the mail server cannot be reached.
    """
    post_all(conn, ctx, sealer, tenant, [(letter, about, key)])


def post_all(
    conn: Connection[Any], ctx: Context, sealer: Sealer, tenant: Tenant, letters: Sequence[tuple[Letter, str, str]]
) -> None:
    """The same for many letters, each with whom it is about and its key, in three statements."""
    look = asdict(look_of(tenant.name, tenant.settings))
    drafts = []
    for letter, about, key in letters:
        body = canonical_text({"letter": asdict(letter), "look": look})
        payload = {"tenant": str(ctx.tenant_id), "sealed": sealer.seal(body, _context(ctx.tenant_id))}
        drafts.append(CommandDraft(TARGET, "mail.send", about, payload, key, trace=""))
    conn.execute(repo.ADD_TARGET, {**_ROW, "now": ctx.now})
    conn.execute(repo.ADD_STATE, {**_ROW, "now": ctx.now})
    outbox_add(conn, ctx.now, drafts)


def opened(sealer: Sealer, payload: Any) -> tuple[Letter, Look]:
    """The letter of a command. Raises `Misconfigured`, `KeyError`, `ValueError`, `TypeError` for what is none."""
    body = loads(sealer.open(payload["sealed"], _context(UUID(payload["tenant"]))))
    letter = body["letter"]
    lists = {name: tuple(letter[name]) for name in ("paragraphs", "after")}
    return Letter(**{**letter, **lists}), Look(**body["look"])


def _context(tenant_id: UUID) -> str:
    return f"mail {tenant_id}"
