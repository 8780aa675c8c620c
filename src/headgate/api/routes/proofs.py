"""Proofs of the audit chain: signed tree heads, keys, inclusion, consistency, bundles."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from headgate.api.auth import AuditRead, Caller
from headgate.api.models.common import PageOf
from headgate.api.models.proofs import CheckpointView, Consistency, EntryProof, KeyList, KeyView, TreeState
from headgate.api.openapi import FIND, READ, WRITE, Responses, problems
from headgate.api.parameters import MOST_SEQ, Cursor, Filter, Limit, SeqPath
from headgate.api.strict import StrictRoute
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.kernel.errors import Conflict, NotFound, invalid
from headgate.ledger import (
    Rewritten,
    Scope,
    StoredCheckpoint,
    audit_keys,
    audit_proof,
    checkpoint_list,
    checkpoint_now,
    checkpoint_of_size,
    checkpoint_state,
    consistency_proof,
    export_bundle,
)

router = APIRouter(route_class=StrictRoute, tags=["audit"])

MOST_EXPORTED = 100_000
_IN_MEMORY = 4_000_000
_PIECE = 256_000
_BUNDLE: Responses = {
    200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}, "description": "The bundle."}
}
Size = Annotated[int, Query(ge=1, le=MOST_SEQ)]
Place = Annotated[int, Query(ge=0, le=MOST_SEQ)]


@router.get("/audit/tree", responses=problems(*READ, 422))
def tree_state(caller: AuditRead) -> TreeState:
    """How many entries are signed, of how many, since when, and whether an alarm stands."""
    with caller.reading() as conn:
        state = checkpoint_state(conn)
    return TreeState(signed=state.size, entries=state.entries, at=state.at, alarm=state.alarm)


@router.get("/audit/checkpoints", responses=problems(*READ, 422))
def list_checkpoints(caller: AuditRead, cursor: Cursor = "", limit: Limit = 50) -> PageOf[CheckpointView]:
    """Signed tree heads, newest first."""
    with caller.reading() as conn:
        found = checkpoint_list(conn, before=_before(cursor), limit=limit + 1)
    kept = found[:limit]
    more = encode_cursor(str(kept[-1].size)) if len(found) > limit else ""
    return PageOf(items=[_view(c) for c in kept], next_cursor=more)


@router.post("/audit/checkpoints", responses=problems(*WRITE))
def make_checkpoint(caller: AuditRead) -> CheckpointView:
    """Sign the chain as it stands; the newest checkpoint again when nothing came since.

    409 when the history is not the one that was signed before; an alarm is then in the log.
    """
    made = _signed(caller)
    if made is None:
        raise NotFound("the chain has no entries, so there is nothing to sign")
    return _view(made)


@router.get("/audit/checkpoints/{size:int}", responses=problems(*FIND, 422))
def get_checkpoint(caller: AuditRead, size: SeqPath) -> CheckpointView:
    """The signed tree head over so many entries."""
    with caller.reading() as conn:
        return _view(checkpoint_of_size(conn, size))


@router.get("/audit/keys", responses=problems(*READ, 422))
def list_audit_keys(caller: AuditRead) -> KeyList:
    """The public keys of the checkpoints. A verifier should have them from elsewhere too."""
    with caller.reading() as conn:
        found = audit_keys(conn)
    return KeyList(
        items=[KeyView(key=str(k.key), key_id=k.key.key_id, since=k.created_at, current=k.current) for k in found]
    )


@router.get("/audit/{seq:int}/proof", responses=problems(*FIND, 422))
def prove_entry(caller: AuditRead, seq: SeqPath, size: Size | None = None) -> EntryProof:
    """That an entry is in the tree of `size` entries; without it, in the first checkpoint that covers the entry."""
    with caller.reading() as conn:
        if size is not None:
            _check_size(caller, size, at_least=seq)
        proof = audit_proof(conn, seq, size)
    names = EntryProof.model_fields
    return EntryProof(**{n: getattr(proof, n) for n in names if n != "path"}, path=list(proof.path))


@router.get("/audit/consistency", responses=problems(*FIND, 422))
def prove_consistency(caller: AuditRead, old: Size, new: Size) -> Consistency:
    """That the first `old` entries, as they were signed, are the beginning of the first `new`."""
    _check_size(caller, new, at_least=old)
    with caller.reading() as conn:
        return Consistency(old=old, new=new, path=[step.hex() for step in consistency_proof(conn, old, new)])


@router.get("/audit/bundle", responses={**problems(*FIND, 409, 422), **_BUNDLE}, response_class=StreamingResponse)
def export_audit(
    caller: AuditRead,
    first: Place = 0,
    last: Place = 0,
    subject_type: Filter = "",
    subject: Filter = "",
    case: UUID | None = None,
    events: bool = False,
    since: Place = 0,
) -> StreamingResponse:
    """A bundle that is checked without Headgate, of a range, a subject or a case: JSON lines. At most 100,000 entries.

    It is proved by the newest checkpoint; make one first to have the newest entries in it.
    """
    if sum(bool(given) for given in (first or last, subject, case)) > 1:
        raise invalid("subject", subject, "is one of three ways to choose", "Give a range, a subject or a case.")
    if subject and not subject_type:
        raise invalid("subject_type", "", "is needed with a subject", "Say what it is, such as order.")
    scope = Scope(first=first, last=last, subject=subject, subject_type=subject_type, case=case)
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # closed when it has been sent
    try:
        with caller.reading() as conn:
            if scope.kind == "range":
                signed = checkpoint_state(conn).size
                if (last or signed) - max(first, 1) >= MOST_EXPORTED:
                    raise invalid("last", last, "makes more than 100,000 entries", "Use headgate audit export.")
            export_bundle(conn, caller.ctx, scope, file.write, events=events, since=since)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    name = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(_pieces(file), media_type="application/jsonl", headers=name)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _signed(caller: Caller) -> StoredCheckpoint | None:
    with caller.writing() as conn:
        made = checkpoint_now(conn, caller.ctx, caller.app.envelope, lanes=caller.app.settings.lanes)
    if isinstance(made, Rewritten):
        raise Conflict(f"no checkpoint is made: {made.message}")
    return made


def _check_size(caller: Caller, size: int, *, at_least: int) -> None:
    if size < at_least:
        raise invalid("size", size, f"is below {at_least}", "A tree has at least what is to be proved of it.")
    with caller.reading() as conn:
        entries = checkpoint_state(conn).entries
    if size > entries:
        raise NotFound(f"the chain has {entries} entries, not {size}")


def _view(found: StoredCheckpoint) -> CheckpointView:
    return CheckpointView(size=found.size, root=found.root.hex(), at=found.at, key_id=found.key_id, note=found.note)


def _before(cursor: str) -> int:
    (text,) = decode_cursor(cursor, 1)
    if not text:
        return MOST_SEQ
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.")
    return int(text)
