"""The subject port of price exceptions. A grant becomes an agreement, and held orders that it may help are looked at
again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.channel.agreements import (
    Activated,
    Activation,
    ExceptionGrant,
    activation_events,
    grant_exceptions,
    load_prices,
)
from headgate.channel.agreements.core.grant import exception_code
from headgate.channel.exceptions.core.actions import ExceptionBook, ExceptionChanged, ExceptionState, Round, edited
from headgate.channel.masters import RevisionCache
from headgate.channel.partners import load_partners
from headgate.channel.products import load_products
from headgate.channel.taxes import load_fx
from headgate.domain.orders import PriceExceptionRequest, parse_price_exception
from headgate.kernel.canonical import canonical_text
from headgate.kernel.clock import parse_instant
from headgate.kernel.context import Context
from headgate.kernel.errors import NotFound
from headgate.kernel.phrases import phrase
from headgate.ledger import NewEvent
from headgate.process import TenantProfile, Work

LOAD = """
select request, status, case_id, requested_by, submitted_by, contract_price, stake, updated_at, content
from price_exceptions where request = any(%s) order by request for update
"""
SAVE = """
insert into price_exceptions (request, partner, product, unit_price, contract_price, currency, max_quantity,
                              valid_from, valid_until, status, stake, requested_by, submitted_by, order_no, agreement,
                              content, case_id, updated_at)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::numeric[], %s::numeric[], %s::text[], %s::numeric[],
                     %s::timestamptz[], %s::timestamptz[], %s::text[], %s::numeric[], %s::text[], %s::text[],
                     %s::text[], %s::text[], %s::json[], %s::uuid[], %s::timestamptz[])
on conflict (tenant_id, request) do update set
  unit_price = excluded.unit_price, contract_price = excluded.contract_price, max_quantity = excluded.max_quantity,
  valid_from = excluded.valid_from, valid_until = excluded.valid_until, submitted_by = excluded.submitted_by,
  status = excluded.status, stake = excluded.stake, agreement = excluded.agreement, content = excluded.content,
  updated_at = excluded.updated_at
"""
# Orders of the partner that wait because of the price of that product.
HELD = """
select distinct o.order_no from orders o
join order_lines l on l.tenant_id = o.tenant_id and l.order_no = o.order_no
join unnest(%s::text[], %s::text[]) as g(partner, product) on g.partner = o.partner and g.product = l.product
where o.status = 'held' and o.exceptions && array['price_deviation', 'no_contract_price']
order by o.order_no limit 500
"""
GET = """
select request, partner, product, unit_price, contract_price, currency, max_quantity, valid_from, valid_until, status,
       stake, requested_by, submitted_by, order_no, agreement, content, case_id, updated_at
from price_exceptions where request = %s
"""


@dataclass(frozen=True, slots=True)
class ExceptionPort:
    """Loads and writes price exceptions."""

    cache: RevisionCache

    def load(self, conn: Connection[Any], ctx: Context, work: Sequence[Work], profile: TenantProfile) -> ExceptionBook:
        """The requests of the batch with the masters and prices they concern."""
        tz = ZoneInfo(profile.timezone)
        stored = {row[0]: _state(row) for row in conn.execute(LOAD, (sorted({w.subject for w in work}),))}
        pairs = {(s.request.partner, s.request.product) for s in stored.values()}
        pairs |= {(str(w.event.data.get("partner", "")), str(w.event.data.get("product", ""))) for w in work}
        return ExceptionBook(
            requests=stored,
            partners=load_partners(conn, {partner for partner, _ in pairs}, self.cache),
            products=load_products(conn, {product for _, product in pairs}, self.cache),
            prices=load_prices(conn, pairs, self.cache),
            rates_by_day=load_fx(conn, {ctx.now.date()}, self.cache),
            currency=profile.currency,
            tz=tz,
            now=ctx.now,
        )

    def apply(self, facts: object, records: Sequence[object]) -> None:
        """Let the next event of the batch see what this one changed."""
        assert isinstance(facts, ExceptionBook)
        for record in records:
            if isinstance(record, ExceptionChanged):
                facts.requests[record.state.request.request] = record.state

    def flush(
        self, conn: Connection[Any], ctx: Context, facts: object, records: Sequence[object]
    ) -> Sequence[NewEvent]:
        """Write the last state of every request; turn grants into agreements."""
        last = {r.state.request.request: r.state for r in records if isinstance(r, ExceptionChanged)}
        granted = [s for s in last.values() if s.status == "granted"]
        made = grant_exceptions(conn, ctx, [_grant(s) for s in granted])
        agreements = dict(zip((s.request.request for s in granted), made, strict=True))
        rows = [_row(s, agreements.get(s.request.request)) for s in last.values()]
        if rows:
            conn.execute(SAVE, [list(column) for column in zip(*rows, strict=True)])
        activated = Activation(tuple(_activated(s, agreements) for s in granted), ())
        return [*activation_events(activated, ctx), *self._rechecks(conn, ctx, granted)]

    def _rechecks(self, conn: Connection[Any], ctx: Context, granted: Sequence[ExceptionState]) -> list[NewEvent]:
        if not granted:
            return []
        partners = [s.request.partner for s in granted]
        products = [s.request.product for s in granted]
        why = ", ".join(s.request.request for s in granted)
        return [
            NewEvent(
                source="headgate",
                event_id=f"recheck-{order_no}-{granted[0].request.request}",
                type="order.recheck_requested",
                subject=order_no,
                key=f"order:{order_no}",
                time=ctx.now,
                data={"order": order_no, "reason": f"price exception {why} was granted"},
                actor="system",
            )
            for (order_no,) in conn.execute(HELD, (partners, products)).fetchall()
        ]


def _state(row: tuple[Any, ...]) -> ExceptionState:
    _, status, case_id, requested_by, submitted_by, contract, stake, updated_at, content = row
    parsed: PriceExceptionRequest = parse_price_exception(content)
    rounds = tuple(
        Round(parse_instant("at", r["at"]), r["reason"], r["asked"], r["by"]) for r in content.get("rounds", ())
    )
    added_by = tuple(content.get("added_by", ()))
    return ExceptionState(
        parsed, status, case_id, requested_by, submitted_by, contract, stake, (), updated_at, rounds, added_by
    )


def _grant(state: ExceptionState) -> ExceptionGrant:
    request = state.request
    return ExceptionGrant(
        request=request.request,
        partner=request.partner,
        product=request.product,
        unit_price=request.unit_price,
        currency=request.currency,
        valid_from=request.valid_from,
        valid_until=request.valid_until,
        requested_by=state.requested_by,
        approved_by=state.approved_by,
        justification=request.justification,
        max_quantity=request.max_quantity,
        evidence={"case": str(state.case_id)},
    )


def _activated(state: ExceptionState, agreements: Mapping[str, UUID]) -> Activated:
    request = state.request
    return Activated(str(agreements[request.request]), exception_code(request.request), 1, request.valid_from)


def _row(state: ExceptionState, agreement: object) -> tuple[object, ...]:
    r = state.request
    content = {
        "request": r.request,
        "partner": r.partner,
        "product": r.product,
        "unit_price": r.unit_price,
        "currency": r.currency,
        "max_quantity": r.max_quantity,
        "valid_from": r.valid_from,
        "valid_until": r.valid_until,
        "justification": r.justification,
        "requested_by": r.requested_by or state.requested_by,
        "order": r.order,
        "evidence": list(r.evidence),
        "added_by": list(state.added_by),
        "rounds": [{"at": e.at, "reason": e.reason, "asked": e.asked, "by": e.by} for e in state.rounds],
    }
    return (
        r.request,
        r.partner,
        r.product,
        r.unit_price,
        state.contract_price,
        r.currency,
        r.max_quantity,
        r.valid_from,
        r.valid_until,
        state.status,
        state.stake,
        state.requested_by,
        state.submitted_by,
        r.order,
        None if agreement is None else str(agreement),
        canonical_text(content),
        state.case_id,
        state.updated_at,
    )


def get_exception(conn: Connection[Any], request: str) -> dict[str, Any]:
    """One price exception with its content. Raises NotFound."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(GET, (request,)).fetchone()
    if row is None:
        raise NotFound(phrase("price exception %(request)s does not exist", request=request))
    return row


def check_edit(conn: Connection[Any], request: str, edit: Mapping[str, Any]) -> None:
    """Refuse an approver's edit that could not be applied. Raises Invalid."""
    edited(parse_price_exception(get_exception(conn, request)["content"]), edit)
