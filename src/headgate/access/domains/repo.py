"""SQL of domains. Row-level security limits every statement to the tenant of the transaction; what other tenants have
is told by functions that say no more than needed."""

from __future__ import annotations

_DOMAIN = """
    domain, status, proof, token, reason, found, seen, spf, claimed_by, claimed_at, proven_at, seen_at, checked_at,
    asked_at, missing_since, next_at
"""

LIST = f"select {_DOMAIN} from tenant_domains order by domain"
GET = f"select {_DOMAIN} from tenant_domains where domain = %(domain)s"
LOCK = f"{GET} for update"

# Whoever changes who has which domain does so alone, in the whole installation: it is seldom, and two tenants that
# prove the same domain at one moment must not both have it.
TURN = "select pg_advisory_xact_lock(hashtextextended('headgate domains', 0))"

COUNT = "select count(*) from tenant_domains"

ADD = """
insert into tenant_domains (domain, status, token, claimed_by, claimed_at, next_at)
values (%(domain)s, 'claimed', %(token)s, %(by)s, %(now)s, %(next_at)s)
on conflict do nothing
"""

TRUST = """
insert into tenant_domains (domain, status, proof, token, reason, claimed_by, claimed_at, proven_at)
values (%(domain)s, 'proven', 'operator', %(token)s, %(reason)s, %(by)s, %(now)s, %(now)s)
on conflict (tenant_id, domain) do update set status = 'proven', proof = 'operator', reason = excluded.reason,
    proven_at = excluded.proven_at, missing_since = null, next_at = null, found = ''
"""

SET = """
update tenant_domains set status = %(status)s, proof = %(proof)s, found = %(found)s, seen = %(seen)s,
    spf = coalesce(%(spf)s, spf), proven_at = %(proven_at)s, seen_at = %(seen_at)s,
    checked_at = case when %(found)s = '' then checked_at else %(now)s end, missing_since = %(missing_since)s,
    next_at = %(next_at)s
where domain = %(domain)s
"""

ASK = "update tenant_domains set asked_at = %(now)s where domain = %(domain)s"

DROP = "delete from tenant_domains where domain = %(domain)s"

# Taken by moving its next look ahead: a worker that dies while it looks leaves it to another one then.
TAKE = """
update tenant_domains set next_at = %(until)s
where domain in (
    select domain from tenant_domains where next_at <= %(now)s order by next_at limit %(limit)s for update skip locked)
returning domain
"""

COVERED = """
select exists(
    select from tenant_domains
    where status in ('proven', 'missing') and domain <> %(besides)s
        and (domain = %(host)s or right(%(host)s, length(domain) + 1) = '.' || domain))
"""

RIVALS = "select tenant_id, domain from headgate_domain_rivals(%(domain)s)"

SET_PORTAL_HOST = "update tenants set portal_host = %(host)s"

PORTAL_HOSTS = "select host, tenant_id from headgate_portal_hosts(%(suffixes)s, %(local)s)"
