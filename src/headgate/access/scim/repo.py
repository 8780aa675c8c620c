"""SQL of provisioning. Row-level security limits every statement to the tenant of the transaction."""

from __future__ import annotations

_USER = "id, principal, user_name, external_id, document, version, created_at, changed_at"

GET_USER = f"select {_USER} from scim_users where id = %(id)s"

LOCK_USER = f"{GET_USER} for update"

# What identity providers ask for again and again finds its row by an index; other filters look at all.
LIST_USERS = f"""
select {_USER} from scim_users
where (%(user_name)s::text is null or user_name = %(user_name)s)
    and (%(external_id)s::text is null or external_id = %(external_id)s)
order by created_at, id limit %(limit)s
"""

ADD_USER = """
insert into scim_users (id, principal, user_name, external_id, document, version, created_at, changed_at)
values (%(id)s, %(principal)s, %(user_name)s, %(external_id)s, %(document)s::jsonb, 1, %(now)s, %(now)s)
on conflict do nothing
"""

SET_USER = """
update scim_users set user_name = %(user_name)s, external_id = %(external_id)s, document = %(document)s::jsonb,
    version = version + 1, changed_at = %(now)s
where id = %(id)s
"""

DROP_USER = "delete from scim_users where id = %(id)s"

DROP_MEMBERSHIPS = "delete from scim_members where user_id = %(id)s returning group_id"

USER_NAME_TAKEN = """
select exists(select 1 from scim_users where user_name = %(user_name)s and id is distinct from %(id)s)
"""

FIND_PRINCIPAL = """
select p.principal, p.kind, p.partner, p.status, exists(select 1 from scim_users u where u.principal = p.principal)
from principals p where p.principal = %(principal)s or p.email = %(email)s
order by p.principal = %(principal)s desc limit 1
"""

ADD_PRINCIPAL = """
insert into principals (principal, kind, name, email, created_at)
values (%(principal)s, 'person', %(name)s, %(email)s, %(now)s)
"""

RENAME = "update principals set name = %(name)s where principal = %(principal)s and name <> %(name)s"

GROUPS_OF = """
select m.user_id, g.id, g.display_name from scim_members m join scim_groups g on g.id = m.group_id
where m.user_id = any(%(users)s) order by g.display_name
"""

_GROUP = "g.id, g.display_name, g.external_id, g.document, g.version, g.created_at, g.changed_at"

GET_GROUP = f"select {_GROUP} from scim_groups g where g.id = %(id)s"

LOCK_GROUP = f"{GET_GROUP} for update"

LIST_GROUPS = f"""
select {_GROUP} from scim_groups g
where (%(display_name)s::text is null or lower(g.display_name) = lower(%(display_name)s))
order by g.created_at, g.id limit %(limit)s
"""

ADD_GROUP = """
insert into scim_groups (id, display_name, external_id, document, version, created_at, changed_at)
values (%(id)s, %(display_name)s, %(external_id)s, %(document)s::jsonb, 1, %(now)s, %(now)s)
on conflict do nothing
"""

GROUP_NAME_TAKEN = """
select exists(select 1 from scim_groups where display_name = %(display_name)s and id is distinct from %(id)s)
"""

SET_GROUP = """
update scim_groups set display_name = %(display_name)s, external_id = %(external_id)s,
    document = %(document)s::jsonb, version = version + 1, changed_at = %(now)s
where id = %(id)s
"""

DROP_GROUP = "delete from scim_groups where id = %(id)s"

MEMBERS_OF = """
select m.group_id, u.id, u.principal, u.document, m.display from scim_members m join scim_users u on u.id = m.user_id
where m.group_id = any(%(groups)s) order by u.created_at, u.id
"""

ADD_MEMBERS = """
insert into scim_members (group_id, user_id, display)
select %(group)s, one.id, one.display from unnest(%(users)s::uuid[], %(displays)s::text[]) one (id, display)
on conflict (tenant_id, group_id, user_id) do update set display = excluded.display
"""

DROP_MEMBERS = "delete from scim_members where group_id = %(group)s and user_id = any(%(users)s)"

KNOWN_USERS = "select id, principal from scim_users where id = any(%(users)s)"
