"""Signed tree heads: made on a schedule and on demand, never over a history that is not the one signed before.

Before one is signed, the chain since the last one is walked entry by entry, the last entry that was signed must still
have its hash, the last checkpoint its signature, the old tree must be the beginning of the new one, and some older
blocks are read again in turn. What was rewritten is refused, with an alarm: an event, an audit entry, a health state.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import Connection

from headgate.kernel.canonical import digest
from headgate.kernel.context import Context
from headgate.kernel.errors import Misconfigured
from headgate.ledger.audit import append_audit
from headgate.ledger.checkpoint_reading import (
    REFUSED,
    Rewritten,
    StoredCheckpoint,
    audit_keys,
    check_stored,
    checkpoint_state,
    latest_checkpoint,
)
from headgate.ledger.core import merkle
from headgate.ledger.core.chain import AuditDraft, genesis
from headgate.ledger.core.checkpoint import VerifyKey, origin_of, signed, tree_head
from headgate.ledger.core.events import NewEvent
from headgate.ledger.core.integrity import ChainWalk, Finding
from headgate.ledger.log import append_events
from headgate.ledger.proofs import (
    STEP,
    Unbuildable,
    consistency_proof,
    keep_roots,
    subtree_roots,
    tree_root,
)
from headgate.ledger.repo import audit as repo

ALARM: Final = "audit.rewrite_detected"
RECHECKED: Final = 16  # older blocks of 256 entries that are read again with each checkpoint
_CHUNK: Final = 5000

_ADD: Final = """
insert into audit_checkpoints (size, root, head, note, key_id, at)
values (%(size)s, %(root)s, %(head)s, %(note)s, %(key_id)s, %(at)s)
"""
_ADD_KEY: Final = """
insert into audit_keys (key_id, name, public, created_at) values (%(key_id)s, %(name)s, %(public)s, %(at)s)
"""
_ADD_PRIVATE: Final = "insert into audit_key_secrets (key_id, sealed) values (%(key_id)s, %(sealed)s)"
_PRIVATE: Final = """
select s.key_id, s.sealed from audit_key_secrets s join audit_keys k on k.key_id = s.key_id
order by k.created_at desc, k.key_id limit 1
"""
_DROP_PRIVATE: Final = "delete from audit_key_secrets where key_id <> %(key_id)s"
_HASH_OF: Final = "select hash from audit_entries where seq = %(seq)s"
# One at a time per tenant, so that two never sign different trees of one size.
_TURN: Final = (
    "select pg_advisory_xact_lock(hashtext('headgate checkpoint'), hashtext(current_setting('headgate.tenant')))"
)


class Seals(Protocol):
    """Seals a private key and opens it again (`access.Sealer` does)."""

    def seal(self, secret: str, context: str) -> str: ...

    def open(self, sealed: str, context: str) -> str: ...


def issue_checkpoint(conn: Connection[Any], ctx: Context, seals: Seals) -> StoredCheckpoint | None:
    """Sign the chain as it stands; the newest checkpoint again when nothing came since, None for an empty chain.

    Raises `Rewritten` when the chain is not a continuation of what was signed before; see `checkpoint_now`.
    """
    conn.execute(_TURN)
    prior = latest_checkpoint(conn)
    end, _, _ = conn.execute(repo.CHAIN_END).fetchone() or (0, None, None)
    _require_continuation(conn, ctx, prior, end)
    if not end or (prior is not None and prior.size == end):
        return prior
    return _sign(conn, ctx, end, [_signing_key(conn, ctx, seals)])


def rotate_key(conn: Connection[Any], ctx: Context, seals: Seals) -> tuple[VerifyKey, StoredCheckpoint]:
    """Sign from now on with a new key, whose first checkpoint the old key signs too; the old private key is destroyed.

    Whoever trusts the old key can so go over to the new one. Raises `Rewritten` as `issue_checkpoint` does.
    """
    conn.execute(_TURN)
    prior = latest_checkpoint(conn)
    end, _, _ = conn.execute(repo.CHAIN_END).fetchone() or (0, None, None)
    _require_continuation(conn, ctx, prior, end)
    old = _stored_key(conn, ctx, seals)
    new = _new_key(conn, ctx, seals)
    found = VerifyKey(origin_of(ctx.tenant_id), new.public_key().public_bytes_raw())
    body = {"new": str(found), "old": None if old is None else _public(ctx, old).key_id}
    draft = AuditDraft("audit.key_rotated", "audit_key", found.key_id, ctx.principal.id, body)
    (size,) = append_audit(conn, ctx.now, [draft])
    made = _sign(conn, ctx, size, [new] if old is None else [new, old])
    conn.execute(_DROP_PRIVATE, {"key_id": found.key_id})
    return found, made


def checkpoint_due(conn: Connection[Any], now: datetime, every: timedelta) -> bool:
    """Whether entries came since the newest checkpoint and it is at least that old; true while an alarm stands."""
    state = checkpoint_state(conn)
    if state.alarm:
        return True
    return state.entries != state.size and (state.at is None or now - state.at >= every)


def checkpoint_now(
    conn: Connection[Any], ctx: Context, seals: Seals, *, lanes: int
) -> StoredCheckpoint | Rewritten | None:
    """`issue_checkpoint` for edges and jobs: a refusal comes back as a value, its alarm raised in this transaction."""
    try:
        with conn.transaction():
            return issue_checkpoint(conn, ctx, seals)
    except Rewritten as refusal:
        raise_alarm(conn, ctx, refusal, lanes=lanes)
        return refusal


def raise_alarm(conn: Connection[Any], ctx: Context, refusal: Rewritten, *, lanes: int) -> None:
    """Tell of a refused checkpoint: an event for whoever listens, and an audit entry; once until one succeeds again."""
    state = checkpoint_state(conn)
    if state.alarm:
        return
    size = state.size
    event = NewEvent(
        source="headgate/audit",
        event_id=digest([size, refusal.message, ctx.now]).hex(),
        type=ALARM,
        subject=origin_of(ctx.tenant_id),
        key="audit:chain",
        time=ctx.now,
        data={"reason": refusal.message, "signed_entries": size},
        actor=ctx.principal.id,
    )
    (appended,) = append_events(conn, ctx.now, [event], lanes=lanes)
    body = {"reason": refusal.message, "signed_entries": size}
    draft = AuditDraft(REFUSED, "audit", event.subject, ctx.principal.id, body, event_seq=appended.seq)
    append_audit(conn, ctx.now, [draft])


def _require_continuation(conn: Connection[Any], ctx: Context, prior: StoredCheckpoint | None, end: int) -> None:
    """Raise `Rewritten` unless the chain up to `end` goes on from `prior`."""
    if prior is not None:
        check_stored(prior, [found.key for found in audit_keys(conn)])
        if end < prior.size:
            raise Rewritten(f"{prior.size} entries were signed and {end} are left")
        head = conn.execute(_HASH_OF, {"seq": prior.size}).fetchone()
        if head is None or bytes(head[0]) != prior.head:
            raise Rewritten(f"entry {prior.size} does not have the hash it had when it was signed")
    start = prior.head if prior else genesis(ctx.tenant_id)
    walk = ChainWalk(start, seq=prior.size if prior else 0)
    for finding in _walked(conn, walk, end):
        raise Rewritten(str(finding))
    try:
        keep_roots(conn, end)
        if prior is not None:
            path = consistency_proof(conn, prior.size, end)
            if not merkle.verify_consistency(prior.size, end, path, prior.root, tree_root(conn, end)):
                raise Rewritten(f"the tree of {prior.size} entries is not the one that was signed")
            _recheck_some(conn, ctx.now, prior.size)
    except Unbuildable as error:
        raise Rewritten(error.message) from error


def _walked(conn: Connection[Any], walk: ChainWalk, end: int) -> Iterator[Finding]:
    with conn.cursor(binary=True) as cursor:
        while walk.seq < end:
            rows = cursor.execute(repo.AUDIT_PAGE, {"after": walk.seq, "last": end, "limit": _CHUNK}).fetchall()
            if not rows:
                yield Finding("audit", walk.seq + 1, "the entry is missing", "", "")
                return
            yield from walk.walk(rows)


def _recheck_some(conn: Connection[Any], now: datetime, size: int) -> None:
    """Compare some older blocks with the roots kept of them, others each time, so that all are met in turn."""
    blocks = size >> STEP
    if not blocks:
        return
    start = int(now.timestamp()) // 60 * RECHECKED % blocks
    for block in range(start, min(start + RECHECKED, blocks)):
        span = range(block << STEP, (block + 1) << STEP)
        rows = conn.execute(repo.AUDIT_PAGE, {"after": span.start, "last": span.stop, "limit": 1 << STEP}).fetchall()
        if len(rows) != 1 << STEP:
            raise Rewritten(f"entries between {span.start + 1} and {span.stop} are missing")
        for finding in ChainWalk(bytes(rows[0][2]), seq=span.start).walk(rows):
            raise Rewritten(str(finding))
        kept = subtree_roots(conn, [(STEP, block)])[STEP, block]
        if merkle.complete_root(merkle.leaf_hashes(bytes(row[3]) for row in rows)) != kept:
            raise Rewritten(f"entries between {span.start + 1} and {span.stop} are not those that were signed")


def _sign(conn: Connection[Any], ctx: Context, size: int, keys: Sequence[Ed25519PrivateKey]) -> StoredCheckpoint:
    keep_roots(conn, size)
    root = tree_root(conn, size)
    (head,) = conn.execute(_HASH_OF, {"seq": size}).fetchone() or (b"",)
    name = origin_of(ctx.tenant_id)
    note = signed(tree_head(ctx.tenant_id, size, root, ctx.now), [(name, key) for key in keys])
    made = StoredCheckpoint(size, root, bytes(head), note, _public(ctx, keys[0]).key_id, ctx.now)
    values = {"size": size, "root": root, "head": made.head, "note": note, "key_id": made.key_id, "at": ctx.now}
    conn.execute(_ADD, values)
    return made


def _signing_key(conn: Connection[Any], ctx: Context, seals: Seals) -> Ed25519PrivateKey:
    return _stored_key(conn, ctx, seals) or _new_key(conn, ctx, seals)


def _stored_key(conn: Connection[Any], ctx: Context, seals: Seals) -> Ed25519PrivateKey | None:
    row = conn.execute(_PRIVATE).fetchone()
    if row is None:
        return None
    key_id, sealed = row
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(seals.open(sealed, _context(ctx, key_id))))
    if _public(ctx, key).key_id != key_id:
        raise Misconfigured(f"the private key of checkpoint key {key_id} is another one; rotate the key")
    return key


def _new_key(conn: Connection[Any], ctx: Context, seals: Seals) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    public = _public(ctx, key)
    values = {"key_id": public.key_id, "name": public.name, "public": public.public, "at": ctx.now}
    conn.execute(_ADD_KEY, values)
    sealed = seals.seal(base64.b64encode(key.private_bytes_raw()).decode(), _context(ctx, public.key_id))
    conn.execute(_ADD_PRIVATE, {"key_id": public.key_id, "sealed": sealed})
    return key


def _public(ctx: Context, key: Ed25519PrivateKey) -> VerifyKey:
    return VerifyKey(origin_of(ctx.tenant_id), key.public_key().public_bytes_raw())


def _context(ctx: Context, key_id: str) -> str:
    return f"audit key {ctx.tenant_id} {key_id}"
