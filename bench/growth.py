"""What a governed order costs when much is stored already: 0.1, 1 and 5 million orders with all their rows.

The history is written set-based, in the tables that the hot path reads or adds to, with all their indexes; the measured
orders are governed as ever, on the same database, and so stay in it. Flat is the aim.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import psycopg

from bench.channel import NOW, TENANT, Channel, append, open_channel, orders, seed
from bench.harness import Cost, Options, Report, Server, median, server
from headgate.process import Incoming

TITLE = "Cost of an order by what is stored already"
NAME = "growth"
STEPS = (100_000, 1_000_000, 5_000_000)
QUICK = (1_000, 5_000, 20_000)
PART = 250_000

# Orders of two years, ever denser as parts are added, of the bench's partners; `n` is the number of the order.
_NUMBERS = """
select n, 'H-' || n as order_no, 'P-' || n %% 60 as partner, 'SKU-' || n %% 800 as product, uuidv7_of(n) as id,
    sha256(convert_to(n::text, 'UTF8')) as hash,
    %(now)s::timestamptz - interval '730 days' * ((%(until)s - n)::float8 / (%(until)s - %(since)s)) as at
from generate_series(%(since)s::bigint, %(until)s::bigint - 1) n
"""
_FUNCTION = """
create or replace function pg_temp.uuidv7_of(n bigint) returns uuid language sql immutable
return (lpad(to_hex(1700000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
    || substr(md5(n::text), 4, 15))::uuid
"""
_TABLES = (
    """insert into events (tenant_id, source, event_id, type, subject, key, lane, time, received_at, data, digest,
        actor)
    select %(tenant)s, 'history', order_no, 'order.submitted', order_no, 'order:' || order_no, n %% 16, at, at,
        '{"order": "history"}', hash, 'source:history' from past""",
    """insert into orders (tenant_id, order_no, revision, partner, account, storefront, customer_reference, currency,
        placed_at, received_at, status, total, tax, tenant_total, rate, counted, unbilled, stake, digest, line_key,
        content, decision, case_id, updated_at)
    select %(tenant)s, order_no, 1, partner, 'A' || substr(partner, 2), 'history', 'HPO-' || n, 'EUR', at, at,
        'fulfilled', 100, 19, 100, 1, 0, 0, 0, hash, hash, '{"order": "history"}', id, id, at from past""",
    """insert into order_lines (tenant_id, order_no, line, position, partner, product, quantity, unit_price, amount,
        tax)
    select %(tenant)s, order_no, '1', 1, partner, product, 1, 100, 100, 19 from past""",
    """insert into reservations (tenant_id, order_no, line, warehouse, product, quantity, shipped, status, created_at,
        updated_at)
    select %(tenant)s, order_no, '1', 'BERLIN', product, 0, 1, 'shipped', at, at from past""",
    """insert into cases (tenant_id, case_id, process, version, subject_type, subject, key, partner, stage, status,
        outcome, data, opened_at, updated_at, closed_at)
    select %(tenant)s, id, 'order_to_release', 1, 'order', order_no, 'order:' || order_no, partner, 'fulfilled',
        'closed', 'fulfilled', '{}', at, at, at from past""",
    """insert into decisions (tenant_id, decision, at, policy, version, subject_type, subject, case_id, outcome,
        row_ids, inputs, outputs, evaluations, digest)
    select %(tenant)s, id, at, 'order_release', 1, 'order', order_no, id, 'release', '{clean}', '{}', '{}', '{}', hash
    from past""",
    # Below the chain of the bench's tenant, which goes on undisturbed.
    """insert into audit_entries (tenant_id, seq, at, actor, action, subject_type, subject, case_id, body, prev, hash)
    select %(tenant)s, -1 - n, at, 'source:history', 'order.submitted', 'order', order_no, id, '{}', hash, hash
    from past""",
    """insert into outbox (tenant_id, id, target, type, subject, payload, idempotency_key, status, attempts, next_at,
        created_at, sent_at)
    select %(tenant)s, id, 'erp', 'order.release', order_no, '{}', 'order:' || order_no, 'sent', 1, at, at, at
    from past""",
)


def bench(options: Options) -> Report:
    """Grow, settle, measure; three times."""
    count, rounds = options.size(1024, 128), options.size(4, 2)
    steps = QUICK if options.quick else STEPS
    costs: dict[int, list[Cost]] = {}
    with server() as machine, tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        options.say("preparing")
        machine.with_schema(NAME)
        with machine.open(NAME) as database:
            channel = open_channel(database, Path(folder))
            seed(channel)
            channel.warm()
            stored = 0
            for target in steps:
                options.say(f"growing to {target:,} orders")
                for since in range(stored, target, PART):
                    _grow(machine, since, min(target, since + PART))
                stored = target
                machine.settle(NAME)
                options.say(f"measuring at {target:,} orders")
                # The first round after a checkpoint writes whole pages and fills caches; it is not counted.
                found = [_measure(machine, channel, target + n, count) for n in range(rounds + 1)]
                costs[target] = found[1:]
                options.say(f"{1000 * _processor(costs[target]) / count:.3f} ms of processor time an order")
    figures: dict[str, float] = {"orders_per_round": count}
    for target, found in costs.items():
        figures[f"python_ms_at_{target}"] = median(1000 * c.python / count for c in found)
        figures[f"postgres_ms_at_{target}"] = median(1000 * c.postgres / count for c in found)
        figures[f"wall_ms_at_{target}"] = median(1000 * c.wall / count for c in found)
    first = _processor(costs[steps[0]])
    ratios = {f"processor_at_{target}_to_{steps[0]}": _processor(costs[target]) / first for target in steps[1:]}
    return Report(NAME, TITLE, figures, ratios)


def _processor(found: list[Cost]) -> float:
    return median(c.python + c.postgres for c in found)


def _grow(machine: Server, since: int, until: int) -> None:
    """Write the rows of orders `since` to before `until`, as the superuser, whom row security does not bind."""
    values = {"now": NOW, "since": since, "until": until, "tenant": TENANT}
    with psycopg.connect(machine.admin_dsn(NAME)) as conn:
        conn.execute("set local synchronous_commit = off")
        conn.execute(_FUNCTION)
        conn.execute(f"create temp table past as {_NUMBERS.replace('uuidv7_of', 'pg_temp.uuidv7_of')}", values)
        for statement in _TABLES:
            conn.execute(statement, values)


def _measure(machine: Server, channel: Channel, label: int, count: int) -> Cost:
    append(channel, [_renamed(event, label) for event in orders(count, seed=label)])
    cost = machine.meter(lambda: channel.app.runner("bench").drain(TENANT))
    with channel.database.transaction(TENANT) as conn:
        (left,) = conn.execute("select count(*) from inbox").fetchone() or (1,)
    if left:
        raise RuntimeError(f"{left} events were not governed; the figure would say nothing")
    return cost


def _renamed(event: Incoming, label: int) -> Incoming:
    """The order under a number, a reference and an id of its own, so that rounds do not repeat each other."""
    number = f"{event.data['order']}-{label}"
    data = {**event.data, "order": number, "customer_reference": f"PO-{number}"}
    return Incoming(f"{event.event_id}-{label}", event.type, event.time, data)
