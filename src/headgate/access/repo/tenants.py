"""SQL of the tenant itself: its settings, quotas and addresses."""

from __future__ import annotations

ADD_TENANT = """
insert into tenants (slug, name, currency, timezone, settings, created_at)
values (%(slug)s, %(name)s, %(currency)s, %(timezone)s, %(settings)s::jsonb, %(now)s)
"""

GET_TENANT = """
select tenant_id, slug, name, currency, timezone, settings, created_at, portal_host, parent, kind,
    status, status_reason, status_at, residency, quotas from tenants
"""

SET_TENANT = "update tenants set name = %(name)s, timezone = %(timezone)s, settings = %(settings)s::jsonb"

TENANT_STANDING = "select name, status, status_reason from tenants"

# Locked, so that two additions at the same moment do not both take the last place.
ALLOWED = "select (quotas ->> %(name)s)::bigint from tenants where quotas ? %(name)s for no key update"

# What partners sent as files, in bytes.
_DOCUMENTS = " + ".join(
    f"(select coalesce(sum(size), 0) from {table})" for table in ("deal_files", "return_files", "price_exception_files")
)

# In the order of the quotas. A key that another one replaces works for a while and is not counted beside it.
USED = f"""
select (select count(*) from principals where kind = 'person' and status = 'active' and partner is null),
    (select count(*) from sources where status = 'active'),
    (select count(*) from api_keys k where k.kind = 'key' and k.status = 'active'
        and (k.expires_at is null or k.expires_at > %(now)s)
        and not exists (select from api_keys n where n.replaces = k.key_id and n.status = 'active')),
    (select count(*) from oauth_clients where status = 'active'),
    (select coalesce(sum(events), 0)::bigint from event_counts where day = (%(now)s at time zone 'UTC')::date),
    ({_DOCUMENTS} + 999999)::bigint / 1000000,
    (select quotas from tenants)
"""

SET_SECURITY = "update tenants set settings = settings || jsonb_build_object('security', %(rules)s::jsonb)"

# How many megabytes of files may be kept, and how many bytes are.
DOCUMENTS = f"""
select (t.quotas ->> 'document_megabytes')::bigint,
    ({_DOCUMENTS})::bigint
from tenants t
"""

TENANT_BY_SLUG = "select tenant_id from headgate_tenant_by_slug(%(slug)s)"

FIRST_TENANTS = """
select t.tenant_id, n.name from (select tenant_id, slug from headgate_tenants() limit 2) t
cross join lateral headgate_tenant_by_slug(t.slug) n
"""

TENANT_SECURITY = "select t.settings -> 'security' from tenants t"

TENANT_LIMITS = "select settings from tenants for update"

SET_TENANT_LIMITS = "update tenants set settings = settings || jsonb_build_object('limits', %(limits)s::jsonb)"
