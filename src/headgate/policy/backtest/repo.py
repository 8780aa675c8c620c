"""The SQL of backtests. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

_RUN = """
    run, policy, first_day, last_day, zone, since, until, candidates, encode(digest, 'hex') as digest, status, total,
    done, requested_by, requested_at, started_at, finished_at, cancelled_by, attempts, error
"""

START = """
insert into backtests (run, policy, first_day, last_day, zone, since, until, candidates, texts, digest, status, total,
                       requested_by, requested_at)
values (%(run)s, %(policy)s, %(first_day)s, %(last_day)s, %(zone)s, %(since)s, %(until)s, %(candidates)s::jsonb,
        %(texts)s, %(digest)s, 'queued', %(total)s, %(by)s, %(now)s)
"""

GET = f"select {_RUN} from backtests where run = %(run)s"
RESULTS = "select run, result from backtests where run = any(%(runs)s) and result is not null"
LATEST_RESULTS = """
select distinct on (policy) policy, run, finished_at, result
from backtests where status = 'done' order by policy, finished_at desc, run desc
"""
RESULT = "select result from backtests where run = %(run)s"
TEXTS = "select texts from backtests where run = %(run)s"

LIST = f"""
select {_RUN} from backtests
where (%(policy)s = '' or policy = %(policy)s) and (requested_at, run) < (%(before_at)s, %(before_run)s)
order by requested_at desc, run desc limit %(limit)s
"""

UNDER_WAY = "select count(*) from backtests where status in ('queued', 'running')"

# The one that waits longest, whether new or left behind by a process that died.
CLAIM = """
update backtests b
set status = 'running', owner = %(owner)s, lease_until = %(lease)s, attempts = b.attempts + 1, done = 0,
    started_at = coalesce(b.started_at, %(now)s)
where b.run = (
    select run from backtests
    where status in ('queued', 'running') and (lease_until is null or lease_until <= %(now)s)
      and (%(run)s::uuid is null or run = %(run)s)
    order by requested_at limit 1 for update skip locked
)
returning b.run
"""

# No row: somebody cancelled it, or took it over.
PROGRESS = """
update backtests set done = %(done)s, lease_until = %(lease)s
where run = %(run)s and status = 'running' and owner = %(owner)s
returning run
"""

LOCK_MINE = """
select run from backtests where run = %(run)s and status = 'running' and owner = %(owner)s for update
"""

FINISH = """
update backtests
set status = 'done', done = %(done)s, result = %(result)s::jsonb, finished_at = %(now)s, lease_until = null,
    owner = null
where run = %(run)s
"""

FAIL = """
update backtests set status = 'failed', error = %(error)s, finished_at = %(now)s, lease_until = null, owner = null
where run = %(run)s and status in ('queued', 'running')
"""

CANCEL = """
update backtests
set status = 'cancelled', cancelled_by = %(by)s, finished_at = %(now)s, lease_until = null, owner = null
where run = %(run)s and status in ('queued', 'running')
returning run
"""

KEEP_FLIPS = """
insert into backtest_flips (run, candidate, place, decision, at, subject_type, subject, partner, amount, margin, kind,
                            direction, before, after, rows, products)
select %(run)s, %(candidate)s, f.place, f.decision, f.at, f.subject_type, f.subject, f.partner, f.amount, f.margin,
       f.kind, f.direction, f.before, f.after, f.rows::jsonb,
       array(select jsonb_array_elements_text(f.products::jsonb))
from unnest(%(place)s::int[], %(decision)s::uuid[], %(at)s::timestamptz[], %(subject_type)s::text[],
            %(subject)s::text[], %(partner)s::text[], %(amount)s::numeric[], %(margin)s::numeric[], %(kind)s::text[],
            %(direction)s::text[], %(before)s::text[], %(after)s::text[], %(rows)s::text[], %(products)s::text[])
    as f(place, decision, at, subject_type, subject, partner, amount, margin, kind, direction, before, after, rows,
         products)
"""

_FLIP = """
    place, decision, at, subject_type, subject, partner, amount, margin, kind, direction, before, after, rows, products
"""

FLIPS = f"""
select {_FLIP} from backtest_flips
where run = %(run)s and candidate = %(candidate)s and place > %(after_place)s {{filters}}
order by place limit %(limit)s
"""

FLIP = f"select {_FLIP} from backtest_flips where run = %(run)s and candidate = %(candidate)s and place = %(place)s"

COUNT = """
select count(*) from (
    select from decisions where policy = any(%(policies)s) and at >= %(since)s and at < %(until)s limit %(most)s
) n
"""

# The policies' own versions, and how the index finds their decisions: by policy, version and time.
VERSIONS = "select policy, version from policy_versions where policy = any(%(policies)s) order by policy, version"

# Row security makes the planner expect two hundred times fewer rows than there are. Near the end it then takes all that
# are left to fit into one slice, and converts and sorts the lot for each: a minute a slice. The index gives the order.
IN_ORDER = """
select set_config('enable_sort', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)
"""

# `at` begins where the slice before ended, so that the index is entered there and not at the period's start. It ends
# before the decision `until_id` of the instant `until`.
SLICE = """
select decision, at, policy, version, subject_type, subject, outcome,
       convert_to(evaluations::text, 'UTF8'), digest
from decisions
where policy = %(policy)s and version = %(version)s and at >= %(at)s and at <= %(until)s
  and (at > %(at)s or decision > %(decision)s) and (at < %(until)s or decision < %(until_id)s)
order by at, decision limit %(limit)s
"""

PURGE = """
delete from backtests b using (
    select run from backtests where finished_at < %(before)s order by finished_at limit %(limit)s
) old where b.run = old.run
returning b.run
"""
PURGE_FLIPS = "delete from backtest_flips where run = any(%(runs)s)"

# Stretches that hold all of their decisions: they are only added to, so as many are the same ones.
STRETCHES = """
select c.first_at, c.first_id, c.last_at, c.last_id, c.decisions, c.stood
from backtest_columns c
where c.host = %(host)s and c.version = %(version)s and split_part(c.part, '@', 1) = '' and c.form = %(form)s
  and c.last_at >= %(since)s and c.first_at < %(until)s
  and c.decisions = (
      select count(*) from decisions d
      where d.policy = c.host and d.version = c.version and d.at >= c.first_at and d.at <= c.last_at
        and (d.at > c.first_at or d.decision >= c.first_id) and (d.at < c.last_at or d.decision <= c.last_id)
  )
order by c.first_at, c.first_id, c.last_at desc, c.last_id desc
"""

STRETCH = """
select split_part(part, '@', 1), proof, packed from backtest_columns
where host = %(host)s and version = %(version)s and (first_at, first_id) = (%(first)s, %(first_id)s)
  and (last_at, last_id) = (%(last)s, %(last_id)s) and decisions = %(decisions)s and form = %(form)s
  and split_part(part, '@', 1) in ('', %(policy)s)
"""

# What lies across a stretch that is made anew no longer holds.
DROP_STRETCHES = """
delete from backtest_columns
where host = %(host)s and version = %(version)s and (first_at, first_id) <= (%(last)s, %(last_id)s)
  and (last_at, last_id) >= (%(first)s, %(first_id)s)
"""

KEEP_STRETCH = """
insert into backtest_columns (host, version, first_at, first_id, part, last_at, last_id, form, stood, decisions, proof,
                              packed, made_at)
select %(host)s, %(version)s, %(first)s, %(first_id)s, p.part || '@' || %(first_id)s::uuid, %(last)s, %(last_id)s,
       %(form)s, %(stood)s, %(decisions)s, p.proof, p.packed, %(now)s
from unnest(%(parts)s::text[], %(proofs)s::bytea[], %(packed)s::bytea[]) as p(part, proof, packed)
on conflict do nothing
"""

# A row where so many decisions lie behind an instant and id, and before another.
FILLED = """
select 1 from decisions
where policy = %(policy)s and version = %(version)s and at >= %(at)s and at <= %(until)s
  and (at > %(at)s or decision > %(decision)s) and (at < %(until)s or decision < %(until_id)s)
order by at, decision limit 1 offset %(enough)s - 1
"""

# Whether a version has so many decisions behind what is kept of it (`anew`: of the whole span). Not while a backtest is
# under way, which makes columns itself.
GROWN = """
select 1 from policy_versions v
left join lateral (
    select c.last_at as at, c.last_id as id from backtest_columns c
    where not %(anew)s::boolean and c.host = v.policy and c.version = v.version and split_part(c.part, '@', 1) = ''
      and c.last_at >= %(since)s::timestamptz
    order by c.last_at desc, c.last_id desc limit 1
) kept on true
cross join lateral (
    select from decisions d
    where d.policy = v.policy and d.version = v.version and d.at >= coalesce(kept.at, %(since)s::timestamptz)
      and (kept.at is null or d.at > kept.at or d.decision > kept.id) and d.at < %(until)s::timestamptz
    order by d.at limit 1 offset %(enough)s::integer - 1
) full_one
where not exists (select from backtests where status in ('queued', 'running'))
limit 1
"""

# One at a time prepares the columns of a tenant. It is held by a transaction that does nothing else.
TURN = "select pg_try_advisory_xact_lock(hashtext('headgate.columns'), hashtext(current_setting('headgate.tenant')))"
STILL_HERE = "select 1"

WHOLE = """
select decision, at, policy, version, subject_type, subject, outcome,
       convert_to(evaluations::text, 'UTF8'), digest
from decisions where decision = any(%(decisions)s)
"""

PURGE_COLUMNS = "delete from backtest_columns where made_at < %(before)s"
