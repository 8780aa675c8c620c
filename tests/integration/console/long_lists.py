"""Ten thousand of everything that is listed, copied within the database from one held order."""

from __future__ import annotations

from collections.abc import Mapping

from tests.scenarios.channel import Channel

MANY = 10_000
PARTNERS = 10_000

# Of the copied row everything stays that is not said here; `n` counts the copies.
_COPY = """
insert into {table}
select (jsonb_populate_record(t, jsonb_build_object({changes}))).*
from {table} t cross join generate_series(1, %(many)s) n where {which}
"""
_NUMBER = "'M-' || lpad(n::text, 5, '0')"
_PARTNER = "'Q-' || lpad((n %% 100 + 1)::text, 5, '0')"
# Copies are due one after the other, and ever more is at stake in them.
_DUE, _STAKE = "t.due_at + n * interval '1 minute'", "t.stake + n"


def _id(column: str, offset: int = 0) -> str:
    """The copied id with the number of the copy in its first digits."""
    return f"overlay(t.{column}::text placing lpad(to_hex(n + {offset}), 8, '0') from 1 for 8)"


_CASE = {"case_id": _id("case_id"), "partner": _PARTNER}
_SUBJECT = {**_CASE, "subject": _NUMBER, "stake": _STAKE}
_COPIES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("partners", "t.partner = 'P-1'", {"partner": "'Q-' || lpad(n::text, 5, '0')", "name": "'Buyer ' || n"}),
    (
        "orders",
        "t.order_no = %(order)s",
        {
            **_CASE,
            "order_no": _NUMBER,
            "customer_reference": "'copy ' || n",
            "tenant_total": "t.tenant_total + n",
            "placed_at": "t.placed_at - n * interval '1 minute'",
        },
    ),
    ("order_lines", "t.order_no = %(order)s", {"order_no": _NUMBER}),
    ("cases", "t.subject = %(order)s", {**_SUBJECT, "key": "t.key || '-' || n", "due_at": _DUE}),
    ("approvals", "t.subject = %(order)s", {**_SUBJECT, "approval": _id("approval")}),
    (
        "approval_steps",
        "t.approval = (select approval from approvals where subject = %(order)s)",
        {"approval": _id("approval"), "due_at": _DUE},
    ),
    (
        "tasks",
        "t.case_id = (select case_id from cases where subject = %(order)s)",
        {**_CASE, "task": _id("task"), "stake": _STAKE, "due_at": _DUE},
    ),
    (
        "cases",
        "t.subject = %(order)s",
        {
            **_SUBJECT,
            "case_id": _id("case_id", MANY),
            "key": "t.key || '-closed-' || n",
            "subject": "'C-' || n",
            "status": "'closed'",
            "stage": "'done'",
            "due_at": "null",
            "closed_at": "t.opened_at - n * interval '1 minute'",
            "sla_state": "'met'",
        },
    ),
)
_RETURNS = """
insert into return_requests (rma, partner, order_no, status, wanted, currency, stake, credit, requested_by,
  submitted_by, requested_at, send_by, carrier, tracking, told, content, case_id, updated_at)
select 'R-' || lpad(n::text, 5, '0'), 'Q-' || lpad((n %% 100 + 1)::text, 5, '0'), 'M-' || lpad(n::text, 5, '0'),
  (array['deciding', 'authorised', 'received', 'credited'])[n %% 4 + 1], 'credit', 'EUR', n, n, 'user:x', 'user:x',
  %(now)s, %(now)s, '', '', '[]', '{}', gen_random_uuid(), %(now)s - n * interval '1 minute'
from generate_series(1, %(many)s) n
"""
_DEALS = """
insert into deals (deal, partner, programme, customer, country, status, revision, amount, currency, stake, close_on,
  registered_at, granted_days, longest_days, requested_by, submitted_by, hands, told, opportunity, case_id, content,
  updated_at)
select 'D-' || lpad(n::text, 5, '0'), 'Q-' || lpad((n %% 100 + 1)::text, 5, '0'), 'standard', 'Customer ' || n, 'DE',
  (array['submitted', 'approved', 'rejected', 'converted'])[n %% 4 + 1], 1, n, 'EUR', n, %(now)s::date,
  %(now)s, 0, 90, 'user:x', 'user:x', '{}', '{}', '', gen_random_uuid(), '{}', %(now)s - n * interval '1 minute'
from generate_series(1, %(many)s) n
"""


def fill(channel: Channel, order: str) -> None:
    """Copy a held order with its case, approval and tasks, and add as many closed cases, partners, returns, deals."""
    with channel.app.database.transaction(channel.tenant) as conn:
        for table, which, changes in _COPIES:
            pairs = ", ".join(f"'{column}', {value}" for column, value in changes.items())
            conn.execute(_COPY.format(table=table, changes=pairs, which=which), {"many": MANY, "order": order})
        for query in (_RETURNS, _DEALS):
            conn.execute(query, {"many": MANY, "now": channel.clock.now()})
