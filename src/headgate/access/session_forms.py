"""Forms that were sent when a fresh proof was asked for: kept for minutes, so that nothing has to be typed twice.

What was typed is sealed, and bound to the session that sent it: it follows that session when a proof gives it another
token, ends with it, and is shown to no other. Nothing is ever carried out from here: the form is filled in again, and
its sender presses the button once more, with a form token and all checks as for any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from headgate.access.core.tokens import parse_session_token
from headgate.access.seal import Sealer
from headgate.kernel.canonical import canonical_text, loads
from headgate.kernel.context import Context
from headgate.kernel.errors import Misconfigured
from headgate.kernel.ids import new_id

LASTS: Final = timedelta(minutes=15)
MOST_FORMS: Final = 5
LONGEST: Final = 64_000
_KEEP: Final = """
insert into session_forms (id, session, principal, sealed, created_at, expires_at)
select %(id)s, s.token_hash, s.principal, %(sealed)s, %(now)s, %(expires_at)s
from sessions s where s.token_hash = %(session)s and s.principal = %(principal)s
"""
# Before another is kept: the oldest of more are dropped, and what is over of anybody's.
_TRIM: Final = """
delete from session_forms where expires_at <= %(now)s or id in (
    select k.id from session_forms k where k.session = %(session)s order by k.created_at desc, k.id desc
    offset %(most)s
)
"""
_GET: Final = """
select sealed from session_forms
where id = %(id)s and session = %(session)s and principal = %(principal)s and expires_at > %(now)s
"""
_DROP: Final = "delete from session_forms where id = %(id)s and session = %(session)s"


@dataclass(frozen=True, slots=True)
class KeptForm:
    """What was typed: the page it was typed on, the address it was sent to, its fields, and whether it had files."""

    page: str
    action: str
    fields: Mapping[str, str]
    files: bool = False


def keep_form(conn: Connection[Any], ctx: Context, sealer: Sealer, token: str, form: KeptForm) -> UUID | None:
    """Keep a form of a session for some minutes; its id, or None where it is too long to be kept.

    The caller has checked that it is the session's own form, and has left out what must not be kept.
    """
    text = canonical_text(
        {"page": form.page, "action": form.action, "fields": dict(form.fields), "files": "yes" if form.files else ""}
    )
    if len(text.encode()) > LONGEST:
        return None
    id, session = new_id(ctx.now), parse_session_token(token)[1]
    sealed = sealer.seal(text, _context(ctx.tenant_id, ctx.principal.id, id))
    values = {"id": id, "session": session, "principal": ctx.principal.id, "sealed": sealed, "now": ctx.now}
    conn.execute(_TRIM, {"now": ctx.now, "session": session, "most": MOST_FORMS - 1})
    made = conn.execute(_KEEP, {**values, "expires_at": ctx.now + LASTS}).rowcount == 1
    return id if made else None


def kept_form(conn: Connection[Any], ctx: Context, sealer: Sealer, token: str, id: UUID) -> KeptForm | None:
    """A form that this very session has sent and that is still kept."""
    session = parse_session_token(token)[1]
    values: dict[str, UUID | bytes | str | datetime] = {"id": id, "session": session, "now": ctx.now}
    row = conn.execute(_GET, {**values, "principal": ctx.principal.id}).fetchone()
    if row is None:
        return None
    try:
        found = loads(sealer.open(row[0], _context(ctx.tenant_id, ctx.principal.id, id)))
    except Misconfigured:  # the installation's key was replaced meanwhile
        return None
    return KeptForm(found["page"], found["action"], found["fields"], found["files"] == "yes")


def drop_form(conn: Connection[Any], token: str, id: UUID) -> None:
    """It was sent again; one that is not there is no error."""
    conn.execute(_DROP, {"id": id, "session": parse_session_token(token)[1]})


def _context(tenant_id: UUID, principal: str, id: UUID) -> str:
    return f"form of a session {tenant_id} {principal} {id}"
