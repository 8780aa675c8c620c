"""Letters that wait for their reader's daily digest: which those are, and keeping them.

Kept in the transaction that would have posted them, under the key they would have been posted under, so each is told
once: at once or in a digest, whatever its reader chooses in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg import Connection

from headgate.access import Sealer, Tenant
from headgate.access.mailing import MailChoice, zones
from headgate.connectors.mail.core.daily import urgent
from headgate.connectors.mail.core.digest import Kept, kept_text, read_kept
from headgate.connectors.mail.core.letters import Letter, Line
from headgate.kernel.context import Context
from headgate.ledger import outbox_known

# The name of the target of mails, which what was posted at once is known by.
_MAIL: Final = "mail"
_KEEP: Final = """
insert into digest_items (principal, key, kind, ref, sealed, added_at)
select p, k, n, r, s, %(now)s from unnest(
    %(principals)s::text[], %(keys)s::text[], %(kinds)s::text[], %(refs)s::text[], %(sealed)s::text[]) x(p, k, n, r, s)
on conflict do nothing
"""
_KNOWN: Final = "select principal, key from digest_items where key = any(%(keys)s)"
_WAITING: Final = """
select i.principal, min(i.added_at), (array_agg(c.digest_day))[1] from digest_items i
left join mail_choices c on c.principal = i.principal
where i.done_at is null group by i.principal order by 2, 1 limit %(limit)s
"""
_COUNT: Final = "select count(*) from digest_items where principal = %(principal)s and done_at is null"
_OF: Final = """
select principal, key, kind, added_at, sealed from digest_items
where done_at is null and principal = any(%(principals)s) order by principal, added_at, key
"""
_DONE: Final = """
update digest_items i set done_at = %(now)s, sealed = ''
from unnest(%(principals)s::text[], %(keys)s::text[]) x(p, k) where i.principal = x.p and i.key = x.k
"""
_SENT: Final = """
update mail_choices c set digest_day = x.d
from unnest(%(principals)s::text[], %(days)s::date[]) x(p, d) where c.principal = x.p
"""
_MAKE: Final = """
insert into mail_choices (principal, changed_at) select p, %(now)s from unnest(%(principals)s::text[]) p
on conflict do nothing
"""
_FORGET: Final = "delete from digest_items where done_at < %(before)s"


def zone_of(tenant: Tenant, choice: MailChoice) -> ZoneInfo:
    """The clock that mails to somebody go by: the zone they chose, else their tenant's."""
    return ZoneInfo(choice.timezone if choice.timezone in zones() else tenant.timezone)


def waits(letter: Letter, choice: MailChoice, tenant: Tenant, now: datetime) -> bool:
    """Whether a letter waits for a digest.

    Never one about somebody's own account, for that may be an attack; nor a request for a decision that would be due
    before the digest is read, for its link is good only as long as the request is.
    """
    entry = letter.entry
    if entry is None or choice.when(letter.kind) != "digest":
        return False
    if not entry.pressing or entry.due_at is None:
        return True
    return not urgent(entry.due_at, now, zone_of(tenant, choice), choice.digest_hour)


def keep_for_digest(
    conn: Connection[Any], ctx: Context, sealer: Sealer, letters: Sequence[tuple[Letter, str, str]]
) -> None:
    """Keep letters for the digests of those they are for, but what was kept, or posted at once, before."""
    posted = outbox_known(conn, _MAIL, [key for _, _, key in letters]) if letters else set()
    found = [(each, who, key) for each, who, key in letters if key not in posted and each.entry is not None]
    if not found:
        return
    lines = [(Line(each.subject, each.entry), each.kind) for each, _, _ in found if each.entry is not None]
    values = {
        "principals": [who for _, who, _ in found],
        "keys": [key for _, _, key in found],
        "kinds": [kind for _, kind in lines],
        "refs": [line.entry.ref for line, _ in lines],
        "sealed": [sealer.seal(kept_text(line), _context(ctx)) for line, _ in lines],
        "now": ctx.now,
    }
    conn.execute(_KEEP, values)


def kept_keys(conn: Connection[Any], keys: Sequence[str]) -> set[tuple[str, str]]:
    """Which of these letters, as (principal, key), wait for a digest or were told in one."""
    return {(row[0], row[1]) for row in conn.execute(_KNOWN, {"keys": list(keys)})} if keys else set()


def waiting(conn: Connection[Any], limit: int) -> list[tuple[str, datetime, date | None]]:
    """For whom something waits, since when, and the day of their last digest; the longest waiting first."""
    return [(row[0], row[1], row[2]) for row in conn.execute(_WAITING, {"limit": limit})]


def waiting_for(conn: Connection[Any], principal: str) -> int:
    """How much waits for somebody's digest."""
    ((count,),) = conn.execute(_COUNT, {"principal": principal}).fetchall()
    return int(count)


def kept_of(
    conn: Connection[Any], ctx: Context, sealer: Sealer, principals: Sequence[str]
) -> tuple[dict[str, list[Kept]], list[tuple[str, str]]]:
    """What waits for these people, but what was posted at once by a worker that did not know of digests; and all of it
    as (principal, key), to be closed."""
    rows = conn.execute(_OF, {"principals": list(principals)}).fetchall()
    posted = outbox_known(conn, _MAIL, [row[1] for row in rows])
    found: dict[str, list[Kept]] = {}
    for principal, key, kind, added_at, sealed in rows:
        if key not in posted:
            line = read_kept(sealer.open(sealed, _context(ctx)))
            found.setdefault(principal, []).append(Kept(key, kind, added_at, line))
    return found, [(row[0], row[1]) for row in rows]


def close(
    conn: Connection[Any], ctx: Context, told: Sequence[tuple[str, str]], sent: Sequence[tuple[str, date]]
) -> None:
    """These do not wait any more, as (principal, key); to the people of `sent` the digest of that day went. What was
    kept by somebody else meanwhile waits for the next."""
    conn.execute(_DONE, {"now": ctx.now, "principals": [who for who, _ in told], "keys": [key for _, key in told]})
    if sent:
        people = [who for who, _ in sent]
        conn.execute(_MAKE, {"principals": people, "now": ctx.now})
        conn.execute(_SENT, {"principals": people, "days": [day for _, day in sent]})


def forget(conn: Connection[Any], before: datetime) -> None:
    """Let go of what was told before then."""
    conn.execute(_FORGET, {"before": before})


def _context(ctx: Context) -> str:
    return f"digest {ctx.tenant_id}"
