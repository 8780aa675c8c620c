"""Forms that a partner has sent and that are not applied yet: kept as filled in until the case they are for has them.

An event is applied after the transaction that put it into the log, by a worker maybe, and may be refused then. Until it
is applied, what was filled in stays here; it goes in the transaction that applies the event, so that it is always in
one of the two places. Why an event was refused stands in the quarantine, where staff mend and replay it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import class_row

from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Forbidden
from headgate.ledger import StoredEvent
from headgate.process.registry import Move

PEOPLE: Final = "headgate/people"  # the source of what people send themselves
KINDS: Final = frozenset({"deal", "price_exception", "rma"})
MOST: Final = 100
_FORM = "kind, number, fields, seq, sent_by, sent_at"
_KEEP = """
insert into sent_forms (partner, kind, number, fields, seq, sent_by, sent_at)
values (%(partner)s, %(kind)s, %(number)s, %(fields)s::jsonb, %(seq)s, %(by)s, %(now)s)
on conflict (tenant_id, partner, kind, number) do update
set fields = excluded.fields, seq = excluded.seq, sent_by = excluded.sent_by, sent_at = excluded.sent_at
"""
_LIST = f"""
select {_FORM} from sent_forms where partner = %s and kind = any(%s) order by sent_at desc, number limit {MOST}
"""
_GET = f"select {_FORM} from sent_forms where partner = %s and kind = %s and number = %s"
_DROP = "delete from sent_forms where partner = %s and kind = %s and number = %s"
_APPLIED = "delete from sent_forms where seq = any(%s)"
_BEGUN = """
delete from sent_forms f using unnest(%s::text[], %s::text[]) as b(kind, number)
where f.kind = b.kind and f.number = b.number
"""
_FORGET = """
delete from sent_forms where (partner, kind, number) in (
  select partner, kind, number from sent_forms where sent_at < %(before)s limit %(limit)s)
"""


@dataclass(frozen=True, slots=True)
class SentForm:
    """What was filled in, and the number of the event that it was sent as."""

    kind: str
    number: str
    fields: Mapping[str, str]
    seq: int
    sent_by: str
    sent_at: datetime


def keep_sent(conn: Connection[Any], ctx: Context, kind: str, number: str, fields: Mapping[str, str], seq: int) -> None:
    """Keep what is sent as event `seq`, in the transaction that puts it into the log; of one thing the last is kept."""
    values = {"partner": _own(ctx), "kind": kind, "number": number, "fields": canonical_text(dict(fields))}
    conn.execute(_KEEP, {**values, "seq": seq, "by": ctx.principal.id, "now": ctx.now})


def sent_forms(conn: Connection[Any], ctx: Context, kinds: Collection[str]) -> list[SentForm]:
    """What one's own company has sent and is not applied yet, newest first."""
    with conn.cursor(row_factory=class_row(SentForm)) as cursor:
        return cursor.execute(_LIST, (_own(ctx), sorted(kinds))).fetchall()


def sent_form(conn: Connection[Any], ctx: Context, kind: str, number: str) -> SentForm | None:
    """What was sent for one thing and is not applied yet."""
    with conn.cursor(row_factory=class_row(SentForm)) as cursor:
        return cursor.execute(_GET, (_own(ctx), kind, number)).fetchone()


def drop_sent(conn: Connection[Any], ctx: Context, kind: str, number: str) -> None:
    """Forget a form; one that is not there is no error."""
    conn.execute(_DROP, (_own(ctx), kind, number))


def forget_sent(conn: Connection[Any], before: datetime, limit: int) -> int:
    """Drop up to `limit` forms that were sent before an instant; returns how many."""
    return conn.execute(_FORGET, {"before": before, "limit": limit}).rowcount


def let_go(conn: Connection[Any], ctx: Context, events: Sequence[StoredEvent], moves: Sequence[Move]) -> None:
    """A listener: forms whose event was applied are kept no longer, nor those of what has begun by another event."""
    if seqs := [e.seq for e in events if e.source == PEOPLE]:
        conn.execute(_APPLIED, (seqs,))
    begun = [m.case for m in moves if not m.came_from and m.case.subject_type in KINDS]
    if begun:
        conn.execute(_BEGUN, ([c.subject_type for c in begun], [c.subject for c in begun]))


def _own(ctx: Context) -> str:
    if ctx.principal.partner is None:
        raise Forbidden("forms are a partner's own")
    return ctx.principal.partner
