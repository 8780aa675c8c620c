-- reads: tenant_exports, tenants
-- Tenants with an export that waits, or whose process has not been heard of for as long as it had promised, or whose
-- time is over. Also those that are shut: taking their data away is what is left to them.
create function headgate_due_exports(at timestamptz, max_tenants integer)
returns table (tenant_id uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
  select t.tenant_id from tenants t
  where coalesce(current_setting('headgate.residency', true), '') in ('', t.residency)
    and (
      exists (
        select from tenant_exports e
        where e.tenant_id = t.tenant_id and e.status in ('queued', 'running')
          and (e.lease_until is null or e.lease_until <= at))
      or exists (
        select from tenant_exports e
        where e.tenant_id = t.tenant_id and e.status = 'ready' and e.expires_at <= at)
    )
  limit max_tenants
$$;
