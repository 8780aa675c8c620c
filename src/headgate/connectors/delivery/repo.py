"""The SQL of targets, their states, and attempts."""

from __future__ import annotations

_TARGET = """
    t.code, t.purpose, t.kind, t.name, t.url, t.config, t.types, t.secrets, t.authorization, t.rate, t.burst,
    t.concurrency, t.timeout_seconds, t.max_attempts, t.ordered, t.status, t.status_reason, t.status_at, t.created_at,
    t.created_by
"""

_STATE = """
    s.code, s.tokens, s.tokens_at, s.breaker, s.breaker_failures, s.breaker_openings, s.breaker_until, s.breaker_reason,
    s.breaker_at, s.not_before, s.last_attempt_at, s.last_success_at, s.last_error, s.last_error_at
"""

ADD_TARGET = """
insert into targets
    (code, purpose, kind, name, url, config, types, secrets, "authorization", rate, burst, concurrency, timeout_seconds,
     max_attempts, ordered, status_at, created_at, created_by)
values (%(code)s, %(purpose)s, %(kind)s, %(name)s, %(url)s, %(config)s::jsonb, %(types)s, %(secrets)s::jsonb,
     %(authorization)s, %(rate)s, %(burst)s, %(concurrency)s, %(timeout_seconds)s, %(max_attempts)s, %(ordered)s,
     %(now)s, %(now)s, %(by)s)
on conflict (tenant_id, code) do nothing
"""

ADD_STATE = """
insert into target_states (code, tokens, tokens_at) values (%(code)s, %(burst)s, %(now)s)
on conflict (tenant_id, code) do nothing
"""

SET_TARGET = """
update targets set name = %(name)s, url = %(url)s, config = %(config)s::jsonb, types = %(types)s,
    "authorization" = %(authorization)s, rate = %(rate)s, burst = %(burst)s, concurrency = %(concurrency)s,
    timeout_seconds = %(timeout_seconds)s, max_attempts = %(max_attempts)s, ordered = %(ordered)s
where code = %(code)s
"""

SET_STATUS = """
update targets set status = %(status)s, status_reason = %(reason)s, status_at = %(now)s
where code = any(%(codes)s) and status <> %(status)s returning code
"""

SET_SECRETS = "update targets set secrets = %(secrets)s::jsonb where code = %(code)s"

GET_TARGETS = f"select {_TARGET} from targets t where t.code = any(%(codes)s)"
LOCK_TARGET = f"select {_TARGET} from targets t where t.code = %(code)s for update"
LIST_TARGETS = f"select {_TARGET} from targets t where t.purpose = any(%(purposes)s) order by t.code"
ACTIVE_SUBSCRIPTIONS = "select code, types from targets where purpose = 'events' and status = 'active' order by code"

# A worker that finds the row locked leaves the target to whoever is claiming for it at this moment.
TRY_STATE = f"select {_STATE} from target_states s where s.code = %(code)s for update skip locked"
LOCK_STATES = f"select {_STATE} from target_states s where s.code = any(%(codes)s) order by s.code for update"
LIST_STATES = f"select {_STATE} from target_states s where s.code = any(%(codes)s)"

SAVE_STATES = """
update target_states s set tokens = n.tokens, tokens_at = n.tokens_at, breaker = n.breaker,
    breaker_failures = n.breaker_failures, breaker_openings = n.breaker_openings, breaker_until = n.breaker_until,
    breaker_reason = n.breaker_reason, breaker_at = n.breaker_at, not_before = n.not_before,
    last_attempt_at = n.last_attempt_at, last_success_at = n.last_success_at, last_error = n.last_error,
    last_error_at = n.last_error_at
from unnest(
    %(code)s::text[], %(tokens)s::float8[], %(tokens_at)s::timestamptz[], %(breaker)s::text[],
    %(breaker_failures)s::int[], %(breaker_openings)s::int[], %(breaker_until)s::timestamptz[],
    %(breaker_reason)s::text[], %(breaker_at)s::timestamptz[], %(not_before)s::timestamptz[],
    %(last_attempt_at)s::timestamptz[], %(last_success_at)s::timestamptz[], %(last_error)s::text[],
    %(last_error_at)s::timestamptz[]
) as n(code, tokens, tokens_at, breaker, breaker_failures, breaker_openings, breaker_until, breaker_reason, breaker_at,
       not_before, last_attempt_at, last_success_at, last_error, last_error_at)
where s.code = n.code
"""

WAKE_TARGETS = """
update target_states set not_before = null, breaker = 'closed', breaker_failures = 0, breaker_openings = 0,
    breaker_until = null, breaker_reason = '', breaker_at = %(now)s
where code = any(%(codes)s)
"""

ADD_ATTEMPTS = """
insert into delivery_attempts (command, target, number, at, milliseconds, outcome, status, error, excerpt)
select * from unnest(
    %(command)s::uuid[], %(target)s::text[], %(number)s::smallint[], %(at)s::timestamptz[], %(milliseconds)s::int[],
    %(outcome)s::text[], %(status)s::smallint[], %(error)s::text[], %(excerpt)s::text[]
)
"""

_ATTEMPT = "id, command, target, number, at, milliseconds, outcome, status, error, excerpt"

ATTEMPTS_OF = f"""
select {_ATTEMPT} from delivery_attempts where command = %(command)s order by id desc limit %(limit)s
"""

ATTEMPTS_AT = f"""
select {_ATTEMPT} from delivery_attempts where target = %(target)s and id < %(before)s order by id desc limit %(limit)s
"""

# A share at a time, so that a long backlog of old rows does not hold a transaction open.
FORGET_ATTEMPTS = """
delete from delivery_attempts where id in (
    select id from delivery_attempts where at < %(before)s order by at limit %(limit)s
)
"""

DUE = "select tenant_id, target from headgate_due_deliveries(%s, %s)"
