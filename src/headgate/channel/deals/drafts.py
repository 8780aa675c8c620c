"""Forms that a partner has begun and not sent: kept as filled in, right or wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import Forbidden, NotFound, invalid
from headgate.kernel.phrases import phrase

MOST_DRAFTS = 100
_SAVE = """
insert into deal_drafts (deal, partner, fields, saved_by, updated_at)
values (%(deal)s, %(partner)s, %(fields)s::jsonb, %(by)s, %(now)s)
on conflict (tenant_id, partner, deal) do update
set fields = excluded.fields, saved_by = excluded.saved_by, updated_at = excluded.updated_at
"""
_COUNT = "select count(*) from deal_drafts where partner = %(partner)s and deal <> %(deal)s"
# A form whose deal has begun, however it was sent, is no draft any more.
_LIST = """
select deal, fields, saved_by, updated_at from deal_drafts f
where partner = %s and not exists (select from deals d where d.tenant_id = f.tenant_id and d.deal = f.deal)
order by updated_at desc, deal
"""
_GET = "select deal, fields, saved_by, updated_at from deal_drafts where partner = %s and deal = %s"
_DROP = "delete from deal_drafts where partner = %s and deal = %s"
_FORGET = """
delete from deal_drafts where (partner, deal) in (
  select partner, deal from deal_drafts where updated_at < %(before)s limit %(limit)s)
"""


@dataclass(frozen=True, slots=True)
class DealDraft:
    """A form as it was left."""

    deal: str
    fields: Mapping[str, str]
    saved_by: str
    updated_at: datetime


def save_draft(conn: Connection[Any], ctx: Context, deal: str, fields: Mapping[str, str]) -> None:
    """Keep a form of one's own partner. Raises `Invalid` when there are too many."""
    values = {"deal": deal, "partner": _own(ctx)}
    row = conn.execute(_COUNT, values).fetchone()
    if row is not None and row[0] >= MOST_DRAFTS:
        raise invalid(
            "draft",
            deal,
            phrase("is one too many; %(most_drafts)s are kept", most_drafts=MOST_DRAFTS),
            "Send or discard older drafts first.",
        )
    conn.execute(_SAVE, {**values, "fields": canonical_text(dict(fields)), "by": ctx.principal.id, "now": ctx.now})


def list_drafts(conn: Connection[Any], ctx: Context) -> list[DealDraft]:
    """The forms of one's own partner, last changed first."""
    return [DealDraft(*row) for row in conn.execute(_LIST, (_own(ctx),))]


def get_draft(conn: Connection[Any], ctx: Context, deal: str) -> DealDraft:
    """One of them. Raises `NotFound`."""
    row = conn.execute(_GET, (_own(ctx), deal)).fetchone()
    if row is None:
        raise NotFound(phrase("there is no draft %(deal)s", deal=deal))
    return DealDraft(*row)


def drop_draft(conn: Connection[Any], ctx: Context, deal: str) -> None:
    """Forget a form; one that is not there is no error."""
    conn.execute(_DROP, (_own(ctx), deal))


def forget_drafts(conn: Connection[Any], before: datetime, limit: int) -> int:
    """Drop up to `limit` forms that nobody has touched since an instant; returns how many."""
    return conn.execute(_FORGET, {"before": before, "limit": limit}).rowcount


def _own(ctx: Context) -> str:
    if ctx.principal.partner is None:
        raise Forbidden("drafts are a partner's own")
    return ctx.principal.partner
