-- reads: tenant_domains, tenants
-- Hosts are few, so a server reads them all and keeps them for seconds. A host leads to a portal only where its tenant
-- has proved that it may use it: by a domain above it, or because whoever runs the installation gives it away: a
-- tenant's short name before a suffix, and on one's own machine every name of that machine.
create function headgate_portal_hosts(suffixes text[] default '{}', of_machine boolean default false)
returns table (host text, tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.portal_host, t.tenant_id from tenants t
  where t.portal_host is not null and (
    (of_machine and right(t.portal_host, 10) = '.localhost')
    or t.portal_host in (select t.slug || '.' || suffix from unnest(suffixes) suffix)
    or exists (
      select from tenant_domains d
      where d.tenant_id = t.tenant_id and d.status in ('proven', 'missing')
        and (d.domain = t.portal_host or right(t.portal_host, length(d.domain) + 1) = '.' || d.domain)))
$$;

-- Which other tenants than the transaction's have a proven domain with hosts in common, or use a host of it ('').
create function headgate_domain_rivals(wanted text)
returns table (tenant_id uuid, domain text)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select d.tenant_id, d.domain from tenant_domains d
  where d.tenant_id <> nullif(current_setting('headgate.tenant', true), '')::uuid
    and d.status in ('proven', 'missing')
    and (d.domain = wanted or right(d.domain, length(wanted) + 1) = '.' || wanted
      or right(wanted, length(d.domain) + 1) = '.' || d.domain)
  union all
  select t.tenant_id, '' from tenants t
  where t.tenant_id <> nullif(current_setting('headgate.tenant', true), '')::uuid
    and (t.portal_host = wanted or right(t.portal_host, length(wanted) + 1) = '.' || wanted)
$$;

-- Tenants with a domain whose record is to be looked for.
create function headgate_due_domains(at timestamptz, max_tenants integer)
returns table (tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id from tenants t
  where coalesce(current_setting('headgate.residency', true), '') in ('', t.residency)
    and t.status = 'active'
    and exists (select from tenant_domains d where d.tenant_id = t.tenant_id and d.next_at <= at)
  limit max_tenants
$$;
