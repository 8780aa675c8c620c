"""What a partner and staff write to each other about a case.

The words are kept with personal values and stand elsewhere as markers, so that they can be erased while the audit chain
still proves that something was said, when and by whom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.kernel.errors import Conflict, Forbidden, invalid
from headgate.kernel.ids import new_id
from headgate.kernel.phrases import phrase
from headgate.ledger import AuditDraft, append_audit, reveal_personal
from headgate.ledger.personal import Kept, commit_entry, keep
from headgate.store.news import tell_within

SENT = "case.message_sent"
LONGEST = 4000
MOST = 500
_MESSAGE = "message, case_id, subject_type, subject, author, author_name, from_staff, text, at, seen_at"
_ADD = """
insert into case_messages
  (message, case_id, subject_type, subject, partner, author, author_name, from_staff, text, at)
values (%(message)s, %(case_id)s, %(subject_type)s, %(subject)s, %(partner)s, %(author)s, %(author_name)s,
  %(from_staff)s, %(text)s, %(at)s)
"""
_OF = f"select {_MESSAGE} from case_messages where case_id = %s order by at, message limit {MOST}"
_COUNT = "select count(*) from case_messages where case_id = %s"
_UNSEEN = f"""
select {_MESSAGE} from case_messages where from_staff and seen_at is null order by at desc, message desc limit %s
"""
_ALL = f"select {_MESSAGE} from case_messages order by at, message limit %s"
# What partners wrote and nobody of the tenant has answered or put aside, the longest wait first.
_WAITING = """
select case_id, subject_type, subject, partner, count(*), min(at), max(at),
  (array_agg(author_name order by at desc, message desc))[1], (array_agg(text order by at desc, message desc))[1]
from case_messages where not from_staff and seen_at is null
group by case_id, subject_type, subject, partner order by min(at), case_id limit %s
"""
_WAITING_COUNT = """
select count(distinct case_id) from case_messages where not from_staff and seen_at is null
"""
_UNREAD = """
select case_id, subject_type, subject, partner, count(*), (array_agg(message order by at, message))[1],
  (array_agg(author_name order by at, message))[1]
from case_messages where from_staff and seen_at is null
group by case_id, subject_type, subject, partner having min(at) > %s and min(at) <= %s
order by min(at), case_id limit %s
"""
_SEEN = "update case_messages set seen_at = %s where case_id = %s and from_staff = %s and seen_at is null"


@dataclass(frozen=True, slots=True)
class Message:
    """A message. `from_staff` says which side wrote it; `seen_at` when the other side first opened it."""

    message: UUID
    case_id: UUID
    subject_type: str
    subject: str
    author: str
    author_name: str
    from_staff: bool
    text: str
    at: datetime
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class About:
    """The case that is written about, with its subject and partner, as the caller found them."""

    case_id: UUID
    subject_type: str
    subject: str
    partner: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages of a partner about one case that nobody has answered yet: how many, since when, and the newest."""

    case_id: UUID
    subject_type: str
    subject: str
    partner: str
    messages: int
    since: datetime
    newest: datetime
    author_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Unread:
    """What staff wrote about a case of a partner and nobody there has opened: how many messages, the first and its
    author."""

    case_id: UUID
    subject_type: str
    subject: str
    partner: str
    messages: int
    first: UUID
    author_name: str


def send_message(conn: Connection[Any], ctx: Context, about: About, text: str) -> UUID:
    """Write to the other side.

    Raises `Invalid` for an empty or overlong text, `Forbidden` for another partner's case.
    """
    words = text.replace("\r\n", "\n").strip()
    if not words:
        raise invalid("message", "", "is empty", "Write what the other side should know.")
    if len(words) > LONGEST:
        raise invalid(
            "message",
            f"{len(words)} characters",
            phrase("is longer than %(longest)s characters", longest=LONGEST),
            "Shorten it.",
        )
    own = ctx.principal.partner
    if own is not None and own != about.partner:
        raise Forbidden("this case is not your company's")
    row = conn.execute(_COUNT, (about.case_id,)).fetchone()
    if row is not None and row[0] >= MOST:
        raise Conflict(phrase("a case has at most %(most)s messages; go on by e-mail or phone", most=MOST))
    message = new_id(ctx.now)
    body, opening = commit_entry(SENT, {"message": str(message), "text": words, "from_staff": own is None})
    if opening is not None:
        keep(conn, ctx.now, [Kept(opening, about.subject_type, about.subject, about.partner)])
    conn.execute(
        _ADD,
        {
            "message": message,
            "case_id": about.case_id,
            "subject_type": about.subject_type,
            "subject": about.subject,
            "partner": about.partner,
            "author": ctx.principal.id,
            "author_name": ctx.principal.name or ctx.principal.id,
            "from_staff": own is None,
            "text": body["text"],
            "at": ctx.now,
        },
    )
    draft = AuditDraft(SENT, about.subject_type, about.subject, ctx.principal.id, body, case_id=about.case_id)
    append_audit(conn, ctx.now, [draft])
    tell_within(conn, ctx.tenant_id, ("message",), (about.partner,))
    return message


def messages_of(conn: Connection[Any], case_id: UUID) -> list[Message]:
    """What was written about a case, oldest first."""
    return _revealed(conn, conn.execute(_OF, (case_id,)).fetchall())


def unseen_by_partner(conn: Connection[Any], limit: int) -> list[Message]:
    """What staff wrote and nobody of the partner has opened yet, newest first, in a partner's transaction."""
    return _revealed(conn, conn.execute(_UNSEEN, (limit,)).fetchall())


def unread_by_partners(conn: Connection[Any], since: datetime, until: datetime, limit: int) -> list[Unread]:
    """By case, what partners have not opened whose first message was written after `since` and up to `until`."""
    return [Unread(*row) for row in conn.execute(_UNREAD, (since, until, limit))]


def waiting_for_staff(conn: Connection[Any], limit: int) -> list[Waiting]:
    """What partners wrote and nobody has answered or put aside, by case, the longest wait first."""
    rows = conn.execute(_WAITING, (limit,)).fetchall()
    texts = reveal_personal(conn, [(row[2], row[8]) for row in rows])
    return [_waits(row, str(text)) for row, text in zip(rows, texts, strict=True)]


def count_waiting_for_staff(conn: Connection[Any]) -> int:
    """About how many cases a partner waits for an answer."""
    row = conn.execute(_WAITING_COUNT).fetchone()
    return int(row[0]) if row is not None else 0


def put_aside(conn: Connection[Any], ctx: Context, case_id: UUID) -> bool:
    """Note that what the partner wrote about a case needs no answer; whether there was anything."""
    done = conn.execute(_SEEN, (ctx.now, case_id, False)).rowcount
    if done:
        row = conn.execute("select subject_type, subject from cases where case_id = %s", (case_id,)).fetchone()
        kind, subject = row if row is not None else ("case", str(case_id))
        draft = AuditDraft("case.messages_read", kind, subject, ctx.principal.id, {"messages": done}, case_id=case_id)
        append_audit(conn, ctx.now, [draft])
    return bool(done)


def messages_with_partner(conn: Connection[Any], limit: int) -> list[Message]:
    """Every message that the transaction may see, oldest first."""
    return _revealed(conn, conn.execute(_ALL, (limit,)).fetchall())


def mark_seen(conn: Connection[Any], ctx: Context, case_id: UUID) -> None:
    """Note that the reader's side has opened what the other wrote."""
    conn.execute(_SEEN, (ctx.now, case_id, ctx.principal.partner is not None))


def _revealed(conn: Connection[Any], rows: Sequence[tuple[Any, ...]]) -> list[Message]:
    texts = reveal_personal(conn, [(row[3], row[7]) for row in rows])
    return [_message((*row[:7], str(text), *row[8:])) for row, text in zip(rows, texts, strict=True)]


def _waits(row: tuple[Any, ...], text: str) -> Waiting:
    case_id, subject_type, subject, partner, messages, since, newest, author, _ = row
    return Waiting(case_id, subject_type, subject, partner, messages, since, newest, author, text)


def _message(row: tuple[Any, ...]) -> Message:
    return Message(*row)
