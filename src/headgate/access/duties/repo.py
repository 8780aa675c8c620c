"""SQL of roles, the matrix of duties and mitigations. Row-level security limits every statement to the tenant."""

from __future__ import annotations

_ROLE = "role, title, description, permissions, wanted, revision, status, changed_by, changed_at, confirmed_by"

LIST_ROLES = f"select {_ROLE} from custom_roles order by role"

LOCK_ROLE = f"select {_ROLE} from custom_roles where role = %(role)s for update"

PERMISSIONS_OF = "select role, permissions from custom_roles where role = any(%(roles)s) and status <> 'retired'"

PUT_ROLE = """
insert into custom_roles
    (role, title, description, permissions, wanted, revision, status, changed_by, changed_at, confirmed_by)
values (%(role)s, %(title)s, %(description)s, %(permissions)s::text[], %(wanted)s::text[], 1, %(status)s, %(by)s,
    %(now)s, null)
on conflict (tenant_id, role) do update set
    title = excluded.title, description = excluded.description, permissions = excluded.permissions,
    wanted = excluded.wanted, revision = custom_roles.revision + 1, status = excluded.status,
    changed_by = excluded.changed_by, changed_at = excluded.changed_at, confirmed_by = null
"""

CONFIRM_ROLE = """
update custom_roles set permissions = wanted, status = 'active', confirmed_by = %(by)s where role = %(role)s
"""

RETIRE_ROLE = """
update custom_roles set status = 'retired', revision = revision + 1, changed_by = %(by)s, changed_at = %(now)s
where role = %(role)s
"""

HOLDERS = """
select g.principal from role_grants g where g.role = %(role)s and (g.valid_until is null or g.valid_until > %(now)s)
order by g.principal limit 500
"""

HOLDER_COUNTS = """
select role, count(*) from role_grants where valid_until is null or valid_until > %(now)s group by role
"""

_MATRIX = "version, rules, note, status, proposed_by, proposed_at, approved_by, approved_at"

MATRICES = f"select {_MATRIX} from duty_matrices order by version desc limit 100"

MATRIX_IN_FORCE = "select version, rules from duty_matrices where status = 'active'"

# Held while a version of the matrix is proposed or decided, so that numbers and standings follow one another.
LOCK_MATRICES = "select tenant_id from tenants for update"

ADD_MATRIX = """
insert into duty_matrices (version, rules, note, status, proposed_by, proposed_at)
values (%(version)s, %(rules)s::jsonb, %(note)s, 'proposed', %(by)s, %(now)s)
"""

SUPERSEDE_MATRIX = "update duty_matrices set status = 'superseded' where status = 'active'"

DECIDE_MATRIX = """
update duty_matrices set status = %(status)s, approved_by = %(by)s, approved_at = %(now)s where version = %(version)s
"""

_MITIGATION = """
    id, principal, first, second, control, valid_from, valid_until, asked_by, asked_at, approved_by, approved_at,
    ended_at, ended_by
"""

MITIGATIONS = f"""
select {_MITIGATION} from duty_mitigations
where (%(principals)s::text[] is null or principal = any(%(principals)s::text[]))
order by asked_at desc, id limit 500
"""

LOCK_MITIGATION = f"select {_MITIGATION} from duty_mitigations where id = %(id)s for update"

ADD_MITIGATION = """
insert into duty_mitigations (id, principal, first, second, control, valid_from, valid_until, asked_by, asked_at)
values (%(id)s, %(principal)s, %(first)s, %(second)s, %(control)s, %(valid_from)s, %(valid_until)s, %(by)s, %(now)s)
"""

APPROVE_MITIGATION = "update duty_mitigations set approved_by = %(by)s, approved_at = %(now)s where id = %(id)s"

END_MITIGATION = "update duty_mitigations set ended_at = %(now)s, ended_by = %(by)s where id = %(id)s"

# One act of these people about one of these things, if there is one on record. Events know a thing by name only.
ACTS_ON_RECORD = """
with things as (select * from unnest(%(kinds)s::text[], %(names)s::text[]) as t(kind, name))
(select a.actor, a.action, t.kind, t.name from things t
 join audit_entries a on a.subject_type = t.kind and a.subject = t.name
 where a.actor = any(%(actors)s::text[]) and a.action = any(%(actions)s::text[]) limit 1)
union all
(select e.actor, e.type, t.kind, t.name from things t join events e on e.subject = t.name
 where e.actor = any(%(actors)s::text[]) and e.type = any(%(types)s::text[]) limit 1)
limit 1
"""

_HOLDER = """
    p.principal, p.kind, p.name, p.email, p.partner, p.status,
    (select max(s.last_seen) from sessions s where s.principal = p.principal),
    coalesce((select jsonb_agg(jsonb_build_array(g.role, g.valid_from, g.valid_until, g.granted_by, g.granted_at)
        order by g.role) from role_grants g where g.principal = p.principal), '[]'::jsonb)
"""

ACCOUNT_WITH_GRANTS = f"select {_HOLDER} from principals p where p.principal = %(principal)s"

ACCOUNTS_WITH_GRANTS = f"""
select {_HOLDER} from principals p
where p.principal > %(after)s and (%(text)s = '' or strpos(lower(p.principal || ' ' || p.name), lower(%(text)s)) > 0)
    and (%(role)s = '' or exists (select from role_grants g where g.principal = p.principal and g.role = %(role)s))
    and (%(staff)s is false or p.partner is null)
order by p.principal limit %(limit)s
"""
