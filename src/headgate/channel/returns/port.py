"""The subject port and the action of the process `order_return`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from psycopg import Connection

from headgate.channel.masters import RevisionCache
from headgate.channel.partners import load_partners
from headgate.domain.checks import PartnerFacts
from headgate.domain.orders import ReturnRecord, parse_return
from headgate.kernel.canonical import canonical_text
from headgate.kernel.context import Context
from headgate.kernel.errors import refused
from headgate.kernel.money import to_minor
from headgate.ledger import NewEvent
from headgate.process import ActionCall, ActionResult, TenantProfile, Work

SAVE = """
insert into returns (return_no, partner, order_no, currency, total, content, recorded_at)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::numeric[], %s::json[], %s::timestamptz[])
on conflict (tenant_id, return_no) do nothing
"""


@dataclass(frozen=True, slots=True)
class ReturnSaved:
    """A return to be written; `total` in its currency, each line rounded to the minor unit."""

    record: ReturnRecord
    total: Decimal


@dataclass(frozen=True, slots=True)
class ReturnPort:
    """Loads the partners of a batch of returns and writes the returns."""

    cache: RevisionCache

    def load(self, conn: Connection[Any], ctx: Context, work: Sequence[Work], profile: TenantProfile) -> object:
        return load_partners(conn, {str(w.event.data.get("partner", "")) for w in work}, self.cache)

    def apply(self, facts: object, records: Sequence[object]) -> None:
        return

    def flush(
        self, conn: Connection[Any], ctx: Context, facts: object, records: Sequence[object]
    ) -> Sequence[NewEvent]:
        rows = [
            (
                r.record.number,
                r.record.partner,
                r.record.order,
                r.record.currency,
                r.total,
                canonical_text(content_of(r.record)),
                r.record.recorded_at,
            )
            for r in records
            if isinstance(r, ReturnSaved)
        ]
        if rows:
            conn.execute(SAVE, [list(column) for column in zip(*rows, strict=True)])
        return ()


def content_of(record: ReturnRecord) -> dict[str, object]:
    """A return as canonical content."""
    return {
        "return": record.number,
        "partner": record.partner,
        "order": record.order,
        "recorded_at": record.recorded_at,
        "currency": record.currency,
        "reason": record.reason,
        "lines": [line.as_json() for line in record.lines],
    }


def record_return(call: ActionCall) -> ActionResult:
    """`return.record`: a return of a known partner is written as it came."""
    record = parse_return(call.event.data)
    known = call.facts
    assert isinstance(known, dict)
    partner = known.get(record.partner)
    if not isinstance(partner, PartnerFacts):
        raise refused(
            "partner", record.partner, "is not a known partner", "Record the partner, then replay this event."
        )
    total = sum((to_minor(line.quantity * line.unit_price, record.currency) for line in record.lines), Decimal(0))
    outputs = {"partner": record.partner, "total": total, "currency": record.currency}
    return ActionResult(outputs, (ReturnSaved(record, total),))


ACTIONS = {"return.record": record_return}
