"""How long classes of data are kept. The audit chain and the event log are in no class: they are never purged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import Connection

from headgate.kernel.context import Context
from headgate.kernel.errors import invalid
from headgate.kernel.phrases import phrase
from headgate.ledger.audit import append_audit
from headgate.ledger.core.chain import AuditDraft

BATCH: Final = 5000
MOST_DAYS: Final = 36_500

_RULES: Final = "select data_class, days from retention_rules"
_SET: Final = """
insert into retention_rules (data_class, days, set_by, set_at)
values (%(data_class)s, %(days)s, %(by)s, %(at)s)
on conflict (tenant_id, data_class) do update
set days = excluded.days, set_by = excluded.set_by, set_at = excluded.set_at
"""
_ALL_HELD: Final = "select exists (select from legal_holds where lifted_at is null and kind = 'everything')"
_QUARANTINE: Final = """
delete from quarantine q using (
    select id, resolved_at from quarantine where status in ('replayed', 'dismissed')
    order by status, position limit %(limit)s
) old
where q.id = old.id and old.resolved_at < %(before)s
"""

# Deletes at most so many rows of its class that are older than a moment; how many. Bounded, and safe to repeat.
Purge = Callable[[Connection[Any], datetime, int], int]


@dataclass(frozen=True, slots=True)
class DataClass:
    """A class of data with an end. `days` is how long it is kept by default; None is for ever.

    `holds_itself`: the purge leaves out what single holds keep; others stand still while everything is held.
    """

    name: str
    title: str
    days: int | None
    purge: Purge
    holds_itself: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """How long a class is kept for a tenant; `default` when nobody chose it."""

    data_class: str
    title: str
    days: int | None
    default: bool


def purge_quarantine(conn: Connection[Any], before: datetime, limit: int) -> int:
    """Drop rows and events from quarantine that were settled before a moment. Open ones stay."""
    return conn.execute(_QUARANTINE, {"before": before, "limit": limit}).rowcount


def retention_rules(conn: Connection[Any], classes: Mapping[str, DataClass]) -> list[Rule]:
    """What holds for the tenant, class by class."""
    chosen: dict[str, int | None] = dict(conn.execute(_RULES).fetchall())
    return [
        Rule(name, found.title, chosen.get(name, found.days), name not in chosen)
        for name, found in sorted(classes.items())
    ]


def set_retention(
    conn: Connection[Any], ctx: Context, classes: Mapping[str, DataClass], data_class: str, days: int | None
) -> None:
    """Choose how many days a class is kept; None is for ever. Raises `Invalid`."""
    if data_class not in classes:
        raise invalid(
            "data_class",
            data_class,
            "is not a class of data",
            phrase("Use one of %(names)s.", names=", ".join(sorted(classes))),
        )
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise invalid(
            "days",
            days,
            phrase("is not between 1 and %(most_days)s", most_days=MOST_DAYS),
            "Leave it out to keep it for ever.",
        )
    conn.execute(_SET, {"data_class": data_class, "days": days, "by": ctx.principal.id, "at": ctx.now})
    body = {"days": days}
    append_audit(conn, ctx.now, [AuditDraft("retention.set", "retention", data_class, ctx.principal.id, body)])


def purge_expired(conn: Connection[Any], ctx: Context, classes: Mapping[str, DataClass]) -> dict[str, int]:
    """Purge a bounded part of what is past its time; counts by class. The rest is left for the next time."""
    held = conn.execute(_ALL_HELD).fetchone() == (True,)
    done: dict[str, int] = {}
    for rule in retention_rules(conn, classes):
        found = classes[rule.data_class]
        if rule.days is None or (held and not found.holds_itself):
            continue
        count = found.purge(conn, ctx.now - timedelta(days=rule.days), BATCH)
        if count:
            done[rule.data_class] = count
    drafts = [
        AuditDraft("retention.purged", "retention", name, ctx.principal.id, {"count": count})
        for name, count in done.items()
    ]
    append_audit(conn, ctx.now, drafts)
    return done
