"""Events whose id was used before for another body: refused, and both bodies kept for inspection."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from headgate.api.auth import QuarantineRead
from headgate.api.models.common import PageOf, logged_event
from headgate.api.models.conflicts import ConflictDetail, ConflictView
from headgate.api.openapi import FIND, READ, problems
from headgate.api.parameters import MOST_SEQ, Cursor, Limit
from headgate.api.strict import StrictRoute
from headgate.channel.masters import decode_cursor, encode_cursor
from headgate.kernel.errors import NotFound, invalid
from headgate.ledger import conflict_list, event_get

router = APIRouter(route_class=StrictRoute, tags=["events"])


@router.get("/events/conflicts", responses=problems(*READ, 422))
def list_conflicts(caller: QuarantineRead, cursor: Cursor = "", limit: Limit = 50) -> PageOf[ConflictView]:
    """Refused events, newest first."""
    with caller.reading() as conn:
        found = conflict_list(conn, before=_before(cursor), limit=limit + 1)
    kept = found[:limit]
    more = encode_cursor(str(kept[-1].id)) if len(found) > limit else ""
    return PageOf(items=[ConflictView.model_validate(c) for c in kept], next_cursor=more)


@router.get("/events/conflicts/{conflict}", responses=problems(*FIND))
def get_conflict(caller: QuarantineRead, conflict: Annotated[int, Path(ge=1, le=MOST_SEQ - 1)]) -> ConflictDetail:
    """One refused event beside the one that had its id first."""
    with caller.reading() as conn:
        found = next(iter(conflict_list(conn, before=conflict + 1, limit=1)), None)
        if found is None or found.id != conflict:
            raise NotFound(f"there is no conflict {conflict}")
        first = event_get(conn, found.first_seq)
    return ConflictDetail(refused=ConflictView.model_validate(found), first=logged_event(first))


def _before(cursor: str) -> int:
    (text,) = decode_cursor(cursor, 1)
    if not text:
        return MOST_SEQ
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise invalid("cursor", cursor, "is not a cursor of this list", "Start again without it.")
    return int(text)
