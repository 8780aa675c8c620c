"""The SQL of provisioning. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

_TARGET = """
    target, name, url, scope, groups, match_by, leavers, every_minutes, most_leaving, most_leaving_percent, status,
    version, abilities, checked_at, check_error, seen, next_at, not_before, failures, created_at, created_by
"""

GET_TARGET = f"select {_TARGET} from provisioning_targets where target = %(target)s"
LOCK_TARGET = f"{GET_TARGET} for update"
FIND_TARGET = "select target from provisioning_targets where name = %(name)s"
LIST_TARGETS = f"select {_TARGET} from provisioning_targets order by name"
PAGE_TARGETS = f"""
select {_TARGET} from provisioning_targets where %(after)s::text is null or name > %(after)s
order by name limit %(limit)s
"""
# Held while one is added, so that the limit holds.
LOCK_TENANT = "select pg_advisory_xact_lock(hashtextextended('provisioning ' || %(tenant)s, 0))"
COUNT_TARGETS = "select count(*) from provisioning_targets"
TOKEN_OF = "select token from provisioning_targets where target = %(target)s"  # noqa: S105 (a statement)

ADD_TARGET = """
insert into provisioning_targets
    (target, name, url, token, scope, groups, match_by, leavers, every_minutes, most_leaving, most_leaving_percent,
     status, created_at, created_by)
values (%(target)s, %(name)s, %(url)s, %(token)s, %(scope)s::jsonb, %(groups)s::jsonb, %(match_by)s, %(leavers)s,
    %(every_minutes)s, %(most_leaving)s, %(most_leaving_percent)s, 'paused', %(now)s, %(by)s)
on conflict do nothing
"""

SET_TARGET = """
update provisioning_targets set name = %(name)s, url = %(url)s, scope = %(scope)s::jsonb, groups = %(groups)s::jsonb,
    match_by = %(match_by)s, leavers = %(leavers)s, every_minutes = %(every_minutes)s, most_leaving = %(most_leaving)s,
    most_leaving_percent = %(most_leaving_percent)s, version = version + 1, seen = '', next_at = null,
    not_before = null, failures = 0
where target = %(target)s
"""

SET_TOKEN = """
update provisioning_targets set token = %(token)s, not_before = null, next_at = null where target = %(target)s
"""  # noqa: S105

SET_STATUS = """
update provisioning_targets set status = %(status)s, next_at = null, not_before = null, failures = 0, seen = ''
where target = %(target)s and status <> %(status)s
"""

SET_CHECK = """
update provisioning_targets set abilities = coalesce(%(abilities)s::jsonb, abilities), checked_at = %(now)s,
    check_error = %(error)s::jsonb
where target = %(target)s
"""

SET_FARED = """
update provisioning_targets set seen = coalesce(%(seen)s, seen), next_at = %(next_at)s, not_before = %(not_before)s,
    failures = %(failures)s
where target = %(target)s
"""

DROP_STEPS_OF = """
delete from provisioning_steps where run in (select run from provisioning_runs where target = %(target)s)
"""
DROP_RUNS_OF = "delete from provisioning_runs where target = %(target)s"
DROP_LINKS_OF = "delete from provisioning_links where target = %(target)s"
DROP_TARGET = "delete from provisioning_targets where target = %(target)s"

LINKS = """
select resource, local, remote_id, made, active, ignored, synced_at, error, error_at, failures
from provisioning_links where target = %(target)s order by resource desc, local
"""
COUNT_LINKS = """
select target, count(*) filter (where resource = 'user' and remote_id is not null and active),
    count(*) filter (where resource = 'group' and remote_id is not null),
    count(*) filter (where error <> '{}'::jsonb)
from provisioning_links where target = any(%(targets)s) group by target
"""
PARKED = """
select resource, local, remote_id, made, active, ignored, synced_at, error, error_at, failures
from provisioning_links where target = %(target)s and error <> '{}'::jsonb
order by error_at desc, resource, local limit %(limit)s
"""

PUT_LINK = """
insert into provisioning_links (target, resource, local, remote_id, made, active, ignored, synced_at)
values (%(target)s, %(resource)s, %(local)s, %(remote_id)s, %(made)s, %(active)s, %(ignored)s::jsonb, %(now)s)
on conflict (tenant_id, target, resource, local) do update set
    remote_id = excluded.remote_id, made = provisioning_links.made or excluded.made, active = excluded.active,
    ignored = (provisioning_links.ignored - %(touched)s::text[]) || excluded.ignored,
    synced_at = excluded.synced_at, error = '{}'::jsonb, error_at = null, failures = 0
"""

PARK_LINK = """
insert into provisioning_links (target, resource, local, error, error_at, failures)
values (%(target)s, %(resource)s, %(local)s, %(error)s::jsonb, %(now)s, 1)
on conflict (tenant_id, target, resource, local) do update set
    error = excluded.error, error_at = excluded.error_at, failures = provisioning_links.failures + 1
"""

DROP_LINK = """
delete from provisioning_links where target = %(target)s and resource = %(resource)s and local = %(local)s
"""

# Those that are well again without a step of their own, and whoever was refused an account and is out of scope by now.
_STILL = """
    select from provisioning_steps s
    where s.run = %(run)s and s.status = 'failed' and s.resource = l.resource and s.local = l.local
"""
CLEAR_PARKED = f"""
update provisioning_links l set error = '{{}}'::jsonb, error_at = null, failures = 0
where l.target = %(target)s and l.error <> '{{}}'::jsonb and l.remote_id is not null and not exists ({_STILL})
"""
DROP_PARKED = f"""
delete from provisioning_links l where l.target = %(target)s and l.remote_id is null and not exists ({_STILL})
"""

_RUN = """
    run, target, kind, cause, status, asked_by, asked_at, started_at, finished_at, not_before, attempts, chosen,
    confirmed, steps, steps_done, steps_failed, people, leaving, orphans, complete, error
"""

ADD_RUN = """
insert into provisioning_runs (run, target, kind, cause, status, asked_by, asked_at, chosen, confirmed)
values (%(run)s, %(target)s, %(kind)s, %(cause)s, 'queued', %(by)s, %(now)s, %(chosen)s, %(confirmed)s)
on conflict do nothing
"""

GET_RUN = f"select {_RUN} from provisioning_runs where run = %(run)s"
PAGE_RUNS = f"""
select {_RUN} from provisioning_runs
where target = %(target)s
    and (%(before)s::timestamptz is null or (asked_at, run) < (%(before)s::timestamptz, %(last)s::uuid))
order by asked_at desc, run desc limit %(limit)s
"""
LAST_RUNS = f"""
select distinct on (target) {_RUN} from provisioning_runs where target = any(%(targets)s)
order by target, asked_at desc, run desc
"""
UNDER_WAY = "select target from provisioning_runs where status in ('queued', 'running')"

CLAIM = """
update provisioning_runs x set status = 'running', owner = %(owner)s, lease_until = %(lease)s,
    attempts = x.attempts + 1, started_at = coalesce(x.started_at, %(now)s), not_before = null
where x.run = (
    select run from provisioning_runs
    where status in ('queued', 'running') and (lease_until is null or lease_until <= %(now)s)
        and (not_before is null or not_before <= %(now)s) and (%(run)s::uuid is null or run = %(run)s::uuid)
    order by asked_at limit 1 for update skip locked
)
returning x.run
"""

# No row: somebody cancelled it, or took it over.
HOLD = """
update provisioning_runs set lease_until = %(lease)s, steps_done = steps_done + %(done)s,
    steps_failed = steps_failed + %(failed)s
where run = %(run)s and status = 'running' and owner = %(owner)s returning run
"""

PLANNED = """
update provisioning_runs set lease_until = %(lease)s, steps = %(steps)s, people = %(people)s,
    leaving = %(leaving)s, orphans = %(orphans)s, complete = %(complete)s
where run = %(run)s and status = 'running' and owner = %(owner)s returning run
"""

FINISH = """
update provisioning_runs set status = %(status)s, finished_at = %(now)s, error = %(error)s::jsonb, lease_until = null,
    owner = null
where run = %(run)s and status = 'running' and owner = %(owner)s returning run
"""

PUT_OFF = """
update provisioning_runs set status = 'queued', not_before = %(until)s, attempts = attempts - 1,
    lease_until = null, owner = null
where run = %(run)s and status = 'running' and owner = %(owner)s
"""

CANCEL = """
update provisioning_runs set status = 'cancelled', finished_at = %(now)s, lease_until = null, owner = null
where run = %(run)s and status = any(%(from)s) returning run
"""
CANCEL_OF = """
update provisioning_runs set status = 'cancelled', finished_at = %(now)s, lease_until = null, owner = null
where target = %(target)s and status in ('queued', 'running')
"""

# An attempt that died leaves what it did; only what it had still before it is planned anew.
DROP_PLANNED = "delete from provisioning_steps where run = %(run)s and status = 'planned'"
TAKEN_STEPS = """
select coalesce(max(place) + 1, 0), count(*) filter (where status = 'done'), count(*) filter (where status = 'failed')
from provisioning_steps where run = %(run)s
"""

ADD_STEPS = """
insert into provisioning_steps (run, place, verb, resource, local, remote_id, name, detail, status, error)
select %(run)s, * from unnest(
    %(places)s::int[], %(verbs)s::text[], %(resources)s::text[], %(locals)s::text[], %(remotes)s::text[],
    %(names)s::text[], %(details)s::jsonb[], %(statuses)s::text[], %(errors)s::jsonb[]
)
"""

SET_STEP = """
update provisioning_steps set status = %(status)s, remote_id = %(remote_id)s, error = %(error)s::jsonb,
    proof = %(proof)s::jsonb, at = %(now)s
where run = %(run)s and place = %(place)s
"""

PAGE_STEPS = """
select place, verb, resource, local, remote_id, name, detail, status, error, proof, at from provisioning_steps
where run = %(run)s and place > %(after)s and (%(verb)s::text is null or verb = %(verb)s)
    and (%(status)s::text is null or status = %(status)s)
    and (%(orphans)s or verb <> 'orphan')
order by place limit %(limit)s
"""

COUNT_STEPS = """
select verb, resource, status, count(*) from provisioning_steps where run = %(run)s group by 1, 2, 3 order by 1, 2, 3
"""

LEAVING_OF = """
select local from provisioning_steps where run = %(run)s and resource = 'user' and verb in ('deactivate', 'delete')
    and local <> ''
"""

OLD_RUNS = """
select array_agg(run) from (
    select run from provisioning_runs where finished_at < %(before)s order by finished_at limit %(limit)s) old
"""
FORGET_STEPS = "delete from provisioning_steps where run = any(%(runs)s)"
FORGET_RUNS = "delete from provisioning_runs where run = any(%(runs)s)"
