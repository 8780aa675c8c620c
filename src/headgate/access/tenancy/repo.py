"""SQL of the life of tenants. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

LOCK = "select slug, name, status, kind, parent, residency, quotas from tenants for update"

SET_STATUS = "update tenants set status = %(status)s, status_reason = %(reason)s, status_at = %(now)s"

SET_PLACE = "update tenants set residency = %(residency)s"

SET_QUOTAS = "update tenants set quotas = %(quotas)s::jsonb"

SET_TREE = "update tenants set kind = %(kind)s, parent = %(parent)s"

TENANTS = """
select tenant_id, slug, name, kind, status, status_reason, status_at, parent, residency, created_at
from headgate_tenant_list()
"""

TOMBSTONES = """
select tenant_id, slug, deleted_at, asked_by, confirmed_by, reason, parent, entries, head, rows
from headgate_tombstones()
"""

BELOW = """
select tenant_id, slug, name, kind, status, status_reason, status_at, parent, depth, residency, currency, created_at,
    quotas
from headgate_below()
"""

CHILDREN = "select slug from headgate_tenant_list() where parent = %(tenant)s order by slug"

DUE_DELETIONS = "select tenant_id, slug from headgate_due_deletions(%(now)s)"

SET_NAME = "update tenants set name = %(name)s"

# Two sweeps at the same moment write one certificate.
LOCK_CERTIFICATES = "select slug from tenants for update"

_DELETION = """
    id, reason, asked_by, asked_at, confirmed_by, confirmed_at, not_before, withdrawn_by, withdrawn_at
"""

DELETION = f"select {_DELETION} from tenant_deletions where withdrawn_at is null order by asked_at desc limit 1"

ADD_DELETION = """
insert into tenant_deletions (id, reason, asked_by, asked_at) values (%(id)s, %(reason)s, %(by)s, %(now)s)
"""

CONFIRM_DELETION = """
update tenant_deletions set confirmed_by = %(by)s, confirmed_at = %(now)s, not_before = %(not_before)s
where id = %(id)s
"""

WITHDRAW_DELETION = "update tenant_deletions set withdrawn_by = %(by)s, withdrawn_at = %(now)s where id = %(id)s"

UMBRELLA = """
select tenant_id, slug, name, parent, depth, kind, status, currency, orders, order_value, decided, straight, held,
    held_value, cases_open, cases_late, approvals_waiting, events_waiting, people, partners
from headgate_umbrella(%(since)s)
"""

BY_ACTOR_IN = "select principal from principals where principal = %(principal)s"

_GUEST = """
    id, provider, provider_slug, provider_name, person, person_name, roles, reason, asked_by, asked_at, valid_until,
    decision, decided_by, decided_at, ended_by, ended_at
"""

GUESTS = f"select {_GUEST} from provider_guests order by asked_at desc, id limit 500"

LOCK_GUEST = f"select {_GUEST} from provider_guests where id = %(id)s for update"

ADD_GUEST = """
insert into provider_guests (
    id, provider, provider_slug, provider_name, person, person_name, roles, reason, asked_by, asked_at, valid_until)
values (
    %(id)s, %(provider)s, %(provider_slug)s, %(provider_name)s, %(person)s, %(person_name)s, %(roles)s::text[],
    %(reason)s, %(by)s, %(now)s, %(until)s)
"""

DECIDE_GUEST = """
update provider_guests set decision = %(decision)s, decided_by = %(by)s, decided_at = %(now)s where id = %(id)s
"""

END_GUEST = "update provider_guests set ended_by = %(by)s, ended_at = %(now)s where id = %(id)s"
